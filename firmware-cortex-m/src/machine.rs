//! From reset to a device on the serial line, which is served for as long as the board is on.

use firmware_common::exit::Reason;
use firmware_common::machine::Machine as _;

use crate::boards::{self, HAS_SYSTICK};
use crate::start::guard_stack;
use crate::{clock, data};

const TICKS: Option<fn() -> u64> = if HAS_SYSTICK { Some(clock::ticks) } else { None };

firmware_common::hardware!(pub struct Hardware: TICKS, boards::uart, boards::strobe, exit);

/// Without QEMU or a debugger, which take semihosting, the processor stops with a fault, for good.
fn exit(reason: Reason) -> ! {
    semihosting::process::exit(i32::from(reason as u8))
}

// The stack for handlers may lie over the arena: nothing else runs after a fault.
crate::start!(Hardware, ARENA.end(), start);

extern "C" fn start() -> ! {
    boards::start();
    if let Some(peripherals) = cortex_m::Peripherals::take() {
        guard_stack(&peripherals.MPU);
        if HAS_SYSTICK {
            clock::start(peripherals.SYST);
        }
    }
    Hardware::start()
}
