//! From reset to a device on the serial line, which is served for as long as the board is on.

use firmware_common::exit::Reason;
use firmware_common::machine::Machine;
use firmware_common::pin::Pin;
use firmware_common::uart::Uart;
use loihi_core::device::Buffers;

use crate::boards::{self, HAS_SYSTICK};
use crate::clock;
use crate::data::{self, ARENA_BYTES, BODY_BYTES, NAME};
use crate::start::guard_stack;

/// The hardware of the board.
#[derive(Debug)]
pub struct Hardware;

impl Machine for Hardware {
    const NAME: &'static str = NAME;
    const NETWORK: Option<(usize, usize)> = data::NETWORK;
    const STORE: Option<(usize, usize)> = data::STORE;

    fn ticks() -> Option<fn() -> u64> {
        if HAS_SYSTICK { Some(clock::ticks) } else { None }
    }

    fn uart() -> impl Uart {
        boards::uart()
    }

    fn strobe() -> Pin<impl FnMut(bool)> {
        boards::strobe()
    }

    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>) {
        (ARENA.take_all(), Buffers::split(LINE.take_all()))
    }

    /// Without QEMU or a debugger, which take semihosting, the processor stops with a fault, for good.
    fn exit(reason: Reason) -> ! {
        semihosting::process::exit(i32::from(reason as u8))
    }
}

firmware_common::machine!(Hardware, ARENA_BYTES, BODY_BYTES);

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
