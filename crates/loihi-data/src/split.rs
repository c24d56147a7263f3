//! A training set and a test set.

use super::collection::Collection;
use super::error::DataError;
use super::sample::Sample;
use std::collections::BTreeMap;

/// Of each class that is not divided, one sample in this many is tested.
const TEST_EVERY: usize = 5;

/// A training set and a test set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Divided {
    /// The samples that are learned.
    pub training: Vec<Sample>,
    /// The samples that are tested.
    pub test: Vec<Sample>,
}

impl Collection {
    /// Reads the training set and the test set, with values of 0 to [`Collection::full_scale`]: the split that begins with
    /// `train`, and the one that begins with `test` or `t10k`. Without such splits every fifth sample of each class is
    /// tested, and the others are learned.
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
    let (mut divided, mut seen) = (Divided::default(), BTreeMap::new());
    for sample in samples {
        let count: &mut usize = seen.entry(sample.label).or_default();
        *count += 1;
        let into = if count.is_multiple_of(TEST_EVERY) { &mut divided.test } else { &mut divided.training };
        into.push(sample);
    }
    divided
}

#[cfg(test)]
mod tests {
    use super::super::collection::open;
    use super::super::options::DataOptions;
    use super::*;
    use std::fs;

    #[test]
    fn a_data_set_has_its_own_sets_and_others_are_divided_class_by_class() {
        let digits = open("digits", &DataOptions::default()).unwrap().divided().unwrap();
        assert_eq!((digits.training.len(), digits.test.len()), (1437, 360));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let row = |number: usize| format!("{number},{}\n", number % 2);
        fs::write(&path, (0..12).map(row).collect::<String>()).unwrap();
        let divided = open(&path, &DataOptions::default()).unwrap().divided().unwrap();
        let names = |samples: &[Sample]| samples.iter().map(|sample| sample.name.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!(names(&divided.test), "8 9");
        assert_eq!(names(&divided.training), "0 1 2 3 4 5 6 7 10 11");
    }

    #[test]
    fn folders_can_be_splits_whose_classes_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["train/cat/1.bs2", "train/dog/2.bs2", "test/dog/3.bs2"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, [1, 2, 0, 0, 5]).unwrap();
        }
        let open = open(folder.path(), &DataOptions::default()).unwrap();
        assert_eq!(open.splits(), ["test", "train"]);
        let divided = open.divided().unwrap();
        let labels = |samples: &[Sample]| samples.iter().map(|sample| sample.label).collect::<Vec<_>>();
        assert_eq!((labels(&divided.training), labels(&divided.test)), (vec![Some(0), Some(1)], vec![Some(1)]));
    }
}
