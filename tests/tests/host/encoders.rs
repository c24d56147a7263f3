//! Programs of the embedded CPU by the dozen, and encoders that compute only when something has changed.

use crate::common::open_host;
use crate::plan::draw;
use host_harness::device::session::Session;
use host_harness::image::{ImageBuilder, ImageFile};
use loihi_core::chip::{ResetScope, SnapshotScope};
use loihi_core::image::Profile;
use loihi_core::register::{Register, StateDigest};
use loihi_core::rules::{BiasEncoderParams, PesParams};
use loihi_core::wire::message::Record;

/// Compartments.
const COUNT: u32 = 120;
/// Words of the stimulus.
const WORDS: u32 = 4;

/// Compartments whose biases are set from the stimulus by `encoders` encoders and decoded by `rules` rules, each with
/// its share of them.
fn network(encoders: u32, rules: u32) -> ImageFile {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(WORDS, 1, 1);
    builder.group(COUNT as usize, Profile { decay_v: 200, v_th: 60 << 6, refractory: 1, ..Profile::DEFAULT });
    builder.bias(0, &[0; COUNT as usize]);
    let width = WORDS + 1;
    let constants: Vec<i32> = (0..COUNT * width).map(|at| draw(-600, 900, [17, at, 0])).collect();
    let data_first = builder.data(&constants);
    for number in 0..encoders {
        let count = COUNT / encoders;
        let compartment_first = number * count;
        let data_first = data_first + compartment_first * width;
        let encoder = BiasEncoderParams {
            dimensions: WORDS,
            compartment_first,
            count,
            data_first,
            exponent: 2,
            ..Default::default()
        };
        builder.snip(&encoder);
    }
    for number in 0..rules {
        let count = COUNT / rules;
        builder.snip(&PesParams { compartment_first: number * count, count, rate_shift: 8, ..PesParams::default() });
    }
    builder.build().unwrap()
}

fn stimulus(seed: u32) -> Vec<u8> {
    (0..WORDS).flat_map(|at| i16::try_from(draw(-4096, 4096, [seed, at, 1])).unwrap().to_le_bytes()).collect()
}

/// Computes steps. `often`: with the stimulus in every step, so that encoders have to compute in each.
fn present(session: &mut Session, stimulus: &[u8], steps: u16, often: bool) {
    let (times, steps) = if often { (steps, 1) } else { (1, steps) };
    let target = 2000_i16.to_le_bytes();
    let first = Record { learn: true, steps, stimulus, target: &target, ..Record::PLAIN };
    session.stream((0..times).map(|_| first), |_| ()).unwrap();
}

fn loaded(file: &ImageFile) -> Session {
    let mut session = open_host();
    session.load(file).unwrap();
    session
}

/// Disturbs a run between two stimuli; takes the stimulus in the mailbox and returns the one there afterwards.
type Disturbance = fn(&mut Session, &[u8]) -> Vec<u8>;

fn digest(file: &ImageFile, often: bool, disturbance: Disturbance) -> (StateDigest, u64) {
    let mut session = loaded(file);
    for seed in 0..5 {
        let stimulus = stimulus(seed);
        present(&mut session, &stimulus, 30, often);
        let there = disturbance(&mut session, &stimulus);
        present(&mut session, if often { &there } else { &[] }, 20, often);
    }
    (session.digest().unwrap(), session.ops().unwrap().bias_writes)
}

#[test]
fn twelve_encoders_and_rules_do_what_one_does() {
    let run = |encoders, rules| {
        let mut session = loaded(&network(encoders, rules));
        for seed in 0..8 {
            present(&mut session, &stimulus(seed), 25, false);
        }
        [Register::V, Register::Bias, Register::Spikes].map(|register| session.read(register).unwrap())
    };
    let one = run(1, 1);
    assert!(!one[2].is_empty() && one[1].iter().any(|bias| *bias != 0), "{one:?}");
    for (encoders, rules) in [(12, 1), (1, 12), (12, 12), (40, 40)] {
        assert_eq!(run(encoders, rules), one, "{encoders} encoders and {rules} rules");
    }
}

#[test]
fn rules_behind_the_eighth_learn_and_are_kept() {
    let file = network(12, 12);
    let mut session = loaded(&file);
    present(&mut session, &stimulus(3), 200, false);
    let learned = session.read(Register::Learned).unwrap();
    assert_eq!(learned.len(), COUNT as usize);
    for (number, decoders) in learned.chunks(COUNT as usize / 12).enumerate() {
        assert!(decoders.iter().any(|decoder| *decoder != 0), "rule {number} has learned nothing");
    }
    let state = session.save(SnapshotScope::State).unwrap();
    let mut other = loaded(&file);
    other.restore(SnapshotScope::State, &state).unwrap();
    for session in [&mut session, &mut other] {
        present(session, &[], 50, false);
    }
    assert_eq!(other.digest().unwrap().first_difference(&session.digest().unwrap()), None);
}

#[test]
fn an_encoder_computes_once_for_a_stimulus_that_stays() {
    for encoders in [1, 12] {
        let mut session = loaded(&network(encoders, 1));
        present(&mut session, &stimulus(1), 50, false);
        // An encoder that changes a bias makes those before it compute once more.
        let writes = session.ops().unwrap().bias_writes;
        assert!((u64::from(COUNT)..=2 * u64::from(COUNT)).contains(&writes), "{writes} writes in 50 steps");
        present(&mut session, &[], 50, false);
        assert_eq!(session.ops().unwrap().bias_writes, writes, "nothing was put in");
        present(&mut session, &stimulus(2), 50, false);
        let fresh = session.ops().unwrap().bias_writes - writes;
        assert!((u64::from(COUNT)..=2 * u64::from(COUNT)).contains(&fresh), "{fresh} writes for another stimulus");
    }
}

/// Writes biases into the middle of what the encoders have written.
fn overwrite(session: &mut Session, there: &[u8]) -> Vec<u8> {
    session.write(Register::Bias, 7, &[64, -64, 1024, 0]).unwrap();
    there.to_vec()
}

fn reset_state(session: &mut Session, there: &[u8]) -> Vec<u8> {
    session.reset(ResetScope::State).unwrap();
    vec![0; there.len()]
}

fn reset_all(session: &mut Session, there: &[u8]) -> Vec<u8> {
    session.reset(ResetScope::All).unwrap();
    vec![0; there.len()]
}

/// Takes up what was saved, after biases and stimulus have become others.
fn restore_state(session: &mut Session, there: &[u8]) -> Vec<u8> {
    let state = session.save(SnapshotScope::State).unwrap();
    present(session, &stimulus(99), 5, false);
    let there = overwrite(session, there);
    session.restore(SnapshotScope::State, &state).unwrap();
    there
}

fn restore_learned(session: &mut Session, _there: &[u8]) -> Vec<u8> {
    let learned = session.save(SnapshotScope::Learned).unwrap();
    present(session, &stimulus(99), 5, false);
    session.restore(SnapshotScope::Learned, &learned).unwrap();
    stimulus(99)
}

/// A record brings biases of its own.
fn record_of_biases(session: &mut Session, there: &[u8]) -> Vec<u8> {
    let biases: Vec<u8> = [320_i32; 9].iter().flat_map(|bias| bias.to_le_bytes()).collect();
    session.stream([Record { steps: 3, bias_first: 50, biases: &biases, ..Record::PLAIN }], |_| ()).unwrap();
    there.to_vec()
}

#[test]
fn whatever_happens_the_bits_are_those_of_computing_in_every_step() {
    let disturbances: [(&str, Disturbance); 6] = [
        ("biases from outside", overwrite),
        ("a reset of the state", reset_state),
        ("a full reset", reset_all),
        ("a restore of everything", restore_state),
        ("a restore of what was learned", restore_learned),
        ("biases of a record", record_of_biases),
    ];
    for encoders in [1, 12, 40] {
        let file = network(encoders, 2);
        for (name, disturbance) in disturbances {
            let (seldom, few) = digest(&file, false, disturbance);
            let (often, many) = digest(&file, true, disturbance);
            assert_eq!(seldom.first_difference(&often), None, "{encoders} encoders, {name}");
            assert_eq!(seldom, often, "{encoders} encoders, {name}");
            assert!(few < many, "{name}: {few} writes, {many} writes");
        }
    }
}
