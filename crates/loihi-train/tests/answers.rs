//! Networks that answer for each pixel, for each window of steps and from several inputs are trained, and answer as the emulator.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "small numbers of tests")]

mod common;

use loihi_core::num::word;
use loihi_files::npz::{self, Array, Values};
use loihi_train::answers::Answers;
use loihi_train::check::compare;
use loihi_train::{Subject, SubjectOptions, TrainError};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

fn drawn(at: usize, most: i64) -> i64 {
    (i64::from(word(7, u32::try_from(at).unwrap(), 0, 0)) * most) >> 32
}

fn whole(shape: &[usize], values: Vec<i64>) -> Array {
    Array::new(shape.to_vec(), Values::Whole(values)).unwrap()
}

/// Writes samples and what is to be answered to them.
fn file(folder: &Path, name: &str, arrays: Vec<(&str, Array)>) -> PathBuf {
    let path = folder.join(name);
    let arrays: Vec<_> = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
    std::fs::write(&path, npz::bytes(&arrays).unwrap()).unwrap();
    path
}

fn open(text: &str, train: Vec<PathBuf>) -> Result<Subject, TrainError> {
    let mut options = SubjectOptions::default();
    options.train = train;
    Subject::open(text, Path::new("n.toml"), &options)
}

/// The readout has no shape of its own: without classes its size is unknown, and that is not the mistake to report.
#[test]
fn classes_that_are_real_numbers_are_refused_before_the_readout_is_sized() {
    let folder = tempfile::tempdir().unwrap();
    let x = whole(&[2, 8, 8], (0..128).collect());
    let y = Array::new(vec![2], Values::Real(vec![0.0, 1.0])).unwrap();
    let data = file(folder.path(), "real.npz", vec![("x", x), ("y", y)]);
    let said = open(common::PIXELS, vec![data]).err().unwrap().to_string();
    assert!(said.contains("has no class, but targets of shape [1]"), "{said}");
    assert!(said.contains("give classes as whole numbers of shape [samples]"), "{said}");
}

/// Trains to the end; every score is the emulator's.
fn trained(text: &str, train: Vec<PathBuf>) -> (Subject, Answers) {
    let subject = open(text, train).unwrap();
    let trainer = common::trained(&subject, 1, &[]);
    let answers = trainer.answers().unwrap();
    let mut network = subject.network.clone();
    trainer.model().write_to(&mut network);
    let compared = compare(&subject, &network, &answers.scores, NonZeroUsize::MIN, &|_| false).unwrap();
    let scores: usize = answers.scores.iter().map(Vec::len).sum();
    assert_eq!((compared.compared, compared.different), (scores as u64, 0));
    (subject, answers)
}

const MAPS: &str = r#"
name = "maps"
steps = 10
late_steps = 1

[[input]]
name = "image"
bias_of = "pixels"

[[population]]
name = "pixels"
shape = [1, 6, 5]
v_th = 10
decay_v = 0

[[population]]
name = "out"
shape = [2, 6, 5]

[[connection]]
from = "pixels"
to = "out"
kind = "conv2d"
kernel = [3, 3]
padding = [1, 1]
weights = { init = "normal", std = 20.0 }

[[connection]]
from = "start"
to = "out"
weights = { init = "normal", std = 20.0 }

[[population]]
name = "start"
shape = [1]
v_th = 0
bias = 1

[readout]
population = "out"
per_pixel = true

[train]
epochs = 20
batch = 16
rate = 4.0
"#;

/// Bright and dark pixels are classes 1 and 0; of the first row nothing is known.
fn maps(folder: &Path, samples: usize) -> PathBuf {
    let bright: Vec<i64> = (0..samples * 30).map(|at| drawn(at, 2)).collect();
    let values = bright.iter().map(|bright| 20 + 200 * bright).collect();
    let labels = bright.iter().enumerate().map(|(at, bright)| if at % 30 < 5 { 255 } else { *bright }).collect();
    let arrays = vec![("x", whole(&[samples, 1, 6, 5], values)), ("y", whole(&[samples, 6, 5], labels))];
    file(folder, "maps.npz", arrays)
}

#[test]
fn a_class_for_each_pixel_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let (_, answers) = trained(MAPS, vec![maps(folder.path(), 100)]);
    assert_eq!((answers.scores.len(), answers.scores[0].len()), (20, 60));
    assert_eq!((answers.tally.samples, answers.tally.labelled), (20, 20 * 25));
    assert!(answers.accuracy() > Some(0.95), "{:?}", answers.accuracy());
    let confusion = answers.classes.confusion();
    let answered = answers.tally.labelled - answers.classes.silent();
    let counts = [answered, answers.tally.right].map(|count| count as f64);
    let sums: [f64; 2] = [confusion.iter().flatten().sum(), confusion[0][0] + confusion[1][1]];
    assert_eq!(sums.map(f64::to_bits), counts.map(f64::to_bits));
    assert!(answers.classes.iou(0).unwrap() > 0.9 && answers.classes.f1(1).unwrap() > 0.9);
}

const SEQUENCES: &str = r#"
name = "sequences"
steps = 14

[[input]]
name = "rows"
shape = [3]
coding = "frames"

[[population]]
name = "out"
shape = [3]
v_th = 60
decay_u = 4096
decay_v = 2000

[[connection]]
from = "rows"
to = "out"
weights = { init = "normal", std = 10.0 }

[readout]
population = "out"
by = "BY"
skip_steps = 2
window_steps = 4

[train]
epochs = 6
batch = 16
rate = 4.0
per_score = 1.0
"#;

/// The class of a window of four rows is the value that occurs most often in it.
fn sequences(folder: &Path, samples: usize) -> PathBuf {
    let classes: Vec<i64> = (0..samples * 3).map(|at| drawn(at, 3)).collect();
    let is_on = |at: usize| {
        let (sample, row, value) = (at / 42, at / 3 % 14, i64::try_from(at % 3).unwrap());
        let class = row.checked_sub(2).map(|row| classes[sample * 3 + row / 4]);
        if class == Some(value) { 255 } else { 255 * i64::from(drawn(at + 9999, 5) == 0) }
    };
    let values = (0..samples * 42).map(is_on).collect();
    let arrays = vec![("x", whole(&[samples, 14, 3], values)), ("y", whole(&[samples, 3], classes))];
    file(folder, "sequences.npz", arrays)
}

#[test]
fn a_class_for_each_window_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let path = sequences(folder.path(), 150);
    for by in ["spikes", "voltage", "first_spike"] {
        let (_, answers) = trained(&SEQUENCES.replace("BY", by), vec![path.clone()]);
        assert_eq!((answers.tally.samples, answers.tally.labelled), (30, 90));
        let least = if by == "spikes" { 0.95 } else { 0.8 };
        assert!(answers.accuracy() > Some(least), "{by}: {:?}", answers.accuracy());
    }
}

const TWO: &str = r#"
name = "two"
steps = 12

[[input]]
name = "a"
shape = [2]
coding = "rate"

[[input]]
name = "b"
shape = [2]
coding = "rate"
seed = 5

[[population]]
name = "hidden"
shape = [16]

[[population]]
name = "out"

[[connection]]
from = "a"
to = "hidden"
weights = { init = "normal", std = 20.0 }

[[connection]]
from = "b"
to = "hidden"
weights = { init = "normal", std = 20.0 }

[[connection]]
from = "hidden"
to = "out"
weights = { init = "normal", std = 20.0 }

[readout]
population = "out"

[train]
epochs = 12
batch = 16
rate = 2.0
v_th_rate = 0.2
"#;

/// XOR of two inputs: which of two values is bright in each.
fn halves(folder: &Path, samples: usize) -> [PathBuf; 2] {
    let bright: Vec<[i64; 2]> = (0..samples).map(|at| [drawn(at, 2), drawn(at + 5000, 2)]).collect();
    let values = |which: usize| {
        let pair = |own: &[i64; 2]| [250 * own[which], 250 * (1 - own[which])];
        whole(&[samples, 2], bright.iter().flat_map(pair).collect())
    };
    let classes = whole(&[samples], bright.iter().map(|[a, b]| i64::from(a == b)).collect());
    [file(folder, "a.npz", vec![("x", values(0))]), file(folder, "b.npz", vec![("x", values(1)), ("y", classes)])]
}

fn named(name: &str, path: &Path) -> PathBuf {
    PathBuf::from(format!("{name}={}", path.display()))
}

#[test]
fn what_two_inputs_say_together_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = halves(folder.path(), 200);
    let (subject, answers) = trained(TWO, vec![named("b", &b), named("a", &a)]);
    assert_eq!((subject.samples.classes, subject.presentations.len()), (2, 2));
    assert!(answers.accuracy() > Some(0.9), "{:?}", answers.accuracy());
}

/// The error of a training that is refused.
fn said(text: &str, train: Vec<PathBuf>) -> String {
    open(text, train).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = halves(folder.path(), 10);
    assert!(said(TWO, vec![b.clone()]).contains("the network has several inputs"));
    assert!(said(TWO, vec![named("b", &b)]).contains("the input `a` has no samples"));
    let elsewhere = tempfile::tempdir().unwrap();
    let [_, fewer] = halves(elsewhere.path(), 9);
    let other = said(TWO, vec![named("a", &a), named("b", &fewer)]);
    assert!(other.contains("there are 10 and 9 samples: give both the same number"), "{other}");
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = maps(folder.path(), 10);
    let shifted = said(&format!("{MAPS}shift = [1, 1]\n"), vec![path.clone()]);
    assert!(shifted.contains("the classes of pixels do not move with the sample: take it out"), "{shifted}");
    let by_rate = format!("{}backward = \"rate\"\n", SEQUENCES.replace("BY", "spikes"));
    assert!(said(&by_rate, vec![path]).contains("a rate is of all steps"));
    let values = || whole(&[10, 1, 6, 5], vec![7; 300]);
    let wrong = file(folder.path(), "wrong.npz", vec![("x", values()), ("y", whole(&[10, 6, 5], vec![2; 300]))]);
    let wrong = said(MAPS, vec![wrong]);
    assert!(wrong.contains("its target at [0, 0] (from 0) is 2, and the readout `out` has classes 0 to 1"), "{wrong}");
    let turned = file(folder.path(), "turned.npz", vec![("x", values()), ("y", whole(&[10, 5, 6], vec![1; 300]))]);
    let turned = said(MAPS, vec![turned]);
    assert!(
        turned.contains("its targets are of shape [5, 6], and the readout takes classes of shape [6, 5]"),
        "{turned}"
    );
    let one = file(folder.path(), "one.npz", vec![("x", values()), ("y", whole(&[10], vec![1; 10]))]);
    assert!(said(MAPS, vec![one]).contains("has one class, "));
    let column = file(folder.path(), "column.npz", vec![("x", values()), ("y", whole(&[10, 1], vec![1; 10]))]);
    let regression = said(&MAPS.replace("per_pixel = true\n", ""), vec![column]);
    assert!(regression.contains("has no class, but targets of shape [1], for `y` holds real numbers"), "{regression}");
}

#[test]
fn samples_of_one_class_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let samples = |classes: Vec<i64>| {
        let values = whole(&[10, 8, 8], (0..640).map(|at| drawn(at, 256)).collect());
        file(folder.path(), "samples.npz", vec![("x", values), ("y", whole(&[10], classes))])
    };
    let said = open(common::PIXELS, vec![samples(vec![0; 10])]).unwrap_err().to_string();
    assert!(said.contains("a single class, and nothing to tell apart: give samples of two classes or more"), "{said}");
    assert!(open(common::PIXELS, vec![samples((0..10).map(|at| at % 2).collect())]).is_ok());
}
