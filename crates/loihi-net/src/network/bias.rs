//! Biases: a mantissa and an exponent, as the chip's register holds them.

use loihi_core::num::{BiasExponent, BiasMantissa};

/// A bias: `mantissa · 2^exponent`, added to the voltage in every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bias {
    /// Mantissa, −4095..=4095.
    pub mantissa: BiasMantissa,
    /// Exponent, 0..=7.
    pub exponent: BiasExponent,
}

impl Bias {
    /// No bias.
    pub const ZERO: Self = Self { mantissa: BiasMantissa::saturating(0), exponent: BiasExponent::saturating(0) };

    /// `mantissa · 2^exponent`.
    pub const fn new(mantissa: BiasMantissa, exponent: BiasExponent) -> Self {
        Self { mantissa, exponent }
    }

    /// What is added to the voltage.
    pub const fn value(self) -> i32 {
        self.mantissa.get().wrapping_shl(self.exponent.get().unsigned_abs())
    }
}

/// The bias nearest to a value, the smallest exponent first; values beyond ±4095 · 128 are held there.
pub fn nearest_bias(value: f64) -> Bias {
    let mut best = Bias::ZERO;
    for exponent in 0..=BiasExponent::MAX {
        let scale = f64::from(1_u32 << exponent.unsigned_abs());
        #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
        let mantissa = (value / scale).round().clamp(-4095.0, 4095.0) as i32;
        let bias = Bias { mantissa: BiasMantissa::saturating(mantissa), exponent: BiasExponent::saturating(exponent) };
        if (f64::from(bias.value()) - value).abs() < (f64::from(best.value()) - value).abs() {
            best = bias;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_mantissa_is_met_and_larger_ones_to_half_a_step() {
        for value in -4095..=4095 {
            assert_eq!(nearest_bias(f64::from(value)).value(), value);
        }
        for value in (-524_160..=524_160).step_by(97) {
            let error = (nearest_bias(f64::from(value)).value() - value).abs();
            assert!(error * 4095 <= value.abs(), "{value}: {error}");
        }
        assert_eq!(nearest_bias(1e9).value(), 524_160);
        assert_eq!(nearest_bias(-1e9).value(), -524_160);
        assert_eq!(nearest_bias(f64::NAN), Bias::ZERO);
    }
}
