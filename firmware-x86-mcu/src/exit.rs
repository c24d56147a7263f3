//! Ends the machine, with a status when it runs in QEMU.

use core::arch::asm;

use crate::port;

/// Where the command line puts QEMU's `isa-debug-exit` device.
const DEBUG_EXIT: u16 = 0xf4;

/// Why the machine ends. QEMU turns a value `v` into the process status `2 * v + 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The serve loop has ended: status 33.
    Finished = 0x10,
    /// The processor raised an exception: status 65.
    Fault = 0x20,
    /// The program panicked: status 67.
    Panic = 0x21,
    /// The machine has too little memory: status 71.
    Memory = 0x23,
    /// Something went wrong again while the first trouble was being reported: status 69.
    Nested = 0x22,
}

/// Ends the machine. Where nothing answers at the exit port, stops the processor for good.
pub fn exit(reason: Reason) -> ! {
    // SAFETY: the port belongs to the exit device, or to nothing.
    unsafe { port::write(DEBUG_EXIT, reason as u8) };
    loop {
        // SAFETY: stops the processor until an interrupt, and those are off. Touches no memory.
        unsafe { asm!("hlt", options(nomem, nostack, preserves_flags)) };
    }
}
