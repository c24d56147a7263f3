//! A sine that a network passes on, or whose power it gives, in steps of 1 ms.
//!
//! It senses the sine, and teaches what its action should be. Its cost is the difference, through a low-pass filter.

use super::range::{every_step, every_steps, finite, positive};
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports, STEP_S, Teaches};
use serde::Deserialize;
use std::f64::consts::TAU;

/// `sine`.
pub(super) const PLANT: PlantType =
    PlantType::new::<Sine>("sine", "a sine that is passed on, or its square", include_str!("../plants/sine.toml"));

/// A signal that no action moves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// Frequency in Hz.
    #[serde(deserialize_with = "finite")]
    pub frequency_hz: f64,
    /// Power of the sine that is to be given: 1 for the value itself, 2 for its square.
    pub power: u8,
    /// Time constant of the low-pass filter over the error that is reported, in steps.
    #[serde(deserialize_with = "positive")]
    pub probe_tau_steps: f64,
    /// Steps from one exchange to the next, 1 to 65535: the network is shown a value for as long.
    #[serde(default = "every_step", deserialize_with = "every_steps")]
    pub every_steps: u16,
    #[serde(skip)]
    steps: u64,
    /// The filtered error.
    #[serde(skip)]
    filtered: f64,
}

impl Sine {
    fn sensed(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
        let seconds = (self.steps + 1) as f64 * STEP_S;
        (TAU * self.frequency_hz * seconds).sin()
    }

    /// What the action should be.
    fn target(&self) -> f64 {
        self.sensed().powi(self.power.into())
    }

    fn observation(&self) -> Observation {
        Observation {
            sensed: vec![self.sensed()],
            error: vec![self.target()],
            cost: Some(self.filtered),
            ..Observation::default()
        }
    }
}

impl Plant for Sine {
    fn ports(&self) -> Ports {
        Ports { sensed: 1, actions: 1, errors: 1 }
    }

    fn every_steps(&self) -> u16 {
        self.every_steps
    }

    fn teaches(&self) -> Teaches {
        Teaches::Targets
    }

    fn reset(&mut self, _: u32) -> Result<Observation, PlantError> {
        (self.steps, self.filtered) = (0, 0.0);
        Ok(self.observation())
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        let held = self.target();
        self.steps += u64::from(self.every_steps);
        // The network answers a step late, and is compared with the step that is to come; a value that was held for several
        // steps is the one that it answers.
        let target = if self.every_steps > 1 { held } else { self.target() };
        let error = action.iter().sum::<f64>() - target;
        let keep = (-f64::from(self.every_steps) / self.probe_tau_steps).exp();
        self.filtered = keep * self.filtered + (1.0 - keep) * error;
        Ok(self.observation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(power: u8, every_steps: u16) -> Sine {
        Sine { frequency_hz: 250.0, power, probe_tau_steps: 20.0, every_steps, steps: 0, filtered: 0.0 }
    }

    #[test]
    fn a_value_that_is_held_is_what_is_answered() {
        let mut held = sine(1, 2);
        assert!((held.reset(0).unwrap().sensed[0] - 1.0).abs() < 1e-9);
        let after = held.step(&[1.0]).unwrap();
        assert!((after.sensed[0] + 1.0).abs() < 1e-9, "{after:?}");
        assert!(after.cost.unwrap().abs() < 1e-9, "{after:?}");
        assert!(
            toml::from_str::<Sine>("frequency_hz = 1.0\npower = 1\nprobe_tau_steps = 1.0\nevery_steps = 0\n").is_err()
        );
    }

    #[test]
    fn a_sine_and_its_square() {
        let sine = |power| sine(power, 1);
        let sensed = |observation: Observation| observation.sensed[0];
        assert!((sensed(sine(1).reset(0).unwrap()) - 1.0).abs() < 1e-9);
        let mut square = sine(2);
        square.reset(0).unwrap();
        square.step(&[0.0]).unwrap();
        let after = square.step(&[1.0]).unwrap();
        assert!((after.sensed[0] + 1.0).abs() < 1e-9 && (after.error[0] - 1.0).abs() < 1e-9, "{after:?}");
        assert!(after.cost.unwrap().abs() < 1e-9, "{after:?}");
    }
}
