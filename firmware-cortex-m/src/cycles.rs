//! Counts cycles of the processor with the cycle counter of its debug unit (DWT), on hardware.
//!
//! The counter has 32 bits, and begins again after 25 seconds at 168 MHz. SysTick looks at it more often than that, so that
//! no round is missed.

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{DCB, DWT, SYST};
use firmware_common::wide::Wide;

static CYCLES: Wide = Wide::new();

/// Starts the counter, and SysTick, whose exception calls [`ticks`]: `cycles!` defines it.
pub fn start(dcb: &mut DCB, dwt: &mut DWT, systick: &mut SYST) {
    dcb.enable_trace();
    dwt.set_cycle_count(0);
    dwt.enable_cycle_counter();
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload((1 << 24) - 1);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
}

/// What counts, where something does: the counter stands still in an emulator that has none.
pub fn counter() -> Option<fn() -> u64> {
    let before = DWT::cycle_count();
    (DWT::cycle_count() != before).then_some(ticks)
}

/// Cycles since the start.
pub fn ticks() -> u64 {
    CYCLES.read(DWT::cycle_count)
}

/// The exception that keeps the count, and the time stamps of the log.
#[macro_export]
macro_rules! cycles {
    () => {
        #[cortex_m_rt::exception]
        fn SysTick() {
            let _looked_at = $crate::cycles::ticks();
        }

        defmt::timestamp!("{=u64}", $crate::cycles::ticks());
    };
}
