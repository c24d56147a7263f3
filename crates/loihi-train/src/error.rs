//! Why a network is not trained.

use loihi_net::network::file::FileError;
use loihi_net::network::{SaveError, SectionError};
use loihi_run::inference::present::PresentError;
use loihi_run::record::RecordError;
use loihi_run::runner::RunnerError;
use loihi_task::ExperimentError;

/// Why a network is not trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The network file is invalid.
    #[error(transparent)]
    File(#[from] FileError),
    /// The table `[train]` is invalid.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The network has something that is not trained.
    #[error("{network} cannot be trained: {what}")]
    Network {
        /// What it is called.
        network: String,
        /// What of it, and what to do.
        what: String,
    },
    /// A training set and a test set cannot be made, or nothing can be learned from them.
    #[error(transparent)]
    Samples(#[from] ExperimentError),
    /// A sample cannot be shown to the network.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// The loss or a gradient is not finite.
    #[error(
        "{what} is not finite in epoch {epoch}, batch {batch}: train again in a new folder with a smaller `rate` or a `clip_norm` \
         in [train]"
    )]
    Diverged {
        /// What.
        what: String,
        /// Epoch, from 1.
        epoch: u32,
        /// Batch, from 1.
        batch: usize,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The trained network cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The emulator does not run the trained network.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// A checkpoint is that of another training.
    #[error("the checkpoint cannot be used: {0}; start the run again")]
    Checkpoint(String),
    /// Training was stopped from outside.
    #[error("training was stopped")]
    Stopped,
}
