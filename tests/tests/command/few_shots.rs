//! A head on an imported network learns classes from a few samples of each.

use crate::process::{assert_one_sentence, command, object};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::process::Output;
use tempfile::TempDir;

const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/mnist_fc128.nir");
const OPTIONS: [&str; 6] = ["--reset", "subtract", "--input", "values", "--steps", "12"];

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Images of 28 x 28 with a bright bar, which the class turns and moves; the last column is the class.
    fn images(&self, name: &str, classes: &[usize]) -> String {
        let mut text = String::new();
        for (number, class) in classes.iter().enumerate() {
            let (first, is_row) = (4 + 9 * (class / 2) + number % 3, class % 2 == 0);
            for pixel in 0..784 {
                let at = if is_row { pixel / 28 } else { pixel % 28 };
                let noise = (pixel * 7919 + number * 104_729) % 40;
                let _ = write!(text, "{},", if (first..first + 4).contains(&at) { 210 + noise } else { noise });
            }
            let _ = writeln!(text, "{class}");
        }
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The network of `examples` with a head for four classes.
    fn head(&self, kind: &str) -> String {
        let out = self.path(&format!("{kind}.toml"));
        let output = run(&[&["import", MNIST, "--head", kind, "--classes", "4", "--out", &out], &OPTIONS[..]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("The last layer, `3`, is left out: `head` learns 4 classes from the spikes of `1`."));
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains(&format!("kind = \"{kind}\"")) && text.contains("late_steps = 1\n"), "{text}");
        assert!(!text.contains("[readout]") && !text.contains("name = \"start\""), "{text}");
        out
    }
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn metric(said: &Value, name: &str) -> f64 {
    said["metrics"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {said}"))
}

#[test]
fn a_head_on_an_imported_network_learns_from_a_few_samples() {
    let place = Place::new();
    let train = place.images("train.csv", &(0..24).map(|number| number % 4).collect::<Vec<_>>());
    let test = place.images("test.csv", &(0..16).map(|number| (number / 3) % 4).collect::<Vec<_>>());
    let head = place.head("clp");
    let learned = |shots: &str, seed: &str| {
        let data = ["--train", &train, "--test", &test, "--shots", shots, "--seed", seed, "--json"];
        object(&run(&[&["run", &head], &data[..]].concat()))
    };
    let said = learned("2", "11");
    // Two samples of four classes, then the test; twelve steps and a late one each.
    assert_eq!(said["steps"], (2 * 4 + 16) * 13, "{said}");
    let [chip, float] = ["accuracy_test", "accuracy_test_float"].map(|name| metric(&said, name));
    assert!(chip > 0.9 && (chip - float).abs() < 0.1, "{chip} {float}");
    assert_eq!(learned("2", "11")["digest"], said["digest"]);
    assert_ne!(learned("2", "12")["digest"], said["digest"], "the seed chooses the samples");
    assert_eq!(learned("6", "11")["steps"], (6 * 4 + 16) * 13);
    let said =
        object(&run(&["run", &place.head("soel"), "--train", &train, "--test", &test, "--shots", "6", "--json"]));
    assert!(metric(&said, "accuracy_test") > 0.4, "{said}");
}

#[test]
fn too_few_samples_are_counted() {
    let place = Place::new();
    let head = place.head("clp");
    let train = place.images("train.csv", &[0, 1, 2, 0, 1, 2, 0, 1, 0, 1]);
    let [test, more] = [("test.csv", [0, 1, 2]), ("more.csv", [0, 1, 3])].map(|(name, own)| place.images(name, &own));
    let learn = |test: &str, shots: &str| run(&["run", &head, "--train", &train, "--test", test, "--shots", shots]);
    assert_one_sentence(
        &learn(&test, "3"),
        &["train.csv does not fit: class 2 has 2 samples to learn from: give --shots 2 or fewer"],
    );
    assert_one_sentence(&learn(&more, "2"), &["class 3 has samples to test on and none to learn from: give it 2"]);
    assert!(learn(&test, "2").status.success(), "class 3 is neither learned nor tested");
    assert_one_sentence(&learn(&place.images("five.csv", &[4]), "2"), &["class 4 has samples to test on and none"]);
    let output = run(&["run", &head, "--train", &train, "--shots", "0"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("--shots"));
    let text = fs::read_to_string(&head).unwrap();
    fs::write(&head, text.replace("float_prototypes = \"1\"", "float_prototypes = \"2\"")).unwrap();
    assert_one_sentence(&learn(&test, "2"), &["float_prototypes: unknown population `2`; there are: 1, head"]);
}

#[test]
fn a_head_needs_a_layer_before_the_last_one_and_steps() {
    use host_harness::nir::{self, Graph, NirNode};
    use host_harness::npz::Array;
    let place = Place::new();
    let neurons = NirNode::Lif {
        tau: Array::from(vec![0.02; 2]),
        r: Array::from(20.0),
        v_leak: Array::from(0.0),
        v_threshold: Array::from(1.0),
        v_reset: None,
    };
    let graph = Graph::default()
        .with_node("in", NirNode::Input { shape: vec![2] })
        .with_node("w", NirNode::Scale { scale: Array::from(vec![0.5, 0.25]) })
        .with_node("lif", neurons)
        .with_node("out", NirNode::Output { shape: vec![2] })
        .with_edges([("in", "w"), ("w", "lif"), ("lif", "out")]);
    let single = place.path("single.nir");
    fs::write(&single, nir::bytes(&graph).unwrap()).unwrap();
    let [out, clp] = [place.path("out.toml"), "clp".to_owned()];
    let import = |file: &str, steps: &str| {
        run(&["import", file, "--dt", "0.001", "--head", &clp, "--steps", steps, "--out", &out])
    };
    let said = import(&single, "12");
    assert_one_sentence(&said, &["single.nir: `lif` is its only layer, and without it nothing is left"]);
    assert_one_sentence(&import(MNIST, "0"), &["a head learns at the end of a sample", "give --steps"]);
    assert_one_sentence(
        &import(MNIST, "255"),
        &["a sample takes 256 steps, and prototypes learn samples of at most 255"],
    );
    assert!(!fs::exists(&out).unwrap());
    let alone = run(&["import", MNIST, "--classes", "4"]);
    assert!(!alone.status.success() && String::from_utf8_lossy(&alone.stderr).contains("--head"));
}
