//! A network with periodic resets, and what it does with a sample.

use host_harness::device::session::Session;
use host_harness::inference::{Inference, Spike, Stimulus};
use host_harness::network::Network;
use host_harness::network::file::parse;
use host_harness::place::{PlacementOptions, place};
use loihi_core::num::word;
use loihi_core::register::{Register, StateDigest};
use std::path::Path;

/// One population is reset in steps 3, 10, 17, …, the other, whose neurons have two compartments, in every fifth.
pub(crate) const RESETS: &str = r#"
[[input]]
name = "in"
shape = [8]

[[population]]
name = "plain"
shape = [40]
decay_u = 500
decay_v = 100
v_th = 400
bias = 3
bias_exp = 6
reset_interval_steps = 7
reset_offset_steps = 3

[[population]]
name = "tree"
shape = [9]
reset_interval_steps = 5

[[population.compartment]]
decay_u = 300
decay_v = 50
v_th = 0
stack_out = "push"
threshold = "pass_above"

[[population.compartment]]
decay_v = 4096
v_th = 300
stack_in = "pop_a"
join = "add"

[[connection]]
from = "in"
to = "plain"
weights = { uniform = [-60, 100], density = 0.7 }

[[connection]]
from = "plain"
to = "tree"
weights = { uniform = [-40, 60], density = 0.7 }
"#;

/// The network.
pub(crate) fn network() -> Network {
    parse(RESETS, Path::new("resets.toml")).unwrap()
}

/// Spikes from outside in a step.
pub(crate) fn given(step: u32) -> Vec<usize> {
    (0..8).filter(|at| word(9, 1, step, *at).is_multiple_of(3)).map(|at| at as usize).collect()
}

/// Spikes, and currents and voltages of both populations, after every step of a sample of 50.
pub(crate) fn follow(
    network: &Network,
    options: PlacementOptions,
    session: &mut Session,
) -> (Vec<Spike>, Vec<[Vec<i32>; 4]>, StateDigest) {
    let placed = place(network, options).unwrap();
    let mut inference = Inference::new(session, network, &placed).unwrap();
    let (mut fired, mut states) = (Vec::new(), Vec::new());
    // A sample before it, whose length is not a multiple of an interval, changes nothing.
    inference.run(&Stimulus { steps: 11, ..Stimulus::default() }, |_| {}).unwrap();
    for step in 0..50 {
        let spikes = given(step).into_iter().map(|at| (0, 0, at)).collect();
        let stimulus = Stimulus { steps: 1, spikes, ..Stimulus::default() };
        let visit = |spike: Spike| fired.push(Spike { step, ..spike });
        if step == 0 {
            inference.run(&stimulus, visit).unwrap();
        } else {
            inference.go_on(&stimulus, visit).unwrap();
        }
        let mut read = |register, population| inference.read(register, population).unwrap();
        states.push([read(Register::U, 0), read(Register::V, 0), read(Register::U, 1), read(Register::V, 1)]);
    }
    fired.sort_unstable();
    let digest = inference.session().digest().unwrap();
    (fired, states, digest)
}
