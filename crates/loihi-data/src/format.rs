//! What a format of files is: its name, how its files are recognised, what reads them.

use super::error::FormatError;
use super::events::Events;
use super::files::{extension, name_of};
use super::legend::Legend;
use super::options::DataOptions;
use super::sample::{Sample, SampleData};
use std::path::Path;

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A sample; its class is in a list of labels, in the name of its folder, or in its own name.
    One(SampleData),
    /// Samples, in their order, with the classes that the file says; and what it says of all of them.
    Many(Vec<Sample>, Legend),
}

impl Content {
    /// A recording.
    pub const fn events(events: Events) -> Self {
        Self::One(SampleData::Events(events))
    }
}

/// Reads the bytes of a file, unpacked; of a file that holds samples one after the other at least the first `most`, the
/// second argument. Formats without columns and without real numbers take nothing from the options.
pub type Read = fn(&[u8], usize, &DataOptions) -> Result<Content, FormatError>;

/// A format of files. A format is a constant in the file of its reader, and a row of [`FORMATS`](super::FORMATS).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// What its files are, in a line.
    pub about: &'static str,
    /// Endings of the names of its files, in lower case, without the dot and without `.gz`.
    pub endings: &'static [&'static str],
    /// How its files begin, for files whose names do not say what they are.
    pub begins: &'static [&'static [u8]],
    /// Where the classes come from.
    pub labels: &'static str,
    /// Where the targets come from; none if its files have none.
    pub targets: Option<&'static str>,
    /// The feature of this crate that it needs, if it needs one.
    pub feature: Option<&'static str>,
    /// Whether a file in a folder is a sample. If not, it is read alone.
    pub is_in_folders: bool,
    is_named: fn(&str) -> bool,
    read: Option<Read>,
}

/// Where the class of a file comes from that is a sample.
const OF_A_FILE: &str = "in `labels.txt`, else by folders, else the first number in the name";

impl Format {
    /// A format whose files are a sample each, or samples.
    pub const fn new(name: &'static str, endings: &'static [&'static str], about: &'static str, read: Read) -> Self {
        Self {
            name,
            about,
            endings,
            begins: &[],
            labels: OF_A_FILE,
            targets: None,
            feature: None,
            is_in_folders: true,
            is_named: |_| false,
            read: Some(read),
        }
    }

    /// The same, needing a feature, without which its files are recognised and not read.
    #[must_use]
    pub const fn needs(mut self, feature: &'static str, is_on: bool) -> Self {
        self.feature = Some(feature);
        if !is_on {
            self.read = None;
        }
        self
    }

    /// The same, of files that begin so.
    #[must_use]
    pub const fn begins(mut self, begins: &'static [&'static [u8]]) -> Self {
        self.begins = begins;
        self
    }

    /// The same, of files whose whole names say so.
    #[must_use]
    pub const fn named(mut self, is_named: fn(&str) -> bool) -> Self {
        self.is_named = is_named;
        self
    }

    /// The same, of files that hold many samples with their classes, as this says.
    #[must_use]
    pub const fn of_many(mut self, labels: &'static str) -> Self {
        self.labels = labels;
        self.is_in_folders = false;
        self
    }

    /// The same, of files whose classes come from where this says.
    #[must_use]
    pub const fn with_classes(mut self, labels: &'static str) -> Self {
        self.labels = labels;
        self
    }

    /// The same, of files that also hold targets, as this says.
    #[must_use]
    pub const fn with_targets(mut self, targets: &'static str) -> Self {
        self.targets = Some(targets);
        self
    }

    /// Whether a file is of this format, by its name.
    pub fn is_of(&self, path: &Path) -> bool {
        (self.is_named)(&name_of(path)) || self.endings.contains(&extension(path).as_str())
    }

    /// Reads the bytes of a file, unpacked.
    ///
    /// # Errors
    /// [`FormatError`]; also if this program is built without the feature that the format needs.
    pub fn read(&self, bytes: &[u8], most: usize, options: &DataOptions) -> Result<Content, FormatError> {
        match (self.read, self.feature) {
            (Some(read), _) => read(bytes, most, options),
            (None, feature) => Err(FormatError::new(format!(
                "files of the format {} need the feature `{}`, without which this program was built",
                self.name,
                feature.unwrap_or_default()
            ))),
        }
    }
}
