//! Backpropagation by spike counts, against a slow model in plain integers, on one core and on several.

use crate::common::open_host;
use crate::plan::draw;
use crate::taught::{Sample, take_layer, teach};
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source};
use loihi_core::image::{Profile, Synapse};
use loihi_core::num::lowbias32;
use loihi_core::register::Register;
use loihi_core::rules::{BackpropParams, Loss, RateEncoderParams, Readout};
use loihi_core::tools::local_error::NO_TARGET;
use loihi_core::tools::rank_one::Precision;

const INPUTS: usize = 12;
/// Posts of each layer; the last are the outputs.
const POSTS: [usize; 3] = [10, 8, 3];
const HIDDEN: usize = POSTS[0] + POSTS[1];
const OUTPUTS: usize = POSTS[2];
const STEPS: u16 = 14;
const FULL_SCALE: u32 = 20;
const V_TH: i32 = 40 << 7;

/// How the layers are cut up.
type Cut = [&'static [usize]; 3];

/// Axons of each layer.
const AXONS: [usize; 3] = [INPUTS, POSTS[0], POSTS[1]];

/// The initial weight between an axon and a post of a layer, in steps.
fn weight(layer: usize, axon: usize, post: usize) -> i64 {
    let number = |value: usize| u32::try_from(value).unwrap();
    draw(-25, 40, [number(layer), number(axon), number(post)]).into()
}

/// The weight of direct feedback between a hidden post, counted over all layers, and an output.
fn feedback(post: usize, output: usize) -> i8 {
    let number = |value: usize| u32::try_from(value).unwrap();
    i8::try_from(draw(-127, 127, [9, number(post), number(output)])).unwrap()
}

fn params(precision: Precision) -> BackpropParams {
    BackpropParams {
        layers: 3,
        inputs: 12,
        posts: 21,
        outputs: 3,
        steps: STEPS.into(),
        error_shift: 4,
        feedback_shift: 3,
        count_max: 9,
        precision,
        shift: 5,
        shift_output: 6,
        ..BackpropParams::default()
    }
}

/// The network; `swapped`: two axons of the second layer change places.
fn network(cut: Cut, params: BackpropParams, swapped: bool) -> Result<ImageFile, BuildError> {
    let mut builder = ImageBuilder::new();
    builder.seed(5);
    builder.mailboxes(12, 3, 3);
    let mut sources: Vec<Source> = builder.inputs(12).map(Source::Input).collect();
    builder.snip(&RateEncoderParams { count: 12, full_scale: FULL_SCALE, ..RateEncoderParams::default() });
    let (mut layers, mut group) = (Vec::new(), 0);
    for (layer, parts) in cut.iter().enumerate() {
        let fires = layer < 2 || params.readout == Readout::Count;
        let v_th = if fires { V_TH } else { 131_071 << 6 };
        let mut next = Vec::new();
        let mut first = 0;
        layers.extend([group, i32::try_from(POSTS[layer]).unwrap()]);
        for posts in *parts {
            let core = builder.core();
            let profile = Profile { decay_u: 4096, decay_v: 0, v_th, ..Profile::DEFAULT };
            next.extend(builder.group(*posts, profile).map(Source::Compartment));
            let row = |axon: usize| {
                let synapse = |post: usize| Synapse {
                    compartment: post,
                    delay: 0,
                    weight: i16::try_from(2 * weight(layer, axon, first + post)).unwrap(),
                };
                (0..*posts).map(synapse).collect()
            };
            let mut axons: Vec<_> = sources.iter().enumerate().map(|(axon, source)| (*source, row(axon))).collect();
            if swapped && layer == 1 {
                axons.swap(0, 3);
            }
            builder.plastic_group(core, 0..*posts, &Plasticity::default(), axons);
            group += 1;
            first += posts;
        }
        sources = next;
    }
    let data_first = builder.data(&layers);
    let bytes: Vec<u8> = (0..HIDDEN)
        .flat_map(|post| (0..OUTPUTS).map(move |output| feedback(post, output).to_le_bytes()[0]))
        .chain([0; 2])
        .collect();
    let constants: Vec<i32> = bytes.as_chunks().0.iter().map(|four| i32::from_le_bytes(*four)).collect();
    let feedback_first = builder.data(&constants);
    let direct_feedback = params.direct_feedback.map(|_| feedback_first);
    builder.snip(&BackpropParams { data_first, direct_feedback, ..params });
    builder.build()
}

fn samples() -> Vec<Sample> {
    let sample = |number: u32| {
        let values = (0..12).map(|input| i16::try_from(draw(0, 20, [1, number, input])).unwrap()).collect();
        let class = draw(0, 2, [2, number, 0]);
        let mut targets: Vec<i16> = (0..3).map(|output| if output == class { 60 } else { -60 }).collect();
        if number.is_multiple_of(5) {
            targets[0] = NO_TARGET;
        }
        (values, if number.is_multiple_of(7) { vec![NO_TARGET; 3] } else { targets })
    };
    (0..25).map(sample).collect()
}

/// Outputs of every sample, and what is learned: weights in steps, layer after layer, axon after axon; updates.
type Outcome = (Vec<Vec<i32>>, Vec<Vec<i64>>, i32);

fn on_the_chip(cut: Cut, params: BackpropParams) -> Outcome {
    let mut session = open_host();
    session.load(&network(cut, params, false).unwrap()).unwrap();
    let outputs = teach(&mut session, STEPS, &samples());
    let all = session.read(Register::W).unwrap();
    let mut rest = all.as_slice();
    let layer = |(parts, axons): (&[usize], usize)| {
        let weights = take_layer(&mut rest, axons, parts.iter().copied());
        weights.into_iter().map(|weight| i64::from(weight / 2)).collect()
    };
    let weights = cut.into_iter().zip(AXONS).map(layer).collect();
    (outputs, weights, session.read(Register::Learned).unwrap()[0])
}

fn rounded(value: i64, shift: u32) -> i64 {
    (2 * value + (1 << shift)).div_euclid(2 << shift)
}

/// The model: weights of every layer by axon and post, in steps.
struct Model {
    params: BackpropParams,
    weights: [Vec<Vec<i64>>; 3],
    updates: i32,
}

/// What a sample leaves: spikes of inputs and of every layer, and voltages of every layer.
struct Activity {
    counts: [Vec<i64>; 4],
    voltages: [Vec<i64>; 3],
}

impl Model {
    fn new(params: BackpropParams) -> Self {
        let rows = |layer: usize| {
            let row = |axon| (0..POSTS[layer]).map(|post| weight(layer, axon, post)).collect();
            (0..AXONS[layer]).map(row).collect()
        };
        Self { params, weights: [rows(0), rows(1), rows(2)], updates: 0 }
    }

    fn show(&self, values: &[i16]) -> Activity {
        let mut counts = [vec![0; INPUTS], vec![0; POSTS[0]], vec![0; POSTS[1]], vec![0; POSTS[2]]];
        let mut voltages = POSTS.map(|posts| vec![0; posts]);
        let mut filled: Vec<u32> = (1..=12).map(|input| ((lowbias32(input) >> 16) * FULL_SCALE) >> 16).collect();
        let mut fired: [Vec<usize>; 3] = Default::default();
        for _ in 0..STEPS {
            let mut arrived = Vec::new();
            for (input, (filled, value)) in filled.iter_mut().zip(values).enumerate() {
                *filled += u32::try_from(*value).unwrap();
                if *filled >= FULL_SCALE {
                    *filled -= FULL_SCALE;
                    arrived.push(input);
                }
            }
            for input in &arrived {
                counts[0][*input] += 1;
            }
            for layer in 0..3 {
                let fires = layer < 2 || self.params.readout == Readout::Count;
                let mut now = Vec::new();
                for post in 0..POSTS[layer] {
                    let v = &mut voltages[layer][post];
                    *v += arrived.iter().map(|axon| 128 * self.weights[layer][*axon][post]).sum::<i64>();
                    if fires && *v > i64::from(V_TH) {
                        *v = 0;
                        counts[layer + 1][post] += 1;
                        now.push(post);
                    }
                }
                // A spike reaches the layer above a step later.
                arrived = std::mem::replace(&mut fired[layer], now);
            }
        }
        Activity { counts, voltages }
    }

    fn learn(&mut self, activity: &Activity, targets: &[i16], readouts: &[i64]) {
        let params = self.params;
        let limit = i64::from(params.error_limit);
        let mut m: [Vec<i64>; 3] = Default::default();
        m[2] = readouts
            .iter()
            .zip(targets)
            .map(|(readout, target)| {
                let error = i64::from(*target) - readout;
                let short = params.loss == Loss::Squared || (*target > 0 && error > 0) || (*target <= 0 && error < 0);
                if *target == NO_TARGET || !short { 0 } else { rounded(error, params.error_shift).clamp(-limit, limit) }
            })
            .collect();
        if m[2].iter().all(|m| *m == 0) {
            return;
        }
        self.updates += 1;
        for layer in [1, 0] {
            m[layer] = (0..POSTS[layer])
                .map(|post| {
                    let count = activity.counts[layer + 1][post];
                    let v = activity.voltages[layer][post];
                    let open =
                        if count == 0 { v >= i64::from(params.v_min) } else { count <= i64::from(params.count_max) };
                    let number = if layer == 0 { post } else { POSTS[0] + post };
                    let sum: i64 = if params.direct_feedback.is_some() {
                        (0..OUTPUTS).map(|output| i64::from(feedback(number, output)) * m[2][output]).sum()
                    } else {
                        m[layer + 1].iter().zip(&self.weights[layer + 1][post]).map(|(m, w)| m * w).sum()
                    };
                    if open { rounded(sum, params.feedback_shift).clamp(-127, 127) } else { 0 }
                })
                .collect();
        }
        for layer in 0..3 {
            let shift = if layer == 2 { params.shift_output } else { params.shift };
            for (count, row) in activity.counts[layer].iter().zip(&mut self.weights[layer]) {
                for (weight, m) in row.iter_mut().zip(&m[layer]) {
                    *weight = (*weight + rounded(count * m, shift)).clamp(-127, 127);
                }
            }
        }
    }

    fn run(mut self) -> Outcome {
        let mut outputs = Vec::new();
        for (values, targets) in samples() {
            let activity = self.show(&values);
            let readouts: Vec<i64> = match self.params.readout {
                Readout::Voltage => activity.voltages[2].iter().map(|v| v >> self.params.readout_shift).collect(),
                Readout::Count => activity.counts[3].iter().map(|count| count >> self.params.readout_shift).collect(),
            };
            outputs.push(readouts.iter().map(|readout| i32::try_from(*readout).unwrap()).collect());
            self.learn(&activity, &targets, &readouts);
        }
        (outputs, self.weights.map(|rows| rows.concat()).into(), self.updates)
    }
}

const WHOLE: Cut = [&[10], &[8], &[3]];
const CUTS: [Cut; 2] = [[&[3, 4, 3], &[8], &[2, 1]], [&[10], &[1, 1, 6], &[3]]];

#[test]
fn outputs_and_weights_are_those_of_the_model() {
    let voltage = params(Precision::Nearest);
    let count =
        BackpropParams { readout: Readout::Count, readout_shift: 0, error_shift: 2, loss: Loss::Squared, ..voltage };
    let variants = [
        voltage,
        count,
        BackpropParams { loss: Loss::Squared, v_min: -1000, count_max: 255, ..voltage },
        BackpropParams { direct_feedback: Some(0), ..voltage },
        BackpropParams { direct_feedback: Some(0), v_min: 0, ..count },
    ];
    for (number, params) in variants.into_iter().enumerate() {
        let expected = Model::new(params).run();
        let (_, weights, updates) = &expected;
        for (layer, weights) in weights.iter().enumerate() {
            let before =
                (0..AXONS[layer]).flat_map(|axon| (0..POSTS[layer]).map(move |post| weight(layer, axon, post)));
            let changed = before.zip(weights).filter(|(before, after)| before != *after).count();
            assert!(changed > weights.len() / 8, "variant {number}, layer {layer}: {changed} of {}", weights.len());
        }
        assert!(*updates > 12, "variant {number}: {updates} updates");
        for cut in [WHOLE, CUTS[0], CUTS[1]] {
            assert_eq!(on_the_chip(cut, params), expected, "variant {number}, {cut:?}");
        }
    }
}

#[test]
fn random_rounding_is_the_same_on_any_number_of_cores() {
    let whole = on_the_chip(WHOLE, params(Precision::Stochastic));
    assert_ne!(whole, on_the_chip(WHOLE, params(Precision::Nearest)));
    for cut in CUTS {
        assert_eq!(on_the_chip(cut, params(Precision::Stochastic)), whole, "{cut:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let right = params(Precision::Stochastic);
    let said = |params, swapped| network(WHOLE, params, swapped).err().map(|error| error.to_string());
    assert_eq!(said(right, false), None);
    for (params, swapped, wrong) in [
        (right, true, "data_first"),
        (BackpropParams { layers: 0, ..right }, false, "layers"),
        (BackpropParams { layers: 4, ..right }, false, "data_first"),
        (BackpropParams { inputs: 11, ..right }, false, "inputs"),
        (BackpropParams { posts: 20, ..right }, false, "posts"),
        (BackpropParams { outputs: 8, ..right }, false, "outputs"),
        (BackpropParams { steps: 256, ..right }, false, "steps"),
        (BackpropParams { precision: Precision::Shadow, ..right }, false, "precision"),
        (BackpropParams { shift: 0, ..right }, false, "shift"),
        (BackpropParams { shift_output: 17, ..right }, false, "shift_output"),
        (BackpropParams { target_first: 1, ..right }, false, "target_first"),
    ] {
        let said = said(params, swapped).unwrap_or_default();
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
}
