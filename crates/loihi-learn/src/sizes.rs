//! Sizes in files of parameters, held to what there can be before memory is taken for them.
//!
//! A number out of its range is an error of the file, which points at its line; what comes of several numbers, or of
//! `--epochs`, is checked before a run begins.

use crate::ExperimentError;
use loihi_core::image::COMPARTMENTS_PER_CORE;
use loihi_image::limits::usage::INPUT_AXONS;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Most steps of a pass.
const STEPS_MAX: usize = 1 << 20;
/// Most steps, trials or samples of a whole run.
const IN_ALL_MAX: usize = 1 << 24;
/// Most epochs, which are part of the samples' keys.
const EPOCHS_MAX: u32 = 1023;
/// Most layers of a network.
const LAYERS_MAX: usize = 16;
/// Most tasks, one after the other.
const TASKS_MAX: usize = 32;

/// A number within a range.
fn within<'de, D: Deserializer<'de>, T>(deserializer: D, range: RangeInclusive<usize>) -> Result<T, D::Error>
where
    T: Deserialize<'de> + TryInto<usize> + Display + Copy,
{
    let value = T::deserialize(deserializer)?;
    if value.try_into().is_ok_and(|size| range.contains(&size)) {
        return Ok(value);
    }
    Err(D::Error::custom(format!("{value} is out of its range, {} to {}", range.start(), range.end())))
}

/// A list with an upper bound on its length.
fn at_most<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    what: &str,
    most: usize,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.len() <= most {
        return Ok(list);
    }
    Err(D::Error::custom(format!("{} {what} are too many: there can be {most}", list.len())))
}

macro_rules! ranges {
    ($($(#[$doc:meta])* $name:ident: $range:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
            where
                T: Deserialize<'de> + TryInto<usize> + Display + Copy,
            {
                within(deserializer, $range)
            }
        )*
    };
}

ranges! {
    /// Compartments of a core.
    compartments: 1..=COMPARTMENTS_PER_CORE;
    /// Inputs with an axon each.
    inputs: 1..=INPUT_AXONS;
    /// Steps of a pass.
    steps: 1..=STEPS_MAX;
    /// Trials, or pairs of spikes, of a pass.
    trials: 1..=STEPS_MAX;
    /// Epochs, which are part of the samples' keys.
    epochs: 0..=EPOCHS_MAX as usize;
    /// The same, where several kinds of epochs share the keys.
    few_epochs: 0..=64;
    /// The same of the last kind.
    last_epochs: 0..=512;
    /// Steps of a phase, which are counted in eight bits.
    phase_steps: 1..=255;
    /// Largest distance of two spikes within a trial of 64 steps.
    distance: 1..=31;
    /// Random weights and biases, in either direction.
    span: 0..=1 << 20;
}

/// Compartments of each layer.
pub fn layers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    /// Compartments of a layer.
    #[derive(Deserialize, Serialize)]
    struct Layer(#[serde(deserialize_with = "compartments")] u32);
    let layers: Vec<Layer> = at_most(deserializer, "layers", LAYERS_MAX)?;
    Ok(layers.into_iter().map(|Layer(compartments)| compartments).collect())
}

/// Classes of each task.
pub fn tasks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    at_most(deserializer, "tasks", TASKS_MAX)
}

/// The number in all epochs, from that in each.
///
/// # Errors
/// [`ExperimentError::TooLong`].
pub fn in_all(what: &'static str, each: usize, epochs: u32) -> Result<usize, ExperimentError> {
    let all = (epochs as usize).checked_mul(each).filter(|all| *all <= IN_ALL_MAX);
    all.ok_or(ExperimentError::TooLong { what, each, epochs, most: IN_ALL_MAX })
}

/// Checks a number of epochs, which are part of the samples' keys.
///
/// # Errors
/// [`ExperimentError::TooLong`], [`ExperimentError::Epochs`].
pub fn epochs_over(samples: usize, epochs: u32) -> Result<(), ExperimentError> {
    if epochs > EPOCHS_MAX {
        return Err(ExperimentError::Epochs { epochs, most: EPOCHS_MAX });
    }
    in_all("samples", samples, epochs).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_count_too() {
        assert_eq!(in_all("steps", 1000, 3).unwrap(), 3000);
        let error = in_all("steps", 60_000, u32::MAX).unwrap_err().to_string();
        assert!(error.contains("60000 steps") && error.contains("--epochs"), "{error}");
    }
}
