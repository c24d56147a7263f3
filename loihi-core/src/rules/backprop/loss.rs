//! What the outputs are, and what is wrong about them.

use crate::snip::{Field, WordReader, WordWriter};
use crate::tools::local_error::NO_TARGET;
use serde::{Deserialize, Serialize};

/// What is read of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// Its voltage after the sample. A spike would take it back: the threshold is out of reach.
    Voltage,
    /// Its spikes.
    Count,
}

/// When an output errs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Whenever it differs from its target: half the squared error, for values.
    Squared,
    /// Only short of its target: below one that is positive, above any other. The squared hinge, for classes.
    Hinge,
}

impl Loss {
    /// Target less readout, where that is an error.
    pub(super) const fn error(self, readout: i32, target: i16) -> i32 {
        // A readout has at most 24 bits and sign.
        let error = (target as i32).wrapping_sub(readout);
        let short = match self {
            Self::Squared => true,
            Self::Hinge => (error > 0) == (target > 0),
        };
        if short && target != NO_TARGET { error } else { 0 }
    }
}

impl Field for Readout {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self as u32);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        [Self::Voltage, Self::Count].into_iter().nth(crate::image::index(reader.take()))
    }
}

impl Field for Loss {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self as u32);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        [Self::Squared, Self::Hinge].into_iter().nth(crate::image::index(reader.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hinge_has_errors_on_one_side_only() {
        for (readout, target, squared, hinge) in [
            (10, 60, 50, 50),
            (70, 60, -10, 0),
            (60, 60, 0, 0),
            (-70, -60, 10, 0),
            (-50, -60, -10, -10),
            (3, 0, -3, -3),
            (-3, 0, 3, 0),
            (9, NO_TARGET, 0, 0),
        ] {
            assert_eq!(Loss::Squared.error(readout, target), squared, "{readout}, {target}");
            assert_eq!(Loss::Hinge.error(readout, target), hinge, "{readout}, {target}");
        }
    }
}
