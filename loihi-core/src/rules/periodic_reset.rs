//! Periodic reset: currents and voltages of compartments return to 0 every so often.
//!
//! Source: the process `LIFReset` of Lava, by which networks of lava-dl take one sample after the other.

use crate::image::{Image, Parameter, index};
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use serde::{Deserialize, Serialize};

/// Sets current and voltage of a run of compartments to 0 before they compute step `offset_steps` of every
/// `interval_steps`.
///
/// Steps count from 0, and from the last reset of the chip's state, so that every sample that begins with a reset meets
/// the same ones. Synaptic events of the step, biases and refractory periods stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeriodicResetParams {
    /// First compartment.
    pub compartment_first: u32,
    /// Number of compartments.
    pub count: u32,
    /// Steps from one time to the next, 1..=2^31 - 1.
    pub interval_steps: u32,
    /// Steps before the first time, below `interval_steps`.
    pub offset_steps: u32,
}

impl Default for PeriodicResetParams {
    /// No compartments.
    fn default() -> Self {
        Self { compartment_first: 0, count: 0, interval_steps: 1, offset_steps: 0 }
    }
}

impl Snip for PeriodicResetParams {
    /// Steps of the interval that have passed.
    fn working_words(&self) -> usize {
        1
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let [passed] = cpu.working else { return };
        let now = *passed;
        let next = now.wrapping_add(1);
        // Below the interval, whatever state was restored.
        *passed = if (1..self.interval_steps.cast_signed()).contains(&next) { next } else { 0 };
        if now == self.offset_steps.cast_signed() {
            let first = index(self.compartment_first);
            cpu.clear(first..first.saturating_add(index(self.count)));
        }
    }
}

impl SnipParams for PeriodicResetParams {
    const KIND: u32 = 12;
    const NAME: &'static str = "periodic-reset";
    const PHASES: Phases = Phases::only(Phase::Spk);
    type Snip = Self;

    crate::snip_words!(compartment_first, count, interval_steps, offset_steps);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require(i32::try_from(self.interval_steps).is_ok_and(|steps| steps > 0), "interval_steps")?;
        require(self.offset_steps < self.interval_steps, "offset_steps")?;
        require(fits(self.compartment_first, self.count, image.compartments()), "compartment_first")
    }
}
