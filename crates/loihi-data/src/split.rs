//! A training set and a test set.

use super::collection::Collection;
use super::error::DataError;
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

impl Collection {
    /// Reads the training set and the test set, with values of 0 to [`Collection::full_scale`]: the split that begins with
    /// `train`, and the one that begins with `test` or `t10k`. Both keep their order. Without such splits, and of each
    /// stage if there are stages, every fifth sample of each class is tested, and the others are learned. Samples that have
    /// targets and no classes are a series in time: of these the last fifth is tested (rounded down), after all that is
    /// learned.
    ///
    /// # Errors
    /// As [`Collection::samples`].
    pub fn divided(&self) -> Result<Divided, DataError> {
        let split =
            |starts: &[&str]| self.splits().iter().find(|split| starts.iter().any(|start| split.starts_with(start)));
        let all = |split: &str| self.as_they_are(split, usize::MAX);
        match (split(&["train"]), split(&["test", "t10k"])) {
            (Some(training), Some(test)) => Ok(Divided { training: all(training)?, test: all(test)? }),
            (Some(only), None) | (None, Some(only)) => Ok(divide(all(only)?)),
            (None, None) => Ok(divide(all(self.splits().first().map_or("", String::as_str))?)),
        }
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
}
