//! Parameters held to what they can be.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

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
