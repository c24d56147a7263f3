//! The rule of Urbanczik and Senn: its results, what becomes of them without stochastic rounding, and the same bits on
//! every device.

use crate::common::{open_host, open_qemu};
use host_harness::device::session::Session;
use host_harness::experiment::dendrite_teacher::DendriteTeacher;
use host_harness::experiment::rounding::WeightRounding;
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task};

fn run(net: &DendriteTeacher, session: &mut Session, seed: u32, epochs: u32) -> Outcome {
    let options = RunOptions { seed, epochs: Some(epochs), ..RunOptions::default() };
    net.run(session, &options, &mut NoObserver).unwrap()
}

fn error(net: &DendriteTeacher, seed: u32) -> f64 {
    let outcome = run(net, &mut open_host(), seed, net.epochs);
    outcome.metrics.get("rate_mse").unwrap()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn a_dendrite_predicts_its_teacher() {
    // A constant rate has 0.0058.
    for seed in [4, 5, 6] {
        let error = error(&DendriteTeacher::default(), seed);
        assert!(error <= 0.0028, "seed {seed}: {error:.5}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn rounding_to_the_nearest_is_worse_than_a_constant() {
    let nearest = DendriteTeacher { rounding: WeightRounding::Nearest, ..DendriteTeacher::default() };
    for seed in [4, 5, 6] {
        let error = error(&nearest, seed);
        assert!(error >= 0.008, "seed {seed}: {error:.5}");
    }
}

#[test]
fn every_device_learns_the_same() {
    // A shortened run: two epochs.
    let net = DendriteTeacher::default();
    let (host, qemu) = (run(&net, &mut open_host(), 3, 2), run(&net, &mut open_qemu(), 3, 2));
    assert_eq!(host.digest, qemu.digest);
    assert_eq!((host.ops, host.metrics), (qemu.ops, qemu.metrics));
    assert!(host.ops.rule_changes > 0);
}
