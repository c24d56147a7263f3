//! Recorded vectors in one form, whichever emulator they come from.

use super::plastic::Learning;
use loihi_core::image::Profile;

/// Where a vector was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorKind {
    /// nengo-loihi's emulator.
    NengoNet,
    /// brian2-loihi.
    BrianNet,
    /// Lava's fixed-point models.
    LavaNet,
    /// The chip.
    ChipNet,
    /// nengo-loihi's emulator, learning by PES.
    NengoPes,
    /// brian2-loihi, learning.
    BrianLearn,
    /// Lava's learning connections.
    LavaLearn,
}

impl VectorKind {
    /// The network that a learning vector is beside its learning.
    #[must_use]
    pub const fn network(self) -> Self {
        match self {
            Self::NengoPes => Self::NengoNet,
            Self::BrianLearn => Self::BrianNet,
            Self::LavaLearn => Self::LavaNet,
            other => other,
        }
    }
}

/// Parameters and initial state of one compartment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compartment {
    /// Its parameters.
    pub profile: Profile,
    /// Bias in units of the voltage.
    pub bias: i32,
    /// Current before the first step.
    pub u: i32,
    /// Voltage before the first step.
    pub v: i32,
}

/// One synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// Number of the input or compartment that it comes from.
    pub pre: u32,
    /// Compartment that it goes to.
    pub post: u32,
    /// What a spike adds: in units of the current, or of the shifted sum if the group's sum is shifted.
    pub weight: i32,
    /// Steps of delay.
    pub delay: u32,
}

/// Synapses with one kind of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whether they come from external inputs; else from compartments.
    pub from_input: bool,
    /// Their sum is floored after a shift to the right by so much (Lava's negative exponents); `None` if each weight
    /// is final.
    pub sum_shift_right: Option<u32>,
    /// The synapses.
    pub synapses: Vec<Synapse>,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Compartments whose `u` and `v` are listed.
    pub probe: Vec<u32>,
    /// Current per step and probed compartment.
    pub u: Vec<Vec<i32>>,
    /// Voltage per step and probed compartment.
    pub v: Vec<Vec<i32>>,
    /// Voltage as the chip shows it, per step and probed compartment; empty if it was not recorded.
    pub v_readout: Vec<Vec<i32>>,
    /// Compartments that fired, per step.
    pub spikes: Vec<Vec<u32>>,
    /// FNV-1a 64 over the `u` and then the `v` of all compartments, per step.
    pub hashes: Vec<u64>,
}

/// A vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Its name.
    pub case: String,
    /// Where it was recorded.
    pub kind: VectorKind,
    /// Number of steps.
    pub steps: usize,
    /// The compartments.
    pub compartments: Vec<Compartment>,
    /// External inputs.
    pub inputs: u32,
    /// Inputs whose spikes count in each step.
    pub arrivals: Vec<Vec<u32>>,
    /// The synapses.
    pub groups: Vec<Group>,
    /// Recorded noise: per step a value per compartment; empty if no compartment has noise.
    pub noise: Vec<Vec<i32>>,
    /// What it learns, if it does.
    pub learning: Learning,
    /// What came out.
    pub expected: Expected,
    /// Why it cannot be replayed, if so.
    pub skip: Option<String>,
}
