//! Numbers that follow from a seed.

use loihi_core::num::word;
use std::ops::RangeInclusive;

/// Numbers of one graph.
pub(crate) struct Draw {
    seed: u32,
    drawn: u32,
}

impl Draw {
    pub(crate) const fn new(seed: u32) -> Self {
        Self { seed, drawn: 0 }
    }

    fn word(&mut self) -> u32 {
        self.drawn += 1;
        word(0x6ACF, self.seed, self.drawn, 0)
    }

    /// A whole number of a range.
    pub(crate) fn whole(&mut self, range: RangeInclusive<i32>) -> i32 {
        let span = range.end().abs_diff(*range.start()) + 1;
        range.start().wrapping_add_unsigned(self.word() % span)
    }

    /// The same as a size.
    pub(crate) fn size(&mut self, range: RangeInclusive<i32>) -> usize {
        usize::try_from(self.whole(range)).unwrap()
    }

    /// A number from `low` to `high`.
    pub(crate) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.word()) / f64::from(u32::MAX)
    }

    /// Whether something happens whose chance is `percent` in a hundred.
    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.word() % 100 < chance
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.word() as usize % of.len()]
    }
}
