//! A plant, one episode after another.

use super::checked::Checked;
use super::{Observation, Plant, PlantError, Ports};

/// A plant in an episode, its actions and observations [checked](Checked).
#[derive(Debug)]
pub struct Lasting<'p> {
    plant: Checked<'p>,
    /// Seed of the next episode.
    seed: u32,
}

impl<'p> Lasting<'p> {
    /// Begins the first episode. Each later one takes the next seed; 0 follows the largest.
    ///
    /// # Errors
    /// [`PlantError`].
    pub fn begin(plant: &'p mut dyn Plant, seed: u32) -> Result<(Self, Observation), PlantError> {
        let mut plant = Checked::new(plant);
        let observation = plant.reset(seed)?;
        Ok((Self { plant, seed: seed.wrapping_add(1) }, observation))
    }

    /// What it exchanges.
    pub fn ports(&self) -> Ports {
        self.plant.ports()
    }

    /// Moves for a step.
    ///
    /// # Errors
    /// [`PlantError`].
    pub fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.plant.step(action)
    }

    /// What is sensed next: `seen`, or the beginning of the next episode if this one is over. The reward of the last step is
    /// kept, since it is still to be learned from.
    ///
    /// # Errors
    /// [`PlantError`].
    pub fn after(&mut self, seen: Observation) -> Result<Observation, PlantError> {
        if !seen.done {
            return Ok(seen);
        }
        let mut observation = self.plant.reset(self.seed)?;
        observation.reward = seen.reward.or(observation.reward);
        self.seed = self.seed.wrapping_add(1);
        Ok(observation)
    }
}
