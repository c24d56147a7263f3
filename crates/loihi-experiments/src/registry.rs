//! An experiment: a network file with a name.

use super::{EXPERIMENTS, ExperimentError, Observer, Outcome, RunOptions, Task as _};
use loihi_device::session::Session;
use loihi_learn::Learner;
use std::fmt;
use std::path::Path;

/// A network file that says what it learns, from what, and for how long. Those that are built in are [`EXPERIMENTS`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Its file, to be copied and changed.
    pub text: &'static str,
}

impl Experiment {
    /// An experiment of this file.
    pub const fn new(name: &'static str, about: &'static str, text: &'static str) -> Self {
        Self { name, about, text }
    }

    /// The experiment of this name that is built in.
    pub fn named(name: &str) -> Option<Self> {
        EXPERIMENTS.iter().copied().find(|experiment| experiment.name == name)
    }

    /// The network file, read.
    ///
    /// # Errors
    /// [`ExperimentError`] points at the line.
    pub fn learner(&self) -> Result<Learner, ExperimentError> {
        Learner::parse(self.text, Path::new(&format!("{}.toml", self.name)))
    }

    /// Runs it as it is on the device of a session.
    ///
    /// # Errors
    /// [`ExperimentError`]; rows that were handed to `observer` before stay valid.
    pub fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.learner()?.run(session, options, observer)
    }
}

impl fmt::Debug for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_the_name_of_its_experiment_and_can_be_read() {
        for experiment in EXPERIMENTS {
            assert!(experiment.text.contains(&format!("\nname = \"{}\"\n", experiment.name)), "{}", experiment.name);
            experiment.learner().unwrap_or_else(|error| panic!("{}: {error}", experiment.name));
            let text = experiment.text.replacen('\n', "\nnot_a_parameter = 1\n", 1);
            let error = Learner::parse(&text, Path::new("own.toml")).unwrap_err().to_string();
            assert!(error.contains("not_a_parameter") && error.contains("line 2"), "{}: {error}", experiment.name);
        }
    }
}
