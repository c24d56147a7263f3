//! `[teacher]`: third factors after an answer, by which the cores' own rule learns classes.

use crate::common::open_host;
use host_harness::experiment::{ExperimentError, NoObserver, Outcome, RunOptions, Task as _};
use host_harness::learn::{Learner, LearnerOptions};
use std::path::Path;

const NETWORK: &str = include_str!("../../../examples/rules/teacher.toml");

fn run(text: &str, freeze: &[&str], data: &str) -> Result<Outcome, ExperimentError> {
    let mut options = LearnerOptions::default();
    options.freeze = freeze.iter().map(|name| (*name).to_owned()).collect();
    let learner = Learner::parse(text, Path::new("teacher.toml"))?.options(options)?;
    let options =
        RunOptions { data: Some(data.into()), validate: true, epochs: Some(2), seed: 3, ..RunOptions::default() };
    learner.run(&mut open_host(), &options, &mut NoObserver)
}

#[test]
fn the_cores_learn_classes_from_third_factors() {
    let text = NETWORK.replace("\"rate-encoder\"", "\"rate-encoder\", full_scale = 16");
    let outcome = run(&text, &[], "digits").unwrap();
    let accuracy = |name| outcome.metrics.get(name).unwrap();
    assert!(accuracy("accuracy_test") > 0.75 && accuracy("accuracy_online") > 0.8, "{:?}", outcome.metrics);
    assert!(outcome.ops.learning_updates > 0 && outcome.ops.spikes == 0, "{:?}", outcome.ops);
    // Without a third factor its rule changes no weight.
    let still =
        run(&text.replace("right = 64", "right = 0").replace("wrong = -64", "wrong = 0"), &[], "digits").unwrap();
    assert!(still.metrics.get("accuracy_test").unwrap() < 0.15, "{:?}", still.metrics);
}

#[test]
fn what_a_teacher_lacks_is_said() {
    let source = "from = \"label\"\nright = 64\nwrong = -64\n";
    let from = |name: &str| NETWORK.replace(source, &format!("from = \"{name}\"\n"));
    for (text, freeze, expected) in [
        (NETWORK.to_owned(), &["teacher"][..], "everything that could learn is frozen"),
        (NETWORK.to_owned(), &["classes"], "everything that could learn is frozen"),
        (from("snip"), &[], "no built-in program writes what [teacher] is about"),
        (from("target"), &[], "too few targets for [teacher]: give 10 in `y`"),
        (NETWORK.replace("readout = ", "# "), &[], "[teacher] goes by the answer, and the network gives none"),
        (NETWORK.replace("name = \"classes\"", "name = \"classes\"\nshape = [4]"), &[], "beyond its 4 neurons"),
        (NETWORK.replace("right = 64", "right = 640"), &[], "640"),
    ] {
        let said = run(&text, freeze, "digits").unwrap_err().to_string();
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
