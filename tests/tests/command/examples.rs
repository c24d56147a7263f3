//! The help of every command, and the examples in it.

use crate::common::root;
use crate::process::{command, loihi};
use host_harness::convert::ann::{Activation, Ann, Layer, Map, Source, Way};
use host_harness::convert::onnx;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A network of two neurons, for samples of four values.
const NETWORK: &str = r#"
name = "halves"
steps = 8

[[input]]
name = "values"
shape = [4]
coding = "rate"

[[population]]
name = "out"
shape = [2]
v_th = 100

[[connection]]
from = "values"
to = "out"
weights = [[40, 40, 0, 0], [0, 0, 40, 40]]

[readout]
population = "out"
"#;

/// Names of all commands, as the help lists them: `run`, `bench`, `bench lif`; hidden ones are left out.
pub(crate) fn commands() -> Vec<String> {
    let mut found = Vec::new();
    inside("", &mut found);
    found
}

fn inside(path: &str, found: &mut Vec<String>) {
    let help = help(path);
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in lines.take_while(|line| line.starts_with("  ")) {
        // Lines that go on are indented further.
        let Some(name) = line[2..].split(' ').next().filter(|name| !name.is_empty() && *name != "help") else {
            continue;
        };
        let name = format!("{path} {name}").trim_start().to_owned();
        found.push(name.clone());
        inside(&name, found);
    }
}

fn help(path: &str) -> String {
    let words: Vec<&str> = path.split_whitespace().chain(["--help"]).collect();
    let output = command(&words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The command lines in the examples of a command.
fn examples(path: &str) -> Vec<String> {
    let help = help(path);
    let lines = help.lines().skip_while(|line| *line != "EXAMPLES:").skip(1);
    lines.map(str::trim).filter(|line| line.starts_with("loihi ")).map(str::to_owned).collect()
}

/// What the examples name: a network (as NIR, too), samples, parameters, vectors, two run folders.
pub(crate) fn place() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("net.toml"), NETWORK).unwrap();
    fs::write(at("samples.csv"), "a,b,c,d,label\n255,255,0,0,0\n0,0,255,255,1\n").unwrap();
    fs::write(at("others.csv"), "a,b,c,d,label\n250,245,0,5,0\n0,5,245,250,1\n").unwrap();
    let weights = Map::Dense(vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    let ways = vec![Way { from: Source::Input, from_shape: vec![4], map: weights }];
    let (shape, bias, activation) = (vec![2], vec![0.0; 2], Activation::Linear);
    let layers = vec![Layer { name: "out".to_owned(), shape, ways, bias, activation }];
    fs::write(at("net.onnx"), onnx::bytes(&Ann { name: "halves".to_owned(), input: vec![4], layers })).unwrap();
    fs::create_dir(at("vectors")).unwrap();
    fs::copy(root().join("examples/train/digits.toml"), at("digits.toml")).unwrap();
    let vector = "nengo_single_a.json.gz";
    fs::copy(root().join("tests/golden/neurons").join(vector), at("vectors").join(vector)).unwrap();
    for line in [
        "loihi list digits-pes > my.toml",
        "loihi export net.toml --nir net.nir",
        "loihi run digits-pes --samples 50 --epochs 1 --out run-1 --spikes",
        "loihi run digits-pes --samples 50 --epochs 1 --out run-2 --seed 1",
    ] {
        run(line, folder.path());
    }
    folder
}

/// Runs a command line by a shell, as a user does.
fn run(line: &str, folder: &Path) {
    let path = std::env::join_paths([loihi().parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", line]).current_dir(folder).env("PATH", path).env_remove("LOIHI_DATA").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_help_has_examples_of_its_command() {
    for name in commands() {
        let examples = examples(&name);
        assert!(!examples.is_empty(), "loihi {name} --help has no EXAMPLES");
        for line in examples {
            assert!(line.starts_with(&format!("loihi {name} ")) || line == format!("loihi {name}"), "{name}: {line}");
        }
    }
    assert!(!examples("").is_empty(), "loihi --help has no EXAMPLES");
}

#[test]
fn examples_work() {
    // What needs a network, a terminal or the firmware.
    let needs = ["loihi data get", "loihi view", "--device qemu"];
    // Without optimisation they take minutes.
    let long = ["loihi run digits-pes", "loihi run my.toml --seed 3 --json"];
    let place = place();
    fs::remove_dir_all(place.path().join("run-1")).unwrap();
    for name in [String::new()].into_iter().chain(commands()) {
        for line in examples(&name) {
            let is_long = cfg!(debug_assertions) && long.contains(&line.as_str());
            if !is_long && !needs.iter().any(|part| line.contains(part)) {
                run(&line, place.path());
            }
        }
    }
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = command(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        for name in ["compare", "congestion", "--json"] {
            assert!(script.contains(name.trim_start_matches('-')), "{shell}: no {name}");
        }
    }
    let folder = TempDir::new().unwrap();
    let output = command(&["man", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in commands() {
        let page = folder.path().join(format!("loihi-{}.1", name.replace(' ', "-")));
        let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(text.contains("EXAMPLES"), "{}", page.display());
    }
    assert!(folder.path().join("loihi.1").exists());
}
