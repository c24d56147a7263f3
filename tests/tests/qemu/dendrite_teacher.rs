//! The rule of Urbanczik and Senn: its results, what becomes of them without stochastic rounding, and the same bits on
//! every device.

use crate::common::{experiment, open_host, open_qemu};
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task as _};
use host_harness::learn::Learner;
use std::path::Path;

fn run(precision: &str, session: &mut Session, seed: u32, epochs: Option<u32>) -> Outcome {
    let experiment = experiment("dendrite-teacher");
    let text = experiment.text.replace("\"stochastic\"", &format!("\"{precision}\""));
    let options = RunOptions { seed, epochs, ..RunOptions::default() };
    Learner::parse(&text, Path::new("own.toml")).unwrap().run(session, &options, &mut NoObserver).unwrap()
}

fn error(precision: &str, seed: u32) -> f64 {
    let outcome = run(precision, &mut open_host(), seed, None);
    outcome.metrics.get("rate_mse").unwrap()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn a_dendrite_predicts_its_teacher() {
    // A constant rate has 0.0058.
    for seed in [4, 5, 6] {
        let error = error("stochastic", seed);
        assert!(error <= 0.0028, "seed {seed}: {error:.5}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn rounding_to_the_nearest_is_worse_than_a_constant() {
    for seed in [4, 5, 6] {
        let error = error("nearest", seed);
        assert!(error >= 0.008, "seed {seed}: {error:.5}");
    }
}

#[test]
fn every_device_learns_the_same() {
    // A shortened run: two epochs.
    let [host, qemu] = [open_host(), open_qemu()].map(|mut session| run("stochastic", &mut session, 3, Some(2)));
    assert_eq!(host.digest, qemu.digest);
    assert_eq!((host.ops, host.metrics), (qemu.ops, qemu.metrics));
    assert!(host.ops.rule_changes > 0);
}
