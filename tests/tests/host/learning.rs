//! The cores' own learning: what rules do, and that no rounding of it has a bias.

use crate::common::chip::Running;
use host_harness::image::{DecayTable, ImageBuilder, Plasticity, Source, decay_table};
use host_harness::rule::{Limits, parse, parse_for_profiles};
use loihi_core::chip::ResetScope;
use loihi_core::image::{Dialect, Profile, Rounding, Synapse};
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::rules::{PesParams, ThirdFactorParams};
use loihi_core::synapse::SignMode;

/// Fires whenever its own input spikes.
const RELAY: Profile = Profile { decay_v: 4096, v_th: 1 << 20, ..Profile::DEFAULT };

fn plasticity(rule: &str, traces: [usize; 5]) -> Plasticity {
    Plasticity::default().products(parse(rule, &Limits::LOIHI).unwrap()).traces(traces)
}

/// A synapse of weight 0.
fn silent(compartment: usize) -> Synapse {
    Synapse { compartment, delay: 0, weight: 0 }
}

/// One plastic synapse of weight 0 from input 0 to a compartment that input 1 fires.
fn pair(rule: &str, configure: impl FnOnce(&mut Plasticity)) -> Running {
    let mut builder = ImageBuilder::new();
    builder.inputs(2);
    builder.group(1, RELAY);
    let halves = decay_table(0.5, 0.0);
    let traces = [0; 5].map(|_: usize| builder.trace(64, 0, &halves, None));
    let mut plasticity = plasticity(rule, traces);
    configure(&mut plasticity);
    builder.plastic_group(0, 0..1, &plasticity, [(Source::Input(0), vec![silent(0)])]);
    builder.dense(Source::Input(1), 0, 0, &[i16::MAX]);
    Running::new(builder)
}

/// The weight after spikes of the axon and of the compartment at these steps.
fn weight_after(chip: &mut Running, pre: &[u32], post: &[u32], steps: u32) -> i32 {
    for step in 0..steps {
        pre.iter().filter(|at| **at == step).for_each(|_| chip.inject(0));
        post.iter().filter(|at| **at == step).for_each(|_| chip.inject(1));
        chip.step();
    }
    chip.read(Register::W)[0]
}

#[test]
fn pairwise_stdp_by_hand() {
    let rule = "dw = 2^-1*x1*y0 - 2^-1*x0*y1";
    // The axon's trace is 64 at its spike, 16 two steps later; half of it goes into the weight.
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[3], &[5], 10), 8, "w, axon first");
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[5], &[3], 10), -8, "w, compartment first");
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[5], &[5], 10), 0, "w, both at once");
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[5], &[], 10), 0, "w, the axon alone");
}

#[test]
fn within_an_epoch_the_times_of_spikes_count() {
    let rule = "dw = 2^-1*x1*y0 - 2^-1*x0*y1";
    let mut chip = pair(rule, |plasticity| plasticity.epoch_steps = 8);
    assert_eq!(weight_after(&mut chip, &[3], &[5], 7), 0, "w, before the epoch ends");
    assert_eq!(weight_after(&mut chip, &[], &[], 1), 8, "w, at the end of the epoch");
}

#[test]
fn a_triplet_needs_the_spike_before() {
    let rule = "dw = 2^-6*x1*y0*y2";
    // x1 is 32 and y2 64, or 64 + 16 after a spike two steps before; two factors of 7 bits lose 2 bits.
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[4], &[5], 8), 8, "w, a pair");
    assert_eq!(weight_after(&mut pair(rule, |_| {}), &[4], &[3, 5], 8), 10, "w, a triplet");
}

#[test]
fn reward_turns_a_tag_into_a_weight() {
    let rule = "dt = 2^-1*x1*y0 - 2^-1*x0*y1\ndw = u0*r1*t*2^2";
    let mut chip = pair(rule, |_| {});
    assert_eq!(weight_after(&mut chip, &[3], &[5], 10), 0, "w, without reward");
    assert_eq!(chip.read(Register::T), [8], "t");
    assert!(chip.chip().write(Register::Reward, 0, std::iter::once(4)));
    chip.step();
    assert_eq!(
        chip.read(Register::W),
        [4],
        "w, after a step of reward 4: 4 · 8 without the 5 bits that 8 and 9 bits lose, times 4"
    );
    assert!(chip.chip().write(Register::Reward, 0, std::iter::once(0)));
    chip.step();
    assert_eq!(chip.read(Register::W), [4], "w, after the reward");
}

/// Lava holds tags to the accumulator's range, -256, wherever a product is evaluated, also one of 0: here that of the reward,
/// while another compartment fires.
#[test]
fn a_reward_of_0_holds_the_tags_of_lava() {
    let mut builder = ImageBuilder::new();
    builder.inputs(2);
    builder.group(2, RELAY);
    let halves = decay_table(0.5, 0.0);
    let traces = [0; 5].map(|_: usize| builder.trace(64, 0, &halves, None));
    let mut plasticity = plasticity("dw = u0*r1*x1\ndt = 2^-1*x1*y0", traces);
    plasticity.dialect = Dialect(Dialect::LAVA_RANGES);
    plasticity.rounding = Rounding::FloorStochastic;
    builder.plastic_group(0, 0..2, &plasticity, [(Source::Input(0), vec![silent(0)])]);
    builder.dense(Source::Input(1), 0, 1, &[i16::MAX]);
    let mut chip = Running::new(builder);
    assert!(chip.chip().write(Register::T, 0, std::iter::once(-257)));
    chip.inject(0);
    chip.inject(1);
    chip.step();
    chip.step();
    assert_eq!(chip.read(Register::T), [-256], "t");
}

#[test]
fn learning_can_be_switched_off_and_variables_written() {
    let mut chip = pair("dw = 2^-1*x1*y0", |_| {});
    chip.chip().set_learning(false);
    assert_eq!(weight_after(&mut chip, &[3], &[5], 10), 0, "w, learning off");
    assert!(chip.chip().write(Register::W, 0, std::iter::once(-30)));
    chip.chip().set_learning(true);
    assert_eq!(weight_after(&mut chip, &[3], &[5], 10), -22, "w, learning on");
    assert!(!chip.chip().write(Register::W, 0, std::iter::once(256)), "out of range");
    assert!(!chip.chip().write(Register::W, 1, std::iter::once(0)), "not there");
    assert!(!chip.chip().write(Register::Spikes, 0, std::iter::once(0)), "read-only");
}

#[test]
fn variables_are_written_only_as_their_group_can_hold_them() {
    let one = |register, value| move |chip: &mut Running| chip.chip().write(register, 0, std::iter::once(value));
    let mut chip = pair("dw = 2^-1*x1*y0\ndt = 2^-1*x1*y0", |_| {});
    for (register, held, refused) in [
        (Register::W, &[-254, 2, 254][..], &[-256, 1, 255, 256][..]),
        (Register::T, &[-256, 255], &[-257, 256]),
        (Register::D, &[0], &[-1, 1, 62, 63]),
    ] {
        assert!(held.iter().all(|value| one(register, *value)(&mut chip)), "{register:?} holds {held:?}");
        assert!(
            !refused.iter().any(|value| one(register, *value)(&mut chip)),
            "{register:?} holds none of {refused:?}"
        );
    }
    // A rule for delays needs a ring that is long enough for all of them.
    let mut chip = pair("dd = 2^-1*x1*y0", |_| {});
    assert!(one(Register::D, 62)(&mut chip) && !one(Register::D, 63)(&mut chip));
    let mut chip = pair("dw = 2^-1*x1*y0", |plasticity| {
        plasticity.sign_mode = SignMode::Inhibitory;
        plasticity.dialect = Dialect(Dialect::LAVA_RANGES);
    });
    assert!(one(Register::W, -255)(&mut chip) && !one(Register::W, 1)(&mut chip));
    assert!(one(Register::T, -257)(&mut chip) && one(Register::D, 255)(&mut chip));
}

#[test]
fn the_rate_of_a_rule_changes_while_it_runs() {
    let rate = |chip: &mut Running, rate| chip.chip().write(Register::Rate, 0, std::iter::once(rate));
    let learned = |chip: &mut Running| {
        let before = chip.read(Register::W)[0];
        weight_after(chip, &[3], &[5], 20) - before
    };
    let mut chip = pair("dw = 2^-1*x1*y0\ndt = 2^-1*x1*y0", |_| {});
    assert_eq!(learned(&mut chip), 8, "w, the rate of the image");
    assert!(rate(&mut chip, 2));
    assert_eq!((learned(&mut chip), chip.read(Register::Rate)), (32, vec![2]), "w, four times as fast");
    assert!(rate(&mut chip, -2));
    assert_eq!((learned(&mut chip), chip.read(Register::T)[0]), (2, 24), "w slower, t as before");
    for (allowed, value) in [(true, -6), (false, -7), (true, 10), (false, 11), (false, i32::MIN)] {
        assert_eq!(rate(&mut chip, value), allowed, "rate {value}");
    }
    chip.chip().reset(ResetScope::State);
    assert_eq!(chip.read(Register::Rate), [10], "a reset of the state keeps it");
    chip.chip().reset(ResetScope::All);
    assert_eq!(chip.read(Register::Rate), [0]);
}

#[test]
fn the_rate_of_pes_changes_while_it_runs() {
    let decoder = |rate: i32| {
        let mut builder = ImageBuilder::new();
        builder.mailboxes(0, 1, 1);
        builder.inputs(2);
        builder.group(1, RELAY);
        builder.dense(Source::Input(1), 0, 0, &[i16::MAX]);
        builder.snip(&ThirdFactorParams { signed: true, ..ThirdFactorParams::default() });
        builder.snip(&PesParams { count: 1, ..PesParams::default() });
        let mut chip = Running::new(builder);
        let mut write = |rates: [i32; 2]| chip.chip().write(Register::Rate, 0, rates.into_iter());
        assert!(!write([1, 0]), "this snip does not learn");
        assert!(!write([0, 11]) && !write([0, -22]), "out of the range of its shift");
        assert!(write([0, rate]));
        chip.chip().target_mut()[0] = 1 << 10;
        chip.inject(1);
        chip.step();
        chip.read(Register::Learned)[0]
    };
    assert_eq!([0, 1, 3, -1, 10, -21].map(decoder), [1 << 12, 1 << 13, 1 << 15, 1 << 11, 1 << 22, 0]);
}

/// The third factor as the chip has it, |e| in y1 and two profiles, against the sign in y1.
#[test]
fn two_profiles_and_a_signed_factor_teach_the_same() {
    let network = |signed: bool| {
        let mut builder = ImageBuilder::new();
        builder.mailboxes(0, 2, 0);
        builder.inputs(4);
        builder.group(4, RELAY);
        let trace = builder.trace(100, 0, &decay_table(0.8, 0.0), None);
        let mut plasticity = plasticity("2^-7*u0*x1*y1", [trace, 0, 0, 0, 0]);
        plasticity.rounding = Rounding::Nearest;
        if !signed {
            plasticity.products = parse_for_profiles("-2^-7*u0*x1*y1", &Limits::LOIHI, 1).unwrap();
            plasticity.products.extend(parse_for_profiles("2^-7*u0*x1*y1", &Limits::LOIHI, 2).unwrap());
        }
        let axons = (0..4).map(|input| (Source::Input(input), (0..4).map(silent).collect()));
        builder.plastic_group(0, 0..4, &plasticity, axons);
        builder.snip(&ThirdFactorParams { dimensions: 2, signed, ..ThirdFactorParams::default() });
        Running::new(builder)
    };
    let (mut signed, mut profiles) = (network(true), network(false));
    for chip in [&mut signed, &mut profiles] {
        for step in 0..40_usize {
            // Errors of +100 and −60 in the scale of the trace.
            for (word, error) in chip.chip().target_mut().iter_mut().zip([100 << 5, -60 << 5]) {
                *word = error;
            }
            chip.inject(step % 3);
            chip.step();
        }
    }
    let (w, v) = (signed.read(Register::W), profiles.read(Register::W));
    // Floor and truncation of a product differ by one unit of 2^-7 per step at most: 40 / 128 of a mantissa.
    assert!(w.iter().zip(&v).all(|(a, b)| (a - b).abs() <= 2), "{w:?}, {v:?}");
    assert!(w[0] < -20 && w[1] > 10 && w[2] > 20 && w[3] < -10, "{w:?}");
    assert_eq!(&w[12..], [0; 4], "an axon that never spiked");
}

/// Weights that a rule of a 30 by 37 group leaves, whose axons do not reach all posts, after 300 steps of random spikes.
fn weights_of_a_dense_group(rule: &str, rounds: u32) -> Vec<i32> {
    let mut builder = ImageBuilder::new();
    builder.seed(7);
    builder.inputs(70);
    builder.group(40, RELAY);
    let traces = [0.9, 0.95, 0.9, 0.8, 0.95].map(|kept| builder.trace(60, 0, &decay_table(kept, 0.0), None));
    let axons = (0..30).map(|axon| {
        let posts = 3 + axon as usize % 5..40 - axon as usize % 3;
        (Source::Input(axon), posts.map(|compartment| Synapse { weight: 40, ..silent(compartment) }).collect())
    });
    builder.plastic_group(0, 3..40, &plasticity(rule, traces), axons);
    for compartment in 0..40 {
        let input = Source::Input(30 + u32::try_from(compartment).unwrap());
        builder.sparse(input, 0, &[Synapse { weight: 20_000, ..silent(compartment) }]);
    }
    let mut chip = Running::new(builder);
    for step in 0..300 {
        (0..70)
            .filter(|input| word(1, step, *input, 0).is_multiple_of(rounds))
            .for_each(|input| chip.inject(input as usize));
        chip.step();
    }
    chip.read(Register::W)
}

/// Rules of plain products take a short cut. Adding a product of the reward, which is 0, makes the same rule take the
/// general path.
#[test]
fn the_short_cut_teaches_what_the_rule_says() {
    for rule in [
        "dw = 2^-2*x1*y0 - 2^-2*x0*y1",
        "dw = 2^-3*x1*y0",
        "dw = -2^-3*x1*y0*y2 + 2^-6*x0*x2*y1 - 3*2^-1*x0",
        "dw = 2^-7*x1*y0*y3 - 2^-4*u1*x2",
    ] {
        // Often several sixteens of compartments at once, and seldom one.
        for rounds in [2, 20, 200] {
            let weights = weights_of_a_dense_group(rule, rounds);
            let slow = weights_of_a_dense_group(&format!("{rule} + 2^-7*u0*y1*r1"), rounds);
            assert_eq!(weights, slow, "{rule}, an input of {rounds} spikes");
            assert!(weights.iter().any(|w| *w != 40), "{rule} changes nothing");
        }
    }
}

/// Mean of what is left of `value` in this many traces after one decay.
fn mean_left(table: &DecayTable, value: i32, post: bool) -> f64 {
    let mut builder = ImageBuilder::new();
    builder.seed(5);
    builder.beyond_the_chip();
    builder.inputs(1);
    builder.group(1000, RELAY);
    let trace = builder.trace(0, 0, table, None);
    let rule = plasticity("2^-2*x1*y0*y1", [trace, 0, trace, 0, 0]);
    builder.plastic_group(0, 0..1000, &rule, (0..1000).map(|_| (Source::Input(0), Vec::new())));
    let mut chip = Running::new(builder);
    let register = if post { Register::Y1 } else { Register::X1 };
    let mut sum = 0.0;
    for _ in 0..1000 {
        assert!(chip.chip().write(register, 0, std::iter::repeat_n(value, 1000)));
        chip.step();
        sum += chip.read(register).iter().map(|left| f64::from(*left)).sum::<f64>();
    }
    sum / 1e6
}

#[test]
fn decays_round_without_bias() {
    for (keep, value) in [(0.9, 77), (0.37, 101), (0.99, 3)] {
        let expected = keep * f64::from(value);
        let chance = expected.fract();
        let error = (chance * (1.0 - chance) / 1e6_f64).sqrt();
        for post in [false, true] {
            let mean = mean_left(&decay_table(keep, 0.0), value, post);
            assert!((mean - expected).abs() < 3.0 * error, "keep {keep}, value {value}, post {post}: {mean}");
        }
    }
}

#[test]
fn impulses_and_weights_round_without_bias() {
    let mut builder = ImageBuilder::new();
    builder.seed(6);
    builder.beyond_the_chip();
    builder.inputs(1);
    builder.group(1000, RELAY);
    let chance = 0.3;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let x1 = builder.trace(10, (chance * 2_f64.powi(32)) as u32, &decay_table(0.0, 0.0), None);
    // y1 stays as it is written.
    let x2 = builder.trace(25, 0, &decay_table(0.0, 0.0), None);
    let rule = plasticity("2^-5*x0*x2*y1", [x1, x2, 0, 0, 0]);
    let axons = (0..1000).map(|compartment| (Source::Input(0), vec![silent(compartment)]));
    builder.plastic_group(0, 0..1000, &rule, axons);
    let mut chip = Running::new(builder);
    assert!(chip.chip().write(Register::Y1, 0, std::iter::repeat_n(3, 1000)));
    let (mut traces, mut weights) = (0.0, 0.0);
    for _ in 0..1000 {
        assert!(chip.chip().write(Register::W, 0, std::iter::repeat_n(0, 1000)));
        chip.inject(0);
        chip.step();
        traces += chip.read(Register::X1).iter().map(|x| f64::from(*x)).sum::<f64>();
        weights += chip.read(Register::W).iter().map(|w| f64::from(*w)).sum::<f64>();
    }
    let error = (chance * (1.0 - chance) / 1e6_f64).sqrt();
    assert!((traces / 1e6 - 10.0 - chance).abs() < 3.0 * error, "x1: {}", traces / 1e6);
    // Two factors of 7 bits and a mantissa of 3 lose 2 bits: floor(75 / 4) = 18, times 2^-5.
    let change = 18.0 / 32.0;
    let up = change / 2.0;
    let error = 2.0 * (up * (1.0 - up) / 1e6_f64).sqrt();
    assert!((weights / 1e6 - change).abs() < 3.0 * error, "w: {}, expected {change}", weights / 1e6);
}
