//! Where the synapses of an axon arrive, and when: shared lists, atoms, sums, delays, boxes, and what that counts.

use crate::common::chip::Running;
use crate::plan::{draw, first_difference, random_inputs, trace, wrapped};
use host_harness::image::{AxonOptions, ImageBuilder, Source};
use loihi_core::image::{Profile, Synapse};
use loihi_core::register::Register;
use proptest::prelude::*;

/// Keeps neither current nor voltage, and never fires.
const RELAY: Profile = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
/// Compartments and inputs of the random networks.
const COMPARTMENTS: usize = 40;
const INPUTS: u32 = 6;

const fn synapse(compartment: usize, delay: usize, weight: i16) -> Synapse {
    Synapse { compartment, delay, weight }
}

/// Compartments that some input spikes make fire.
fn population() -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.inputs(INPUTS);
    builder.group(COMPARTMENTS, Profile { decay_u: 800, decay_v: 300, v_th: 1280, refractory: 2, ..Profile::DEFAULT });
    let biases: Vec<i32> = (0..40).map(|at| draw(-20, 60, [1, at, 0])).collect();
    builder.bias(0, &biases);
    builder
}

/// Inputs and compartments.
fn source(number: u32) -> Source {
    if number < INPUTS { Source::Input(number) } else { Source::Compartment(number - INPUTS) }
}

fn input_spikes(steps: u32) -> Vec<Vec<usize>> {
    (0..steps).map(|t| random_inputs(INPUTS, 3, t)).collect()
}

fn sources() -> impl Strategy<Value = u32> {
    prop_oneof![0..INPUTS, 0..INPUTS + 40]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// A kernel that axons of inputs and of compartments use at several places, some of them from one source.
    #[test]
    fn a_convolution_is_the_network_that_shares_nothing(
        kernel in proptest::collection::vec((0..8_usize, 0..=62_usize, -40..60_i16), 1..9),
        axons in proptest::collection::vec((sources(), 0..=32_usize), 1..12),
        dense: bool,
    ) {
        let (mut shared, mut unshared) = (population(), population());
        let weights: Vec<i16> = kernel.iter().map(|(_, _, weight)| *weight).collect();
        let list: Vec<Synapse> = kernel.iter().map(|(at, delay, weight)| synapse(*at, *delay, *weight)).collect();
        let stored = if dense { shared.dense_synapses(&weights, 1) } else { shared.sparse_synapses(&list, 1) };
        for (from, base) in axons {
            let axon = shared.axon(0, &stored, AxonOptions::default().compartment_base(base));
            shared.route(source(from), axon, 0);
            let own: Vec<Synapse> = if dense {
                weights.iter().enumerate().map(|(at, weight)| synapse(base + at, 0, *weight)).collect()
            } else {
                list.iter().map(|one| synapse(base + one.compartment, one.delay, one.weight)).collect()
            };
            unshared.sparse(source(from), 0, &own);
        }
        let spikes = input_spikes(120);
        let difference = first_difference(&trace(shared, &spikes), &trace(unshared, &spikes));
        prop_assert_eq!(difference, None, "first step and register that differ");
    }

    /// Any source can be any atom, or several, or the same one twice.
    #[test]
    fn a_population_axon_is_a_discrete_axon_per_route(
        atoms in proptest::collection::vec(proptest::collection::vec((-40..60_i16, 0..=62_usize), 7), 1..9),
        routes in proptest::collection::vec((sources(), any::<proptest::sample::Index>()), 1..14),
        base in 0..=33_usize,
        dense: bool,
    ) {
        let (mut population_axon, mut discrete) = (population(), population());
        let options = AxonOptions::default().compartment_base(base);
        let weights = |of: &[(i16, usize)]| -> Vec<i16> { of.iter().map(|(weight, _)| *weight).collect() };
        let list = |of: &[(i16, usize)]| -> Vec<Synapse> {
            of.iter().enumerate().map(|(at, (weight, delay))| synapse(at, *delay, *weight)).collect()
        };
        let store = |builder: &mut ImageBuilder, of: &[(i16, usize)], atoms: usize| {
            if dense {
                builder.dense_synapses(&weights(of), atoms)
            } else {
                // The synapses of every atom count from the base.
                let all: Vec<Synapse> = of.chunks(7).flat_map(list).collect();
                builder.sparse_synapses(&all, atoms)
            }
        };
        let stored = store(&mut population_axon, &atoms.concat(), atoms.len());
        let axon = population_axon.axon(0, &stored, options);
        for (from, atom) in routes {
            let atom = atom.index(atoms.len());
            population_axon.route(source(from), axon, atom);
            let own = store(&mut discrete, &atoms[atom], 1);
            let own = discrete.axon(0, &own, options);
            discrete.route(source(from), own, 0);
        }
        let spikes = input_spikes(120);
        let difference = first_difference(&trace(population_axon, &spikes), &trace(discrete, &spikes));
        prop_assert_eq!(difference, None, "first step and register that differ");
    }
}

#[test]
fn all_axons_and_synapses_of_one_source_add_up() {
    let from_input = (Source::Input(0), 0);
    // A compartment fires a step earlier than what it reaches.
    let from_compartment = (Source::Compartment(3), 1);
    for (source, later) in [from_input, from_compartment] {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        builder.group(3, RELAY);
        builder.group(1, Profile { v_th: 0, ..RELAY });
        if later == 1 {
            builder.sparse(Source::Input(0), 0, &[synapse(3, 0, 1)]);
        }
        builder.dense(source, 0, 1, &[5, -2]);
        builder.dense(source, 0, 0, &[100, 1, 1]);
        builder.sparse(source, 0, &[synapse(1, 0, 3), synapse(0, 0, -30), synapse(1, 0, 4)]);
        let twice = builder.sparse_synapses(&[synapse(1, 0, 7)], 1);
        let axon = builder.axon(0, &twice, AxonOptions::default().compartment_base(1));
        builder.route(source, axon, 0);
        builder.route(source, axon, 0);
        let mut chip = Running::new(builder);
        chip.inject(0);
        for step in 0..4 {
            chip.step();
            let u = chip.read(Register::U);
            let expected = if step == later { [70 * 64, 13 * 64, 13 * 64] } else { [0; 3] };
            assert_eq!(u[..3], expected, "{source:?}: u, step {step}");
        }
    }
}

/// A network for each delay, so that the ring has every length.
#[test]
fn a_spike_arrives_exactly_its_delay_later() {
    for delay in 0..=62_usize {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        builder.group(2, RELAY);
        builder.sparse(Source::Input(0), 0, &[synapse(1, delay, 3), synapse(0, delay / 2, -4)]);
        let mut chip = Running::new(builder);
        let spikes = |step: usize, delay: usize| {
            let sent = step.checked_sub(delay).map(|sent| random_inputs(1, 3, u32::try_from(sent).unwrap()));
            i32::from(sent.is_some_and(|inputs| !inputs.is_empty()))
        };
        for step in 0..200 {
            if spikes(step, 0) > 0 {
                chip.inject(0);
            }
            chip.step();
            let expected = [-4 * 64 * spikes(step, delay / 2), 3 * 64 * spikes(step, delay)];
            assert_eq!(chip.read(Register::U), expected, "delay {delay}: u, step {step}");
        }
    }
}

/// Every delay in one axon of a compartment, whose spike takes a step of its own.
#[test]
fn a_compartments_spike_arrives_a_step_and_its_delay_later() {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder.group(63, RELAY);
    builder.group(1, Profile { v_th: 0, ..RELAY });
    builder.sparse(Source::Input(0), 0, &[synapse(63, 0, 1)]);
    let all: Vec<Synapse> = (0..63).map(|delay| synapse(delay, delay, 9)).collect();
    builder.sparse(Source::Compartment(63), 0, &all);
    let mut chip = Running::new(builder);
    let fires = |step: usize| [0, 1, 5, 64, 70].contains(&step);
    for step in 0..140_usize {
        if fires(step) {
            chip.inject(0);
        }
        assert_eq!(chip.step(), if fires(step) { vec![63] } else { vec![] }, "spikes, step {step}");
        let arrives = |delay: usize| step.checked_sub(1 + delay).is_some_and(fires);
        let expected: Vec<i32> = (0..63).map(|delay| if arrives(delay) { 9 * 64 } else { 0 }).collect();
        assert_eq!(chip.read(Register::U)[..63], expected, "u, step {step}");
    }
}

#[test]
fn boxes_last_their_duration_and_add_where_they_overlap() {
    for duration in 1..=63_usize {
        for weight in [9, -32_767] {
            let mut builder = ImageBuilder::new();
            // The chip's own delays end at 62.
            builder.beyond_the_chip();
            builder.inputs(1);
            builder.group(1, Profile { decay_u: 0, ..RELAY });
            builder.sparse(Source::Input(0), 0, &Synapse::boxed(0, duration, weight));
            let mut chip = Running::new(builder);
            let spiked = |step: &usize| [3, 4, 20, 50, 51, 52].contains(step);
            for step in 0..130_usize {
                if spiked(&step) {
                    chip.inject(0);
                }
                chip.step();
                let open = ((step + 1).saturating_sub(duration)..=step).filter(spiked).count();
                let sum = i64::try_from(open).unwrap() * i64::from(weight) * 64;
                let expected = i32::try_from(wrapped(sum, 23)).unwrap();
                assert_eq!(chip.read(Register::U), [expected], "duration {duration}: u, step {step}");
            }
        }
    }
}

/// This many inputs of 50 synapses each, of which the first ten spike.
fn fan_out(inputs: u32) -> Running {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.inputs(inputs);
    builder.group(64, RELAY);
    for input in 0..inputs {
        let synapses: Vec<Synapse> = (0..50).map(|at| synapse((at + input as usize) % 64, 0, 1)).collect();
        builder.sparse(Source::Input(input), 0, &synapses);
    }
    Running::new(builder)
}

#[test]
fn a_step_counts_what_spiked_and_not_what_is_there() {
    let (mut few, mut many) = (fan_out(100), fan_out(1000));
    assert_eq!(many.chip().image().sparse.len(), 10 * few.chip().image().sparse.len());
    let mut spikes = 0;
    for t in 0..200 {
        for input in random_inputs(10, 4, t) {
            few.inject(input);
            many.inject(input);
            spikes += 1;
        }
        few.step();
        many.step();
        let (few, many) = (few.chip().ops(), many.chip().ops());
        assert_eq!(few.synaptic_events, 50 * spikes, "synaptic events, step {t}");
        assert_eq!((few.axon_events, few.input_spikes), (spikes, spikes), "axon events and input spikes, step {t}");
        assert_eq!(few, many, "all counts, step {t}");
    }
    assert!(spikes > 300, "{spikes} spikes");
}
