//! Plants that are programs of the user's own, as the command runs them.

use crate::common::root;
use crate::process::{assert_one_sentence, command, object, signal, start, wait_for};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Wants more, and costs something until the action is 0.1.
const HUNGRY: &str = r#"
read greeting
while read line; do
    case "$line" in
        *e-* | *'[-'* | *'[0.0'*) cost=0.5 ;;
        *) cost=0 ;;
    esac
    echo "{\"sensed\": [0.8], \"error\": [-0.5], \"cost\": $cost}"
done
"#;

/// A folder with a script and an experiment that has it for a plant.
fn place(script: &str, steps: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    let text = String::from_utf8(command(&["list", "pes-pendulum"]).output().unwrap().stdout).unwrap();
    let (_, rest) = text.split_once("[[input]]").unwrap();
    let rest = rest.replace("shape = [2]", "shape = [1]");
    let script_path = folder.path().join("plant.sh");
    fs::write(&script_path, script).unwrap();
    let plant = format!(
        "name = \"own\"\n[task]\nsteps = {steps}\n[plant]\nplant = \"process\"\ncommand = [\"sh\", {:?}]\nsensed = 1\n\
         actions = 1\ntimeout = \"2 s\"\n[[input]]{rest}",
        script_path.to_str().unwrap()
    );
    fs::write(folder.path().join("own.toml"), plant).unwrap();
    folder
}

fn own(folder: &TempDir) -> String {
    folder.path().join("own.toml").to_str().unwrap().to_owned()
}

#[test]
fn a_network_learns_to_move_a_program() {
    let folder = place(HUNGRY, 300);
    let outcome = object(&command(&["run", &own(&folder), "--seed", "3", "--json"]).output().unwrap());
    let metric = |name: &str| outcome["metrics"][name].as_f64().unwrap();
    assert_eq!(outcome["steps"], 300);
    assert!((metric("rms_error_pd") - 0.5).abs() < 1e-9, "{outcome}");
    assert!(metric("reduction") > 0.2, "{outcome}");
}

#[test]
fn what_is_wrong_with_a_program_is_one_sentence() {
    for (script, parts) in [
        ("echo 'no motor' >&2\nexit 4\n", ["ended with exit status 4", "(no motor)"]),
        ("sleep 60\n", ["did not answer within 2s", "`timeout`"]),
        ("while read line; do echo hello; done\n", ["answered \"hello\"", "one line of JSON"]),
        ("read a\nread b\necho '{\"sensed\": [NaN], \"error\": [0]}'\nread c\n", ["`sensed[0]` is not finite", "NaN"]),
        ("read a\nread b\necho '{\"sensed\": [0, 1], \"error\": [0]}'\nread c\n", ["`sensed` has 2 values", "of 1"]),
    ] {
        let folder = place(script, 100);
        assert_one_sentence(&command(&["run", &own(&folder)]).output().unwrap(), &parts);
    }
    let folder = place("", 100);
    let text = fs::read_to_string(folder.path().join("own.toml")).unwrap();
    fs::write(folder.path().join("own.toml"), text.replace("timeout", "time")).unwrap();
    let output = command(&["run", &own(&folder)]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("plant `process`: unknown field `time`") && said.contains("line 9"), "{said}");
}

fn is_there(process: &str) -> bool {
    Command::new("sh").args(["-c", &format!("kill -0 {process} 2>/dev/null")]).status().unwrap().success()
}

fn content(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Asked to stop, or killed: the program ends, too.
#[test]
fn no_program_outlives_the_command() {
    for name in ["INT", "KILL"] {
        let folder = place("trap '' INT\necho $$ > \"$0.process\"\nwhile :; do sleep 0.1; done\n", 100);
        let own = own(&folder);
        let mut run = start(&["run", &own]);
        let file = folder.path().join("plant.sh.process");
        wait_for("the program", || !content(&file).is_empty());
        signal(run.id(), name);
        let start = Instant::now();
        let status = run.wait().unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "{:?} after SIG{name}", start.elapsed());
        assert_eq!(status.code(), if name == "INT" { Some(130) } else { None });
        wait_for("the end of the program", || !is_there(&content(&file)));
    }
}

#[test]
fn plants_are_listed_as_tables_to_copy() {
    let output = command(&["list", "--plants"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for name in ["pendulum", "arm", "sine", "sines", "choice", "process"] {
        assert!(text.contains(&format!("[plant]\nplant = \"{name}\"\n")), "{text}");
    }
    let rows = object(&command(&["list", "--plants", "--json"]).output().unwrap())["plants"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 6);
    toml::from_str::<toml::Table>(rows[5]["text"].as_str().unwrap()).unwrap();
}

/// It needs Python and Gymnasium to run; without its program it is told what is missing.
#[test]
fn the_example_can_be_read_and_says_what_it_lacks() {
    let folder = root().join("examples/plants");
    let mut run = command(&["run", "gym_pendulum.toml"]);
    let output = run.current_dir(&folder).env("PATH", "/nowhere").output().unwrap();
    assert_one_sentence(&output, &["`python3 gym_pendulum.py` cannot be started", "install it"]);
}
