//! `loihi place` and `loihi infer`: a network from a file, samples from a folder, on the host and on the bare x86.

use crate::process::{assert_one_sentence, command, object};
use host_harness::boards;
use host_harness::device::qemu::FIRMWARE_FOLDER;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// Counts events by quadrant of a sensor of 8 x 8: a pool of 4 x 4, and a neuron a class that sums both polarities.
const QUADRANTS: &str = r#"
name = "quadrants"

[[input]]
name = "sensor"
shape = [2, 8, 8]

[[population]]
name = "pool"
shape = [2, 2, 2]
v_th = 20

[[population]]
name = "out"
shape = [4]
v_th = 50

[[connection]]
from = "sensor"
to = "pool"
kind = "pool2d"
kernel = [4, 4]
weights = 10

[[connection]]
from = "pool"
to = "out"
weights = [
    [60, 0, 0, 0, 60, 0, 0, 0],
    [0, 60, 0, 0, 0, 60, 0, 0],
    [0, 0, 60, 0, 0, 0, 60, 0],
    [0, 0, 0, 60, 0, 0, 0, 60],
]

[[connection]]
from = "out"
to = "out"
weights = [[0, -20, -20, -20], [-20, 0, -20, -20], [-20, -20, 0, -20], [-20, -20, -20, 0]]
delay = 2

[readout]
population = "out"
"#;

struct Place {
    folder: TempDir,
}

impl Place {
    /// The network, and sixteen recordings: 60 events, three of four in the quadrant of the class.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("net.toml"), QUADRANTS).unwrap();
        let samples = folder.path().join("samples");
        fs::create_dir(&samples).unwrap();
        let mut labels = String::new();
        for sample in 0..16_u32 {
            let class = sample % 4;
            let _ = writeln!(labels, "{sample}\t{class}");
            let event = |at: u32| {
                let noise = (at * 7919 + sample * 104_729) % 64;
                let quadrant = if at.is_multiple_of(4) { noise % 4 } else { class };
                let (x, y) = (quadrant % 2 * 4 + noise / 4 % 4, quadrant / 2 * 4 + noise / 16);
                let t_us = at * 1000;
                let time = t_us.to_be_bytes();
                [
                    x.to_le_bytes()[0],
                    y.to_le_bytes()[0],
                    (u8::from(at.is_multiple_of(3)) << 7) | time[1],
                    time[2],
                    time[3],
                ]
            };
            fs::write(samples.join(format!("{sample}.bs2")), (0..60).flat_map(event).collect::<Vec<u8>>()).unwrap();
        }
        fs::write(samples.join("labels.txt"), labels).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The network with something replaced.
    fn changed(&self, from: &str, to: &str) -> String {
        assert!(QUADRANTS.contains(from));
        fs::write(self.path("changed.toml"), QUADRANTS.replacen(from, to, 1)).unwrap();
        self.path("changed.toml")
    }
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

#[test]
fn a_network_from_a_file_classifies_recordings_with_the_same_bits_on_every_device() {
    let place = Place::new();
    let (network, samples) = (place.path("net.toml"), place.path("samples"));
    let host = object(&run(&["infer", &network, "--data", &samples, "--json"]));
    assert_eq!((&host["accuracy"], &host["samples"], &host["cores"]), (&1.0.into(), &16.into(), &2.into()), "{host}");
    let firmware = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join(FIRMWARE_FOLDER)
        .join(boards::default().image("firmware"));
    let firmware = firmware.to_str().unwrap();
    let qemu = ["infer", &network, "--data", &samples, "--json", "--device", "qemu", "--firmware", firmware];
    let qemu = object(&run(&qemu));
    for figure in ["digest", "accuracy", "steps", "spikes", "synaptic_events"] {
        assert_eq!(host[figure], qemu[figure], "{figure}");
    }
    // Cut in another way, the compartments have other numbers and the answers are the same.
    let cut = object(&run(&["infer", &network, "--data", &samples, "--json", "--per-core", "3"]));
    assert_eq!((&cut["cores"], &cut["accuracy"], &cut["spikes"]), (&5.into(), &1.0.into(), &host["spikes"]), "{cut}");
    let few = run(&["infer", &network, "--data", &samples, "--samples", "2", "--each"]);
    let few = String::from_utf8(few.stdout).unwrap();
    assert!(few.contains("0.bs2: class 0, answer 0") && few.contains("accuracy         100.00 % (2 of 2)"), "{few}");
}

/// A row of the table: measured here, modelled for the chip.
#[test]
fn what_a_network_costs_is_a_row_of_the_table() {
    let place = Place::new();
    let network = format!("{}@{}", place.path("net.toml"), place.path("samples"));
    let table = run(&["table", &network, "--samples", "5", "--format", "csv", "--quiet"]);
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    let text = String::from_utf8(table.stdout).unwrap();
    let row =
        csv::Reader::from_reader(text.as_bytes()).deserialize::<BTreeMap<String, String>>().next().unwrap().unwrap();
    assert!(row["experiment"].ends_with("net.toml"), "{row:?}");
    for (key, value) in [
        ("table", "experiments"),
        ("measured_result_metric", "accuracy"),
        ("measured_result_value", "1.0"),
        ("per", "sample"),
        ("steps", "60.0"),
        ("run", "shortened: 5 samples"),
    ] {
        assert_eq!(row[key], value, "{key}: {row:?}");
    }
    let energy =
        ["low", "typical", "high"].map(|part| row[&format!("modelled_energy_uj_{part}")].parse::<f64>().unwrap());
    assert!(energy[0] > 0.0 && energy.is_sorted(), "{energy:?}");
    assert_one_sentence(&run(&["table", &place.path("net.toml"), "--quiet"]), &["net.toml is a network"]);
}

#[test]
fn placing_shows_what_every_core_uses() {
    let place = Place::new();
    let table = run(&["place", &place.path("net.toml"), "--pack"]);
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.contains("pool, out"), "{text}");
    assert!(text.contains("12 neurons, 12 compartments on 1 core;"), "{text}");
    let large = place.changed("shape = [4]\nv_th = 50", "shape = [140_000]\nv_th = 50");
    assert_one_sentence(
        &run(&["place", &large]),
        &["changed.toml, line 28, `weights = [`: weights of shape [4, 8], but 140000 neurons with a row of 8 sources"],
    );
}

#[test]
fn what_is_wrong_with_network_or_samples_is_said_in_a_sentence() {
    let place = Place::new();
    let (network, samples) = (place.path("net.toml"), place.path("samples"));
    let infer = |network: &str, samples: &str| run(&["infer", network, "--data", samples]);
    assert_one_sentence(&infer("none.toml", &samples), &["none.toml cannot be read"]);
    assert_one_sentence(&infer(&network, "none"), &["none"]);
    let other = place.changed("shape = [2, 8, 8]", "shape = [128]");
    assert_one_sentence(&infer(&other, &samples), &["line 20, `to = \"pool\"`: the pool of [128] gives"]);
    let empty = place.path("empty");
    fs::create_dir(&empty).unwrap();
    assert_one_sentence(&infer(&network, &empty), &["nothing here that can be read"]);
    let cut = PathBuf::from(&samples).join("5.bs2");
    fs::write(&cut, [1, 2, 3, 4, 5, 6, 7]).unwrap();
    assert_one_sentence(&infer(&network, &samples), &["5.bs2, byte 5: it ends within an event: 2 bytes"]);
    fs::remove_file(&cut).unwrap();
    fs::write(Path::new(&samples).join("labels.txt"), "0 1\n7 4\n").unwrap();
    assert_one_sentence(
        &infer(&network, &samples),
        &["samples does not fit", "7.bs2 is of class 4", "`out` has 4 from 0"],
    );
    let other = place.path("other.csv");
    fs::write(&other, "1,2,3,9\n").unwrap();
    assert_one_sentence(
        &run(&["infer", &network, "--data", &other, "--coding", "rate", "--steps", "5"]),
        &[
            "other.csv does not fit",
            "the samples have 3 values (the last column is the class), the input `sensor` takes 128",
        ],
    );
    fs::write(Path::new(&samples).join("labels.txt"), "0 zero\n").unwrap();
    assert_one_sentence(&infer(&network, &samples), &["labels.txt, line 1: `0 zero` is not a name and a class"]);
}

/// A network that others have trained: its table is printed, and kept in the file and in the run folder.
#[test]
fn an_imported_network_says_what_became_of_it() {
    let place = Place::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/mnist_fc128.nir");
    let out = place.path("mnist.toml");
    let subtract = ["--reset", "subtract", "--input", "values", "--steps", "12"];
    let imported = run(&[&["import", file, "--out", &out], &subtract[..]].concat());
    let table = String::from_utf8(imported.stdout).unwrap();
    assert!(table.contains("approximate  100352 weights") || table.contains("by the embedded CPU"), "{table}");
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.contains("late_steps = 1\n") && text.contains("by the embedded CPU"), "{text}");
    // One black image and one white: 12 steps and one until the last spikes are through.
    let data = place.path("data.csv");
    let row = |value: u8| vec![value.to_string(); 784].join(",");
    fs::write(&data, format!("{},1\n{},2\n", row(0), row(255))).unwrap();
    let folder = place.path("run");
    let probe = "3.v[0..2]@every=13";
    let arguments =
        ["infer", &out, "--data", &data, "--out", &folder, "--json", "--probe", probe, "--probe", "1.spikes"];
    let said = object(&run(&arguments));
    assert_eq!((&said["samples"], &said["steps"], &said["labelled"]), (&2.into(), &26.into(), &2.into()), "{said}");
    let kept = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).unwrap();
    assert!(kept("network.txt").contains("100352 weights") || kept("network.txt").contains("by the embedded CPU"));
    let manifest = kept("manifest.toml");
    assert!(manifest.contains("probes = [\"3.v[0..2]@every=13\", \"1.spikes\"]"), "{manifest}");
    assert!(manifest.contains("labelled = 2.0"), "{manifest}");
    let about: serde_json::Value = serde_json::from_str(&kept("probe-3.v-0-2.json")).unwrap();
    assert_eq!((&about["population"], &about["shape"]), (&"3".into(), &serde_json::json!([2, 2])), "{about}");
    let report = run(&["report", &folder]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    let page = kept("report.html");
    assert!(page.contains("1: ") && page.contains("neuron 1") && !page.contains("start: "), "only what was recorded");
    // A probe of what is not there is a sentence, and leaves nothing behind.
    let other = place.path("other");
    let wrong = run(&["infer", &out, "--data", &data, "--out", &other, "--probe", "two.v"]);
    assert_one_sentence(&wrong, &["unknown population `two`; there are: 1, 3"]);
    assert!(!Path::new(&other).exists());
    let twice = ["--probe", "3.v", "--probe", "3.v@every=2"];
    let twice = run(&[&["infer", &out, "--data", &data, "--out", &other], &twice[..]].concat());
    assert_one_sentence(&twice, &["3.v is probed twice"]);
    assert!(!Path::new(&other).exists());
}

/// Parts that are unsupported end an import after the table, unless they are allowed.
#[test]
fn what_is_unsupported_ends_an_import_unless_allowed() {
    use host_harness::nir::{self, NirNode};
    use host_harness::npz::Array;
    let place = Place::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/mnist_fc128.nir");
    let mut graph = nir::read(Path::new(file)).unwrap();
    graph.edges.retain(|(from, to)| (from.as_str(), to.as_str()) != ("1", "2"));
    let graph =
        graph.with_node("wait", NirNode::Delay { delay: Array::from(1.0) }).with_edges([("1", "wait"), ("wait", "2")]);
    let changed = place.path("changed.nir");
    fs::write(&changed, nir::bytes(&graph).unwrap()).unwrap();
    let out = place.path("changed.toml");
    let refused = run(&["import", &changed, "--out", &out]);
    let table = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(table.contains("wait    Delay   UNSUPPORTED  a delay of 10000 steps"), "{table}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.lines().count() == 1, "{said}");
    assert!(said.contains("changed.nir has unsupported nodes; --allow drops them"), "{said}");
    assert!(!Path::new(&out).exists());
    let allowed = run(&["import", &changed, "--out", &out, "--allow"]);
    assert!(allowed.status.success() && Path::new(&out).exists(), "{}", String::from_utf8_lossy(&allowed.stderr));
}

/// A network of two inputs takes samples for both, or an error that names the one without.
#[test]
fn each_input_is_fed_or_named() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = |name: &str| format!("[[input]]\nname = \"{name}\"\nshape = [2]\n");
    let way = |name: &str| {
        format!("[[connection]]\nfrom = \"{name}\"\nto = \"out\"\nkind = \"dense\"\nweights = [[60, 0], [0, 60]]\n")
    };
    let population = "[[population]]\nname = \"out\"\nshape = [2]\ndecay_v = 4096\nv_th = 100\n";
    let readout = "[readout]\npopulation = \"out\"\n";
    let text = ["name = \"two\"\n", &input("a"), &input("b"), population, &way("a"), &way("b"), readout].concat();
    fs::write(path("two.toml"), text).unwrap();
    // Both inputs show their first element, and then `a` its second one; the last column is the class.
    fs::write(path("a.csv"), "255,0,0\n0,255,0\n").unwrap();
    fs::write(path("b.csv"), "255,0,0\n255,0,0\n").unwrap();
    let infer = |data: &[&str]| {
        let two = path("two.toml");
        let data = data.iter().flat_map(|data| ["--data", data]);
        let arguments: Vec<&str> =
            ["infer", &two].into_iter().chain(data).chain(["--coding", "rate", "--steps", "40", "--each"]).collect();
        command(&arguments).output().unwrap()
    };
    let (a, b) = (path("a.csv"), path("b.csv"));
    let [both_a, both_b] = [format!("a={a}"), format!("b={b}")];
    assert_one_sentence(&infer(&[&a]), &["say --input with one of a, b"]);
    assert_one_sentence(&infer(&["foo=rec"]), &["unknown input `foo`; there are: a, b"]);
    assert_one_sentence(&infer(&[&both_a]), &["the input `b` has no samples"]);
    assert_one_sentence(&infer(&[&both_a, &b]), &["give --data NAME=PATH for each input"]);
    assert_one_sentence(&infer(&[&both_a, &both_a]), &["the input `a` has samples twice"]);
    let said = infer(&[&both_a, &both_b]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("answer 0"), "{text}");
    // Neither input alone makes a neuron fire.
    assert!(text.contains("1: class 0, answer ?, scores [0, 0]"), "{text}");
}

/// Bytes of image and state, and what each board makes of them.
#[test]
fn boards_say_which_networks_they_hold() {
    let spoken = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/spoken-digits.toml");
    let fit = run(&["boards", "--fit", "pes-channel", "digits-pes", "eprop-pattern", spoken, "--format", "csv"]);
    assert!(fit.status.success(), "{}", String::from_utf8_lossy(&fit.stderr));
    let said = String::from_utf8(fit.stdout).unwrap().replace(spoken, "spoken-digits");
    insta::assert_snapshot!(said);
    let all = object(&run(&["boards", "--fit", "--json"]));
    let rows = all["tables"][0]["rows"].as_array().unwrap().len();
    assert!(rows >= 18, "{all}");
}

/// A network without sizes takes those of its samples.
#[test]
fn boards_hold_a_network_whose_sizes_are_those_of_its_samples() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let rest = "[[snip]]\nkind = \"bernoulli-encoder\"\n[[snip]]\nkind = \"decolle\"\npopulation = \"out\"\n[[population]]\nname = \"out\"\nshape = [2]\n[[connection]]\n\
                from = \"values\"\nto = \"out\"\nweights = 4\n";
    let open = file("open.toml", &format!("[[input]]\nname = \"values\"\n{rest}"));
    let closed = file("closed.toml", &format!("[[input]]\nname = \"values\"\nshape = [3]\n{rest}"));
    let samples = file("samples.csv", "a,b,c,label\n0,0.5,1,0\n1,0.5,0,1\n");
    assert_one_sentence(&run(&["boards", "--fit", &open]), &["an input without `shape` takes that of the data"]);
    let fit = object(&run(&["boards", "--fit", &open, &closed, "--train", &samples, "--json"]));
    let rows = fit["tables"][0]["rows"].as_array().unwrap();
    let sizes = |row: &serde_json::Value| (row["image_bytes"].clone(), row["state_bytes"].clone());
    assert!(sizes(&rows[0]).0.is_number(), "{fit}");
    assert_eq!(sizes(&rows[0]), sizes(&rows[1]), "{fit}");
}

#[test]
fn a_network_that_is_not_there_fits_nowhere() {
    let near = ["unknown experiment `pes-chanel`: did you mean `pes-channel`?"];
    assert_one_sentence(&run(&["boards", "--fit", "pes-chanel"]), &near);
    let none_near = ["unknown experiment `unheard-of`; `loihi list` shows all"];
    assert_one_sentence(&run(&["boards", "--fit", "unheard-of"]), &none_near);
}
