//! The whole firmware of a board that someone owns. The board brings its line, its pin and its clocks.

use cortex_m::asm;
use cortex_m::peripheral::DCB;
use firmware_common::exit::Reason;

/// Bytes of the stack for handlers: those of interrupts, and the report of a fault.
pub const HANDLER_STACK_BYTES: usize = 2048;

/// Ends the machine: a debugger stops here.
pub fn halt(_reason: Reason) -> ! {
    cortex_m::interrupt::disable();
    if DCB::is_debugger_attached() {
        asm::bkpt();
    }
    loop {
        asm::wfe();
    }
}

/// The whole firmware of a board, in a crate with its data as `mod data`: `uart() -> impl Uart` gives the line,
/// `strobe() -> Pin<impl FnMut(bool)>` the pin, and `start()` sets clocks, line and pin up.
#[macro_export]
macro_rules! hardware {
    ($uart:ident, $strobe:ident, $start:ident) => {
        #[cfg(feature = "rtt")]
        use defmt_rtt as _;

        firmware_common::hardware!(
            struct Hardware: $crate::cycles::counter(), $uart, $strobe, $crate::hardware::halt
        );

        /// Where the handlers have their stack.
        static HANDLERS: firmware_common::region::Region<[u8; $crate::hardware::HANDLER_STACK_BYTES]> =
            firmware_common::region::Region::new([0; $crate::hardware::HANDLER_STACK_BYTES]);

        /// Runs on the process stack.
        extern "C" fn begin() -> ! {
            if let Some(mut core) = cortex_m::Peripherals::take() {
                $crate::start::guard_stack(&core.MPU);
                $start();
                $crate::cycles::start(&mut core.DCB, &mut core.DWT, &mut core.SYST);
            }
            <Hardware as firmware_common::machine::Machine>::start()
        }

        $crate::start!(Hardware, HANDLERS.end(), begin);
        $crate::cycles!();
        firmware_common::firmware!(Hardware, None, &loihi_core::rules::ALL);
    };
}
