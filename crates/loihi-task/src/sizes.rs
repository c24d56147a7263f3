//! Sizes in files of parameters, held to what there can be before memory is taken for them.
//!
//! A number out of its range is an error of the file, which points at its line; what comes of several numbers, or of
//! `--epochs`, is checked before a run begins.

use crate::ExperimentError;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Most steps of a pass.
const STEPS_MAX: usize = 1 << 20;
/// Most steps, trials or samples of a whole run.
const IN_ALL_MAX: usize = 1 << 24;
/// Most epochs, which are part of the samples' keys.
const EPOCHS_MAX: u32 = 1023;

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
    /// Steps of a pass.
    steps: 1..=STEPS_MAX;
    /// Trials of a pass.
    trials: 1..=STEPS_MAX;
    /// Epochs, which are part of the samples' keys.
    epochs: 0..=EPOCHS_MAX as usize;
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
