//! Arguments of a run that `run`, `compare`, `view` and `table` share, and what they come to: an experiment, or a network
//! with samples.

use super::choice::choice;
use super::net::{self, PlaceOptions};
use super::what::What;
use anyhow::bail;
use clap::Args;
use host_harness::experiment::trained::Trained;
use host_harness::experiment::{Experiment, RunOptions, Task};
use host_harness::inference::present::{Coding, Time};
use host_harness::probe::Probe;
use loihi_core::num::Fnv64;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Data, seed, and how they are used.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TaskArgs {
    /// Samples: the name of a data set (`loihi data list`), a file, an archive or a folder; NAME=WHAT for each of several
    /// inputs
    #[arg(long, value_name = "[NAME=]WHAT")]
    pub(super) data: Vec<PathBuf>,
    /// Use only the first N training and test samples
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<NonZeroUsize>,
    /// Seed for all random numbers [default: that of the network file, else 0]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u32>,
    #[command(flatten)]
    experiment: ExperimentArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
}

/// What only experiments take.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Experiments")]
struct ExperimentArgs {
    /// Epochs over the training set; 0 only tests what --learned has [default: the experiment's own]
    #[arg(long, alias = "passes", value_name = "N")]
    epochs: Option<u32>,
    /// Evaluate on a validation split of the training set, for tuning
    #[arg(long)]
    validate: bool,
}

/// What only networks take.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Networks")]
pub(super) struct NetworkArgs {
    /// Let the network's learning rules change its weights; without it samples only test the network
    #[arg(long)]
    pub(super) learn: bool,
    /// Split of the data set to show, the file-name prefix of IDX files [default: test]
    #[arg(long, value_name = "NAME")]
    pub(super) split: Option<String>,
    /// The input to which samples are shown [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(super) input: Option<String>,
    /// How values become spikes [default: as the network file says]
    #[arg(long, value_parser = choice::<Coding>())]
    pub(super) coding: Option<Coding>,
    /// Threshold of delta coding, of 255 [default: the network's own, else 8]
    #[arg(long, value_name = "N")]
    pub(super) threshold: Option<u8>,
    /// Steps of a sample [default: the network's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) steps: Option<u32>,
    /// Duration of a step in microseconds, for events [default: the network's own, else 1000]
    #[arg(long, value_name = "US", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) step_us: Option<u64>,
    /// Where the time of recordings begins [default: the network's own, else first]
    #[arg(long, value_parser = choice::<Time>())]
    pub(super) time: Option<Time>,
    #[command(flatten)]
    pub(super) place: PlaceOptions,
}

/// What is going to run.
#[derive(Debug)]
pub(super) enum Subject {
    Experiment { experiment: Experiment, parameters: String, task: Box<dyn Task> },
    Network(Box<Trained>),
}

impl TaskArgs {
    /// How it is to be run, from the beginning.
    pub(super) fn options(&self) -> RunOptions {
        RunOptions {
            seed: self.seed.unwrap_or(0),
            epochs: self.experiment.epochs,
            learned: None,
            resume: None,
            data: self.data.first().cloned(),
            samples: self.samples.map(NonZeroUsize::get),
            validate: self.experiment.validate,
        }
    }

    /// Refuses to train for no epoch: only what was learned before can be tested without.
    pub(super) fn check_epochs(&self) -> anyhow::Result<()> {
        if self.experiment.epochs == Some(0) {
            bail!(
                "--epochs 0 trains nothing: give 1 or more, or test what a run has learned, `loihi run --learned FILE`"
            );
        }
        Ok(())
    }

    /// Refuses options that none of these takes.
    pub(super) fn check(&self, all: &[What]) -> anyhow::Result<()> {
        if let Some(option) = self.network.given()
            && !all.iter().any(What::is_network)
        {
            bail!("{option} is for networks, and an experiment decides that itself: leave it out");
        }
        if let Some(option) = self.experiment.given()
            && all.iter().all(What::is_network)
        {
            bail!("{option} is for experiments: leave it out for a network");
        }
        Ok(())
    }

    /// Makes it ready to run; a network takes at most as many chips, unless the options say how many.
    pub(super) fn subject(&self, what: What, chips: usize) -> anyhow::Result<Subject> {
        let (path, data) = match what {
            What::Experiment { experiment, parameters, task } => {
                if self.data.len() > 1 {
                    bail!("{} takes one data set: give --data once", experiment.name);
                }
                return Ok(Subject::Experiment { experiment, parameters, task });
            }
            What::Network { path, data } => (path, data),
        };
        let data = data.map_or_else(|| self.data.clone(), |data| vec![data]);
        if data.is_empty() {
            bail!("{} is a network: say what it is shown, --data WHAT", path.display());
        }
        let trained = net::trained(&path, &data, self, self.network.place.options(chips))?;
        if self.network.learn && !trained.has_rules() {
            bail!("{} has no learning rules: leave out --learn", path.display());
        }
        Ok(Subject::Network(Box::new(trained)))
    }
}

impl ExperimentArgs {
    fn given(&self) -> Option<&'static str> {
        first_given(&[("--epochs", self.epochs.is_some()), ("--validate", self.validate)])
    }
}

impl NetworkArgs {
    /// The first option that is given.
    fn given(&self) -> Option<&'static str> {
        first_given(&[
            ("--learn", self.learn),
            ("--split", self.split.is_some()),
            ("--input", self.input.is_some()),
            ("--coding", self.coding.is_some()),
            ("--threshold", self.threshold.is_some()),
            ("--steps", self.steps.is_some()),
            ("--step-us", self.step_us.is_some()),
            ("--time", self.time.is_some()),
            ("--chips", self.place.chips.is_some()),
            ("--pack", self.place.pack),
            ("--per-core", self.place.per_core.is_some()),
        ])
    }
}

fn first_given(options: &[(&'static str, bool)]) -> Option<&'static str> {
    options.iter().find(|(_, given)| *given).map(|(name, _)| *name)
}

impl Subject {
    /// What it is called in tables and run folders.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Experiment { experiment, .. } => experiment.name,
            Self::Network(trained) => &trained.network.name,
        }
    }

    /// What runs.
    pub(super) fn task(&self) -> &dyn Task {
        match self {
            Self::Experiment { task, .. } => &**task,
            Self::Network(trained) => &**trained,
        }
    }

    /// What there is to know of it.
    pub(super) fn about(&self) -> &str {
        match self {
            Self::Experiment { .. } => "",
            Self::Network(trained) => &trained.network.about,
        }
    }

    /// Microseconds of a step, for labels.
    pub(super) fn dt_us(&self) -> u64 {
        match self {
            Self::Experiment { .. } => 1000,
            Self::Network(trained) => trained.presentation.step_us,
        }
    }

    /// Probes that it asks for itself.
    pub(super) fn probes(&self) -> &[Probe] {
        match self {
            Self::Experiment { .. } => &[],
            Self::Network(trained) => &trained.network.probes,
        }
    }

    /// Settings besides name and seed: they differ where what is computed does.
    pub(super) fn asked(&self, options: &RunOptions) -> String {
        let parameters = match self {
            Self::Experiment { parameters, .. } => parameters,
            Self::Network(trained) => return trained.asked(options.seed),
        };
        let mut hash = Fnv64::new();
        hash.bytes(parameters.as_bytes());
        let count = |count: Option<String>| count.unwrap_or_else(|| "default".to_owned());
        let data = options.data.as_ref().map_or_else(String::new, |data| format!(", data {}", data.display()));
        format!(
            "(parameters {:016x}, epochs {}, samples {}{data}{})",
            hash.finish(),
            count(options.epochs.map(|epochs| epochs.to_string())),
            count(options.samples.map(|samples| samples.to_string())),
            if options.validate { ", validation" } else { "" }
        )
    }
}

/// One subject of a name or file.
pub(super) fn only(args: &TaskArgs, what: &str) -> anyhow::Result<Subject> {
    let what = What::of(what)?;
    args.check(std::slice::from_ref(&what))?;
    args.subject(what, 1)
}
