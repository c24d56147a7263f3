//! Every built-in experiment ends in the recorded bits, whole, on every device.

use crate::common::{open_host, open_qemu, root};
use host_harness::device::session::Session;
use host_harness::experiment::{EXPERIMENTS, Experiment, NoObserver, RunOptions};
use std::fs;
use std::path::Path;

/// Experiments and their digests.
fn recorded() -> Vec<(Experiment, String)> {
    let path = root().join(Path::new("tests/golden/digests.toml"));
    let table: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    let digest = |experiment: Experiment| table.get(experiment.name).map(|digest| digest.as_str().unwrap().to_owned());
    let found: Vec<_> = EXPERIMENTS.iter().filter_map(|experiment| Some((*experiment, digest(*experiment)?))).collect();
    assert_eq!(found.len(), table.len(), "every recorded digest is that of an experiment");
    // Four need data that are fetched.
    assert_eq!(found.len() + 4, EXPERIMENTS.len(), "every experiment has a recorded digest");
    found
}

fn ends_in_the_recorded_bits(session: &mut Session, experiment: Experiment, digest: &str) {
    let options = RunOptions::default();
    let outcome = experiment.run(session, &options, &mut NoObserver).unwrap();
    let found = format!("{:016x}", outcome.digest.total());
    assert_eq!(found, digest, "{} on {}", experiment.name, session.device_name());
}

#[test]
fn experiments_end_in_the_recorded_bits() {
    for (experiment, digest) in recorded() {
        ends_in_the_recorded_bits(&mut open_host(), experiment, &digest);
    }
}

#[test]
#[ignore = "takes a quarter of an hour: cargo xtask test --all"]
fn experiments_end_in_the_recorded_bits_on_the_bare_x86() {
    for (experiment, digest) in recorded() {
        ends_in_the_recorded_bits(&mut open_qemu(), experiment, &digest);
    }
}
