//! The run folder: what ran, what came out, what was learned.
//!
//! | file | what |
//! |---|---|
//! | `manifest.toml` | experiment, device, seed, versions, image hash, steps; `finished = false` until the run has ended |
//! | `README.txt` | what each file is |
//! | `network.txt` | what there is to know of a network from a file |
//! | `populations.csv`, `neurons.npy` | the neuron map, see [`neurons`] |
//! | `utilisation.csv`, `ops.csv` | what each core holds; exact counts |
//! | `spikes.npy`, `probe-LABEL.npy`, `weights-*.npy` | see [`crate::samples`] |
//! | `metrics.csv` | one line per row of metrics, written as they come |
//! | `table-NAME.csv` | tables of figures: who was taken for whom, accuracy after each stage on each |
//! | `learned.bin`, `learned.safetensors` | learned state, for `--learned`; the same for other programs, by name |
//! | `checkpoint.bin` | where an unfinished run stood, and all state of its device, for `--resume` |
//! | `log.txt` | log lines of the device, if there were any |
//!
//! `metrics.csv`, `log.txt`, spikes and probes grow, and can be read at any time up to their last whole line or row; every
//! other file is written aside and then renamed, so that what can be seen is whole. A run can be killed at any moment.

pub mod checkpoint;
mod container;
mod contents;
mod folder;
mod learned;
mod lines;
pub mod neurons;
pub mod read;
mod readme;
pub mod score;
mod tensors;
mod written;

pub use checkpoint::CheckpointError;
pub use container::{ContainerError, KeptFile};
pub use contents::is_run;
pub use folder::{Resumed, RunFolder};
pub use learned::Learned;

use loihi_files::atomic_file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be recorded or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The folder that should hold the run folder is not there.
    #[error("the folder {} does not exist: create it, or choose another place for --out", .0.display())]
    NoParent(PathBuf),
    /// The run folder holds something else.
    #[error("{} is not an empty folder: choose another place for --out", .0.display())]
    Occupied(PathBuf),
    /// The run folder holds a run that is not over, or has left something.
    #[error("{} holds a run that did not finish: give --resume instead of --out, or choose another place for --out", .0.display())]
    Unfinished(PathBuf),
    /// The run folder holds a run that is over.
    #[error("{} holds a finished run: choose another place for --out", .0.display())]
    Finished(PathBuf),
    /// What is to be resumed is not a folder.
    #[error("{} is not a run folder: --resume takes a folder that a run has written", .0.display())]
    NoFolder(PathBuf),
    /// Another process writes into the run folder.
    #[error("another process is recording into {}: wait until it has ended, or choose another folder", .0.display())]
    Busy(PathBuf),
    /// The run folder is that of another run.
    #[error("{} holds a run with {what} {found}, and this one has {asked}: give the same, or choose another folder", path.display())]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// In what they differ.
        what: &'static str,
        /// That of the folder.
        found: String,
        /// That of this run.
        asked: String,
    },
    /// A file cannot be written or read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of learned state is invalid or damaged.
    #[error("{}: {why}", path.display())]
    Learned {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: ContainerError,
    },
    /// A file of a checkpoint is invalid or damaged.
    #[error("{}: {why}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: CheckpointError,
    },
    /// Learned state cannot be written as tensors.
    #[error("learned.safetensors cannot be written: {why}")]
    Tensors {
        /// Why.
        why: String,
    },
    /// A checkpoint whose state contradicts what it says.
    #[error(
        "the checkpoint claims {expected} steps of its stage, but its state has computed {found}: start the run again"
    )]
    OtherState {
        /// Steps of its position.
        expected: u64,
        /// Steps of its state.
        found: u64,
    },
    /// Learned state of another network.
    #[error(
        "what is given belongs to another network (image {found:016x}, this run has {expected:016x}): give --learned or --resume a run \
         of the same network or experiment, and of the same seed; sizes that its file leaves out are those of the samples"
    )]
    OtherImage {
        /// Hash of the image of this run.
        expected: u64,
        /// Hash of the image that learned.
        found: u64,
    },
}

/// `manifest.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the device.
    pub device: String,
    /// What the device says of its board.
    pub board: String,
    /// The seed.
    pub seed: u32,
    /// Hash of the learned state that the run started from, as 16 hexadecimal digits; empty if it started from none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub learned: String,
    /// Duration of a step in milliseconds; steps are the truth, this is for labels.
    pub dt_ms: f64,
    /// The command that ran, of a run that was resumed the first one.
    pub command: String,
    /// What is sampled, as `--probe` takes it.
    pub probes: Vec<String>,
    /// Settings besides name and seed, as hashes and numbers: they differ where what is computed does.
    #[serde(default)]
    pub asked: String,
    /// The commit from which this program was built, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Version of this program.
    pub version: String,
    /// Version of the protocol.
    pub protocol_version: u16,
    /// Schema of the protocol, as 16 hexadecimal digits.
    pub schema: String,
    /// Version of the image's layout.
    pub image_version: u32,
    /// FNV-1a 64 of the image, as 16 hexadecimal digits; empty before it was built.
    pub image_hash: String,
    /// Steps computed; 0 until the run has ended.
    pub steps: u64,
    /// Digest of all state at the end, as 16 hexadecimal digits; empty until the run has ended.
    pub digest: String,
    /// Whether the run came to its end.
    pub finished: bool,
    /// Figures of the whole run.
    pub result: BTreeMap<String, f64>,
}

/// Writes a file aside and renames it, so that a reader sees the old one or the new one.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    atomic_file::write(path, bytes).map_err(|error| RecordError::File { path: path.to_owned(), error })
}
