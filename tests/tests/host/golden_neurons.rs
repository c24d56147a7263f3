//! Replays the recorded networks of other emulators: every register, every step.

use crate::common::golden::{NEURONS, session};
use host_harness::conform::Verdict;
use host_harness::conform::replay::{replay, replay_on_cores};

#[test]
fn nengo_loihi() {
    NEURONS.all_pass("nengo_", 40, &mut session());
}

#[test]
fn brian2_loihi() {
    NEURONS.all_pass("brian_", 39, &mut session());
}

#[test]
fn lava() {
    NEURONS.all_pass("lava_", 40, &mut session());
}

#[test]
fn the_partition_does_not_matter() {
    let mut session = session();
    let vector = NEURONS.vectors("nengo_net256").pop().unwrap();
    for cores in [1, 2, 4, 16] {
        let verdict = replay_on_cores(&vector, &mut session, 256 / cores).unwrap();
        assert_eq!(verdict, Verdict::Passed, "{cores} cores");
    }
}

#[test]
fn a_changed_vector_is_noticed() {
    let mut session = session();
    let mut vector = NEURONS.vectors("nengo_single_a").pop().unwrap();
    vector.expected.v[7][3] += 1;
    let Verdict::Failed(difference) = replay(&vector, &mut session).unwrap() else { panic!("it passed") };
    assert_eq!((difference.step, difference.register.as_str()), (7, "v[3]"));
}
