//! What a spike adds in every weight format, and where sum and current wrap.

use crate::common::chip::Running;
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Profile, Synapse, ThresholdMode, Tree};
use loihi_core::num::{Weight, WeightExponent};
use loihi_core::register::Register;
use loihi_core::synapse::{SignMode, fold};

/// Keeps neither current nor voltage, and never fires.
const RELAY: Profile = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
/// The same; computed one compartment at a time instead of many.
const PASSES: Profile = Profile { tree: Tree { threshold: ThresholdMode::PassAbove, ..Tree::NONE }, ..RELAY };

const MODES: [SignMode; 3] = [SignMode::Mixed, SignMode::Excitatory, SignMode::Inhibitory];
const BITS: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// What a spike adds: the mantissa loses its low bits toward zero, the exponent floors, then times 64.
fn added(mantissa: i32, exponent: i32, bits: u32, mode: SignMode) -> i32 {
    let (held, sign_bit) = match mode {
        SignMode::Mixed => (mantissa, 1),
        SignMode::Excitatory => (mantissa.max(0), 0),
        SignMode::Inhibitory => (mantissa.min(0), 0),
    };
    let unit = 1 << (8 - bits + sign_bit);
    let kept = held / unit * unit;
    let scaled = (kept * (1 << (8 + exponent))).div_euclid(256);
    scaled.clamp(-32_767, 32_767) * 64
}

/// Exponent, precision and sign mode of every format.
fn formats() -> impl Iterator<Item = (i32, u32, SignMode)> {
    let exponents = WeightExponent::MIN..=WeightExponent::MAX;
    exponents.flat_map(|exponent| BITS.into_iter().flat_map(move |bits| MODES.map(|mode| (exponent, bits, mode))))
}

/// An input per format, with a synapse of each mantissa to as many compartments.
fn all_formats(profile: Profile, dense: bool) -> Running {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.group(512, profile);
    for (exponent, bits, mode) in formats() {
        let exponent = WeightExponent::new(exponent).unwrap();
        let weight = |mantissa| fold(Weight::new(mantissa).unwrap(), exponent, bits, mode);
        let weights: Vec<i16> = (Weight::MIN..=Weight::MAX).map(weight).collect();
        let input = Source::Input(builder.inputs(1).start);
        if dense {
            builder.dense(input, 0, 0, &weights);
        } else {
            let synapses = weights.iter().enumerate();
            let synapses: Vec<Synapse> =
                synapses.map(|(compartment, weight)| Synapse { compartment, delay: 0, weight: *weight }).collect();
            builder.sparse(input, 0, &synapses);
        }
    }
    Running::new(builder)
}

#[test]
fn one_spike_raises_the_current_by_the_weight_in_every_format() {
    for (profile, dense) in [(RELAY, true), (RELAY, false), (PASSES, true), (PASSES, false)] {
        let mut chip = all_formats(profile, dense);
        for (step, (exponent, bits, mode)) in formats().enumerate() {
            chip.inject(step);
            chip.step();
            let expected: Vec<i32> =
                (Weight::MIN..=Weight::MAX).map(|mantissa| added(mantissa, exponent, bits, mode)).collect();
            let format = format!("exponent {exponent}, {bits} bits, {mode:?}, dense {dense}");
            assert_eq!(chip.read(Register::U), expected, "{format}: u of mantissas from −256 on, step {step}");
        }
    }
}

/// Weights that reach a compartment in one step, and the sum that they come to in units of 64.
const SUMS: [(&[i16], i32); 10] = [
    (&[32_767], 32_767),
    (&[32_767, 1], -32_768),
    (&[32_767, 2], -32_767),
    (&[-32_767], -32_767),
    (&[-32_767, -1], -32_768),
    (&[-32_767, -1, -1], 32_767),
    (&[32_767, 1, -1], 32_767),
    (&[32_767, 32_767, 2], 0),
    (&[32_767, 32_767, 1], -1),
    (&[-32_767, -32_767, -32_767], -32_765),
];

/// The first weight comes at once, each further one by an axon of its own, or from a step earlier by its delay.
#[test]
fn the_sum_wraps_at_21_bits_and_sign() {
    for (profile, delay) in [(RELAY, 0), (RELAY, 1), (PASSES, 0), (PASSES, 1)] {
        let mut builder = ImageBuilder::new();
        let inputs = builder.inputs(3);
        builder.group(SUMS.len(), profile);
        for (compartment, (weights, _)) in SUMS.iter().enumerate() {
            for (at, weight) in weights.iter().enumerate() {
                let delay = if at == 0 { 0 } else { delay };
                let input = inputs.start + u32::try_from(at).unwrap();
                builder.sparse(Source::Input(input), 0, &[Synapse { compartment, delay, weight: *weight }]);
            }
        }
        let mut chip = Running::new(builder);
        chip.inject(1);
        chip.inject(2);
        if delay == 1 {
            chip.step();
        }
        chip.inject(0);
        chip.step();
        let expected = SUMS.map(|(_, sum)| sum * 64);
        assert_eq!(chip.read(Register::U), expected, "delay {delay}: u, step {delay}");
        chip.step();
        assert_eq!(chip.read(Register::U), [0; SUMS.len()], "delay {delay}: u, step {}", delay + 1);
    }
}

/// Current, weight, bias; the current that they come to, and what enters the voltage.
const CURRENTS: [[i32; 5]; 10] = [
    [8_388_543, 1, 0, 8_388_607, 8_388_607],
    [8_388_544, 1, 0, -8_388_608, -8_388_608],
    [-8_388_544, -1, 0, -8_388_608, -8_388_608],
    [-8_388_545, -1, 0, 8_388_607, 8_388_607],
    [8_388_543, 1, -1, 8_388_607, 8_388_606],
    [8_388_543, 1, 1, 8_388_607, -8_388_608],
    [-8_388_544, -1, 1, -8_388_608, -8_388_607],
    [-8_388_544, -1, -1, -8_388_608, 8_388_607],
    [8_388_607, 32_767, 0, -6_291_521, -6_291_521],
    [-8_388_608, -32_767, 0, 6_291_520, 6_291_520],
];

/// Those that spike reset above the highest threshold, so their voltages are clipped well below it.
#[test]
fn the_current_and_what_enters_the_voltage_wrap_at_23_bits_and_sign() {
    let clipped = Profile { decay_u: 0, v_th: 512, v_max: 511, ..RELAY };
    let whole = Profile { decay_u: 0, ..PASSES };
    for profile in [clipped, whole] {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        let first = builder.group(CURRENTS.len(), profile).start;
        builder.start(first, &CURRENTS.map(|[u, ..]| u), &[0; CURRENTS.len()]);
        builder.bias(first, &CURRENTS.map(|[_, _, bias, ..]| bias));
        builder.dense(Source::Input(0), 0, 0, &CURRENTS.map(|[_, weight, ..]| i16::try_from(weight).unwrap()));
        let mut chip = Running::new(builder);
        chip.inject(0);
        for step in 0..2 {
            assert_eq!(chip.step(), [0; 0], "spikes, step {step}");
            let expected = CURRENTS.map(|[_, _, _, u, _]| u);
            assert_eq!(chip.read(Register::U), expected, "u, step {step}");
            let expected = CURRENTS.map(|[.., x]| x.clamp(-8_388_607, profile.v_max));
            assert_eq!(chip.read(Register::V), expected, "v, step {step}");
        }
    }
}
