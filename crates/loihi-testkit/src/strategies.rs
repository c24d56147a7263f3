//! Networks, stimuli and images for property tests with `proptest` (feature `strategies`).
//!
//! ```
//! use loihi_device::inproc::InProcess;
//! use loihi_run::runner::Runner;
//! use loihi_testkit::strategies::shown_networks;
//! use proptest::prelude::*;
//!
//! proptest!(ProptestConfig::with_cases(4), |((network, stimulus) in shown_networks())| {
//!     let mut runner = Runner::new(network, InProcess::default()).unwrap();
//!     let spikes = runner.run(&stimulus).unwrap();
//!     prop_assert_eq!(runner.run(&stimulus).unwrap(), spikes);
//! });
//! ```

use crate::{images, networks};
use loihi_image::image::ImageFile;
use loihi_net::network::{Connection, Network, Population, SparseSynapse};
use loihi_run::inference::Stimulus;
use proptest::collection::vec;
use proptest::prelude::*;

/// Most neurons of a population.
const NEURONS_MAX: usize = 12;

/// Networks of up to four populations, sparsely connected, with delays and loops, and those of [`networks::every_kind`].
pub fn networks() -> impl Strategy<Value = Network> {
    prop_oneof![3 => sparse_networks(), 1 => any::<u32>().prop_map(networks::every_kind)]
}

/// The same with something to show them.
pub fn shown_networks() -> impl Strategy<Value = (Network, Stimulus)> {
    (networks(), 1_u32..60, any::<u32>()).prop_map(|(network, steps, seed)| {
        let stimulus = networks::spikes(&network, steps, seed);
        (network, stimulus)
    })
}

/// Images with much of what a chip has: see [`images::remembering`].
pub fn images() -> impl Strategy<Value = ImageFile> {
    any::<u32>().prop_filter_map("it was not built", |seed| images::remembering(seed).ok())
}

fn sparse_networks() -> impl Strategy<Value = Network> {
    let population = (1..=NEURONS_MAX, 0..4096_i32, 0..4096_i32, 1..100_i32);
    let synapse = (0..NEURONS_MAX, 0..NEURONS_MAX, -128..128_i16, 0..20_u8);
    let connection = (0..5_usize, 0..4_usize, vec(synapse, 0..60));
    (1..=NEURONS_MAX, vec(population, 1..=4), vec(connection, 1..=6)).prop_map(|(inputs, populations, connections)| {
        let mut network = Network::new("sparse");
        let input = network.input("in", inputs);
        let mut ends = vec![(input, inputs)];
        for (number, (neurons, decay_u, decay_v, v_th)) in populations.into_iter().enumerate() {
            let population = Population::new(format!("p{number}"), neurons);
            let added = network.population(population.decay_u(decay_u).decay_v(decay_v).v_th(v_th));
            ends.push((added, neurons));
        }
        for (from, to, synapses) in connections {
            let (from, sources) = ends[from % ends.len()];
            let (to, neurons) = ends[1 + to % (ends.len() - 1)];
            network.connect(Connection::new(from, to, fitting(synapses, sources, neurons)));
        }
        network
    })
}

/// Synapses between the elements that there are, ascending, each once.
fn fitting(synapses: Vec<(usize, usize, i16, u8)>, sources: usize, neurons: usize) -> Vec<SparseSynapse> {
    let fit = |(source, neuron, weight, delay): (usize, usize, i16, u8)| SparseSynapse {
        source: source % sources,
        neuron: neuron % neurons,
        weight: 2 * (weight / 2),
        delay,
    };
    let mut synapses: Vec<SparseSynapse> = synapses.into_iter().map(fit).collect();
    synapses.sort_unstable();
    synapses.dedup_by_key(|synapse| (synapse.source, synapse.neuron));
    synapses
}
