//! `--json`: every command prints one object on one line, whatever becomes of it.

use crate::examples::{commands, place};
use crate::process::command;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Command lines of every command that does something, and keys of their results; `error` where one cannot succeed here.
const LINES: [(&str, &str, &[&str]); 33] = [
    ("run", "pes-channel", &["experiment", "device", "board", "seed", "steps", "metrics", "ops", "digest", "digests"]),
    ("run", "net.toml --data samples.csv", &["network", "device", "cores", "samples", "accuracy", "steps", "digest"]),
    ("list", "", &["experiments"]),
    ("list", "digits-pes", &["experiment", "text"]),
    ("list", "--registers", &["registers"]),
    ("list", "--devices", &["devices"]),
    ("list", "--snips", &["snips"]),
    ("compare", "stdp-pair --seeds 2", &["experiments"]),
    (
        "sweep",
        "stdp-pair --set task.trials=1..3 --out sweep.csv",
        &["out", "sweep", "points", "runs", "computed", "resumed"],
    ),
    ("merge", "sweep.csv --out all.csv", &["out", "sweep", "runs", "files"]),
    ("conform", "vectors/nengo_single_a.json.gz", &["passed", "failed", "skipped", "vectors"]),
    ("import", "net.nir", &["network", "neurons", "fidelity", "parts", "notes", "out"]),
    ("export", "net.toml --nir exported.nir", &["source", "nodes", "files"]),
    (
        "image",
        "net.toml --out net.img",
        &["network", "image_bytes", "state_bytes", "hash", "flash_boards", "ram_boards", "files"],
    ),
    (
        "train",
        "digits.toml --train digits --epochs 1 --out trained",
        &["accuracy_test", "network", "scores_compared", "scores_different"],
    ),
    (
        "convert",
        "net.onnx --calibrate samples.csv --test samples.csv --steps 8",
        &["accuracy_test", "ann_accuracy", "curve", "scores_compared", "scores_different", "layers", "cores", "out"],
    ),
    ("cost", "--device host", &["error", "kind", "status"]),
    ("table", "stdp-pair", &["tables", "out"]),
    ("table", "--print-prices loihi1-sanafe", &["prices", "text"]),
    ("data list", "", &["data_sets"]),
    ("data formats", "", &["formats"]),
    ("data get", "mnist --data sets --from nowhere.tgz", &["error", "kind", "status"]),
    ("data show", "digits --split test", &["path", "splits"]),
    ("bench lif", "--n 20 --fan-in 5 --steps 20", &["us_per_step", "modelled"]),
    ("bench scale", "--n 30 --steps 20", &["n", "seed", "steps", "tables"]),
    ("bench peers", "--largest 100", &["seed", "tables", "peers"]),
    ("bench learn", "--pre 20 --post 20 --steps 20", &["us_per_step", "modelled"]),
    ("bench congestion", "--cores 2 --compartments 4 --layers 2", &["tables", "out"]),
    ("place", "net.toml", &["network", "neurons", "compartments", "image_bytes", "cores"]),
    ("report", "run-1", &["runs", "page", "bytes"]),
    ("view", "digits-pes", &["error", "kind", "status"]),
    ("boards", "", &["tables"]),
    ("doctor", "", &["protocol_version", "protocol_schema", "found"]),
];

/// An object, none of whose own keys comes twice.
struct Object(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if object.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("{key} comes twice")));
                    }
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// The object that a command line prints, and its exit status.
fn object(arguments: &[&str], folder: &std::path::Path) -> (BTreeMap<String, Value>, i32) {
    let output = command(&[arguments, &["--json"]].concat()).current_dir(folder).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.lines().count(), 1, "{arguments:?} prints {printed}, and says {said}");
    let Object(object) =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}"));
    let status = output.status.code().unwrap();
    let schema = object["schema"].as_str().unwrap();
    let (name, version) = schema.split_once('/').unwrap();
    assert!(name.starts_with("loihi-") && version.parse::<u32>().is_ok(), "{schema}");
    assert_eq!(object["version"], env!("CARGO_PKG_VERSION"), "{arguments:?}");
    assert!(object["commit"].is_string() || object["commit"].is_null(), "{arguments:?}");
    assert!(object["wall_s"].as_f64().unwrap() > 0.0, "{arguments:?}");
    assert_eq!(object.contains_key("error"), status != 0, "{arguments:?}: {printed}");
    if status != 0 {
        assert_eq!(object["status"], status, "{arguments:?}");
        assert!(!said.is_empty(), "{arguments:?} says nothing to people");
    }
    (object, status)
}

#[test]
fn every_command_prints_one_object() {
    let place = place();
    for (name, arguments, keys) in LINES {
        let words: Vec<&str> = name.split(' ').chain(arguments.split_whitespace()).collect();
        let (object, _) = object(&words, place.path());
        assert_eq!(object["command"], name, "{words:?}");
        for key in keys {
            assert!(object.contains_key(*key), "{words:?}: no {key} in {object:?}");
        }
    }
    let (completions, _) = object(&["completions", "bash"], place.path());
    assert!(completions["script"].as_str().unwrap().contains("loihi"));
}

/// A new command needs a line in the table above.
#[test]
fn the_table_has_every_command() {
    let all = commands();
    let with_commands: BTreeSet<&str> =
        all.iter().filter_map(|name| name.split_once(' ')).map(|(outer, _)| outer).collect();
    let all: BTreeSet<&str> = all.iter().map(String::as_str).filter(|name| !with_commands.contains(name)).collect();
    let table: BTreeSet<&str> = LINES.iter().map(|(name, ..)| *name).chain(["completions"]).collect();
    assert_eq!(all, table);
}

#[test]
fn errors_are_objects_too() {
    let place = place();
    let kind = |words: &[&str]| {
        let (object, status) = object(words, place.path());
        (object["kind"].as_str().unwrap().to_owned(), object["command"].as_str().unwrap().to_owned(), status)
    };
    let expected = |kind: &str, command: &str, status| (kind.to_owned(), command.to_owned(), status);
    assert_eq!(kind(&["run"]), expected("usage", "run", 2));
    assert_eq!(kind(&["bench", "lif", "--n", "many"]), expected("usage", "bench lif", 2));
    assert_eq!(kind(&["nothing"]), expected("usage", "", 2));
    assert_eq!(kind(&["run", "nothing"]), expected("failed", "run", 1));
    assert_eq!(kind(&["place", "nowhere.toml"]), expected("failed", "place", 1));
    let (object, _) = object(&["conform", "nowhere.json", "vectors/nengo_single_a.json.gz"], place.path());
    assert_eq!(
        (&object["passed"], &object["failed"]),
        (&1.into(), &1.into()),
        "a result comes with the error: {object:?}"
    );
}
