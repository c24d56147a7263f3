//! What a command says of a run besides the network file.

use loihi_place::place::PlacementOptions;
use std::path::PathBuf;

/// What a command says besides the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LearnerOptions {
    /// Data to test on, if they are not part of the others.
    pub test: Option<PathBuf>,
    /// Populations and programs that do not learn.
    pub freeze: Vec<String>,
    /// Runs class after class, instead of the file's; see [`StageRun`](loihi_task::settings::StageRun).
    pub stages: Vec<String>,
    /// Samples of each class that are learned; all if it is `None`. Which ones follows from the seed.
    pub shots: Option<usize>,
    /// Steps of a sample, if not the network's own.
    pub steps: Option<u32>,
    /// The input to which samples are shown, if there are several.
    pub input: Option<String>,
    /// How the network is spread over cores.
    pub placement: PlacementOptions,
}
