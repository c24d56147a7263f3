//! An experiment: a task with a name and parameters.

use super::{EXPERIMENTS, ExperimentError, Observer, Outcome, RunOptions, Task, parameters};
use loihi_device::session::Session;
use loihi_learn::Learner;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::Path;

/// A task with a name and parameters. Those that are built in are [`EXPERIMENTS`]; others are made in the same way.
///
/// ```
/// use loihi_device::session::Session;
/// use loihi_experiments::{Experiment, ExperimentError, Observer, Outcome, RunOptions, Task};
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Own {
///     steps: u32,
/// }
///
/// impl Task for Own {
///     fn run(&self, _: &mut Session, _: &RunOptions, _: &mut dyn Observer) -> Result<Outcome, ExperimentError> {
///         unimplemented!("{} steps", self.steps)
///     }
/// }
///
/// const OWN: Experiment = Experiment::new::<Own>("own", "an experiment of mine", "experiment = \"own\"\nsteps = 10\n");
/// assert!(OWN.task(OWN.parameters).is_ok());
/// assert!(OWN.task("experiment = \"own\"\nsteps = -1\n").unwrap_err().to_string().contains("line 2"));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Experiment {
    /// Its name on the command line and in files of parameters.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Its parameters, as a file that can be copied and changed.
    pub parameters: &'static str,
    read: fn(&str) -> Result<Box<dyn Task>, ExperimentError>,
}

impl Experiment {
    /// An experiment whose task is read from its parameters.
    pub const fn new<T: Task + DeserializeOwned + 'static>(
        name: &'static str,
        about: &'static str,
        parameters: &'static str,
    ) -> Self {
        Self { name, about, parameters, read: |text| Ok(parameters::read::<T>(text)?) }
    }

    /// A network file that learns.
    pub const fn network(name: &'static str, about: &'static str, text: &'static str) -> Self {
        Self {
            name,
            about,
            parameters: text,
            read: |text| Ok(Box::new(Learner::parse(text, Path::new("experiment.toml"))?)),
        }
    }

    /// The experiment of this name that is built in.
    pub fn named(name: &str) -> Option<Self> {
        EXPERIMENTS.iter().copied().find(|experiment| experiment.name == name)
    }

    /// The task with these parameters.
    ///
    /// # Errors
    /// [`ExperimentError`] points at the line.
    pub fn task(&self, parameters: &str) -> Result<Box<dyn Task>, ExperimentError> {
        (self.read)(parameters)
    }

    /// Runs it with its own parameters on the device of a session.
    ///
    /// # Errors
    /// [`ExperimentError`]; rows that were handed to `observer` before stay valid.
    pub fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.task(self.parameters)?.run(session, options, observer)
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

    fn is_network(experiment: &Experiment) -> bool {
        loihi_net::network::file::describes_network(experiment.parameters)
    }

    #[test]
    fn every_file_of_parameters_is_for_its_experiment_and_can_be_read() {
        for experiment in EXPERIMENTS {
            let text = experiment.parameters;
            if is_network(experiment) {
                assert!(text.contains(&format!("\nname = \"{}\"\n", experiment.name)), "{}", experiment.name);
            } else {
                assert_eq!(parameters::experiment(text).unwrap(), experiment.name);
            }
            experiment.task(text).unwrap_or_else(|error| panic!("{}: {error}", experiment.name));
            let extra = text.replacen('\n', "\nnot_a_parameter = 1\n", 1);
            let error = experiment.task(&extra).unwrap_err().to_string();
            assert!(error.contains("not_a_parameter") && error.contains("line 2"), "{}: {error}", experiment.name);
        }
    }

    fn read<T: DeserializeOwned>(name: &str) -> T {
        let text = Experiment::named(name).unwrap().parameters;
        let line = text.lines().find(|line| line.starts_with("experiment")).unwrap();
        toml::from_str(&text.replacen(line, "", 1)).unwrap()
    }

    #[test]
    fn files_of_parameters_say_what_the_library_begins_with() {
    }

    /// Every size of every experiment in Rust, by the line that it replaces, is refused when it is absurd, and named with its line.
    #[test]
    fn absurd_sizes_are_refused_with_their_lines() {
        let sizes = [
            "hidden",
            "compartments",
            "inputs",
            "steps",
            "axons",
            "distance_max",
            "trials",
            "pairs",
            "epochs",
            "layers",
            "tasks",
            "feature_epochs",
            "head_epochs",
            "shot_epochs",
            "phase_steps",
            "weight_span",
            "bias_span",
        ];
        let mut found = 0;
        for experiment in EXPERIMENTS.iter().filter(|experiment| !is_network(experiment)) {
            let text = experiment.parameters;
            for (number, line) in text.lines().enumerate() {
                let Some((key, _)) = line.split_once('=').filter(|(key, _)| sizes.contains(&key.trim())) else {
                    continue;
                };
                let key = key.trim();
                let value = match key {
                    "layers" => "[1000000]",
                    "tasks" => &format!("[{}]", "[1], ".repeat(10_000)),
                    _ => "1000000000",
                };
                let absurd = text.replacen(line, &format!("{key} = {value}"), 1);
                let error = experiment.task(&absurd).err().map(|error| error.to_string());
                let error = error.unwrap_or_else(|| panic!("{}: {key} = {value} is taken", experiment.name));
                assert!(error.contains(&format!("line {}", number + 1)), "{}, {key}: {error}", experiment.name);
                found += 1;
            }
        }
        assert!(found > 5, "{found} sizes");
    }
}
