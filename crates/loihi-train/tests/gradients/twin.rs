//! The smooth twin: the network in real numbers, whose spikes are a smooth function of the voltage and whose decays do not
//! truncate. Neurons of the twin that have refractory steps wait in steps of their own, which nothing changes.

use loihi_core::image::{StackOut, ThresholdMode};
use loihi_net::network::{Connection, Endpoint, Network, Weights};
use loihi_train::batch::Batch;
use loihi_train::layers::{Model, Neurons, Synapses};
use loihi_train::parameter::{Place, Register};
use loihi_train::tree::Branch;

/// Of the surrogate, in thresholds.
const WIDTH: f64 = 0.7;

/// What the twin leaves of a population in all steps: spikes, slopes, currents and voltages of the soma; of each compartment keeps
/// and passes.
#[derive(Clone, Default)]
pub(crate) struct Trail {
    pub(crate) spikes: Vec<f64>,
    pub(crate) slopes: Vec<f64>,
    pub(crate) currents: Vec<f64>,
    pub(crate) potentials: Vec<f64>,
    pub(crate) keeps: Vec<Vec<f64>>,
    pub(crate) passes: Vec<Vec<f64>>,
}

/// A value that is trained, moved by a little from where it is rounded to.
#[derive(Clone, Copy)]
pub(crate) struct Moved {
    pub(crate) place: Place,
    pub(crate) at: usize,
    pub(crate) off: f64,
}

/// A synapse as the network has it.
#[derive(Clone, Copy)]
struct Synapse {
    source: usize,
    /// Place in [`Synapses::folded`].
    weight: usize,
    lag: usize,
}

/// A network in training, and what the twin needs of it.
pub(crate) struct Twin<'n> {
    network: &'n Network,
    pub(crate) model: Model,
    pub(crate) batch: Batch,
    /// By connection and neuron.
    synapses: Vec<Vec<Vec<Synapse>>>,
    /// By input, spikes of all steps.
    inputs: Vec<Vec<f64>>,
}

impl<'n> Twin<'n> {
    pub(crate) fn new(network: &'n Network, model: Model, batch: Batch) -> Self {
        let pairs = network.connections.iter().zip(&model.synapses);
        let synapses = pairs.map(|(connection, own)| synapses(network, connection, own)).collect();
        let train = |(spikes, elements): (&Vec<(usize, usize, usize)>, &usize)| {
            let mut train = vec![0.0; batch.steps * batch.samples * elements];
            for (step, sample, element) in spikes {
                train[(step * batch.samples + sample) * elements + element] = 1.0;
            }
            train
        };
        let inputs = batch.spikes.iter().zip(&model.inputs).map(train).collect();
        Self { network, model, batch, synapses, inputs }
    }

    /// What arrives at a compartment.
    fn sum(
        &self,
        trails: &[Trail],
        [place, leaf, step, sample, neuron]: [usize; 5],
        off: impl Fn(Place, usize) -> f64,
    ) -> f64 {
        let own_leaf = Some(leaf).filter(|leaf| *leaf < self.model.neurons[place].branches.leaves.len());
        let mut sum = 0.0;
        for (number, (own, synapses)) in self.model.synapses.iter().zip(&self.synapses).enumerate() {
            if own.to != place || own.leaf != own_leaf {
                continue;
            }
            let spikes = match own.from {
                Endpoint::Population(from) => &trails[from].spikes,
                Endpoint::Input(from) => &self.inputs[from],
            };
            let per_unit = 2_f64.powi(self.network.connections[number].wgt_exp.get());
            for Synapse { source, weight, lag } in &synapses[neuron] {
                // Nothing is sent outside of the sample; what is not computed yet is not asked for.
                let train = |at: Option<usize>| {
                    let sent = at.filter(|sent| *sent < self.batch.steps);
                    let row = |sent: usize| (sent * self.batch.samples + sample) * own.ways.extents()[0];
                    sent.map_or(0.0, |sent| spikes[row(sent) + source])
                };
                let by_delay = off(Place::Delays(number), *source);
                let spike = if by_delay == 0.0 {
                    train(step.checked_sub(*lag))
                } else {
                    // Half of what comes a step later and what came a step sooner: it is moved as smoothly either way.
                    let sides = [(step + 1).checked_sub(*lag), step.checked_sub(lag + 1)].map(train);
                    train(step.checked_sub(*lag)) - by_delay * (sides[0] - sides[1]) / 2.0
                };
                sum += spike * (f64::from(own.folded[*weight]) + per_unit * off(Place::Weights(number), *weight));
            }
        }
        sum
    }

    /// Computes the twin, with a value that is moved.
    pub(crate) fn forward(&self, moved: Option<Moved>) -> Vec<Trail> {
        let (model, batch) = (&self.model, &self.batch);
        let off = |place: Place, at: usize| {
            moved.filter(|own| own.place == place && own.at == at).map_or(0.0, |moved| moved.off)
        };
        let branches: Vec<Vec<Branch>> = model.neurons.iter().map(branches_of).collect();
        let mut state: Vec<Vec<Vec<[f64; 2]>>> = branches
            .iter()
            .zip(&model.neurons)
            .map(|(branches, neurons)| {
                (0..branches.len()).map(|at| rest(neurons, branches.len() - at, batch)).collect()
            })
            .collect();
        let empty = |own: &Vec<Branch>| Trail {
            keeps: vec![Vec::new(); own.len()],
            passes: vec![Vec::new(); own.len()],
            ..Trail::default()
        };
        let mut trails: Vec<Trail> = branches.iter().map(empty).collect();
        for step in 0..batch.steps {
            for (place, branches) in branches.iter().enumerate() {
                for sample in 0..batch.samples {
                    for neuron in 0..branches[0].registers.len() {
                        let at = [place, step, sample, neuron];
                        self.step(at, branches, &mut state[place], &mut trails, off);
                    }
                }
            }
        }
        trails
    }

    /// A step of all compartments of a neuron.
    fn step(
        &self,
        [place, step, sample, neuron]: [usize; 4],
        branches: &[Branch],
        state: &mut [Vec<[f64; 2]>],
        trails: &mut [Trail],
        off: impl Fn(Place, usize) -> f64 + Copy,
    ) {
        let neurons = &self.model.neurons[place];
        let mut operands = vec![0.0; branches.len()];
        for (number, branch) in branches.iter().enumerate() {
            let sum = self.sum(trails, [place, number, step, sample, neuron], off);
            let bias = if number == 0 { f64::from(neurons.biases[neuron]) } else { 0.0 };
            let taken: f64 = branch.takes.iter().map(|place| operands[*place]).sum();
            let is_soma = number + 1 == branches.len();
            let more = Register::ALL.map(|register| {
                let own = off(Place::Register(place, register), neurons.profiles[neuron]);
                if is_soma { own } else { 0.0 }
            });
            let row = Row { step, neuron, sum, entering: bias + taken, more };
            let own = &mut state[number][sample * branch.registers.len() + neuron];
            let trail = &mut trails[place];
            if is_soma {
                soma(branch, own, &row, trail);
            } else {
                operands[number] = leaf(branch, own, &row, [&mut trail.keeps[number], &mut trail.passes[number]]);
            }
        }
    }
}

/// What a compartment is given in a step; `more` is what its registers are moved by.
struct Row {
    step: usize,
    neuron: usize,
    sum: f64,
    entering: f64,
    more: [f64; 3],
}

/// Current and voltage of all samples; only somas (`above` is 1) start from a voltage.
fn rest(neurons: &Neurons, above: usize, batch: &Batch) -> Vec<[f64; 2]> {
    let start = |v_start: &i32| [0.0, if above == 1 { f64::from(*v_start) } else { 0.0 }];
    (0..batch.samples).flat_map(|_| neurons.v_start.iter().map(start)).collect()
}

/// A voltage before the threshold, and whether it follows what drives it.
fn driven(branch: &Branch, [u, v]: &mut [f64; 2], row: &Row) -> (f64, bool) {
    let (registers, neuron) = (&branch.registers, row.neuron);
    let keep = |kept: i32, decay: f64| (f64::from(kept) - decay) / 4096.0;
    *u = *u * keep(registers.keep_u[neuron], row.more[0]) + 64.0 * row.sum;
    let free = *v * keep(registers.keep_v[neuron], row.more[1]) + *u + row.entering;
    let (low, high) = (f64::from(registers.v_min[neuron]), f64::from(registers.v_max[neuron]));
    if waits(branch, row) { (0.0, false) } else { (free.clamp(low, high), (low..=high).contains(&free)) }
}

fn waits(branch: &Branch, row: &Row) -> bool {
    branch.registers.refractory[row.neuron] > 1 && (row.step + row.neuron).is_multiple_of(4)
}

/// A step of a compartment below the soma; what it hands on.
fn leaf(branch: &Branch, state: &mut [f64; 2], row: &Row, [keeps, passes]: [&mut Vec<f64>; 2]) -> f64 {
    let (voltage, follows) = driven(branch, state, row);
    let v_th = f64::from(branch.registers.v_th[row.neuron]);
    // Whether a voltage passes is not smooth, and does not change by a little.
    let is_passed = branch.threshold == ThresholdMode::SpikeAndReset || voltage > v_th;
    let is_saturated = branch.threshold == ThresholdMode::PassAboveAndSaturate && voltage > v_th;
    state[1] = if is_saturated { v_th } else { voltage };
    keeps.push(f64::from(u8::from(follows && !is_saturated)));
    passes.push(f64::from(u8::from(follows && is_passed)));
    match branch.pushes {
        StackOut::PushU => state[0],
        _ if is_passed => voltage,
        _ => 0.0,
    }
}

/// A step of the compartment that spikes.
fn soma(branch: &Branch, state: &mut [f64; 2], row: &Row, trail: &mut Trail) {
    let (voltage, is_driven) = driven(branch, state, row);
    let follows = f64::from(u8::from(is_driven));
    let v_th = f64::from(branch.registers.v_th[row.neuron]);
    // The width of the surrogate is no part of what is trained.
    let x = (voltage - v_th - 64.0 * row.more[2]) / (WIDTH * v_th);
    // While it waits, it does not spike, whatever its threshold.
    let spike = if waits(branch, row) { 0.0 } else { 0.5 + x.atan() / 3.5 };
    let slope = follows / (1.0 + x * x) / 3.5 / (WIDTH * v_th);
    state[1] = voltage * (1.0 - spike);
    trail.currents.push(state[0]);
    trail.potentials.push(state[1]);
    trail.spikes.push(spike);
    trail.slopes.push(slope);
    if let Some(keeps) = trail.keeps.last_mut() {
        keeps.push(follows * (1.0 - spike) - slope * voltage);
    }
}

/// The compartments of a population, leaves first.
fn branches_of(neurons: &Neurons) -> Vec<Branch> {
    let (registers, threshold) = (neurons.registers.clone(), ThresholdMode::SpikeAndReset);
    let soma = Branch { registers, takes: neurons.branches.takes.clone(), pushes: StackOut::Skip, threshold };
    neurons.branches.leaves.iter().cloned().chain([soma]).collect()
}

/// By neuron, the synapses of a connection, as the network visits them.
fn synapses(network: &Network, connection: &Connection, own: &Synapses) -> Vec<Vec<Synapse>> {
    let [sources, neurons] = own.ways.extents();
    let ends = [network.shape_of(connection.from), network.shape_of(Endpoint::Population(connection.to))];
    // Weights are numbers of their places. A pool has one weight for all of them.
    let places: Vec<i16> = (0..i16::try_from(own.folded.len()).unwrap()).collect();
    let mut numbered = connection.clone();
    numbered.weights = own.ways.put(&connection.weights, &places);
    let is_pool = matches!(numbered.weights, Weights::Pool2d(_));
    let first = usize::from(matches!(connection.from, Endpoint::Population(_)));
    let mut all = vec![Vec::new(); neurons];
    for source in 0..sources {
        numbered.visit(ends, source, |neuron, place, delay| {
            let weight = if is_pool { 0 } else { usize::try_from(place).unwrap() };
            all[neuron].push(Synapse { source, weight, lag: first + delay });
        });
    }
    all
}
