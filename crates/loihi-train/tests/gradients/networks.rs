//! Small networks that together have every kind of connection and of neuron that is trained.

use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::{BiasExponent, BiasMantissa, Delay, WeightExponent, word};
use loihi_net::network::{
    Bias, Connection, Conv2d, Each, Endpoint, Network, Pool2d, Population, ReadBy, SparseSynapse, Weights,
};

/// Steps of the longest sample.
pub(crate) const STEPS: u32 = 9;

/// A neuron of moderate memory and threshold.
pub(crate) const PLAIN: Profile = Profile { decay_u: 1500, decay_v: 600, v_th: 50 << 6, ..Profile::DEFAULT };

/// Uniform in ±1.
pub(crate) fn drawn(a: usize, b: usize) -> f64 {
    f64::from(word(5, u32::try_from(a).unwrap(), u32::try_from(b).unwrap(), 0).cast_signed()) / 2_147_483_648.0
}

/// Even mantissas within ±80.
fn weights(count: usize, own: usize) -> Vec<i16> {
    (0..count).map(|at| (drawn(at, own) * 40.0) as i16 * 2).collect()
}

fn delays<const N: usize>(steps: [i32; N]) -> Each<Delay> {
    steps.map(Delay::saturating).to_vec().into()
}

/// Neurons of two profiles by turns, two of each.
pub(crate) fn of_two_profiles() -> Population {
    let other = Profile { decay_u: 2500, decay_v: 200, v_th: 70 << 6, ..PLAIN };
    Population::new("hidden", 4).profile(Each::of(vec![PLAIN, other, PLAIN, other]))
}

/// Two layers that reach each other and themselves, one of which the input reaches by two ways, and delays.
pub(crate) fn layers(hidden: Population) -> Network {
    let mut network = Network::new("layers").steps(STEPS);
    let input = network.input("in", 3);
    let hidden = network.population(hidden);
    let out = network.population(Population::new("out", 2).decay_u(4096).decay_v(300).v_th(40));
    network.connect(Connection::new(input, hidden, weights(12, 1)));
    let exponent = WeightExponent::saturating(1);
    network.connect(Connection::new(hidden, out, weights(8, 2)).delay(Delay::saturating(1)).wgt_exp(exponent));
    network.connect(Connection::new(input, out, weights(6, 3)).delay(delays([2, 0, 3])));
    // A circle of its own, and one of two, with delays of each source.
    network.connect(Connection::new(hidden, hidden, weights(16, 4)));
    network.connect(Connection::new(out, hidden, weights(8, 5)).delay(delays([1, 2])));
    // Of few spikes, which have a product of their own.
    let rare = network.input("rare", 8);
    network.connect(Connection::new(rare, hidden, weights(32, 6)));
    network.read(out, ReadBy::Spikes);
    network
}

/// The layers, whose hidden neurons have biases and start from a voltage.
pub(crate) fn driven_layers() -> Network {
    let bias = |mantissa| Bias::new(BiasMantissa::saturating(mantissa), BiasExponent::saturating(0));
    let biases = [90, -40, 0, 200].map(bias).to_vec();
    layers(of_two_profiles().bias(biases).v_start(vec![1500, -700, 0, 2000]))
}

/// Whose the delays of single synapses are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SparseDelays {
    Synapses,
    Connection,
}

/// The kinds of connections: convolutions with stride, padding, groups and dilation, a pool behind them, single synapses with
/// delays, and each to its own.
pub(crate) fn windows(sparse: SparseDelays) -> Network {
    let plain = |name: &str, shape: &[usize]| Population::new(name, shape).profile(PLAIN);
    let mut network = Network::new("windows").steps(STEPS);
    let input = network.input("in", [2, 4, 3]);
    let maps = network.population(plain("maps", &[4, 2, 2]));
    let pooled = network.population(plain("pooled", &[4, 1, 2]).v_th(20));
    let out = network.population(plain("out", &[2]));
    let strided = Conv2d::new([4, 1, 3, 2], weights(24, 11)).stride([2, 1]).padding([1, 0]).groups(2);
    network.connect(Connection::new(input, maps, strided));
    let dilated = Conv2d::new([4, 2, 2, 2], weights(32, 14)).stride([1, 2]).padding([0, 1]).dilation([2, 1]);
    network.connect(Connection::new(input, maps, dilated));
    network.connect(Connection::new(maps, pooled, Pool2d::new([2, 1], 40)));
    network.connect(Connection::new(pooled, out, weights(16, 12)));
    let steps = |source: usize| u8::try_from(source / 3 % 3).unwrap() + 1;
    let synapse = |(at, weight): (usize, i16)| {
        let source = at / 2 * 3;
        let delay = if sparse == SparseDelays::Synapses { steps(source) } else { 0 };
        SparseSynapse { source, neuron: at % 2, weight, delay }
    };
    let synapses: Vec<SparseSynapse> = weights(8, 13).into_iter().enumerate().map(synapse).collect();
    let mut single = Connection::new(maps, out, synapses);
    if sparse == SparseDelays::Connection {
        single.delay = Each::of((0..16).map(|source| Delay::saturating(steps(source).into())).collect());
    }
    network.connect(single);
    network.connect(Connection::new(out, out, Weights::OneToOne(Each::of(vec![-30, 44]))));
    network.read(out, ReadBy::Spikes);
    network
}

/// Two convolutions, the last of which has three classes for each pixel.
pub(crate) fn maps() -> Network {
    let plain = |name: &str, shape: &[usize]| Population::new(name, shape).profile(PLAIN);
    let mut network = Network::new("maps").steps(STEPS);
    let input = network.input("in", [2, 3, 3]);
    let hidden = network.population(plain("hidden", &[2, 2, 2]));
    let out = network.population(plain("out", &[3, 2, 2]));
    network.connect(Connection::new(input, hidden, Conv2d::new([2, 2, 2, 2], weights(16, 31))));
    network.connect(Connection::new(hidden, out, Conv2d::new([3, 2, 1, 1], weights(6, 32))));
    network.read(out, ReadBy::Spikes);
    network
}

/// The layers with hidden neurons whose somas join compartments in every way that is no sum.
pub(crate) fn joins() -> Vec<Network> {
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    let leaf = Profile { v_th: 8_000_000, tree: push, ..PLAIN };
    let soma = |stack_in, join| Profile { tree: Tree { stack_in, join, ..Tree::NONE }, ..PLAIN };
    // Its threshold opens and shuts the gate.
    let gate = Profile { v_th: 900, tree: Tree { threshold: ThresholdMode::PassAbove, ..push }, ..PLAIN };
    let with = |join| vec![Profile { decay_v: 1500, ..leaf }, soma(StackIn::PopA, join)];
    let gated = |join| vec![leaf, gate, soma(StackIn::PopAAndB, join)];
    let kinds = [
        with(Join::Max),
        with(Join::Min),
        with(Join::Or),
        with(Join::And),
        vec![leaf, Profile { decay_u: 3000, ..leaf }, soma(StackIn::PopAAndB, Join::Max)],
        vec![leaf, soma(StackIn::PopB, Join::Min)],
        vec![gate, soma(StackIn::PopA, Join::Pass)],
        gated(Join::Pass),
        gated(Join::Block),
        vec![
            leaf,
            Profile { tree: Tree { stack_in: StackIn::PopA, join: Join::Max, ..push }, ..leaf },
            soma(StackIn::PopA, Join::Add),
        ],
    ];
    let network = |compartments: Vec<Profile>| {
        let last = compartments.len() - 1;
        // No two operands are equal, and what `and` hands on does not begin at 0.
        let mantissa = if compartments[last].tree.join == Join::And { -90 } else { 90 };
        let bias = Bias::new(BiasMantissa::saturating(mantissa), BiasExponent::saturating(0));
        let each: Vec<Each<Profile>> = compartments.into_iter().map(Each::Same).collect();
        let mut network = layers(Population::new("hidden", 4).compartments(each).bias(bias));
        // The input enters the soma, or the compartment before it; others the first one.
        network.connections[0].compartment = last;
        network.connections[3].compartment = last.min(1);
        network
    };
    kinds.into_iter().map(network).collect()
}

/// The layers with hidden neurons of several compartments: a current behind another one, a threshold that adapts, a reset by
/// subtraction, a voltage that saturates, a chain, and two that the soma adds.
pub(crate) fn trees() -> Vec<Network> {
    let adds = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let adds_both = Tree { stack_in: StackIn::PopAAndB, ..adds };
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    let adapts = Tree { stack_out: StackOut::PushU, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let integrates = Tree { threshold: ThresholdMode::PassAbove, ..push };
    let saturates = Tree { threshold: ThresholdMode::PassAboveAndSaturate, ..push };
    let relays = Tree { stack_out: StackOut::Push, ..adds };
    // Its threshold is out of reach.
    let leaf = Profile { v_th: 8_000_000, ..PLAIN };
    let at_once = Profile { decay_u: 4096, decay_v: 4096, tree: adds, ..PLAIN };
    let soma = Profile { tree: adds, ..PLAIN };
    // By the compartments, the one that the input enters. With an adaptation it is the soma.
    let kinds = [
        (vec![Profile { tree: push, ..leaf }, soma], 0),
        (vec![Profile { decay_u: 40, decay_v: 4096, tree: adapts, ..PLAIN }, soma], 1),
        // Above 0, where a voltage waits for its first spike: there it is not smooth.
        (vec![Profile { v_th: 64, tree: integrates, ..PLAIN }, at_once], 0),
        (vec![Profile { v_th: 900, tree: saturates, ..PLAIN }, at_once], 0),
        (vec![Profile { tree: push, ..leaf }, Profile { decay_v: 2000, tree: relays, ..leaf }, soma], 1),
        (
            vec![
                Profile { tree: push, ..leaf },
                Profile { decay_u: 800, tree: push, ..leaf },
                Profile { tree: adds_both, ..PLAIN },
            ],
            1,
        ),
    ];
    let network = |(compartments, entered): (Vec<Profile>, usize)| {
        let each: Vec<Each<Profile>> = compartments.into_iter().map(Each::Same).collect();
        let mut network = layers(Population::new("hidden", 4).compartments(each));
        let own = Endpoint::Population(0);
        network.connect(Connection::new(own, own, Weights::OneToOne(Each::Same(-20))).compartment(0));
        network.connections[0].compartment = entered;
        network
    };
    kinds.into_iter().map(network).collect()
}
