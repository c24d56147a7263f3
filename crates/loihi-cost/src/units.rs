//! Energy, time and power as integers, so that the parts of a sum are the sum to the last digit.
//!
//! A zeptojoule is 10^-21 J and a nanowatt times a picosecond: prices have nine decimals of a picojoule, and 2^128 of them
//! are more than a hundred million gigajoules.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

/// Energy in zeptojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Energy(pub u128);

/// Time in picoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u128);

/// Power in nanowatts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Power(pub u128);

macro_rules! amounts {
    ($($name:ident, $of:ident, $to:ident, $unit:literal, $per_unit:literal;)*) => {$(
        impl $name {
            #[doc = concat!("From ", $unit, ", rounded to the nearest; negative values and NaN are 0.")]
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
            pub fn $of(value: f64) -> Self {
                Self((value * $per_unit).round() as u128)
            }

            #[doc = concat!("In ", $unit, ".")]
            #[expect(clippy::cast_precision_loss, reason = "for people to read")]
            pub fn $to(self) -> f64 {
                self.0 as f64 / $per_unit
            }
        }

        impl Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self(0), Add::add)
            }
        }

        impl Mul<u64> for $name {
            type Output = Self;

            fn mul(self, count: u64) -> Self {
                Self(self.0.saturating_mul(u128::from(count)))
            }
        }
    )*};
}

amounts! {
    Energy, from_pj, pj, "picojoules", 1e9;
    Time, from_ns, ns, "nanoseconds", 1e3;
    Power, from_mw, mw, "milliwatts", 1e6;
}

impl Mul<Time> for Power {
    type Output = Energy;

    fn mul(self, time: Time) -> Energy {
        Energy(self.0.saturating_mul(time.0))
    }
}

/// The lowest, the typical and the highest of what is not known better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range<T> {
    /// If every price is as low as it can be.
    pub low: T,
    /// With the prices as they are published.
    pub typical: T,
    /// If every price is as high as it can be.
    pub high: T,
}

impl<T> Range<T> {
    /// The same of each of the three.
    pub fn map<U>(self, of: impl Fn(T) -> U) -> Range<U> {
        Range { low: of(self.low), typical: of(self.typical), high: of(self.high) }
    }

    /// Of the three of two ranges.
    pub fn with<U, V>(self, other: Range<U>, of: impl Fn(T, U) -> V) -> Range<V> {
        Range {
            low: of(self.low, other.low),
            typical: of(self.typical, other.typical),
            high: of(self.high, other.high),
        }
    }
}

/// The lowest, the typical and the highest, in this order.
impl<T> From<[T; 3]> for Range<T> {
    fn from([low, typical, high]: [T; 3]) -> Self {
        Self { low, typical, high }
    }
}

impl<T: Add<Output = T>> Add for Range<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, Add::add)
    }
}

impl<T: Copy + Mul<u64, Output = T>> Mul<u64> for Range<T> {
    type Output = Self;

    fn mul(self, count: u64) -> Self {
        self.map(|amount| amount * count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_agree() {
        assert_eq!(Energy::from_pj(23.6), Energy(23_600_000_000));
        assert_eq!(Time::from_ns(3.5), Time(3500));
        // A milliwatt for a nanosecond is a picojoule.
        assert_eq!(Power::from_mw(1.0) * Time::from_ns(1.0), Energy::from_pj(1.0));
        assert_eq!(Energy::from_pj(-1.0), Energy(0));
    }
}
