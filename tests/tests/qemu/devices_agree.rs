//! The same experiment in this process and on the firmware in QEMU: the same bits, and instructions within the bounds.

use crate::common::{digits, experiment, open_host, open_qemu};
use host_harness::cost::kernels::{KERNELS, KernelCost, measure, slope};
use host_harness::cost::rules::{self, RuleCost};
use host_harness::data::mnist::{FILES, SIDE};
use host_harness::device::session::Session;
use host_harness::experiment::{Experiment, NoObserver, Outcome, RunOptions, Task};
use host_harness::learn::Learner;
use loihi_core::register::{Register, StateDigest};
use std::fs;
use std::path::Path;

fn run(experiment: Experiment, task: &dyn Task, session: &mut Session, options: &RunOptions) -> Outcome {
    task.run(session, options, &mut NoObserver).unwrap_or_else(|error| panic!("{}: {error}", experiment.name))
}

/// An experiment of as many steps as a test has time for.
pub(crate) fn shortened(experiment: Experiment, steps: &str) -> Learner {
    let parameters = experiment.text;
    let line = parameters.lines().find(|line| line.starts_with("steps = ")).unwrap();
    Learner::parse(&parameters.replacen(line, &format!("steps = {steps}"), 1), Path::new("shortened.toml")).unwrap()
}

/// Where two runs part: the row, its step, and the first register that differs.
fn first_difference(a: &[StateDigest], b: &[StateDigest]) -> Option<(usize, u32, Option<Register>)> {
    let mut rows = a.iter().zip(b).enumerate();
    rows.find(|(_, (a, b))| a != b).map(|(row, (a, b))| (row, a.t, a.first_difference(b)))
}

/// Both devices give the same, digest by digest; returns what QEMU gave.
fn assert_agree(experiment: Experiment, options: &RunOptions) -> Outcome {
    assert_task_agrees(experiment, &experiment.learner().unwrap(), options)
}

fn assert_task_agrees(experiment: Experiment, task: &dyn Task, options: &RunOptions) -> Outcome {
    let host = run(experiment, task, &mut open_host(), options);
    let qemu = run(experiment, task, &mut open_qemu(), options);
    let name = experiment.name;
    assert!(!host.digests.is_empty(), "{name} reports no digest");
    assert_eq!(first_difference(&host.digests, &qemu.digests), None, "{name}: row, step, register");
    assert_eq!(host.digests.len(), qemu.digests.len(), "{name}");
    assert_eq!(host.digest, qemu.digest, "{name}");
    assert_eq!(host.ops, qemu.ops, "{name}");
    assert_eq!(host.metrics, qemu.metrics, "{name}");
    assert_eq!(host.steps, qemu.steps, "{name}");
    assert_eq!(host.instructions, None, "the host counts no instructions");
    assert!(qemu.instructions.is_some_and(|count| count > qemu.steps), "{name}: {:?}", qemu.instructions);
    qemu
}

/// The other run of the pair differs in nothing, not even in the instructions that it took.
fn assert_counts_again(experiment: Experiment, options: &RunOptions, first: &Outcome) {
    let second = run(experiment, &experiment.learner().unwrap(), &mut open_qemu(), options);
    assert_eq!(second.instructions, first.instructions, "{}", experiment.name);
    assert_eq!(&second, first, "{}", experiment.name);
}

#[test]
fn digits_in_all_passes() {
    let outcome = assert_agree(experiment("digits-pes"), &RunOptions::default());
    assert_eq!(outcome.digests.len(), 1, "the digest at the end");
}

#[test]
fn digits_of_another_seed_and_their_instructions() {
    let options = RunOptions { seed: 5, epochs: Some(1), ..RunOptions::default() };
    let first = assert_agree(experiment("digits-pes"), &options);
    assert_counts_again(experiment("digits-pes"), &options, &first);
}

#[test]
fn the_channel_and_its_instructions() {
    for seed in [0, 9] {
        let options = RunOptions { seed, ..RunOptions::default() };
        let first = assert_agree(experiment("pes-channel"), &options);
        assert_counts_again(experiment("pes-channel"), &options, &first);
    }
}

#[test]
fn the_square_and_its_instructions() {
    let first = assert_agree(experiment("pes-square"), &RunOptions::default());
    assert_counts_again(experiment("pes-square"), &RunOptions::default(), &first);
}

#[test]
fn what_cores_learn_themselves() {
    let options = RunOptions { seed: 3, ..RunOptions::default() };
    for experiment in [experiment("stdp-pair"), experiment("stdp-triplet"), experiment("pes-core")] {
        assert_agree(experiment, &options);
    }
    // Every step is an exchange with its plant.
    let reward = experiment("stdp-reward");
    assert_task_agrees(reward, &shortened(reward, "3000"), &options);
}

#[test]
fn control_for_a_while() {
    for (experiment, joints) in [(experiment("pes-pendulum"), 1), (experiment("pes-arm"), 2)] {
        let outcome = assert_task_agrees(experiment, &shortened(experiment, "4500"), &RunOptions::default());
        assert_eq!((outcome.steps, outcome.digests.len()), (4500, 2), "a digest every four seconds, and at the end");
        assert_eq!(outcome.ops.decoder_updates, joints * outcome.ops.spikes, "every spike teaches");
    }
}

/// What one operation may cost in instructions: how its row begins or ends, its unit, the bound, the rows.
const BOUNDS: [(&str, &str, f64, usize); 11] = [
    ("input", "compartment and step", 21.0, 2),
    ("with bias", "compartment and step", 22.0, 2),
    ("synapse", "synaptic event", 7.0, 2),
    ("with noise", "compartment and step", 125.0, 1),
    ("tree of two", "compartment and step", 90.0, 1),
    ("PES, 10 outputs: decode", "spike and output", 5.0, 2),
    ("PES, 10 outputs: learn", "spike and output", 2.6, 1),
    ("PES, 1 output: learn", "spike and output", 6.4, 1),
    ("by it", "compartment and step", 24.2, 1),
    ("e-prop, filtered", "synapse and step", 22.3, 1),
    ("e-prop, thresholds that adapt", "synapse and step", 36.0, 1),
];

#[test]
fn rules_of_the_embedded_cpu_on_a_few_samples() {
    let options = RunOptions { seed: 4, epochs: Some(1), samples: Some(14), ..RunOptions::default() };
    for experiment in [
        experiment("digits-decolle"),
        experiment("digits-decolle-2"),
        experiment("digits-emstdp"),
        experiment("digits-soel-fewshot"),
        experiment("digits-continual"),
        experiment("decolle-poisson"),
    ] {
        let outcome = assert_agree(experiment, &options);
        assert!(outcome.ops.rule_changes > 0, "{}: no weight has changed", experiment.name);
    }
}

/// The built-in digits as MNIST's files: every pixel three by three, in a frame of two.
fn write_as_mnist(folder: &Path) {
    let digits = digits();
    for (samples, [images, labels]) in [(&digits.training, [FILES[0], FILES[1]]), (&digits.test, [FILES[2], FILES[3]])]
    {
        let count = u32::try_from(samples.len()).unwrap().to_be_bytes();
        let side = u32::try_from(SIDE).unwrap().to_be_bytes();
        let pixel = |values: &[u8], at: usize| {
            let [row, column] = [at / SIDE, at % SIDE].map(|place| place.checked_sub(2).map(|place| place / 3));
            let inside = row.zip(column).filter(|(row, column)| *row < 8 && *column < 8);
            inside.map_or(0, |(row, column)| values[8 * row + column] * 15)
        };
        let pixels = samples.iter().flat_map(|sample| (0..SIDE * SIDE).map(|at| pixel(&sample.values, at)));
        let header = [[0, 0, 8, 3], count, side, side].concat();
        fs::write(folder.join(images), header.into_iter().chain(pixels).collect::<Vec<u8>>()).unwrap();
        let header = [[0, 0, 8, 1], count].concat();
        fs::write(folder.join(labels), [header, samples.iter().map(|sample| sample.label).collect()].concat()).unwrap();
    }
}

#[test]
fn images_of_mnist_on_a_few_samples() {
    let folder = tempfile::tempdir().unwrap();
    write_as_mnist(folder.path());
    let data = Some(folder.path().to_owned());
    let options = RunOptions { seed: 4, epochs: Some(1), samples: Some(10), data, ..RunOptions::default() };
    let outcome = assert_agree(experiment("mnist-decolle"), &options);
    assert_eq!((outcome.samples, outcome.steps), (Some(20), 800));
    assert!(outcome.ops.rule_changes > 0, "no weight has changed");
}

#[test]
fn kernels_of_the_rules_cost_no_more_than_in_c() {
    let costs = rules::measure(&mut open_qemu(), |_, _| {}).unwrap();
    assert_eq!(costs.len(), rules::RULE_KERNELS.len());
    for RuleCost { kernel, instructions, instructions_c, .. } in costs {
        assert!((1.0..=instructions_c).contains(&instructions), "{kernel}: {instructions:.2}, in C {instructions_c}");
    }
}

#[test]
fn kernels_cost_what_they_may() {
    let costs = measure(&mut open_qemu(), |_, _| {}).unwrap();
    let all = costs.iter().map(|cost| format!("{} per {}: {:.2}", cost.kernel, cost.unit, cost.instructions));
    let all = all.collect::<Vec<_>>().join("\n");
    for (name, unit, most, rows) in BOUNDS {
        let is_row = |row: &str| row.starts_with(name) || row.ends_with(name);
        let bounded: Vec<&KernelCost> = costs.iter().filter(|cost| cost.unit == unit && is_row(cost.kernel)).collect();
        assert_eq!(bounded.len(), rows, "rows {name:?} per {unit:?} among\n{all}");
        for KernelCost { kernel, instructions, .. } in bounded {
            assert!(*instructions <= most, "{kernel} costs {instructions:.2} per {unit}, more than {most}\n{all}");
            // A figure that is no cost at all was not measured.
            assert!(*instructions >= 1.0, "{kernel} costs {instructions:.2} per {unit}\n{all}");
        }
    }
}

#[test]
fn kernels_cost_the_same_each_time() {
    let kernels =
        KERNELS.iter().filter(|kernel| ["sparse synapse", "PES, 1 output: decode and learn"].contains(&kernel.name));
    let mut measured = 0;
    for kernel in kernels {
        assert_eq!(
            slope(&mut open_qemu(), kernel).unwrap(),
            slope(&mut open_qemu(), kernel).unwrap(),
            "{}",
            kernel.name
        );
        measured += 1;
    }
    assert_eq!(measured, 2);
}
