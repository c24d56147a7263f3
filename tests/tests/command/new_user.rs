//! A network trained on some voices learns the words of another one, on a board as on the host.

use crate::process::{assert_one_sentence, command, object};
use host_harness::boards;
use host_harness::device::qemu::FIRMWARE_FOLDER;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// A Cortex-M4; the bound is 192 KB of RAM, and this board has 128.
const BOARD: &str = "netduinoplus2";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

struct Place(TempDir);

impl Place {
    /// With a network that is trained on four voices, and a head.
    fn trained() -> Self {
        let place = Self(TempDir::new().unwrap());
        let network = root().join("examples/train/words-new-speaker.toml");
        let (others, trained) = (data("others.npz"), place.path("trained"));
        let train = ["train", text(&network), "--train", &others, "--test", &data("others-test.npz"), "--epochs", "25"];
        let said = object(&run(&[&train[..], &["--seed", "11", "--out", &trained, "--json"]].concat()));
        assert!(said["accuracy_test"].as_f64().unwrap() > 0.9, "{said}");
        let network = format!("{trained}/network.toml");
        let output = run(&["import", &network, "--head", "clp-user", "--out", &place.path("head.toml")]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("`known`, and `user` beside it, learn 10 classes from the spikes of `second`"), "{said}");
        place
    }

    fn path(&self, name: &str) -> String {
        text(&self.0.path().join(name)).to_owned()
    }

    /// A run of the head: what it learns, what stays, what it begins with, on what device.
    fn head(&self, options: &[&str]) -> Value {
        object(&run(&[&["run", &self.path("head.toml"), "--seed", "11", "--json"], options].concat()))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file of words that `examples/train/words.py voices` made.
fn data(name: &str) -> String {
    text(&root().join("examples/train/voices").join(name)).to_owned()
}

fn firmware() -> PathBuf {
    root().join(FIRMWARE_FOLDER).join(boards::named(BOARD).unwrap().image("firmware"))
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn accuracy(said: &Value) -> f64 {
    said["metrics"]["accuracy_test"].as_f64().unwrap_or_else(|| panic!("no accuracy in {said}"))
}

#[test]
fn a_new_voice_is_learned_on_a_board_with_the_bits_of_the_host_and_the_others_stay() {
    let place = Place::trained();
    let [others, others_test, user, user_test] =
        ["others.npz", "others-test.npz", "user.npz", "user-test.npz"].map(data);
    let [known, learned] = ["known", "learned"].map(|name| place.path(name));
    let before = place.head(&["--train", &others, "--test", &user_test, "--freeze", "user", "--out", &known]);
    let shown = ["--train", &user, "--test", &user_test, "--shots", "2", "--freeze", "known", "--learned", &known];
    let host = place.head(&[&shown[..], &["--out", &learned]].concat());
    assert!(accuracy(&host) > accuracy(&before) && accuracy(&host) >= 0.8, "{before} {host}");
    let others = place.head(&["--train", &user, "--test", &others_test, "--epochs", "0", "--learned", &learned]);
    assert!(accuracy(&others) > 0.9, "{others}");
    let firmware = firmware();
    let qemu = ["--device", "qemu", "--board", BOARD, "--firmware", text(&firmware), "--flash"];
    // A few words, since QEMU takes its time.
    let few = ["--train", &user, "--test", &user_test, "--freeze", "known", "--learned", &known, "--samples", "5"];
    let host = place.head(&few);
    let board = place.head(&[&few[..], &qemu].concat());
    for figure in ["digest", "metrics", "steps"] {
        assert_eq!(host[figure], board[figure], "{figure}");
    }
}

#[test]
fn what_answers_beside_another_needs_that_one_first_and_as_many_classes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("net.toml");
    let said = |known: &str, user: &str| {
        let population = |name: &str| format!("[[population]]\nname = \"{name}\"\nshape = [4]\nv_th = 131071\n");
        let connection =
            |name: &str| format!("[[connection]]\nfrom = \"in\"\nto = \"{name}\"\nweights = 0\nwgt_exp = -1\n");
        let snip = |name: &str, keys: &str| {
            format!("[[snip]]\nkind = \"clp\"\nname = \"{name}\"\npopulation = \"{name}\"\n{keys}\n")
        };
        let parts = ["known", "user"].map(|name| population(name) + &connection(name)).concat();
        let snips = snip("known", known) + &snip("user", user);
        let network = format!("name = \"n\"\nsteps = 8\n[[input]]\nname = \"in\"\nshape = [2]\n{parts}{snips}");
        fs::write(&path, network).unwrap();
        run(&["place", text(&path)])
    };
    assert!(said("classes = 2", "classes = 2\nbeside = \"known\"").status.success());
    let first = said("classes = 2\nbeside = \"user\"", "classes = 2");
    assert_one_sentence(&first, &["no `clp` above is called `user`: put that one first"]);
    let classes = said("classes = 2", "classes = 3\nbeside = \"known\"");
    assert_one_sentence(&classes, &["it answers beside `known`: give both the same `classes` and `steps`"]);
    let steps = said("classes = 2", "classes = 2\nsteps = 7\nbeside = \"known\"");
    assert_one_sentence(&steps, &["give both the same `classes` and `steps`"]);
}
