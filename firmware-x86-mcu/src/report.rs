//! Says what went wrong, then ends the machine.

use firmware_common::exit::Reason;
use firmware_common::machine::Machine as _;
use firmware_common::report::Text;

use crate::machine::Hardware;
use crate::memory::Shortage;
use crate::{paging, screen};

/// An exception, as the processor tells it.
pub(crate) struct Fault {
    /// 0..=31.
    pub(crate) vector: u32,
    /// Zero for exceptions without one.
    pub(crate) error_code: u32,
    /// EIP: the instruction that faulted or, for traps, the one after it.
    pub(crate) instruction: u32,
    /// CR2, which means something for page faults and double faults only.
    pub(crate) page_address: u32,
}

impl Fault {
    fn name(&self) -> &'static str {
        match self.vector {
            0 => "#DE divide error",
            1 => "#DB debug",
            2 => "NMI",
            3 => "#BP breakpoint",
            4 => "#OF overflow",
            5 => "#BR bound range exceeded",
            6 => "#UD invalid opcode",
            7 => "#NM floating point instruction",
            8 if paging::is_stack_guard(self.page_address) => "#DF stack overflow",
            8 => "#DF double fault",
            10 => "#TS invalid task state",
            11 => "#NP segment not present",
            12 => "#SS stack segment",
            13 => "#GP general protection",
            14 => "#PF page fault",
            16 => "#MF floating point error",
            17 => "#AC alignment check",
            18 => "#MC machine check",
            _ => "reserved exception",
        }
    }
}

/// Reports an exception and ends the machine.
pub(crate) fn fault(fault: &Fault) -> ! {
    let values = [("error code", fault.error_code), ("eip", fault.instruction), ("cr2", fault.page_address)];
    Hardware::fault(fault.name(), values)
}

/// Reports that the machine has less memory than the firmware needs, and exits.
pub(crate) fn too_little_memory(shortage: Shortage) -> ! {
    let Shortage { needed_kib, there_kib } = shortage;
    let mut text = Text::default();
    text.text("memory: this firmware needs ").grouped(needed_kib);
    text.text(" KiB of memory, the machine has ").grouped(there_kib);
    text.text(" KiB: give it more, or build the firmware with a smaller arena");
    give_up(&text)
}

/// Reports that the loader does not tell how much memory there is, and exits.
pub(crate) fn unknown_memory() -> ! {
    let mut text = Text::default();
    text.text("memory: the loader does not tell how much there is: use one that follows multiboot 1, such as GRUB");
    give_up(&text)
}

/// Sends and shows a text, and exits. No record of the log, which uses statics.
fn give_up(text: &Text) -> ! {
    // SAFETY: what is wrong with the memory is found before paging is on.
    unsafe { screen::show(text.as_str()) };
    text.send(Hardware::send);
    Hardware::leave(Reason::Memory)
}
