//! Parameters that are trained: real numbers behind registers of the chip.
//!
//! The forward pass computes with the nearest registers, and gradients go through the rounding as if it were not there.

use crate::grid::Grid;
use crate::optimiser::AdamW;
use loihi_core::image::Profile;
use loihi_core::num::{Decay, Delay, ThresholdMantissa};

/// A register of compartments that can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Decay of the current.
    DecayU,
    /// Decay of the voltage.
    DecayV,
    /// Threshold, by its mantissa.
    VTh,
}

/// What a group of parameters is, by the place of its connection or population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Mantissas of the weights of a connection, in the order of its ways.
    Weights(usize),
    /// Delays of a connection in steps, one a source.
    Delays(usize),
    /// Biases of a population, one a neuron.
    Bias(usize),
    /// A register of the compartments of a population that spike, one value a profile of the file.
    Register(usize, Register),
}

/// A group of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// What they are.
    pub place: Place,
    /// Their values, in units of the register.
    pub values: Vec<f32>,
    /// What these are rounded to.
    pub grid: Grid,
    /// The derivative of what gradients are by (a sum in units of 64, a step, a share that is kept, a voltage) by a value.
    pub per_unit: f32,
    /// Learning rate: about what a value moves in a step of the optimiser.
    pub rate: f32,
    /// Share of a value that a step takes away at a rate of 1.
    pub weight_decay: f32,
}

impl Register {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DecayU, Self::DecayV, Self::VTh];

    /// Its key in a network file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::DecayU => "decay_u",
            Self::DecayV => "decay_v",
            Self::VTh => "v_th",
        }
    }

    /// What it is in a profile; of a threshold the mantissa.
    pub const fn of(self, profile: &Profile) -> i32 {
        match self {
            Self::DecayU => profile.decay_u,
            Self::DecayV => profile.decay_v,
            Self::VTh => profile.v_th >> 6,
        }
    }

    /// Values that are trained to. A threshold of 0 has no width for a surrogate.
    pub const fn grid(self) -> Grid {
        match self {
            Self::DecayU | Self::DecayV => Grid::whole(Decay::MIN, Decay::MAX),
            Self::VTh => Grid::whole(1, ThresholdMantissa::MAX),
        }
    }

    /// See [`Parameters::per_unit`]: a decay takes away from what is kept.
    pub const fn per_unit(self) -> f32 {
        match self {
            Self::DecayU | Self::DecayV => -1.0 / 4096.0,
            Self::VTh => 64.0,
        }
    }
}

impl Place {
    /// Its key in a network file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Weights(_) => "weights",
            Self::Delays(_) => "delay",
            Self::Bias(_) => "bias",
            Self::Register(_, register) => register.key(),
        }
    }
}

impl Parameters {
    /// Delays of at most `max_steps`, of a connection at a place.
    #[expect(clippy::cast_precision_loss, reason = "at most 62")]
    pub fn delays(connection: usize, delays: impl Iterator<Item = i32>, max_steps: u8, rate: f32) -> Self {
        Self {
            place: Place::Delays(connection),
            values: delays.map(|delay| delay as f32).collect(),
            grid: Grid::whole(Delay::MIN, max_steps.into()),
            per_unit: 1.0,
            rate,
            weight_decay: 0.0,
        }
    }

    /// A register of the profiles of a population at a place.
    #[expect(clippy::cast_precision_loss, reason = "at most 17 bits")]
    pub fn register<'p>(
        population: usize,
        register: Register,
        profiles: impl Iterator<Item = &'p Profile>,
        rate: f32,
    ) -> Self {
        Self {
            place: Place::Register(population, register),
            values: profiles.map(|profile| register.of(profile) as f32).collect(),
            grid: register.grid(),
            per_unit: register.per_unit(),
            rate,
            weight_decay: 0.0,
        }
    }

    /// Registers, as they are rounded to.
    pub fn rounded(&self) -> impl Iterator<Item = i32> {
        self.values.iter().map(|value| self.grid.nearest(*value))
    }

    /// The optimiser's step for these, at a share of their rate.
    pub fn optimiser(&self, share: f64, betas: [f32; 2]) -> AdamW {
        #[expect(clippy::cast_possible_truncation, reason = "a rate may be rounded")]
        let rate = (f64::from(self.rate) * share) as f32;
        AdamW { rate, betas, weight_decay: self.weight_decay }
    }
}
