//! Data to test on that are in a file of their own.

#![allow(clippy::unwrap_used)]

use loihi_files::npz::{self, Array, Values};
use loihi_task::RunOptions;
use loihi_task::samples::Samples;
use loihi_task::sets::Wanted;
use loihi_task::settings::TaskForm;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Values of the training set and of the test set by the names of the samples.
fn values(train: &Path, test: Option<&Path>) -> [BTreeMap<String, Vec<u8>>; 2] {
    let options = RunOptions { data: Some(train.to_owned()), ..RunOptions::default() };
    let samples = Samples::open(&TaskForm::default(), &options, Wanted { test, ..Wanted::default() }).unwrap();
    let by_name = |own: &[loihi_data::Sample]| {
        own.iter().map(|sample| (sample.name.clone(), sample.flat().unwrap().to_vec())).collect()
    };
    [by_name(&samples.training), by_name(&samples.test)]
}

/// Writes a sample of one number a row, its class 0.
fn write(folder: &Path, name: &str, numbers: &[f64]) -> PathBuf {
    let path = folder.join(name);
    let bytes = if name.ends_with("csv") {
        numbers.iter().flat_map(|number| format!("{number},0\n").into_bytes()).collect()
    } else {
        let x = Array::new(vec![numbers.len(), 1], Values::Real(numbers.to_vec())).unwrap();
        let y = Array::new(vec![numbers.len()], Values::Whole(vec![0; numbers.len()])).unwrap();
        npz::bytes(&[("x".to_owned(), x), ("y".to_owned(), y)]).unwrap()
    };
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_test_set_is_scaled_as_the_training_set_which_is_as_without() {
    let folder = tempfile::tempdir().unwrap();
    // Whole numbers in columns, or in an array of real numbers: neither stays as it is.
    let numbers: Vec<f64> = (0..=16).map(f64::from).collect();
    for ending in ["csv", "npz"] {
        let train = write(folder.path(), &format!("train.{ending}"), &numbers);
        let test = write(folder.path(), &format!("test.{ending}"), &[-4.0, 4.0, 32.0]);
        let [all, tested] = values(&train, Some(&test));
        assert_eq!(tested.into_values().collect::<Vec<_>>(), [[0], [64], [255]], "{ending}: by the range of 0 to 16");
        let [mut alone, held_back] = values(&train, None);
        assert!(!held_back.is_empty(), "{ending}: a fifth is tested");
        alone.extend(held_back);
        assert_eq!(all, alone, "{ending}");
    }
}
