//! Populations: neurons, and the registers of their compartments.

use super::{Bias, Each, Shape, size};
use loihi_core::image::Profile;

/// A periodic reset of neurons: before they compute step `offset_steps` of every `interval_steps` of a sample, currents and
/// voltages return to 0 ([`loihi_core::rules::PeriodicResetParams`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodicReset {
    /// Steps from one time to the next, 1..=2^31 − 1.
    pub interval_steps: u32,
    /// Steps of a sample before the first time, below `interval_steps`.
    pub offset_steps: u32,
}

/// Neurons with the same structure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Population {
    /// Its name, unlike any other in the network.
    pub name: String,
    /// Extents, channels first: `[n]`, `[c, w]` or `[c, h, w]`; neurons count with the last extent fastest.
    pub shape: Vec<usize>,
    /// The compartments of a neuron, leaves of its tree first; the last one is the soma, which sends the spikes. Usually
    /// one.
    pub compartments: Vec<Each<Profile>>,
    /// Bias of every neuron, at its first compartment.
    pub bias: Each<Bias>,
    /// Voltage of every neuron's soma at the start of a run and of a sample, −2^23 + 1..=2^23 − 1.
    pub v_start: Each<i32>,
    /// When all of them are reset, if they are at other times than the start of a sample.
    pub reset: Option<PeriodicReset>,
}

impl Population {
    /// Neurons of one compartment each, with the registers of [`Profile::DEFAULT`]: no current stays, all voltage does,
    /// and any voltage above 0 fires.
    ///
    /// ```
    /// use loihi_net::network::Population;
    ///
    /// let hidden = Population::new("hidden", 128).decay_u(1024).decay_v(128).v_th(80).refractory(2);
    /// assert_eq!(hidden.compartments[0].values()[0].v_th, 80 * 64);
    /// ```
    pub fn new(name: impl Into<String>, shape: impl Into<Shape>) -> Self {
        let Shape(shape) = shape.into();
        Self {
            name: name.into(),
            shape,
            compartments: vec![Each::Same(Profile::DEFAULT)],
            bias: Each::Same(Bias::ZERO),
            v_start: Each::Same(0),
            reset: None,
        }
    }

    /// Sets all registers of neurons of one compartment: a profile for all, or one for each.
    #[must_use]
    pub fn profile(self, profile: impl Into<Each<Profile>>) -> Self {
        self.compartments([profile.into()])
    }

    /// Sets the registers of neurons of several compartments, leaves first, the soma last.
    #[must_use]
    pub fn compartments(mut self, compartments: impl Into<Vec<Each<Profile>>>) -> Self {
        self.compartments = compartments.into();
        self
    }

    /// Sets the decay of the current of all compartments, in 4096ths a step, 0..=4096.
    #[must_use]
    pub fn decay_u(self, decay_u: i32) -> Self {
        self.with(|profile| profile.decay_u = decay_u)
    }

    /// Sets the decay of the voltage of all compartments, in 4096ths a step, 0..=4096.
    #[must_use]
    pub fn decay_v(self, decay_v: i32) -> Self {
        self.with(|profile| profile.decay_v = decay_v)
    }

    /// Sets the threshold of all compartments, 0..=131071: they fire above `v_th · 64`.
    #[must_use]
    pub fn v_th(self, v_th: i32) -> Self {
        self.with(|profile| profile.v_th = v_th.saturating_mul(64))
    }

    /// Sets the refractory period of all compartments in steps, 1..=64.
    #[must_use]
    pub fn refractory(self, refractory: i32) -> Self {
        self.with(|profile| profile.refractory = refractory)
    }

    /// Sets the bias of every neuron, one for all or one for each.
    #[must_use]
    pub fn bias(mut self, bias: impl Into<Each<Bias>>) -> Self {
        self.bias = bias.into();
        self
    }

    /// Sets the voltage of every neuron's soma at the start, one for all or one for each.
    #[must_use]
    pub fn v_start(mut self, v_start: impl Into<Each<i32>>) -> Self {
        self.v_start = v_start.into();
        self
    }

    /// Resets currents and voltages periodically.
    #[must_use]
    pub const fn reset(mut self, reset: PeriodicReset) -> Self {
        self.reset = Some(reset);
        self
    }

    fn with(mut self, set: impl Fn(&mut Profile)) -> Self {
        for profiles in &mut self.compartments {
            match profiles {
                Each::Same(profile) => set(profile),
                Each::Every(profiles) => profiles.iter_mut().for_each(&set),
            }
        }
        self
    }

    /// Number of neurons.
    pub fn neurons(&self) -> usize {
        size(&self.shape)
    }

    /// Number of compartments of all neurons.
    pub fn compartments_total(&self) -> usize {
        self.neurons().saturating_mul(self.compartments.len())
    }
}
