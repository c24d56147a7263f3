//! What a network file says of a run: `[task]`, `[[stage]]`, `[[spikes]]`, `[[measure]]`, `[reward]`, `[teacher]`, `[plant]`.

mod keys;
mod stage_run;

use crate::measure::MeasureForm;
use crate::sizes;
use crate::spikes::SpikesForm;
use loihi_net::network::{Network, Section, SectionError};
use loihi_plant::PlantSpec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use stage_run::{StageRun, StagesBy};

/// When a sample that is learned is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predict {
    /// It is shown twice: first with learning off, then to be learned.
    Before,
    /// While it is learned: for rules that answer before they change a weight, and where an answer need not be that honest.
    During,
}

/// What is learned, from what data, for how long: `[task]`.
///
/// ```
/// let task: loihi_task::settings::TaskForm = toml::from_str("data = \"digits\"\nepochs = 4").map_err(|e| e.to_string())?;
/// assert_eq!((task.data.as_deref(), task.epochs, task.stages.len()), (Some("digits"), 4, 0));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TaskForm {
    /// What is learned unless the command says other data: the name of a data set, a file or a folder.
    pub data: Option<String>,
    /// What is tested, if it is not the test set of `data`.
    pub test: Option<String>,
    /// Epochs over the training set, 0 to 1023.
    #[serde(alias = "passes", deserialize_with = "sizes::epochs")]
    pub epochs: u32,
    /// Samples of the training set that are held back with `--validate`; of small sets it is a fifth.
    pub validation_samples: usize,
    /// How many times the learning rate is halved after every epoch.
    pub rate_halvings_per_epoch: u8,
    /// Programs that learn, by name; all if it is empty.
    pub learn: Vec<String>,
    /// When a sample that is learned is predicted; by default before, except by rules that answer before they learn.
    pub predict: Option<Predict>,
    /// Steps in which a sample is predicted; it is then learned for another `learn_steps`.
    pub predict_steps: Option<u16>,
    /// Steps in which a sample is learned after it was predicted.
    pub learn_steps: Option<u16>,
    /// Whether the rule `pes`, or the cores' rules of what is measured in trials, also run in double precision, on the same
    /// spikes in this process, reported beside.
    pub float_twin: bool,
    /// Whether samples are a stream: consecutive steps of one signal, without a reset between them.
    pub stream: bool,
    /// Runs class after class: `by-class:2`, `by-column:NAME`, each with `,replay:SAMPLES,share:SHARE` if the device keeps samples.
    pub stages: Vec<String>,
    /// A population whose spikes a nearest-prototype classifier in double precision counts, beside the network: it learns and
    /// is tested on the same samples, for the figure `accuracy_test_float`.
    pub float_prototypes: Option<String>,
    /// Trials of a pass, where `[[spikes]]` says when inputs spike in one.
    #[serde(deserialize_with = "sizes::trials")]
    pub trials: u32,
    /// Steps of an epoch with a plant.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// Steps of a row of metrics with a plant.
    #[serde(deserialize_with = "sizes::steps")]
    pub row_steps: usize,
    /// Steps at the end with a plant over which the final figures are taken.
    #[serde(deserialize_with = "sizes::steps")]
    pub final_steps: usize,
    /// Whether every epoch of a signal is the same episode, from rest.
    pub episodes: bool,
    /// Episodes at the end with learning off, of which the final figures are.
    #[serde(deserialize_with = "sizes::epochs")]
    pub test_epochs: u32,
    /// Figures that others have published, by name, reported beside.
    pub published: BTreeMap<String, f64>,
    /// Figures of `[[stage]]` and `[[measure]]` tables, in the order in which they are shown; those that are left out come
    /// last. With [`TaskForm::episodes`] those that there are.
    pub metrics: Vec<String>,
}

impl Default for TaskForm {
    fn default() -> Self {
        Self {
            data: None,
            test: None,
            epochs: 1,
            validation_samples: 5000,
            rate_halvings_per_epoch: 0,
            learn: Vec::new(),
            predict: None,
            predict_steps: None,
            learn_steps: None,
            float_twin: false,
            stream: false,
            stages: Vec::new(),
            float_prototypes: None,
            trials: 1,
            steps: 60_000,
            row_steps: 4000,
            final_steps: 12_000,
            episodes: false,
            test_epochs: 0,
            published: BTreeMap::new(),
            metrics: Vec::new(),
        }
    }
}

/// One of several stages: `[[stage]]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StageForm {
    /// What users see.
    pub name: String,
    /// Programs that learn, by name; none if it is empty: the stage is a test.
    pub learn: Vec<String>,
    /// Programs that answer, by name; those that learn if it is empty, else the last one.
    pub ask: Vec<String>,
    /// Classes whose samples are shown; all if it is empty.
    pub classes: Vec<u32>,
    /// Classes that can be the answer; all if it is empty.
    pub among: Vec<u32>,
    /// Samples of each class that are shown; all without it. Which ones follows from the seed.
    pub shots: Option<usize>,
    /// Epochs over these samples, at least 1.
    #[serde(alias = "passes")]
    pub epochs: Option<u32>,
    /// Names the epochs of this stage, so that the spikes of each are its own; by default 64 more than the stage before.
    pub first_epoch: Option<u32>,
    /// Whether everything is as after loading before it begins.
    pub fresh: bool,
    /// What its accuracy is called among the figures of the run, if it is one of them.
    pub metric: Option<String>,
}

/// Where the reward comes from that the cores' rules read as r1: `[reward]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RewardForm {
    /// What decides: whether the answer is the label, the first target of the data, a plant, or a program that writes it
    /// itself.
    pub from: TaughtFrom,
    /// The reward of a right answer, -128..=127.
    pub right: i8,
    /// The reward of a wrong one, -128..=127.
    pub wrong: i8,
    /// Steps after the sample in which it is given; the reward of a plant is given in the step after it came.
    pub steps: u16,
    /// What a target or the reward of a plant is multiplied by before it is rounded, half away from 0, and held to -128..=127.
    pub scale: f64,
}

impl RewardForm {
    /// What r1 is of a target, or of the reward of a plant.
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    pub fn scaled(&self, reward: f64) -> i32 {
        (reward * self.scale).round().clamp(-128.0, 127.0) as i32
    }
}

/// Third factors that the cores' rules read as y1, one for each neuron of a population: `[teacher]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TeacherForm {
    /// Whose rules read them; `loihi-snip` looks it up.
    pub population: String,
    /// What decides: the class and the answer, the targets of the data, or a program that writes them itself.
    pub from: TaughtFrom,
    /// That of the right class's neuron, -127..=127.
    pub right: i8,
    /// That of the neuron that was the wrong answer, -127..=127.
    pub wrong: i8,
    /// Whether the right class is taught after right answers, too.
    pub always: bool,
    /// Steps after the sample in which they are there.
    pub steps: u16,
}

impl Default for TeacherForm {
    fn default() -> Self {
        let from = TaughtFrom::Label;
        Self { population: String::new(), from, right: 64, wrong: -64, always: false, steps: 1 }
    }
}

/// Where rewards and third factors come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaughtFrom {
    /// Whether the answer is right.
    Label,
    /// The targets of a sample, of which the first is the reward.
    Target,
    /// A program of the embedded CPU.
    Snip,
    /// The plant; for rewards only.
    Plant,
}

impl Default for RewardForm {
    fn default() -> Self {
        Self { from: TaughtFrom::Label, right: 64, wrong: -64, steps: 1, scale: 1.0 }
    }
}

/// All that a network file says of its run.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// `[task]`.
    pub task: TaskForm,
    /// `[[stage]]`.
    pub stages: Vec<StageForm>,
    /// `[reward]`.
    pub reward: Option<RewardForm>,
    /// `[teacher]`.
    pub teacher: Option<TeacherForm>,
    /// `[plant]`.
    pub plant: Option<PlantSpec>,
    /// `actions_from` of `[plant]`: the population whose spikes are its actions.
    pub actions_from: Option<String>,
    /// `[[spikes]]`.
    pub spikes: Vec<SpikesForm>,
    /// `[[measure]]`.
    pub measures: Vec<MeasureForm>,
}

impl Settings {
    /// Those of a network.
    ///
    /// # Errors
    /// [`SectionError`] at the offending key, or one that would do nothing.
    pub fn of(network: &Network) -> Result<Self, SectionError> {
        let run = &network.run;
        let stage = |(number, section): (usize, &Section)| read(section, &format!("stage {}", number + 1));
        let spikes = |(number, section): (usize, &Section)| read(section, &format!("spikes {}", number + 1));
        let measure = |(number, section): (usize, &Section)| read(section, &format!("measure {}", number + 1));
        let settings = Self {
            task: run.task.as_ref().map(|section| read(section, "task")).transpose()?.unwrap_or_default(),
            stages: run.stages.iter().enumerate().map(stage).collect::<Result<_, _>>()?,
            reward: run.reward.as_ref().map(|section| read(section, "reward")).transpose()?,
            teacher: run.teacher.as_ref().map(|section| read(section, "teacher")).transpose()?,
            plant: run.plant.as_ref().map(plant_of).transpose()?,
            actions_from: run.plant.as_ref().map(actions_from).transpose()?.flatten(),
            spikes: run.spikes.iter().enumerate().map(spikes).collect::<Result<_, _>>()?,
            measures: run.measures.iter().enumerate().map(measure).collect::<Result<_, _>>()?,
        };
        keys::check(&settings, network)?;
        Ok(settings)
    }

    /// Whether it learns from samples, and not from a plant or from spikes at given steps.
    pub const fn takes_samples(&self) -> bool {
        self.plant.is_none() && self.spikes.is_empty()
    }

    /// Steps in which a sample is predicted and then learned, if the network file divides it so.
    pub fn divided(&self) -> Option<[u16; 2]> {
        Some([self.task.predict_steps?, self.task.learn_steps?])
    }
}

/// The key of `[plant]` that is the network's and not the plant's.
const ACTIONS_FROM: &str = "actions_from";

/// The population whose spikes are the actions, if the table names one.
fn actions_from(section: &Section) -> Result<Option<String>, SectionError> {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let what = || section.error("plant", ACTIONS_FROM, "give the name of a population");
    section.keys.get(ACTIONS_FROM).map(|value| text(value).ok_or_else(what)).transpose()
}

/// The plant of a table; an error names the key that it is about, if it is about one.
fn plant_of(section: &Section) -> Result<PlantSpec, SectionError> {
    let mut keys = section.keys.clone();
    keys.remove(ACTIONS_FROM);
    PlantSpec::new(keys).map_err(|error| {
        let what = error.to_string();
        let found = section.keys.keys().filter_map(|key| Some((what.find(&format!("`{key}`"))?, key)));
        let key = found.min().map_or("plant", |(_, key)| key);
        section.error("plant", key, what)
    })
}

/// Reads a table key by key, so that an error is that of its key.
fn read<T: DeserializeOwned + Default>(section: &Section, table: &str) -> Result<T, SectionError> {
    for (key, value) in &section.keys {
        let alone = toml::Table::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = alone.try_into::<T>() {
            return Err(section.error(table, key, in_words(error.message())));
        }
    }
    section
        .keys
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| section.error(table, "", in_words(error.message())))
}

/// What serde says, with ranges for the types of this program.
fn in_words(message: &str) -> String {
    let types = [
        ("expected i8", "expected a whole number of -128 to 127"),
        ("expected u8", "expected a whole number of 0 to 255"),
        ("expected u16", "expected a whole number of 0 to 65535"),
        ("expected u32", "expected a whole number of 0 to 4294967295"),
        ("expected usize", "expected a whole number, 0 or more"),
        ("expected f64", "expected a number"),
    ];
    let found = types.into_iter().find_map(|(end, words)| Some(format!("{}{words}", message.strip_suffix(end)?)));
    found.unwrap_or_else(|| message.to_owned())
}
