//! Data by name: scales, splits, stages, and training and test sets of what is opened.

#![allow(clippy::unwrap_used)]

use loihi_data::{DataOptions, Sample, open};
use loihi_files::npz;
use std::fs;

#[test]
fn values_of_bytes_become_real_numbers_of_their_own_scale() {
    let plain = open("digits", &DataOptions::default()).unwrap().samples("test", 2).unwrap();
    let digits = open("digits", &DataOptions::default().reals(true)).unwrap();
    let reals = digits.samples("test", 2).unwrap();
    assert_eq!((reals.len(), reals[0].label, reals[0].flat()), (2, Some(8), None));
    let most = |sample: &Sample| sample.flat_reals().unwrap().iter().copied().fold(0.0, f32::max);
    assert_eq!((most(&reals[0]), plain[0].flat().unwrap().iter().max()), (16.0, Some(&255)));
    assert_eq!(digits.as_they_are("test", 2).unwrap().0, reals);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a-ubyte");
    fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 255]).unwrap();
    let read = open(&path, &DataOptions::default().reals(true)).unwrap().samples("", 9).unwrap();
    assert_eq!(read, [Sample::reals("0", &[2], vec![7.0, 255.0])]);
}

#[test]
fn samples_that_are_not_divided_have_no_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a-ubyte");
    fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7]).unwrap();
    let whole = open(&path, &DataOptions::default()).unwrap();
    assert_eq!(whole.split(None, "test").unwrap(), "");
    assert!(whole.split(Some("test"), "test").unwrap_err().to_string().contains("has no split `test`"));
    let digits = open("digits", &DataOptions::default()).unwrap();
    assert_eq!((digits.split(None, "test").unwrap(), digits.split(Some("train"), "test").unwrap()), ("test", "train"));
}

#[test]
fn formats_without_columns_have_no_stages() {
    let digits = open("digits", &DataOptions::default().stage_column("task")).unwrap();
    let said = digits.samples("test", 2).unwrap_err().to_string();
    assert_eq!(said, "digits: sample 0 has no column `task` for its stage: give a CSV file or an .npz file with one");
}

/// A name that is neither a file nor a data set is answered with those that there are.
#[test]
fn a_misspelt_name_is_answered_with_the_names_of_data_sets() {
    let said = open("minst", &DataOptions::default()).unwrap_err().to_string();
    assert!(said.starts_with("no such file or data set: `minst`: did you mean `mnist`? There are: digits, "), "{said}");
    let said = open("nowhere/minst", &DataOptions::default()).unwrap_err().to_string();
    assert!(!said.contains("data set"), "{said}");
}

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
fn a_stream_in_a_file_keeps_its_order() {
    let array = |shape: &[usize], values| npz::Array::new(shape.to_vec(), npz::Values::Real(values)).unwrap();
    let ramp = |count: u8| (0..count).map(|at| f64::from(at) / 2.0).collect::<Vec<_>>();
    let arrays = [("x".to_owned(), array(&[12, 2], ramp(24))), ("y".to_owned(), array(&[12, 1], ramp(12)))];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream.npz");
    fs::write(&path, npz::bytes(&arrays).unwrap()).unwrap();
    let divided = open(&path, &DataOptions::default().reals(true)).unwrap().divided().unwrap();
    let values = |samples: &[Sample]| {
        let first = |sample: &Sample| [sample.flat_reals().unwrap()[0], sample.targets[0]];
        samples.iter().map(first).collect::<Vec<_>>()
    };
    assert_eq!(values(&divided.test), [[10.0, 5.0], [11.0, 5.5]]);
    assert_eq!(divided.training.len(), 10);
    assert!(values(&divided.training).is_sorted());
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

/// Two tables in a folder are no samples, and neither are arrays.
#[test]
fn a_file_of_many_samples_in_a_folder_is_named() {
    let array = npz::Array::new(vec![2, 2], npz::Values::Real(vec![0.0; 4])).unwrap();
    let arrays = npz::bytes(&[("x".to_owned(), array)]).unwrap();
    for (name, bytes) in [("a.csv", &b"1,2,0\n"[..]), ("a.npz", &arrays), ("test/a.csv", b"1,2,0\n")] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("test")).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let said = open(folder.path(), &DataOptions::default()).unwrap().samples("", 9).unwrap_err().to_string();
        let expected = "a file of many samples is not read from a folder or an archive: give the file itself";
        assert_eq!(said, format!("{}: {expected}", path.display()));
        assert!(open(&path, &DataOptions::default()).unwrap().samples("", 9).is_ok());
        // Beside recordings it is passed over.
        fs::write(folder.path().join("1.bs2"), [1, 2, 0, 0, 5]).unwrap();
        assert_eq!(open(folder.path(), &DataOptions::default()).unwrap().samples("", 9).unwrap().len(), 1);
    }
}

#[test]
fn what_can_be_read_is_said_of_a_folder_where_nothing_can() {
    let folder = tempfile::tempdir().unwrap();
    let said = open(folder.path(), &DataOptions::default()).unwrap().samples("", 9).unwrap_err().to_string();
    let expected = ".npz files, alone or in folders and archives, .csv, .h5, .hdf5 files, only alone, and IDX files";
    assert!(said.contains(expected), "{said}");
}
