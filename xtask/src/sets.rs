//! Sets of features of `loihi-core` that make sense for a board; the size table has a row for each.

use anyhow::{Result, anyhow};

/// A set of features.
#[derive(Debug)]
pub(crate) struct FeatureSet {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// Features of `loihi-core`.
    features: &'static [&'static str],
}

/// All sets.
pub(crate) const SETS: [FeatureSet; 5] = [
    FeatureSet { name: "all", features: &["full"] },
    FeatureSet {
        name: "no learning engine",
        features: &["backprop", "clp", "decolle", "emstdp", "eprop", "pes", "soel", "urbanczik-senn"],
    },
    FeatureSet { name: "learning engine only", features: &["learning"] },
    FeatureSet { name: "PES only", features: &["pes"] },
    FeatureSet { name: "none", features: &[] },
];

impl FeatureSet {
    /// The set of a name.
    ///
    /// # Errors
    ///
    /// When there is none; the message lists those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        let names = || SETS.iter().map(|set| set.name).collect::<Vec<_>>().join(", ");
        SETS.iter()
            .find(|set| set.name == name)
            .ok_or_else(|| anyhow!("unknown set of features `{name}`; there are: {}", names()))
    }

    /// Its features.
    pub(crate) fn features(&self) -> Vec<String> {
        self.features.iter().map(|&feature| feature.to_owned()).collect()
    }
}
