//! Inputs: what comes from outside, and how it enters.

use super::{Encoding, Shape};
use loihi_core::num::BiasExponent;

/// How an input enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// As spikes, which connections lead on.
    Spikes,
    /// As biases of a population of the same size, which stay for a whole sample.
    Bias {
        /// The population, by its place in the list.
        population: usize,
        /// What a value of 1 adds to the bias, in units of 2^-16.
        gain_q16: i32,
        /// What is added to it.
        offset: i32,
    },
    /// As values whose weighted sums the embedded CPU writes as biases, before every step
    /// ([`loihi_core::rules::BiasEncoderParams`]).
    Weighted(Weighted),
}

/// A layer that the embedded CPU computes: the bias of neuron i is `offset_i + Σ_d (gain_id · x_d) >> 12`, `x` in Q3.12.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weighted {
    /// The population, by its place in the list.
    pub population: usize,
    /// `[neurons, values]`, values fastest.
    pub gains: Vec<i32>,
    /// One a neuron.
    pub offsets: Vec<i32>,
    /// Exponent of the biases.
    pub exponent: BiasExponent,
}

impl Weighted {
    /// Weighted sums for a population, in steps of 1: `gains` are `[neurons, values]`, values fastest; `offsets` one a
    /// neuron.
    pub const fn new(population: usize, gains: Vec<i32>, offsets: Vec<i32>) -> Self {
        Self { population, gains, offsets, exponent: BiasExponent::saturating(0) }
    }

    /// Sets the exponent of the biases.
    #[must_use]
    pub const fn exponent(mut self, exponent: BiasExponent) -> Self {
        self.exponent = exponent;
        self
    }
}

impl Entry {
    /// The population whose biases it sets.
    pub const fn driven(&self) -> Option<usize> {
        match self {
            Self::Spikes => None,
            Self::Bias { population, .. } | Self::Weighted(Weighted { population, .. }) => Some(*population),
        }
    }
}

/// Something that comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// Its name, unlike any other in the network.
    pub name: String,
    /// Extents, channels first: `[n]`, `[c, w]` or `[c, h, w]`.
    pub shape: Vec<usize>,
    /// How it enters.
    pub entry: Entry,
    /// How samples become its spikes.
    pub encoding: Encoding,
}

impl Input {
    /// An input of this shape.
    pub fn new(name: impl Into<String>, shape: impl Into<Shape>, entry: Entry) -> Self {
        let Shape(shape) = shape.into();
        Self { name: name.into(), shape, entry, encoding: Encoding::default() }
    }

    /// Says how samples become its spikes.
    #[must_use]
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }
}
