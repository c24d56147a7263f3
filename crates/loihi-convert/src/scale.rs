//! Real weights in the chip's format: a threshold, even mantissas of 8 bits, an exponent.
//!
//! Weights come in units of the threshold. The largest of a population is as large a mantissa as there is, so that steps are as
//! fine as they can be; the threshold follows from it.

use loihi_core::num::WeightExponent;
use loihi_net::network::{even_exponent, even_mantissa, subtract_exponent};

/// Largest mantissa with both signs.
const MANTISSA: f64 = 254.0;
/// Most of a threshold: what a synapse with the largest exponent takes off.
pub const THRESHOLD_MAX: f64 = 32_768.0;
/// Below this thresholds would be rounded by more than half a part in 256.
const THRESHOLD_FINE: f64 = 256.0;
/// Most that synapses may add in a step: 21 bits and sign, in units of 64.
const SUM_MAX: f64 = 32_000.0;

/// Mantissas with their exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mantissas {
    /// Even, −256..=254.
    pub values: Vec<i16>,
    /// What they are multiplied by, as a power of 2.
    pub exponent: WeightExponent,
}

impl Mantissas {
    /// What a mantissa of 1 adds, in units of 64.
    pub fn step(&self) -> f64 {
        power(self.exponent)
    }
}

fn power(exponent: WeightExponent) -> f64 {
    2.0_f64.powi(exponent.get())
}

/// The mantissa of the threshold, which is what 1 is in units of 64, for a largest weight and a largest sum of the weights of one
/// neuron and sign, both in units of the threshold.
pub fn scale(largest: f64, sum: f64) -> i32 {
    let mut wanted = if largest > 0.0 { MANTISSA / largest } else { THRESHOLD_FINE };
    let coarsest = power(WeightExponent::saturating(WeightExponent::MAX));
    // Coarse thresholds take a larger exponent of the weights.
    while wanted < THRESHOLD_FINE && wanted * 2.0 <= MANTISSA * coarsest / largest.max(1e-30) {
        wanted *= 2.0;
    }
    let wanted = wanted.min(SUM_MAX / sum.max(1.0)).min(THRESHOLD_MAX);
    let step = power(subtract_exponent(wanted));
    // Not more than wanted, where the largest weight still fits.
    let threshold = ((wanted / step + 1e-9).floor() * step).max(1.0);
    #[expect(clippy::cast_possible_truncation, reason = "at most 32768")]
    let whole = threshold as i32;
    whole
}

/// The nearest mantissas of weights with a unit, with the least exponent that holds them.
pub fn mantissas(weights: impl Iterator<Item = f64> + Clone, unit: f64) -> Mantissas {
    let largest = weights.clone().fold(0.0_f64, |most, weight| most.max(weight.abs())) * unit;
    let exponent = even_exponent(largest);
    Mantissas { values: weights.map(|weight| even_mantissa(weight * unit, exponent)).collect(), exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weight_takes_the_largest_mantissa() {
        for largest in [0.01, 0.3, 1.0, 4.0, 100.0] {
            let own = scale(largest, largest);
            let unit = f64::from(own);
            let found = mantissas([largest, -largest / 2.0, 0.0].into_iter(), unit);
            let held = f64::from(found.values[0]) * found.step() / unit;
            assert!((held / largest - 1.0).abs() < 0.01, "{largest}: {held}, {own:?}, {found:?}");
            assert!(found.values[0] > 120, "{found:?}");
            let step = 1 << subtract_exponent(unit).get();
            assert_eq!(own % step, 0, "{own}");
            assert!(own / step <= 256 && unit <= THRESHOLD_MAX);
        }
    }

    #[test]
    fn sums_stay_in_their_register() {
        let unit = f64::from(scale(0.05, 20.0));
        assert!(unit * 20.0 <= SUM_MAX && unit > 1000.0, "{unit}");
    }
}
