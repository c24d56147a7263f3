//! What the arguments of a run come to: a network that learns, or one that is tested on samples.

use crate::args::{ExperimentArgs, LearnArgs, NetworkArgs, TaskArgs};
use crate::network;
use crate::untrained;
use crate::what::What;
use anyhow::bail;
use loihi_infer::Trained;
use loihi_learn::{Learner, LearnerOptions};
use loihi_net::network::Network;
use loihi_net::probe::Probe;
use loihi_task::{RunOptions, Task};
use std::num::NonZeroUsize;
use std::path::Path;

/// What is going to run.
#[derive(Debug)]
pub enum Subject {
    /// A network that is tested on samples.
    Network(Box<Trained>),
    /// A network that learns.
    Learner(Box<Learner>),
}

impl TaskArgs {
    /// How it is to be run, from the beginning.
    pub fn options(&self) -> RunOptions {
        RunOptions {
            seed: self.seed.unwrap_or(0),
            epochs: self.experiment.epochs,
            learned: None,
            resume: None,
            data: self.learn.train.first().or_else(|| self.data.first()).cloned(),
            samples: self.samples.map(NonZeroUsize::get),
            validate: self.experiment.validate,
        }
    }

    /// Refuses to train for no epoch: only what was learned before can be tested without.
    pub fn check_epochs(&self) -> anyhow::Result<()> {
        if self.experiment.epochs == Some(0) {
            bail!(
                "--epochs 0 trains nothing: give 1 or more, or test what a run has learned, --learned DIR --epochs 0"
            );
        }
        Ok(())
    }

    /// Refuses options that none of these takes.
    pub fn check(&self, all: &[What]) -> anyhow::Result<()> {
        if let Some(option) = self.experiment.given()
            && all.iter().all(|what| !self.learns(what))
        {
            bail!(
                "{option} is for what learns from --train, or from data of its own: leave it out for a network that is tested"
            );
        }
        if let Some(option) = self.learn.given()
            && all.iter().all(|what| !self.learns(what))
        {
            bail!("{option} is for learning: say what to learn from, --train DATA");
        }
        Ok(())
    }

    /// The first option that is given and only has a meaning where samples are learned.
    fn of_samples(&self) -> Option<&'static str> {
        let others = [
            ("--steps", self.network.steps.is_some()),
            ("--input", self.network.input.is_some()),
            ("--samples", self.samples.is_some()),
            ("--validate", self.experiment.validate),
        ];
        self.learn.given().or_else(|| first_given(&others))
    }

    /// Whether a network learns from data, and is not only tested on samples.
    pub const fn learns(&self, what: &What) -> bool {
        what.learns || !self.learn.train.is_empty()
    }

    /// Makes it ready to run; a network takes at most as many chips, unless the options say how many.
    pub fn subject(&self, what: What, chips: usize) -> anyhow::Result<Subject> {
        let learns = self.learns(&what);
        let What { path, text, data, .. } = what;
        if learns {
            return self.learner(&path, &text, chips);
        }
        let data = data.map_or_else(|| self.data.clone(), |data| vec![data]);
        if data.is_empty() {
            bail!("{} is a network: say what it is shown, --data WHAT", path.display());
        }
        let trained = network::trained(&path, &text, &data, self, self.network.place.options(chips))?;
        if self.network.learn && !trained.has_rules() {
            bail!("{} has no learning rules: leave out --learn", path.display());
        }
        Ok(Subject::Network(Box::new(trained)))
    }

    /// A network that learns from data.
    fn learner(&self, path: &Path, text: &str, chips: usize) -> anyhow::Result<Subject> {
        if let Some(option) = self.network.of_tests() {
            bail!(
                "{option} is for networks that are only tested on samples, and {} learns: leave it out",
                path.display()
            );
        }
        if self.data.len().max(self.learn.train.len()) > 1 {
            bail!("{} learns from one data set: give --train once", path.display());
        }
        if let Some((input, what)) = self.learn.train.first().and_then(|data| of_input(data)) {
            bail!("a network that learns online has one input for samples: give --train {what}, without `{input}=`");
        }
        let mut options = LearnerOptions::default();
        options.test.clone_from(&self.learn.test);
        options.freeze.clone_from(&self.learn.freeze);
        options.stages.clone_from(&self.learn.stages);
        options.shots = self.learn.shots.map(NonZeroUsize::get);
        options.steps = self.network.steps;
        options.input.clone_from(&self.network.input);
        options.placement = self.network.place.options(chips);
        let learner = Learner::parse(text, path)?.options(options)?;
        let refused = untrained::refused(text, path, &self.learn.train);
        if let Some(refused) = refused.filter(|_| !learns_online(learner.network())) {
            bail!("{refused}");
        }
        if self.experiment.epochs.is_some() && !learner.settings().stages.is_empty() {
            bail!("--epochs has no meaning for {}: its [[stage]] tables say how often each learns", path.display());
        }
        Ok(Subject::Learner(Box::new(learner)))
    }
}

/// Whether a network has something that learns while it runs.
fn learns_online(network: &Network) -> bool {
    !network.snips.is_empty() || network.connections.iter().any(|connection| connection.learning.is_some())
}

/// The input and the samples of `NAME=WHAT`, unless that is a file.
pub fn of_input(data: &Path) -> Option<(&str, &str)> {
    data.to_str().filter(|_| !data.exists()).and_then(|text| text.split_once('='))
}

impl LearnArgs {
    fn given(&self) -> Option<&'static str> {
        first_given(&[
            ("--train", !self.train.is_empty()),
            ("--test", self.test.is_some()),
            ("--freeze", !self.freeze.is_empty()),
            ("--shots", self.shots.is_some()),
            ("--stages", !self.stages.is_empty()),
        ])
    }
}

impl ExperimentArgs {
    fn given(&self) -> Option<&'static str> {
        first_given(&[("--epochs", self.epochs.is_some()), ("--validate", self.validate)])
    }
}

impl NetworkArgs {
    /// The first option that is given and only has a meaning where nothing is learned from data.
    fn of_tests(&self) -> Option<&'static str> {
        first_given(&[
            ("--learn", self.learn),
            ("--split", self.split.is_some()),
            ("--coding", self.coding.is_some()),
            ("--threshold", self.threshold.is_some()),
            ("--step-us", self.step_us.is_some()),
            ("--time", self.time.is_some()),
        ])
    }
}

fn first_given(options: &[(&'static str, bool)]) -> Option<&'static str> {
    options.iter().find(|(_, given)| *given).map(|(name, _)| *name)
}

impl Subject {
    /// What it is called in tables and run folders.
    pub fn name(&self) -> &str {
        match self {
            Self::Network(trained) => &trained.network.name,
            Self::Learner(learner) => &learner.network().name,
        }
    }

    /// What runs.
    pub fn task(&self) -> &dyn Task {
        match self {
            Self::Network(trained) => &**trained,
            Self::Learner(learner) => &**learner,
        }
    }

    /// A hash of what it learns from, if it learns from samples.
    pub fn samples_hash(&self, options: &RunOptions) -> anyhow::Result<Option<u64>> {
        match self {
            Self::Learner(learner) => Ok(learner.samples_hash(options)?),
            Self::Network(_) => Ok(None),
        }
    }

    /// What there is to know of it.
    pub fn about(&self) -> &str {
        match self {
            Self::Network(trained) => &trained.network.about,
            Self::Learner(learner) => &learner.network().about,
        }
    }

    /// Microseconds of a step, for labels.
    pub fn dt_us(&self) -> u64 {
        match self {
            Self::Network(trained) => trained.presentation.step_us,
            Self::Learner(learner) => learner.network().step_us(),
        }
    }

    /// Probes that it asks for itself.
    pub fn probes(&self) -> &[Probe] {
        match self {
            Self::Network(trained) => &trained.network.probes,
            Self::Learner(learner) => &learner.network().probes,
        }
    }

    /// Settings besides name and seed: they differ where what is computed does.
    pub fn asked(&self, options: &RunOptions) -> String {
        let parameters = match self {
            Self::Network(trained) => return trained.asked(options.seed),
            Self::Learner(learner) => learner.asked(),
        };
        let count = |count: Option<String>| count.unwrap_or_else(|| "default".to_owned());
        let data = options.data.as_ref().map_or_else(String::new, |data| format!(", data {}", data.display()));
        format!(
            "({parameters}, epochs {}, samples {}{data}{})",
            count(options.epochs.map(|epochs| epochs.to_string())),
            count(options.samples.map(|samples| samples.to_string())),
            if options.validate { ", validation" } else { "" }
        )
    }
}

/// One subject of a name or file.
pub fn only(args: &TaskArgs, what: &str) -> anyhow::Result<Subject> {
    let what = What::of(what)?;
    args.check(std::slice::from_ref(&what))?;
    let subject = args.subject(what, 1)?;
    if let Subject::Learner(learner) = &subject
        && !learner.settings().takes_samples()
        && let Some(option) = args.of_samples()
    {
        bail!("{option} is for networks that learn from samples, and {} does not: leave it out", subject.name());
    }
    Ok(subject)
}
