//! Why a plant cannot be made or used.

use loihi_files::names::unknown;
use std::time::Duration;

/// Why a plant cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlantError {
    /// No plant has this name.
    #[error("unknown plant {}", unknown(name, there, Some("`loihi list --plants`")))]
    Unknown {
        /// The name that was given.
        name: String,
        /// Those that there are.
        there: Vec<&'static str>,
    },
    /// A table without the key `plant`.
    #[error("no plant is named: add `plant = \"…\"`; there are: {0}")]
    Unnamed(String),
    /// A name cannot be registered twice.
    #[error("there is a plant `{0}` already: give yours another name")]
    Taken(&'static str),
    /// Its parameters cannot be used.
    #[error("plant `{plant}`: {why}")]
    Parameters {
        /// The plant.
        plant: &'static str,
        /// What is wrong with them.
        why: String,
    },
    /// An action has another length than the plant's ports say.
    #[error("the action has {found} values and the plant takes {expected}: give the network as many outputs")]
    ActionLength {
        /// Values of the action.
        found: usize,
        /// Values that the plant takes.
        expected: usize,
    },
    /// A part of an observation has another length than the plant's ports say.
    #[error("the plant's `{part}` has {found} values instead of {expected}: it must have as many in every step")]
    Length {
        /// `sensed` or `error`.
        part: &'static str,
        /// Values that it has.
        found: usize,
        /// Values that it should have.
        expected: usize,
    },
    /// A value is not finite.
    #[error("{element} is not finite ({value}): look for a division by zero, or for a loop that is not stable")]
    NotFinite {
        /// Which: `` the plant's `sensed[1]` ``.
        element: String,
        /// NaN, or infinite.
        value: f64,
    },
    /// Its program does not start.
    #[error("the plant's program `{command}` cannot be started: {why}")]
    Start {
        /// The program with its arguments.
        command: String,
        /// Why, and what to do.
        why: String,
    },
    /// Its program has ended.
    #[error("the plant's program `{command}` {how}{said}: it must answer every line until its input ends")]
    Ended {
        /// The program with its arguments.
        command: String,
        /// Its exit status, or that only its output has ended.
        how: String,
        /// The last line of its standard error, if it wrote there.
        said: String,
    },
    /// Its program does not answer.
    #[error(
        "the plant's program `{command}` did not answer within {timeout:?}{said}: flush its output after every line, or give \
         a longer `timeout`"
    )]
    Late {
        /// The program with its arguments.
        command: String,
        /// How long it was waited for.
        timeout: Duration,
        /// The last line of its standard error, if it wrote there.
        said: String,
    },
    /// Its program answers something else.
    #[error(
        "the plant's program `{command}` answered {line}, which is not an observation ({why}): write one line of JSON for each \
         line read, and all else to standard error"
    )]
    Nonsense {
        /// The program with its arguments.
        command: String,
        /// The beginning of the line.
        line: String,
        /// What is wrong with it.
        why: String,
    },
    /// The user wants to stop.
    #[error("stopped")]
    Stopped,
    /// For plants outside of this crate: a sentence of their own.
    #[error("{0}")]
    Own(String),
}
