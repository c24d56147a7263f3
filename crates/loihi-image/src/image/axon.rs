//! Stored synapses, and the axons that use them.

use loihi_core::image::SynapseFormat;

/// Synapses that are stored once; any number of axons can use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapses {
    pub(super) format: SynapseFormat,
    pub(super) first: usize,
    pub(super) per_atom: usize,
    pub(super) atoms: usize,
    pub(super) delay_max: usize,
}

/// What an axon has besides its synapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AxonOptions {
    /// The compartment of the core that the synapses count from.
    pub compartment_base: usize,
    /// 0 for the core's own synaptic sum, else what [`super::ImageBuilder::sum`] returned.
    pub sum: usize,
    /// Precision of the weights, 0..=8 without 7: what they take of the chip's memory.
    pub weight_bits: u32,
}

impl Default for AxonOptions {
    fn default() -> Self {
        Self { compartment_base: 0, sum: 0, weight_bits: 8 }
    }
}

impl AxonOptions {
    /// Sets the compartment of the core that the synapses count from.
    #[must_use]
    pub const fn compartment_base(mut self, compartment_base: usize) -> Self {
        self.compartment_base = compartment_base;
        self
    }

    /// Sets the accumulator that the synapses enter.
    #[must_use]
    pub const fn sum(mut self, sum: usize) -> Self {
        self.sum = sum;
        self
    }

    /// Sets the precision of the weights, 0..=8 without 7.
    #[must_use]
    pub const fn weight_bits(mut self, weight_bits: u32) -> Self {
        self.weight_bits = weight_bits;
        self
    }
}
