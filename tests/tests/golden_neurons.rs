//! Replays the recorded networks of other emulators: every register, every step.

#![allow(clippy::unwrap_used)]

mod common;

use common::open_qemu;
use flate2::read::GzDecoder;
use host_harness::conform::Verdict;
use host_harness::conform::parse::parse;
use host_harness::conform::replay::{replay, replay_on_cores};
use host_harness::conform::vector::Vector;
use host_harness::device::inproc::InProcess;
use host_harness::device::session::{Patience, Session};
use std::io::Read as _;
use std::path::Path;

fn session() -> Session {
    Session::open(Box::new(InProcess::new(16 << 20)), Patience::default(), 1, || false).unwrap()
}

/// The vectors whose names begin so, in the order of their names.
fn vectors(prefix: &str) -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/neurons");
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
                assert!(why.contains("leaves the chip's ranges"), "{}: {why}", vector.case);
            }
        }
    }
    assert_eq!(passed, expected, "vectors of {prefix} that passed");
}

#[test]
fn nengo_loihi() {
    all_pass("nengo_", 40, &mut session());
}

#[test]
fn brian2_loihi() {
    all_pass("brian_", 39, &mut session());
}

#[test]
fn lava() {
    all_pass("lava_", 40, &mut session());
}

#[test]
fn all_of_them_on_the_bare_x86() {
    let mut session = open_qemu();
    for (prefix, expected) in [("nengo_", 40), ("brian_", 39), ("lava_", 40)] {
        all_pass(prefix, expected, &mut session);
    }
}

#[test]
fn the_partition_does_not_matter() {
    let mut session = session();
    let vector = vectors("nengo_net256").pop().unwrap();
    for cores in [1, 2, 4, 16] {
        let verdict = replay_on_cores(&vector, &mut session, 256 / cores).unwrap();
        assert_eq!(verdict, Verdict::Passed, "{cores} cores");
    }
}

#[test]
fn a_changed_vector_is_noticed() {
    let mut session = session();
    let mut vector = vectors("nengo_single_a").pop().unwrap();
    vector.expected.v[7][3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "v[3]"));
}
