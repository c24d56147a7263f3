//! What a network learns from and is tested on: a training set and a test set of samples of any kind.

use crate::sample_hash::hash_of;
use crate::sets::{Wanted, check_sizes, is_folder_of_sets, read};
use crate::settings::{StagesBy, TaskForm};
use crate::task::{ExperimentError, RunOptions};
use loihi_core::num::{Fnv64, word};

use loihi_data::{DataError, DataOptions, DataSet, Divided, Legend, Sample, SampleData, Scale, classes_missing, open};
use std::collections::BTreeMap;

/// Which set a sample is of, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The training set.
    Training(usize),
    /// The test set.
    Test(usize),
}

/// Most classes.
const CLASSES_MAX: u32 = 32_767;

/// A training set and a test set.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Samples {
    /// Samples to learn from.
    pub training: Vec<Sample>,
    /// Samples to test on.
    pub test: Vec<Sample>,
    /// Classes; every label is less.
    pub classes: u32,
    /// What they are called in errors.
    pub name: String,
    /// What the file of the training set says of its samples, and those of further inputs of theirs.
    pub legends: Vec<Legend>,
}

/// Samples of a task, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSamples {
    /// What users see: its classes, or the value of the column.
    pub name: String,
    /// Places in the training set.
    pub training: Vec<usize>,
    /// Places in the test set.
    pub test: Vec<usize>,
}

impl Samples {
    /// The data that the options name, else those of the task. Values of other data than the task's are brought to the range of
    /// its own, and the training set to an order that follows from the seed, unless they are a stream.
    ///
    /// # Errors
    /// [`ExperimentError::Data`], [`ExperimentError::Unfit`].
    pub fn open(task: &TaskForm, options: &RunOptions, wanted: Wanted<'_>) -> Result<Self, ExperimentError> {
        let own = task.data.as_deref();
        let set = own.and_then(DataSet::of);
        let learned = options.learned.as_ref().and_then(|learned| learned.scale);
        let mut common = DataOptions::default().seed(options.seed).reals(wanted.reals).scale(wanted.scale.or(learned));
        if let Some(column) = wanted.column {
            common = common.stage_column(column);
        }
        let (data, is_own) = match (&options.data, own) {
            (Some(given), Some(own)) if is_folder_of_sets(set, given) => {
                match open(own, &common.clone().folder(given.clone())) {
                    Err(DataError::NotFetched { .. }) => (open(given, &common)?, false),
                    found => (found?, true),
                }
            }
            (Some(given), _) => (open(given, &common)?, false),
            (None, Some(own)) => (open(own, &common)?, true),
            (None, None) => return Err(ExperimentError::NoTrainingData),
        };
        let name = data.path().display().to_string();
        let unfit = |what: String| ExperimentError::Unfit { data: name.clone(), what };
        // Values are rescaled to the scale that is wanted, by default that of the task's own data.
        let to = wanted.full_scale.unwrap_or_else(|| set.map_or_else(|| data.full_scale(), |own| own.full_scale));
        let mut sets = read(&data, wanted.test, &common, to)?;
        let mut legends = vec![std::mem::take(&mut sets.legend)];
        for beside in wanted.beside {
            let common = common.clone().scale(beside.scale);
            let other = open(&beside.train, &common)?;
            let mut others = read(&other, beside.test.as_deref(), &common, to)?;
            legends.push(std::mem::take(&mut others.legend));
            sets.join(others).map_err(|what| unfit(format!("beside {}, {what}", other.path().display())))?;
        }
        let Divided { mut training, test, .. } = sets.divided();
        let tested = wanted.test.map_or_else(|| name.clone(), |path| path.display().to_string());
        check_sizes([(&name, &training), (&tested, &test)])?;
        if training.is_empty() {
            return Err(unfit("it has no samples to learn from".to_owned()));
        }
        let labels =
            training.iter().chain(&test).filter_map(|sample| sample.label).map(|label| label.saturating_add(1));
        let known = options.learned.as_ref().filter(|_| options.epochs == Some(0)).and_then(|own| own.classes);
        let classes = labels.chain(data.set().map(|set| set.classes)).chain(known).max().unwrap_or(0);
        if classes > CLASSES_MAX {
            let (label, most) = (classes - 1, CLASSES_MAX - 1);
            return Err(unfit(format!("a sample is of class {label}: classes are 0 to {most}")));
        }
        if !is_own && !wanted.stream {
            // Files in the order of their classes are learned side by side.
            training = shuffled(training, options.seed, [0, 97]);
        }
        Ok(Self { training, test, classes, name, legends })
    }

    /// The part that a run is to see.
    ///
    /// # Errors
    /// As [`Samples::keep_shots`].
    pub fn select(
        mut self,
        options: &RunOptions,
        validation_samples: usize,
        shots: Option<usize>,
    ) -> Result<Self, ExperimentError> {
        if options.validate {
            // Without its test set: instead, the last samples of the training set are tested on and not learned.
            let all = self.training.len();
            let held_back = if validation_samples > all / 2 { all / 5 } else { validation_samples };
            self.test = self.training.split_off(all - held_back);
        }
        if let Some(shots) = shots {
            self.keep_shots(shots, options.seed)?;
        }
        if let Some(samples) = options.samples {
            self.training.truncate(samples);
            self.test.truncate(samples);
        }
        Ok(self)
    }

    /// Keeps as many training samples of each class; which ones follows from the seed. A class that is neither learned
    /// nor tested needs none.
    ///
    /// # Errors
    /// [`ExperimentError::Unfit`] names the first class that has fewer, and how many it has.
    pub fn keep_shots(&mut self, shots: usize, seed: u32) -> Result<(), ExperimentError> {
        let unfit = |what: String| ExperimentError::Unfit { data: self.name.clone(), what };
        let is_there = |class: u32| self.training.iter().chain(&self.test).any(|own| own.label == Some(class));
        let mut kept = vec![false; self.training.len()];
        for class in (0..self.classes).filter(|class| is_there(*class)) {
            let chosen = some_of_class(&self.training, class, shots, seed);
            match chosen.len() {
                0 => {
                    return Err(unfit(format!(
                        "class {class} has samples to test on and none to learn from: give it {shots}, or leave out --shots"
                    )));
                }
                found if found < shots => {
                    return Err(unfit(format!(
                        "class {class} has {found} samples to learn from: give --shots {found} or fewer"
                    )));
                }
                _ => chosen.into_iter().for_each(|at| kept[at] = true),
            }
        }
        if !kept.contains(&true) {
            return Err(unfit("its samples have no classes, and --shots takes some of each: leave it out".to_owned()));
        }
        let mut kept = kept.into_iter();
        self.training.retain(|_| kept.next() == Some(true));
        Ok(())
    }

    /// How numbers became values of the first input, if they were scaled.
    pub fn scale(&self) -> Option<Scale> {
        self.legends.first().and_then(|legend| legend.scale)
    }

    /// A hash of all samples, in their order.
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv64::new();
        self.training.iter().chain(&self.test).for_each(|sample| hash_of(sample, &mut hash));
        hash.finish()
    }

    /// A warning if the classes of the training set look wrong ([`classes_missing`]).
    pub fn odd_classes(&self) -> Option<String> {
        classes_missing(&self.training).map(|what| format!("{}: {what}", self.name))
    }

    /// Extents of the first sample, as an input takes them.
    pub fn shape(&self) -> Vec<usize> {
        match self.training.first().or(self.test.first()).map(|sample| &sample.data) {
            Some(SampleData::Values { shape, .. } | SampleData::Reals { shape, .. }) if !shape.is_empty() => {
                shape.clone()
            }
            Some(SampleData::Events(events)) => {
                let [width, height] = events.size.map(usize::from);
                vec![2, height, width]
            }
            _ => vec![1],
        }
    }

    /// A sample.
    pub fn get(&self, of: Of) -> Option<&Sample> {
        match of {
            Of::Training(at) => self.training.get(at),
            Of::Test(at) => self.test.get(at),
        }
    }

    /// The tasks that come one after the other.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn tasks(&self, by: &StagesBy) -> Result<Vec<TaskSamples>, String> {
        if let StagesBy::Class(number) = by
            && *number > self.classes
        {
            return Err(format!(
                "by-class:{number} takes more classes a stage than {} has, {}: give fewer, or leave --stages out",
                self.name, self.classes
            ));
        }
        let key = |sample: &Sample| match by {
            StagesBy::Class(number) => sample.label.map(|label| format!("{:09}", label / number)),
            StagesBy::Column(_) => sample.stage.clone(),
        };
        let mut tasks: BTreeMap<String, TaskSamples> = BTreeMap::new();
        for (is_test, set) in [(false, &self.training), (true, &self.test)] {
            for (at, sample) in set.iter().enumerate() {
                let key = key(sample).ok_or_else(|| {
                    format!(
                        "sample {} of {} has nothing that says its stage: give it a class or a column",
                        sample.name, self.name
                    )
                })?;
                let empty = || TaskSamples { name: key.clone(), training: Vec::new(), test: Vec::new() };
                let task = tasks.entry(key.clone()).or_insert_with(empty);
                if is_test { task.test.push(at) } else { task.training.push(at) }
            }
        }
        let mut tasks: Vec<TaskSamples> = tasks.into_values().collect();
        if let StagesBy::Column(_) = by {
            // As numbers, if all are.
            if tasks.iter().all(|task| task.name.parse::<u64>().is_ok()) {
                tasks.sort_by_key(|task| task.name.parse::<u64>().unwrap_or(0));
            }
        } else {
            for task in &mut tasks {
                let all = task.training.iter().filter_map(|at| self.training[*at].label);
                let mut classes: Vec<u32> = all.chain(task.test.iter().filter_map(|at| self.test[*at].label)).collect();
                classes.sort_unstable();
                classes.dedup();
                task.name = format!("{classes:?}");
            }
        }
        for TaskSamples { name, training, test } in &tasks {
            let missing = match (training.is_empty(), test.is_empty()) {
                (true, _) => "to learn from",
                (_, true) => "to test on",
                _ => continue,
            };
            return Err(format!(
                "stage {name} of {} has no samples {missing}: give it some, or other stages",
                self.name
            ));
        }
        Ok(tasks)
    }
}

/// Places of at most as many samples of a class, one after the other; the first of them follows from the seed.
pub fn some_of_class(all: &[Sample], class: u32, shots: usize, seed: u32) -> Vec<usize> {
    let own: Vec<usize> = (0..all.len()).filter(|at| all[*at].label == Some(class)).collect();
    let places = own.len().saturating_sub(shots).max(1);
    let first = word(seed, class, 0, 78) as usize % places;
    own.into_iter().skip(first).take(shots).collect()
}

/// In an order that follows from a seed and two numbers that tell its shuffles apart.
pub fn shuffled<T>(all: impl IntoIterator<Item = T>, seed: u32, [number, stream]: [u32; 2]) -> Vec<T> {
    let draws = (0..).zip(all).map(|(at, own)| (word(seed, at, number, stream), own));
    let mut order: Vec<(u32, T)> = draws.collect();
    order.sort_by_key(|(draw, _)| *draw);
    order.into_iter().map(|(_, own)| own).collect()
}
