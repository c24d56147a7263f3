//! Replays the recorded networks of other emulators: every register, every step.

#![allow(clippy::unwrap_used)]

mod common;

use common::golden::{Golden, session};
use common::open_qemu;
use host_harness::conform::Verdict;
use host_harness::conform::replay::{replay, replay_on_cores};

const GOLDEN: Golden = Golden { folder: "neurons", skipped: "leaves the chip's ranges" };

#[test]
fn nengo_loihi() {
    GOLDEN.all_pass("nengo_", 40, &mut session());
}

#[test]
fn brian2_loihi() {
    GOLDEN.all_pass("brian_", 39, &mut session());
}

#[test]
fn lava() {
    GOLDEN.all_pass("lava_", 40, &mut session());
}

#[test]
fn all_of_them_on_the_bare_x86() {
    let mut session = open_qemu();
    for (prefix, expected) in [("nengo_", 40), ("brian_", 39), ("lava_", 40)] {
        GOLDEN.all_pass(prefix, expected, &mut session);
    }
}

#[test]
fn the_partition_does_not_matter() {
    let mut session = session();
    let vector = GOLDEN.vectors("nengo_net256").pop().unwrap();
    for cores in [1, 2, 4, 16] {
        let verdict = replay_on_cores(&vector, &mut session, 256 / cores).unwrap();
        assert_eq!(verdict, Verdict::Passed, "{cores} cores");
    }
}

#[test]
fn a_changed_vector_is_noticed() {
    let mut session = session();
    let mut vector = GOLDEN.vectors("nengo_single_a").pop().unwrap();
    vector.expected.v[7][3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "v[3]"));
}
