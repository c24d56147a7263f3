//! Periodic resets: as the equations say, however a run is cut, and counted from the start of a sample.

use crate::common::open_host;
use crate::common::resets::{RESETS, follow, given, network};
use host_harness::network::Weights;
use host_harness::network::file::parse;
use host_harness::place::PlacementOptions;
use std::path::Path;

/// Every current, voltage and spike of the plain population.
#[test]
fn currents_and_voltages_return_to_0_before_a_step_of_the_interval() {
    let network = network();
    let Weights::Compressed(drawn) = &network.connections[0].weights else { panic!("weights with a density") };
    let Weights::Dense(weights) = drawn.expanded() else { panic!("weights of all pairs") };
    let (spikes, states, _) = follow(&network, PlacementOptions::default(), &mut open_host());
    let (mut u, mut v) = (vec![0_i32; 40], vec![0_i32; 40]);
    let mut wanted = Vec::new();
    for (step, [found_u, found_v, ..]) in (0..).zip(&states) {
        for neuron in 0..40 {
            if step % 7 == 3 {
                (u[neuron], v[neuron]) = (0, 0);
            }
            let sum: i32 = given(step).iter().map(|at| 64 * i32::from(weights[8 * neuron + at])).sum();
            u[neuron] = u[neuron] * (4096 - 500) / 4096 + sum;
            v[neuron] = v[neuron] * (4096 - 100) / 4096 + u[neuron] + 3 * 64;
            if v[neuron] > 400 * 64 {
                v[neuron] = 0;
                wanted.push((step, neuron));
            }
        }
        assert_eq!((found_u, found_v), (&u, &v), "step {step}");
    }
    let found: Vec<_> =
        spikes.iter().filter(|spike| spike.population == 0).map(|spike| (spike.step, spike.neuron)).collect();
    assert_eq!(found, wanted);
    assert!(wanted.len() > 50, "{} spikes", wanted.len());
}

/// The same bits on one core and on many, packed or not; other ones than without resets.
#[test]
fn populations_are_reset_wherever_their_parts_are() {
    let network = network();
    let whole = follow(&network, PlacementOptions::default(), &mut open_host());
    for (compartments_per_core, pack) in [(6, false), (6, true), (1024, true)] {
        let options = PlacementOptions::default().pack(pack).compartments_per_core(compartments_per_core);
        let (spikes, states, _) = follow(&network, options, &mut open_host());
        assert_eq!((&spikes, &states), (&whole.0, &whole.1), "{options:?}");
    }
    for (line, population) in
        [("reset_interval_steps = 7\nreset_offset_steps = 3\n", 0), ("reset_interval_steps = 5\n", 1)]
    {
        let other = parse(&RESETS.replace(line, ""), Path::new("other.toml")).unwrap();
        let (_, states, _) = follow(&other, PlacementOptions::default(), &mut open_host());
        let of =
            |states: &[[Vec<i32>; 4]]| states.iter().map(|state| state[2 * population + 1].clone()).collect::<Vec<_>>();
        assert_ne!(of(&states), of(&whole.1), "population {population} is not reset");
    }
}
