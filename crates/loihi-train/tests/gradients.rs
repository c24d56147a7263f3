//! The backward pass against finite differences of a smooth twin: the same network in real numbers, whose spikes are a smooth
//! function of the voltage and whose decays do not truncate.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::{Delay, word};
use loihi_net::network::{Connection, Each, Endpoint, Network, Population, ReadBy, Weights};
use loihi_run::inference::Stimulus;
use loihi_train::arithmetic::Derivatives;
use loihi_train::batch::Batch;
use loihi_train::layers::{Model, Neurons};
use loihi_train::parameter::{Place, Register};
use loihi_train::pass::Workspace;
use loihi_train::settings::TrainForm;
use loihi_train::surrogate::Surrogate;
use loihi_train::tree::Branch;
use loihi_train::ways::Ways;

const STEPS: u32 = 9;
const WIDTH: f64 = 0.7;

/// Uniform in ±1.
fn drawn(a: usize, b: usize) -> f64 {
    f64::from(word(5, u32::try_from(a).unwrap(), u32::try_from(b).unwrap(), 0).cast_signed()) / 2_147_483_648.0
}

/// Two layers that reach each other and themselves, one of which the input reaches by two ways, and delays.
fn network(hidden: Population) -> Network {
    let mut network = Network::new("twin").steps(STEPS);
    let input = network.input("in", 3);
    let hidden = network.population(hidden);
    let out = network.population(Population::new("out", 2).decay_u(4096).decay_v(300).v_th(40));
    let weights =
        |count: usize, own: usize| (0..count).map(|at| (drawn(at, own) * 40.0) as i16 * 2).collect::<Vec<i16>>();
    network.connect(Connection::new(input, hidden, weights(12, 1)));
    network.connect(Connection::new(hidden, out, weights(8, 2)).delay(Delay::saturating(1)));
    let delays: Vec<Delay> = [2, 0, 3].map(Delay::saturating).to_vec();
    network.connect(Connection::new(input, out, weights(6, 3)).delay(delays));
    // A circle of its own, and one of two, with delays of each source.
    network.connect(Connection::new(hidden, hidden, weights(16, 4)));
    let delays: Vec<Delay> = [1, 2].map(Delay::saturating).to_vec();
    network.connect(Connection::new(out, hidden, weights(8, 5)).delay(delays));
    network.read(out, ReadBy::Spikes);
    network
}

/// What the twin leaves of a population in all steps: spikes, slopes, currents and voltages of the soma; of each compartment keeps and passes.
#[derive(Default)]
struct Trail {
    spikes: Vec<f64>,
    slopes: Vec<f64>,
    currents: Vec<f64>,
    potentials: Vec<f64>,
    keeps: Vec<Vec<f64>>,
    passes: Vec<Vec<f64>>,
}

/// A value that is trained, moved by a little from where it is rounded to.
#[derive(Clone, Copy)]
struct Moved {
    group: usize,
    at: usize,
    off: f64,
}

/// By how much a value is moved, in units of its register.
fn off(model: &Model, moved: Option<Moved>, place: Place, at: usize) -> f64 {
    let own = moved.filter(|moved| model.parameters[moved.group].place == place && moved.at == at);
    own.map_or(0.0, |moved| moved.off)
}

/// A spike train between its steps: half of what comes a step later and what came a step sooner, so that it is moved as
/// smoothly either way.
fn between(train: impl Fn(i64) -> f64, step: i64, off: f64) -> f64 {
    train(step) - off * (train(step + 1) - train(step - 1)) / 2.0
}

/// What arrives at a compartment.
fn sum(
    model: &Model,
    batch: &Batch,
    trails: &[Trail],
    [place, leaf, step, sample, neuron]: [usize; 5],
    moved: Option<Moved>,
) -> f64 {
    let leaves = model.neurons[place].branches.leaves.len();
    let own_leaf = Some(leaf).filter(|leaf| *leaf < leaves);
    let mut sum = 0.0;
    let into = model.synapses.iter().enumerate().filter(|(_, own)| own.to == place && own.leaf == own_leaf);
    for (number, own) in into {
        let [sources, neurons] = own.ways.extents();
        let is_single = matches!(own.ways, Ways::OneToOne(_));
        for source in (0..sources).filter(|source| !is_single || *source == neuron) {
            let train = |at: i64| {
                let Ok(sent) = usize::try_from(at) else { return 0.0 };
                match own.from {
                    Endpoint::Population(from) => {
                        let spikes = &trails[from].spikes;
                        // Nothing is sent after the sample; what is not computed yet is not asked for.
                        if sent >= batch.steps {
                            0.0
                        } else {
                            spikes[(sent * batch.samples + sample) * sources + source]
                        }
                    }
                    Endpoint::Input(from) => f64::from(u8::from(batch.spikes[from].contains(&(sent, sample, source)))),
                }
            };
            let sent = i64::try_from(step).unwrap() - i64::try_from(own.lag_of(source)).unwrap();
            let by_delay = off(model, moved, Place::Delays(number), source);
            let spike = if by_delay == 0.0 { train(sent) } else { between(train, sent, by_delay) };
            let weight = if is_single { neuron } else { source * neurons + neuron };
            let unit = model
                .parameters
                .iter()
                .find(|own| own.place == Place::Weights(number))
                .map_or(0.0, |own| f64::from(own.per_unit) * off(model, moved, Place::Weights(number), weight));
            sum += spike * (f64::from(own.folded[weight]) + unit);
        }
    }
    sum
}

/// Computes the twin.
fn forward(model: &Model, batch: &Batch, moved: Option<Moved>) -> Vec<Trail> {
    let branches: Vec<Vec<Branch>> = model.neurons.iter().map(branches_of).collect();
    let rest = || -> Vec<Vec<Vec<f64>>> {
        let of = |own: &Vec<Branch>| own.iter().map(|own| vec![0.0; batch.samples * own.registers.len()]).collect();
        branches.iter().map(of).collect()
    };
    let (mut currents, mut voltages) = (rest(), rest());
    let empty = |own: &Vec<Branch>| Trail {
        keeps: vec![Vec::new(); own.len()],
        passes: vec![Vec::new(); own.len()],
        ..Trail::default()
    };
    let mut trails: Vec<Trail> = branches.iter().map(empty).collect();
    for step in 0..batch.steps {
        for (place, branches) in branches.iter().enumerate() {
            let n = branches[0].registers.len();
            for at in 0..batch.samples * n {
                let (sample, neuron) = (at / n, at % n);
                let mut operands = vec![0.0; branches.len()];
                for (number, branch) in branches.iter().enumerate() {
                    let sum = sum(model, batch, &trails, [place, number, step, sample, neuron], moved);
                    let registers = &branch.registers;
                    let (u, v) = (&mut currents[place][number][at], &mut voltages[place][number][at]);
                    let is_soma = number + 1 == branches.len();
                    let more = Register::ALL.map(|register| {
                        let profile = model.neurons[place].profiles[neuron];
                        if is_soma { off(model, moved, Place::Register(place, register), profile) } else { 0.0 }
                    });
                    let keep = |kept: i32, decay: f64| (f64::from(kept) - decay) / 4096.0;
                    *u = *u * keep(registers.keep_u[neuron], more[0]) + 64.0 * sum;
                    let taken: f64 = branch.takes.iter().map(|place| operands[*place]).sum();
                    let voltage = *v * keep(registers.keep_v[neuron], more[1]) + *u + taken;
                    let v_th = f64::from(registers.v_th[neuron]);
                    if !is_soma {
                        // Whether a voltage passes is not smooth, and does not change by a little.
                        let passes = branch.threshold == ThresholdMode::SpikeAndReset || voltage > v_th;
                        *v = voltage;
                        operands[number] = match branch.pushes {
                            StackOut::PushU => *u,
                            _ => voltage * f64::from(u8::from(passes)),
                        };
                        trails[place].keeps[number].push(1.0);
                        trails[place].passes[number].push(f64::from(u8::from(passes)));
                        continue;
                    }
                    // The width of the surrogate is no part of what is trained.
                    let x = (voltage - v_th - 64.0 * more[2]) / (WIDTH * v_th);
                    let (spike, slope) = (0.5 + x.atan() / 3.5, 1.0 / (1.0 + x * x) / 3.5 / (WIDTH * v_th));
                    *v = voltage * (1.0 - spike);
                    trails[place].currents.push(*u);
                    trails[place].potentials.push(*v);
                    trails[place].spikes.push(spike);
                    trails[place].slopes.push(slope);
                    trails[place].keeps[number].push(1.0 - spike - slope * voltage);
                }
            }
        }
    }
    trails
}

/// The compartments of a population, leaves first.
fn branches_of(neurons: &Neurons) -> Vec<Branch> {
    let (registers, threshold) = (neurons.registers.clone(), ThresholdMode::SpikeAndReset);
    let soma = Branch { registers, takes: neurons.branches.takes.clone(), pushes: StackOut::Skip, threshold };
    neurons.branches.leaves.iter().cloned().chain([soma]).collect()
}

/// A sum of the spikes of the readout, each with a factor of its own.
fn loss(trails: &[Trail]) -> f64 {
    trails[1].spikes.iter().enumerate().map(|(at, spike)| spike * drawn(at, 9)).sum()
}

#[test]
fn gradients_of_plain_neurons_are_finite_differences() {
    compare(&network(Population::new("hidden", 4).decay_u(1500).decay_v(600).v_th(50)));
}

/// A current behind another one, a threshold that adapts, and a reset by subtraction.
#[test]
fn gradients_of_neurons_of_several_compartments_are_finite_differences() {
    let plain = Profile { decay_u: 1500, decay_v: 600, v_th: 50 << 6, ..Profile::DEFAULT };
    let adds = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    let adapts = Tree { stack_out: StackOut::PushU, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let integrates = Tree { threshold: ThresholdMode::PassAbove, ..push };
    let kinds = [
        [Profile { v_th: 8_000_000, tree: push, ..plain }, Profile { tree: adds, ..plain }],
        [Profile { decay_u: 40, decay_v: 4096, tree: adapts, ..plain }, Profile { tree: adds, ..plain }],
        // Above 0, where a voltage waits for its first spike: there it is not smooth.
        [
            Profile { v_th: 64, tree: integrates, ..plain },
            Profile { decay_u: 4096, decay_v: 4096, tree: adds, ..plain },
        ],
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let hidden = Population::new("hidden", 4).compartments(kind.map(Each::Same));
        let mut network = network(hidden);
        let own = Endpoint::Population(0);
        let weights = Weights::OneToOne(Each::Same(-20));
        network.connect(Connection::new(own, own, weights).compartment(0));
        // With an adaptation what arrives enters the soma.
        network.connections[0].compartment = usize::from(number == 1);
        compare(&network);
    }
}

/// All but delays, and then these, too: the twin takes spikes a step sooner by turns, which no delay of 0 in a circle allows.
fn compare(network: &Network) {
    let registers = "decay_u = { rate = 1.0 }\ndecay_v = { rate = 1.0 }\nv_th = { rate = 1.0 }";
    compare_as(network, registers);
    let mut later = network.clone();
    for own in later.connections.iter_mut().filter(|own| own.from == Endpoint::Population(own.to)) {
        own.delay = Each::Same(Delay::saturating(1));
    }
    compare_as(&later, &format!("{registers}\ndelay = {{ rate = 1.0 }}"));
}

fn compare_as(network: &Network, keys: &str) {
    let model = Model::new(network, &toml::from_str::<TrainForm>(keys).unwrap()).unwrap();
    let stimulus = |number: usize| {
        let spikes = (0..STEPS).flat_map(|step| (0..3).map(move |element| (step, 0, element)));
        let fires = |(step, _, element): &(u32, usize, usize)| drawn(number * 100 + *step as usize, *element) > 0.2;
        Stimulus::new(STEPS).spikes(spikes.filter(fires))
    };
    let batch = Batch::new(network, vec![stimulus(1), stimulus(2), stimulus(3)]);
    let mut workspace = Workspace::default();
    let derivatives = Derivatives { surrogate: Surrogate::Arctan, width: 1.0, through_reset: true };
    workspace.forward(&model, &batch, Some(derivatives));
    let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    for (place, own) in forward(&model, &batch, None).iter().enumerate() {
        let trail = workspace.trail_mut(place);
        assert_eq!(trail.spikes.len(), own.spikes.len());
        (trail.spikes, trail.slopes) = (narrow(&own.spikes), narrow(&own.slopes));
        (trail.currents, trail.potentials) = (narrow(&own.currents), narrow(&own.potentials));
        trail.keeps = narrow(own.keeps.last().unwrap());
        for (leaf, (keeps, passes)) in trail.leaves.iter_mut().zip(own.keeps.iter().zip(&own.passes)) {
            (leaf.keeps, leaf.passes) = (narrow(keeps), narrow(passes));
        }
    }
    workspace.clear_derivatives(&model, &batch);
    for (at, value) in workspace.trail_mut(1).by_spikes.iter_mut().enumerate() {
        *value = drawn(at, 9) as f32;
    }
    workspace.backward(&model, &batch);
    let mut gradients = Vec::new();
    workspace.gradients(&model, &batch, &mut gradients);
    for (group, gradient) in gradients.iter().enumerate() {
        let place = model.parameters[group].place;
        let largest = gradient.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        // Into the current of a soma with leaves, nothing may arrive.
        let is_tree = matches!(place, Place::Register(at, _) if !model.neurons[at].branches.leaves.is_empty());
        assert!(largest > 0.0 || is_tree, "{place:?} has no gradient");
        for (at, gradient) in gradient.iter().enumerate() {
            let moved = |off: f64| {
                let values = Moved { group, at, off };
                loss(&forward(&model, &batch, Some(values)))
            };
            let difference = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            let off = (difference - f64::from(*gradient)).abs();
            assert!(
                off <= 2e-3 * f64::from(largest),
                "{place:?}, value {at}: {difference} by differences, {gradient} backward, largest {largest}"
            );
        }
    }
}
