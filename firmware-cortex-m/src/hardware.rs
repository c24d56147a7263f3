//! A board that someone owns, of its line, its pin and its clocks.

use cortex_m::asm;
use cortex_m::peripheral::DCB;

/// Bytes of the stack for handlers: those of interrupts, and the report of a fault.
pub const HANDLER_STACK_BYTES: usize = 2048;

/// Ends the machine: a debugger stops here.
pub fn halt() -> ! {
    cortex_m::interrupt::disable();
    if DCB::is_debugger_attached() {
        asm::bkpt();
    }
    loop {
        asm::wfe();
    }
}

/// The whole firmware of a board, in a crate with its data as `mod data`: `uart() -> impl Uart` gives the line,
/// `strobe() -> Pin<impl FnMut(bool)>` the pin, and `start(&mut cortex_m::Peripherals)` sets clocks, line and pin up.
#[macro_export]
macro_rules! hardware {
    ($uart:ident, $strobe:ident, $start:ident) => {
        #[cfg(feature = "rtt")]
        use defmt_rtt as _;

        /// The hardware of the board.
        struct Hardware;

        impl firmware_common::machine::Machine for Hardware {
            const NAME: &'static str = data::NAME;
            const NETWORK: Option<(usize, usize)> = data::NETWORK;

            fn ticks() -> Option<fn() -> u64> {
                Some($crate::cycles::ticks)
            }

            fn uart() -> impl firmware_common::uart::Uart {
                $uart()
            }

            fn strobe() -> firmware_common::pin::Pin<impl FnMut(bool)> {
                $strobe()
            }

            fn memory() -> (&'static mut [u64], loihi_core::device::Buffers<&'static mut [u8]>) {
                (ARENA.take_all(), loihi_core::device::Buffers::split(LINE.take_all()))
            }

            fn exit(_reason: firmware_common::exit::Reason) -> ! {
                $crate::hardware::halt()
            }
        }

        /// Where the handlers have their stack.
        static HANDLERS: firmware_common::region::Region<[u8; $crate::hardware::HANDLER_STACK_BYTES]> =
            firmware_common::region::Region::new([0; $crate::hardware::HANDLER_STACK_BYTES]);

        /// Runs on the process stack.
        extern "C" fn begin() -> ! {
            if let Some(mut core) = cortex_m::Peripherals::take() {
                $crate::start::guard_stack(&core.MPU);
                $start(&mut core);
                $crate::cycles::start(&mut core.DCB, &mut core.DWT, &mut core.SYST);
            }
            <Hardware as firmware_common::machine::Machine>::start()
        }

        firmware_common::machine!(Hardware, data::ARENA_BYTES, data::BODY_BYTES);
        $crate::start!(Hardware, HANDLERS.end(), begin);
        $crate::cycles!();
        firmware_common::firmware!(Hardware, None, &loihi_core::rules::ALL);
    };
}
