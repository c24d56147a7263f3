//! What networks learn: the bands that the rules must reach, for seeds that no parameter was chosen by, on samples held
//! back from those to learn from. And what they do not learn if weights are rounded to the nearest.

use crate::common::{self, experiment};
use host_harness::experiment::{Experiment, NoObserver, Outcome, RunOptions, Task as _};
use host_harness::learn::Learner;
use std::path::Path;

const SEEDS: [u32; 3] = [4, 5, 6];

/// An experiment whose parameters differ in some lines.
fn run_with(experiment: Experiment, changes: &[(&str, &str)], options: &RunOptions) -> Outcome {
    let mut text = experiment.text.to_owned();
    for (name, value) in changes {
        let prefix = format!("{name} = ");
        let line = text.lines().find(|line| line.starts_with(&prefix)).map(str::to_owned);
        // A parameter that the file leaves at its default belongs to the rule, whose table is the last one.
        text = match line {
            Some(line) => text.replacen(&line, &format!("{prefix}{value}"), 1),
            None => format!("{text}{prefix}{value}\n"),
        };
    }
    let learner = Learner::parse(&text, Path::new("changed.toml")).unwrap();
    learner.run(&mut common::open_host(), options, &mut NoObserver).unwrap()
}

fn run(experiment: Experiment, seed: u32) -> Outcome {
    run_with(experiment, &[], &RunOptions { seed, validate: true, ..RunOptions::default() })
}

fn metric(outcome: &Outcome, name: &str) -> f64 {
    outcome.metrics.get(name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn decolle_on_digits() {
    for seed in SEEDS {
        let outcome = run(experiment("digits-decolle"), seed);
        let said = format!("seed {seed}: {:?}", outcome.metrics);
        assert!(metric(&outcome, "accuracy_test") >= 0.92, "{said}");
        assert!(metric(&outcome, "trigger_rate") <= 0.45, "{said}");
        assert!(metric(&outcome, "spike_rate") <= 0.15, "{said}");
        assert_eq!(outcome.samples, Some(4 * (1077 + 360)), "{said}");
    }
}

#[test]
fn decolle_in_two_layers() {
    let outcome = run(experiment("digits-decolle-2"), SEEDS[0]);
    for layer in ["accuracy_test_layer_1", "accuracy_test_layer_2"] {
        assert!(metric(&outcome, layer) >= 0.90, "{:?}", outcome.metrics);
    }
}

#[test]
fn decolle_on_patterns_of_rates() {
    for seed in SEEDS {
        let outcome = run_with(experiment("decolle-poisson"), &[], &RunOptions { seed, ..RunOptions::default() });
        assert!(metric(&outcome, "accuracy_test") >= 0.95, "seed {seed}: {:?}", outcome.metrics);
    }
}

#[test]
fn emstdp_on_digits() {
    for seed in SEEDS {
        let outcome = run(experiment("digits-emstdp"), seed);
        assert!(metric(&outcome, "accuracy_test") >= 0.92, "seed {seed}: {:?}", outcome.metrics);
    }
}

/// Two hidden layers, whose errors come from the outputs by fixed random weights, or from the layer above.
#[test]
fn emstdp_in_three_layers() {
    let text = include_str!("../../../examples/deep_emstdp.toml");
    let deep = Experiment::new("deep-emstdp", "", text);
    let options = RunOptions { seed: SEEDS[0], validate: true, epochs: Some(2), ..RunOptions::default() };
    let symmetric = [("feedback", "\"symmetric\""), ("error_threshold_hidden", "[48, 75]")];
    for changes in [&[][..], &symmetric] {
        let outcome = run_with(deep, changes, &options);
        assert!(metric(&outcome, "accuracy_test") >= 0.90, "{changes:?}: {:?}", outcome.metrics);
    }
}

/// The network that learns by backpropagation, with EMSTDP as its head: it spikes, and sees a sample for longer.
#[test]
fn emstdp_on_fixed_convolutions() {
    let text = include_str!("../../../examples/digits_conv.toml");
    let (network, _) = text.rsplit_once("[[snip]]").unwrap();
    let network = network.replace("steps = 20", "steps = 129").replace("v_th = 131071", "v_th = 511");
    let text = format!("{network}[[snip]]\nkind = \"emstdp\"\npopulations = [\"hidden\", \"digits\"]\nshift = 8\n");
    let learner = Learner::parse(&text, Path::new("digits-conv.toml")).unwrap();
    let options = RunOptions { seed: SEEDS[1], validate: true, epochs: Some(1), ..RunOptions::default() };
    let outcome = learner.run(&mut common::open_host(), &options, &mut NoObserver).unwrap();
    assert!(metric(&outcome, "accuracy_test") >= 0.90, "{:?}", outcome.metrics);
}

#[test]
fn new_classes_from_few_samples() {
    for seed in SEEDS {
        let outcome = run(experiment("digits-soel-fewshot"), seed);
        let said = format!("seed {seed}: {:?}", outcome.metrics);
        assert!(metric(&outcome, "accuracy_new") >= 0.80, "{said}");
        assert!(metric(&outcome, "accuracy_first_before") >= 0.90, "{said}");
        assert!(metric(&outcome, "trigger_rate") < 0.10, "{said}");
    }
}

#[test]
fn samples_that_are_kept_are_not_forgotten() {
    for seed in SEEDS {
        let outcome = run(experiment("digits-continual"), seed);
        let gain = metric(&outcome, "accuracy_replay") - metric(&outcome, "accuracy");
        assert!(gain >= 0.4, "seed {seed}: {:?}", outcome.metrics);
        assert!(metric(&outcome, "forgetting_replay") < metric(&outcome, "forgetting"), "seed {seed}");
    }
}

#[test]
fn rounding_to_the_nearest_loses_what_is_small() {
    let options = RunOptions { seed: SEEDS[0], validate: true, epochs: Some(2), ..RunOptions::default() };
    let accuracy =
        |experiment, changes: &[(&str, &str)]| metric(&run_with(experiment, changes, &options), "accuracy_test");
    let core = |back_end| accuracy(experiment("digits-decolle"), &[("back_end", back_end), ("shift", "12")]);
    let (stochastic, nearest) = (core("\"core\""), core("\"core-nearest\""));
    assert!(stochastic >= 0.88 && nearest <= 0.25, "weights by the core: {stochastic}, to the nearest {nearest}");
    let cpu = |precision| accuracy(experiment("digits-decolle"), &[("precision", precision)]);
    let (stochastic, shadow) = (cpu("\"stochastic\""), cpu("\"shadow\""));
    // Eight bits more of every weight buy nothing.
    assert!(stochastic >= 0.90 && stochastic + 0.03 >= shadow, "by the CPU: {stochastic}, with 8 bits more {shadow}");
    let truncated = cpu("\"truncate\"");
    assert!(truncated <= stochastic - 0.1, "by the CPU: {stochastic}, toward zero {truncated}");
    let emstdp = |rounding| accuracy(experiment("digits-emstdp"), &[("precision", rounding), ("shift", "10")]);
    let (stochastic, nearest) = (emstdp("\"stochastic\""), emstdp("\"nearest\""));
    assert!(stochastic >= 0.80 && nearest <= 0.50, "EMSTDP: {stochastic}, to the nearest {nearest}");
}

#[test]
fn rounding_to_the_nearest_by_the_cpu_is_worse() {
    let changes = |precision: &'static str| [("precision", precision), ("shift", "12")];
    let (mut stochastic, mut nearest) = (0.0, 0.0);
    for seed in SEEDS {
        let options = RunOptions { seed, validate: true, ..RunOptions::default() };
        let accuracy = |back_end| {
            metric(&run_with(experiment("digits-decolle"), &changes(back_end), &options), "accuracy_test") / 3.0
        };
        stochastic += accuracy("\"stochastic\"");
        nearest += accuracy("\"nearest\"");
    }
    assert!(stochastic >= nearest + 0.02, "stochastic {stochastic}, nearest {nearest}");
}

#[test]
fn a_controlled_trigger_keeps_its_share() {
    let options = RunOptions { seed: SEEDS[0], validate: true, epochs: Some(2), ..RunOptions::default() };
    for share_256 in [26_u8, 51] {
        let share = f64::from(share_256) / 256.0;
        let outcome = run_with(experiment("digits-decolle"), &[("trigger_share", &share_256.to_string())], &options);
        let rate = metric(&outcome, "trigger_rate");
        assert!((rate - share).abs() < 0.02, "share {share}, {:?}", outcome.metrics);
        assert!(metric(&outcome, "accuracy_test") > 0.85, "share {share}: {:?}", outcome.metrics);
    }
}
