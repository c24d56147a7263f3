//! What a network costs, as the command tells it: the table and the estimates of benchmarks.

use crate::process::loihi;
use std::process::Command;

fn table(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(loihi()).arg("table").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn the_table_keeps_three_kinds_of_columns_apart() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("half.toml");
    let own =
        table(&["--print-prices", "loihi1-sanafe"]).unwrap().replace("name = \"loihi1-sanafe\"", "name = \"mine\"");
    std::fs::write(&prices, own).unwrap();
    let prices = prices.to_str().unwrap();
    let text = table(&["pes-channel", "stdp-pair", "--base", "stdp-pair", "--prices", prices]).unwrap();
    let main: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("| experiment")).collect();
    let cells = |line: &str| -> Vec<String> {
        line.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned()).collect()
    };
    let (head, base) = (cells(main[0]), cells(main[3]));
    assert_eq!(base[0], "stdp-pair");
    for (name, cell) in head.iter().zip(&base) {
        if name.ends_with("ratio") {
            assert_eq!(cell, "1.00x", "{name}");
        }
        if name.starts_with("modelled") {
            assert!(!cell.is_empty(), "{name}");
        }
        assert!(!name.starts_with("published"), "{name}");
    }
    for expected in ["mine", "loihi1-davies2018", "published: EDP ratio", "861", "40016x", "Tesla K40"] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(table(&["pes-channel", "--base", "stdp-pair"]).unwrap_err().contains("--base stdp-pair"));
    assert!(table(&["--prices", "/nowhere.toml"]).unwrap_err().contains("/nowhere.toml"));
}

#[test]
fn a_file_keeps_all_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net@home.toml");
    let listed = Command::new(loihi()).args(["list", "stdp-pair"]).output().unwrap();
    std::fs::write(&path, listed.stdout).unwrap();
    let path = path.to_str().unwrap();
    let text = table(&[path, "stdp-pair", "--base", path]).unwrap();
    assert!(text.lines().any(|line| line.starts_with(&format!("| {path} |"))), "{text}");
}

#[test]
fn published_networks_are_computed_again() {
    let [csv, markdown] = ["csv", "markdown"].map(|format| table(&["--published-check", "--format", format]).unwrap());
    for expected in ["sequential MNIST", "MNIST CNN", "DVS gestures", "nearest neighbours"] {
        assert!(csv.contains(expected), "{expected} in {csv}");
    }
    assert!(markdown.contains("Assumed: rate"), "{markdown}");
    // The reader refuses rows that are not as long as the header.
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap).count();
    assert!(rows > 10, "{csv}");
}

#[test]
fn benchmarks_say_what_their_network_would_cost() {
    let output =
        Command::new(loihi()).args(["bench", "lif", "--n", "100", "--steps", "100", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = |name: &str| -> Vec<f64> {
        report["modelled"][name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let per_event = figure("dynamic_pj_per_event");
    assert!(per_event.is_sorted() && per_event[0] > 19.0, "more than the synapse alone: {per_event:?}");
    for name in ["us_per_step", "nj_per_step", "pj_per_event"] {
        assert!(figure(name).is_sorted() && figure(name)[0] > 0.0, "{name}: {:?}", figure(name));
    }
}
