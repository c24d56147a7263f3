//! Counts cycles with the performance counter of the chip, which has registers of its own.
//!
//! The counter has 32 bits and begins again after 26 seconds. The program looks at it whenever it looks at the line, which
//! is between any two steps, so that no round is missed.

use core::arch::asm;

use firmware_common::wide::Wide;

static CYCLES: Wide = Wide::new();

/// Starts the counter: it counts cycles, and begins again at the end.
pub(crate) fn start() {
    // SAFETY: the registers of the performance counter (mpcer, mpcmr, mpccr) reach no memory.
    unsafe {
        asm!("csrw 0x7E0, {one}", "csrw 0x7E2, zero", "csrw 0x7E1, {one}", one = in(reg) 1, options(nomem, nostack));
    }
}

/// Cycles since the start.
pub(crate) fn ticks() -> u64 {
    CYCLES.read(|| {
        let now: u32;
        // SAFETY: as in `start`.
        unsafe { asm!("csrr {now}, 0x7E2", now = out(reg) now, options(nomem, nostack)) };
        now
    })
}

defmt::timestamp!("{=u64}", ticks());
