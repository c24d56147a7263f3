//! A counter of 32 bits as one of 64.

use core::sync::atomic::{AtomicU32, Ordering};

/// The upper half of a counter that begins again after 2^32: whoever reads it at least once in every round misses none.
///
/// ```
/// use firmware_common::wide::Wide;
///
/// let wide = Wide::new();
/// assert_eq!([7, u32::MAX, 5, 4].map(|now| wide.read(|| now)), [7, 0xFFFF_FFFF, 0x1_0000_0005, 0x2_0000_0004]);
/// ```
#[derive(Debug)]
pub struct Wide {
    /// How often the counter has begun again, and what it was at last.
    rounds: AtomicU32,
    latest: AtomicU32,
}

impl Default for Wide {
    fn default() -> Self {
        Self::new()
    }
}

impl Wide {
    /// Of a counter that starts at 0.
    pub const fn new() -> Self {
        Self { rounds: AtomicU32::new(0), latest: AtomicU32::new(0) }
    }

    /// The count, with the lower half as `now` reads it. Interrupts may call this, too.
    pub fn read(&self, now: impl FnOnce() -> u32) -> u64 {
        critical_section::with(|_| {
            let now = now();
            let has_begun_again = now < self.latest.load(Ordering::Relaxed);
            let rounds = self.rounds.load(Ordering::Relaxed).wrapping_add(u32::from(has_begun_again));
            self.rounds.store(rounds, Ordering::Relaxed);
            self.latest.store(now, Ordering::Relaxed);
            u64::from(rounds) << 32 | u64::from(now)
        })
    }
}
