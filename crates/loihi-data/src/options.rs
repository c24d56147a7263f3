//! How data are opened.

use std::path::PathBuf;

/// How data are opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataOptions {
    /// Folder of the data sets that are fetched, if not the usual one.
    pub folder: Option<PathBuf>,
    /// Seed of data sets that are drawn from one.
    pub seed: u32,
}

impl DataOptions {
    /// The same with another folder of data sets.
    #[must_use]
    pub fn folder(self, folder: impl Into<Option<PathBuf>>) -> Self {
        Self { folder: folder.into(), ..self }
    }

    /// The same with another seed.
    #[must_use]
    pub fn seed(self, seed: u32) -> Self {
        Self { seed, ..self }
    }
}
