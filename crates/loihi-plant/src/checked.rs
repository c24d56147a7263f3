//! Lengths and values of actions and observations, checked around any plant.

use super::{Observation, Plant, PlantError, Ports};

/// A plant whose actions and observations have the lengths that its ports say, and finite values.
#[derive(Debug)]
pub struct Checked<'p> {
    plant: &'p mut dyn Plant,
    ports: Ports,
}

impl<'p> Checked<'p> {
    /// Wraps a plant.
    pub fn new(plant: &'p mut dyn Plant) -> Self {
        let ports = plant.ports();
        Self { plant, ports }
    }

    /// See [`Plant::ports`].
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// See [`Plant::reset`].
    ///
    /// # Errors
    /// [`PlantError`].
    pub fn reset(&mut self, seed: u32) -> Result<Observation, PlantError> {
        let observation = self.plant.reset(seed)?;
        self.check(observation)
    }

    /// See [`Plant::step`].
    ///
    /// # Errors
    /// [`PlantError`].
    pub fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        if action.len() != self.ports.actions {
            return Err(PlantError::ActionLength { found: action.len(), expected: self.ports.actions });
        }
        finite("", "action", action)?;
        let observation = self.plant.step(action)?;
        self.check(observation)
    }

    fn check(&self, observation: Observation) -> Result<Observation, PlantError> {
        let Observation { sensed, error, cost, reward, .. } = &observation;
        for (part, values, expected) in [("sensed", sensed, self.ports.sensed), ("error", error, self.ports.errors)] {
            if values.len() != expected {
                return Err(PlantError::Length { part, found: values.len(), expected });
            }
            finite("the plant's ", part, values)?;
        }
        for (part, value) in [("cost", cost), ("reward", reward)] {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err(PlantError::NotFinite { element: format!("the plant's `{part}`"), value });
            }
        }
        Ok(observation)
    }
}

/// Refuses the first value that is not finite.
fn finite(whose: &str, part: &str, values: &[f64]) -> Result<(), PlantError> {
    match values.iter().copied().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((at, value)) => Err(PlantError::NotFinite { element: format!("{whose}`{part}[{at}]`"), value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers what it was made with.
    #[derive(Debug)]
    struct Fixed(Observation);

    impl Plant for Fixed {
        fn ports(&self) -> Ports {
            Ports { sensed: 2, actions: 1, errors: 1 }
        }

        fn reset(&mut self, _: u32) -> Result<Observation, PlantError> {
            Ok(self.0.clone())
        }

        fn step(&mut self, _: &[f64]) -> Result<Observation, PlantError> {
            Ok(self.0.clone())
        }
    }

    fn refused(observation: Observation) -> String {
        Checked::new(&mut Fixed(observation)).reset(0).unwrap_err().to_string()
    }

    #[test]
    fn an_observation_of_another_length_or_without_end_is_refused() {
        let good = Observation { sensed: vec![0.0, 1.0], error: vec![0.5], cost: Some(-1.0), ..Observation::default() };
        assert_eq!(Checked::new(&mut Fixed(good.clone())).reset(0).unwrap(), good);
        let cases = [
            (Observation { sensed: vec![0.0], ..good.clone() }, "`sensed` has 1 values instead of 2"),
            (Observation { error: Vec::new(), ..good.clone() }, "`error` has 0 values instead of 1"),
            (
                Observation { sensed: vec![0.0, f64::NAN], ..good.clone() },
                "the plant's `sensed[1]` is not finite (NaN)",
            ),
            (Observation { error: vec![f64::INFINITY], ..good.clone() }, "the plant's `error[0]` is not finite (inf)"),
            (Observation { cost: Some(f64::NAN), ..good.clone() }, "the plant's `cost` is not finite (NaN)"),
            (Observation { reward: Some(f64::NAN), ..good.clone() }, "the plant's `reward` is not finite (NaN)"),
        ];
        for (observation, why) in cases {
            let said = refused(observation);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn an_action_of_another_length_or_without_end_is_refused() {
        let mut plant = Fixed(Observation { sensed: vec![0.0; 2], error: vec![0.0], ..Observation::default() });
        let mut plant = Checked::new(&mut plant);
        assert!(plant.step(&[0.0]).is_ok());
        let said = plant.step(&[0.0, 0.0]).unwrap_err().to_string();
        assert!(said.contains("2 values and the plant takes 1"), "{said}");
        let said = plant.step(&[f64::NAN]).unwrap_err().to_string();
        assert!(said.contains("`action[0]` is not finite"), "{said}");
    }
}
