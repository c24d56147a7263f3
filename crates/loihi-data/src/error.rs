//! Why samples cannot be read.

use loihi_files::names::unknown;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Where a file is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Offset of a byte, from 0; in what the file unpacks to, if it is packed.
    Byte(u64),
    /// Number of a line, from 1.
    Line(u64),
}

impl Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// Why a reader refuses the bytes of a file, which it knows no name of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", position.map_or_else(String::new, |position| format!("{position}: ")))]
#[non_exhaustive]
pub struct FormatError {
    /// Where, if the reader knows it.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
}

impl FormatError {
    /// Something is wrong, and where does not matter.
    pub fn new(message: impl Display) -> Self {
        Self { position: None, message: message.to_string() }
    }

    /// Something is wrong at a byte.
    pub fn at(offset: usize, message: impl Display) -> Self {
        Self { position: Some(Position::Byte(offset as u64)), message: message.to_string() }
    }

    /// Something is wrong in a line, from 1.
    pub fn in_line(number: usize, message: impl Display) -> Self {
        Self { position: Some(Position::Line(number as u64)), message: message.to_string() }
    }

    /// The same of bytes that begin at an offset of the file.
    #[must_use]
    pub(crate) fn after(self, start: usize) -> Self {
        let position = self.position.map(|position| match position {
            Position::Byte(offset) => Position::Byte(offset + start as u64),
            line @ Position::Line(_) => line,
        });
        Self { position, ..self }
    }
}

impl From<String> for FormatError {
    fn from(message: String) -> Self {
        Self { position: None, message }
    }
}

impl From<&str> for FormatError {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// A word of a file as a message has it: its start, line breaks escaped.
pub(crate) fn quoted(word: &str) -> String {
    let start: String = word.chars().take(20).collect();
    let dots = if start.len() < word.len() { "..." } else { "" };
    format!("`{}{dots}`", start.escape_debug())
}

/// Why samples cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No folder for data sets is known.
    #[error(transparent)]
    NoFolder(#[from] super::folder::NoFolder),
    /// A data set is yet to be fetched.
    #[error("the data set {name} is not in {}: `{get}` fetches it", folder.display())]
    NotFetched {
        /// Its name.
        name: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
        /// The command that fetches it there.
        get: String,
    },
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is damaged, or holds something else than its name says.
    #[error("{}{}{}", path.display(), if error.position.is_some() { ", " } else { ": " }, error)]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: FormatError,
    },
    /// There are not as many labels as samples.
    #[error("{}: {labels} labels for {samples} samples: the files do not belong together", path.display())]
    Count {
        /// The file of labels.
        path: PathBuf,
        /// Labels.
        labels: usize,
        /// Samples.
        samples: usize,
    },
    /// Samples of a named data set are none of it.
    #[error("{}: {error}: get it again", path.display())]
    Other {
        /// Its folder.
        path: PathBuf,
        /// Which sample, and why not.
        error: FormatError,
    },
    /// A sample is in no stage, for its format has no columns.
    #[error("{}: sample {sample} has no column `{column}` for its stage: give a CSV file or an .npz file with one", path.display())]
    NoStage {
        /// Where.
        path: PathBuf,
        /// The sample.
        sample: String,
        /// The column that was asked for.
        column: String,
    },
    /// Neither a file nor a data set.
    #[error("no such file or data set: {}", unknown(&path.display().to_string(), sets, None))]
    Unknown {
        /// The name.
        path: PathBuf,
        /// Names of data sets.
        sets: Vec<&'static str>,
    },
    /// A split was asked for, and the data have none.
    #[error("{}: it is not divided into training and test samples, so it has no split `{split}`: take out --split", path.display())]
    NoSplits {
        /// Where.
        path: PathBuf,
        /// The split that was asked for.
        split: String,
    },
    /// There are only files of many samples where each file is one.
    #[error("{}: a file of many samples is not read from a folder or an archive: give the file itself", path.display())]
    OfMany {
        /// The first of them.
        path: PathBuf,
    },
    /// Nothing in it can be read.
    #[error("{}: there is nothing here that can be read; there can be {formats}{}", path.display(), of_split(split))]
    Nothing {
        /// Where.
        path: PathBuf,
        /// The split that was asked for; empty: all.
        split: String,
        /// Names of the files that there can be.
        formats: String,
    },
}

fn of_split(split: &str) -> String {
    if split.is_empty() { String::new() } else { format!("; the split asked for is `{split}`") }
}

impl DataError {
    /// An error of a reader, with the file.
    pub(crate) fn format(path: &Path, error: impl Into<FormatError>) -> Self {
        Self::Format { path: path.to_owned(), error: error.into() }
    }

    /// An error of the file system, with the file.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::Read { path: path.to_owned(), error }
    }
}
