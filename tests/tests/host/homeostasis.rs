//! Thresholds that follow the activity of their compartments, and the rounding of that activity.

use crate::common::chip::Running;
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Homeostasis, Profile};
use loihi_core::register::Register;
use proptest::prelude::*;

/// Largest threshold mantissa.
const HIGHEST: i32 = 131_071;

/// No decay, no range in which the threshold stays, no change.
const STILL: Homeostasis = Homeostasis { gain: 0, a_min: 0, a_max: 127, impulse: 0, decay: 0, epoch_steps: 1 };

/// A compartment whose voltage is its bias in every step, with this threshold mantissa at first.
fn compartment(v_th: i32, bias: i32, homeostasis: Homeostasis) -> Running {
    let mut builder = ImageBuilder::new();
    builder.group(1, Profile { decay_v: 4096, v_th: v_th << 6, homeostasis: Some(homeostasis), ..Profile::DEFAULT });
    builder.bias(0, &[bias]);
    Running::new(builder)
}

/// Threshold mantissas and activities after each of some steps.
fn run(chip: &mut Running, steps: usize) -> Vec<(i32, i32)> {
    let step = |_| {
        chip.step();
        let v_th = chip.read(Register::Threshold)[0];
        assert_eq!(v_th & 63, 0, "thresholds are multiples of 64");
        (v_th >> 6, chip.read(Register::Activity)[0])
    };
    (0..steps).map(step).collect()
}

#[test]
fn the_threshold_rises_above_a_max_until_the_compartment_is_silent() {
    let h = Homeostasis { gain: 3, a_max: 10, impulse: 4, ..STILL };
    // Its voltage is 50 << 7 = 100 << 6: it fires as long as the threshold of the step before is below 100.
    let mut chip = compartment(10, 50 << 7, h);
    let expected = [(10, 4), (10, 8), (16, 12), (34, 16), (64, 20), (106, 24), (148, 24), (190, 24)];
    assert_eq!(run(&mut chip, 8), expected, "threshold and activity, steps 0 to 7");
    assert_eq!(chip.spikes_total, 6, "spikes");
}

#[test]
fn the_threshold_falls_below_a_min_until_the_compartment_fires() {
    let h = Homeostasis { gain: 2, a_min: 5, impulse: 3, ..STILL };
    // Its voltage is 84 << 6.
    let mut chip = compartment(100, 42 << 7, h);
    let expected = [(90, 0), (80, 0), (76, 3), (76, 6), (76, 9), (76, 12)];
    assert_eq!(run(&mut chip, 6), expected, "threshold and activity, steps 0 to 5");
    assert_eq!(chip.spikes_total, 4, "spikes");
}

#[test]
fn the_threshold_moves_at_the_end_of_an_epoch_only() {
    let h = Homeostasis { gain: 1, a_max: 2, impulse: 1, epoch_steps: 3, ..STILL };
    let mut chip = compartment(0, 42 << 7, h);
    let expected = [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5), (5, 6), (5, 7), (5, 8), (12, 9)];
    assert_eq!(run(&mut chip, 9), expected, "threshold and activity, steps 0 to 8");
    // A decay of 4096 leaves nothing of an epoch's spikes, without rounding.
    let h = Homeostasis { gain: 1, a_min: 1, impulse: 9, decay: 4096, epoch_steps: 2, ..STILL };
    let mut chip = compartment(5, 42 << 7, h);
    let expected = [(5, 9), (4, 0), (4, 9), (3, 0), (3, 9), (2, 0)];
    assert_eq!(run(&mut chip, 6), expected, "threshold and activity, steps 0 to 5");
}

#[test]
fn without_gain_the_threshold_stays_and_the_activity_saturates() {
    let mut chip = compartment(7, 42 << 7, Homeostasis { a_min: 50, a_max: 60, impulse: 25, ..STILL });
    let expected = [25, 50, 75, 100, 125, 127, 127].map(|activity| (7, activity));
    assert_eq!(run(&mut chip, 7), expected, "threshold and activity, steps 0 to 6");
}

#[test]
fn the_threshold_stays_in_its_register() {
    let step = 127 * 127;
    // One spike in step 0, then 127 above a_max for ever.
    let up = Homeostasis { gain: 127, a_max: 0, impulse: 127, ..STILL };
    let expected: Vec<(i32, i32)> = (1..=20).map(|k| ((step * k).min(HIGHEST), 127)).collect();
    assert_eq!(run(&mut compartment(0, 64, up), 20), expected, "threshold and activity, steps 0 to 19");
    let down = Homeostasis { gain: 127, a_min: 127, ..STILL };
    let expected: Vec<(i32, i32)> = (1..=20).map(|k| ((HIGHEST - step * k).max(0), 0)).collect();
    assert_eq!(run(&mut compartment(HIGHEST, 0, down), 20), expected, "threshold and activity, steps 0 to 19");
}

/// One compartment of the slow model.
struct Model {
    v_th: i64,
    activity: i64,
}

impl Model {
    fn step(&mut self, h: &Homeostasis, v: i64, t: u32) -> bool {
        let fires = v > self.v_th * 64;
        if fires {
            self.activity = (self.activity + i64::from(h.impulse)).min(127);
        }
        if (t + 1).is_multiple_of(h.epoch_steps) {
            if h.decay == 4096 {
                self.activity = 0;
            }
            let (low, high) = (i64::from(h.a_min), i64::from(h.a_max));
            let outside = if self.activity > high {
                self.activity - high
            } else if self.activity < low {
                self.activity - low
            } else {
                0
            };
            self.v_th = (self.v_th + i64::from(h.gain) * outside).clamp(0, i64::from(HIGHEST));
        }
        fires
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Compartments with inputs, next to some without homeostasis.
    #[test]
    fn thresholds_follow_the_slow_model(
        (gain, a_min, width, impulse) in (0..=127_i32, 0..=127_i32, 0..=60_i32, 0..=127_i32),
        (forgets, epoch_steps) in (any::<bool>(), prop_oneof![1..=5_u32, 1..=64_u32]),
        v_th in prop_oneof![0..300_i32, 0..=HIGHEST],
        inputs in proptest::collection::vec(0..=255_i16, 1..200),
    ) {
        let a_max = (a_min + width).min(127);
        let decay = if forgets { 4096 } else { 0 };
        let h = Homeostasis { gain, a_min, a_max, impulse, decay, epoch_steps };
        let plain = Profile { decay_v: 4096, v_th: v_th << 6, ..Profile::DEFAULT };
        let mut builder = ImageBuilder::new();
        builder.inputs(8);
        builder.neurons(3, &[plain, Profile { homeostasis: Some(h), ..plain }]);
        // Input i adds 64 · 2^i to every compartment.
        (0..8).for_each(|input| builder.dense(Source::Input(input), 0, 0, &[1 << input; 6]));
        let mut chip = Running::new(builder);
        let mut model = Model { v_th: v_th.into(), activity: 0 };
        for (t, input) in (0..).zip(inputs) {
            (0..8).filter(|bit| input >> bit & 1 == 1).for_each(|bit| chip.inject(bit));
            let v = i64::from(input) * 64;
            let above = v > i64::from(v_th) * 64;
            let fires = model.step(&h, v, t);
            let expected: Vec<u32> = (0..6).filter(|c| if c % 2 == 0 { above } else { fires }).collect();
            prop_assert_eq!(chip.step(), expected, "spikes, step {}", t);
            let pair = |plain, adapted: i64| [plain, i32::try_from(adapted).unwrap()].repeat(3);
            prop_assert_eq!(chip.read(Register::Threshold), pair(v_th << 6, model.v_th * 64), "threshold, step {}", t);
            prop_assert_eq!(chip.read(Register::Activity), pair(0, model.activity), "activity, step {}", t);
        }
    }
}

/// Rounding that is right on average leaves the mean of an exponential decay where it is without rounding.
#[test]
fn the_rounding_of_the_activity_is_unbiased() {
    const EACH: usize = 1024;
    let decay = 1234;
    let h = Homeostasis { impulse: 127, decay, ..STILL };
    let mut builder = ImageBuilder::new();
    builder.seed(20);
    builder.inputs(1);
    for core in 0..4 {
        builder.core();
        builder.group(EACH, Profile { homeostasis: Some(h), ..Profile::DEFAULT });
        builder.beyond_the_chip();
        builder.dense(Source::Input(0), core, 0, &[1; EACH]);
    }
    let mut chip = Running::new(builder);
    chip.inject(0);
    assert_eq!(chip.step().len(), 4 * EACH, "all fire in step 0");
    let n = 4096.0_f64;
    let mut expected = 127.0;
    for step in 0..8 {
        expected *= f64::from(4096 - decay) / 4096.0;
        let activities = chip.read(Register::Activity);
        let mean = activities.iter().map(|a| f64::from(*a)).sum::<f64>() / n;
        let variance = activities.iter().map(|a| (f64::from(*a) - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let error = (variance / n).sqrt();
        assert!(error > 0.0 && (mean - expected).abs() < 3.0 * error, "activity {mean}, not {expected}, step {step}");
        if step == 0 {
            assert!(activities.iter().all(|a| [88, 89].contains(a)), "127 · 2862 / 4096 is between 88 and 89");
        }
        assert_eq!(chip.step(), [0; 0], "spikes, step {}", step + 1);
    }
}
