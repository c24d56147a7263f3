//! Prototypes by hand: what is recruited, what moves, what is answered, on one core and on several.

use crate::common::open_host;
use crate::taught::take_layer;
use host_harness::device::session::Session;
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source, full_row};
use loihi_core::image::Profile;
use loihi_core::register::Register;
use loihi_core::rules::{ClpMode, ClpParams, RateEncoderParams};
use loihi_core::tools::local_error::NO_TARGET;
use loihi_core::wire::message::Record;

const INPUTS: u32 = 3;
const STEPS: u32 = 4;
/// Ten times that of most samples below.
const LENGTH: u32 = 50;

const RULE: ClpParams = ClpParams {
    group: 0,
    axons: INPUTS,
    posts: 4,
    classes: 2,
    target_first: 0,
    output_first: 0,
    steps: STEPS,
    mode: ClpMode::Adaptive,
    length: LENGTH,
    similarity_min_256: 218,
    class_prototypes_max: 2,
    rate_min_256: 0,
    repulsion_256: 256,
    joins: false,
    margin_256: 0,
};

/// Inputs that spike as often in a sample as their values say; `cut` says how many prototypes each core has.
fn network(rule: ClpParams, cut: &[usize], wgt_exp: i32) -> Result<ImageFile, BuildError> {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(INPUTS, rule.classes, rule.classes);
    let inputs = builder.inputs(INPUTS);
    builder.snip(&RateEncoderParams { count: INPUTS, full_scale: STEPS, ..RateEncoderParams::default() });
    let profile = Profile { decay_v: 0, v_th: 131_071 << 6, ..Profile::DEFAULT };
    for posts in cut {
        let core = builder.core();
        builder.group(*posts, profile);
        let axons = inputs.clone().map(|input| (Source::Input(input), full_row(0..*posts, |_| 0)));
        builder.plastic_group(core, 0..*posts, &Plasticity::default().wgt_exp(wgt_exp), axons);
    }
    builder.snip(&rule);
    builder.build()
}

fn loaded(rule: ClpParams) -> Session {
    let mut session = open_host();
    session.load(&network(rule, &[4], -1).unwrap()).unwrap();
    session
}

/// Shows a sample with its targets, and returns the outputs.
fn show(session: &mut Session, learn: bool, values: [i16; 3], targets: [i16; 2]) -> Vec<i32> {
    let stimulus = values.map(i16::to_le_bytes).concat();
    let target = targets.map(i16::to_le_bytes).concat();
    let steps = u16::try_from(STEPS).unwrap();
    let record = Record { reset: true, learn, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
    let mut outputs = Vec::new();
    session.stream([record], |answer| outputs = answer.to_vec()).unwrap();
    outputs
}

/// Weights of a post in steps, for each axon.
fn prototype(session: &mut Session, post: usize) -> Vec<i32> {
    session.read(Register::W).unwrap().chunks(4).map(|row| row[post] / 2).collect()
}

/// The number of samples that were taught, then class, uses and length of each post.
fn learned(session: &mut Session) -> Vec<i32> {
    session.read(Register::Learned).unwrap()
}

/// A cosine in units of the output, but for what divisions lose.
fn assert_similar(outputs: &[i32], cosines: [f64; 2]) {
    for (output, cosine) in outputs.iter().zip(cosines) {
        assert!((f64::from(*output) / 32_768.0 - cosine).abs() < 1e-3, "{outputs:?}, expected {cosines:?}");
    }
}

const ZERO: [i16; 2] = [1, 0];
const ONE: [i16; 2] = [0, 1];

/// Knows (3, 4, 0) as class 0 and (0, 3, 4) as class 1.
fn with_two(rule: ClpParams) -> Session {
    let mut session = loaded(rule);
    assert_eq!(show(&mut session, true, [3, 4, 0], ZERO), [0, 0]);
    assert_similar(&show(&mut session, true, [0, 3, 4], ONE), [12.0 / 25.0, 0.0]);
    assert_eq!(prototype(&mut session, 0), [30, 40, 0]);
    assert_eq!(prototype(&mut session, 1), [0, 30, 40]);
    assert_eq!(learned(&mut session), [2, 0, 1, 800, 1, 1, 800, 0, 0, 0, 0, 0, 0]);
    session
}

#[test]
fn what_is_recognised_moves_its_prototype_and_what_is_not_becomes_one() {
    let mut session = with_two(RULE);
    // Similar enough: half of the way to (40, 30, 0), which is 0.96 of it: (35.6, 35.8, 0).
    assert_similar(&show(&mut session, true, [4, 3, 0], ZERO), [24.0 / 25.0, 9.0 / 25.0]);
    let [a, b, c] = *prototype(&mut session, 0) else { panic!() };
    assert!((35..=36).contains(&a) && (35..=36).contains(&b) && c == 0, "{a} {b} {c}");
    assert_eq!(learned(&mut session)[..3], [3, 0, 2]);
    let length = f64::from(a * a + b * b).sqrt() * 16.0;
    assert!((f64::from(learned(&mut session)[3]) - length).abs() <= 1.0);
    // The right class, but not similar: a prototype of its own.
    show(&mut session, true, [0, 0, 3], ONE);
    assert_eq!(prototype(&mut session, 2), [0, 0, 50]);
    assert_eq!(learned(&mut session)[7..10], [1, 1, 800]);
    // A class has at most two: the more similar one moves half of the way to (50, 0, 0).
    let before = prototype(&mut session, 0);
    show(&mut session, true, [4, 0, 0], ONE);
    assert_eq!(learned(&mut session)[4..7], [1, 2, learned(&mut session)[6]]);
    assert_eq!(prototype(&mut session, 1), [25, 30, 40]);
    // And the one that took it for its own moves away.
    assert!(prototype(&mut session, 0)[0] < before[0]);
    assert_eq!(learned(&mut session)[2], 2, "to move away is no use");
    assert_eq!(learned(&mut session)[10..], [0; 3], "a post stays free for class 0");
}

#[test]
fn nothing_changes_without_learning_without_targets_or_without_spikes() {
    let mut session = with_two(RULE);
    let before = (session.weights().unwrap(), learned(&mut session));
    assert_similar(&show(&mut session, false, [4, 3, 0], ZERO), [24.0 / 25.0, 9.0 / 25.0]);
    assert_similar(&show(&mut session, true, [0, 4, 3], [NO_TARGET; 2]), [16.0 / 25.0, 24.0 / 25.0]);
    assert_eq!(show(&mut session, true, [0; 3], ONE), [0, 0]);
    assert_eq!((session.weights().unwrap(), learned(&mut session)), before);
    // A class that is not among the known targets is not the label.
    show(&mut session, true, [4, 0, 0], [NO_TARGET, -5]);
    assert_eq!(learned(&mut session)[7..10], [1, 1, 800]);
}

#[test]
fn allocated_prototypes_stay_as_they_are() {
    let mut session = with_two(ClpParams { mode: ClpMode::Allocate, ..RULE });
    show(&mut session, true, [4, 3, 0], ZERO);
    show(&mut session, true, [4, 0, 0], ONE);
    show(&mut session, true, [3, 4, 0], ONE);
    assert_eq!(prototype(&mut session, 0), [30, 40, 0]);
    assert_eq!(prototype(&mut session, 1), [0, 30, 40]);
    assert_eq!(prototype(&mut session, 2), [50, 0, 0]);
    assert_eq!(learned(&mut session), [5, 0, 1, 800, 1, 1, 800, 1, 1, 800, 0, 0, 0]);
}

#[test]
fn weights_stay_in_their_range() {
    let mut session = loaded(ClpParams { length: 4095, ..RULE });
    show(&mut session, true, [1, 4, 0], ZERO);
    assert_eq!(prototype(&mut session, 0), [127, 127, 0]);
    assert_similar(&show(&mut session, true, [4, 4, 0], ZERO), [1.0, 0.0]);
    assert_eq!(prototype(&mut session, 0), [127, 127, 0]);
    assert_eq!(learned(&mut session)[..4], [2, 0, 2, 2873]);
}

/// Two layers of two prototypes over the same inputs; the second joins the answer of the first.
fn two_layers(margin_256: u32) -> Session {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(INPUTS, 4, 2);
    let inputs = builder.inputs(INPUTS);
    builder.snip(&RateEncoderParams { count: INPUTS, full_scale: STEPS, ..RateEncoderParams::default() });
    let profile = Profile { decay_v: 0, v_th: 131_071 << 6, ..Profile::DEFAULT };
    for group in 0..2 {
        let core = builder.core();
        builder.group(2, profile);
        let axons = inputs.clone().map(|input| (Source::Input(input), full_row(0..2, |_| 0)));
        builder.plastic_group(core, 0..2, &Plasticity::default().wgt_exp(-1), axons);
        let rule = ClpParams { group, posts: 2, target_first: 2 * group, joins: group == 1, ..RULE };
        builder.snip(&ClpParams { margin_256: margin_256 * group, ..rule });
    }
    let mut session = open_host();
    session.load(&builder.build().unwrap()).unwrap();
    session
}

/// Shows a sample to both layers, each with its target, and returns the outputs.
fn show_both(session: &mut Session, values: [i16; 3], known: [i16; 2], user: [i16; 2]) -> Vec<i32> {
    let stimulus = values.map(i16::to_le_bytes).concat();
    let target = [known, user].concat().into_iter().flat_map(i16::to_le_bytes).collect::<Vec<_>>();
    let steps = u16::try_from(STEPS).unwrap();
    let record = Record { reset: true, learn: true, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
    let mut outputs = Vec::new();
    session.stream([record], |answer| outputs = answer.to_vec()).unwrap();
    outputs
}

#[test]
fn layers_that_answer_together_learn_each_for_itself() {
    let mut session = two_layers(0);
    let mut taught = |values: [i16; 3], known: [i16; 2], user: [i16; 2]| show_both(&mut session, values, known, user);
    let nothing = [NO_TARGET; 2];
    assert_eq!(taught([3, 4, 0], ZERO, nothing), [0, 0]);
    assert_similar(&taught([0, 3, 4], nothing, ONE), [12.0 / 25.0, 0.0]);
    // The first layer answers class 0, the second class 1.
    assert_similar(&taught([0, 3, 4], nothing, nothing), [12.0 / 25.0, 1.0]);
    assert_similar(&taught([3, 4, 0], nothing, nothing), [1.0, 12.0 / 25.0]);
    // Of two prototypes of a class in either layer the more similar one counts.
    taught([0, 0, 4], nothing, ZERO);
    assert_similar(&taught([0, 0, 4], nothing, nothing), [1.0, 0.8]);
    assert_similar(&taught([3, 4, 0], nothing, nothing), [1.0, 12.0 / 25.0]);
    assert_eq!(learned(&mut session), [1, 0, 1, 800, 0, 0, 0, 2, 1, 1, 800, 0, 1, 800]);
}

#[test]
fn what_joins_must_be_more_similar_by_its_margin() {
    let mut session = two_layers(64);
    let nothing = [NO_TARGET; 2];
    show_both(&mut session, [3, 4, 0], ZERO, nothing);
    show_both(&mut session, [0, 3, 4], nothing, ONE);
    // A quarter less, and never less than 0; the layer that was there first answers as before.
    assert_similar(&show_both(&mut session, [0, 3, 4], nothing, nothing), [12.0 / 25.0, 0.75]);
    assert_similar(&show_both(&mut session, [3, 4, 0], nothing, nothing), [1.0, 12.0 / 25.0 - 0.25]);
    assert_similar(&show_both(&mut session, [4, 0, 0], nothing, nothing), [0.6, 0.0]);
    // It learns as without one: this is recognised, and moves no closer to what it is already.
    let before = learned(&mut session);
    show_both(&mut session, [0, 3, 4], nothing, ONE);
    let after = learned(&mut session);
    assert_eq!((before[7], before[9], after[9]), (1, 1, 2), "{before:?} {after:?}");
    assert_eq!(after[12], 0, "no second prototype: {after:?}");
}

#[test]
fn prototypes_are_the_same_on_any_number_of_cores() {
    let run = |cut: &[usize]| {
        let mut session = open_host();
        session.load(&network(RULE, cut, -1).unwrap()).unwrap();
        let value = |sample: i16, input: i16| (sample * (7 + 3 * input) / 4 + input) % 5;
        let shown = (0..40).map(|sample| {
            let target = if value(sample, 2) > 2 { ONE } else { ZERO };
            show(&mut session, true, [value(sample, 0), value(sample, 1), value(sample, 2)], target)
        });
        let outputs: Vec<_> = shown.collect();
        let words = session.weights().unwrap();
        let rows = take_layer(&mut words.as_slice(), INPUTS as usize, cut.iter().copied());
        (outputs, rows, learned(&mut session))
    };
    let whole = run(&[4]);
    assert!(whole.2[0] > 30, "{whole:?}");
    assert_eq!(run(&[1, 2, 1]), whole);
    assert_eq!(run(&[2, 2]), whole);
}

#[test]
fn what_does_not_fit_is_refused() {
    let said = |rule, cut: &[usize], wgt_exp| {
        network(rule, cut, wgt_exp).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(said(RULE, &[4], 0), "");
    for (rule, cut, wgt_exp, parameter) in [
        (RULE, &[4][..], -2, "group"),
        (ClpParams { group: 1, ..RULE }, &[4], 0, "group"),
        (RULE, &[3], 0, "posts"),
        (ClpParams { axons: 2, ..RULE }, &[4], 0, "axons"),
        (ClpParams { classes: 0, ..RULE }, &[4], 0, "classes"),
        (ClpParams { steps: 256, ..RULE }, &[4], 0, "steps"),
        (ClpParams { length: 4096, ..RULE }, &[4], 0, "length"),
        (ClpParams { similarity_min_256: 257, ..RULE }, &[4], 0, "similarity_min_256"),
        (ClpParams { class_prototypes_max: 0, ..RULE }, &[4], 0, "class_prototypes_max"),
        (ClpParams { rate_min_256: 257, ..RULE }, &[4], 0, "rate_min_256"),
        (ClpParams { repulsion_256: 257, ..RULE }, &[4], 0, "repulsion_256"),
        (ClpParams { margin_256: 1, ..RULE }, &[4], 0, "margin_256"),
        (ClpParams { joins: true, margin_256: 257, ..RULE }, &[4], 0, "margin_256"),
        (ClpParams { target_first: 1, ..RULE }, &[4], 0, "target_first"),
        (ClpParams { output_first: 1, ..RULE }, &[4], 0, "output_first"),
    ] {
        let said = said(rule, cut, wgt_exp);
        assert!(said.contains(parameter), "{parameter}: {said}");
    }
}
