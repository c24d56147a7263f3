//! Replays what other emulators have recorded on the firmware: every register, every step.

use crate::common::golden::{Golden, LEARNING, NEURONS};
use crate::common::open_qemu;

fn all_pass(golden: &Golden, prefix: &str, expected: usize) {
    golden.all_pass(prefix, expected, &mut open_qemu());
}

#[test]
fn neurons_of_nengo_loihi() {
    all_pass(&NEURONS, "nengo_", 40);
}

#[test]
fn neurons_of_brian2_loihi() {
    all_pass(&NEURONS, "brian_", 39);
}

#[test]
fn neurons_of_lava() {
    all_pass(&NEURONS, "lava_", 40);
}

#[test]
fn learning_of_nengo_loihi() {
    all_pass(&LEARNING, "nengo_pes_", 7);
}

#[test]
fn learning_of_brian2_loihi() {
    all_pass(&LEARNING, "brian_learn_", 15);
}

#[test]
fn learning_of_lava() {
    all_pass(&LEARNING, "lava_learn_", 20);
}
