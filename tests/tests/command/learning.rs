//! Networks of a user's own that learn from a user's own data, as the tutorial has it.

use crate::process::{assert_one_sentence, command};
use loihi_core::num::word;
use loihi_files::npz::{Array, Values, bytes};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The tutorial's first network that learns.
fn of_tutorial() -> String {
    let page = include_str!("../../../docs/tutorial/3-own-data.md");
    let begin = "```toml save=mine.toml\n";
    let begin = page.find(begin).expect("the tutorial has the network") + begin.len();
    page[begin..][..page[begin..].find("```").unwrap()].to_owned()
}

/// Noisy values around four centres, in a file as NumPy writes it.
fn samples(path: &Path, count: usize, classes: u32) {
    let number = |at: usize| u32::try_from(at).unwrap();
    let draw = |a: usize, b: usize, c: u32| f64::from(word(1, number(a), number(b), c)) / 4_294_967_296.0;
    let label = |at: usize| word(2, number(at), 0, 0) % classes;
    let value =
        |at: usize, input: usize| (0.7 * draw(label(at) as usize, input, 7) + 0.3 * draw(at, input, 8)).min(1.0);
    let x: Vec<f64> = (0..count * 20).map(|at| value(at / 20, at % 20)).collect();
    let y: Vec<i64> = (0..count).map(|at| i64::from(label(at))).collect();
    let arrays = [
        ("x".to_owned(), Array::new(vec![count, 20], Values::Real(x)).unwrap()),
        ("y".to_owned(), Array::new(vec![count], Values::Whole(y)).unwrap()),
    ];
    fs::write(path, bytes(&arrays).unwrap()).unwrap();
}

fn result(folder: &Path, line: &str) -> Value {
    let arguments: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    let output = command(&arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(printed.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// A folder with the tutorial's network, and samples of four classes.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), of_tutorial()).unwrap();
    samples(&folder.path().join("mine.npz"), 400, 4);
    folder
}

#[test]
fn the_network_of_the_tutorial_learns_samples_of_ones_own() {
    assert!(of_tutorial().lines().count() <= 15, "{}", of_tutorial());
    let folder = folder();
    let learned = result(folder.path(), "run mine.toml --train mine.npz --passes 2");
    let metric = |name: &str| learned["metrics"][name].as_f64().unwrap_or_else(|| panic!("{name}: {learned}"));
    assert!(metric("accuracy_test") > 0.9 && metric("accuracy_online") > 0.7, "{learned}");
    // Every fifth sample of each class is tested.
    let tested: f64 = learned["tables"]["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|cell| cell.as_f64().unwrap())
        .sum();
    assert!((76.0..=80.0).contains(&tested), "{learned}");
    assert_ne!(
        learned["digest"],
        result(folder.path(), "run mine.toml --train mine.npz --passes 2 --seed 1")["digest"]
    );
    assert_eq!(learned["digest"], result(folder.path(), "run mine.toml --train mine.npz --passes 2")["digest"]);
}

#[test]
fn classes_come_stage_after_stage() {
    let folder = folder();
    let learned = result(folder.path(), "run mine.toml --train mine.npz --stages by-class:2 --out learned");
    let matrix = learned["tables"]["accuracy_matrix"].as_array().unwrap();
    assert_eq!(matrix.len(), 2, "{learned}");
    for name in ["accuracy", "backward_transfer", "forgetting"] {
        assert!(learned["metrics"][name].is_number(), "{name}: {learned}");
    }
    // No epochs only test.
    let line = "run mine.toml --train mine.npz --stages by-class:2 --epochs 0 --learned learned";
    let tested = result(folder.path(), line);
    assert!(tested["metrics"]["accuracy_test"].is_number(), "{tested}");
    assert!(tested["metrics"]["accuracy_online"].is_null() && tested["ops"]["learning_updates"] == 0, "{tested}");
}

/// The network with a line replaced, and what is said of it.
#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let folder = folder();
    let text = of_tutorial();
    for (from, to, line, wanted) in [
        ("", "", "run mine.toml", "nothing says what to learn from: give --train DATA"),
        ("", "", "run mine.toml --train none.npz", "none.npz"),
        (
            "",
            "",
            "run mine.toml --train mine.npz --freeze hiden",
            "nothing is called `hiden`: freeze one of hidden, decolle",
        ),
        ("", "", "run mine.toml --train mine.npz --freeze hidden", "everything that could learn is frozen"),
        ("", "", "run mine.toml --train mine.npz --stages by-klass:2", "give by-class:NUMBER or by-column:NAME"),
        (
            "",
            "",
            "run mine.toml --train mine.npz --stages by-class:2,replay:5",
            "add `[[snip]]` with kind = \"replay-buffer\"",
        ),
        ("", "", "run mine.toml --train mine.npz --learn", "--learn is for networks that are only tested on samples"),
        (
            "kind = \"decolle\"",
            "kind = \"decole\"",
            "run mine.toml --train mine.npz",
            "unknown kind `decole`: did you mean `decolle`? `loihi list --snips` shows all",
        ),
        (
            "kind = \"decolle\"",
            "kind = \"decolle\", classes = 2",
            "run mine.toml --train mine.npz",
            "and `decolle` has 2 classes, from 0",
        ),
        ("steps = 60", "steps = 60\ntask = { epoch = 3 }", "run mine.toml --train mine.npz", "unknown field `epoch`"),
        (
            "steps = 60",
            "stage = [{ learn = [\"decolle\"], classes = [9] }]\nsteps = 60",
            "run mine.toml --train mine.npz",
            "stage `stage 1` has no samples",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("mine.toml"), text.replacen(from, to, 1)).unwrap();
        let output = command(&line.split(' ').collect::<Vec<_>>()).current_dir(folder.path()).output().unwrap();
        assert_one_sentence(&output, &[wanted]);
    }
}
