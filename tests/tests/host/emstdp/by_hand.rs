//! Errors, error spikes and weights of two hidden layers, worked out by hand.

use super::net::{Layer, Net};
use crate::common::open_host;
use loihi_core::register::Register;
use loihi_core::rules::EmstdpParams;
use loihi_core::tools::rank_one::Precision;
use loihi_core::wire::message::Record;

/// Two hidden compartments, one upon the other, that spike in every step, and two outputs that do not reach their threshold
/// by themselves.
fn chain(thresholds: [i64; 3], direct: Option<[[i64; 2]; 2]>) -> Net {
    let layer = |weights: &[i64], drive, error_threshold| Layer {
        weights: vec![weights.to_vec()],
        parts: vec![weights.len()],
        drive,
        error_threshold,
    };
    let [lower, upper, output] = thresholds;
    let layers = vec![layer(&[2], 2, lower), layer(&[2], 2, upper), layer(&[3, -5], 100, output)];
    let direct = direct.map(|rows| rows.map(|row| row.to_vec()).to_vec());
    let params = EmstdpParams { phase_steps: 4, precision: Precision::Nearest, shift: 1, ..EmstdpParams::default() };
    Net { layers, full_scale: 1, direct, params }
}

/// Steps 5 to 9 of a sample, phase 2 and the last: error and error spike of both hidden compartments, error spikes of both
/// outputs. And the weights after, in steps.
fn errors(net: &Net, value: i16, target: [i16; 2]) -> ([[i32; 6]; 5], Vec<i32>) {
    let mut session = open_host();
    session.load(&net.image(|params| params, false).unwrap()).unwrap();
    let bytes = |words: &[i16]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let (stimulus, target) = (bytes(&[value]), bytes(&target));
    let mut seen = [[0; 6]; 5];
    for step in 1..=9 {
        let record =
            Record { reset: step == 1, learn: true, steps: 1, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        session.stream([record], |_| {}).unwrap();
        // The encoder's word, the step; then of each layer errors, error spikes and what it has seen.
        let words = session.read(Register::Working).unwrap();
        if step >= 5 {
            seen[step - 5] = [2, 3, 5, 6, 10, 11].map(|at| words[at]);
        }
    }
    (seen, session.read(Register::W).unwrap().iter().map(|weight| weight / 2).collect())
}

#[test]
fn errors_go_down_from_layer_to_layer() {
    let net = chain([4, 2, 1], None);
    // The first output is right and silent: it errs until it is driven to spike, in step 7. The weight back is 3, which
    // the threshold of 2 makes one spike; of the layer below it takes two by 2 to come to 4.
    let (seen, weights) = errors(&net, 1, [1, 0]);
    assert_eq!(
        seen,
        [[0, 0, 0, 0, 1, 0], [0, 0, 0, 1, 1, 0], [2, 0, 0, 1, 1, 0], [0, 1, 0, 1, 0, 0], [2, 0, 0, 0, 0, 0]]
    );
    // It spikes three times more in phase 2: 4·3/2.
    assert_eq!(weights, [2, 2, 9, -5]);
    // The second one, which is led back by -5: both layers err downwards.
    let (seen, weights) = errors(&net, 1, [0, 1]);
    assert_eq!(
        seen,
        [[0, 0, 0, 0, 0, 1], [0, 0, 0, -1, 0, 1], [-2, 0, 0, -1, 0, 1], [0, -1, 0, -1, 0, 1], [-2, 0, 0, -1, 0, 0]]
    );
    // The upper layer is driven not to spike in steps 8 and 9: 4·(2 − 4)/2. The output is driven to spike there: 4·2/2.
    assert_eq!(weights, [2, -2, 3, -1]);
    // Outputs err when three errors have come together, and only once before the end.
    let (seen, _) = errors(&chain([4, 2, 3], None), 1, [1, 0]);
    assert_eq!(seen.map(|seen| seen[4]), [0, 0, 1, 0, 0]);
}

#[test]
fn errors_of_outputs_reach_every_layer_at_once() {
    let net = chain([10, 2, 1], Some([[7, -1], [-2, 6]]));
    let (seen, _) = errors(&net, 1, [1, 0]);
    assert_eq!(
        seen,
        [[0, 0, 0, 0, 1, 0], [7, 0, 0, -1, 1, 0], [0, 1, 0, -1, 1, 0], [7, 0, 0, -1, 0, 0], [7, 0, 0, 0, 0, 0]]
    );
}

#[test]
fn a_silent_compartment_sends_no_error() {
    let (seen, weights) = errors(&chain([4, 2, 1], None), 0, [1, 0]);
    let sent = [[0, 0, 0, 0, 1, 0]; 3];
    assert_eq!(seen[..3], sent);
    assert_eq!(seen[3..], [[0; 6]; 2]);
    assert_eq!(weights, [2, 2, 3, -5]);
}
