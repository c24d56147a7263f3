//! Why a network is not converted.

use loihi_net::network::file::FileError;
use loihi_net::network::{SaveError, SectionError};
use loihi_run::inference::present::PresentError;
use loihi_run::record::RecordError;
use loihi_run::runner::RunnerError;
use loihi_task::ExperimentError;
use std::path::PathBuf;

/// What is wrong with a part of an ONNX graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", node.as_ref().map_or_else(String::new, |node| format!("{node}: ")))]
#[non_exhaustive]
pub struct GraphError {
    /// The node, with its operator, if it is about one.
    pub node: Option<String>,
    /// What is wrong, and what to do.
    pub what: String,
}

impl GraphError {
    /// Something wrong with a node.
    pub fn at(operator: &str, name: &str, what: impl Into<String>) -> Self {
        let short = |text: &str| text.chars().take(80).collect::<String>().escape_debug().to_string();
        Self { node: Some(format!("{} `{}`", short(operator), short(name))), what: what.into() }
    }

    /// Something wrong with all of it.
    pub fn whole(what: impl Into<String>) -> Self {
        Self { node: None, what: what.into() }
    }
}

/// Why a network is not converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not a network that can be converted.
    #[error("{}", path.display())]
    Graph {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: GraphError,
    },
    /// The network cannot be converted.
    #[error("{0}")]
    Network(String),
    /// Samples do not fit the network.
    #[error("{data} does not fit: {what}")]
    Unfit {
        /// The data, or the sample.
        data: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// Samples cannot be read.
    #[error(transparent)]
    Samples(#[from] ExperimentError),
    /// A network file is invalid.
    #[error(transparent)]
    File(#[from] FileError),
    /// The table `[train]` is invalid.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// A sample cannot be shown.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// The emulator does not run the network.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The network cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A file of a run cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The loss or a gradient is not finite.
    #[error(
        "{what} is not finite in epoch {epoch}, batch {batch}: train again in a new folder with a smaller `rate` in [train]"
    )]
    Diverged {
        /// What.
        what: &'static str,
        /// Epoch, from 1.
        epoch: u32,
        /// Batch, from 1.
        batch: usize,
    },
    /// A checkpoint is that of another training.
    #[error("the checkpoint cannot be used: {0}; start the run again")]
    Checkpoint(String),
    /// Stopped from outside.
    #[error("stopped")]
    Stopped,
}
