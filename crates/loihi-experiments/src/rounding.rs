//! Rounding of weights, as files of parameters name it.

use loihi_core::tools::rank_one::Precision;
use serde::{Deserialize, Serialize};

/// How changes are rounded to weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightRounding {
    /// The floor of the change plus a uniform fraction.
    Stochastic,
    /// To the nearest.
    Nearest,
}

impl WeightRounding {
    /// As the embedded CPU knows it.
    pub const fn precision(self) -> Precision {
        match self {
            Self::Stochastic => Precision::Stochastic,
            Self::Nearest => Precision::Nearest,
        }
    }
}
