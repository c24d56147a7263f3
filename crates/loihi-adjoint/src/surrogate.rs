//! Surrogates: what stands for the derivative of a spike by the voltage, which is 0 or infinite.

use serde::{Deserialize, Serialize};

/// The derivative of a spike by `x = (v - v_th) / (width · v_th)`.
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
}

impl Surrogate {
    /// The derivative at `x`.
    pub fn at(self, x: f32) -> f32 {
        match self {
            Self::Triangle => Triangle::at(x),
            Self::Rectangle => Rectangle::at(x),
            Self::FastSigmoid => FastSigmoid::at(x),
            Self::Arctan => Arctan::at(x),
        }
    }
}

/// A surrogate as a type, so that loops are compiled for each.
pub(crate) trait Slope {
    /// The derivative at `x`.
    fn at(x: f32) -> f32;
}

pub(crate) struct Triangle;
pub(crate) struct Rectangle;
pub(crate) struct FastSigmoid;
pub(crate) struct Arctan;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is the derivative of a function that rises from one level to another.
    #[test]
    fn surrogates_are_derivatives_of_what_rises() {
        type Pair = (fn(f32) -> f32, fn(f32) -> f32);
        let pairs: [Pair; 4] = [
            (Triangle::at, |x| {
                let x = x.clamp(-1.0, 1.0);
                x - x * x.abs() / 2.0
            }),
            (Rectangle::at, |x| x.clamp(-1.0, 1.0) / 2.0),
            (FastSigmoid::at, |x| x / (1.0 + x.abs())),
            (Arctan::at, f32::atan),
        ];
        for (number, (slope, rise)) in pairs.into_iter().enumerate() {
            for at in -30_i16..30 {
                let x = f32::from(at) / 10.0 + 0.05;
                let difference = (rise(x + 0.01) - rise(x - 0.01)) / 0.02;
                assert!((difference - slope(x)).abs() < 0.01, "{number} at {x}: {difference} and {}", slope(x));
            }
        }
    }
}
