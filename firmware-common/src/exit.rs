//! Why a machine ends, as the status of the process that emulates it.

/// Why a machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The serve loop has ended.
    Finished = 33,
    /// The processor raised an exception.
    Fault = 65,
    /// The program panicked.
    Panic = 67,
    /// Something went wrong again while the first trouble was being reported.
    Nested = 69,
    /// The machine has too little memory.
    Memory = 71,
}
