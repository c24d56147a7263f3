//! A training set and a test set.

use super::collection::Collection;
use super::error::DataError;
use super::legend::Legend;
use super::sample::Sample;
use std::collections::BTreeMap;

/// Of samples that are not divided, one in this many is tested.
const TEST_EVERY: usize = 5;

/// A training set and a test set.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Divided {
    /// The samples that are learned.
    pub training: Vec<Sample>,
    /// The samples that are tested.
    pub test: Vec<Sample>,
}

/// Samples to learn from, and those to test on where the data say which these are.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sets {
    /// The samples that are learned, or all of them.
    pub training: Vec<Sample>,
    /// The samples that are tested.
    pub test: Option<Vec<Sample>>,
    /// What the file of those that are learned says of all of them.
    pub legend: Legend,
}

impl Sets {
    /// All samples, or those that are learned and those that are tested.
    pub fn new(training: Vec<Sample>, test: Option<Vec<Sample>>) -> Self {
        Self { training, test, legend: Legend::default() }
    }

    /// The same, of a file that says this.
    #[must_use]
    pub fn with_legend(self, legend: Legend) -> Self {
        Self { legend, ..self }
    }

    /// Puts each sample of other data beside the one of the same number; what is to be answered comes from either, or is the same in
    /// both.
    ///
    /// # Errors
    /// The numbers or the answers differ: which, and what to do.
    pub fn join(&mut self, other: Self) -> Result<(), String> {
        if self.test.is_some() != other.test.is_some() {
            return Err("one has a test set and the other has none: give one to both".to_owned());
        }
        let pairs = [(&mut self.training, other.training)];
        let tests = self.test.as_mut().into_iter().zip(other.test);
        pairs.into_iter().chain(tests).try_for_each(|(own, others)| join(own, others))
    }

    /// Takes every fifth sample of each class to test on, unless the data say which; of each stage if there are stages. Of samples
    /// that have targets and no classes, a series in time, it is the last fifth (rounded down), after all that is learned.
    pub fn divided(self) -> Divided {
        match self.test {
            Some(test) => Divided { training: self.training, test },
            None => divide(self.training),
        }
    }
}

fn join(samples: &mut [Sample], others: Vec<Sample>) -> Result<(), String> {
    if samples.len() != others.len() {
        return Err(format!("there are {} and {} samples: give both the same number", samples.len(), others.len()));
    }
    for (at, (own, other)) in samples.iter_mut().zip(others).enumerate() {
        let differ = own.label.is_some() && other.label.is_some() && own.label != other.label;
        let targets_differ = !own.targets.is_empty() && !other.targets.is_empty() && own.targets != other.targets;
        if differ || targets_differ {
            let what = if differ { "classes" } else { "targets" };
            return Err(format!("sample {at} (from 0) has other {what} in each: give them in one of the two"));
        }
        own.label = own.label.or(other.label);
        if own.targets.is_empty() {
            (own.targets, own.target_shape) = (other.targets.clone(), other.target_shape.clone());
        }
        own.beside.push(other);
    }
    Ok(())
}

impl Collection {
    /// Reads the samples to learn from and those to test on, with values of 0 to [`Collection::full_scale`], in their order: the
    /// split that begins with `train`, and the one that begins with `test` or `t10k`; without both, all samples are to learn from.
    ///
    /// # Errors
    /// As [`Collection::samples`].
    pub fn sets(&self) -> Result<Sets, DataError> {
        let split =
            |starts: &[&str]| self.splits().iter().find(|split| starts.iter().any(|start| split.starts_with(start)));
        let all = |split: &str| self.as_they_are(split, usize::MAX);
        Ok(match (split(&["train"]), split(&["test", "t10k"])) {
            (Some(training), Some(test)) => Sets::new(all(training)?.0, Some(all(test)?.0)),
            (only, other) => {
                let unnamed = self.splits().first();
                let (samples, legend) = all(only.or(other).or(unnamed).map_or("", String::as_str))?;
                Sets::new(samples, None).with_legend(legend)
            }
        })
    }

    /// The same, divided as [`Sets::divided`] says.
    ///
    /// # Errors
    /// As [`Collection::samples`].
    pub fn divided(&self) -> Result<Divided, DataError> {
        Ok(self.sets()?.divided())
    }
}

fn divide(samples: Vec<Sample>) -> Divided {
    let is_series =
        samples.iter().all(|sample| sample.label.is_none()) && samples.iter().any(|sample| !sample.targets.is_empty());
    let is_tested = if is_series { last_fifth(&samples) } else { every_fifth(&samples) };
    let mut divided = Divided::default();
    for (sample, is_tested) in samples.into_iter().zip(is_tested) {
        let into = if is_tested { &mut divided.test } else { &mut divided.training };
        into.push(sample);
    }
    divided
}

/// Every fifth sample of each class, stage by stage.
fn every_fifth(samples: &[Sample]) -> Vec<bool> {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut number = |stage, label| {
        let count = seen.entry((stage, label)).or_default();
        *count += 1;
        *count
    };
    samples.iter().map(|sample| number(&sample.stage, sample.label).is_multiple_of(TEST_EVERY)).collect()
}

/// The last fifth of each stage: neighbours in time are alike, so that samples among those that are learned would test
/// nothing.
fn last_fifth(samples: &[Sample]) -> Vec<bool> {
    // Of each stage: its samples, then those that are left to learn from.
    let mut learned: BTreeMap<_, usize> = BTreeMap::new();
    for sample in samples {
        *learned.entry(&sample.stage).or_default() += 1;
    }
    for count in learned.values_mut() {
        *count -= *count / TEST_EVERY;
    }
    let mut is_tested = |stage| match learned.get_mut(stage) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    };
    samples.iter().map(|sample| is_tested(&sample.stage)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fifth_of_a_series_is_tested() {
        let names = |samples: &[Sample]| samples.iter().map(|sample| sample.name.clone()).collect::<Vec<_>>().join(" ");
        let step = |at: u8| Sample::values(at.to_string(), &[1], vec![at]).with_targets(vec![f32::from(at)]);
        let divided = divide((0..11).map(step).collect());
        assert_eq!((&*names(&divided.training), &*names(&divided.test)), ("0 1 2 3 4 5 6 7 8", "9 10"));
        // Stages are series of their own, even if they take turns.
        let in_stage = |at: u8| step(at).in_stage((at % 2).to_string());
        let divided = divide((0..11).map(in_stage).collect());
        assert_eq!((&*names(&divided.training), &*names(&divided.test)), ("0 1 2 3 4 5 6 7 8", "9 10"));
        let divided = divide((0..4).map(step).collect());
        assert_eq!((divided.training.len(), divided.test.len()), (4, 0));
        // With classes they are no series.
        let divided = divide((0..10).map(|at| step(at).labelled(u32::from(at % 2))).collect());
        assert_eq!(names(&divided.test), "8 9");
        let in_halves = |at: u8| step(at).labelled(0).in_stage((at / 8).to_string());
        assert_eq!(names(&divide((0..16).map(in_halves).collect()).test), "4 12", "a fifth of each stage");
    }

    #[test]
    fn samples_of_two_inputs_are_one_by_one() {
        let of = |labels: &[Option<u32>]| {
            let all = labels
                .iter()
                .enumerate()
                .map(|(at, label)| Sample::values(at.to_string(), &[1], vec![7]).labelled(*label));
            Sets::new(all.collect(), None)
        };
        let mut both = of(&[None, Some(1)]);
        both.join(of(&[Some(3), Some(1)])).unwrap();
        let known = |own: &Sample| (own.label, own.beside.len());
        assert_eq!(both.training.iter().map(known).collect::<Vec<_>>(), [(Some(3), 1), (Some(1), 1)]);
        let said = |other| of(&[Some(0), Some(1)]).join(other).unwrap_err();
        assert!(said(of(&[Some(0)])).contains("there are 2 and 1 samples: give both the same number"));
        assert!(said(of(&[Some(0), Some(2)])).contains("sample 1 (from 0) has other classes in each"));
        assert!(said(Sets::new(Vec::new(), Some(Vec::new()))).contains("one has a test set and the other has none"));
    }
}
