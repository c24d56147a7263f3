//! Slots of accumulators hold a core's compartments: they take less memory, and change no spike.

use crate::common::chip::Running;
use crate::plan::{draw, random_inputs};
use host_harness::image::{AxonOptions, ImageBuilder, Source};
use loihi_core::chip::Chip;
use loihi_core::image::{Profile, Synapse};

const LIF: Profile = Profile { decay_u: 700, decay_v: 250, v_th: 40 << 6, refractory: 1, ..Profile::DEFAULT };
/// Keeps nothing and never fires: fills a core up.
const PADDING: Profile = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
const INPUTS: u32 = 12;

/// How delays, lists and sums are used.
#[derive(Clone, Copy, Debug)]
struct Shape {
    compartments: usize,
    delay_max: usize,
    /// Whether half of the sources go through a population axon, and half of the others into an auxiliary accumulator.
    atoms_and_sums: bool,
}

/// Compartments that excite and inhibit each other, on a core that is filled up to `padded` compartments.
fn network(shape: Shape, padded: usize) -> ImageBuilder {
    let Shape { compartments, delay_max, atoms_and_sums } = shape;
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.inputs(INPUTS);
    let core = builder.core();
    builder.group(compartments, LIF);
    if padded > compartments {
        builder.group(padded - compartments, PADDING);
    }
    let count = u32::try_from(compartments).unwrap();
    let biases: Vec<i32> = (0..count).map(|at| draw(-50, 900, [1, at, 0])).collect();
    builder.bias(0, &biases);
    let sum = if atoms_and_sums { builder.sum(core, 1, 2) } else { 0 };
    let sources = (0..count).map(Source::Compartment).chain((0..INPUTS).map(Source::Input));
    let list = |number: u32| -> Vec<Synapse> {
        let synapse = |at| Synapse {
            compartment: draw(0, count.cast_signed() - 1, [2, number, at]).unsigned_abs() as usize,
            delay: draw(0, i32::try_from(delay_max).unwrap(), [3, number, at]).unsigned_abs() as usize,
            weight: i16::try_from(draw(-35, 45, [4, number, at])).unwrap(),
        };
        let last = Synapse { compartment: compartments - 1, delay: delay_max, weight: 30 };
        (0..7).map(synapse).chain([last]).collect()
    };
    let mut population = Vec::new();
    for (source, number) in sources.zip(0..) {
        match number % 4 {
            0 | 1 if atoms_and_sums => population.push((source, list(number))),
            2 if atoms_and_sums => {
                let synapses = builder.sparse_synapses(&list(number), 1);
                let axon = builder.axon(core, &synapses, AxonOptions::default().sum(sum));
                builder.route(source, axon, 0);
            }
            _ => builder.sparse(source, core, &list(number)),
        }
    }
    if !population.is_empty() {
        let all: Vec<Synapse> = population.iter().flat_map(|(_, list)| list.clone()).collect();
        let synapses = builder.sparse_synapses(&all, population.len());
        let axon = builder.axon(core, &synapses, AxonOptions::default());
        for (atom, (source, _)) in population.iter().enumerate() {
            builder.route(*source, axon, atom);
        }
    }
    builder
}

/// The spikes of every step.
fn spikes(network: ImageBuilder, steps: u32) -> Vec<Vec<u32>> {
    let mut chip = Running::new(network);
    let step = |t| {
        for input in random_inputs(INPUTS, 4, t) {
            chip.inject(input);
        }
        chip.step()
    };
    (0..steps).map(step).collect()
}

/// Lengths of slots up to a whole core's, with compartments that fill them and that do not.
#[test]
fn a_small_core_spikes_as_a_core_that_is_filled_up() {
    for compartments in [3, 16, 33, 48, 64, 1000, 1008, 1024] {
        for delay_max in [0, 1, 5, 31, 62] {
            for atoms_and_sums in [false, true] {
                let shape = Shape { compartments, delay_max, atoms_and_sums };
                let steps = if compartments < 100 { 160 } else { 90 };
                let own = spikes(network(shape, compartments), steps);
                let padded = spikes(network(shape, 1024), steps);
                let difference = own.iter().zip(&padded).position(|(own, padded)| own != padded);
                assert_eq!(difference, None, "{shape:?}: first step that differs");
                let fired: usize = own.iter().map(Vec::len).sum();
                assert!(fired > compartments, "{shape:?}: {fired} spikes");
            }
        }
    }
}

/// Bytes of memory of compartments with a synapse of this delay.
fn bytes_needed(compartments: usize, delay: usize) -> usize {
    let mut builder = ImageBuilder::new();
    builder.group(compartments, LIF);
    builder.sparse(Source::Compartment(0), 0, &[Synapse { compartment: 0, delay, weight: 1 }]);
    let file = builder.build().unwrap();
    Chip::bytes_needed(&file.open().unwrap(), file.snips())
}

#[test]
fn a_slot_takes_two_bytes_a_compartment_in_whole_blocks() {
    for (compartments, length) in [(16, 16), (48, 48), (64, 64), (50, 64), (1000, 1008), (1024, 1024)] {
        // A ring of 32 slots against one of 64.
        let more = bytes_needed(compartments, 62) - bytes_needed(compartments, 31 - 1);
        assert_eq!(more, 32 * 2 * length, "{compartments} compartments");
    }
    // All 64 slots of a core of 64 compartments take 8 KiB; a whole core's would take 128.
    let ring = 2 * (bytes_needed(64, 62) - bytes_needed(64, 30));
    assert_eq!(ring, 8 << 10);
    assert!(bytes_needed(64, 62) < 16 << 10, "{} bytes in all", bytes_needed(64, 62));
}
