//! Ends the machine, with a status when it runs in QEMU.

use core::arch::asm;

pub(crate) use firmware_common::exit::Reason;

use crate::port;

/// Where the command line puts QEMU's `isa-debug-exit` device.
const DEBUG_EXIT: u16 = 0xf4;

/// Ends the machine. Where nothing answers at the exit port, stops the processor for good.
pub(crate) fn exit(reason: Reason) -> ! {
    // QEMU turns a value `v` into the process status `2 * v + 1`.
    let value = reason as u8 / 2;
    // SAFETY: the port belongs to the exit device, or to nothing.
    unsafe { port::write(DEBUG_EXIT, value) };
    loop {
        // SAFETY: stops the processor until an interrupt, and those are off. Touches no memory.
        unsafe { asm!("hlt", options(nomem, nostack, preserves_flags)) };
    }
}
