//! Surrogates: what stands for the derivative of a spike by the voltage, which is 0 or infinite.

use serde::{Deserialize, Serialize};

/// The derivative of a spike by the voltage, at `x = (v - v_th) / (width · v_th)` in units of `1 / (width · v_th)`; that by the time
/// since the last spike at `x = steps / width`, in units of `1 / v_th`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surrogate {
    /// `max(0, 1 - |x|)`.
    Triangle,
    /// 1/2 within the width, as STBP has it.
    Rectangle,
    /// `1 / (1 + |x|)^2`, as `SuperSpike` has it.
    FastSigmoid,
    /// `1 / (1 + x^2)`: it reaches neurons far below their threshold, so that none is lost.
    #[default]
    Arctan,
    /// `e^-|x|`, as SLAYER has it.
    Exponential,
    /// `e^-x` by the time since the neuron's last spike, as STDB has it. A spike in the current step counts as 0 steps ago; before
    /// the first spike the derivative is 0.
    LastSpike,
}

impl Surrogate {
    /// The derivative at `x`.
    pub fn at(self, x: f32) -> f32 {
        match self {
            Self::Triangle => Triangle::at(x),
            Self::Rectangle => Rectangle::at(x),
            Self::FastSigmoid => FastSigmoid::at(x),
            Self::Arctan => Arctan::at(x),
            Self::Exponential => Exponential::at(x),
            Self::LastSpike => LastSpike::at(x),
        }
    }
}

/// Stands for the steps since the last spike before there is one: large enough for [`Surrogate::LastSpike`] to be 0 at any width.
pub(crate) const NEVER_STEPS: i32 = 1 << 24;

/// A surrogate as a type, so that loops are compiled for each.
pub(crate) trait Slope {
    /// Whether `x` is the time since the last spike instead of the voltage.
    const BY_TIME: bool = false;

    /// The derivative at `x`.
    fn at(x: f32) -> f32;
}

pub(crate) struct Triangle;
pub(crate) struct Rectangle;
pub(crate) struct FastSigmoid;
pub(crate) struct Arctan;
pub(crate) struct Exponential;
pub(crate) struct LastSpike;

impl Slope for Triangle {
    #[inline(always)]
    fn at(x: f32) -> f32 {
        (1.0 - x.abs()).max(0.0)
    }
}

impl Slope for Rectangle {
    #[inline(always)]
    fn at(x: f32) -> f32 {
        if x.abs() < 1.0 { 0.5 } else { 0.0 }
    }
}

impl Slope for FastSigmoid {
    #[inline(always)]
    fn at(x: f32) -> f32 {
        let one = 1.0 + x.abs();
        1.0 / (one * one)
    }
}

impl Slope for Arctan {
    #[inline(always)]
    fn at(x: f32) -> f32 {
        1.0 / (1.0 + x * x)
    }
}

impl Slope for Exponential {
    #[inline(always)]
    fn at(x: f32) -> f32 {
        falling(x.abs())
    }
}

impl Slope for LastSpike {
    const BY_TIME: bool = true;

    #[inline(always)]
    fn at(x: f32) -> f32 {
        falling(x)
    }
}

/// `e^-x` of 0 or more, 0 beyond 32; within a thousandth of its value up to 8, of 1 everywhere.
///
/// Without tables or calls, so that processors compute many at once, and all of them the same.
#[inline(always)]
fn falling(x: f32) -> f32 {
    let part = x.min(32.0) / 32.0;
    let rising = 1.0 + part * (1.0 + part * (0.5 + part * (1.0 / 6.0 + part * (1.0 / 24.0))));
    let of_2 = rising * rising;
    let of_4 = of_2 * of_2;
    let of_8 = of_4 * of_4;
    let of_16 = of_8 * of_8;
    if x > 32.0 { 0.0 } else { 1.0 / (of_16 * of_16) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is the derivative of a function that rises from one level to another.
    #[test]
    fn surrogates_are_derivatives_of_what_rises() {
        type Pair = (fn(f32) -> f32, fn(f32) -> f32);
        let pairs: [Pair; 5] = [
            (Triangle::at, |x| {
                let x = x.clamp(-1.0, 1.0);
                x - x * x.abs() / 2.0
            }),
            (Rectangle::at, |x| x.clamp(-1.0, 1.0) / 2.0),
            (FastSigmoid::at, |x| x / (1.0 + x.abs())),
            (Arctan::at, f32::atan),
            (Exponential::at, |x| x.signum() * (1.0 - (-x.abs()).exp())),
        ];
        for (number, (slope, rise)) in pairs.into_iter().enumerate() {
            for at in -30_i16..30 {
                let x = f32::from(at) / 10.0 + 0.05;
                let difference = (rise(x + 0.01) - rise(x - 0.01)) / 0.02;
                assert!((difference - slope(x)).abs() < 0.01, "{number} at {x}: {difference} and {}", slope(x));
            }
        }
    }

    #[test]
    fn what_falls_is_the_exponential() {
        for at in 0..4000_u16 {
            let x = f32::from(at) / 100.0;
            let (found, expected) = (falling(x), (-x).exp());
            let most = if x <= 8.0 { 1e-3 * expected } else { 1e-3 };
            assert!((found - expected).abs() <= most, "at {x}: {found}, {expected}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a power of 2")]
        let never = NEVER_STEPS as f32;
        assert_eq!(LastSpike::at(never / 1e3).to_bits(), 0, "with the largest width");
    }
}
