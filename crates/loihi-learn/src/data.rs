//! What experiments that classify learn from: a training set and a test set of values, each with a class.

use crate::{ExperimentError, RunOptions};
use loihi_core::num::word;
use loihi_data::{DataError, DataOptions, DataSet, Origin, Sample, SampleData, open, rescale};
use std::path::Path;

/// Values, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// A value for each input.
    pub values: Vec<u8>,
    /// Its class.
    pub label: u8,
}

/// A training set and a test set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dataset {
    /// Values of an example.
    pub inputs: u32,
    /// Classes; every label is less.
    pub classes: u32,
    /// Examples to learn from.
    pub training: Vec<Example>,
    /// Examples to test on.
    pub test: Vec<Example>,
}

impl Dataset {
    /// The digits of 8 × 8 pixels, 0 to 16.
    ///
    /// # Errors
    /// None, for they are built in.
    pub fn digits() -> Result<Self, ExperimentError> {
        Self::open("digits", &RunOptions::default())
    }

    /// The data that the options name, else `own`: the name of a data set, a file or a folder. Values of other data are
    /// brought to the range of the experiment's own, and the training set to an order that follows from the seed.
    ///
    /// # Errors
    /// [`ExperimentError::Data`], [`ExperimentError::Unfit`].
    pub fn open(own: &str, options: &RunOptions) -> Result<Self, ExperimentError> {
        let set = DataSet::of(own);
        let common = DataOptions::default().seed(options.seed);
        let Some(given) = &options.data else {
            return Self::of(&open(own, &common)?, set);
        };
        // A folder of data sets can have the experiment's own.
        if set.is_some_and(|set| matches!(set.origin, Origin::Fetched(_))) && given.is_dir() {
            match open(own, &common.clone().folder(given.clone())) {
                Err(DataError::NotFetched { .. }) => {}
                found => return Self::of(&found?, set),
            }
        }
        let data = Self::of(&open(given, &common)?, set)?;
        Ok(Self { training: shuffled(data.training, options.seed), ..data })
    }

    /// Reads a training set and a test set; `own` is the data set whose range of values the experiment is made for.
    fn of(data: &loihi_data::Collection, own: Option<&DataSet>) -> Result<Self, ExperimentError> {
        let divided = data.divided()?;
        let scale = [data.full_scale(), own.map_or(u8::MAX, |own| own.full_scale)];
        let unfit = |what: String| ExperimentError::Unfit { data: data.path().display().to_string(), what };
        let first = divided.training.first().or(divided.test.first());
        let inputs = first.and_then(Sample::flat).map_or(0, <[u8]>::len);
        let examples = |samples: Vec<Sample>| -> Result<Vec<Example>, ExperimentError> {
            samples.into_iter().map(|sample| example(sample, inputs, scale).map_err(unfit)).collect()
        };
        let (training, test) = (examples(divided.training)?, examples(divided.test)?);
        if test.is_empty() {
            return Err(unfit(
                "there is nothing to test on: give five samples of a class, or the splits train and test".to_owned(),
            ));
        }
        let labels = training.iter().chain(&test).map(|example| u32::from(example.label) + 1);
        let classes = labels.chain(data.set().map(|set| set.classes)).max().unwrap_or(0);
        let inputs = u32::try_from(inputs).unwrap_or(u32::MAX);
        Ok(Self { inputs, classes, training, test })
    }

    /// The same if it has these sizes, for networks of a fixed size.
    ///
    /// # Errors
    /// [`ExperimentError::Unfit`] names both sizes.
    pub fn sized(self, options: &RunOptions, inputs: u32, classes: u32) -> Result<Self, ExperimentError> {
        let unfit = |what| {
            let data = options.data.as_deref().unwrap_or(Path::new("its data"));
            Err(ExperimentError::Unfit { data: data.display().to_string(), what })
        };
        if self.inputs != inputs {
            return unfit(format!("its samples have {} values, and this experiment takes {inputs}", self.inputs));
        }
        if self.classes > classes {
            return unfit(format!("it has {} classes, and this experiment takes {classes}", self.classes));
        }
        Ok(self)
    }

    /// The same if it has all of these classes.
    ///
    /// # Errors
    /// [`ExperimentError::Unfit`] names the class.
    pub fn with_classes<'c>(
        self,
        options: &RunOptions,
        classes: impl IntoIterator<Item = &'c u8>,
    ) -> Result<Self, ExperimentError> {
        match classes.into_iter().find(|class| u32::from(**class) >= self.classes) {
            None => Ok(self),
            Some(class) => {
                let data = options.data.as_deref().unwrap_or(Path::new("its data")).display().to_string();
                let what = format!("it has {} classes from 0, and this experiment needs class {class}", self.classes);
                Err(ExperimentError::Unfit { data, what })
            }
        }
    }

    /// Without its test set: instead, the last examples of the training set, this many, are tested on and not learned. Of
    /// small sets it is a fifth.
    #[must_use]
    pub fn validation(mut self, examples: usize) -> Self {
        let all = self.training.len();
        let held_back = if examples > all / 2 { all / 5 } else { examples };
        self.test = self.training.split_off(all - held_back);
        self
    }

    /// Only the first examples of both sets, this many of each.
    #[must_use]
    pub fn shortened(mut self, examples: usize) -> Self {
        self.training.truncate(examples);
        self.test.truncate(examples);
        self
    }
}

/// A sample as an example, its values brought from one range to another; what is wrong with it, if it is not one.
fn example(sample: Sample, inputs: usize, [from, to]: [u8; 2]) -> Result<Example, String> {
    let Sample { name, label, targets, data, .. } = sample;
    let mut values = match data {
        SampleData::Values { values, .. } => values,
        SampleData::Reals { .. } => {
            return Err(format!(
                "sample {name} has real numbers: read the data without asking for them, which scales them"
            ));
        }
        _ => return Err(format!("sample {name} is a recording of events, and this experiment takes values")),
    };
    if values.len() != inputs {
        return Err(format!("sample {name} has {} values, and the first one {inputs}", values.len()));
    }
    let Some(label) = label else {
        if !targets.is_empty() {
            return Err(format!("sample {name} has targets and no class: give classes, which are whole numbers"));
        }
        return Err(format!("sample {name} has no class: say it in labels.txt, a line of name and class each"));
    };
    let label = u8::try_from(label).ok().filter(|label| *label < u8::MAX);
    let label = label.ok_or_else(|| format!("sample {name} is of a class beyond 254"))?;
    if from != to {
        rescale(&mut values, from, to);
    }
    Ok(Example { values, label })
}

/// In an order that follows from a seed, so that files in the order of their classes are learned side by side.
fn shuffled(examples: Vec<Example>, seed: u32) -> Vec<Example> {
    let mut order: Vec<(u32, Example)> = (0..).zip(examples).map(|(at, own)| (word(seed, at, 0, 97), own)).collect();
    order.sort_by_key(|(draw, _)| *draw);
    order.into_iter().map(|(_, example)| example).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn options(data: &Path) -> RunOptions {
        RunOptions { data: Some(data.to_owned()), ..RunOptions::default() }
    }

    #[test]
    fn any_labelled_values_are_learned_in_the_range_of_the_experiment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let row = |number: usize| format!("{},{},{}\n", number % 2 * 255, 255, number / 6);
        fs::write(&path, (0..12).map(row).collect::<String>()).unwrap();
        let data = Dataset::open("digits", &options(&path)).unwrap();
        assert_eq!((data.inputs, data.classes, data.training.len(), data.test.len()), (2, 2, 10, 2));
        assert!(data.training.iter().all(|example| example.values[1] == 16), "{data:?}");
        let labels: Vec<u8> = data.training.iter().map(|example| example.label).collect();
        assert!(!labels.is_sorted(), "{labels:?}");
        let said = |own: &RunOptions| Dataset::open("digits", own).unwrap().sized(own, 64, 10).unwrap_err().to_string();
        assert!(
            said(&options(&path))
                .contains("a.csv does not fit: its samples have 2 values, and this experiment takes 64")
        );
        fs::write(&path, "1,2,0\n").unwrap();
        let said = Dataset::open("digits", &options(&path)).unwrap_err().to_string();
        assert!(said.contains("nothing to test on"), "{said}");
    }

    #[test]
    fn own_data_stay_in_their_order() {
        let data = Dataset::digits().unwrap();
        assert_eq!((data.inputs, data.classes, data.training[0].label), (64, 10, 6));
        assert_eq!(data.training[0].values[..6], [0, 0, 2, 14, 11, 0]);
        let held_back = data.clone().validation(360);
        assert_eq!((held_back.training.len(), held_back.test.len()), (1077, 360));
        assert_eq!(data.validation(2000).test.len(), 287);
    }
}
