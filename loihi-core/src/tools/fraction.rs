//! Rounding of changes that are wider than a product of two factors: sums over steps, factors of 16 bits.
//!
//! A change has up to 30 bits and sign, of which `shift` lie below the smallest step of a weight. What is added before
//! they are cut off makes the rounding: a uniform fraction, or a half.

use super::rank_one::Precision;
use crate::num::{Drawn, Purpose, RandomSource as _};

/// What is added to a change before the bits below the smallest step are cut off.
pub trait Fraction {
    /// For the weight of this number: one that no other weight of the chip has that is written in the same step.
    fn of(&self, element: u32) -> i32;
}

/// A uniform fraction of `shift` bits.
#[derive(Clone, Copy, Debug)]
struct Uniform {
    drawn: Drawn,
    t: u32,
    unused: u32,
}

impl Fraction for Uniform {
    #[inline(always)]
    fn of(&self, element: u32) -> i32 {
        self.drawn.word(Purpose::Rule, self.t, element).wrapping_shr(self.unused).cast_signed()
    }
}

/// A half.
#[derive(Clone, Copy, Debug)]
struct Half(i32);

impl Fraction for Half {
    #[inline(always)]
    fn of(&self, _element: u32) -> i32 {
        self.0
    }
}

/// Something that is done with one kind of fraction; compiled for each of them.
pub trait Rounded {
    /// Does it.
    fn with(self, fraction: &impl Fraction);
}

/// How the changes of a step become whole steps of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// [`Precision::Stochastic`] or [`Precision::Nearest`]; see [`Rounding::is_valid`].
    pub precision: Precision,
    /// Bits below the smallest step, 1..=28.
    pub shift: u32,
}

impl Rounding {
    /// Whether there is a fraction for it.
    pub const fn is_valid(self) -> bool {
        matches!(self.precision, Precision::Stochastic | Precision::Nearest) && self.shift >= 1 && self.shift <= 28
    }

    /// Does something with the fractions of step `t` of a chip with this seed.
    pub fn apply(self, seed: u32, t: u32, work: impl Rounded) {
        match self.precision {
            Precision::Stochastic => {
                work.with(&Uniform { drawn: Drawn { seed }, t, unused: 32_u32.wrapping_sub(self.shift) });
            }
            Precision::Nearest | Precision::Truncate | Precision::Shadow => {
                work.with(&Half(1_i32.wrapping_shl(self.shift.wrapping_sub(1))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sum of the steps that many equal changes become.
    struct Sum<'s> {
        change: i32,
        shift: u32,
        steps: &'s mut i32,
    }

    impl Rounded for Sum<'_> {
        fn with(self, fraction: &impl Fraction) {
            *self.steps = (0..10_000).map(|element| (self.change + fraction.of(element)) >> self.shift).sum();
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "draws thousands of numbers, which Miri takes minutes for")]
    fn stochastic_rounding_is_right_on_average_and_the_nearest_is_not() {
        for (precision, low, high) in [(Precision::Stochastic, 900, 1100), (Precision::Nearest, 0, 0)] {
            let mut steps = 0;
            let rounding = Rounding { precision, shift: 24 };
            assert!(rounding.is_valid());
            // A tenth of a step.
            rounding.apply(1, 2, Sum { change: (1 << 24) / 10, shift: 24, steps: &mut steps });
            assert!((low..=high).contains(&steps), "{precision:?}: {steps}");
        }
        assert!(!Rounding { precision: Precision::Shadow, shift: 24 }.is_valid());
    }
}
