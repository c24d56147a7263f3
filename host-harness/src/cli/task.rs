//! Arguments of a run that `run`, `compare`, `view` and `table` share, and what they come to: an experiment, or a network
//! with samples.

use super::args::{ExperimentArgs, NetworkArgs, TaskArgs};
use super::net;
use super::what::What;
use anyhow::bail;
use host_harness::experiment::trained::Trained;
use host_harness::experiment::{Experiment, RunOptions, Task};
use host_harness::probe::Probe;
use loihi_core::num::Fnv64;
use std::num::NonZeroUsize;

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
        let (path, text, data) = match what {
            What::Experiment { experiment, parameters, task } => {
                if self.data.len() > 1 {
                    bail!("{} takes one data set: give --data once", experiment.name);
                }
                return Ok(Subject::Experiment { experiment, parameters, task });
            }
            What::Network { path, text, data } => (path, text, data),
        };
        let data = data.map_or_else(|| self.data.clone(), |data| vec![data]);
        if data.is_empty() {
            bail!("{} is a network: say what it is shown, --data WHAT", path.display());
        }
        let trained = net::trained(&path, &text, &data, self, self.network.place.options(chips))?;
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
