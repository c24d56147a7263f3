//! Connections: which source reaches which neuron, with what weight and delay.

use super::conv::planes;
use super::{Conv2d, Each, Endpoint, Pool2d, size};
use loihi_core::num::{Delay, Weight, WeightExponent};
use loihi_core::synapse::{SignMode, fold};

/// Which signs a connection's weights have, and so in what steps its mantissas come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Both; mantissas −256..=254 are even, since a bit is spent on the sign.
    Mixed,
    /// Not negative: 0..=255.
    Excitatory,
    /// Not positive: −256..=0.
    Inhibitory,
    /// Both, −256..=255 in steps of 1: positive and negative weights are connections of their own, with an axon each.
    Split,
}

impl Signs {
    /// The sign mode in which a weight is stored.
    pub const fn mode(self, mantissa: i32) -> SignMode {
        match self {
            Self::Mixed => SignMode::Mixed,
            Self::Inhibitory => SignMode::Inhibitory,
            Self::Split if mantissa < 0 => SignMode::Inhibitory,
            Self::Excitatory | Self::Split => SignMode::Excitatory,
        }
    }
}

/// Weight mantissas and who has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// `[neurons, sources]`, sources fastest.
    Dense(Vec<i16>),
    /// Every source reaches the neuron of the same number.
    OneToOne(Each<i16>),
    /// A convolution.
    Conv2d(Conv2d),
    /// A pool.
    Pool2d(Pool2d),
    /// Single synapses in ascending order of source, then neuron.
    Sparse(Vec<SparseSynapse>),
}

/// One synapse of [`Weights::Sparse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SparseSynapse {
    /// Source element.
    pub source: usize,
    /// Neuron.
    pub neuron: usize,
    /// Weight mantissa.
    pub weight: i16,
    /// Steps of delay on top of those of its source.
    pub delay: u8,
}

/// How the cores change the weights of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learning {
    /// The rule, as [`loihi_image::rule::parse`] reads it.
    pub rule: String,
    /// Traces x1, x2, y1, y2, y3: impulse and time constant in thousandths of a step.
    pub traces: [Option<TraceShape>; 5],
    /// Steps of an epoch, 1..=64.
    pub epoch_steps: u32,
}

/// What a spike adds to a trace, and how it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceShape {
    /// 0..=127.
    pub impulse: i32,
    /// Time constant of the decay in thousandths of a step; 0 for a trace that does not decay.
    pub tau_millisteps: u32,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where its spikes come from.
    pub from: Endpoint,
    /// The population that it reaches, by its place in the list.
    pub to: usize,
    /// Which compartment of a neuron it enters, leaves first.
    pub compartment: usize,
    /// Weight mantissas.
    pub weights: Weights,
    /// Exponent of all of them: a spike adds `floor(mantissa · 2^exponent) · 64` to the current.
    pub wgt_exp: WeightExponent,
    /// Signs of all of them.
    pub signs: Signs,
    /// Precision, 0..=8 without 7.
    pub weight_bits: u32,
    /// Steps of delay of every source beyond the one that every spike takes.
    pub delay: Each<Delay>,
    /// How the weights change, if they do.
    pub learning: Option<Learning>,
}

impl Connection {
    /// A connection of exponent 0, 8 bits, both signs, no delay, to a neuron's first compartment.
    pub fn new(from: Endpoint, to: Endpoint, weights: Weights) -> Self {
        let (Endpoint::Population(to) | Endpoint::Input(to)) = to;
        Self {
            from,
            to,
            compartment: 0,
            weights,
            wgt_exp: WeightExponent::saturating(0),
            signs: Signs::Mixed,
            weight_bits: 8,
            delay: Each::Same(Delay::saturating(0)),
            learning: None,
        }
    }

    /// What a spike adds through a synapse, in units of 64.
    pub fn folded(&self, mantissa: i16) -> i16 {
        let signs = self.signs.mode(i32::from(mantissa));
        fold(Weight::saturating(i32::from(mantissa)), self.wgt_exp, self.weight_bits, signs)
    }

    /// Hands neuron, weight mantissa and delay of every synapse of a source to `visit`.
    ///
    /// `from` and `to` are the shapes at both ends; shapes that do not fit have no synapses.
    pub fn visit(&self, [from, to]: [&[usize]; 2], source: usize, mut visit: impl FnMut(usize, i16, usize)) {
        let delay = self.delay.get(source).map_or(0, |delay| usize::try_from(delay.get()).unwrap_or(0));
        match &self.weights {
            Weights::Dense(weights) => {
                let column = weights.iter().skip(source).step_by(size(from).max(1));
                column.enumerate().for_each(|(neuron, weight)| visit(neuron, *weight, delay));
            }
            Weights::OneToOne(weights) => {
                if let Some(weight) = weights.get(source) {
                    visit(source, *weight, delay);
                }
            }
            Weights::Conv2d(conv) => {
                if let (Some(from), Some(to)) = (planes(from), planes(to)) {
                    conv.visit(from, to, source, |neuron, weight| visit(neuron, weight, delay));
                }
            }
            Weights::Pool2d(pool) => {
                if let (Some(from), Some(to)) = (planes(from), planes(to)) {
                    pool.visit(from, to, source, |neuron, weight| visit(neuron, weight, delay));
                }
            }
            Weights::Sparse(synapses) => {
                let first = synapses.partition_point(|synapse| synapse.source < source);
                for synapse in synapses[first..].iter().take_while(|synapse| synapse.source == source) {
                    visit(synapse.neuron, synapse.weight, delay + usize::from(synapse.delay));
                }
            }
        }
    }
}
