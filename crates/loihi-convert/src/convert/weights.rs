//! The weights of a way: in units of spikes, the largest of them, and what rounding loses.

use crate::ann::{Layer, Map, Way, channels};
use crate::scale::Mantissas;

/// The largest weight, without its sign.
pub(super) fn largest_of(way: &Way) -> f64 {
    let most = |weights: &[f32]| weights.iter().fold(0.0_f64, |most, own| most.max(f64::from(own.abs())));
    match &way.map {
        Map::Dense(weights) | Map::Conv(_, weights) | Map::Scale(weights) => most(weights),
        Map::Pool(_, weight) => f64::from(weight.abs()),
    }
}

/// The largest sum of the weights of one neuron and sign.
pub(super) fn largest_sum(way: &Way, layer: &Layer) -> f64 {
    let mut sums: Vec<[f64; 2]>;
    let add = |sums: &mut Vec<[f64; 2]>, at: usize, weight: f32| {
        if let Some(own) = sums.get_mut(at) {
            own[usize::from(weight < 0.0)] += f64::from(weight.abs());
        }
    };
    match &way.map {
        Map::Dense(weights) => {
            let neurons = layer.neurons();
            sums = vec![[0.0; 2]; neurons];
            weights.iter().enumerate().for_each(|(at, weight)| add(&mut sums, at % neurons, *weight));
        }
        Map::Conv(conv, weights) => {
            sums = vec![[0.0; 2]; conv.shape[0]];
            let taps = weights.len() / conv.shape[0].max(1);
            weights.iter().enumerate().for_each(|(at, weight)| add(&mut sums, at / taps.max(1), *weight));
        }
        #[expect(clippy::cast_precision_loss, reason = "windows are small")]
        Map::Pool(pool, weight) => return f64::from(*weight) * (pool.kernel[0] * pool.kernel[1]) as f64,
        Map::Scale(_) => return largest_of(way),
    }
    sums.iter().flatten().copied().fold(0.0, f64::max)
}

/// Adds the squared rounding errors of the weights, relative to the largest weight, and their number.
pub(super) fn add_errors(errors: &mut [f64; 2], wanted: &[f32], found: &Mantissas, unit: f64) {
    let largest = wanted.iter().fold(0.0_f64, |most, own| most.max(f64::from(own.abs())));
    if largest == 0.0 {
        return;
    }
    for (wanted, held) in wanted.iter().zip(&found.values) {
        let held = f64::from(*held) * found.step() / unit;
        errors[0] += ((held - f64::from(*wanted)) / largest).powi(2);
        errors[1] += 1.0;
    }
}

/// A way in units of spikes: from a source by neuron, to neurons.
pub(super) fn normalised(way: &Way, from: &[f32], to: &[f32], layer: &Layer) -> Result<Way, String> {
    let mut own = way.clone();
    match &mut own.map {
        Map::Dense(weights) => {
            for (row, from) in weights.chunks_mut(to.len().max(1)).zip(from) {
                row.iter_mut().zip(to).for_each(|(weight, to)| *weight *= from / to);
            }
        }
        Map::Conv(conv, weights) => {
            let [outputs, inputs, height, width] = conv.shape;
            let [channels, each] = channels(&way.from_shape);
            let of_channel = |channel: usize| &from[channel * each..(channel + 1) * each];
            let mixed = |channel: usize| of_channel(channel).windows(2).any(|pair| pair[0].total_cmp(&pair[1]).is_ne());
            if (0..channels).any(mixed) {
                return Err("its channels gather several of the layer before: calibrate by layer".to_owned());
            }
            let neurons = to.len() / outputs.max(1);
            let taps = height * width;
            for (at, weight) in weights.iter_mut().enumerate() {
                let (output, input) = (at / (inputs * taps), at / taps % inputs);
                let group = output / (outputs / conv.groups.max(1));
                *weight *= of_channel(group * inputs + input)[0] / to[output * neurons];
            }
        }
        Map::Pool(_, weight) => *weight *= from[0] / to[0],
        Map::Scale(factors) => {
            let [count, each] = channels(&layer.shape);
            let factor = |channel: usize| {
                let own = factors.get(channel).or(factors.first()).copied().unwrap_or(1.0);
                own * from[channel * each] / to[channel * each]
            };
            *factors = (0..count).map(factor).collect();
        }
    }
    Ok(own)
}
