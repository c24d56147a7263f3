//! `loihi train` and `loihi run` where a sample has more than one answer, or more than one input.

use crate::process::{assert_one_sentence, command, object};
use host_harness::npz::{self, Array, Values};
use std::fs;
use std::path::Path;

/// A class for each pixel, from the pixels of two inputs.
const MAPS: &str = r#"
name = "maps"
steps = 8

[[input]]
name = "left"
shape = [1, 4, 5]
coding = "rate"

[[input]]
name = "right"
shape = [1, 4, 5]
coding = "rate"

[[population]]
name = "out"
shape = [2, 4, 5]
v_th = 20

[[connection]]
from = "left"
to = "out"
kind = "conv2d"
kernel = [1, 1]
weights = { init = "normal", std = 20.0 }

[[connection]]
from = "right"
to = "out"
kind = "conv2d"
kernel = [1, 1]
weights = { init = "normal", std = 20.0 }

[readout]
population = "out"
per_pixel = true
window_steps = 4

[train]
epochs = 3
batch = 8
rate = 4.0
"#;

fn write(path: &str, arrays: Vec<(&str, Array)>) {
    let arrays: Vec<_> = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
    fs::write(path, npz::bytes(&arrays).unwrap()).unwrap();
}

fn whole(shape: &[usize], values: Vec<i64>) -> Array {
    Array::new(shape.to_vec(), Values::Whole(values)).unwrap()
}

/// Samples of two inputs, one bright where the other is dark. The class of a pixel is which, in both windows; one pixel
/// is unlabelled.
fn pair(folder: &Path, name: &str, samples: usize) -> [String; 2] {
    let bright = |at: usize| i64::from(at * 7919 % 1009 < 500);
    let [left, right] =
        ["left", "right"].map(|side| folder.join(format!("{name}-{side}.npz")).to_str().unwrap().to_owned());
    let values = |of: fn(i64) -> i64| whole(&[samples, 1, 4, 5], (0..samples * 20).map(|at| of(bright(at))).collect());
    let label = |at: usize| if at % 20 == 3 { -1 } else { bright(at / 40 * 20 + at % 20) };
    let labels = whole(&[samples, 2, 4, 5], (0..samples * 40).map(label).collect());
    write(&left, vec![("x", values(|own| 250 * own))]);
    write(&right, vec![("x", values(|own| 250 * (1 - own))), ("y", labels)]);
    [format!("left={left}"), format!("right={right}")]
}

#[test]
fn pixels_and_windows_of_two_inputs_are_answered_alike_after_training() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("maps.toml"), MAPS).unwrap();
    let ([left, right], [test_left, test_right]) = (pair(folder.path(), "train", 40), pair(folder.path(), "test", 10));
    let begins = ["train", &at("maps.toml"), "--train", &right, "--train", &left].map(str::to_owned);
    let ends = ["--test", &test_left, "--test", &test_right, "--out", &at("out"), "--json"].map(str::to_owned);
    let words: Vec<String> = begins.into_iter().chain(ends).collect();
    let trained = object(&command(&words.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap());
    // Two windows of two classes and 20 pixels.
    assert_eq!((&trained["scores_compared"], &trained["scores_different"]), (&800.into(), &0.into()), "{trained}");
    let accuracy = trained["accuracy_test"].as_f64().unwrap();
    assert!(accuracy > 0.9 && trained["iou_mean"].as_f64().unwrap() > 0.8, "{trained}");
    assert_eq!(trained["f1"].as_array().unwrap().len(), 2);

    let network = at("out/network.toml");
    let run = ["run", &network, "--data", &test_left, "--data", &test_right, "--json"];
    let answered = object(&command(&run).output().unwrap());
    assert_eq!((&answered["accuracy"], &answered["labelled"]), (&accuracy.into(), &(10 * 2 * 19).into()), "{answered}");
    let alone = command(&["train", &at("maps.toml"), "--train", &left, "--out", &at("other")]).output().unwrap();
    assert_one_sentence(&alone, &["the input `right` has no samples: give each input its own, --train NAME=PATH"]);
}
