//! Adaptive control: PES takes off the error of a PD controller what the field's own models take off.

use crate::common::{self, experiment};
use host_harness::experiment::{Experiment, NoObserver, Outcome, RunOptions};

fn run(experiment: Experiment, seed: u32) -> Outcome {
    experiment.run(&mut common::open_host(), &RunOptions { seed, ..RunOptions::default() }, &mut NoObserver).unwrap()
}

fn metric(outcome: &Outcome, name: &str) -> f64 {
    outcome.metrics.iter().find(|(metric, _)| *metric == name).unwrap().1
}

/// Three seeds of an experiment; `rms_error_pd` is that of the model in double precision.
fn assert_reduced(experiment: Experiment, reduction_least: f64, rms_error_pd: f64) {
    for seed in [1, 2, 3] {
        let outcome = run(experiment, seed);
        let name = format!("{}, seed {seed}: {:?}", experiment.name, outcome.metrics);
        assert!(metric(&outcome, "reduction") >= reduction_least, "{name}");
        assert!((metric(&outcome, "rms_error_pd") / rms_error_pd - 1.0).abs() < 1e-6, "{name}");
        let reduced = 1.0 - metric(&outcome, "rms_error") / metric(&outcome, "rms_error_pd");
        assert!((metric(&outcome, "reduction") - reduced).abs() < 1e-12, "{name}");
        assert!((5.0..60.0).contains(&metric(&outcome, "spikes_per_step")), "{name}");
        assert_eq!(outcome.ops.decoder_saturations, 0, "{name}");
        assert_eq!((outcome.steps, outcome.digests.len()), (60_000, 15), "{name}");
    }
}

#[test]
fn a_pendulum_of_unknown_weight_and_friction() {
    assert_reduced(experiment("pes-pendulum"), 0.60, 0.039_633_640_241_948_98);
}

#[test]
fn an_arm_with_an_unknown_payload_in_a_force_field() {
    assert_reduced(experiment("pes-arm"), 0.80, 0.205_354_856_138_144_25);
}
