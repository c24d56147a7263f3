//! How data are opened.

use super::scale::Scale;
use std::path::PathBuf;

/// How data are opened.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DataOptions {
    /// Folder of the data sets that are fetched, if not the usual one.
    pub folder: Option<PathBuf>,
    /// Seed of data sets that are drawn from one.
    pub seed: u32,
    /// Whether values stay real numbers as the file has them, instead of being scaled to 0 to 255.
    pub reals: bool,
    /// How numbers of arrays and CSV files are scaled, if not by what they are themselves.
    pub scale: Option<Scale>,
    /// Column of a CSV file, or array of an `.npz` file, that names the stage of each sample.
    pub stage_column: Option<String>,
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

    /// The same with real numbers or without: values are [`SampleData::Reals`](super::SampleData::Reals) as the file has
    /// them, rounded to single precision. Formats of bytes, whose values are 0 to 255 or to the full scale of their data
    /// set, give these as real numbers; events stay events.
    #[must_use]
    pub fn reals(self, reals: bool) -> Self {
        Self { reals, ..self }
    }

    /// The same with numbers of arrays and CSV files scaled so, as those of a test set are by the scale of the training set
    /// ([`Legend::scale`](super::Legend::scale)).
    #[must_use]
    pub fn scale(self, scale: impl Into<Option<Scale>>) -> Self {
        Self { scale: scale.into(), ..self }
    }

    /// The same with stages from a column of a CSV file, or an array of an `.npz` file, of this name: texts, or whole
    /// numbers, which become texts.
    ///
    /// ```
    /// use loihi_data::{DataOptions, table};
    ///
    /// let text = b"x,target,load\n0.5,-1,light\n0.75,2.5,heavy\n";
    /// let options = DataOptions::default().reals(true).stage_column("load");
    /// let samples = table::parse(text, &options)?;
    /// assert_eq!((samples[1].flat_reals(), &*samples[1].targets), (Some(&[0.75][..]), &[2.5][..]));
    /// assert_eq!((samples[1].stage.as_deref(), samples[1].label), (Some("heavy"), None));
    /// # Ok::<(), loihi_data::FormatError>(())
    /// ```
    #[must_use]
    pub fn stage_column(self, column: impl Into<String>) -> Self {
        Self { stage_column: Some(column.into()), ..self }
    }
}
