//! Data sets: one that is built in, and those that [`get`] fetches into a folder.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod aedat;
mod aedat2;
mod aedat4;
pub mod arrays;
pub mod cache;
pub mod checksum;
pub mod cifar;
pub mod collection;
pub mod digits;
pub mod download;
pub mod encode;
pub mod events;
mod evt;
mod files;
pub mod folder;
pub mod get;
pub mod idx;
mod labels;
pub mod mnist;
pub mod package;
pub mod poisson;
pub mod prophesee;
pub mod records;
pub mod shd;
pub mod show;
pub mod table;
pub mod wav;

use std::path::PathBuf;

/// What is shown to a network, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledValues {
    /// A value for each input.
    pub values: Vec<u8>,
    /// Its class.
    pub label: u8,
}

/// A training set and a test set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: &'static str,
    /// Values of a sample.
    pub inputs: u32,
    /// Classes; every label is less.
    pub classes: u32,
    /// The training set.
    pub learn: Vec<LabelledValues>,
    /// The test set.
    pub test: Vec<LabelledValues>,
}

impl Dataset {
    /// Without its test set: instead, this many samples at the end of the training set are tested on and not learned.
    #[must_use]
    pub fn validation(mut self, samples: usize) -> Self {
        self.test = self.learn.split_off(self.learn.len().saturating_sub(samples));
        self
    }

    /// Only the first samples of both kinds, this many of each.
    #[must_use]
    pub fn shortened(mut self, samples: usize) -> Self {
        self.learn.truncate(samples);
        self.test.truncate(samples);
        self
    }
}

/// Why a data set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// There is no place to look in.
    #[error(transparent)]
    Folder(#[from] folder::NoFolder),
    /// It is not there.
    #[error("the data set {name} is not in {}: `{get}` fetches it", folder.display())]
    Missing {
        /// Name of the data set.
        name: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
        /// The command that fetches it there.
        get: String,
    },
    /// A file of it cannot be read.
    #[error(transparent)]
    Idx(#[from] idx::IdxError),
    /// An array has other dimensions than the data set.
    #[error("{}: the dimensions are {found:?}, not {expected}: this is not a file of {name}", path.display())]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// Name of the data set.
        name: &'static str,
        /// Its dimensions.
        found: Vec<usize>,
        /// Those of the data set.
        expected: &'static str,
    },
    /// Samples and labels do not belong together.
    #[error(
        "{} has {labels} labels for the {samples} samples of {}: the files do not belong together, get them again",
        label_path.display(), sample_path.display()
    )]
    Count {
        /// The file of samples.
        sample_path: PathBuf,
        /// How many there are.
        samples: usize,
        /// The file of labels.
        label_path: PathBuf,
        /// How many there are.
        labels: usize,
    },
    /// A label is not a class of the data set.
    #[error("{}: label {number} is {label}, but the classes are 0 to {}: get the file again", path.display(), classes - 1)]
    Label {
        /// The file.
        path: PathBuf,
        /// Which label, from 0.
        number: usize,
        /// What it is.
        label: u8,
        /// Classes of the data set.
        classes: u32,
    },
}
