//! The smooth twin: the network in real numbers, whose spikes are a smooth function of the voltage and whose decays do not
//! truncate. Neurons of the twin that have refractory steps wait in steps of their own, which nothing changes.

use loihi_adjoint::arithmetic::Reset;
use loihi_adjoint::branches::Branch;
use loihi_core::image::{Join, StackOut, ThresholdMode};
use loihi_net::network::{Connection, Endpoint, Network, Weights};
use loihi_train::batch::Batch;
use loihi_train::layers::{Model, Neurons, Synapses};
use loihi_train::parameter::{Place, Register};

/// Of the surrogate, in thresholds.
const WIDTH: f64 = 0.7;

/// What the twin leaves of a population in all steps: spikes, slopes, currents and voltages of the soma; of each compartment keeps,
/// passes and routes.
#[derive(Clone, Default)]
pub(crate) struct Trail {
    pub(crate) spikes: Vec<f64>,
    pub(crate) slopes: Vec<f64>,
    pub(crate) currents: Vec<f64>,
    pub(crate) potentials: Vec<f64>,
    pub(crate) keeps: Vec<Vec<f64>>,
    pub(crate) passes: Vec<Vec<f64>>,
    /// Of each compartment, as [`loihi_adjoint::join::Route`].
    pub(crate) routes: Vec<Vec<[f64; 4]>>,
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
    /// With [`Reset::Passes`] voltages are not reset.
    pub(crate) reset: Reset,
    /// By connection and neuron.
    synapses: Vec<Vec<Vec<Synapse>>>,
    /// By input, spikes of all steps.
    inputs: Vec<Vec<f64>>,
}

impl<'n> Twin<'n> {
    pub(crate) fn new(network: &'n Network, model: Model, batch: Batch, reset: Reset) -> Self {
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
        Self { network, model, batch, reset, synapses, inputs }
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
            routes: vec![Vec::new(); own.len()],
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
        let mut handed = vec![Handed::default(); branches.len()];
        for (number, branch) in branches.iter().enumerate() {
            let sum = self.sum(trails, [place, number, step, sample, neuron], off);
            let own_bias = || f64::from(neurons.biases[neuron]) + off(Place::Bias(place), neuron);
            let bias = if number == 0 { own_bias() } else { 0.0 };
            let taken = [branch.takes.a, branch.takes.b].map(|own| own.map(|place| handed[place]));
            let is_soma = number + 1 == branches.len();
            let more = Register::ALL.map(|register| {
                let own = off(Place::Register(place, register), neurons.profiles[neuron]);
                if is_soma { own } else { 0.0 }
            });
            let row = Row { step, neuron, sum, bias, taken, more };
            let own = &mut state[number][sample * branch.registers.len() + neuron];
            let trail = &mut trails[place];
            let found = driven(branch, own, &row);
            trail.routes[number].push(found.route);
            if is_soma {
                soma(branch, own, &row, &found, self.reset, trail);
            } else {
                let into = [&mut trail.keeps[number], &mut trail.passes[number]];
                handed[number] = leaf(branch, own, &row, &found, into);
            }
        }
    }
}

/// What a compartment is given in a step; `more` is what its registers are moved by.
struct Row {
    step: usize,
    neuron: usize,
    sum: f64,
    bias: f64,
    /// Operands A and B.
    taken: [Option<Handed>; 2],
    more: [f64; 3],
}

/// What a compartment hands on: a value, and how far it is that a gate of it is open, with the derivative of that.
#[derive(Clone, Copy, Default)]
struct Handed {
    value: f64,
    open: f64,
    slope: f64,
}

/// A voltage before the threshold.
struct Driven {
    voltage: f64,
    /// Whether it follows what drives it.
    follows: bool,
    route: [f64; 4],
}

/// What enters a voltage, and where it comes from.
fn joined(join: Join, x: f64, [a, b]: [Option<Handed>; 2]) -> (f64, [f64; 4]) {
    let values = [Some(x), a.map(|a| a.value), b.map(|b| b.value)];
    let all = || values.iter().flatten().copied();
    let is = |wanted: f64| {
        let mut route = [0.0; 4];
        route[values.iter().position(|value| *value == Some(wanted)).unwrap()] = 1.0;
        (wanted, route)
    };
    let none = (0.0, [0.0; 4]);
    let [most, least] = [all().fold(f64::MIN, f64::max), all().fold(f64::MAX, f64::min)];
    let through = x + b.map_or(0.0, |b| b.value);
    match (join, a) {
        (Join::Max, _) => is(most),
        (Join::Min, _) => is(least),
        (Join::Or, _) => {
            if most > 0.0 {
                is(most)
            } else {
                none
            }
        }
        (Join::And, _) => {
            if least > 0.0 {
                is(least)
            } else {
                none
            }
        }
        (Join::Pass, Some(a)) => (a.open * through, [a.open, 0.0, a.open, through * a.slope]),
        (Join::Block, Some(a)) => ((1.0 - a.open) * through, [1.0 - a.open, 0.0, 1.0 - a.open, -through * a.slope]),
        _ => (all().sum(), [1.0, 1.0, 1.0, 0.0]),
    }
}

/// Current and voltage of all samples; only somas (`above` is 1) start from a voltage.
fn rest(neurons: &Neurons, above: usize, batch: &Batch) -> Vec<[f64; 2]> {
    let start = |v_start: &i32| [0.0, if above == 1 { f64::from(*v_start) } else { 0.0 }];
    (0..batch.samples).flat_map(|_| neurons.v_start.iter().map(start)).collect()
}

fn driven(branch: &Branch, [u, v]: &mut [f64; 2], row: &Row) -> Driven {
    let (registers, neuron) = (&branch.registers, row.neuron);
    let keep = |kept: i32, decay: f64| (f64::from(kept) - decay) / 4096.0;
    *u = *u * keep(registers.keep_u[neuron], row.more[0]) + 64.0 * row.sum;
    let (entering, route) = joined(branch.takes.join, *u + row.bias, row.taken);
    let free = *v * keep(registers.keep_v[neuron], row.more[1]) + entering;
    let (low, high) = (f64::from(registers.v_min[neuron]), f64::from(registers.v_max[neuron]));
    let is_waiting = waits(branch, row);
    let voltage = if is_waiting { 0.0 } else { free.clamp(low, high) };
    Driven { voltage, follows: !is_waiting && (low..=high).contains(&free), route }
}

fn waits(branch: &Branch, row: &Row) -> bool {
    branch.registers.refractory[row.neuron] > 1 && (row.step + row.neuron).is_multiple_of(4)
}

/// A step of a compartment below the soma; what it hands on.
fn leaf(
    branch: &Branch,
    state: &mut [f64; 2],
    row: &Row,
    &Driven { voltage, follows, .. }: &Driven,
    [keeps, passes]: [&mut Vec<f64>; 2],
) -> Handed {
    let v_th = f64::from(branch.registers.v_th[row.neuron]);
    // Whether a voltage passes is not smooth, and does not change by a little.
    let is_passed = branch.threshold == ThresholdMode::SpikeAndReset || voltage > v_th;
    let is_saturated = branch.threshold == ThresholdMode::PassAboveAndSaturate && voltage > v_th;
    state[1] = if is_saturated { v_th } else { voltage };
    keeps.push(f64::from(u8::from(follows && !is_saturated)));
    passes.push(f64::from(u8::from(follows && is_passed)));
    let value = match branch.pushes {
        StackOut::PushU => state[0],
        _ if is_passed => voltage,
        _ => 0.0,
    };
    let x = (voltage - v_th) / (WIDTH * v_th);
    let slope = f64::from(u8::from(follows)) / (1.0 + x * x) / 3.5 / (WIDTH * v_th);
    Handed { value, open: 0.5 + x.atan() / 3.5, slope }
}

/// A step of the compartment that spikes.
fn soma(branch: &Branch, state: &mut [f64; 2], row: &Row, found: &Driven, reset: Reset, trail: &mut Trail) {
    let (voltage, follows) = (found.voltage, f64::from(u8::from(found.follows)));
    let v_th = f64::from(branch.registers.v_th[row.neuron]);
    // The width of the surrogate is no part of what is trained.
    let x = (voltage - v_th - 64.0 * row.more[2]) / (WIDTH * v_th);
    // While it waits, it does not spike, whatever its threshold.
    let spike = if waits(branch, row) { 0.0 } else { 0.5 + x.atan() / 3.5 };
    let slope = if waits(branch, row) { 0.0 } else { 1.0 / (1.0 + x * x) / 3.5 / (WIDTH * v_th) };
    let (stays, by_spike) = if reset == Reset::Passes { (1.0, 0.0) } else { (1.0 - spike, slope) };
    state[1] = voltage * stays;
    trail.currents.push(state[0]);
    trail.potentials.push(state[1]);
    trail.spikes.push(spike);
    // Where a limit holds the voltage, only the threshold has it.
    trail.slopes.push(if found.follows { slope } else { -slope });
    if let Some(keeps) = trail.keeps.last_mut() {
        keeps.push(follows * stays - by_spike * voltage);
    }
}

/// The compartments of a population, leaves first.
fn branches_of(neurons: &Neurons) -> Vec<Branch> {
    let (registers, threshold) = (neurons.registers.clone(), ThresholdMode::SpikeAndReset);
    let soma = Branch { registers, takes: neurons.branches.takes, pushes: StackOut::Skip, threshold };
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
