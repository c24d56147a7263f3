//! A scale for each group of neurons, with exponents of weights that all of them share, in as few classes of thresholds and
//! profiles as a core has.

use super::super::mantissas::{exponents_of, mean_square};
use super::exact::{holds, is_whole};
use super::{BIAS_MAX, Group, Groups, THRESHOLD_MAX, choose, subtract_exponent};
use loihi_image::limits::{PROFILES, THRESHOLDS};
use std::collections::BTreeSet;

/// Fineness of the grid of scales, in steps an octave, until their classes are few enough: the first one where each group
/// can have a class of its own.
const STEPS_PER_OCTAVE: [f64; 6] = [32.0, 4.0, 2.0, 1.0, 0.5, 0.25];

/// A mean square of errors that is this much smaller is worth a class of its own: classes are scarce, and neurons that share
/// one pack better.
const WORTH: f64 = 0.5;

/// Largest weight, in mantissas at the shared exponent, of scales that are tried.
const LARGEST: std::ops::RangeInclusive<f64> = 16.0..=512.0;

/// Scales by group, and exponents by connection.
pub(super) fn refine(groups: &Groups<'_, '_>, uniform: f64) -> (Vec<f64>, Vec<i32>) {
    let alike = vec![uniform; groups.list.len()];
    let first = exponents(groups, &alike);
    let plenty = groups.list.len() <= THRESHOLDS;
    for exact in [true, false] {
        for steps in STEPS_PER_OCTAVE.into_iter().skip(usize::from(!plenty)) {
            let grid = Grid::new(groups, uniform, steps);
            let (mut scales, mut shared) = (alike.clone(), first.clone());
            // Exponents fit the scales better then, and scales the exponents.
            for _ in 0..2 {
                scales = groups.list.iter().map(|group| best(groups, group, &grid, &shared, exact)).collect();
                shared = exponents(groups, &scales);
            }
            if few(groups, &scales) {
                return (scales, shared);
            }
        }
    }
    (alike, first)
}

/// The scales that are tried, in units of a group.
struct Grid {
    uniform: f64,
    scales: Vec<f64>,
    /// What all of them are multiples of.
    step: f64,
}

impl Grid {
    fn new(groups: &Groups<'_, '_>, uniform: f64, steps: f64) -> Self {
        let threshold = groups.list.iter().map(|group| group.threshold).fold(0.0, f64::max);
        // Synapses that take thresholds off have mantissas of 8 bits and one exponent.
        let (step, most) = if groups.demands.subtract {
            let step = f64::from(1 << (subtract_exponent(uniform * threshold) + 2).min(7));
            (step, 256.0 * step)
        } else {
            (1.0, THRESHOLD_MAX)
        };
        let octaves = THRESHOLD_MAX.log2() * steps;
        #[expect(clippy::cast_possible_truncation, reason = "some tens")]
        let range = -octaves as i32..=octaves as i32;
        let near = |at: i32| (uniform * (f64::from(at) / steps).exp2() / step).round() * step;
        let mut scales: Vec<f64> = range.map(near).filter(|scale| *scale >= step && *scale <= most).collect();
        scales.dedup();
        Self { uniform: (uniform / step).round().max(1.0) * step, scales, step }
    }
}

/// The best scale of a group at these exponents; the one of all where it is little worse.
fn best(groups: &Groups<'_, '_>, group: &Group, grid: &Grid, exponents: &[i32], exact: bool) -> f64 {
    let valid = |scale: f64| group.threshold * scale <= THRESHOLD_MAX && group.max_input * scale * 64.0 <= BIAS_MAX;
    if exact && let Some(scale) = exact_scale(group, grid, exponents).filter(|scale| valid(*scale)) {
        return scale;
    }
    let largest = |scale: f64| {
        let mantissa = |(weights, exponent): (&Vec<f64>, &i32)| {
            let largest = weights.iter().fold(0.0_f64, |most, own| most.max(own.abs()));
            largest * scale / f64::from(1 << exponent)
        };
        group.weights.iter().zip(exponents).map(mantissa).fold(0.0, f64::max)
    };
    let unit = largest(1.0);
    let worth_trying = |scale: &f64| unit == 0.0 || LARGEST.contains(&(unit * scale));
    let mut tried = Vec::new();
    for scale in grid.scales.iter().copied().filter(worth_trying).filter(|scale| valid(*scale)) {
        tried.push((cost(groups, group, scale, exponents), scale));
    }
    let uniform =
        Some(grid.uniform).filter(|scale| valid(*scale)).map(|scale| (cost(groups, group, scale, exponents), scale));
    tried.extend(uniform);
    let Some(chosen) = choose(&tried, group.scale_max, true, 1.0) else {
        // What drives it is too large for any of them: the smallest scale cuts least.
        return grid.step;
    };
    let own = cost(groups, group, chosen, exponents);
    match uniform {
        Some((all, uniform)) if own >= WORTH * all && uniform <= group.scale_max.max(chosen) => uniform,
        _ => chosen,
    }
}

/// The smallest scale at which all weights of a group are exact.
fn exact_scale(group: &Group, grid: &Grid, exponents: &[i32]) -> Option<f64> {
    let weights = group
        .weights
        .iter()
        .zip(exponents)
        .flat_map(|(weights, exponent)| weights.iter().map(move |weight| (*weight, *exponent)));
    let (largest, exponent) = weights.clone().filter(|(weight, _)| *weight != 0.0).fold((0.0_f64, 0), |most, own| {
        if own.0.abs() / f64::from(1 << own.1) > most.0.abs() / f64::from(1 << most.1) { own } else { most }
    });
    if largest == 0.0 {
        return None;
    }
    let multiples = (1..=128).map(|multiple| f64::from(multiple) * f64::from(2 << exponent) / largest.abs());
    let whole =
        |scale: &f64| is_whole(scale / grid.step) && scale.round() >= grid.step && is_whole(scale * group.threshold);
    let all = |scale: &f64| weights.clone().all(|(weight, exponent)| holds(weight, *scale, exponent));
    multiples.filter(whole).find(all).map(f64::round)
}

/// Mean square of what a neuron of a group is off per step, in its threshold.
fn cost(groups: &Groups<'_, '_>, group: &Group, scale: f64, exponents: &[i32]) -> f64 {
    let threshold = ((group.threshold * scale).round() / scale - group.threshold).powi(2);
    let mut cost = (0.5 / (64.0 * scale)).powi(2) + threshold;
    for ((weights, exponent), fan_in) in group.weights.iter().zip(exponents).zip(&groups.fan_in) {
        cost += fan_in * mean_square(weights.iter(), scale, *exponent);
    }
    cost
}

/// The exponent of each connection that loses least with these scales.
fn exponents(groups: &Groups<'_, '_>, scales: &[f64]) -> Vec<i32> {
    let of = |number: usize| {
        let ways = || groups.list.iter().zip(scales).map(|(group, scale)| (&group.weights[number], *scale));
        let largest = ways().flat_map(|(weights, scale)| weights.iter().map(move |own| own.abs() * scale));
        let [fine, coarse] = exponents_of(largest.fold(0.0, f64::max)).map(|exponent| {
            #[expect(clippy::cast_precision_loss, reason = "numbers of weights")]
            let square = |(weights, scale): (&Vec<f64>, f64)| {
                weights.len() as f64 * mean_square(weights.iter(), scale, exponent)
            };
            (ways().map(square).sum::<f64>(), exponent)
        });
        if fine.0 < coarse.0 { fine.1 } else { coarse.1 }
    };
    (0..groups.fan_in.len()).map(of).collect()
}

/// Whether a core has as many thresholds and profiles.
fn few(groups: &Groups<'_, '_>, scales: &[f64]) -> bool {
    let demands = groups.demands;
    let neurons = demands.max_input.len();
    let mut thresholds = BTreeSet::new();
    let mut profiles = BTreeSet::new();
    for (neuron, threshold) in demands.thresholds.iter().enumerate() {
        let group = neuron * scales.len() / neurons.max(1);
        let held = (threshold / groups.list[group].unit * scales[group]).round().to_bits();
        thresholds.insert(held);
        profiles.insert((held, demands.decays.get(neuron).copied().unwrap_or(0)));
    }
    let decays = demands.decays.iter().collect::<BTreeSet<_>>().len();
    thresholds.len() <= THRESHOLDS && profiles.len() <= PROFILES.max(decays)
}
