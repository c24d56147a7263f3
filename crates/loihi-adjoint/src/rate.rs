//! The backward pass by rates, in tandem with units of an ANN (Wu and others, 2021, arXiv 1907.01167): forward, neurons spike as on
//! the chip; backward, a neuron is a rectified unit, whose activation is its number of spikes.
//!
//! A unit of charge makes `1 / v_th` spikes, whenever it arrives, while a sample brings a neuron more of it than it takes away, and
//! less than makes it spike in every step. Neurons that answer have this derivative everywhere, so that none is lost. Voltages
//! count as if they did not leak, and resets as if they subtracted the threshold.

use crate::arithmetic::Registers;
use serde::{Deserialize, Serialize};

/// How derivatives go back through neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backward {
    /// Step by step, with a surrogate for the derivative of a spike.
    #[default]
    Time,
    /// The same as if voltages were never reset: a spike that arrives has its whole response, whatever the neuron did meanwhile
    /// (SLAYER: Shrestha and Orchard, 2018, arXiv 1810.08646).
    Kernel,
    /// By the number of spikes of a sample.
    Rate,
}

/// A neuron of a sample, in all steps.
#[derive(Clone, Copy, Debug)]
pub struct Neuron<'n> {
    /// The registers of its population.
    pub registers: &'n Registers,
    /// Its place among them.
    pub place: usize,
    /// Its bias, at the end of the sample.
    pub bias: i32,
    /// Whether it answers.
    pub answers: bool,
}

impl Backward {
    /// What it is called in a network file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Kernel => "kernel",
            Self::Rate => "rate",
        }
    }
}

impl Neuron<'_> {
    /// Charge that a unit of a sum brings in a sample of this many steps.
    #[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
    fn charge(&self, steps: usize) -> f32 {
        let decay_u = 4096 - self.registers.keep_u[self.place];
        64.0 * (4096.0 / decay_u.max(1) as f32).min(steps as f32)
    }

    /// The derivative of the loss by a sum, in whichever step; `sum` is that of all steps, `by_count` the derivative by the number
    /// of spikes, and `by_voltage` that by the voltage after the last step.
    #[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
    pub fn back(&self, steps: usize, sum: f32, by_count: f32, by_voltage: f32) -> f32 {
        let charge = self.charge(steps);
        let all = sum * charge + self.bias as f32 * steps as f32;
        let v_th = self.registers.v_th[self.place].max(1) as f32;
        let follows = self.answers || (0.0 < all && all < v_th * steps as f32);
        charge * (if follows { by_count / v_th } else { 0.0 } + by_voltage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::{Row, State, step};
    use loihi_core::image::Profile;

    const STEPS: usize = 40_000;

    /// Spikes of a neuron at whose soma a sum arrives in every step.
    fn count(profile: &Profile, sum: f32, bias: i32) -> f32 {
        let registers = Registers::of([profile].into_iter());
        let mut state = State::default();
        state.rest(1, &[0]);
        let mut count = 0.0;
        for _ in 0..STEPS {
            let (mut spikes, mut slopes, mut keeps) = ([0.0], [], []);
            let row =
                &mut Row { sums: &[sum], biases: &[bias], spikes: &mut spikes, slopes: &mut slopes, keeps: &mut keeps };
            step(&registers, &mut state, row, None);
            count += spikes[0];
        }
        count
    }

    /// An integrator with a threshold far above what a step brings: its reset throws little away.
    #[test]
    fn the_derivative_is_the_slope_of_the_count() {
        for (decay_u, bias) in [(4096, 0), (4096, 900), (1024, 0), (2048, -500)] {
            let profile = Profile { decay_u, decay_v: 0, v_th: 2_000_000, ..Profile::DEFAULT };
            let registers = Registers::of([&profile].into_iter());
            let neuron = Neuron { registers: &registers, place: 0, bias, answers: false };
            #[expect(clippy::cast_precision_loss, reason = "40,000")]
            let steps = STEPS as f32;
            let difference = (count(&profile, 60.0, bias) - count(&profile, 40.0, bias)) / 20.0;
            // The same more in every step.
            let slope = steps * neuron.back(STEPS, 50.0 * steps, 1.0, 0.0);
            assert!((difference / slope - 1.0).abs() < 0.1, "decay_u {decay_u}, bias {bias}: {difference}, {slope}");
        }
    }

    #[test]
    fn what_is_silent_or_always_spikes_has_no_derivative_but_by_its_voltage() {
        let registers = Registers::of([&Profile { decay_u: 4096, v_th: 640, ..Profile::DEFAULT }].into_iter());
        let neuron = Neuron { registers: &registers, place: 0, bias: -1, answers: false };
        assert_eq!(neuron.back(10, 0.0, 1.0, 0.0).to_bits(), 0);
        assert!((neuron.back(10, 0.0, 1.0, 0.5) - 32.0).abs() < 1e-6);
        assert!((neuron.back(10, 1.0, 1.0, 0.0) - 0.1).abs() < 1e-6);
        // Ten steps of a threshold each.
        assert_eq!(neuron.back(10, 101.0, 1.0, 0.0).to_bits(), 0);
        let answers = Neuron { answers: true, ..neuron };
        assert!([0.0, 1.0, 101.0].into_iter().all(|sum| (answers.back(10, sum, 1.0, 0.0) - 0.1).abs() < 1e-6));
    }
}
