//! A network gives the same bits on one core and on many.

use crate::common;
use crate::plan::{Link, Plan, draw, first_difference, random_inputs, trace};
use host_harness::image::Source;
use loihi_core::image::{Homeostasis, Join, Noise, NoiseAt, Profile, StackIn, StackOut, ThresholdMode, Tree};

const LIF: Profile = Profile { decay_u: 600, decay_v: 250, v_th: 6400, refractory: 2, ..Profile::DEFAULT };

/// Compartments, neurons and external inputs of the network.
const COMPARTMENTS: u32 = 256;
const NEURONS: usize = 14 * 16;
const INPUTS: u32 = 16;

/// Sixteen compartments of fourteen neurons: plain ones, some with noise, some with homeostasis, two of two
/// compartments.
fn sixteen() -> Vec<Vec<Profile>> {
    let noise = Some(Noise { at: NoiseAt::Voltage, exponent: 9, offset: 1 });
    let homeostasis = Homeostasis { gain: 2, a_min: 3, a_max: 9, impulse: 7, decay: 150, epoch_steps: 5 };
    let dendrite = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let soma = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let mut neurons = vec![vec![LIF]; 7];
    neurons.extend(vec![vec![Profile { noise, ..LIF }]; 2]);
    neurons.extend(vec![vec![Profile { homeostasis: Some(homeostasis), ..LIF }]; 3]);
    neurons.extend(vec![vec![Profile { tree: dendrite, v_th: 1280, ..LIF }, Profile { tree: soma, ..LIF }]; 2]);
    neurons
}

/// Random synapses among all compartments, about 20 from each, and from the inputs.
fn links() -> Vec<Link> {
    let mut links = Vec::new();
    for from in 0..COMPARTMENTS + INPUTS {
        let recurrent = from < COMPARTMENTS;
        let source = if recurrent { Source::Compartment(from) } else { Source::Input(from - COMPARTMENTS) };
        for at in 0..20 {
            let target = draw(0, 255, [1, from, at]).unsigned_abs();
            let delay = draw(0, 62, [2, from, at]).unsigned_abs() as usize;
            let weight = if recurrent { draw(-40, 60, [3, from, at]) } else { draw(0, 120, [3, from, at]) };
            links.push(Link { source, target, delay, weight: i16::try_from(weight).unwrap() });
        }
    }
    links
}

fn network(seed: u32) -> Plan {
    let neurons = (0..16).flat_map(|_| sixteen()).collect();
    let biases = (0..COMPARTMENTS).map(|at| draw(-100, 700, [4, at, 0])).collect();
    Plan { seed, neurons, biases, inputs: INPUTS, links: links() }
}

fn input_spikes() -> Vec<Vec<usize>> {
    (0..500).map(|t| random_inputs(INPUTS, 6, t)).collect()
}

#[test]
fn the_partition_into_cores_does_not_matter() {
    let (network, spikes) = (network(3), input_spikes());
    let whole = trace(network.whole(), &spikes);
    let equal = [2, 4, 16].map(|cores| vec![NEURONS / cores; cores]);
    let unequal = [vec![1, NEURONS - 1], vec![3, 100, 0, 21, NEURONS - 124], vec![1; NEURONS]];
    for cut in equal.into_iter().chain(unequal) {
        let difference = first_difference(&whole, &trace(network.cut(&cut), &spikes));
        assert_eq!(difference, None, "{} cores: first step and register that differ", cut.len());
    }
}

/// What is compared is worth it: compartments fire, but not all the time, and another network differs.
#[test]
fn the_network_is_alive() {
    let spikes = input_spikes();
    let mut chip = common::chip::Running::new(network(3).whole());
    let per_step: Vec<usize> = spikes
        .iter()
        .map(|inputs| {
            for input in inputs {
                chip.inject(*input);
            }
            chip.step().len()
        })
        .collect();
    let total: usize = per_step.iter().sum();
    assert!((500 * 3..500 * 100).contains(&total), "{total} spikes in 500 steps");
    assert!(per_step.last() > Some(&0), "no spike in step 499");
    let (a, b) = (trace(network(3).whole(), &spikes), trace(network(4).whole(), &spikes));
    assert!(first_difference(&a, &b).is_some(), "noise of another seed differs");
}
