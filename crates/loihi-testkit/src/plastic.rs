//! Plastic groups of recorded vectors in one form, whichever emulator they come from.

use loihi_core::num::Purpose;
use loihi_core::register::Register;
use loihi_image::image::{DecayTable, Plasticity, Source};
use std::ops::Range;

/// What a vector says of learning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learning {
    /// The plastic groups.
    pub groups: Vec<PlasticGroup>,
    /// Recorded random words.
    pub recorded_draws: Vec<RecordedDraws>,
    /// What is written before the first step.
    pub start: Vec<Words>,
    /// What is written before each step.
    pub writes: Vec<Vec<Words>>,
    /// What registers hold after each step.
    pub expected: Vec<Vec<Words>>,
}

/// Plastic synapses that share a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlasticGroup {
    /// The axons, with their synapses.
    pub axons: Vec<(Source, Vec<PlasticSynapse>)>,
    /// Compartments that have post traces.
    pub posts: Range<usize>,
    /// Traces x1, x2, y1, y2, y3; one that is not there keeps what is written.
    pub traces: [Option<TraceParameters>; 5],
    /// How they learn. Its traces are 0 until the builder of the network has numbered those above.
    pub plasticity: Plasticity,
}

/// One plastic synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlasticSynapse {
    /// Compartment.
    pub post: u32,
    /// Mantissa of the initial weight.
    pub mantissa: i16,
    /// Steps of delay.
    pub delay: usize,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParameters {
    /// What a spike adds.
    pub impulse: i32,
    /// Chance of 1 more, in units of 2^-32.
    pub impulse_fraction: u32,
    /// Decay.
    pub decay: DecayTable,
    /// Decay with an impulse, if they are rounded together.
    pub joint: Option<DecayTable>,
}

/// Recorded random words of a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDraws {
    /// What they are for.
    pub purpose: Purpose,
    /// Steps that share a row.
    pub epoch_steps: u32,
    /// Words of a row.
    pub per_row: u32,
    /// The words.
    pub words: Vec<u32>,
}

/// Words of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The register.
    pub register: Register,
    /// All of its words, or the first of them.
    pub words: Vec<i32>,
}
