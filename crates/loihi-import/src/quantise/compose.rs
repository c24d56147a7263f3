//! Layers without neurons, one behind the other, as the weights that they make together.

use super::linear::{Linear, LinearLayer};
use loihi_net::network::{Conv2d, Pool2d, planes, size};
use std::collections::BTreeMap;

/// Weights in floating point.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Weights {
    /// `[neurons, sources]`.
    Dense(Vec<f64>),
    /// A source, its neuron.
    OneToOne(Vec<f64>),
    /// A convolution; the geometry has no weights.
    Conv(Conv2d, Vec<f64>),
    /// A pool.
    Pool(Pool2d, f64),
    /// Source, neuron, weight, delay.
    Sparse(Vec<(usize, usize, f64, u8)>),
}

impl Weights {
    /// All of them, each once.
    pub(super) fn stored(&self) -> Vec<f64> {
        match self {
            Self::Dense(weights) | Self::OneToOne(weights) | Self::Conv(_, weights) => weights.clone(),
            Self::Pool(_, weight) => vec![*weight],
            Self::Sparse(synapses) => synapses.iter().map(|(_, _, weight, _)| *weight).collect(),
        }
    }

    /// Synapses of a neuron.
    pub(super) fn fan_in(&self, neurons: usize) -> usize {
        match self {
            Self::Dense(weights) => weights.len() / neurons.max(1),
            Self::OneToOne(_) => 1,
            Self::Conv(conv, _) => conv.shape[1] * conv.shape[2] * conv.shape[3],
            Self::Pool(pool, _) => pool.kernel[0] * pool.kernel[1],
            Self::Sparse(synapses) => synapses.len().div_ceil(neurons.max(1)),
        }
    }
}

/// The weights of layers in a row between a source and a population of these shapes; `dense` to have all of them, for sums
/// of values.
pub(super) fn compose(layers: &[&Linear], shapes: [&[usize]; 2], gain: &[f64], dense: bool) -> (Weights, Vec<u8>) {
    let sources = size(shapes[0]);
    let uniform =
        |values: &[f64]| values.first().copied().filter(|first| values.iter().all(|own| own.total_cmp(first).is_eq()));
    let mut factor = uniform(gain);
    let mut kept: Vec<&Linear> = Vec::new();
    for linear in layers {
        match &linear.layer {
            LinearLayer::Same => {}
            LinearLayer::Scale(factors) if uniform(factors).is_some() => {
                factor = factor.zip(uniform(factors)).map(|(a, b)| a * b);
            }
            _ => kept.push(linear),
        }
    }
    // A shape that changes on the way is another plane than that of the source, or of the population.
    let [from, to] = shapes.map(planes);
    let mut planes_before = from;
    for linear in &kept {
        planes_before = planes_before.filter(|before| planes(&linear.from) == Some(*before)).and(planes(&linear.to));
    }
    let straight = planes_before == to;
    if let (false, true, Some(factor), Some(from), Some(to)) = (dense, straight, factor, from, to) {
        let times = |weights: &[f64], by: f64| weights.iter().map(|weight| weight * by).collect();
        let found = match &*kept.iter().map(|linear| &linear.layer).collect::<Vec<_>>() {
            [LinearLayer::Pool(pool, own), LinearLayer::Conv(conv, weights)] => pooled(*pool, conv, weights, from, to)
                .map(|(conv, weights)| Weights::Conv(conv, times(&weights, own * factor))),
            [LinearLayer::Conv(conv, weights)] => Some(Weights::Conv(conv.clone(), times(weights, factor))),
            [LinearLayer::Pool(pool, own)] => Some(Weights::Pool(*pool, own * factor)),
            _ => None,
        };
        if let Some(weights) = found {
            return (weights, vec![0; sources]);
        }
    }
    by_columns(layers, sources, gain, dense)
}

/// A pool and then a convolution as one convolution with a larger kernel; none where windows overlap or do not come out.
fn pooled(
    pool: Pool2d,
    conv: &Conv2d,
    weights: &[f64],
    from: [usize; 3],
    to: [usize; 3],
) -> Option<(Conv2d, Vec<f64>)> {
    let own = pool.kernel;
    let whole = (0..2).all(|at| from[at + 1].is_multiple_of(own[at]));
    if own != pool.stride || pool.padding != [0; 2] || !whole || conv.dilation != [1; 2] {
        return None;
    }
    let [outputs, inputs, height, width] = conv.shape;
    let shape = [outputs, inputs, height.checked_mul(own[0])?, width.checked_mul(own[1])?];
    let times_own = |steps: [usize; 2]| Some([steps[0].checked_mul(own[0])?, steps[1].checked_mul(own[1])?]);
    let larger = Conv2d::new(shape, Vec::new())
        .stride(times_own(conv.stride)?)
        .padding(times_own(conv.padding)?)
        .dilation(conv.dilation)
        .groups(conv.groups);
    if larger.output_shape(from)? != to || size(&shape) > 1 << 24 {
        return None;
    }
    let place = |at: usize| {
        let (plane, y, x) = (at / (shape[2] * shape[3]), at / shape[3] % shape[2], at % shape[3]);
        weights.get((plane * height + y / own[0]) * width + x / own[1]).copied().unwrap_or(0.0)
    };
    Some((larger, (0..size(&shape)).map(place).collect()))
}

fn by_columns(layers: &[&Linear], sources: usize, gain: &[f64], dense: bool) -> (Weights, Vec<u8>) {
    let neurons = gain.len();
    let mut synapses = Vec::new();
    let mut delays = vec![0; sources];
    let mut delay_each = true;
    for (source, delay_of) in delays.iter_mut().enumerate() {
        let mut reached = BTreeMap::from([((source, 0_u8), 1.0)]);
        for linear in layers {
            let mut next: BTreeMap<(usize, u8), f64> = BTreeMap::new();
            for ((at, delay), value) in &reached {
                linear.visit(*at, |to, weight, more| {
                    *next.entry((to, delay.saturating_add(more))).or_default() += weight * value;
                });
            }
            reached = next;
        }
        *delay_of = reached.keys().next().map_or(0, |(_, delay)| *delay);
        delay_each &= reached.keys().all(|(_, delay)| delay == delay_of);
        synapses.extend(
            reached
                .into_iter()
                .map(|((to, delay), weight)| (source, to, weight * gain.get(to).copied().unwrap_or(0.0), delay)),
        );
    }
    if !delay_each && !dense {
        let least = synapses.iter().map(|(.., delay)| *delay).min().unwrap_or(0);
        for (.., delay) in &mut synapses {
            *delay -= least;
        }
        return (Weights::Sparse(synapses), vec![least; sources]);
    }
    if !dense && synapses.len() == sources && sources == neurons && synapses.iter().all(|(from, to, ..)| from == to) {
        return (Weights::OneToOne(synapses.into_iter().map(|(_, _, weight, _)| weight).collect()), delays);
    }
    if dense || synapses.len().saturating_mul(2) >= neurons.saturating_mul(sources) {
        let mut weights = vec![0.0; neurons * sources];
        for (from, to, weight, _) in synapses {
            weights[to * sources + from] += weight;
        }
        return (Weights::Dense(weights), delays);
    }
    let synapses = synapses.into_iter().filter(|(_, _, weight, _)| *weight != 0.0);
    (Weights::Sparse(synapses.map(|(from, to, weight, _)| (from, to, weight, 0)).collect()), delays)
}
