//! `loihi train` of an ANN and `loihi convert`: digits, trained and converted for real, and what users get wrong.

use crate::common::root;
use crate::process::{assert_one_sentence, command, object, start, stopped_twice};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn example() -> String {
    root().join("examples/train/digits-ann.toml").to_str().unwrap().to_owned()
}

#[test]
fn digits_are_trained_converted_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let train = |out: &str, jobs: &str| {
        let words = ["train", &example(), "--train", "digits", "--epochs", "8", "--json", "--out", out, "--jobs", jobs];
        object(&command(&words).output().unwrap())
    };
    let trained = train(&at("one"), "1");
    let ann = trained["accuracy_test"].as_f64().unwrap();
    assert!(ann > 0.93 && trained["ann"] == true, "{trained}");
    train(&at("two"), "3");
    for name in ["net.onnx", "metrics.csv"] {
        assert_eq!(
            fs::read(folder.path().join("one").join(name)).unwrap(),
            fs::read(folder.path().join("two").join(name)).unwrap()
        );
    }
    let (net, out) = (at("one/net.onnx"), at("net.toml"));
    let words = ["convert", &net, "--calibrate", "digits", "--steps", "8,32", "--out", &out, "--json"];
    let found = object(&command(&words).output().unwrap());
    assert_eq!((&found["schema"], found["ann_accuracy"].as_f64()), (&"loihi-convert/1".into(), Some(ann)));
    let point =
        |at: usize| (found["curve"][at]["steps"].as_u64().unwrap(), found["curve"][at]["accuracy"].as_f64().unwrap());
    assert_eq!([point(0).0, point(1).0], [8, 32]);
    assert_eq!(found["accuracy_test"], found["curve"][1]["accuracy"], "of the most steps");
    assert_eq!((&found["scores_compared"], &found["scores_different"]), (&3600.into(), &0.into()), "{found}");
    assert!(point(1).1 > ann - 0.015 && found["layers"][0]["correlation"].as_f64().unwrap() > 0.99, "{found}");
    // What was written answers the same.
    let run = object(&command(&["run", &out, "--data", "digits", "--json"]).output().unwrap());
    assert!((run["accuracy"].as_f64().unwrap() - point(1).1).abs() < 1e-9, "{run}");
    // A fifth of the 1,437 training samples is held back, as in training.
    let validated = ["convert", &net, "--calibrate", "digits", "--steps", "8", "--validate", "--json"];
    let validated = object(&command(&validated).output().unwrap());
    assert_eq!((&validated["samples"], &validated["accuracy_test"]), (&287.into(), &Value::Null), "{validated}");
    assert_eq!(validated["accuracy_validation"], validated["curve"][0]["accuracy"]);
    // The network is written even if nobody reads the table.
    let piped = at("piped.toml");
    let words_of_pipe = ["convert", &net, "--calibrate", "digits", "--steps", "8", "--out", &piped];
    let mut child = start(&words_of_pipe);
    drop(child.stdout.take());
    child.wait().unwrap();
    assert!(Path::new(&piped).exists());
    // Nothing is written over.
    assert_one_sentence(&command(&words).output().unwrap(), &["is there already: give another --out, or --overwrite"]);
}

#[test]
fn a_training_that_is_stopped_resumes_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let words = ["train", &example(), "--train", "digits", "--epochs", "200", "--validate", "--json"];
    let done = object(&command(&[&words[..], &["--out", whole.to_str().unwrap()]].concat()).output().unwrap());
    let resume = [&words[..], &["--checkpoint-ms", "5", "--resume", parts.to_str().unwrap()]].concat();
    stopped_twice(&resume, &parts);
    let resumed = object(&command(&resume).output().unwrap());
    for name in ["net.onnx", "metrics.csv"] {
        assert_eq!(fs::read(whole.join(name)).unwrap(), fs::read(parts.join(name)).unwrap(), "{name}");
    }
    // What the validation set comes to stands in every row, and at the end.
    assert!(
        resumed["accuracy_validation"].as_f64().unwrap() > 0.9 && resumed.get("accuracy_test").is_none(),
        "{resumed}"
    );
    assert_eq!((&resumed["epochs"], &resumed["loss"]), (&200.into(), &done["loss"]));
    let metrics = fs::read_to_string(whole.join("metrics.csv")).unwrap();
    assert!(metrics.starts_with("epoch,loss,accuracy_train,accuracy_validation,rate\n"), "{metrics}");
    assert_eq!(metrics.lines().count(), 201);
    let again = object(&command(&resume).output().unwrap());
    assert_eq!(again["finished_before"], true);
}

/// Many layers at a large rate: what is learned multiplies, and would diverge again.
#[test]
fn an_ann_that_diverges_is_to_be_trained_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = fs::read_to_string(example()).unwrap().replacen("rate = 0.005", "rate = 1.0", 1);
    text = text.replacen("from = \"hidden\"", "from = \"h19\"", 1);
    let layer = |number: usize| {
        let before = number.checked_sub(1).map_or_else(|| "hidden".to_owned(), |before| format!("h{before}"));
        format!(
            "[[population]]\nname = \"h{number}\"\nshape = [64]\n\n[[connection]]\nfrom = \"{before}\"\nto = \"h{number}\"\n\
             weights = {{ init = \"normal\", std = 30.0 }}\n\n"
        )
    };
    let more: String = (0..20).map(layer).collect();
    let (file, out) = (folder.path().join("deep.toml"), folder.path().join("out"));
    fs::write(&file, text.replacen("[readout]", &format!("{more}[readout]"), 1)).unwrap();
    let words = ["train", file.to_str().unwrap(), "--train", "digits", "--checkpoint-ms", "0"];
    let output = command(&[&words[..], &["--out", out.to_str().unwrap()]].concat()).output().unwrap();
    assert_one_sentence(
        &output,
        &["is not finite in epoch 1, batch ", ": train again in a new folder with a smaller `rate`"],
    );
    assert!(out.join("checkpoint.bin").exists());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("--resume"), "it would diverge again");
}

#[test]
fn what_cannot_be_converted_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |words: &[&str], parts: &[&str]| assert_one_sentence(&command(words).output().unwrap(), parts);
    fs::write(at("no.onnx"), "no network").unwrap();
    refused(&["convert", &at("no.onnx"), "--calibrate", "digits"], &["no.onnx: it is not an ONNX file"]);
    refused(&["convert", &at("nowhere.onnx"), "--calibrate", "digits"], &["nowhere.onnx cannot be read"]);
    refused(
        &["convert", &at("no.onnx"), "--calibrate", "digits", "--percentile", "0"],
        &["--percentile 0 is not above 0"],
    );
    let text = fs::read_to_string(example()).unwrap();
    let rows = [
        ("rate = 0.005", "shift = [0, 0]", "`shift = [0, 0]` moves nothing"),
        ("rate = 0.005", "speed = 1.0", "unknown field `speed`"),
        ("rate = 0.005", "rate = 0.0", "give a rate above 0"),
        ("ann = true", "ann = false", "give ann = true"),
        ("init = \"normal\", std = 30.0", "uniform = [2, 2]", "its weights are all the same"),
        ("name = \"out\"", "name = \"out\"\nshape = [9]", "its class is 9, and the network has 9"),
        ("[readout]\npopulation = \"out\"", "", "it has no [readout]"),
    ];
    for (from, to, said) in rows {
        assert!(text.contains(from), "{from}");
        fs::write(at("changed.toml"), text.replacen(from, to, 1)).unwrap();
        refused(&["train", &at("changed.toml"), "--train", "digits", "--out", &at("out")], &[said]);
        assert!(!folder.path().join("out").exists(), "{said}");
    }
}
