//! Keys of a run that do nothing where they stand are refused at their lines; files that are given as examples are not.

#![allow(clippy::unwrap_used)]

mod common;

use common::said;
use loihi_learn::Learner;
use std::path::Path;

const TRIALS: &str = r#"
[task]
trials = 2
[[spikes]]
input = "axons"
at = 1
[[measure]]
name = "change"
[[measure]]
name = "by_row"
by = "from"
figures = { early = 0 }
"#;

const PLANT: &str = r#"
[task]
epochs = 2
[plant]
plant = "sine"
frequency_hz = 1.0
power = 1
probe_tau_steps = 20.0
"#;

/// A population whose answer is read.
const READOUT: &str = "population = [{ name = \"classes\", shape = [3] }]\nreadout = { population = \"classes\" }";

const SAMPLES: &str = r#"
[task]
data = "digits"
"#;

const STAGES: &str = r#"
[task]
data = "digits"
[[stage]]
learn = ["head"]
[[stage]]
metric = "accuracy_old"
"#;

/// The file with more keys in `[task]`, and tables after it, is refused at the line `at` for this reason.
fn check(file: &str, cases: &[(&str, &str, &str, &str)]) {
    assert_eq!(said(file), "");
    for (keys, tables, at, why) in cases {
        let text = format!("{}\n{tables}\n", file.replacen("[task]", &format!("[task]\n{keys}"), 1));
        let said = said(&text);
        assert!(said.contains(&format!("`{at}`: ")) && said.contains(why), "{keys} {tables}: {said}");
    }
}

#[test]
fn trials_take_only_keys_of_trials() {
    let nothing = "does nothing with [[spikes]]: take it out";
    for key in [
        "data = \"digits\"",
        "test = \"digits\"",
        "validation_samples = 5",
        "rate_halvings_per_epoch = 1",
        "learn = [\"nope\"]",
        "predict = \"during\"",
        "predict_steps = 3",
        "learn_steps = 3",
        "stream = false",
        "stages = [\"by-class:2\"]",
        "float_prototypes = \"p\"",
        "steps = 100",
        "row_steps = 100",
        "final_steps = 100",
        "episodes = false",
        "test_epochs = 0",
    ] {
        check(TRIALS, &[(key, "", key, nothing)]);
    }
    let metrics = "metrics = [\"early\", \"nope\"]";
    let twin = "metrics = [\"change_float\"]";
    check(
        TRIALS,
        &[
            ("", "[[stage]]\nname = \"a\"", "[[stage]]", nothing),
            ("", "[teacher]\nsteps = 2", "[teacher]", nothing),
            ("", "[reward]\nfrom = \"plant\"", "from = \"plant\"", "give from = \"snip\", or take it out"),
            ("", "[reward]\nright = 3", "[reward]", "give from = \"snip\", or take it out"),
            ("", "[reward]\nfrom = \"snip\"\nsteps = 3", "steps = 3", "applies only after a sample"),
            ("", PLANT.split_once("epochs = 2").unwrap().1, "[[spikes]]", "take out one of the two"),
            (metrics, "", metrics, "unknown figure `nope`; there are: change, early"),
            (twin, "", twin, "unknown figure `change_float`; there are: change, early"),
        ],
    );
    for (table, key) in [("late_steps = 3", "`late_steps = 3` above all tables"), (READOUT, "[readout]")] {
        let said = said(&format!("{table}\n{TRIALS}"));
        assert!(said.contains(&format!("`[[spikes]]`: {key} does nothing with [[spikes]]: take it out")), "{said}");
    }
    let both = "float_twin = true\nmetrics = [\"change_float\", \"largest_by_row\", \"largest_by_row_float\"]";
    let by_row = TRIALS.replacen("figures = { early = 0 }", "", 1);
    assert_eq!(said(&by_row.replacen("[task]", &format!("[task]\n{both}"), 1)), "");
    let all = "passes = 2\nfloat_twin = true\npublished = { other = 1.0 }\n\
               metrics = [\"early\", \"change_float\", \"rms_difference\"]\n[reward]\nfrom = \"snip\"\n[[spikes]]";
    assert_eq!(said(&TRIALS.replacen("[[spikes]]", all, 1)), "");
    let plain = TRIALS.replacen("figures = { early = 0 }", "", 1);
    assert_eq!(said(&plain.replacen("[task]", "[task]\nmetrics = [\"largest_by_row\"]", 1)), "");
    let (unmeasured, _) = TRIALS.split_once("[[measure]]").unwrap();
    let metrics = "metrics = [\"change\"]";
    check(
        unmeasured,
        &[(metrics, "", metrics, "`metrics` orders the figures of [[measure]] tables, and there are none")],
    );
}

#[test]
fn a_plant_takes_only_keys_of_plants() {
    let nothing = "does nothing with a [plant]: take it out";
    for key in [
        "data = \"digits\"",
        "test = \"digits\"",
        "validation_samples = 5",
        "rate_halvings_per_epoch = 1",
        "learn = [\"nope\"]",
        "predict = \"during\"",
        "predict_steps = 3",
        "learn_steps = 3",
        "stream = false",
        "stages = [\"by-class:2\"]",
        "float_prototypes = \"p\"",
        "trials = 3",
    ] {
        check(PLANT, &[(key, "", key, nothing)]);
    }
    let metrics = "metrics = [\"nmse\", \"nope\"]";
    check(
        PLANT,
        &[
            ("", "[[stage]]\nname = \"a\"", "[[stage]]", nothing),
            ("", "[teacher]\nsteps = 2", "[teacher]", nothing),
            ("", "[[measure]]\nname = \"a\"", "[[measure]]", "without `actions_from`: take it out"),
            ("", "[reward]\nfrom = \"snip\"\nsteps = 3", "steps = 3", "applies only after a sample"),
            ("test_epochs = 1", "", "test_epochs = 1", "only with `episodes = true`"),
            ("episodes = true\nfloat_twin = true", "", "float_twin = true", "with `episodes`: take it out"),
            ("episodes = true\ntest_epochs = 1\nfinal_steps = 9", "", "final_steps = 9", "with `test_epochs`"),
            (
                metrics,
                "",
                metrics,
                "`metrics` orders the figures of `episodes` and of [[measure]] tables, and there are none",
            ),
            (
                &format!("episodes = true\n{metrics}"),
                "",
                metrics,
                "unknown figure `nope` in [task]; of episodes there are",
            ),
        ],
    );
    let said_of_readout = said(&format!("{READOUT}\n{PLANT}"));
    assert!(
        said_of_readout.contains("`[plant]`: [readout] does nothing with a [plant]: take it out"),
        "{said_of_readout}"
    );
    for key in ["steps = 60", "late_steps = 3"] {
        let said = said(&format!("{key}\n{PLANT}"));
        let why = format!("`[plant]`: `{key}` above all tables does nothing with a [plant]: take it out");
        assert!(said.contains(&why), "{said}");
    }
    let all = "steps = 9\nrow_steps = 9\nfinal_steps = 9\nfloat_twin = true\npublished = { other = 1.0 }";
    assert_eq!(said(&PLANT.replacen("[task]", &format!("[task]\n{all}"), 1)), "");
}

#[test]
fn neurons_that_act_are_measured() {
    let acting = PLANT.replacen("plant = \"sine\"", "plant = \"sine\"\nactions_from = \"neurons\"", 1);
    let measures = "[[measure]]\nname = \"weight\"\n[[measure]]\nname = \"row\"\nby = \"from\"";
    let (known, unknown) = ("metrics = [\"row_12\", \"weight\"]", "metrics = [\"weight_first\"]");
    let columns = "columns = { a = 1 }";
    let figures = "figures = { a = 0 }";
    check(
        &acting,
        &[
            ("episodes = true", "", "episodes = true", "with `actions_from`: take out one of the two"),
            (unknown, measures, unknown, "unknown figure `weight_first`; there are: weight, row_0"),
            ("", &format!("{measures}\n{columns}"), columns, "only applies to trials ([[spikes]])"),
            ("", &format!("{measures}\n{figures}"), figures, "only applies to trials ([[spikes]])"),
        ],
    );
    assert_eq!(said(&format!("{}\n{measures}", acting.replacen("[task]", &format!("[task]\n{known}"), 1))), "");
}

#[test]
fn samples_take_only_keys_of_samples() {
    let metrics = "metrics = [\"accuracy_test\"]";
    check(
        SAMPLES,
        &[
            ("trials = 3", "", "trials = 3", "needs [[spikes]]"),
            ("steps = 3", "", "steps = 3", "give those of a sample as `steps` above all tables"),
            ("row_steps = 3", "", "row_steps = 3", "needs a [plant]"),
            ("final_steps = 3", "", "final_steps = 3", "needs a [plant]"),
            ("episodes = true", "", "episodes = true", "add a `[plant]`"),
            ("test_epochs = 1", "", "test_epochs = 1", "needs a [plant] and `episodes`"),
            ("", "[[measure]]\nname = \"a\"", "[[measure]]", "needs [[spikes]] or a [plant]"),
            (metrics, "", metrics, "`metrics` orders the figures of [[stage]] tables, and there are none"),
            (
                "stages = [\"by-class:2\"]\nrate_halvings_per_epoch = 1",
                "",
                "rate_halvings_per_epoch = 1",
                "beside `stages`: take it out",
            ),
        ],
    );
    let (known, unknown) = ("metrics = [\"accuracy_old\"]", "metrics = [\"accuracy_new\"]");
    check(
        STAGES,
        &[
            ("epochs = 3", "", "epochs = 3", "give every stage its own"),
            ("passes = 3", "", "passes = 3", "give every stage its own"),
            ("learn = [\"head\"]", "", "learn = [\"head\"]", "give every stage its own"),
            ("stages = [\"by-class:2\"]", "", "stages = [\"by-class:2\"]", "take out one of the two"),
            ("rate_halvings_per_epoch = 1", "", "rate_halvings_per_epoch = 1", "beside [[stage]]: take it out"),
            (unknown, "", unknown, "unknown figure `accuracy_new`; there are: accuracy_old"),
        ],
    );
    assert_eq!(said(&STAGES.replacen("[task]", &format!("[task]\n{known}"), 1)), "");
}

#[test]
fn rewards_and_teachers_take_the_keys_of_their_sources() {
    let without = "does nothing without from =";
    let teacher = "[teacher]\npopulation = \"p\"\n";
    check(
        SAMPLES,
        &[
            ("", "[reward]\nfrom = \"target\"\nright = 3", "right = 3", without),
            ("", "[reward]\nfrom = \"snip\"\nwrong = 3", "wrong = 3", without),
            ("", "[reward]\nscale = 2.0", "scale = 2.0", without),
            ("", "[reward]\nfrom = \"snip\"\nscale = 2.0", "scale = 2.0", without),
            ("", "[reward]\nfrom = \"target\"\nscale = 0", "scale = 0", "a finite number that is not 0"),
            ("", "[reward]\nfrom = \"target\"\nscale = inf", "scale = inf", "a finite number that is not 0"),
            ("", "[reward]\nfrom = \"target\"\nscale = nan", "scale = nan", "a finite number that is not 0"),
            ("", "[reward]\nsteps = 0", "steps = 0", "at least 1 step"),
            ("", "[reward]\nright = 300", "right = 300", "expected a whole number of -128 to 127"),
            ("", &format!("{teacher}from = \"target\"\nright = 3"), "right = 3", without),
            ("", &format!("{teacher}from = \"snip\"\nwrong = 3"), "wrong = 3", without),
            ("", &format!("{teacher}from = \"target\"\nalways = true"), "always = true", without),
            ("", &format!("{teacher}from = \"plant\""), "from = \"plant\"", "no plant gives third factors"),
            (
                "",
                "[reward]\nfrom = \"plant\"",
                "from = \"plant\"",
                "takes its values from a plant, and the network has none",
            ),
            ("", &format!("{teacher}steps = 0"), "steps = 0", "at least 1 step"),
            ("", &format!("{teacher}steps = -1"), "steps = -1", "expected a whole number of 0 to 65535"),
            ("validation_samples = \"all\"", "", "validation_samples = \"all\"", "expected a whole number, 0 or more"),
        ],
    );
    check(PLANT, &[("", "[reward]\nfrom = \"plant\"\nsteps = 2", "steps = 2", "with from = \"plant\"")]);
    for tables in [
        "[reward]\nright = 3\nwrong = -3\nsteps = 2",
        "[reward]\nfrom = \"target\"\nscale = -2",
        "[teacher]\npopulation = \"p\"\nright = 3\nwrong = -3\nalways = true\nsteps = 2",
        "[teacher]\npopulation = \"p\"\nfrom = \"target\"",
    ] {
        assert_eq!(said(&format!("{SAMPLES}{tables}")), "", "{tables}");
    }
    assert_eq!(said(&format!("{PLANT}[reward]\nfrom = \"plant\"\nscale = 32")), "");
}

/// Network files of a folder and its folders.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // A crate has other files.
            if path.join("Cargo.toml").exists() {
                continue;
            }
            found.extend(files(&path));
        } else if path.extension().is_some_and(|own| own == "toml") {
            found.push(path);
        }
    }
    found
}

#[test]
fn examples_and_experiments_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (folder, least) in [("examples", 8), ("crates/loihi-experiments/experiments", 22)] {
        let files = files(&root.join(folder));
        assert!(files.len() >= least, "{files:?}");
        for path in files {
            Learner::read(&path).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
