//! EMSTDP of one, two and three layers, against a slow model in plain integers, on one core and on several; and by hand.

mod by_hand;
mod model;
mod net;

use crate::plan::draw;
use crate::taught::Sample;
use loihi_core::rules::EmstdpParams;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_core::tools::rank_one::Precision;
use model::Model;
use net::{Layer, Net, number};

const INPUTS: usize = 12;
const OUTPUTS: usize = 3;

/// A net of up to two hidden layers, of 10 and 8 compartments.
fn net(hidden: usize, precision: Precision, direct: bool) -> Net {
    let posts: Vec<usize> = [10, 8].into_iter().take(hidden).chain([OUTPUTS]).collect();
    let axons = [INPUTS].into_iter().chain(posts.clone());
    let layer = |(at, (axons, posts)): (usize, (usize, usize))| {
        let weight = |axon, post| i64::from(draw(-25, 40, [number(at), number(axon), number(post)]));
        Layer {
            weights: (0..axons).map(|axon| (0..posts).map(|post| weight(axon, post)).collect()).collect(),
            parts: vec![posts],
            drive: [60, 45, 50][at],
            error_threshold: if at == hidden { 2 } else { [15, 20][at] },
        }
    };
    let layers: Vec<Layer> = axons.zip(posts.clone()).enumerate().map(layer).collect();
    let below: usize = posts.iter().take(hidden).sum();
    let row = |post| (0..OUTPUTS).map(|output| draw(-127, 127, [9, number(post), number(output)]).into()).collect();
    let direct = direct.then(|| (0..below).map(row).collect());
    let params = EmstdpParams { phase_steps: 15, precision, shift: 4, ..EmstdpParams::default() };
    Net { layers, full_scale: 20, direct, params }
}

fn samples() -> Vec<Sample> {
    let sample = |number: u32| {
        let values = (0..12).map(|input| i16::try_from(draw(0, 20, [1, number, input])).unwrap()).collect();
        let class = draw(0, 2, [2, number, 0]);
        let mut targets: Vec<i16> = (0..3).map(|output| i16::from(output == class)).collect();
        if number.is_multiple_of(5) {
            targets[0] = NO_TARGET;
        }
        (values, if number.is_multiple_of(7) { vec![NO_TARGET; 3] } else { targets })
    };
    (0..25).map(sample).collect()
}

/// How the layers of a net with two hidden ones are cut up.
const CUTS: [[&[usize]; 3]; 2] = [[&[3, 4, 3], &[8], &[2, 1]], [&[10], &[1, 1, 6], &[3]]];

#[test]
fn outputs_and_weights_are_those_of_the_model() {
    for (hidden, direct) in [(0, false), (0, true), (1, false), (1, true), (2, false), (2, true)] {
        let net = net(hidden, Precision::Nearest, direct);
        let expected = Model { net: net.clone(), updates: 0 }.run(&samples());
        for (layer, weights) in net.layers.iter().zip(&expected.weights) {
            let before = layer.weights.concat();
            let changed = before.iter().zip(weights).filter(|(before, after)| before != after).count();
            assert!(changed > weights.len() / 8, "{hidden} hidden, {direct}: {changed} of {}", weights.len());
        }
        assert_eq!(net.on_the_chip(&samples()), expected, "{hidden} hidden, direct {direct}");
        for cut in CUTS.iter().filter(|_| hidden == 2) {
            assert_eq!(net.cut(cut).on_the_chip(&samples()), expected, "direct {direct}, {cut:?}");
        }
    }
}

#[test]
fn random_rounding_is_the_same_on_any_number_of_cores() {
    for direct in [false, true] {
        let net = net(2, Precision::Stochastic, direct);
        let whole = net.on_the_chip(&samples());
        assert_ne!(whole, self::net(2, Precision::Nearest, direct).on_the_chip(&samples()));
        for cut in CUTS {
            assert_eq!(net.cut(&cut).on_the_chip(&samples()), whole, "direct {direct}, {cut:?}");
        }
    }
}

type Change = fn(EmstdpParams) -> EmstdpParams;

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let right = net(2, Precision::Stochastic, true);
    let said = |net: &Net, change: Change, swapped| {
        net.image(change, swapped).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(said(&right, |params| params, false), "");
    assert!(said(&right, |params| params, true).contains("data_first"));
    let changes: [(Change, &str); 16] = [
        (|own| EmstdpParams { layers: 0, ..own }, "layers"),
        (|own| EmstdpParams { layers: 17, ..own }, "layers"),
        (|own| EmstdpParams { layers: 4, ..own }, "data_first"),
        (|own| EmstdpParams { data_first: u32::MAX, ..own }, "data_first"),
        (|own| EmstdpParams { inputs: 11, ..own }, "inputs"),
        (|own| EmstdpParams { posts: 22, ..own }, "posts"),
        (|own| EmstdpParams { posts_max: 11, ..own }, "posts_max"),
        (|own| EmstdpParams { outputs: 8, ..own }, "outputs"),
        (|own| EmstdpParams { phase_steps: 0, ..own }, "phase_steps"),
        (|own| EmstdpParams { phase_steps: 256, ..own }, "phase_steps"),
        (|own| EmstdpParams { precision: Precision::Shadow, ..own }, "precision"),
        (|own| EmstdpParams { shift: 0, ..own }, "shift"),
        (|own| EmstdpParams { shift: 17, ..own }, "shift"),
        // There are as many constants as it takes, and not one more.
        (|own| EmstdpParams { direct_feedback: own.direct_feedback.map(|first| first + 1), ..own }, "direct_feedback"),
        (|own| EmstdpParams { target_first: 1, ..own }, "target_first"),
        (|own| EmstdpParams { output_first: 1, ..own }, "output_first"),
    ];
    for (change, wrong) in changes {
        let said = said(&right, change, false);
        assert!(said.contains(&format!("`{wrong}`")), "{wrong}: {said}");
    }
    for (drive, error_threshold) in [(0, 1), (4096, 1), (1, 0), (1, -1), (1, (1 << 30) + 1)] {
        let mut net = right.clone();
        net.layers[1].drive = drive;
        net.layers[1].error_threshold = error_threshold;
        let said = said(&net, |params| params, false);
        assert!(said.contains("data_first"), "{drive}, {error_threshold}: {said}");
    }
}
