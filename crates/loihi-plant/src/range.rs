//! Parameters held to what they can be.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::ops::RangeInclusive;

/// A finite number.
pub(super) fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() { Ok(value) } else { Err(D::Error::custom(format!("{value} is not a finite number"))) }
}

/// A finite number above 0.
pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = finite(deserializer)?;
    if value > 0.0 { Ok(value) } else { Err(D::Error::custom(format!("{value} is not above 0"))) }
}

/// Finite numbers.
pub(super) fn all_finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<f64>::deserialize(deserializer)?;
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(D::Error::custom(format!("{value} is not a finite number"))),
        None => Ok(values),
    }
}

/// A whole number of a range.
pub(super) fn within<'de, D: Deserializer<'de>>(deserializer: D, range: RangeInclusive<u32>) -> Result<u32, D::Error> {
    let value = u32::deserialize(deserializer)?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(D::Error::custom(format!("{value} is out of its range, {} to {}", range.start(), range.end())))
}

/// A probability.
pub(super) fn chance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(D::Error::custom(format!("{value} is not a probability from 0 to 1")))
    }
}

/// Steps of the network from one exchange to the next, 1 to 65535.
pub(super) fn every_steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let steps = i64::deserialize(deserializer)?;
    let within = u16::try_from(steps).ok().filter(|steps| *steps > 0);
    within.ok_or_else(|| D::Error::custom(format!("`every_steps` of {steps} is out of its range, 1 to 65535")))
}

/// An exchange in every step.
pub(super) const fn every_step() -> u16 {
    1
}
