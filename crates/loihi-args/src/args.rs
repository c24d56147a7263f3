//! Arguments that several commands share.

use crate::choice::{choice, one_or_more, whole};
use clap::Args;
use loihi_data::Scale;
use loihi_place::place;
use loihi_run::inference::present::{Coding, Time};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Data, seed, and how they are used.
#[derive(Clone, Debug, Default, Args)]
pub struct TaskArgs {
    /// Samples: the name of a data set (`loihi data list`), a file, an archive or a folder; NAME=WHAT for each of several
    /// inputs
    #[arg(long, value_name = "[NAME=]WHAT")]
    pub data: Vec<PathBuf>,
    /// Use only the first N training and test samples
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    pub samples: Option<NonZeroUsize>,
    /// Seed for all random numbers [default: that of the network file, else 0]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(0..=u32::MAX))]
    pub seed: Option<u32>,
    /// Epochs and validation.
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Training and test data.
    #[command(flatten)]
    pub learn: LearnArgs,
    /// How a network is shown samples.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// How numbers of samples are scaled where the network does not say: as what was learned before.
    #[arg(skip)]
    pub scale: Option<Scale>,
}

/// What experiments and networks that learn take.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Learning")]
pub struct ExperimentArgs {
    /// Epochs over the training set; 0 only tests what --learned has [default: the file's own]
    #[arg(long, visible_alias = "passes", value_name = "N", value_parser = whole::<u32>(0..=u32::MAX))]
    pub epochs: Option<u32>,
    /// Evaluate on a validation split of the training set, for tuning
    #[arg(long)]
    pub validate: bool,
}

/// What only networks take that learn from data.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Learning")]
pub struct LearnArgs {
    /// Learn from these samples, one at a time, and test on those of --test: as --data [default: the file's own]
    #[arg(long, value_name = "WHAT", conflicts_with = "data")]
    pub train: Vec<PathBuf>,
    /// Test on these samples [default: the test set of --train]
    #[arg(long, value_name = "WHAT")]
    pub test: Option<PathBuf>,
    /// Keep the weights into this population, or of this program, as they are; may be repeated
    #[arg(long, value_name = "NAME")]
    pub freeze: Vec<String>,
    /// Learn only N samples of each class; which ones follows from the seed [default: all]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    pub shots: Option<NonZeroUsize>,
    /// Learn stage after stage and test on all after each: by-class:2, by-column:NAME, with ,replay:SAMPLES,share:SHARE if
    /// the device keeps samples
    #[arg(long, value_name = "HOW")]
    pub stages: Vec<String>,
}

/// What only networks take.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Networks")]
pub struct NetworkArgs {
    /// Let the network's learning rules change its weights; without it samples only test the network
    #[arg(long)]
    pub learn: bool,
    /// Split of the data set to show, the file-name prefix of IDX files [default: test]
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,
    /// The input to which samples are shown [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub input: Option<String>,
    /// How values become spikes [default: as the network file says]
    #[arg(long, value_parser = choice::<Coding>())]
    pub coding: Option<Coding>,
    /// Threshold of delta coding, of 255 [default: the network's own, else 8]
    #[arg(long, value_name = "N", value_parser = whole::<u8>(0..=u8::MAX))]
    pub threshold: Option<u8>,
    /// Steps of a sample [default: the network's own]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=u32::MAX))]
    pub steps: Option<u32>,
    /// Duration of a step in microseconds, for events [default: the network's own, else 1000]
    #[arg(long, value_name = "US", value_parser = whole::<u64>(1..=u64::MAX))]
    pub step_us: Option<u64>,
    /// Where the time of recordings begins [default: the network's own, else first]
    #[arg(long, value_parser = choice::<Time>())]
    pub time: Option<Time>,
    /// Placement on cores.
    #[command(flatten)]
    pub place: PlaceOptions,
}

/// How a network is spread over cores.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceOptions {
    /// Chips of 128 cores [default: 1]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=u16::MAX))]
    pub chips: Option<u16>,
    /// Let several populations share a core: the fewest cores
    #[arg(long)]
    pub pack: bool,
    /// Most compartments of a core, 1 to 1024 [default: 1024]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=1024))]
    pub per_core: Option<u16>,
}

impl PlaceOptions {
    /// The same for the library; `chips` if the options do not say how many.
    pub fn options(&self, chips: usize) -> place::PlacementOptions {
        let default = place::PlacementOptions::default();
        default
            .chips(self.chips.map_or(chips, usize::from))
            .pack(self.pack)
            .compartments_per_core(self.per_core.map_or(default.compartments_per_core, usize::from))
    }
}

/// Where data sets are kept.
#[derive(Debug, Args)]
pub struct DataFolderArgs {
    /// Folder of the data sets [default: the one in `$LOIHI_DATA`, else that of this user's cache]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
