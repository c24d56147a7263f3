//! A sum of sines that repeats, of which the network senses nothing: a pattern that it learns to generate.
//!
//! It teaches what the network's action should be. Amplitudes and phases that its file leaves out are drawn from the seed of
//! the episode, so that an episode of the same seed is the same pattern.

use super::range::all_finite;
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports, Teaches};
use loihi_net::draw::uniform;
use serde::Deserialize;
use std::f64::consts::TAU;

/// `sines`.
pub(super) const PLANT: PlantType = PlantType::new::<Sines>(
    "sines",
    "a sum of sines, drawn or given, to be generated without sensing it",
    include_str!("../plants/sines.toml"),
);

/// Most sines.
const SINES_MAX: usize = 64;
/// Most steps of a period.
const PERIOD_STEPS_MAX: u32 = 1 << 20;

/// A pattern that no action moves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Parameters")]
pub struct Sines {
    parameters: Parameters,
    /// The values from the first step of a period to the one that closes it.
    values: Vec<f64>,
    steps: usize,
}

/// What a file says of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Steps after which it repeats, 1..=2^20.
    period_steps: u32,
    /// Periods of each sine in them, 1..=64 sines.
    #[serde(deserialize_with = "all_finite")]
    periods: Vec<f64>,
    /// Of each sine; drawn from 0.5 to 2.0 if it is left out.
    #[serde(default, deserialize_with = "all_finite")]
    amplitudes: Vec<f64>,
    /// Of each sine, in its periods; drawn from 0 to 1 if it is left out.
    #[serde(default, deserialize_with = "all_finite")]
    phases: Vec<f64>,
    /// What is added to the sum.
    #[serde(default, deserialize_with = "super::range::finite")]
    offset: f64,
    /// Whether the sum is moved to begin at 0, and scaled to a largest magnitude of 1.
    #[serde(default)]
    normalised: bool,
}

impl TryFrom<Parameters> for Sines {
    type Error = String;

    fn try_from(parameters: Parameters) -> Result<Self, String> {
        let Parameters { period_steps, periods, amplitudes, phases, .. } = &parameters;
        if !(1..=PERIOD_STEPS_MAX).contains(period_steps) {
            return Err(format!("`period_steps` of {period_steps} is out of its range, 1 to {PERIOD_STEPS_MAX}"));
        }
        let sines = periods.len();
        if !(1..=SINES_MAX).contains(&sines) {
            return Err(format!("`periods` has {sines} values: give 1 to {SINES_MAX}, one for each sine"));
        }
        for (key, values) in [("amplitudes", amplitudes), ("phases", phases)] {
            if !values.is_empty() && values.len() != sines {
                let found = values.len();
                return Err(format!(
                    "`{key}` has {found} values for {sines} sines: give one for each, or leave it out"
                ));
            }
        }
        Ok(Self { parameters, values: Vec::new(), steps: 0 })
    }
}

impl Parameters {
    /// A period, and the step that closes it.
    fn values(&self, seed: u32) -> Vec<f64> {
        let sine = |(number, periods): (u32, &f64), step: u32| {
            let at = number as usize;
            let drawn = |stream| uniform(seed, number, 0, stream);
            let amplitude = self.amplitudes.get(at).copied().unwrap_or_else(|| 0.5 + 1.5 * drawn(1));
            let phase = self.phases.get(at).copied().unwrap_or_else(|| drawn(2));
            let turns = periods * f64::from(step) / f64::from(self.period_steps);
            amplitude * (TAU * (turns + phase)).sin()
        };
        let sum = |step| (0..).zip(&self.periods).map(|own| sine(own, step)).sum::<f64>() + self.offset;
        let values: Vec<f64> = (0..=self.period_steps).map(sum).collect();
        if !self.normalised {
            return values;
        }
        let first = values.first().copied().unwrap_or(0.0);
        let largest = values.iter().map(|value| (value - first).abs()).fold(f64::MIN_POSITIVE, f64::max);
        values.iter().map(|value| (value - first) / largest).collect()
    }
}

impl Sines {
    fn value(&self) -> f64 {
        let period = self.parameters.period_steps as usize;
        let at = self.steps.checked_sub(1).map_or(0, |before| before % period + 1);
        self.values.get(at).copied().unwrap_or(0.0)
    }

    fn observation(&self, cost: Option<f64>) -> Observation {
        Observation { error: vec![self.value()], cost, ..Observation::default() }
    }
}

impl Plant for Sines {
    fn ports(&self) -> Ports {
        Ports { sensed: 0, actions: 1, errors: 1 }
    }

    fn teaches(&self) -> Teaches {
        Teaches::Targets
    }

    fn reset(&mut self, seed: u32) -> Result<Observation, PlantError> {
        (self.values, self.steps) = (self.parameters.values(seed), 0);
        Ok(self.observation(None))
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.steps += 1;
        let cost = action.iter().sum::<f64>() - self.value();
        Ok(self.observation(Some(cost)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, seed: u32, steps: usize) -> Vec<f64> {
        let mut sines: Sines = toml::from_str(text).unwrap();
        let first = sines.reset(seed).unwrap().error[0];
        let others = (1..steps).map(|_| sines.step(&[0.0]).unwrap().error[0]);
        std::iter::once(first).chain(others).collect()
    }

    #[test]
    fn a_drawn_pattern_begins_at_0_reaches_1_and_repeats() {
        let text = "period_steps = 999\nperiods = [1.0, 2.0, 3.0, 5.0]\nnormalised = true\n";
        let values = pattern(text, 5, 1999);
        assert!(values[0].abs() < 1e-12);
        let largest = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!((largest - 1.0).abs() < 1e-12, "{largest}");
        assert!(values[1..1000].iter().zip(&values[1000..]).all(|(first, second)| first.to_bits() == second.to_bits()));
        assert_eq!(pattern(text, 5, 100), values[..100], "the same seed, the same pattern");
        assert_ne!(pattern(text, 6, 100), values[..100]);
    }

    #[test]
    fn a_given_pattern_is_the_sum_of_its_sines() {
        let text = "period_steps = 8\nperiods = [1.0]\namplitudes = [3.0]\nphases = [0.25]\noffset = -1.0\n";
        let values = pattern(text, 0, 9);
        for (at, expected) in [(0, 2.0), (2, -1.0), (4, -4.0), (8, 2.0)] {
            assert!((values[at] - expected).abs() < 1e-9, "{at}: {values:?}");
        }
    }

    #[test]
    fn values_that_do_not_go_together_are_refused() {
        for (text, why) in [
            ("period_steps = 0\nperiods = [1.0]\n", "`period_steps` of 0 is out of its range"),
            ("period_steps = 9\nperiods = []\n", "`periods` has 0 values: give 1 to 64"),
            ("period_steps = 9\nperiods = [1.0, 2.0]\nphases = [0.5]\n", "`phases` has 1 values for 2 sines"),
            ("period_steps = 9\nperiods = [nan]\n", "is not a finite number"),
        ] {
            let said = toml::from_str::<Sines>(text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
