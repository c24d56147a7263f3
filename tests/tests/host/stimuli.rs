//! Stimuli of networks from files: what is refused leaves nothing behind, and messages of any length carry the rest.

use crate::common::{open_host, small_body};
use host_harness::device::session::Session;
use host_harness::inference::{Inference, InferenceError, Stimulus};
use host_harness::network::{Network, file};
use host_harness::place::{self, Placed, place};
use loihi_core::register::Register;
use std::path::Path;

/// Values of the weighted input: nearly as many as a message of the small device carries.
const VALUES: usize = 190;

/// Biases for one population, weighted sums for another, spikes for a third.
fn network() -> (Network, Placed) {
    let gains = vec![format!("[{}]", vec!["20"; VALUES].join(", ")); 3].join(", ");
    let text = format!(
        r#"
[[input]]
name = "levels"
bias_of = "levelled"

[[input]]
name = "pixels"
shape = [{VALUES}]
weighted_for = "seen"
gains = [{gains}]

[[input]]
name = "touch"
shape = [4]

[[population]]
name = "levelled"
shape = [40]
v_th = 60

[[population]]
name = "seen"
shape = [3]
v_th = 60

[[population]]
name = "touched"
shape = [4]
v_th = 10

[[connection]]
from = "touch"
to = "touched"
weights = 20
"#
    );
    let network = file::parse(&text, Path::new("net.toml")).unwrap();
    let placed = place(&network, place::PlacementOptions::default()).unwrap();
    (network, placed)
}

fn stimulus(level: i32, value: i16) -> Stimulus {
    Stimulus {
        steps: 30,
        spikes: vec![(2, 2, 1), (9, 2, 3)],
        biases: vec![(0, vec![level; 40])],
        values: vec![(0, 1, vec![value; VALUES])],
    }
}

/// Spikes (step, population, neuron), and all biases and voltages at the end.
#[derive(Debug, PartialEq)]
struct Shown {
    spikes: Vec<(u32, usize, usize)>,
    registers: [Vec<i32>; 2],
}

/// What a network does, after other stimuli were refused.
fn shown(session: &mut Session, tried: &[Stimulus]) -> Shown {
    let (network, placed) = network();
    let mut inference = Inference::new(session, &network, &placed).unwrap();
    let mut spikes = Vec::new();
    inference.run(&stimulus(500, 300), |_| ()).unwrap();
    for tried in tried {
        let refused = inference.run(tried, |_| ());
        assert!(matches!(refused, Err(InferenceError::Biases { .. } | InferenceError::Input { .. })), "{refused:?}");
    }
    // The biases stay from the first sample, the values do too.
    let on = Stimulus { spikes: vec![(1, 2, 0)], steps: 20, ..Stimulus::default() };
    inference.go_on(&on, |spike| spikes.push((spike.step, spike.population, spike.neuron))).unwrap();
    let again = Stimulus { biases: Vec::new(), ..stimulus(0, 900) };
    inference.go_on(&again, |spike| spikes.push((spike.step, spike.population, spike.neuron))).unwrap();
    let registers = [Register::Bias, Register::V].map(|register| inference.session().read(register).unwrap());
    Shown { spikes, registers }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let valid = stimulus(-700, 50);
    let tried = [
        Stimulus { spikes: vec![(0, 2, 4)], ..valid.clone() },
        Stimulus { biases: vec![(0, vec![-700; 40]), (1, vec![1; 3])], ..valid.clone() },
        Stimulus { values: vec![(0, 1, vec![50; VALUES]), (3, 1, vec![50; 2])], ..valid.clone() },
        Stimulus { values: vec![(0, 1, vec![50; VALUES]), (3, 0, vec![50; 40])], ..valid },
    ];
    let expected = shown(&mut open_host(), &[]);
    for population in 0..3 {
        assert!(expected.spikes.iter().any(|(_, own, _)| *own == population), "{:?}", expected.spikes);
    }
    assert_eq!(shown(&mut open_host(), &tried), expected);
}

#[test]
fn biases_and_values_need_not_fit_one_message() {
    assert_eq!(shown(&mut small_body(512), &[]), shown(&mut open_host(), &[]));
}
