//! Random networks: every spike of the trainer's forward pass is one of the emulator, and the other way round; and scores are the
//! same, also where delays, decays and thresholds have moved with the weights.

#![allow(clippy::unwrap_used)]

use loihi_adjoint::arithmetic::{Derivatives, Reset};
use loihi_adjoint::surrogate::Surrogate;
use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::{BiasExponent, BiasMantissa, Delay, WeightExponent};
use loihi_device::inproc::InProcess;
use loihi_net::network::{
    Bias, Connection, Each, Endpoint, Entry, Input, Network, Population, ReadBy, Readout, Section, Signs, Weighted,
    Weights,
};
use loihi_run::inference::Stimulus;
use loihi_run::runner::Runner;
use loihi_train::batch::Batch;
use loihi_train::layers::Model;
use loihi_train::pass::Workspace;
use loihi_train::readout::Shown;
use loihi_train::settings::TrainForm;
use proptest::prelude::*;
use proptest::sample::select;

/// Registers of a population.
fn profile() -> impl Strategy<Value = Profile> {
    (0..=4096, 0..=4096, 0..60_i32, 1..5_i32, select(vec![None, Some(900), Some(40_000)])).prop_map(
        |(decay_u, decay_v, v_th, refractory, limit)| {
            let (v_min, v_max) = limit.map_or((Profile::DEFAULT.v_min, Profile::DEFAULT.v_max), |v| (-v, v));
            Profile { decay_u, decay_v, v_th: v_th << 6, v_min, v_max, refractory, ..Profile::DEFAULT }
        },
    )
}

/// Every join.
const JOINS: [Join; 8] = [Join::Skip, Join::Add, Join::Max, Join::Min, Join::Pass, Join::Block, Join::Or, Join::And];

/// Neurons of one compartment, or of two or three: a current behind another one, a threshold that adapts, a reset by subtraction,
/// and both.
fn of_kind(kind: u8, soma: Vec<Profile>) -> Vec<Each<Profile>> {
    let changed = |change: &dyn Fn(&mut Profile)| {
        let each = soma.iter().map(|profile| {
            let mut own = *profile;
            change(&mut own);
            own
        });
        Each::of(each.collect())
    };
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    let adds = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let current = |own: &mut Profile| (own.v_th, own.tree) = (8_000_000, push);
    let adapts = |own: &mut Profile| {
        let tree = Tree { stack_out: StackOut::PushU, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
        (own.decay_v, own.tree) = (4096, tree);
    };
    let spikes = |own: &mut Profile| own.tree = adds;
    let thresholds = |own: &mut Profile| (own.decay_u, own.decay_v, own.tree) = (4096, 4096, adds);
    match kind {
        1 => vec![changed(&current), changed(&spikes)],
        2 => vec![changed(&adapts), changed(&spikes)],
        3 => {
            let integrates = |own: &mut Profile| {
                (own.v_th, own.tree) = (0, Tree { threshold: ThresholdMode::PassAbove, ..push });
            };
            vec![changed(&integrates), changed(&thresholds)]
        }
        4 => {
            let between = Tree { threshold: ThresholdMode::PassAboveAndSaturate, ..adds };
            let between = Tree { stack_out: StackOut::Push, ..between };
            vec![changed(&current), changed(&|own| own.tree = between), changed(&thresholds)]
        }
        5.. => {
            // Two that reset or pass, and a soma that joins both.
            let (join, number) = (JOINS[usize::from(kind - 5) % JOINS.len()], usize::from(kind - 5) / JOINS.len());
            let threshold = [ThresholdMode::SpikeAndReset, ThresholdMode::PassAbove][number % 2];
            let pushes = |own: &mut Profile| own.tree = Tree { threshold, ..push };
            let soma = |own: &mut Profile| own.tree = Tree { stack_in: StackIn::PopAAndB, join, ..Tree::NONE };
            vec![changed(&current), changed(&pushes), changed(&soma)]
        }
        _ => vec![Each::of(soma)],
    }
}

/// A connection between ends of these sizes; large exponents make sums wrap.
fn connection(from: Endpoint, to: Endpoint, sizes: [usize; 2]) -> impl Strategy<Value = Connection> {
    let signs = select(vec![Signs::Mixed, Signs::Split, Signs::Excitatory, Signs::Inhibitory]);
    let delays = prop::collection::vec(0..4, 1..=2);
    let weights = prop::collection::vec(-128_i16..128, sizes[0] * sizes[1]);
    let parts = (signs, -3..=7, select(vec![3_u32, 6, 8]), delays, weights);
    parts.prop_map(move |(signs, exponent, bits, delays, weights)| {
        let own = |weight: i16| match signs {
            Signs::Mixed => weight * 2,
            Signs::Split => weight,
            Signs::Excitatory => weight.abs(),
            Signs::Inhibitory => -weight.abs(),
        };
        Connection::new(from, to, weights.into_iter().map(own).collect::<Vec<i16>>())
            .signs(signs)
            .wgt_exp(WeightExponent::saturating(exponent))
            .weight_bits(bits)
            .delay(Each::of((0..sizes[0]).map(|source| Delay::saturating(delays[source % delays.len()])).collect()))
    })
}

/// An input of spikes, one of biases and one of sums, and three populations, the last of which answers; some reach themselves.
fn network() -> impl Strategy<Value = Network> {
    let sizes = (1..6_usize, 1..6_usize, 1..6_usize, 1..4_usize);
    let profiles = prop::collection::vec(profile(), 3);
    let by = select(vec![ReadBy::Spikes, ReadBy::FirstSpike, ReadBy::Voltage]);
    let readout = (by, 0..4_u32, select(vec![0, 0, 1, 2, 5]));
    let neurons = (profiles, -60..60_i32, any::<bool>());
    let kind = prop_oneof![0..5_u8, 5..21_u8];
    (sizes, neurons, kind, readout).prop_flat_map(
        |(sizes, (profiles, bias, by_each), kind, (by, skip, window_steps))| {
            let (inputs, first, second, last) = sizes;
            let mut network = Network::new("random").steps(12).beyond_the_chip();
            let spikes = network.input("spikes", inputs);
            let mut ends = Vec::new();
            for (number, (size, profile)) in [first, second, last].into_iter().zip(&profiles).enumerate() {
                let other = Profile { v_th: profile.v_th + 640, ..*profile };
                let each =
                    (0..size).map(|at| if by_each && at % 2 == 1 { other } else { *profile }).collect::<Vec<_>>();
                let mantissa = BiasMantissa::saturating(bias);
                let bias = Each::Same(Bias { mantissa, exponent: BiasExponent::saturating(2) });
                let own = Population::new(format!("p{number}"), size).bias(bias);
                let own = if number == 1 { own.compartments(of_kind(kind, each)) } else { own.profile(Each::of(each)) };
                ends.push(network.population(own));
            }
            network.bias_input("biases", ends[0]);
            let gains = (0..3 * second).map(|at| i32::try_from(at * 37 % 4000).unwrap() - 1500).collect();
            let sums = Weighted::new(1, gains, vec![-20; second]).exponent(BiasExponent::saturating(1));
            network.add_input(Input::new("sums", 3, Entry::Weighted(sums)));
            network.readout = Some(Readout::new(ends[2], by).skip_steps(skip).window_steps(window_steps));
            network.run.train = Some(Section::default());
            let connections = (
                connection(spikes, ends[0], [inputs, first]),
                connection(spikes, ends[2], [inputs, last]),
                connection(ends[0], ends[1], [first, second]),
                connection(ends[1], ends[2], [second, last]),
                connection(ends[0], ends[2], [first, last]),
                connection(ends[1], ends[1], [second, second]),
                connection(ends[2], ends[0], [last, first]),
            );
            (connections, 5..=7_usize).prop_map(move |((a, b, c, d, e, f, g), count)| {
                let mut network = network.clone();
                // Without circles, with one of a population, and with one of all.
                [a, b, c, d, e, f, g].into_iter().take(count).for_each(|own| network.connect(own));
                if kind > 1 {
                    // What a spike does to a neuron's own leaf.
                    let weights = Weights::OneToOne(Each::Same(if kind == 2 { -6 } else { -90 }));
                    network.connect(Connection::new(ends[1], ends[1], weights).compartment(0));
                    let entered = if kind > 4 { kind % 3 } else { u8::from(kind == 2) };
                    network.connections[2].compartment = entered.into();
                }
                network
            })
        },
    )
}

fn stimuli(network: &Network) -> impl Strategy<Value = Vec<Stimulus>> + use<> {
    let (inputs, first) = (network.inputs[0].shape[0], network.populations[0].neurons());
    let spikes = prop::collection::btree_set((0..12_u32, 0..inputs), 0..30);
    let biases = prop::collection::vec(-300..900_i32, first);
    let values = prop::collection::vec((0..12_u32, prop::collection::vec(-4096..4096_i16, 3)), 1..4);
    prop::collection::vec((8..13_u32, spikes, biases, values), 1..4).prop_map(|all| {
        let one = |(steps, spikes, biases, values)| {
            let spikes: std::collections::BTreeSet<(u32, usize)> = spikes;
            let values: Vec<(u32, Vec<i16>)> = values;
            let spikes = spikes.into_iter().filter(|(at, _)| *at < steps).map(|(at, element)| (at, 0, element));
            let mut stimulus = Stimulus::new(steps).spikes(spikes).biases(1, biases);
            // Values of a step hold from it on; the first ones from the start.
            for (number, (at, own)) in values.into_iter().enumerate() {
                stimulus = stimulus.values(if number == 0 { 0 } else { at }, 2, own);
            }
            stimulus
        };
        all.into_iter().map(one).collect()
    })
}

/// By sample: step, population and neuron of every spike, and the score of every class.
type Answers = Vec<(Vec<(usize, usize, usize)>, Vec<i64>)>;

fn of_trainer(model: &Model, network: &Network, stimuli: &[Stimulus], derivatives: Option<Derivatives>) -> Answers {
    let batch = Batch::new(network, stimuli.to_vec());
    let mut workspace = Workspace::default();
    // A workspace that has seen another batch computes the same.
    workspace.forward(model, &Batch::new(network, vec![Stimulus::new(3)]), None);
    workspace.forward(model, &batch, derivatives);
    let mut all = vec![(Vec::new(), Vec::new()); stimuli.len()];
    let readout = workspace.trail(model.readout.population());
    for (sample, (spikes, scores)) in all.iter_mut().enumerate() {
        for step in 0..batch.lengths[sample] {
            for (place, population) in network.populations.iter().enumerate() {
                let n = population.neurons();
                let row = (step * batch.samples + sample) * n;
                let own = &workspace.trail(place).spikes[row..row + n];
                spikes.extend((0..n).filter(|neuron| own[*neuron] > 0.0).map(|neuron| (step, place, neuron)));
            }
        }
        let shown = Shown { spikes: &readout.spikes, voltages: &readout.voltages };
        *scores = model.readout.scores(&batch, sample, shown);
    }
    all
}

fn of_emulator(network: &Network, stimuli: &[Stimulus]) -> Answers {
    let mut runner = Runner::new(network.clone(), InProcess::default()).unwrap();
    let run = |stimulus: &Stimulus| {
        let spikes = runner.run(stimulus).unwrap();
        let mut spikes: Vec<_> =
            spikes.into_iter().map(|spike| (spike.step as usize, spike.population, spike.neuron)).collect();
        spikes.sort_unstable();
        (spikes, runner.scores(stimulus).unwrap())
    };
    stimuli.iter().map(run).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_spike_and_every_score_is_that_of_the_emulator(
        (network, stimuli) in network().prop_flat_map(|network| {
            let stimuli = stimuli(&network);
            (Just(network), stimuli)
        }),
        derivatives in proptest::option::of(select(vec![
            Derivatives { surrogate: Surrogate::Arctan, width: 0.5, damping: 0.7, reset: Reset::ThroughSpike },
            Derivatives { surrogate: Surrogate::Exponential, width: 0.5, damping: 0.7, reset: Reset::Passes },
            Derivatives { surrogate: Surrogate::LastSpike, width: 9.0, damping: 0.3, reset: Reset::Stops },
        ])),
        keys in select(vec![
            "",
            "delay = { rate = 1.0 }",
            "delay = { rate = 1.0, into = [\"p1\"] }\ndecay_u = { rate = 1.0 }\ndecay_v = { rate = 1.0 }\nv_th = { rate = 1.0 }\nbias = { rate = 1.0 }",
        ]),
        moves in prop::collection::vec(-6.0..6.0_f32, 7),
    ) {
        let mut model = Model::new(&network, &toml::from_str::<TrainForm>(keys).unwrap()).unwrap();
        for own in &mut model.parameters {
            let [low, high] = own.grid.range();
            let each = own.values.iter_mut().zip(moves.iter().cycle());
            each.for_each(|(value, by)| *value = (*value + by).clamp(low, high));
        }
        model.fold(&network);
        // What registers do not hold is rounded as training rounds it.
        let mut written = network.clone();
        model.write_to(&mut written);
        prop_assert_eq!(of_trainer(&model, &network, &stimuli, derivatives), of_emulator(&written, &stimuli));
    }
}
