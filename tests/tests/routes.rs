//! Axons, synapses, delays and noise in a running chip, each against an obvious expectation.

#![allow(clippy::unwrap_used)]

mod common;

use common::chip::Running;
use host_harness::image::{AxonOptions, ImageBuilder, Source};
use loihi_core::image::{Noise, NoiseAt, Profile};
use loihi_core::num::{Drawn, Fnv64, RandomSource as _, Weight, WeightExponent, word};
use loihi_core::probe::Register;
use loihi_core::synapse::{SignMode, Synapse, fold};
use proptest::prelude::*;

/// Keeps its current for ever and never fires.
const HOLDS: Profile = Profile { decay_u: 0, decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };

const fn synapse(compartment: usize, delay: usize, weight: i16) -> Synapse {
    Synapse { compartment, delay, weight }
}

/// Both chips get the same spikes and hold the same currents, voltages and spikes.
fn assert_equal_runs(a: ImageBuilder, b: ImageBuilder, spikes: &[Vec<usize>]) {
    let (mut a, mut b) = (Running::new(a), Running::new(b));
    for (step, inputs) in spikes.iter().enumerate() {
        for input in inputs {
            a.inject(*input);
            b.inject(*input);
        }
        assert_eq!(a.step(), b.step(), "spikes, step {step}");
        for register in [Register::U, Register::V] {
            assert_eq!(a.read(register), b.read(register), "{}, step {step}", register.name());
        }
        assert_eq!(a.chip().ops(), b.chip().ops(), "counts, step {step}");
    }
}

fn neurons(builder: &mut ImageBuilder) {
    builder.group(40, Profile { decay_u: 800, decay_v: 300, v_th: 1280, refractory: 2, ..Profile::DEFAULT });
}

proptest! {
    #[test]
    fn shared_synapses_are_those_of_each_axon(
        kernel in proptest::collection::vec((0..8_usize, 0..5_usize, -40..40_i16), 1..9),
        bases in proptest::collection::vec(0..32_usize, 1..6),
        spikes in proptest::collection::vec(proptest::collection::vec(0..6_usize, 0..4), 1..30),
    ) {
        let (mut shared, mut apart) = (ImageBuilder::new(), ImageBuilder::new());
        for builder in [&mut shared, &mut apart] {
            builder.inputs(6);
            neurons(builder);
        }
        let list: Vec<Synapse> = kernel.iter().map(|(c, delay, weight)| synapse(*c, *delay, *weight)).collect();
        let synapses = shared.sparse_synapses(&list, 1);
        for (input, base) in (0..).zip(&bases) {
            let axon = shared.axon(0, &synapses, AxonOptions { compartment_base: *base, ..AxonOptions::default() });
            shared.route(Source::Input(input), axon, 0);
            let moved: Vec<Synapse> = list.iter().map(|s| synapse(s.compartment + base, s.delay, s.weight)).collect();
            apart.sparse(Source::Input(input), 0, &moved);
        }
        assert_equal_runs(shared, apart, &spikes);
    }

    #[test]
    fn a_population_axon_is_as_many_discrete_ones(
        weights in proptest::collection::vec(-60..60_i16, 6 * 10),
        sparse: bool,
        base in 0..30_usize,
        spikes in proptest::collection::vec(proptest::collection::vec(0..6_usize, 0..4), 1..30),
    ) {
        let (mut population, mut discrete) = (ImageBuilder::new(), ImageBuilder::new());
        for builder in [&mut population, &mut discrete] {
            builder.inputs(6);
            neurons(builder);
        }
        let listed: Vec<Synapse> = weights.iter().zip((0..10).cycle()).map(|(w, c)| synapse(c, c % 3, *w)).collect();
        let options = AxonOptions { compartment_base: base, ..AxonOptions::default() };
        let all = if sparse { population.sparse_synapses(&listed, 6) } else { population.dense_synapses(&weights, 6) };
        let axon = population.axon(0, &all, options);
        for atom in 0..6_usize {
            let input = Source::Input(u32::try_from(atom).unwrap());
            population.route(input, axon, atom);
            let part = atom * 10..atom * 10 + 10;
            let own = if sparse {
                discrete.sparse_synapses(&listed[part], 1)
            } else {
                discrete.dense_synapses(&weights[part], 1)
            };
            let axon = discrete.axon(0, &own, options);
            discrete.route(input, axon, 0);
        }
        assert_equal_runs(population, discrete, &spikes);
    }
}

#[test]
fn synapses_of_one_target_add_up() {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder.group(2, HOLDS);
    builder.sparse(Source::Input(0), 0, &[synapse(1, 0, 3), synapse(1, 0, 4)]);
    builder.dense(Source::Input(0), 0, 1, &[5]);
    let mut chip = Running::new(builder);
    chip.inject(0);
    chip.step();
    assert_eq!(chip.read(Register::U), [0, 12 * 64], "u, step 0");
}

#[test]
fn every_delay_is_exact() {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder.group(63, HOLDS);
    let all: Vec<Synapse> = (0..63).map(|delay| synapse(delay, delay, 1)).collect();
    builder.sparse(Source::Input(0), 0, &all);
    let mut chip = Running::new(builder);
    // Out of step with the ring.
    (0..37).for_each(|_| drop(chip.step()));
    chip.inject(0);
    for step in 0..63 {
        chip.step();
        let expected: Vec<i32> = (0..63).map(|delay| if delay <= step { 64 } else { 0 }).collect();
        assert_eq!(chip.read(Register::U), expected, "u, {step} steps after the spike");
    }
}

#[test]
fn a_box_lasts_its_duration() {
    for duration in [1, 2, 7, 62] {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        builder.group(1, HOLDS);
        builder.sparse(Source::Input(0), 0, &Synapse::boxed(0, duration, 9));
        let mut chip = Running::new(builder);
        chip.inject(0);
        for step in 0..70 {
            chip.step();
            let expected = if step < duration { 9 * 64 } else { 0 };
            assert_eq!(chip.read(Register::U), [expected], "duration {duration}: u, step {step}");
        }
    }
}

/// What a spike adds, in whole numbers.
fn obvious(mantissa: i64, exponent: i32, bits: u32, mode: SignMode) -> i64 {
    let p = 1_i64 << (8 - bits + u32::from(mode == SignMode::Mixed));
    let kept = mantissa / p * p;
    let scaled = if exponent < 0 { kept.div_euclid(1 << -exponent) } else { kept << exponent };
    (scaled * 64).clamp(64 - (1 << 21), (1 << 21) - 64)
}

#[test]
fn every_weight_format_in_a_running_chip() {
    for exponent in WeightExponent::MIN..=WeightExponent::MAX {
        let e = WeightExponent::new(exponent).unwrap();
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        let mut expected = Vec::new();
        let mut weights = Vec::new();
        for bits in [0, 1, 2, 3, 4, 5, 6, 8] {
            for mantissa in (-256..=255_i32).step_by(17) {
                for mode in [SignMode::Mixed, SignMode::Excitatory, SignMode::Inhibitory] {
                    let held = match mode {
                        SignMode::Mixed => mantissa,
                        SignMode::Excitatory => mantissa.max(0),
                        SignMode::Inhibitory => mantissa.min(0),
                    };
                    weights.push(fold(Weight::new(mantissa).unwrap(), e, bits, mode));
                    expected.push(i32::try_from(obvious(held.into(), exponent, bits, mode)).unwrap());
                }
            }
        }
        builder.group(weights.len(), HOLDS);
        builder.dense(Source::Input(0), 0, 0, &weights);
        let mut chip = Running::new(builder);
        chip.inject(0);
        chip.step();
        assert_eq!(chip.read(Register::U), expected, "exponent {exponent}: u, step 0");
    }
}

#[test]
fn sum_and_current_wrap_at_their_edges() {
    let mut builder = ImageBuilder::new();
    builder.inputs(2);
    builder.group(1, HOLDS);
    builder.dense(Source::Input(0), 0, 0, &[32_767]);
    builder.dense(Source::Input(1), 0, 0, &[1]);
    let mut chip = Running::new(builder);
    // 2^21 − 64, and 64 more: the sum of the step wraps to −2^21.
    chip.inject(0);
    chip.step();
    assert_eq!(chip.read(Register::U), [(1 << 21) - 64], "u, step 0");
    chip.inject(0);
    chip.inject(1);
    chip.step();
    assert_eq!(chip.read(Register::U), [-64], "u, step 1");
    // Four times 2^21 − 64 and what is missing to 2^23: the current wraps to −2^23.
    let mut u = -64_i64;
    for step in 2..20 {
        chip.inject(0);
        chip.step();
        u += (1 << 21) - 64;
        u = (u + (1 << 23)).rem_euclid(1 << 24) - (1 << 23);
        assert_eq!(i64::from(chip.read(Register::U)[0]), u, "u, step {step}");
    }
}

/// A recurrent network of 256 compartments with delays, biases and noise, cut in so many cores.
fn cut(cores: usize) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.seed(11);
    builder.beyond_the_chip();
    builder.inputs(16);
    let noise = Some(Noise { at: NoiseAt::Voltage, exponent: 9, offset: 0 });
    let profile = Profile { decay_u: 600, decay_v: 250, v_th: 6400, refractory: 2, noise, ..Profile::DEFAULT };
    let each = 256 / cores;
    for _ in 0..cores {
        builder.core();
        builder.group(each, profile);
    }
    let biases: Vec<i32> = (0..256).map(|i| i32::try_from(word(5, i, 0, 0) % 800).unwrap() - 100).collect();
    builder.bias(0, &biases);
    for pre in 0..272_u32 {
        let source = if pre < 256 { Source::Compartment(pre) } else { Source::Input(pre - 256) };
        for core in 0..cores {
            let connected = |post: &u32| word(6, pre, *post, 0).is_multiple_of(12);
            let own = (0..256_u32).filter(|post| *post as usize / each == core && connected(post));
            let synapses: Vec<Synapse> = own
                .map(|post| {
                    let draw = word(7, pre, post, 0);
                    let weight = i16::try_from(draw % 61).unwrap() - 25;
                    synapse(post as usize % each, (draw >> 8) as usize % 16, weight)
                })
                .collect();
            builder.sparse(source, core, &synapses);
        }
    }
    builder
}

#[test]
fn the_partition_does_not_matter() {
    let hashes = |cores: usize| -> Vec<u64> {
        let mut chip = Running::new(cut(cores));
        let step = |t: u32| {
            (0..16)
                .filter(|input| word(8, t, *input, 0).is_multiple_of(8))
                .for_each(|input| chip.inject(input as usize));
            let mut hash = Fnv64::new();
            chip.step().iter().for_each(|spike| hash.word(spike.cast_signed()));
            for register in [Register::U, Register::V] {
                chip.read(register).iter().for_each(|word| hash.word(*word));
            }
            hash.finish()
        };
        (0..300).map(step).collect()
    };
    let whole = hashes(1);
    for cores in [2, 4, 16] {
        let step = whole.iter().zip(&hashes(cores)).position(|(a, b)| a != b);
        assert_eq!(step, None, "{cores} cores: first step with another hash of spikes, u and v");
    }
    assert!(Running::new(cut(4)).read(Register::U).iter().all(|u| *u == 0));
}

#[test]
fn noise_is_what_its_registers_say() {
    for at in [NoiseAt::Current, NoiseAt::Voltage] {
        for (exponent, offset) in [(7, 0), (0, 3), (12, -2), (5, 31), (15, -31)] {
            let noise = Some(Noise { at, exponent, offset });
            let mut builder = ImageBuilder::new();
            builder.seed(99);
            builder.group(3, Profile { noise, decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT });
            builder.group(2, Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT });
            let mut chip = Running::new(builder);
            for t in 0..50_u32 {
                chip.step();
                let drawn = |i: u32| {
                    let r = i64::from(Drawn { seed: 99 }.noise(t, i)) + 64 * i64::from(offset);
                    // 2^(exponent − 7), truncated toward zero, then the wrap of the sum or of what enters the voltage.
                    let x = (r << exponent) / 128;
                    let half = if at == NoiseAt::Current { 1_i64 << 21 } else { 1 << 23 };
                    i32::try_from((x + half).rem_euclid(2 * half) - half).unwrap()
                };
                let x = [drawn(0), drawn(1), drawn(2), 0, 0];
                let u = if at == NoiseAt::Current { x } else { [0; 5] };
                let v = x.map(|x| x.max(-8_388_607));
                assert_eq!(chip.read(Register::U), u, "{at:?}, exponent {exponent}, offset {offset}: u, step {t}");
                assert_eq!(chip.read(Register::V), v, "{at:?}, exponent {exponent}, offset {offset}: v, step {t}");
            }
        }
    }
}
