//! Replays the recorded learning of other emulators: every trace, weight and tag, every step.

#![allow(clippy::unwrap_used)]

mod common;

use common::open_qemu;
use flate2::read::GzDecoder;
use host_harness::conform::Verdict;
use host_harness::conform::parse::parse;
use host_harness::conform::replay::replay;
use host_harness::conform::vector::Vector;
use host_harness::device::inproc::InProcess;
use host_harness::device::session::{Patience, Session};
use loihi_core::probe::Register;
use std::io::Read as _;
use std::path::Path;

fn session() -> Session {
    Session::open(Box::new(InProcess::new(16 << 20)), Patience::default(), 1, || false).unwrap()
}

/// The vectors whose names begin so, in the order of their names.
fn vectors(prefix: &str) -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/learning");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let chosen = paths.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    let read = |path: &std::path::PathBuf| {
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        parse(&text).unwrap()
    };
    chosen.map(read).collect()
}

/// Replays all of them; a failure names the vector, the step and the register.
fn all_pass(prefix: &str, expected: usize, session: &mut Session) {
    let mut passed = 0;
    for vector in vectors(prefix) {
        match replay(&vector, session).unwrap() {
            Verdict::Passed => passed += 1,
            Verdict::Failed(difference) => panic!("{}: {difference}", vector.case),
            Verdict::Skipped(why) => {
                assert!(why.contains("rounds at random by values from before the step"), "{}: {why}", vector.case);
            }
        }
    }
    assert_eq!(passed, expected, "vectors of {prefix} that passed");
}

#[test]
fn nengo_loihi() {
    all_pass("nengo_pes_", 7, &mut session());
}

#[test]
fn brian2_loihi() {
    all_pass("brian_learn_", 15, &mut session());
}

#[test]
fn lava() {
    all_pass("lava_learn_", 20, &mut session());
}

#[test]
fn all_of_them_on_the_bare_x86() {
    let mut session = open_qemu();
    for (prefix, expected) in [("nengo_pes_", 7), ("brian_learn_", 15), ("lava_learn_", 20)] {
        all_pass(prefix, expected, &mut session);
    }
}

#[test]
fn a_changed_weight_is_noticed() {
    let mut session = session();
    let mut vector = vectors("lava_learn_rstdp_scaled").pop().unwrap();
    let w = vector.learning.expected[7].iter_mut().find(|words| words.register == Register::W).unwrap();
    w.words[3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "w[3]"));
}
