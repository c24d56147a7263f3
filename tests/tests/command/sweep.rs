//! `loihi sweep` and `loihi merge`: the table, whatever the number of runs at a time, what stops them, and how they are shared.

use crate::process::{assert_one_sentence, command, object, signal, start, wait_for};
use assert_cmd::Command;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

const NETWORK: &str = r#"
steps = 8

[[input]]
name = "values"
shape = [2]
coding = "rate"

[[population]]
name = "out"
shape = [2]
v_th = 100  # mantissa

[[connection]]
from = "values"
to = "out"
weights = [[60, 0], [0, 60]]

[readout]
population = "out"
"#;

/// A grid of two by three values, with two seeds each.
const GRID: [&str; 7] = ["sweep", "stdp-pair", "--set", IMPULSES, "--set", TAUS, "--seeds=2"];
const IMPULSES: &str = "connection.0.learning.x1.impulse=110..111";
const TAUS: &str = "connection.0.learning.x1.tau_steps=5.0,10.0,20.0";

fn in_folder(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command.current_dir(folder.path());
    command
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    in_folder(folder, arguments).output().unwrap()
}

fn works(folder: &TempDir, arguments: &[&str]) -> serde_json::Value {
    object(&run(folder, &[arguments, &["--json"]].concat()))
}

fn refused(folder: &TempDir, arguments: &[&str], parts: &[&str]) {
    assert_one_sentence(&run(folder, arguments), parts);
}

/// The cells of a table, header first.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let place = rows[0].iter().position(|header| header == name).unwrap_or_else(|| panic!("{name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[place].clone()).collect()
}

#[test]
fn rows_are_the_runs_of_the_same_parameters_whatever_the_number_at_a_time() {
    let folder = TempDir::new().unwrap();
    let report = works(&folder, &[&GRID[..], &["--jobs", "1", "--out", "one.csv"]].concat());
    assert_eq!((&report["points"], &report["runs"], &report["computed"]), (&6.into(), &12.into(), &12.into()));
    works(&folder, &[&GRID[..], &["--jobs", "5", "--out", "five.csv"]].concat());
    let bytes = fs::read(folder.path().join("one.csv")).unwrap();
    assert_eq!(bytes, fs::read(folder.path().join("five.csv")).unwrap());
    let rows = cells(&folder.path().join("one.csv"));
    assert_eq!(column(&rows, "run"), (0..12).map(|run| run.to_string()).collect::<Vec<_>>());
    assert_eq!(column(&rows, "connection.0.learning.x1.impulse")[5..7], ["110", "111"]);
    let taus = column(&rows, "connection.0.learning.x1.tau_steps");
    assert_eq!(taus[..6], ["5.0", "5.0", "10.0", "10.0", "20.0", "20.0"]);
    assert_eq!(column(&rows, "seed")[..3], ["0", "1", "0"]);

    let text = String::from_utf8(command(&["list", "stdp-pair"]).output().unwrap().stdout).unwrap();
    let text = text.replacen("impulse = 120", "impulse = 111", 1).replacen("tau_steps = 10.0", "tau_steps = 20.0", 1);
    fs::write(folder.path().join("own.toml"), text).unwrap();
    let own = works(&folder, &["run", "own.toml", "--seed", "1"]);
    assert_eq!(own["digest"], *column(&rows, "digest")[11]);
    assert_eq!(own["metrics"]["rms_difference"].to_string(), column(&rows, "rms_difference")[11]);
}

#[test]
fn shards_merge_into_the_bytes_of_the_whole() {
    let folder = TempDir::new().unwrap();
    works(&folder, &[&GRID[..], &["--out", "whole.csv"]].concat());
    for shard in 1..=5 {
        let (shard, out) = (format!("{shard}/5"), format!("part-{shard}.csv"));
        works(&folder, &[&GRID[..], &["--shard", &shard, "--out", &out]].concat());
    }
    let parts = ["merge", "part-3.csv", "part-1.csv", "part-5.csv", "part-2.csv"];
    refused(&folder, &[&parts[..], &["--out", "all.csv"]].concat(), &["2 of 12 runs are missing (shard 4/5)"]);
    refused(&folder, &["merge", "part-3.csv", "nowhere.csv", "--out", "all.csv"], &["nowhere.csv: no such file"]);
    assert!(!folder.path().join("all.csv").exists());
    let report = works(&folder, &[&parts[..], &["part-4.csv", "part-4.csv", "--out", "all.csv"]].concat());
    assert_eq!(report["runs"], 12);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("all.csv"), read("whole.csv"));

    works(&folder, &["sweep", "stdp-pair", "--out", "other.csv"]);
    refused(&folder, &["merge", "part-1.csv", "other.csv", "--out", "x.csv"], &["other.csv is of another sweep"]);
    refused(&folder, &[&parts[..], &["part-4.csv", "--out", "other.csv"]].concat(), &["other.csv has another sweep"]);
    let rows = cells(&folder.path().join("part-4.csv"));
    let digest = &column(&rows, "digest")[0];
    fs::write(folder.path().join("bad.csv"), read("part-4.csv").replace(digest.as_str(), "0123456789abcdef")).unwrap();
    refused(
        &folder,
        &["merge", "whole.csv", "bad.csv", "--out", "x.csv"],
        &["run 3 has the digest", "0123456789abcdef in bad.csv"],
    );
    let empty = run(&folder, &[&GRID[..], &["--shard", "13/13", "--out", "none.csv"]].concat());
    assert_eq!(String::from_utf8_lossy(&empty.stdout), "0 runs of shard 13/13 of 12: nothing is written\n");
    assert!(!folder.path().join("none.csv").exists());
}

#[test]
fn a_table_resumes_and_that_of_another_sweep_does_not() {
    let folder = TempDir::new().unwrap();
    works(&folder, &[&GRID[..], &["--out", "grid.csv"]].concat());
    let path = folder.path().join("grid.csv");
    let whole = fs::read_to_string(&path).unwrap();
    let some: Vec<&str> =
        whole.lines().enumerate().filter(|(line, _)| ![2, 3, 12].contains(line)).map(|(_, line)| line).collect();
    fs::write(&path, some.join("\n")).unwrap();
    let report = works(&folder, &[&GRID[..], &["--out", "grid.csv"]].concat());
    assert_eq!((&report["resumed"], &report["computed"]), (&9.into(), &3.into()));
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);

    for other in [
        vec!["sweep", "stdp-pair", "--set", IMPULSES, "--set", TAUS, "--seeds=3"],
        vec!["sweep", "stdp-pair", "--set", IMPULSES, "--set", &TAUS.replace("20.0", "21.0"), "--seeds=2"],
        [&GRID[..], &["--seed", "1"]].concat(),
    ] {
        refused(&folder, &[&other[..], &["--out", "grid.csv"]].concat(), &["grid.csv has another sweep", "--out"]);
    }
    fs::write(&path, "a,b\n1,2\n").unwrap();
    refused(&folder, &[&GRID[..], &["--out", "grid.csv"]].concat(), &["grid.csv is not the table of a sweep"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
    refused(&folder, &[&GRID[..], &["--out", "nowhere/grid.csv"]].concat(), &["nowhere/grid.csv cannot be written"]);
}

#[test]
fn a_stopped_sweep_keeps_the_runs_that_have_ended() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stopped.csv");
    let out = path.to_str().unwrap().to_owned();
    // The second point takes minutes.
    let grid = [
        "sweep",
        "digits-pes",
        "--samples",
        "400",
        "--set",
        "task.epochs=1,1000",
        "--seeds",
        "2",
        "--jobs",
        "1",
        "--out",
        &out,
    ];
    let mut run = start(&grid);
    wait_for("two rows", || fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == 3));
    assert_one_sentence(&command(&grid).output().unwrap(), &["another process is writing", "each shard has its own"]);
    signal(run.id(), "INT");
    let status = run.wait().unwrap();
    let said = std::io::read_to_string(run.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.starts_with("loihi: stopped by request; 2 of 4 runs in "), "{said}");
    assert_eq!(column(&cells(&path), "task.epochs"), ["1", "1"]);

    let mut run = start(&grid);
    std::thread::sleep(std::time::Duration::from_millis(200));
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(cells(&path).len(), 3, "a killed sweep leaves the table whole");
}

#[test]
fn networks_are_swept_with_their_samples() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("net.toml"), NETWORK).unwrap();
    fs::write(at("samples.csv"), "a,b,label\n255,0,0\n0,255,1\n").unwrap();
    let grid = [
        "sweep",
        "net.toml@samples.csv",
        "--set",
        "population.out.v_th=100,2000",
        "--set",
        "steps=8,16",
        "--out",
        "grid.csv",
    ];
    works(&folder, &grid);
    let rows = cells(&at("grid.csv"));
    assert_eq!(rows[0][3..8], ["population.out.v_th", "set.steps", "seed", "steps", "digest"]);
    assert_eq!(column(&rows, "steps"), ["16", "32", "16", "32"]);
    assert_eq!(column(&rows, "accuracy")[0], "1");
    assert_eq!(column(&rows, "right")[2], "0", "it cannot fire");

    fs::write(at("samples.csv"), "a,b,label\n255,0,0\n0,254,1\n").unwrap();
    refused(&folder, &grid, &["grid.csv has another sweep", "data"]);
}

/// A table is of the samples as they were, for networks that learn too.
#[test]
fn other_contents_of_the_data_are_another_sweep() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let snips = "[[snip]]\nkind = \"clp\"\npopulation = \"out\"\nclasses = 2\n";
    let network = NETWORK.split("[readout]").next().unwrap().replace("v_th = 100", "decay_v = 0\nv_th = 131071");
    let network = network.replace("coding = \"rate\"", "").replace("[[60, 0], [0, 60]]", "0");
    fs::write(at("net.toml"), format!("{network}[[snip]]\nkind = \"rate-encoder\"\n{snips}")).unwrap();
    let rows = "255,0,0\n0,255,1\n".repeat(5);
    fs::write(at("samples.csv"), format!("a,b,label\n{rows}")).unwrap();
    let grid = ["sweep", "net.toml", "--train", "samples.csv", "--set", "steps=8..9", "--out", "grid.csv"];
    works(&folder, &grid);
    works(&folder, &grid);
    fs::write(at("samples.csv"), format!("a,b,label\n{}", rows.replace("255,1", "254,1"))).unwrap();
    refused(&folder, &grid, &["grid.csv has another sweep", "data"]);
}

#[test]
fn what_is_wrong_shows_before_anything_runs() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("net.toml"), NETWORK).unwrap();
    fs::write(folder.path().join("samples.csv"), "a,b,label\n255,0,0\n").unwrap();
    let sweep = |set: &str| run(&folder, &["sweep", "net.toml@samples.csv", "--set", set, "--out", "grid.csv"]);
    for (set, parts) in [
        ("population.ouch.v_th=1..2", &["no `ouch` in `population`; there are: out, name, shape, v_th"][..]),
        ("population.out.v_ht=1..2", &["there are: v_th, name, shape"]),
        ("population.out.v_th=1,-5", &["with population.out.v_th = -5", "line 12, `v_th = -5  # mantissa`"]),
        ("population=1..2", &["population is a table"]),
    ] {
        assert_one_sentence(&sweep(set), parts);
    }
    let said = |set: &str| String::from_utf8(sweep(set).stderr).unwrap();
    assert!(said("population.out.v_th=low,high").contains("texts are quoted"));
    assert!(said("population.out.v_th").contains("give KEY=VALUES"));
    assert!(!folder.path().join("grid.csv").exists());
    let shard = run(&folder, &["sweep", "stdp-pair", "--shard", "3/2", "--out", "grid.csv"]);
    assert!(String::from_utf8_lossy(&shard.stderr).contains("give K/N"));
    let many = ["sweep", "stdp-pair", "--set", "task.trials=1..1000000", "--seeds", "2", "--out", "grid.csv"];
    refused(&folder, &many, &["2000000 runs are more than 1000000"]);
    // The data of these runs are not here.
    let unfetched = ["sweep", "mnist-decolle", "--set", "task.epochs=1..2", "--out", "grid.csv"];
    let output = in_folder(&folder, &unfetched).env("LOIHI_DATA", folder.path()).output().unwrap();
    assert_one_sentence(&output, &["the data set mnist is not in", "`loihi data get mnist`"]);
}
