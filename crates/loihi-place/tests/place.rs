//! A placed network computes what its equations say, however it is cut.

#![allow(clippy::unwrap_used)]

use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_net::network::Network;
use loihi_net::network::Weighted;
use loihi_net::network::{Connection, Each, Endpoint, Entry, Input, Population, Weights, size};
use loihi_place::place::{PlacementOptions, place, table};
use loihi_run::inference::{Inference, Spike, Stimulus};
use loihi_testkit::networks::{every_kind, spikes};

fn session() -> Session {
    Session::open(Box::new(InProcess::new(32 << 20)), RetryPolicy::default(), 1, || false).unwrap()
}

/// The spikes of a network by its equations: one neuron of one compartment after the other.
fn by_equations(network: &Network, stimulus: &Stimulus) -> Vec<Spike> {
    let neurons: Vec<usize> = network.populations.iter().map(Population::neurons).collect();
    let zeros = || neurons.iter().map(|neurons| vec![0_i64; *neurons]).collect::<Vec<_>>();
    let (mut u, mut v) = (zeros(), zeros());
    let mut coming = vec![zeros(); 64 + stimulus.steps as usize];
    let mut spikes = Vec::new();
    let keep = |value: i64, decay: i32| value * i64::from(4096 - decay) / 4096;
    for step in 0..stimulus.steps {
        let deliver = |coming: &mut Vec<Vec<Vec<i64>>>, from: Endpoint, source: usize, t: usize| {
            for own in network.connections.iter().filter(|own| own.from == from) {
                let shapes = [network.shape_of(from), network.shape_of(Endpoint::Population(own.to))];
                own.visit(shapes, source, |neuron, weight, delay| {
                    coming[t + delay][own.to][neuron] += 64 * i64::from(own.folded(weight));
                });
            }
        };
        for (_, input, element) in stimulus.spikes.iter().filter(|(t, ..)| *t == step) {
            deliver(&mut coming, Endpoint::Input(*input), *element, step as usize);
        }
        for (at, population) in network.populations.iter().enumerate() {
            for neuron in 0..population.neurons() {
                let profile = population.compartments[0].get(neuron).unwrap();
                u[at][neuron] = keep(u[at][neuron], profile.decay_u) + coming[step as usize][at][neuron];
                let bias = population.bias.get(neuron).unwrap().value();
                v[at][neuron] = keep(v[at][neuron], profile.decay_v) + u[at][neuron] + i64::from(bias);
                if v[at][neuron] > i64::from(profile.v_th) {
                    v[at][neuron] = 0;
                    spikes.push(Spike { step, population: at, neuron });
                    deliver(&mut coming, Endpoint::Population(at), neuron, step as usize + 1);
                }
            }
        }
    }
    spikes.sort_unstable();
    spikes
}

fn by_the_chip(network: &Network, stimulus: &Stimulus, options: PlacementOptions) -> (Vec<Spike>, usize) {
    let placed = place(network, options).unwrap();
    let mut session = session();
    let mut spikes = Vec::new();
    let mut inference = Inference::new(&mut session, network, &placed).unwrap();
    inference.run(stimulus, |spike| spikes.push(spike)).unwrap();
    spikes.sort_unstable();
    (spikes, placed.usage.len())
}

#[test]
fn every_kind_of_connection_computes_its_equation_however_it_is_cut() {
    for seed in 0..6 {
        let network = every_kind(seed);
        let stimulus = spikes(&network, 40, seed);
        let expected = by_equations(&network, &stimulus);
        assert!(expected.iter().filter(|spike| spike.population == 2).count() > 10, "seed {seed}: few spikes");
        for (options, cores) in [
            (PlacementOptions::default(), 3),
            (PlacementOptions::default().pack(true), 1),
            (PlacementOptions::default().compartments_per_core(10), 17),
            (PlacementOptions::default().compartments_per_core(1).chips(2), 161),
        ] {
            let (spikes, used) = by_the_chip(&network, &stimulus, options);
            let differs = spikes.iter().zip(&expected).find(|(a, b)| a != b);
            assert_eq!(spikes, expected, "seed {seed}, {options:?}: first difference {differs:?}");
            assert_eq!(used, cores, "{options:?}");
        }
    }
}

#[test]
fn biases_from_outside_reach_their_neurons() {
    let mut network = Network::new("bias");
    let profile = Profile { v_th: 64 * 10, ..Profile::DEFAULT };
    let a = network.population(Population::new("a", 3).profile(profile));
    let b = network.population(Population::new("b", 4).profile(profile));
    network.bias_input("b values", b);
    network.inputs.push(Input::new("a values", 3, Entry::Bias { population: 0, gain_q16: 1 << 16, offset: 0 }));
    assert_eq!((a, b), (Endpoint::Population(0), Endpoint::Population(1)));
    let placed = place(&network, PlacementOptions::default()).unwrap();
    let mut session = session();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let mut counts = |values: Vec<(usize, Vec<i32>)>| {
        let mut counts = [[0; 4]; 2];
        let stimulus = Stimulus { steps: 10, biases: values, ..Stimulus::default() };
        inference.run(&stimulus, |spike| counts[spike.population][spike.neuron] += 1).unwrap();
        counts
    };
    assert_eq!(counts(vec![(0, vec![0, 641, 321, 100]), (1, vec![0, 0, 641])]), [[0, 0, 10, 0], [0, 10, 5, 1]]);
    assert_eq!(counts(vec![(1, vec![641, 0, 0])]), [[10, 0, 0, 0], [0, 10, 5, 1]], "b keeps its biases");
}

/// Two weighted inputs, one of them for neurons of two compartments: a dendrite that passes its voltage on, and a soma.
#[test]
fn weighted_sums_reach_their_neurons() {
    let mut network = Network::new("weighted");
    let profile = Profile { v_th: 64 * 10, ..Profile::DEFAULT };
    network.population(Population::new("plain", 3).profile(profile));
    let pass = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let add = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let dendrite = Profile { v_th: 0, tree: pass, ..Profile::DEFAULT };
    let soma = Profile { v_th: 64 * 10, decay_v: 4096, tree: add, ..Profile::DEFAULT };
    let mut trees = Population::new("trees", 2).profile(soma);
    trees.compartments = vec![Each::Same(dendrite), Each::Same(soma)];
    network.population(trees);
    for (name, population, gains, offsets) in
        [("a", 0, vec![641, 0, 0, 641, 0, 0], vec![0, 0, 100]), ("b", 1, vec![0, 400, -400, 400], vec![0, 0])]
    {
        let weighted = Weighted::new(population, gains, offsets);
        network.inputs.push(Input::new(name, 2, Entry::Weighted(weighted)));
    }
    for options in [PlacementOptions::default(), PlacementOptions::default().compartments_per_core(2)] {
        let placed = place(&network, options).unwrap();
        let mut session = session();
        let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
        let mut spikes = Vec::new();
        let values = vec![(0, 0, vec![4096, 0]), (0, 1, vec![0, 4096]), (2, 0, vec![0, 4096]), (2, 1, vec![4096, 0])];
        let stimulus = Stimulus { steps: 4, values, ..Stimulus::default() };
        inference.run(&stimulus, |spike| spikes.push((spike.step, spike.population, spike.neuron))).unwrap();
        // The dendrites integrate 400 a step, the soma sees them above 640; nothing takes them back.
        let trees = [(1, 1, 0), (1, 1, 1), (2, 1, 0), (3, 1, 0)];
        let mut expected = vec![(0, 0, 0), (1, 0, 0), (2, 0, 1), (3, 0, 1)];
        expected.extend(trees);
        expected.sort_unstable();
        spikes.sort_unstable();
        assert_eq!(spikes, expected, "{options:?}");
    }
}

/// 5,000 compartments; every second one reaches a tenth of the others: more than five cores for their synapses.
#[test]
fn a_network_of_5000_compartments_is_placed_and_runs() {
    let text = "name = \"large\"\n[[input]]\nname = \"in\"\nshape = [100]\n\
        [[population]]\nname = \"all\"\nshape = [5000]\ndecay_u = 1024\ndecay_v = 256\nv_th = 300\n\
        [[connection]]\nfrom = \"in\"\nto = \"all\"\nweights = { uniform = [0, 100], density = 0.5 }\n\
        [[connection]]\nfrom = \"all\"\nto = \"all\"\nweights = { uniform = [-12, 12], density = 0.02 }\n";
    let network = loihi_net::network::file::parse(text, std::path::Path::new("large.toml")).unwrap();
    let stimulus = spikes(&network, 40, 1);
    let (spikes, cores) =
        by_the_chip(&network, &Stimulus { steps: 10, ..stimulus.clone() }, PlacementOptions::default());
    assert!(cores > 5, "{cores}");
    let expected = by_equations(&network, &Stimulus { steps: 10, ..stimulus });
    assert!(expected.len() > 1000);
    assert_eq!(spikes, expected);
}

/// Weights that are drawn with a density are placed as the matrix of all, whatever reads them: one axon a source, two, delays that
/// differ, rules.
#[test]
fn compressed_weights_are_placed_as_all_of_them() {
    for more in [
        "",
        "signs = \"split\"\n",
        "delay = 3\n",
        "wgt_exp = -5\n",
        "compartment = 1\n",
        "[connection.learning]\nrule = \"dw = 2^-2*x1*y0\"\nx1 = { impulse = 40, tau_steps = 9.0 }\n",
    ] {
        let text = format!(
            "seed = 3\nbeyond_the_chip = true\n[[population]]\nname = \"a\"\nshape = [6, 50]\n\
             [[population.compartment]]\nstack_out = \"push\"\nthreshold = \"pass_above\"\n\
             [[population.compartment]]\nv_th = 100\nstack_in = \"pop_a\"\njoin = \"add\"\n\
             [[connection]]\nfrom = \"a\"\nto = \"a\"\nkind = \"rows\"\nweights = {{ normal = 20.0, density = 0.1 }}\n\
             [[connection]]\nfrom = \"a\"\nto = \"a\"\nweights = {{ uniform = [-2, 2], density = 0.05 }}\n{more}"
        );
        let network = loihi_net::network::file::parse(&text, std::path::Path::new("net.toml")).unwrap();
        let mut expanded = network.clone();
        for connection in &mut expanded.connections {
            let Weights::Compressed(weights) = &connection.weights else { panic!("{more}") };
            connection.weights = weights.expanded();
        }
        for per_core in [1024, 40] {
            let options = PlacementOptions::default().compartments_per_core(per_core);
            let image = |network| place(network, options).unwrap().image;
            assert_eq!(image(&network).hash(), image(&expanded).hash(), "{more}, {per_core} a core");
        }
    }
}

fn refusal(network: &Network) -> String {
    place(network, PlacementOptions::default()).unwrap_err().to_string()
}

#[test]
fn what_cannot_fit_says_why_and_by_how_much() {
    let population = |name: &str, neurons| Population::new(name, neurons);
    let mut network = Network::new("many sources");
    let sources = network.population(population("sources", 5000));
    let sink = network.population(population("sink", 1));
    network.connect(Connection::new(sources, sink, vec![2; 5000]));
    let said = refusal(&network);
    assert!(said.contains("a single neuron of `sink` needs 5000 input axons, a core has 4096: let fewer"), "{said}");

    let mut network = Network::new("many neurons");
    network.population(population("small", 10));
    network.population(population("large", 200_000));
    let said = refusal(&network);
    assert!(said.contains("needs at least 197 cores, one chip has 128"), "{said}");
    assert!(said.contains("give --chips 2") && said.contains("`large` takes 196"), "{said}");
    assert!(place(&network, PlacementOptions::default().chips(2)).is_ok());

    let mut network = Network::new("odd threshold");
    let profile = Profile { v_th: 65, ..Profile::DEFAULT };
    network.population(Population::new("a", 1).profile(profile));
    assert!(refusal(&network).contains("v_th = 65"), "{}", refusal(&network));
    network.beyond_the_chip = true;
    assert!(place(&network, PlacementOptions::default()).is_ok());
}

#[test]
fn the_table_of_cores_names_parts_and_the_fullest_resource() {
    let mut network = Network::new("two");
    let input = network.input("in", 4096);
    let a = network.population(Population::new("a", 1500));
    let b = network.population(Population::new("b", 2));
    network.connect(Connection::new(input, b, vec![2; 8192]));
    network.connect(Connection::new(a, b, vec![0; 3000]));
    let placed = place(&network, PlacementOptions::default()).unwrap();
    insta::assert_snapshot!(table(&network, &placed));
    assert_eq!(size(&network.populations[0].shape), 1500);
}

/// However many cores a population takes, one program computes the weighted sums for all of them that follow each other.
#[test]
fn weighted_sums_of_many_cores_take_one_program() {
    let mut network = Network::new("wide");
    let profile = Profile { decay_v: 4096, v_th: 64, ..Profile::DEFAULT };
    let neurons = 3000;
    network.population(Population::new("a", neurons).profile(profile));
    let gains = (0..neurons).map(|neuron| i32::from(neuron % 7 == 0) * 4096).collect();
    let weighted = Weighted::new(0, gains, vec![0; neurons]);
    network.inputs.push(Input::new("values", 1, Entry::Weighted(weighted)));
    let options = PlacementOptions::default().chips(3).compartments_per_core(8);
    let placed = place(&network, options).unwrap();
    let image = placed.image.open().unwrap();
    assert_eq!((placed.usage.len(), image.snips().len()), (375, 1));
    let stimulus = Stimulus { steps: 2, values: vec![(0, 0, vec![4096])], ..Stimulus::default() };
    let (spikes, _) = by_the_chip(&network, &stimulus, options);
    let fired: Vec<usize> = spikes.iter().filter(|spike| spike.step == 0).map(|spike| spike.neuron).collect();
    assert_eq!(fired, (0..neurons).step_by(7).collect::<Vec<_>>());
}
