//! Replays the recorded learning of other emulators: every trace, weight and tag, every step.

#![allow(clippy::unwrap_used)]

mod common;

use common::golden::{Golden, session};
use common::open_qemu;
use host_harness::conform::Verdict;
use host_harness::conform::replay::replay;
use loihi_core::probe::Register;

const GOLDEN: Golden = Golden { folder: "learning", skipped: "rounds at random by values from before the step" };

#[test]
fn nengo_loihi() {
    GOLDEN.all_pass("nengo_pes_", 7, &mut session());
}

#[test]
fn brian2_loihi() {
    GOLDEN.all_pass("brian_learn_", 15, &mut session());
}

#[test]
fn lava() {
    GOLDEN.all_pass("lava_learn_", 20, &mut session());
}

#[test]
fn all_of_them_on_the_bare_x86() {
    let mut session = open_qemu();
    for (prefix, expected) in [("nengo_pes_", 7), ("brian_learn_", 15), ("lava_learn_", 20)] {
        GOLDEN.all_pass(prefix, expected, &mut session);
    }
}

#[test]
fn a_changed_weight_is_noticed() {
    let mut session = session();
    let mut vector = GOLDEN.vectors("lava_learn_rstdp_scaled").pop().unwrap();
    let w = vector.learning.expected[7].iter_mut().find(|words| words.register == Register::W).unwrap();
    w.words[3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "w[3]"));
}
