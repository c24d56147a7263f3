//! Layers that lie on several cores learn what they learn on one.

use crate::common::open_host;
use crate::plan::draw;
use crate::taught::{Sample, take_layer, teach};
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source, decay_table, full_row};
use host_harness::rule::{self, Limits};
use loihi_core::image::{Profile, Rounding, Synapse};
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_core::rules::{DecolleParams, RateEncoderParams, UrbanczikSennParams};
use loihi_core::tools::local_error::Slope;
use loihi_core::tools::rank_one::Precision;

const INPUTS: u32 = 20;
const POSTS: [u32; 2] = [24, 21];
const CLASSES: u32 = 3;
const STEPS: u16 = 20;

/// How each of the two layers is cut up.
type Cut = [&'static [u32]; 2];

const WHOLE: Cut = [&[24], &[21]];

/// Weights that the core changes, without anything random, or that the embedded CPU does.
fn plasticity(builder: &mut ImageBuilder, precision: Option<Precision>) -> Plasticity {
    if precision.is_some() {
        return Plasticity::default();
    }
    let trace = builder.trace(2, 0, &decay_table(1.0, 0.0), None);
    let mut plasticity = Plasticity::default().traces([trace, 0, 0, 0, 0]).rounding(Rounding::Nearest);
    for (sign, profiles) in [("-", 1), ("", 2)] {
        let text = format!("{sign}2^-2*u0*x1*y1");
        plasticity.products.extend(rule::parse_for_profiles(&text, &Limits::RELAXED, profiles).unwrap());
    }
    plasticity
}

/// Two layers that learn with DECOLLE, the second from the first.
fn network(cut: Cut, decolle: DecolleParams, swapped: bool) -> Result<ImageFile, BuildError> {
    let mut builder = ImageBuilder::new();
    builder.seed(3);
    builder.mailboxes(INPUTS, CLASSES, 2 * CLASSES);
    let mut sources: Vec<Source> = builder.inputs(INPUTS).map(Source::Input).collect();
    builder.snip(&RateEncoderParams { count: INPUTS, full_scale: 40, ..RateEncoderParams::default() });
    let plasticity = plasticity(&mut builder, decolle.precision);
    let mut group = 0;
    for (number, parts) in (0..).zip(cut) {
        let mut next = Vec::new();
        let mut post_first = 0;
        for (part, posts) in parts.iter().enumerate() {
            let core = builder.core();
            let profile = Profile { decay_u: 819, decay_v: 410, v_th: 16_000, ..Profile::DEFAULT };
            next.extend(builder.group(*posts as usize, profile).map(Source::Compartment));
            let weight = |axon, post| 2 * i16::try_from(draw(-20, 24, [number, axon, post])).unwrap();
            let mut axons: Vec<_> = (0..)
                .zip(&sources)
                .map(|(axon, source)| {
                    let synapse = |post: u32| Synapse {
                        compartment: post as usize,
                        delay: 0,
                        weight: weight(axon, post_first + post),
                    };
                    (*source, (0..*posts).map(synapse).collect())
                })
                .collect();
            if swapped && part == 1 {
                axons.swap(4, 5);
            }
            builder.plastic_group(core, 0..*posts as usize, &plasticity, axons);
            post_first += posts;
        }
        let readout: Vec<i32> =
            (0..POSTS[number as usize] * CLASSES).map(|at| draw(i32::MIN / 4, i32::MAX / 4, [9, number, at])).collect();
        let data_first = builder.data(&readout);
        builder.snip(&DecolleParams {
            group,
            axons: u32::try_from(sources.len()).unwrap(),
            posts: post_first,
            data_first,
            classes: CLASSES,
            output_first: number * CLASSES,
            burn_in_steps: 5,
            ..decolle
        });
        group += u32::try_from(parts.len()).unwrap();
        sources = next;
    }
    builder.build()
}

/// A random word of a mailbox.
fn word(least: i32, most: i32, what: [u32; 3]) -> i16 {
    i16::try_from(draw(least, most, what)).unwrap()
}

/// What is left of some samples.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Weights of every layer, axon after axon.
    weights: Vec<Vec<i32>>,
    learned: Vec<i32>,
    outputs: Vec<Vec<i32>>,
    updates: [u64; 4],
}

fn run(cut: Cut, decolle: DecolleParams) -> Outcome {
    let mut session = open_host();
    session.load(&network(cut, decolle, false).unwrap()).unwrap();
    let samples: Vec<Sample> = (0..30)
        .map(|sample| {
            let stimulus = (0..INPUTS).map(|input| word(0, 40, [1, sample, input])).collect();
            let class = draw(0, 2, [2, sample, 0]);
            (stimulus, (0..3).map(|other| if other == class { 64 } else { 0 }).collect())
        })
        .collect();
    let outputs = teach(&mut session, STEPS, &samples);
    let OpCounts { rule_triggers, rule_updates, rule_changes, rule_saturations, .. } = session.ops().unwrap();
    let all = session.read(Register::W).unwrap();
    let mut rest = all.as_slice();
    let layer = |(parts, axons): (&[u32], u32)| {
        take_layer(&mut rest, axons as usize, parts.iter().map(|posts| *posts as usize))
    };
    let weights = cut.into_iter().zip([INPUTS, POSTS[0]]).map(layer).collect();
    let learned = session.read(Register::Learned).unwrap();
    Outcome { weights, learned, outputs, updates: [rule_triggers, rule_updates, rule_changes, rule_saturations] }
}

/// Every weight, output and count, however weights are written and rounded.
#[test]
fn decolle_learns_the_same_on_any_number_of_cores() {
    let flat = DecolleParams { slope: Slope::Flat, ..DecolleParams::default() };
    for (precision, shift, recorded_seed) in [
        (Some(Precision::Stochastic), 11, 0),
        (Some(Precision::Stochastic), 11, 7),
        (Some(Precision::Nearest), 8, 0),
        (Some(Precision::Truncate), 8, 0),
        (Some(Precision::Shadow), 8, 0),
        (None, 1, 0),
    ] {
        let decolle = DecolleParams { precision, shift, recorded_seed, ..flat };
        let mut whole = run(WHOLE, decolle);
        let [triggers, _, changed, _] = whole.updates;
        assert!(triggers > 40 && (precision.is_none() || changed > 1000), "{precision:?}: {:?}", whole.updates);
        let untaught = run(WHOLE, DecolleParams { error_shift: 15, ..decolle });
        assert_ne!(whole.weights, untaught.weights, "{precision:?}");
        for cut in [[&[7, 9, 8][..], &[20, 1]], [&[23, 1], &[21]], [&[24], &[1, 1, 19]]] {
            let mut parts = run(cut, decolle);
            if precision == Some(Precision::Shadow) {
                // Numbers are in the order of the synapses, which is another one.
                parts.learned.clear();
                whole.learned.clear();
            }
            assert_eq!(parts, whole, "{precision:?}, seed {recorded_seed}, {cut:?}");
        }
    }
}

#[test]
fn a_layer_whose_parts_do_not_belong_together_is_refused() {
    let decolle = DecolleParams::default();
    let said = |cut, swapped| network(cut, decolle, swapped).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(said([&[7, 9, 8], &[20, 1]], false), "");
    assert!(said([&[7, 9, 8], &[20, 1]], true).contains("posts"), "{}", said([&[7, 9, 8], &[20, 1]], true));
}

/// A layer of dendrites that learn to predict their somata.
fn dendrites(parts: &[u32]) -> (Vec<Vec<i32>>, Vec<i32>) {
    let posts = parts.iter().sum();
    let mut builder = ImageBuilder::new();
    builder.seed(4);
    builder.mailboxes(INPUTS, posts, posts);
    let inputs = builder.inputs(INPUTS);
    builder.snip(&RateEncoderParams { count: INPUTS, full_scale: 40, ..RateEncoderParams::default() });
    let mut first = 0;
    for own in parts {
        let core = builder.core();
        builder.group(*own as usize, Profile { decay_u: 819, decay_v: 410, v_th: 131_071 << 6, ..Profile::DEFAULT });
        let row = |input: u32| {
            let weight = |post: usize| {
                2 * i16::try_from(draw(-20, 24, [5, input, first + u32::try_from(post).unwrap()])).unwrap()
            };
            full_row(0..*own as usize, weight)
        };
        let axons: Vec<_> = inputs.clone().map(|input| (Source::Input(input), row(input))).collect();
        builder.plastic_group(core, 0..*own as usize, &Plasticity::default(), axons);
        first += own;
    }
    let phi = (0..257).map(|at| 16 * at.min(256));
    let h = (0..257).map(|at| 256 - at);
    let tables: Vec<i32> = phi.chain(h).collect();
    let data_first = builder.data(&tables);
    builder.snip(&UrbanczikSennParams { axons: INPUTS, posts, data_first, ..UrbanczikSennParams::default() });
    let mut session = open_host();
    session.load(&builder.build().unwrap()).unwrap();
    let samples: Vec<Sample> = (0..20)
        .map(|sample| {
            let stimulus = (0..INPUTS).map(|input| word(0, 40, [1, sample, input])).collect();
            (stimulus, (0..posts).map(|post| word(-9000, 9000, [2, sample, post])).collect())
        })
        .collect();
    let outputs = teach(&mut session, STEPS, &samples);
    let all = session.read(Register::W).unwrap();
    let weights = take_layer(&mut all.as_slice(), INPUTS as usize, parts.iter().map(|posts| *posts as usize));
    assert!(session.ops().unwrap().rule_changes > 1000);
    (outputs, weights)
}

#[test]
fn dendrites_learn_the_same_on_any_number_of_cores() {
    let whole = dendrites(&[24]);
    for parts in [&[7, 9, 8][..], &[1, 23]] {
        assert_eq!(dendrites(parts), whole, "{parts:?}");
    }
}
