//! Mantissas of weights at a scale, and what they lose.

use loihi_core::num::WeightExponent;
use loihi_net::network::{even_exponent, even_mantissa};

/// How far a number of single precision may be from one that it stands for, as a share.
pub(super) const SINGLE: f64 = 1.0 / (1 << 22) as f64;

/// Mantissas of a connection's weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mantissas {
    pub(super) wgt_exp: i32,
    pub(super) values: Vec<i16>,
    /// Largest and root-mean-square error, in parts of the neuron's unit.
    pub(super) max: f64,
    pub(super) rms: f64,
    /// Weights that differ on the chip, beyond single precision.
    pub(super) inexact: usize,
    /// Weights that the range has cut.
    pub(super) clipped: usize,
    /// Weights that have become 0.
    pub(super) zeroed: usize,
}

/// The two exponents that may lose least if this is the largest weight, in units: the one that holds it, and one less,
/// which halves the steps and clips the largest weights.
pub(super) fn exponents_of(largest: f64) -> [i32; 2] {
    let whole = even_exponent(largest).get();
    [(whole - 1).max(0), whole]
}

/// A weight's mantissa at an exponent: even, as connections of both signs have them.
pub(super) fn mantissa(weight: f64, scale: f64, exponent: i32) -> f64 {
    even_mantissa(weight * scale, WeightExponent::saturating(exponent)).into()
}

/// The mean square error of weights at a scale and an exponent.
pub(super) fn mean_square<'w>(weights: impl Iterator<Item = &'w f64>, scale: f64, exponent: i32) -> f64 {
    let unit = f64::from(1 << exponent);
    let (mut sum, mut count) = (0.0, 0.0_f64);
    for weight in weights {
        sum += (mantissa(*weight, scale, exponent) * unit / scale - weight).powi(2);
        count += 1.0;
    }
    sum / count.max(1.0)
}

/// Mantissas at the exponent that loses least; `unit` gives the scale of each weight's neuron, and what its errors are in
/// parts of.
pub(super) fn mantissas(weights: &[f64], unit: impl Fn(usize) -> (f64, f64) + Copy) -> Mantissas {
    let scaled = weights.iter().enumerate().map(|(at, own)| own.abs() * unit(at).0);
    let [fine, coarse] = exponents_of(scaled.fold(0.0, f64::max)).map(|exponent| at_exponent(weights, unit, exponent));
    if fine.rms < coarse.rms { fine } else { coarse }
}

/// Mantissas at an exponent.
pub(super) fn at_exponent(weights: &[f64], unit: impl Fn(usize) -> (f64, f64), wgt_exp: i32) -> Mantissas {
    let step = f64::from(1 << wgt_exp);
    let mut found = Mantissas { wgt_exp, ..Mantissas::default() };
    let mut squares = 0.0;
    for (at, weight) in weights.iter().enumerate() {
        let (scale, unit) = unit(at);
        let held = mantissa(*weight, scale, wgt_exp);
        let off = (held * step / scale - weight).abs();
        let error = off / unit;
        // Rounding to the even one below the largest cuts nothing.
        found.clipped += usize::from((weight * scale / step - held).abs() > 3.0);
        found.zeroed += usize::from(held == 0.0 && *weight != 0.0);
        found.inexact += usize::from(off > SINGLE * weight.abs());
        found.max = found.max.max(error);
        squares += error * error;
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        found.values.push(held as i16);
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of weights")]
    let count = weights.len().max(1) as f64;
    found.rms = (squares / count).sqrt();
    found
}
