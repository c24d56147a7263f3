//! Scales at which everything that leads to neurons is a number of the chip, to the last digit.

use super::super::mantissas::{SINGLE, mantissa};
use super::{BIAS_MAX, Demands, THRESHOLD_MAX};
use loihi_net::network::nearest_bias;

/// Whole multiples of the step of weights: as many as mantissas of both signs have.
const MULTIPLES: i32 = 128;

/// The scale of files in the chip's own units.
const UNITS_OF_CHIP: f64 = 1.0 / 64.0;

/// Exponents of weights that are tried.
const EXPONENTS: std::ops::RangeInclusive<i32> = 0..=7;

/// Whether a number is whole, to single precision.
pub(super) fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() <= SINGLE * value.abs()
}

/// Whether an exponent holds a weight exactly.
pub(super) fn holds(weight: f64, scale: f64, exponent: i32) -> bool {
    let units = weight * scale;
    (mantissa(weight, scale, exponent) * f64::from(1 << exponent) - units).abs() <= SINGLE * units.abs()
}

/// A scale at which all weights, thresholds and biases of a population are exact: the smallest one, or where decays are
/// rounded the largest one at which no sum can leave its register.
pub(super) fn common(demands: &Demands<'_>) -> Option<f64> {
    let weights = demands.ways.iter().flat_map(|ways| ways.weights.iter());
    let largest = weights.fold(0.0_f64, |most, own| most.max(own.abs()));
    let threshold = demands.thresholds.iter().copied().fold(0.0, f64::max);
    let multiples = |exponent: i32| {
        let step = f64::from(2 << exponent);
        (1..=MULTIPLES).map(move |multiple| f64::from(multiple) * step)
    };
    let scales: Vec<f64> = if largest > 0.0 {
        EXPONENTS.flat_map(multiples).map(|units| units / largest).collect()
    } else {
        // Without weights a threshold is as many units as its multiples.
        [1.0, 4096.0].map(|units| units / threshold).to_vec()
    };
    // Sums of values have no step of their own, and what only adds up has a scale that says how finely.
    let values = demands.max_input.iter().zip(demands.biases).any(|(max_input, bias)| *max_input > bias.abs());
    if values || demands.thresholds.is_empty() {
        return None;
    }
    // A network that was exported from the chip's units goes back to the same registers.
    if all_exact(demands, UNITS_OF_CHIP) {
        return Some(UNITS_OF_CHIP);
    }
    let mut found: Vec<f64> = scales.into_iter().filter(|scale| all_exact(demands, *scale)).collect();
    found.sort_by(f64::total_cmp);
    let most = demands.units_max.iter().copied().fold(f64::INFINITY, f64::min);
    // Large scales lose less where decays round, as far as sums stay in their registers.
    let held = found.iter().copied().rfind(|scale| *scale <= most);
    held.filter(|_| demands.rounds_decays).or(found.first().copied())
}

fn all_exact(demands: &Demands<'_>, scale: f64) -> bool {
    let threshold = |own: &f64| own * scale <= THRESHOLD_MAX && is_whole(own * scale) && own * scale >= 0.5;
    let bias = |own: &f64| {
        let wanted = own * scale * 64.0;
        wanted.abs() <= BIAS_MAX && (f64::from(nearest_bias(wanted).value()) - wanted).abs() <= SINGLE * wanted.abs()
    };
    let subtracts = !demands.subtract
        || demands.thresholds.iter().all(|own| {
            let most = demands.thresholds.iter().copied().fold(0.0, f64::max) * scale;
            is_whole(own * scale / f64::from(1 << super::subtract_exponent(most)))
        });
    subtracts
        && demands.thresholds.iter().all(threshold)
        && demands.biases.iter().all(bias)
        && demands.ways.iter().all(|ways| {
            EXPONENTS.into_iter().any(|exponent| ways.weights.iter().all(|weight| holds(*weight, scale, exponent)))
        })
}
