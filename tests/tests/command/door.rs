//! `loihi run WHAT`: experiments and networks by one verb; testing does not learn; files of the wrong kind say what takes
//! them.

use crate::process::{assert_one_sentence, command, object};
use std::fs;
use std::process::Output;
use tempfile::TempDir;

/// Two inputs, two neurons; every spike of a source strengthens its synapses.
const LEARNS: &str = r#"
name = "learns"
steps = 40
[[input]]
name = "in"
shape = [2]
[[population]]
name = "out"
shape = [2]
decay_v = 4096
v_th = 50
[[connection]]
from = "in"
to = "out"
kind = "dense"
weights = [[60, 0], [0, 60]]
[connection.learning]
rule = "dw = 2^-1*x0"
epoch_steps = 1
[readout]
population = "out"
"#;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        fs::write(place.path("learns.toml"), LEARNS).unwrap();
        let fixed =
            LEARNS.split("[connection.learning]").next().unwrap().to_owned() + "[readout]\npopulation = \"out\"\n";
        fs::write(place.path("fixed.toml"), fixed).unwrap();
        fs::write(place.path("a.csv"), "255,0,0\n0,255,1\n").unwrap();
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, verb: &str, more: &[&str]) -> Output {
        let (network, data) = (self.path("learns.toml"), self.path("a.csv"));
        command(&[&[verb, &network, "--data", &data, "--coding", "rate", "--json"], more].concat()).output().unwrap()
    }
}

#[test]
fn testing_does_not_learn_and_learning_is_asked_for() {
    let place = Place::new();
    let [tested, also, learned] = ["tested", "also", "learned"].map(|name| place.path(name));
    let test = object(&place.run("run", &["--out", &tested]));
    let infer = object(&place.run("infer", &["--out", &also]));
    assert_eq!((&test["digest"], &test["learning"]), (&infer["digest"], &false.into()), "{test}");
    let words = |folder: &str, name: &str| fs::read(format!("{folder}/{name}.npy")).unwrap();
    assert_eq!(words(&tested, "weights-before"), words(&tested, "weights-after"));
    assert!(!fs::exists(format!("{tested}/learned.bin")).unwrap(), "nothing was learned");
    let learning = object(&place.run("run", &["--learn", "--out", &learned]));
    assert_eq!(learning["learning"], true);
    assert_ne!(words(&learned, "weights-before"), words(&learned, "weights-after"));
    // What was learned is tested, and stays as it is.
    let taken = place.path("taken");
    object(&place.run("run", &["--learned", &learned, "--out", &taken]));
    assert_eq!(words(&taken, "weights-after"), words(&learned, "weights-after"));
    // A finished folder is that of its learning, and of what it started from.
    let refused = |more: &[&str], parts: &[&str]| {
        let output = place.run("run", more);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    };
    refused(&["--resume", &learned], &["settings", "learning"]);
    refused(&["--resume", &taken], &["--learned", "none"]);
    let again = object(&place.run("run", &["--learned", &learned, "--resume", &taken]));
    assert_eq!(again["finished_before"], true, "{again}");
}

#[test]
fn options_that_do_not_apply_are_refused() {
    let place = Place::new();
    let (network, data) = (place.path("learns.toml"), place.path("a.csv"));
    let refused =
        |arguments: &[&str], parts: &[&str]| assert_one_sentence(&command(arguments).output().unwrap(), parts);
    refused(&["run", "digits-pes", "--coding", "rate"], &["--coding is for networks"]);
    refused(&["run", "digits-pes", "--learn"], &["--learn is for networks"]);
    refused(&["run", "digits-pes", "--each"], &["--each does not work with networks that learn"]);
    refused(&["run", &network, "--data", &data, "--validate"], &["--validate is for what learns from --train"]);
    refused(&["run", &network], &["learns.toml is a network", "--data"]);
    refused(&["run", &place.path("fixed.toml"), "--data", &data, "--learn"], &["no learning rules", "--learn"]);
}

#[test]
fn files_of_the_wrong_kind_say_what_takes_them() {
    let place = Place::new();
    let prices = command(&["table", "--print-prices", "loihi1-sanafe"]).output().unwrap();
    fs::write(place.path("prices.toml"), prices.stdout).unwrap();
    fs::write(place.path("a.nir"), b"\x89HDF\r\n\x1a\n").unwrap();
    fs::write(place.path("a.net"), b"\x89HDF\r\n\x1a\n").unwrap();
    fs::write(place.path("a.img"), b"LOI1....").unwrap();
    fs::write(place.path("a.aedat"), b"#!AER-DAT2.0\r\n").unwrap();
    fs::write(place.path("other.toml"), "a = 1\n").unwrap();
    object(&place.run("run", &["--learn", "--out", &place.path("folder")]));
    for verb in ["run", "compare", "table"] {
        for (name, part) in [
            ("prices.toml", "`loihi table --prices "),
            ("a.nir", "`loihi import "),
            ("a.net", "`loihi import "),
            ("a.img", "chip image"),
            ("a.aedat", "--data "),
            ("a.csv", "--data "),
            ("other.toml", "`loihi list NAME`"),
            ("folder", "`loihi report "),
            ("folder/learned.bin", "--learned "),
            ("folder/manifest.toml", "--resume "),
        ] {
            let output = command(&[verb, &place.path(name)]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && said.contains(part), "{verb} {name}: {said}");
        }
    }
}

/// Files given as networks or as samples that are something else.
#[test]
fn other_commands_name_the_right_one_too() {
    let place = Place::new();
    fs::write(place.path("a.nir"), b"\x89HDF\r\n\x1a\n").unwrap();
    let network = place.path("learns.toml");
    let refused =
        |arguments: &[&str], parts: &[&str]| assert_one_sentence(&command(arguments).output().unwrap(), parts);
    refused(&["place", &place.path("a.nir")], &["`loihi import "]);
    refused(&["run", &network, "--data", &network], &["is a network, not samples"]);
    refused(
        &["run", "digits"],
        &["`digits` is a data set, which --data and --train take: did you mean the experiment `digits-"],
    );
}

#[test]
fn networks_are_compared_and_tabled_as_experiments_are() {
    let place = Place::new();
    let (network, data) = (place.path("learns.toml"), place.path("a.csv"));
    let given = [&network, "--data", &data, "--coding", "rate"];
    let compared = object(&command(&[&["compare", "--json", "--seeds", "2"], &given[..]].concat()).output().unwrap());
    let row = &compared["experiments"][0];
    assert_eq!((&row["metric"], &row["mean"]), (&"accuracy".into(), &1.0.into()), "{compared}");
    let table = command(&[&["table", "--quiet", "--format", "csv"], &given[..]].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(table.status.success() && text.contains("learns.toml,"), "{text}");
}

/// Experiments that classify learn from files of the user; their networks take the size of these.
#[test]
fn experiments_learn_from_other_data() {
    let place = Place::new();
    let data = place.path("rows.csv");
    // Two classes that differ in every value.
    let row =
        |number: usize| format!("{0},{0},{1},{1},{1},{2}\n", 255 * (number % 2), 255 * (1 - number % 2), number % 2);
    fs::write(&data, (0..60).map(row).collect::<String>()).unwrap();
    let given = ["run", "digits-decolle", "--data", &data, "--json"];
    let learned = object(&command(&given).output().unwrap());
    // Of 48 and 12 samples, three times.
    assert_eq!(learned["ops"]["steps"].as_u64().unwrap() % 60, 0, "{learned}");
    assert_eq!(learned["metrics"]["accuracy_test"], 1.0, "{learned}");
    let learned = object(&command(&["run", "digits-emstdp", "--data", &data, "--json"]).output().unwrap());
    assert_eq!(learned["metrics"]["accuracy_test"], 1.0, "{learned}");
    let own = object(
        &command(&["run", "digits-decolle", "--data", "digits", "--samples", "5", "--epochs", "1", "--json"])
            .output()
            .unwrap(),
    );
    assert!(own["digest"].is_string(), "a data set by its name: {own}");
    let refused = |arguments: &[&str], parts: &[&str]| {
        let said = String::from_utf8(command(arguments).output().unwrap().stderr).unwrap();
        assert!(said.lines().count() == 1 && parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    };
    refused(&["run", "digits-clp", "--data", &data], &["does not fit", "5 values", "takes 64"]);
    refused(&["run", "pes-channel", "--data", &data], &["takes no data", "--data"]);
    refused(&["run", "digits-decolle", "--data", &place.path("none")], &["none"]);
    refused(&["run", "digits-decolle", "--data", &data, "--data", &data], &["one data set"]);
}

/// How an input is encoded stands in the network file, unless the command says otherwise.
#[test]
fn the_network_file_says_how_samples_become_spikes() {
    let place = Place::new();
    let network = place.path("fixed.toml");
    // Values that do not spike in every step.
    let data = place.path("b.csv");
    fs::write(&data, "255,120,0\n0,120,1\n").unwrap();
    let plain = fs::read_to_string(&network).unwrap();
    let run = |more: &[&str]| {
        let output = command(&[&["run", &network, "--data", &data, "--each", "--json"], more].concat()).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert!(run(&[]).contains("give it a `coding`"));
    let by_rate = run(&["--coding", "rate", "--seed", "5"]);
    let by_latency = run(&["--coding", "latency"]);
    assert!(by_rate.contains("answer") && by_rate != by_latency, "{by_rate}{by_latency}");
    fs::write(&network, plain.replacen("shape = [2]", "shape = [2]\ncoding = \"rate\"\nseed = 5", 1)).unwrap();
    assert_eq!(run(&[]), by_rate);
    assert_ne!(run(&["--seed", "6"]), by_rate);
    assert_eq!(run(&["--coding", "latency"]), by_latency);
}

#[test]
fn every_format_is_listed() {
    let formats = object(&command(&["data", "formats", "--json"]).output().unwrap());
    let names: Vec<&str> =
        formats["formats"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, host_harness::data::FORMATS.iter().map(|format| format.name).collect::<Vec<_>>());
    let text = String::from_utf8(command(&["data", "formats"]).output().unwrap().stdout).unwrap();
    assert!(text.contains("targets: in the columns `target` or `target_...`"), "{text}");
}
