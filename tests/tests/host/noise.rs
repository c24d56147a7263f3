//! Noise at current and voltage: its formula, its addresses, its distribution.

use crate::common::chip::Running;
use crate::plan::{Link, Plan, decayed, draw, first_difference, random_inputs, trace, wrapped};
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Noise, NoiseAt, Profile};
use loihi_core::num::{Drawn, RandomSource as _};
use loihi_core::register::Register;

/// Keeps neither current nor voltage, and never fires.
const RELAY: Profile = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
const SEED: u32 = 77;

/// The documented value of noise.
fn scaled(r: i32, exponent: u32, offset: i32) -> i32 {
    let shift = 2_f64.powi(i32::try_from(exponent).unwrap() - 7);
    let noise = (f64::from(r + 64 * offset) * shift).trunc();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of 21 bits at most")]
    let noise = noise as i32;
    noise
}

/// Every exponent with offsets over their range.
fn settings(at: NoiseAt) -> Vec<Noise> {
    let offsets = [-31, -8, -1, 0, 1, 2, 31];
    let exponents = 0..=Noise::EXPONENT_MAX;
    exponents.flat_map(|exponent| offsets.map(|offset| Noise { at, exponent, offset })).collect()
}

#[test]
fn every_exponent_and_offset_follows_the_formula() {
    for at in [NoiseAt::Current, NoiseAt::Voltage] {
        let settings = settings(at);
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        builder.seed(SEED);
        for noise in &settings {
            builder.group(3, Profile { noise: Some(*noise), ..RELAY });
        }
        builder.bias(0, &vec![50; 3 * settings.len()]);
        let mut chip = Running::new(builder);
        for t in 0..100 {
            assert_eq!(chip.step(), [0; 0], "spikes, step {t}");
            let drawn = (0..).zip(settings.iter().flat_map(|noise| [noise; 3]));
            let noise: Vec<i32> = drawn
                .map(|(compartment, noise)| {
                    scaled(Drawn { seed: SEED }.noise(t, compartment), noise.exponent, noise.offset)
                })
                .collect();
            let current = if at == NoiseAt::Current { noise.clone() } else { vec![0; noise.len()] };
            let voltage: Vec<i32> = noise.iter().map(|noise| noise + 50).collect();
            assert_eq!(chip.read(Register::U), current, "{at:?}: u, step {t}");
            assert_eq!(chip.read(Register::V), voltage, "{at:?}: v, step {t}");
        }
    }
}

/// Decays, inputs and both wraps: noise at the current joins the sum before it wraps at 21 bits, noise at the voltage
/// what enters the voltage before that wraps at 23.
#[test]
fn noise_joins_what_it_is_added_to_before_that_wraps() {
    for at in [NoiseAt::Current, NoiseAt::Voltage] {
        let noise = Noise { at, exponent: 15, offset: 25 };
        let profile = Profile { decay_u: 20, decay_v: 1000, v_max: 511, v_th: 512, noise: Some(noise), ..RELAY };
        let mut builder = ImageBuilder::new();
        builder.seed(SEED);
        builder.inputs(2);
        builder.group(5, profile);
        builder.dense(Source::Input(0), 0, 0, &[32_767; 5]);
        builder.dense(Source::Input(1), 0, 0, &[2_000; 5]);
        let mut chip = Running::new(builder);
        let (mut u, mut v, mut wraps) = ([0_i64; 5], [0_i64; 5], 0);
        for t in 0..500 {
            let inputs = random_inputs(2, 3, t);
            for input in &inputs {
                chip.inject(*input);
            }
            let weights: i64 = inputs.iter().map(|input| [32_767, 2_000][*input] * 64).sum();
            // Two inputs together wrap by themselves.
            let sum = wrapped(weights, 21);
            for c in 0..5 {
                let r = Drawn { seed: SEED }.noise(t, u32::try_from(c).unwrap());
                let noise = i64::from(scaled(r, 15, 25));
                let [at_current, at_voltage] = if at == NoiseAt::Current { [noise, 0] } else { [0, noise] };
                u[c] = wrapped(decayed(u[c], 20) + wrapped(sum + at_current, 21), 23);
                let x = wrapped(u[c] + at_voltage, 23);
                v[c] = (decayed(v[c], 1000) + x).clamp(-8_388_607, 511);
                wraps += i32::from(wrapped(sum + at_current, 21) != sum + at_current || x != u[c] + at_voltage);
            }
            assert_eq!(chip.step(), [0; 0], "{at:?}: spikes, step {t}");
            let got = |register| -> Vec<i64> { chip.read(register).into_iter().map(i64::from).collect() };
            assert_eq!(got(Register::U), u, "{at:?}: u, step {t}");
            assert_eq!(got(Register::V), v, "{at:?}: v, step {t}");
        }
        assert!(wraps > 10, "{at:?}: {wraps} wraps");
    }
}

/// Noise that is replayed instead of drawn: the sum at its edges, with and without what the noise adds.
#[test]
fn replayed_noise_carries_the_sum_over_its_edge() {
    const HALF: i32 = 1 << 21;
    // Weights that arrive together, the noise of the step, the current that they come to.
    let rows: [(&[i16], i32, i32); 5] = [
        (&[32_767], 63, HALF - 1),
        (&[32_767], 64, -HALF),
        (&[-32_767, -1], 0, -HALF),
        (&[-32_767, -1], -1, HALF - 1),
        (&[32_767], -127, HALF - 64 - 127),
    ];
    let noise = Some(Noise { at: NoiseAt::Current, exponent: 7, offset: 0 });
    for (weights, r, expected) in rows {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        builder.group(1, Profile { noise, ..RELAY });
        builder.recorded_noise(1, &[r]);
        for weight in weights {
            builder.dense(Source::Input(0), 0, 0, &[*weight]);
        }
        let mut chip = Running::new(builder);
        chip.inject(0);
        chip.step();
        assert_eq!(chip.read(Register::U), [expected], "{weights:?} and noise {r}: u, step 0");
    }
}

/// A recurrent network whose compartments all have noise, most of it strong enough to fire.
fn noisy(seed: u32) -> Plan {
    let profile = |at, exponent| {
        let noise = Some(Noise { at, exponent, offset: 0 });
        Profile { decay_u: 1000, decay_v: 200, v_th: 1280, noise, ..Profile::DEFAULT }
    };
    let kinds = [profile(NoiseAt::Current, 9), profile(NoiseAt::Voltage, 10), profile(NoiseAt::Voltage, 3)];
    let link = |number: u32| {
        let [source, target] = [1, 2].map(|end| draw(0, 59, [end, number, 0]).unsigned_abs());
        let delay = draw(0, 9, [3, number, 0]).unsigned_abs() as usize;
        let weight = i16::try_from(draw(-9, 9, [4, number, 0])).unwrap();
        Link { source: Source::Compartment(source), target, delay, weight }
    };
    let neurons = kinds.into_iter().flat_map(|profile| vec![vec![profile]; 20]).collect();
    Plan { seed, neurons, biases: vec![0; 60], inputs: 0, links: (0..300).map(link).collect() }
}

#[test]
fn noise_does_not_depend_on_the_partition() {
    let nothing = vec![vec![]; 300];
    let whole = trace(noisy(SEED).whole(), &nothing);
    for cut in [vec![30, 30], vec![1, 20, 39], vec![1; 60]] {
        let difference = first_difference(&whole, &trace(noisy(SEED).cut(&cut), &nothing));
        assert_eq!(difference, None, "{} cores: first step and register that differ", cut.len());
    }
}

#[test]
fn a_seed_gives_its_own_noise_and_always_the_same() {
    let end = |seed| {
        let mut chip = Running::new(noisy(seed).whole());
        let spikes: usize = (0..300).map(|_| chip.step().len()).sum();
        assert!(spikes > 300, "seed {seed}: {spikes} spikes in 300 steps");
        chip.chip().digest()
    };
    let digests = [0, 1, 2, SEED, u32::MAX].map(end);
    assert_eq!(digests, [0, 1, 2, SEED, u32::MAX].map(end), "the same seeds again");
    for (at, digest) in digests.iter().enumerate() {
        for register in [Register::U, Register::V] {
            let same = digests[..at].iter().filter(|other| {
                let place = Register::ALL.iter().position(|each| *each == register).unwrap();
                other.registers[place] == digest.registers[place]
            });
            assert_eq!(same.count(), 0, "{} of two seeds, step 299", register.name());
        }
    }
}

/// Compartments without noise, in turn with others and in a group behind them.
fn beside(noise: Option<Noise>) -> Running {
    let plain = Profile { decay_u: 900, decay_v: 300, v_th: 1920, refractory: 2, ..Profile::DEFAULT };
    let mut builder = ImageBuilder::new();
    builder.seed(SEED);
    builder.inputs(4);
    builder.neurons(10, &[plain, Profile { noise, ..plain }]);
    builder.group(20, plain);
    builder.bias(0, &(0..40).map(|at| draw(0, 400, [5, at, 0])).collect::<Vec<_>>());
    for input in 0..4 {
        let weights: Vec<i16> = (0..40).map(|at| i16::try_from(draw(-9, 15, [6, at, input])).unwrap()).collect();
        builder.dense(Source::Input(input), 0, 0, &weights);
    }
    Running::new(builder)
}

#[test]
fn a_compartment_beside_a_noisy_one_has_none() {
    for at in [NoiseAt::Current, NoiseAt::Voltage] {
        let (mut noisy, mut silent) = (beside(Some(Noise { at, exponent: 11, offset: 5 })), beside(None));
        let quiet = |all: &[i32]| -> Vec<i32> {
            (0..40).zip(all).filter(|(at, _)| at % 2 == 0 || *at >= 20).map(|(_, word)| *word).collect()
        };
        let mut differences = 0;
        for t in 0..300 {
            for input in random_inputs(4, 3, t) {
                noisy.inject(input);
                silent.inject(input);
            }
            noisy.step();
            silent.step();
            for register in [Register::U, Register::V, Register::Refractory, Register::VReadout] {
                let (a, b) = (noisy.read(register), silent.read(register));
                assert_eq!(quiet(&a), quiet(&b), "{at:?}: {}, step {t}", register.name());
                differences += i32::from(a != b);
            }
        }
        assert!(differences > 300, "{at:?}: the others do have noise");
    }
}

/// Uniform in −127..=127: mean 0, variance (255² − 1) / 12, fourth moment (255² − 1) (3 · 255² − 7) / 240.
#[test]
fn mean_and_variance_are_those_of_the_uniform_distribution() {
    const WIDTH: u32 = 1000;
    const STEPS: u32 = 400;
    let noise = Some(Noise { at: NoiseAt::Current, exponent: 7, offset: 0 });
    let mut builder = ImageBuilder::new();
    builder.seed(SEED);
    builder.group(WIDTH as usize, Profile { noise, ..RELAY });
    let mut chip = Running::new(builder);
    let (mut sum, mut squares, mut neighbours, mut successors) = (0.0, 0.0, 0.0, 0.0);
    let mut before = vec![0.0; WIDTH as usize];
    for _ in 0..STEPS {
        chip.step();
        let r: Vec<f64> = chip.read(Register::U).into_iter().map(f64::from).collect();
        sum += r.iter().sum::<f64>();
        squares += r.iter().map(|r| r * r).sum::<f64>();
        neighbours += r.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        successors += r.iter().zip(&before).map(|(a, b)| a * b).sum::<f64>();
        before = r;
    }
    let n = f64::from(WIDTH * STEPS);
    let width = 255.0_f64;
    let variance = (width.powi(2) - 1.0) / 12.0;
    let fourth = (width.powi(2) - 1.0) * (3.0 * width.powi(2) - 7.0) / 240.0;
    let within = |name: &str, got: f64, expected: f64, error: f64| {
        assert!((got - expected).abs() < 3.0 * error, "{name} of u = {got}, not {expected} within 3 times {error}");
    };
    within("mean", sum / n, 0.0, (variance / n).sqrt());
    within("variance", squares / n, variance, ((fourth - variance.powi(2)) / n).sqrt());
    let pairs = n - f64::from(STEPS);
    within("covariance of neighbours", neighbours / pairs, 0.0, variance / pairs.sqrt());
    let pairs = n - f64::from(WIDTH);
    within("covariance of successive steps", successors / pairs, 0.0, variance / pairs.sqrt());
}
