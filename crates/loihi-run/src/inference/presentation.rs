//! How samples are shown to an input.

use loihi_data::events::Events;
use loihi_encode::Clock;
use loihi_net::network::{Coding, Encoding, Network, Time};

/// Most steps of a sample whose events alone say how long it is: at a millisecond, seventeen minutes.
pub const STEPS_MAX: u32 = 1_000_000;

/// Most spikes of a sample that are drawn from its values.
pub const SPIKES_MAX: u64 = 1 << 25;

/// Smallest change that [`Coding::Delta`] tells where the network says none, of 255.
const THRESHOLD: u8 = 8;

/// How samples are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// The input to which they are shown, by its place in the network's list.
    pub input: usize,
    /// How values become spikes, for inputs of spikes.
    pub coding: Option<Coding>,
    /// Steps of a sample, without those that the network takes after them; else the network's own, else what it has.
    pub steps: Option<u32>,
    /// Duration of a step, for events.
    pub step_us: u64,
    /// Where time begins, for events.
    pub time: Time,
    /// Smallest change that [`Coding::Delta`] tells.
    pub threshold: u8,
    /// Seed of [`Coding::Rate`] and [`Coding::Saccades`].
    pub seed: u32,
}

impl Presentation {
    /// To an input, as the network says: with its steps and time, and with the encoding of the input.
    pub fn new(network: &Network, input: usize) -> Self {
        let Encoding { coding, threshold, time, seed, .. } =
            network.inputs.get(input).map(|input| input.encoding).unwrap_or_default();
        let (time, threshold) = (time.unwrap_or_default(), threshold.unwrap_or(THRESHOLD));
        let (step_us, seed) = (network.step_us(), seed.unwrap_or(network.seed));
        Self { input, coding, steps: None, step_us, time, threshold, seed }
    }

    /// How the times of a recording become steps.
    pub(super) fn clock(&self, events: &Events) -> Clock {
        let start_us = match self.time {
            Time::First => events.start_us,
            Time::Absolute => 0,
        };
        Clock { start_us, step_us: self.step_us }
    }
}
