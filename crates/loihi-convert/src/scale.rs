//! Real weights in the chip's format: a threshold, even mantissas of 8 bits, an exponent.
//!
//! Weights come in units of the threshold. The largest of a population is as large a mantissa as there is, so that steps are as
//! fine as they can be; the threshold follows from it.

use loihi_core::num::WeightExponent;

/// Largest mantissa with both signs.
const MANTISSA: f64 = 254.0;
/// Most of a threshold: what a synapse with the largest exponent takes off.
pub const THRESHOLD_MAX: f64 = 32_768.0;
/// Below this thresholds would be rounded by more than half a part in 256.
const THRESHOLD_FINE: f64 = 256.0;
/// Most that synapses may add in a step: 21 bits and sign, in units of 64.
const SUM_MAX: f64 = 32_000.0;

/// The scale of a population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Mantissa of the threshold: what 1 is, in units of 64.
    pub threshold: i32,
    /// What 1 is.
    pub unit: f64,
}

/// Mantissas with their exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mantissas {
    /// Even, −256..=254.
    pub values: Vec<i16>,
    /// Exponent, 0..=7.
    pub exponent: i32,
}

/// The exponent by which a synapse takes a threshold off in the finest steps.
pub fn reset_exponent(threshold: f64) -> i32 {
    (0..WeightExponent::MAX).find(|exponent| threshold <= 256.0 * power(*exponent)).unwrap_or(WeightExponent::MAX)
}

fn power(exponent: i32) -> f64 {
    f64::from(1_u32 << exponent.clamp(0, 30).unsigned_abs())
}

/// The scale for a largest weight and a largest sum of the weights of one neuron and sign, both in units of the threshold.
pub fn scale(largest: f64, sum: f64) -> Scale {
    let mut wanted = if largest > 0.0 { MANTISSA / largest } else { THRESHOLD_FINE };
    // Coarse thresholds take a larger exponent of the weights.
    while wanted < THRESHOLD_FINE && wanted * 2.0 <= MANTISSA * power(WeightExponent::MAX) / largest.max(1e-30) {
        wanted *= 2.0;
    }
    let wanted = wanted.min(SUM_MAX / sum.max(1.0)).min(THRESHOLD_MAX);
    let step = power(reset_exponent(wanted));
    // Not more than wanted, where the largest weight still fits.
    let threshold = ((wanted / step + 1e-9).floor() * step).max(1.0);
    #[expect(clippy::cast_possible_truncation, reason = "at most 32768")]
    let whole = threshold as i32;
    Scale { threshold: whole, unit: threshold }
}

/// The nearest mantissas of weights with a unit, with the least exponent that holds them.
pub fn mantissas(weights: impl Iterator<Item = f64> + Clone, unit: f64) -> Mantissas {
    let largest = weights.clone().fold(0.0_f64, |most, weight| most.max(weight.abs())) * unit;
    let exponent = (0..WeightExponent::MAX).find(|exponent| largest <= (MANTISSA + 1.0) * power(*exponent));
    let exponent = exponent.unwrap_or(WeightExponent::MAX);
    let step = 2.0 * power(exponent);
    let mantissa = |weight: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
        let mantissa = (2.0 * (weight * unit / step).round()).clamp(-256.0, MANTISSA) as i16;
        mantissa
    };
    Mantissas { values: weights.map(mantissa).collect(), exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weight_takes_the_largest_mantissa() {
        for largest in [0.01, 0.3, 1.0, 4.0, 100.0] {
            let own = scale(largest, largest);
            let found = mantissas([largest, -largest / 2.0, 0.0].into_iter(), own.unit);
            let held = f64::from(found.values[0]) * power(found.exponent) / own.unit;
            assert!((held / largest - 1.0).abs() < 0.01, "{largest}: {held}, {own:?}, {found:?}");
            assert!(found.values[0] > 120, "{found:?}");
            let step = 1 << reset_exponent(own.unit);
            assert_eq!(own.threshold % step, 0, "{own:?}");
            assert!(own.threshold / step <= 256 && own.unit <= THRESHOLD_MAX);
        }
    }

    #[test]
    fn sums_stay_in_their_register() {
        let own = scale(0.05, 20.0);
        assert!(own.unit * 20.0 <= SUM_MAX && own.unit > 1000.0, "{own:?}");
    }
}
