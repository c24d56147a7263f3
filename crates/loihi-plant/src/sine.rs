//! A sine that a network passes on, or whose power it gives, in steps of 1 ms.
//!
//! It senses the sine, and teaches what its action should be. Its cost is the difference, through a low-pass filter.

use super::range::{finite, positive};
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

    fn observation(&self) -> Observation {
        let sensed = self.sensed();
        let target = sensed.powi(self.power.into());
        Observation { sensed: vec![sensed], error: vec![target], cost: Some(self.filtered), ..Observation::default() }
    }
}

impl Plant for Sine {
    fn ports(&self) -> Ports {
        Ports { sensed: 1, actions: 1, errors: 1 }
    }

    fn teaches(&self) -> Teaches {
        Teaches::Targets
    }

    fn reset(&mut self, _: u32) -> Result<Observation, PlantError> {
        (self.steps, self.filtered) = (0, 0.0);
        Ok(self.observation())
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.steps += 1;
        // The network answers a step late, and is compared with the step that is to come.
        let error = action.iter().sum::<f64>() - self.sensed().powi(self.power.into());
        let keep = (-1.0 / self.probe_tau_steps).exp();
        self.filtered = keep * self.filtered + (1.0 - keep) * error;
        Ok(self.observation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_and_its_square() {
        let sine = |power| Sine { frequency_hz: 250.0, power, probe_tau_steps: 20.0, steps: 0, filtered: 0.0 };
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
