//! A network has the same bits on any number of threads.

#![allow(clippy::unwrap_used)]

use loihi_core::chip::SnapshotScope;
use loihi_core::image::{
    Homeostasis, Join, Noise, NoiseAt, Profile, Rounding, StackIn, StackOut, Synapse, ThresholdMode, Tree,
};
use loihi_core::num::word;
use loihi_core::ops::OpCounts;
use loihi_core::register::{Register, StateDigest};
use loihi_core::wire::message::{Record, Report};
use loihi_device::inproc::InProcess;
use loihi_device::sample::Stretch;
use loihi_device::session::{RetryPolicy, Session};
use loihi_device::wide::Registers;
use loihi_image::image::{AxonOptions, ImageBuilder, ImageFile, Plasticity, Source, decay_table, full_row};
use loihi_image::rule::{Limits, parse};

const INPUTS: u32 = 24;
const LIF: Profile = Profile { decay_u: 700, decay_v: 300, v_th: 5000, refractory: 3, ..Profile::DEFAULT };

/// A number below `below` that follows from the others.
fn draw(seed: u32, [what, which]: [u32; 2], below: u32) -> u32 {
    word(seed, what, which, 0) % below
}

/// A weight, more often positive than negative.
fn weight(seed: u32, place: [u32; 2]) -> i16 {
    i16::try_from(draw(seed, place, 90)).unwrap() - 30
}

/// Adds a core with compartments of every kind, as many as the seed says; returns how many.
fn add_core(builder: &mut ImageBuilder, seed: u32, core: u32) -> u32 {
    let count = |kind: u32, most: u32| draw(seed, [100 + kind, core], most) as usize;
    if core > 0 {
        builder.core();
    }
    let noise = Some(Noise { at: NoiseAt::Voltage, exponent: 9, offset: 1 });
    let homeostasis = Some(Homeostasis { gain: 2, a_min: 3, a_max: 9, impulse: 7, decay: 150, epoch_steps: 5 });
    let dendrite = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let soma = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let tree = [Profile { tree: dendrite, v_th: 1280, ..LIF }, Profile { tree: soma, ..LIF }];
    let first = builder.group(1 + count(0, 60), LIF).start;
    builder.group(1 + count(1, 30), Profile { noise, ..LIF });
    builder.group(1 + count(2, 10), Profile { homeostasis, ..LIF });
    builder.neurons(1 + count(3, 12), &tree).end - first
}

/// Three axons of every source, with delays on every third core and with an accumulator of its own on core 1, and a dense one.
fn add_axons(builder: &mut ImageBuilder, seed: u32, sizes: &[u32]) {
    let (all, cores) = (sizes.iter().sum::<u32>(), u32::try_from(sizes.len()).unwrap());
    let joined = builder.sum(1, 1, 3);
    for number in 0..all + INPUTS {
        let source = if number < all { Source::Compartment(number) } else { Source::Input(number - all) };
        for axon in 0..3 {
            let core = draw(seed, [10 + axon, number], cores);
            let synapse = |at: u32| Synapse {
                compartment: draw(seed, [20 + axon, at], sizes[core as usize]) as usize,
                delay: if core.is_multiple_of(3) { draw(seed, [30 + axon, at], 6) as usize } else { 0 },
                weight: weight(seed, [40 + axon, at]),
            };
            let synapses: Vec<Synapse> = (8 * number..8 * number + 8).map(synapse).collect();
            let stored = builder.sparse_synapses(&synapses, 1);
            let sum = if core == 1 && axon == 2 { joined } else { 0 };
            let axon = builder.axon(core as usize, &stored, AxonOptions::default().sum(sum));
            builder.route(source, axon, 0);
        }
        let weights: Vec<i16> = (0..sizes[0]).map(|at| weight(seed, [1000 + number, at]) / 8).collect();
        builder.dense(source, 0, 0, &weights);
    }
}

/// Plastic groups on two of three cores, whose epochs are of different lengths.
fn add_plasticity(builder: &mut ImageBuilder, seed: u32, sizes: &[u32]) {
    let all = sizes.iter().sum();
    let (keep, joint) = (decay_table(0.8, 0.0), decay_table(0.9, 0.0));
    let traces = [0; 5].map(|_: usize| builder.trace(30, 7, &keep, Some(&joint)));
    let rule = parse("dw = 2^-3*x1*y0 - 2^-4*x0*y1\ndt = 2^-2*x1*y0", &Limits::LOIHI).unwrap();
    let plasticity = Plasticity::default().products(rule).traces(traces).rounding(Rounding::Stochastic);
    for (core, size) in (0..).zip(sizes).filter(|(core, _)| core % 3 != 2) {
        let posts = 0..*size as usize;
        let row = |axon: u32| {
            let source = Source::Compartment(draw(seed, [70 + core, axon], all));
            let mantissa = 2 * i16::try_from(draw(seed, [90 + core, axon], 40)).unwrap();
            (source, full_row(posts.clone(), |_| mantissa))
        };
        let plasticity = plasticity.clone().epoch_steps(1 + core % 4).wgt_exp(-1);
        builder.plastic_group(core as usize, posts.clone(), &plasticity, (0..20).map(row));
    }
}

fn network(seed: u32, cores: u32, learns: bool) -> ImageFile {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.seed(seed);
    builder.inputs(INPUTS);
    let sizes: Vec<u32> = (0..cores).map(|core| add_core(&mut builder, seed, core)).collect();
    let biases: Vec<i32> = (0..sizes.iter().sum()).map(|at| draw(seed, [1, at], 900).cast_signed() - 200).collect();
    builder.bias(0, &biases);
    if seed == 4 {
        // Its noise is replayed, as long as the recording is.
        let all = sizes.iter().sum();
        let noise: Vec<i32> = (0..60 * all).map(|at| draw(seed, [2, at], 255).cast_signed() - 127).collect();
        builder.recorded_noise(all, &noise);
    }
    add_axons(&mut builder, seed, &sizes);
    if learns {
        add_plasticity(&mut builder, seed, &sizes);
    }
    builder.build().unwrap()
}

/// All that a device is asked: spikes of every step, a digest after every request, counts and weights at the end.
#[derive(Debug, PartialEq)]
struct Told {
    spikes: Vec<(u32, u32)>,
    digests: Vec<StateDigest>,
    ops: OpCounts,
    weights: Vec<i32>,
}

fn told(device: InProcess, image: &ImageFile, seed: u32) -> Told {
    let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false).unwrap();
    session.load(image).unwrap();
    let (mut spikes, mut digests) = (Vec::new(), Vec::new());
    for (request, steps) in (0..).zip([1_u16, 40, 2, 25, 33]) {
        // Some inputs spike twice in a step, some behind the last one.
        let input = |at: u32| {
            let [step, input] =
                [u32::from(steps) + 1, INPUTS].map(|below| draw(seed + below, [200 + request, at], below));
            (u16::try_from(step).unwrap(), u16::try_from(input).unwrap())
        };
        let mut inputs: Vec<(u16, u16)> = (0..6 * u32::from(steps)).map(input).collect();
        inputs.sort_unstable();
        let record = Record { steps, learn: request != 3, reset: request == 2, ..Record::PLAIN };
        let report = if request == 1 { Report::Nothing } else { Report::Spikes };
        let stretch = Stretch { record, spikes: &inputs };
        session.sample(&[stretch], report, |step, compartment| spikes.push((step, compartment))).unwrap();
        digests.push(session.digest().unwrap());
        // What was saved is valid.
        let state = session.save(SnapshotScope::State).unwrap();
        session.restore(SnapshotScope::State, &state).unwrap();
    }
    Told { spikes, digests, ops: session.ops().unwrap(), weights: session.read(Register::W).unwrap() }
}

#[test]
fn spikes_states_and_weights_are_the_same_on_any_number_of_threads() {
    for (seed, cores, learns) in [(1, 2, true), (2, 5, true), (3, 9, true), (4, 16, true), (5, 7, false)] {
        let image = network(seed, cores, learns);
        let alone = told(InProcess::default(), &image, seed);
        assert!(alone.spikes.len() > 300, "{seed}: {} spikes", alone.spikes.len());
        assert_eq!(alone.weights.is_empty(), !learns);
        assert!(!learns || alone.ops.learning_updates > 1000, "{seed}: {:?}", alone.ops);
        for threads in [2, 4, 20] {
            let found = told(InProcess::default().threads(threads), &image, seed);
            let differing = |(found, alone): (&StateDigest, &StateDigest)| found.first_difference(alone);
            let difference = found
                .digests
                .iter()
                .zip(&alone.digests)
                .enumerate()
                .find_map(|(request, pair)| Some((request, differing(pair)?)));
            assert_eq!(difference, None, "seed {seed}, {threads} threads: request and register that differ");
            assert_eq!(found, alone, "seed {seed}, {threads} threads");
        }
        let portable = InProcess::try_new(1 << 24, Registers::Portable).unwrap().threads(2);
        assert_eq!(told(portable, &image, seed), alone, "seed {seed}, portable");
    }
}
