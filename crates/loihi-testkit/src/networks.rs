//! Small networks, and what to show them.

use loihi_core::image::Profile;
use loihi_core::num::{Delay, WeightExponent, word};
use loihi_net::network::{
    Connection, Conv2d, Each, Entry, Learning, Network, Pool2d, Population, ReadBy, Signs, SparseSynapse, TraceShape,
    Weights, nearest_bias, size,
};
use loihi_run::inference::Stimulus;

/// One neuron for each class, which spikes with the element of the input of the same number; the answer is the class with
/// most spikes.
pub fn relays(classes: usize) -> Network {
    let mut network = Network::new("relays");
    let input = network.input("in", classes);
    let relays = network.population(Population::new("relays", classes).v_th(1));
    network.connect(Connection::new(input, relays, Weights::OneToOne(Each::Same(100))));
    network.read(relays, ReadBy::Spikes);
    network
}

/// The same with weights that grow with every spike that a neuron answers.
pub fn learning_relays(classes: usize) -> Network {
    let mut network = relays(classes);
    for connection in &mut network.connections {
        connection.learning = Some(Learning::new("dw = 2^-3*x1*y0").x1(TraceShape::new(100, 4000)));
    }
    network
}

/// An image, a convolution, a pool, a layer with delays, sparse synapses back to itself; everything of every kind.
pub fn every_kind(seed: u32) -> Network {
    let draw = |purpose: u32, at: usize, values: u8| {
        let drawn = word(seed, purpose, u32::try_from(at).unwrap_or(u32::MAX), 0) % u32::from(values);
        u8::try_from(drawn).unwrap_or(u8::MAX)
    };
    let weight = |purpose, at| i16::from(draw(purpose, at, 61)) - 25;
    let even = |purpose, at| 2 * (weight(purpose, at) / 2);
    let mut network = Network::new("of every kind").seed(seed);
    let image = network.input("image", [2, 6, 7]);
    let profile = |v_th| Profile { decay_u: 2048, decay_v: 300, v_th, ..Profile::DEFAULT };
    let conv = network.population(Population::new("conv", [3, 6, 7]).profile(profile(64 * 30)));
    let pool = network.population(Population::new("pool", [3, 3, 3]).profile(profile(64 * 10)));
    let mut own = Population::new("out", 8).profile(profile(64 * 40));
    own.compartments = vec![Each::of((0..8).map(|at| Profile { decay_v: 100 * at, ..profile(64 * 40) }).collect())];
    own.bias = Each::of((0..8).map(|at| nearest_bias(f64::from(at) * 90.0)).collect());
    let out = network.population(own);
    let weights = (0..3 * 2 * 9).map(|at| even(1, at)).collect();
    network.connect(Connection::new(image, conv, Conv2d::new([3, 2, 3, 3], weights).padding([1, 1])));
    network.connect(Connection::new(conv, pool, Pool2d::new([2, 2], 24)));
    let weights: Vec<i16> = (0..8 * 27).map(|at| weight(2, at)).collect();
    let delays: Vec<Delay> = (0..27).map(|at| Delay::saturating(i32::from(draw(3, at, 9)))).collect();
    let dense = Connection::new(pool, out, weights).signs(Signs::Split).wgt_exp(WeightExponent::saturating(1));
    network.connect(dense.delay(delays));
    let mut synapses: Vec<SparseSynapse> = (0..40)
        .map(|at| SparseSynapse {
            source: usize::from(draw(4, at, 8)),
            neuron: usize::from(draw(5, at, 8)),
            weight: even(6, at),
            delay: draw(7, at, 20),
        })
        .collect();
    synapses.sort_unstable();
    network.connect(Connection::new(out, out, synapses));
    network.connect(Connection::new(out, out, Weights::OneToOne(Each::Same(-100))));
    network
}

/// Random spikes for all inputs of spikes: each element in one of five steps.
pub fn spikes(network: &Network, steps: u32, seed: u32) -> Stimulus {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let inputs = network.inputs.iter().enumerate().filter(|(_, input)| input.entry == Entry::Spikes);
    let spikes = inputs.flat_map(|(at, input)| {
        let fires = move |step, element| word(seed, 8 + number(at), step, number(element)).is_multiple_of(5);
        let elements = move |step| {
            (0..size(&input.shape)).filter(move |element| fires(step, *element)).map(move |element| (step, at, element))
        };
        (0..steps).flat_map(elements)
    });
    Stimulus::new(steps).spikes(spikes)
}
