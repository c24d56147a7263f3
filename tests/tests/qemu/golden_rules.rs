//! The rules of the embedded CPU against recorded runs: every epoch's errors, factors, traces, voltages and weights, bit
//! for bit, on every device.

use crate::common::rules::{fnv32, numbers, recorded};
use crate::common::{self, digits};
use host_harness::conform::decolle_net::{BackEnd, DecolleNet, Recording};
use host_harness::conform::emstdp_net::EmstdpNet;
use host_harness::device::session::Session;
use host_harness::image::ImageFile;
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use serde_json::Value;

const PIXELS: usize = 64;
const POSTS: usize = 128;
const CLASSES: usize = 10;
const STEPS: usize = 60;

/// The stimulus of a digit, with the number of the sample.
fn stimulus(pixels: &[u8], sample: u16) -> Vec<u8> {
    let words = pixels.iter().map(|pixel| i16::from(*pixel)).chain([sample.cast_signed(), 0]);
    words.flat_map(i16::to_le_bytes).collect()
}

/// Shows digits 0 to 2, stops after every epoch, and compares.
fn replay_decolle(session: &mut Session, file: &ImageFile, run: &Value, scale: i32) {
    session.load(file).unwrap();
    let learn = digits().training;
    let weights = |session: &mut Session| post_major(&session.read(Register::W).unwrap(), scale);
    let first = weights(session);
    assert_eq!(first[..16], numbers(&run["w0_row0"])[..], "w of post 0 at the beginning");
    assert_eq!(u64::from(fnv32(&first)), run["w0_fnv"].as_u64().unwrap(), "w at the beginning");
    for (number, (sample, digit)) in run["samples"].as_array().unwrap().iter().zip(&learn).enumerate() {
        assert_eq!(sample["label"].as_u64().unwrap(), u64::from(digit.label));
        let stimulus = stimulus(&digit.values, u16::try_from(number).unwrap());
        let target: Vec<u8> =
            (0..10_u8).flat_map(|class| i16::to_le_bytes(if class == digit.label { 64 } else { 0 })).collect();
        let mut done = 0;
        for epoch in sample["epochs"].as_array().unwrap() {
            let t = epoch["t"].as_u64().unwrap();
            let steps = u16::try_from(t + 1 - done).unwrap();
            let record =
                Record { reset: done == 0, learn: true, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
            session.stream([record], |_| {}).unwrap();
            done = t + 1;
            compare_epoch(session, epoch, &format!("sample {number}, step {t}"), scale);
        }
        let sum: i32 = weights(session).iter().sum();
        assert_eq!(i64::from(sum), sample["w_sum"].as_i64().unwrap(), "w after sample {number}");
    }
}

fn compare_epoch(session: &mut Session, epoch: &Value, place: &str, scale: i32) {
    let expected = |name: &str| epoch[name].as_u64().unwrap();
    let hash = |words: &[i32]| u64::from(fnv32(words));
    let working = session.read(Register::Working).unwrap();
    // After the encoder's word: the clock, readouts, errors, voltages, counts, factors, traces.
    let [_, _, listed, rest @ ..] = working.as_slice() else { panic!("working memory") };
    assert_eq!(rest[..CLASSES], numbers(&epoch["r"])[..], "readout, {place}");
    if *listed > 0 {
        let factors = &rest[2 * CLASSES + 2 * POSTS..][..usize::try_from(*listed).unwrap()];
        let mut m = vec![0; POSTS];
        for entry in factors {
            m[usize::try_from(entry & 0xFFFF).unwrap()] = -(entry >> 16);
        }
        assert_eq!(hash(&m), expected("m_fnv"), "factors, {place}");
    }
    let traces = &rest[2 * CLASSES + 3 * POSTS..];
    let p: Vec<i32> = if traces.is_empty() {
        session.read(Register::X1).unwrap()
    } else {
        traces.iter().map(|word| (word.cast_unsigned() >> 16).cast_signed()).collect()
    };
    assert_eq!(hash(&p), expected("pre_trace_fnv"), "traces of the axons, {place}");
    assert_eq!(hash(&session.read(Register::U).unwrap()), expected("u_fnv"), "u, {place}");
    assert_eq!(hash(&session.read(Register::V).unwrap()), expected("v_fnv"), "v, {place}");
    let w = post_major(&session.read(Register::W).unwrap(), scale);
    assert_eq!(hash(&w), expected("w_fnv"), "w, {place}");
}

/// Weights as recorded: in steps of the format, those of a post side by side.
fn post_major(weights: &[i32], scale: i32) -> Vec<i32> {
    (0..POSTS).flat_map(|post| weights.iter().skip(post).step_by(POSTS).map(move |w| w / scale)).collect()
}

fn decolle(back_end: BackEnd, rate_shift: u32) -> DecolleNet {
    DecolleNet { back_end, rate_shift, ..DecolleNet::digits() }
}

/// The words that the recorded core has drawn: for the traces' decay in every step, and for the weights in every epoch,
/// of which only those with an error were counted.
fn words_of_the_core(run: &Value) -> [Vec<u32>; 2] {
    let steps = 3 * u32::try_from(STEPS).unwrap();
    let decays = (0..steps).flat_map(|t| (0..64).flat_map(move |axon| [word(1, t + 1, axon, 1), 0])).collect();
    let mut rounds = Vec::new();
    let mut updates = 0;
    for sample in run["samples"].as_array().unwrap() {
        let epochs = sample["epochs"].as_array().unwrap();
        // Nothing is learned in the first two epochs, in which the network settles.
        rounds.extend(std::iter::repeat_n(0, 2 * PIXELS * POSTS));
        for epoch in epochs {
            updates += u32::from(numbers(&epoch["eq"]).iter().any(|error| *error != 0));
            let draw = |axon: u32, post: u32| word(1 ^ 0xA5, updates, post, axon) & 0xFE00_0000;
            rounds.extend((0..64).flat_map(|axon| (0..128).map(move |post| u32::MAX - draw(axon, post) - 0x01FF_FFFF)));
        }
    }
    [decays, rounds]
}

fn every_device(check: impl Fn(&mut Session)) {
    check(&mut common::open_host());
    check(&mut common::open_qemu());
}

#[test]
fn decolle_with_stochastic_weights() {
    let recording = Recording { word_per_synapse: true, words: None };
    let file = decolle(BackEnd::Stochastic, 11).image(64, 10, 1, recording).unwrap();
    every_device(|session| replay_decolle(session, &file, &recorded()["decolle_mode_a_stoch8"], 2));
}

#[test]
fn decolle_with_residues() {
    let file = decolle(BackEnd::Shadow, 3).image(64, 10, 1, Recording::default()).unwrap();
    every_device(|session| replay_decolle(session, &file, &recorded()["decolle_mode_a_shadow16"], 2));
}

#[test]
fn decolle_by_the_core() {
    let run = &recorded()["decolle_mode_b_lrk5"];
    let [decays, rounds] = words_of_the_core(run);
    let recording = Recording { word_per_synapse: false, words: Some([&decays, &rounds]) };
    let file = decolle(BackEnd::Core, 12).image(64, 10, 1, recording).unwrap();
    every_device(|session| replay_decolle(session, &file, run, 1));
}

/// Shows digits 0 to 2 step by step, and compares counts and weights.
fn replay_emstdp(session: &mut Session, run: &Value) {
    const HIDDEN: usize = 100;
    let file = EmstdpNet::digits().image(64, 10, 1, 0xE35).unwrap();
    session.load(&file).unwrap();
    let compare = |session: &mut Session, expected: [u64; 2], place: &str| {
        let w: Vec<i32> = session.read(Register::W).unwrap().iter().map(|weight| weight / 2).collect();
        let (hidden, output) = w.split_at(PIXELS * HIDDEN);
        assert_eq!(u64::from(fnv32(hidden)), expected[0], "w of the hidden layer, {place}");
        assert_eq!(u64::from(fnv32(output)), expected[1], "w of the outputs, {place}");
    };
    let pair = |values: &Value| [values[0].as_u64().unwrap(), values[1].as_u64().unwrap()];
    compare(session, pair(&run["W0_fnv"]), "at the beginning");
    let learn = digits().training;
    for (number, (sample, digit)) in run["samples"].as_array().unwrap().iter().zip(&learn).enumerate() {
        let stimulus = stimulus(&digit.values, u16::try_from(number).unwrap());
        let target: Vec<u8> = (0..10_u8).flat_map(|class| i16::from(class == digit.label).to_le_bytes()).collect();
        let (mut hidden, mut outputs) = ([0, 0], [[0; CLASSES]; 2]);
        for step in 0..99 {
            let record = Record {
                reset: step == 0,
                learn: true,
                steps: 1,
                stimulus: &stimulus,
                target: &target,
                ..Record::PLAIN
            };
            session.stream([record], |_| {}).unwrap();
            let phase = usize::from(step >= 49);
            for spike in session.read(Register::Spikes).unwrap() {
                match usize::try_from(spike).unwrap().checked_sub(HIDDEN) {
                    None => hidden[phase] += 1,
                    Some(output) => outputs[phase][output] += 1,
                }
            }
        }
        for (phase, name) in ["1", "2"].into_iter().enumerate() {
            let expected = sample[format!("h_phase{name}")].as_i64().unwrap();
            assert_eq!(hidden[phase], expected, "spikes of the hidden layer in phase {name}, sample {number}");
            let expected = numbers(&sample[format!("o_phase{name}")]);
            assert_eq!(outputs[phase][..], expected[..], "spikes of the outputs in phase {name}, sample {number}");
        }
        let expected = [sample["Wh_fnv"].as_u64().unwrap(), sample["Wo_fnv"].as_u64().unwrap()];
        compare(session, expected, &format!("sample {number}"));
    }
}

#[test]
fn emstdp() {
    every_device(|session| replay_emstdp(session, &recorded()["emstdp_int8_sh8"]));
}
