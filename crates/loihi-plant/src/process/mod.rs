//! `plant = "process"`: a program of the user's own, such as a Gymnasium environment, a simulator or a robot.
//!
//! ```toml
//! [plant]
//! plant = "process"
//! command = ["python3", "my.py"]   # started in the file's folder, without a shell
//! sensed = 2                       # numbers of values
//! actions = 1
//! timeout = "5 s"                  # the longest that an answer may take, and its start with the first one
//! every_steps = 1                  # steps of the network from one exchange to the next; default 1
//! ```
//!
//! The program reads lines of JSON from its standard input and answers on its standard output. The first line says the version
//! of this protocol and the numbers of values, and takes no answer. After it every line asks for one: `reset` with a seed
//! begins an episode, `action` moves for a step.
//!
//! ```text
//! to it    {"plant":1,"sensed":2,"actions":1,"errors":1}
//! to it    {"reset":11}
//! from it  {"sensed": [0.0, 0.1], "error": [-0.2]}
//! to it    {"action":[0.0]}
//! from it  {"sensed": [0.0, 0.1], "error": [-0.2], "cost": 0.05, "reward": -1.0, "done": false}
//! ```
//!
//! `sensed` is always there; `error` where `errors` is not 0; `cost`, `reward`, `right` and `done` as in [`Observation`], and may be
//! left out. After `done` the next line is a `reset`. All else that the program has to say belongs on its standard error, whose last
//! line is told if it ends too early. Its input ends when the run does; what has not ended soon after is killed.
//!
//! ```python
//! import json, sys
//!
//! level = 0.0
//! for line in sys.stdin:
//!     asked = json.loads(line)
//!     if "plant" in asked:
//!         continue
//!     level = 0.0 if "reset" in asked else level + 0.01 * asked["action"][0]
//!     missing = 0.5 - level
//!     print(json.dumps({"sensed": [level, 1.0], "error": [-missing], "cost": missing}), flush=True)
//! ```

mod message;
mod pipe;

use super::range::{every_step, every_steps};
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports};
use pipe::Pipe;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `process`.
pub(super) const PLANT: PlantType = PlantType::new::<Process>(
    "process",
    "a program of your own that exchanges one line of JSON a step over standard input and output",
    include_str!("../../plants/process.toml"),
);

/// Most values of a kind.
const VALUES_MAX: usize = 1024;
/// Longest time for an answer.
const TIMEOUT_MAX: Duration = Duration::from_hours(24);

/// A program that is started by the first reset.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Parameters")]
pub struct Process {
    parameters: Parameters,
    ports: Ports,
    stop: fn() -> bool,
    /// Where it is started; empty for that of the command.
    folder: PathBuf,
    pipe: Option<Pipe>,
}

/// What a file says of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The program and its arguments.
    #[serde(deserialize_with = "command")]
    command: Vec<String>,
    /// See [`Ports::sensed`], 1..=1024.
    #[serde(deserialize_with = "values")]
    sensed: usize,
    /// See [`Ports::actions`], 1..=1024.
    #[serde(deserialize_with = "values")]
    actions: usize,
    /// See [`Ports::errors`]; as many as actions if it is left out.
    #[serde(default)]
    errors: Option<usize>,
    /// The longest that an answer may take.
    #[serde(default = "timeout_default", deserialize_with = "timeout")]
    timeout: Duration,
    /// See [`Plant::every_steps`], 1..=65535.
    #[serde(default = "every_step", deserialize_with = "every_steps")]
    every_steps: u16,
}

impl TryFrom<Parameters> for Process {
    type Error = String;

    fn try_from(parameters: Parameters) -> Result<Self, String> {
        let Parameters { sensed, actions, errors, .. } = parameters;
        let errors = errors.unwrap_or(actions);
        if errors != 0 && errors != actions {
            return Err(format!("{errors} errors for {actions} actions: give one for each action, or 0"));
        }
        Ok(Self {
            parameters,
            ports: Ports { sensed, actions, errors },
            stop: || false,
            folder: PathBuf::new(),
            pipe: None,
        })
    }
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let command = Vec::<String>::deserialize(deserializer)?;
    if command.first().is_none_or(String::is_empty) {
        return Err(D::Error::custom("`command` names no program: write for example [\"python3\", \"my.py\"]"));
    }
    Ok(command)
}

fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let count = i64::deserialize(deserializer)?;
    let size = usize::try_from(count).ok().filter(|size| (1..=VALUES_MAX).contains(size));
    size.ok_or_else(|| D::Error::custom(format!("{count} values are out of their range, 1 to {VALUES_MAX}")))
}

fn timeout_default() -> Duration {
    Duration::from_secs(5)
}

fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let seconds = loihi_net::network::microseconds(&text).map_err(D::Error::custom)? / 1e6;
    let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|timeout| *timeout <= TIMEOUT_MAX);
    timeout.ok_or_else(|| D::Error::custom(format!("a `timeout` of {text} is longer than a day")))
}

impl Process {
    /// Asks for an observation. A program that has failed once is started anew by the next reset.
    fn ask(&mut self, line: String) -> Result<Observation, PlantError> {
        let Some(pipe) = &mut self.pipe else {
            return Err(PlantError::Own("the plant takes no action before a reset".to_owned()));
        };
        let answer = pipe.ask(line, self.parameters.timeout, self.stop);
        let observation = answer.and_then(|line| message::observation(&line).map_err(|why| pipe.nonsense(&line, &why)));
        if observation.is_err() {
            self.pipe = None;
        }
        observation
    }
}

impl Plant for Process {
    fn ports(&self) -> Ports {
        self.ports
    }

    fn reset(&mut self, seed: u32) -> Result<Observation, PlantError> {
        if self.pipe.is_none() {
            let pipe = Pipe::start(&self.parameters.command, &self.folder)?;
            pipe.tell(message::greeting(self.ports));
            self.pipe = Some(pipe);
        }
        self.ask(message::reset(seed))
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.ask(message::action(action))
    }

    fn every_steps(&self) -> u16 {
        self.parameters.every_steps
    }

    fn gives_rewards(&self) -> bool {
        true
    }

    fn set_folder(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }

    fn set_stop(&mut self, stop: fn() -> bool) {
        self.stop = stop;
    }
}

#[cfg(all(test, unix))]
mod tests;
