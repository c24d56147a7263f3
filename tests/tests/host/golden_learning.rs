//! Replays the recorded learning of other emulators: every trace, weight and tag, every step.

use crate::common::golden::{LEARNING, session};
use host_harness::conform::Verdict;
use host_harness::conform::replay::replay;
use loihi_core::register::Register;

#[test]
fn nengo_loihi() {
    LEARNING.all_pass("nengo_pes_", 7, &mut session());
}

#[test]
fn brian2_loihi() {
    LEARNING.all_pass("brian_learn_", 15, &mut session());
}

#[test]
fn lava() {
    LEARNING.all_pass("lava_learn_", 20, &mut session());
}

#[test]
fn a_changed_weight_is_noticed() {
    let mut session = session();
    let mut vector = LEARNING.vectors("lava_learn_rstdp_scaled").pop().unwrap();
    let w = vector.learning.expected[7].iter_mut().find(|words| words.register == Register::W).unwrap();
    w.words[3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "w[3]"));
}
