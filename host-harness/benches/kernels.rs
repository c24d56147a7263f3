//! Times the kernels of the core on this host: `cargo bench -p host-harness`, with `-- NAME` for some of them.
//!
//! Every benchmark computes whole steps of a network that does little else than what its name says. An item is a
//! compartment, a spike, a synaptic event or a decoder, and whatever a step does besides is in the time of its items:
//! the kernels apart are what `loihi cost` and the instruction counts of the tests are for.

use divan::Bencher;
use divan::counter::ItemsCount;
use host_harness::cost::networks::{decoded, dense, fed, firing, noisy, silent, small_axons, sparse, trees};
use host_harness::device::wide;
use host_harness::image::ImageBuilder;
use loihi_core::chip::Chip;
use loihi_core::ops::OpCounts;
use loihi_core::rules::PreSynapse;
use std::fmt;
use std::time::Duration;
use zerocopy::IntoBytes as _;

/// Compartments of a core.
const CORE: u32 = 1024;
/// Steps before the clock starts: by then everything that fires does.
const WARM_UP_STEPS: usize = 10;
/// Steps between two looks at the clock, which are many times what a look takes.
const STEPS_PER_SAMPLE: u32 = 64;
/// How long each benchmark runs at least.
const TIME_MIN: Duration = Duration::from_millis(500);

/// Which compilation of a step is timed.
#[derive(Clone, Copy)]
enum Step {
    /// For any processor of this kind.
    Portable,
    /// For the widest registers of this host.
    Widest,
}

const BOTH: [Step; 2] = [Step::Portable, Step::Widest];

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Portable => f.write_str("portable"),
            Self::Widest => write!(f, "widest ({})", wide::registers()),
        }
    }
}

impl Step {
    fn compute(self, chip: &mut Chip<'_>) {
        match self {
            Self::Portable => chip.step(),
            Self::Widest => wide::step(chip),
        }
    }
}

fn main() {
    divan::Divan::default().sample_size(STEPS_PER_SAMPLE).min_time(TIME_MIN).config_with_args().main();
}

/// Times steps of a network whose external input 0 spikes before each of them; an item is one of `operations`.
fn time(bencher: Bencher<'_, '_>, step: Step, network: ImageBuilder, operations: fn(&OpCounts) -> u64) {
    let file = network.build().expect("the network can be built");
    let image = file.open().expect("what was built can be opened");
    let mut memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()).div_ceil(8)];
    let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes()).expect("the memory suffices");
    let mut advance = || {
        chip.inject(0);
        step.compute(&mut chip);
        operations(chip.ops())
    };
    let before = (0..WARM_UP_STEPS).map(|_| advance()).last().unwrap_or(0);
    let per_step = advance() - before;
    bencher.counter(ItemsCount::new(per_step)).bench_local(advance);
}

#[divan::bench(args = BOTH)]
fn compartment_without_input(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, silent(CORE, 0), |ops| ops.compartment_updates);
}

#[divan::bench(args = BOTH)]
fn compartment_with_bias(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, silent(CORE, 1), |ops| ops.compartment_updates);
}

/// Each by a dense synapse.
#[divan::bench(args = BOTH)]
fn compartment_with_input(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, fed(CORE, false), |ops| ops.compartment_updates);
}

/// Each by a dense synapse.
#[divan::bench(args = BOTH)]
fn compartment_with_input_and_bias(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, fed(CORE, true), |ops| ops.compartment_updates);
}

/// All 768 in every step.
#[divan::bench(args = BOTH)]
fn compartment_that_fires(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, firing(768), |ops| ops.spikes);
}

#[divan::bench(args = BOTH)]
fn general_noise(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, noisy(CORE), |ops| ops.compartment_updates);
}

#[divan::bench(args = BOTH)]
fn general_trees_of_two(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, trees(CORE), |ops| ops.compartment_updates);
}

/// 32 to each compartment of a core.
#[divan::bench(args = BOTH)]
fn synapse_sparse(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, sparse(32 * CORE), |ops| ops.synaptic_events);
}

/// 64 to each compartment of a core.
#[divan::bench(args = BOTH)]
fn synapse_dense(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, dense(64 * CORE), |ops| ops.synaptic_events);
}

/// 20 to each compartment of a core, in axons of 10.
#[divan::bench(args = BOTH)]
fn synapse_of_small_axons(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, small_axons(2 * CORE), |ops| ops.synaptic_events);
}

/// Of 768 compartments that fire in every step.
#[divan::bench(args = BOTH)]
fn pes_10_outputs(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, decoded(768, 10, PreSynapse::Raw), |ops| ops.decoder_reads);
}

/// Of 768 compartments that fire in every step.
#[divan::bench(args = BOTH)]
fn pes_1_output(bencher: Bencher<'_, '_>, step: Step) {
    time(bencher, step, decoded(768, 1, PreSynapse::Raw), |ops| ops.decoder_reads);
}
