//! `loihi bench` and `loihi conform` as users run them.

use crate::common::root;
use crate::process::{loihi, object};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read as _;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(loihi()).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    object(&run(arguments))
}

#[test]
fn bench_lif_reports_time_and_rates() {
    let arguments = ["bench", "lif", "--n", "200", "--fan-in", "50", "--steps", "900", "--seed", "3", "--json"];
    let (first, second) = (json(&arguments), json(&arguments));
    for key in ["us_per_step", "events_per_s", "updates_per_s"] {
        assert!(first[key].as_f64().unwrap() > 0.0, "{key}: {first}");
    }
    for key in ["spikes", "synaptic_events", "axon_events", "input_spikes"] {
        assert!(first[key].as_u64().unwrap() > 0, "{key}: {first}");
        assert_eq!(first[key], second[key], "{key} of the same seed");
    }
    // 4 inputs a step, each firing its compartment, which reaches 50 others and is reached by its own input.
    let events = first["synaptic_events"].as_f64().unwrap() / 900.0;
    assert!((events - 204.0).abs() < 20.0, "{events} synaptic events a step");
}

#[test]
fn bench_lif_spreads_a_network_over_cores() {
    let timed = |more: &[&str]| {
        let arguments = ["bench", "lif", "--n", "3000", "--self-driven", "--fan-in", "20", "--steps", "200", "--json"];
        json(&[&arguments[..], more].concat())
    };
    let (few, many) = (timed(&[]), timed(&["--cores", "30"]));
    assert_eq!([&few["cores"], &many["cores"]], [3, 30]);
    for timed in [&few, &many] {
        assert_eq!(timed["input_spikes"], 0);
        assert!((timed["spikes"].as_f64().unwrap() / 200.0 - 60.0).abs() < 3.0, "60 a step, by their biases: {timed}");
    }
    for key in ["to_first_step_s", "image_bytes_per_synapse", "state_bytes_per_compartment"] {
        assert!(few[key].as_f64().unwrap() > 0.0, "{key}: {few}");
    }
    let output = run(&["bench", "lif", "--n", "3000", "--cores", "2"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("3000 compartments do not spread evenly over 2 cores of at most 1024: give --cores 3"),
        "{said}"
    );
}

#[test]
fn bench_learn_points_at_what_is_wrong_with_a_rule() {
    let timing = json(&["bench", "learn", "--pre", "50", "--post", "20", "--steps", "180", "--json"]);
    assert!(timing["learning_updates"].as_u64().unwrap() > 0, "{timing}");
    let output = run(&["bench", "learn", "--rule", "2^-2*x1*z0"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("2^-2*x1*z0\n        ^ `z0` is not a variable"), "{said}");
    assert_eq!(said.matches("is not a variable").count(), 1, "it is said once: {said}");
}

#[test]
fn conform_says_a_line_a_file_and_fails_if_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let good = root().join("tests/golden/neurons/nengo_single_a.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(&good).unwrap()).read_to_string(&mut text).unwrap();
    let mut vector: Value = serde_json::from_str(&text).unwrap();
    let right = vector["expect"]["u"][5][0].as_i64().unwrap();
    vector["expect"]["u"][5][0] = (right + 1).into();
    let (changed, cut) = (folder.path().join("changed.json"), folder.path().join("cut.json"));
    std::fs::write(&changed, vector.to_string()).unwrap();
    std::fs::write(&cut, &text[..text.len() / 2]).unwrap();
    let files = [good.to_str().unwrap(), changed.to_str().unwrap(), cut.to_str().unwrap()];
    let output = run(&["conform", files[0], files[1], files[2]]);
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "ok nengo_single_a");
    assert_eq!(lines[1], format!("FAIL changed: step 5, u[0], expected {}, got {right}", right + 1));
    assert!(lines[2].starts_with("FAIL cut: "), "{said}");
    assert_eq!(lines[3], "1 passed, 2 failed, 0 skipped");
    assert_eq!(output.status.code(), Some(1));
    assert!(run(&["conform", files[0]]).status.success());
}
