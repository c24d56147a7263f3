//! The backward pass against finite differences of a smooth twin: the same network in real numbers, whose spikes are a smooth
//! function of the voltage and whose decays do not truncate. Neurons of the twin that have refractory steps wait in steps of
//! their own, which nothing changes.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::{Delay, word};
use loihi_net::network::{
    Connection, Conv2d, Each, Endpoint, Network, Pool2d, Population, ReadBy, Readout, SparseSynapse, Weights,
};
use loihi_run::inference::Stimulus;
use loihi_train::arithmetic::Derivatives;
use loihi_train::batch::Batch;
use loihi_train::layers::{Model, Neurons, Synapses};
use loihi_train::loss::{Loss, ReadoutLoss};
use loihi_train::pass::Workspace;
use loihi_train::readout::Reading;
use loihi_train::settings::TrainForm;
use loihi_train::surrogate::Surrogate;
use loihi_train::tree::Branch;

const STEPS: u32 = 9;
const WIDTH: f64 = 0.7;
/// Of the losses: what a score adds to its logit, and spikes of the right class and of the others.
const PER_SCORE: f64 = 0.4;
const TARGET_SPIKES: [f64; 2] = [5.0, 1.0];

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

/// The kinds of connections: a convolution with stride, padding and groups, a pool behind it, single synapses with delays, and
/// each to its own.
fn windows() -> Network {
    let weights =
        |count: usize, own: usize| (0..count).map(|at| (drawn(at, own) * 40.0) as i16 * 2).collect::<Vec<i16>>();
    let plain = |name: &str, shape: &[usize]| Population::new(name, shape).decay_u(1500).decay_v(600).v_th(50);
    let mut network = Network::new("windows").steps(STEPS);
    let input = network.input("in", [2, 4, 3]);
    let maps = network.population(plain("maps", &[4, 2, 2]));
    let pooled = network.population(plain("pooled", &[4, 1, 2]).v_th(20));
    let out = network.population(plain("out", &[2]));
    let conv = Conv2d::new([4, 1, 3, 2], weights(24, 11)).stride([2, 1]).padding([1, 0]).groups(2);
    network.connect(Connection::new(input, maps, conv));
    network.connect(Connection::new(maps, pooled, Pool2d::new([2, 1], 40)));
    network.connect(Connection::new(pooled, out, weights(16, 12)));
    let synapse = |at: usize| {
        let (source, weight) = (at / 2 * 3, (drawn(at, 13) * 40.0) as i16 * 2);
        SparseSynapse { source, neuron: at % 2, weight, delay: u8::try_from(source % 3).unwrap() + 1 }
    };
    network.connect(Connection::new(maps, out, (0..8).map(synapse).collect::<Vec<_>>()));
    network.connect(Connection::new(out, out, Weights::OneToOne(Each::of(vec![-30, 44]))));
    network.read(out, ReadBy::Spikes);
    network
}

/// What the twin leaves of a population in all steps: spikes, slopes, voltages after the reset; of each compartment keeps and
/// passes.
#[derive(Default)]
struct Trail {
    spikes: Vec<f64>,
    slopes: Vec<f64>,
    voltages: Vec<f64>,
    keeps: Vec<Vec<f64>>,
    passes: Vec<Vec<f64>>,
}

/// A synapse: source, place in [`Synapses::folded`].
type Synapse = (usize, usize);

/// By connection and neuron, its synapses, as the network visits them.
fn synapses(network: &Network, model: &Model) -> Vec<Vec<Vec<Synapse>>> {
    let of = |(connection, own): (&Connection, &Synapses)| {
        let [sources, neurons] = own.ways.extents();
        let ends = [network.shape_of(connection.from), network.shape_of(Endpoint::Population(connection.to))];
        // Weights are numbers of their places. A pool has one weight for all of them.
        let places: Vec<i16> = (0..i16::try_from(own.folded.len()).unwrap()).collect();
        let weights = own.ways.put(&connection.weights, &places);
        let is_pool = matches!(weights, Weights::Pool2d(_));
        let mut numbered = connection.clone();
        numbered.weights = weights;
        let mut all = vec![Vec::new(); neurons];
        for source in 0..sources {
            numbered.visit(ends, source, |neuron, place, _| {
                all[neuron].push((source, if is_pool { 0 } else { usize::try_from(place).unwrap() }));
            });
        }
        all
    };
    network.connections.iter().zip(&model.synapses).map(of).collect()
}

/// A network that is trained, with what the twin needs besides.
struct Case<'n> {
    network: &'n Network,
    model: Model,
    synapses: Vec<Vec<Vec<Synapse>>>,
    batch: Batch,
}

/// What arrives at a compartment.
fn sum(case: &Case<'_>, trails: &[Trail], [place, leaf, step, sample, neuron]: [usize; 5]) -> f64 {
    let Case { model, batch, .. } = case;
    let leaves = model.neurons[place].branches.leaves.len();
    let own_leaf = Some(leaf).filter(|leaf| *leaf < leaves);
    let mut sum = 0.0;
    let into = model.synapses.iter().zip(&case.synapses).filter(|(own, _)| own.to == place && own.leaf == own_leaf);
    for (own, synapses) in into {
        for (source, weight) in &synapses[neuron] {
            let Some(sent) = step.checked_sub(own.lag_of(*source)) else { continue };
            let row = sent * batch.samples + sample;
            let spike = match own.from {
                Endpoint::Population(from) => trails[from].spikes[row * own.ways.extents()[0] + source],
                Endpoint::Input(from) => f64::from(u8::from(batch.spikes[from].contains(&(sent, sample, *source)))),
            };
            sum += spike * f64::from(own.folded[*weight]);
        }
    }
    sum
}

/// Computes the twin.
fn forward(case: &Case<'_>) -> Vec<Trail> {
    let Case { model, batch, .. } = case;
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
                    let sum = sum(case, &trails, [place, number, step, sample, neuron]);
                    let registers = &branch.registers;
                    let (u, v) = (&mut currents[place][number][at], &mut voltages[place][number][at]);
                    *u = *u * f64::from(registers.keep_u[neuron]) / 4096.0 + 64.0 * sum;
                    let taken: f64 = branch.takes.iter().map(|place| operands[*place]).sum();
                    let free = *v * f64::from(registers.keep_v[neuron]) / 4096.0 + *u + taken;
                    let held = free.clamp(registers.v_min[neuron].into(), registers.v_max[neuron].into());
                    let waits = registers.refractory[neuron] > 1 && (step + neuron) % 4 == 0;
                    let voltage = if waits { 0.0 } else { held };
                    #[expect(clippy::float_cmp, reason = "it is the same number unless it is held")]
                    let follows = f64::from(u8::from(!waits && held == free));
                    let v_th = f64::from(registers.v_th[neuron]);
                    if number + 1 < branches.len() {
                        // Whether a voltage passes is not smooth, and does not change by a little.
                        let passes = branch.threshold == ThresholdMode::SpikeAndReset || voltage > v_th;
                        *v = voltage;
                        operands[number] = match branch.pushes {
                            StackOut::PushU => *u,
                            _ => voltage * f64::from(u8::from(passes)),
                        };
                        trails[place].keeps[number].push(follows);
                        trails[place].passes[number].push(follows * f64::from(u8::from(passes)));
                        continue;
                    }
                    let x = (voltage - v_th) / (WIDTH * v_th);
                    let spike = 0.5 + x.atan() / 3.5;
                    let slope = follows / (1.0 + x * x) / 3.5 / (WIDTH * v_th);
                    *v = voltage * (1.0 - spike);
                    trails[place].voltages.push(*v);
                    trails[place].spikes.push(spike);
                    trails[place].slopes.push(slope);
                    trails[place].keeps[number].push(follows * (1.0 - spike) - slope * voltage);
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

/// A loss in real numbers.
fn real(kind: Loss, scores: &[f64], label: usize) -> f64 {
    match kind {
        Loss::CrossEntropy => {
            let all: f64 = scores.iter().map(|score| (PER_SCORE * score).exp()).sum();
            all.ln() - PER_SCORE * scores[label]
        }
        Loss::TargetSpikes => {
            let target = |class| TARGET_SPIKES[usize::from(class != label)];
            scores.iter().enumerate().map(|(class, score)| (score - target(class)).powi(2) / 2.0).sum()
        }
    }
}

/// How spikes of the readout become a number.
#[derive(Clone, Copy)]
enum Goal {
    /// A sum of all of them, each with a factor of its own.
    Factors,
    /// A loss of what is read.
    Of(Loss, ReadBy),
}

impl Goal {
    /// The scores of a sample.
    fn scores(self, case: &Case<'_>, trail: &Trail, sample: usize) -> Vec<f64> {
        let (classes, samples) = (case.model.readout.classes, case.batch.samples);
        let length = case.batch.lengths[sample];
        let place = |step: usize, class: usize| (step * samples + sample) * classes + class;
        let of = |class: usize| match self {
            Self::Of(_, ReadBy::Voltage) => trail.voltages[place(length - 1, class)] / 3200.0,
            _ => (case.model.readout.skip..length).map(|step| trail.spikes[place(step, class)]).sum(),
        };
        (0..classes).map(of).collect()
    }

    /// The loss of all samples; leaves its derivatives.
    fn of(self, case: &Case<'_>, trails: &[Trail], derivatives: Option<&mut Workspace>) -> f64 {
        let (population, batch) = (case.model.readout.population, &case.batch);
        let trail = &trails[population];
        let Self::Of(kind, by) = self else {
            if let Some(workspace) = derivatives {
                let own = workspace.trail_mut(population).by_spikes.iter_mut().enumerate();
                own.for_each(|(at, value)| *value = drawn(at, 9) as f32);
            }
            return trail.spikes.iter().enumerate().map(|(at, spike)| spike * drawn(at, 9)).sum();
        };
        let loss =
            ReadoutLoss { kind, per_score: PER_SCORE as f32, target_spikes: TARGET_SPIKES.map(|own| own as f32) };
        let mut slopes = vec![0.0; case.model.readout.classes];
        let reading = Reading { by, ..case.model.readout };
        let mut derivatives = derivatives.map(|workspace| workspace.trail_mut(population));
        let mut sum = 0.0;
        for sample in 0..batch.samples {
            let (scores, label) = (self.scores(case, trail, sample), sample % reading.classes);
            sum += real(kind, &scores, label);
            if let Some(own) = derivatives.as_deref_mut() {
                let scores: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
                loss.of(&scores, label, &mut slopes);
                let scale = if by == ReadBy::Voltage { 1.0 / 3200.0 } else { 1.0 };
                for slope in &mut slopes {
                    *slope *= scale;
                }
                let into = [&mut own.by_spikes[..], &mut own.by_voltages[..]];
                reading.back(batch, sample, &slopes, &own.spikes, into);
            }
        }
        sum
    }
}

#[test]
fn gradients_of_plain_neurons_are_finite_differences() {
    compare(&network(Population::new("hidden", 4).decay_u(1500).decay_v(600).v_th(50)), Goal::Factors);
}

#[test]
fn gradients_of_every_kind_of_connection_are_finite_differences() {
    compare(&windows(), Goal::Factors);
}

/// A voltage that is held follows nothing, by its limits or while it waits.
#[test]
fn gradients_of_neurons_that_wait_or_are_held_are_finite_differences() {
    let profile = Profile { decay_u: 1500, decay_v: 600, v_th: 50 << 6, ..Profile::DEFAULT };
    for own in [Profile { refractory: 3, ..profile }, Profile { v_min: -2000, v_max: 2500, ..profile }] {
        compare(&network(Population::new("hidden", 4).profile(Each::Same(own))), Goal::Factors);
    }
}

/// Steps that do not count among them; first spikes are those of `readout`.
#[test]
fn gradients_of_losses_are_finite_differences() {
    for (kind, by) in [
        (Loss::CrossEntropy, ReadBy::Spikes),
        (Loss::TargetSpikes, ReadBy::Spikes),
        (Loss::CrossEntropy, ReadBy::Voltage),
    ] {
        let mut network = network(Population::new("hidden", 4).decay_u(1500).decay_v(600).v_th(50));
        network.readout = Some(Readout::new(Endpoint::Population(1), by).skip_steps(2));
        compare(&network, Goal::Of(kind, by));
    }
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
        [Profile { v_th: 0, tree: integrates, ..plain }, Profile { decay_u: 4096, decay_v: 4096, tree: adds, ..plain }],
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let hidden = Population::new("hidden", 4).compartments(kind.map(Each::Same));
        let mut network = network(hidden);
        let own = Endpoint::Population(0);
        let weights = Weights::OneToOne(Each::Same(-20));
        network.connect(Connection::new(own, own, weights).compartment(0));
        // With an adaptation what arrives enters the soma.
        network.connections[0].compartment = usize::from(number == 1);
        compare(&network, Goal::Factors);
    }
}

fn compare(network: &Network, goal: Goal) {
    let model = Model::new(network, &TrainForm::default()).unwrap();
    let elements = model.inputs[0];
    // Samples of different lengths.
    let stimulus = |number: u32| {
        let spikes = (0..STEPS).flat_map(|step| (0..elements).map(move |element| (step, 0, element)));
        let fires = |(step, _, element): &(u32, usize, usize)| drawn((number * 100 + step) as usize, *element) > 0.2;
        Stimulus::new(STEPS - number % 2).spikes(spikes.filter(fires).filter(|(step, ..)| *step < STEPS - number % 2))
    };
    let batch = Batch::new(network, vec![stimulus(1), stimulus(2), stimulus(3)]);
    let mut case = Case { network, synapses: synapses(network, &model), model, batch };
    let trails = forward(&case);
    let mut workspace = Workspace::default();
    let derivatives = Derivatives { surrogate: Surrogate::Arctan, width: 1.0, through_reset: true };
    workspace.forward(&case.model, &case.batch, Some(derivatives));
    let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    for (place, own) in trails.iter().enumerate() {
        let trail = workspace.trail_mut(place);
        assert_eq!(trail.spikes.len(), own.spikes.len());
        (trail.spikes, trail.slopes) = (narrow(&own.spikes), narrow(&own.slopes));
        trail.keeps = narrow(own.keeps.last().unwrap());
        for (leaf, (keeps, passes)) in trail.leaves.iter_mut().zip(own.keeps.iter().zip(&own.passes)) {
            (leaf.keeps, leaf.passes) = (narrow(keeps), narrow(passes));
        }
    }
    workspace.clear_derivatives(&case.model, &case.batch);
    goal.of(&case, &trails, Some(&mut workspace));
    let mut gradients: Vec<Vec<f32>> = case.model.trained().map(|own| vec![0.0; own.weights.len()]).collect();
    workspace.backward(&case.model, &case.batch, &mut gradients);
    let trained = (0..case.model.synapses.len()).filter(|at| case.model.synapses[*at].trained.is_some());
    for (connection, gradient) in trained.collect::<Vec<_>>().into_iter().zip(&gradients) {
        let largest = gradient.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(largest > 0.0, "connection {connection} has a gradient");
        for (at, gradient) in gradient.iter().enumerate() {
            let own = case.model.synapses[connection].folded[at];
            let mut moved = |off: f32| {
                case.model.synapses[connection].folded[at] = own + off;
                let loss = goal.of(&case, &forward(&case), None);
                case.model.synapses[connection].folded[at] = own;
                loss
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            let off = (difference - f64::from(*gradient)).abs();
            assert!(
                off < 2e-3 * f64::from(largest),
                "{}, connection {connection}, weight {at}: {difference} by differences, {gradient} backward, largest {largest}",
                case.network.name
            );
        }
    }
}
