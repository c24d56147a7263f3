//! Ends the machine: with a status in QEMU and under a debugger, which take semihosting.

use firmware_common::exit::Reason;

/// Ends the machine. Without QEMU or a debugger the processor stops with a fault, for good.
pub(crate) fn exit(reason: Reason) -> ! {
    semihosting::process::exit(i32::from(reason as u8))
}
