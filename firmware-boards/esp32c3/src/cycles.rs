//! Counts cycles with the performance counter of the chip, which has registers of its own.
//!
//! The counter has 32 bits and begins again after 26 seconds. The program looks at it whenever it looks at the line, which
//! is between any two steps, so that no round is missed.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

/// How often the counter has begun again, and what it was at last.
static ROUNDS: AtomicU32 = AtomicU32::new(0);
static LATEST: AtomicU32 = AtomicU32::new(0);

/// Starts the counter: of what happens, cycles; counting, and beginning again at the end.
pub(crate) fn start() {
    // SAFETY: the registers of the performance counter (mpcer, mpcmr, mpccr) reach no memory.
    unsafe {
        asm!("csrw 0x7E0, {one}", "csrw 0x7E2, zero", "csrw 0x7E1, {one}", one = in(reg) 1, options(nomem, nostack));
    }
}

/// Cycles since the start.
pub(crate) fn ticks() -> u64 {
    critical_section::with(|_| {
        let now: u32;
        // SAFETY: as in `start`.
        unsafe { asm!("csrr {now}, 0x7E2", now = out(reg) now, options(nomem, nostack)) };
        let rounds = ROUNDS.load(Ordering::Relaxed).wrapping_add(u32::from(now < LATEST.load(Ordering::Relaxed)));
        ROUNDS.store(rounds, Ordering::Relaxed);
        LATEST.store(now, Ordering::Relaxed);
        u64::from(rounds) << 32 | u64::from(now)
    })
}

defmt::timestamp!("{=u64}", ticks());
