//! A network as it is trained: neurons, synapses, and the order in which they are computed.

use crate::parameter::Parameters;
use crate::readout::Reading;
use crate::ways::Ways;
use loihi_adjoint::arithmetic::Registers;
use loihi_adjoint::branches::Branches;
use loihi_net::network::{Endpoint, Network};
use loihi_run::inference::answers::AnswerShape;

/// A population.
#[derive(Clone, Debug)]
pub struct Neurons {
    /// Its name.
    pub name: String,
    /// Registers that stay, of the compartment that spikes.
    pub registers: Registers,
    /// The other compartments.
    pub branches: Branches,
    /// Biases, unless an input sets them.
    pub biases: Vec<i32>,
    /// Voltages at the start of a sample.
    pub v_start: Vec<i32>,
    /// By neuron, the number of the profile of the compartment that spikes: registers of a profile are trained as one.
    pub profiles: Vec<usize>,
    /// Whether the loss has a derivative by its sums that something trained needs.
    pub is_reached: bool,
    /// Whether decays are trained: then currents and voltages of all steps are needed.
    pub trains_decays: bool,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Synapses {
    /// Where its spikes come from.
    pub from: Endpoint,
    /// The population that it reaches.
    pub to: usize,
    /// The compartment that it enters, if that is not the one that spikes.
    pub leaf: Option<usize>,
    /// Which source reaches which neuron.
    pub ways: Ways,
    /// Steps from a spike to its arrival, at least: none from inputs, one from neurons, and the delay.
    pub lag: usize,
    /// By source, steps on top of these, if sources differ.
    pub delays: Option<Vec<usize>>,
    /// What a spike adds in units of 64, in the order of the ways.
    pub folded: Vec<f32>,
}

/// An input whose values set biases.
#[derive(Clone, Debug)]
pub struct BiasSums {
    /// The population.
    pub population: usize,
    /// Of each neuron: value and gain, without gains of 0.
    pub gains: Vec<Vec<(usize, i32)>>,
    /// One a neuron.
    pub offsets: Vec<i32>,
    /// Exponent of the biases.
    pub exponent: u32,
}

/// A network as it is trained.
#[derive(Clone, Debug)]
pub struct Model {
    /// Elements of the inputs.
    pub inputs: Vec<usize>,
    /// By input: what its values do, if they are summed.
    pub sums: Vec<Option<BiasSums>>,
    /// Populations.
    pub neurons: Vec<Neurons>,
    /// Connections.
    pub synapses: Vec<Synapses>,
    /// Populations in an order in which each comes after what leads to it; those that reach each other are a group.
    pub groups: Vec<Vec<usize>>,
    /// What answers.
    pub readout: Reading,
    /// Rows and columns of pixels that have answers of their own; 1 and 1 where a neuron stands for a class.
    pub pixels: [usize; 2],
    /// Everything that is trained.
    pub parameters: Vec<Parameters>,
}

impl Model {
    /// By population, the first step in which something can arrive at it, if it is ever reached: inputs send in step 0, and a
    /// population with a bias or a voltage of its own does not wait for them.
    pub fn first_steps(&self, network: &Network) -> Vec<Option<usize>> {
        let driven: Vec<usize> = network.inputs.iter().filter_map(|input| input.entry.driven()).collect();
        let begins = |(place, own): (usize, &Neurons)| {
            let is_on = |values: &[i32]| values.iter().any(|value| *value != 0);
            (driven.contains(&place) || is_on(&own.biases) || is_on(&own.v_start)).then_some(0)
        };
        let mut first: Vec<Option<usize>> = self.neurons.iter().enumerate().map(begins).collect();
        for _ in 0..self.neurons.len() {
            for own in &self.synapses {
                let sent = match own.from {
                    Endpoint::Input(_) => Some(0),
                    Endpoint::Population(from) => first[from],
                };
                let arrives = sent.map(|sent| sent + own.lag);
                first[own.to] = [first[own.to], arrives].into_iter().flatten().min();
            }
        }
        first
    }

    /// How many answers a sample of this many steps has.
    pub fn answer_shape(&self, steps: usize) -> AnswerShape {
        let windows = self.readout.windows(steps).count();
        let [rows, columns] = self.pixels;
        AnswerShape { windows, classes: self.readout.neurons / (rows * columns).max(1), pixels: self.pixels }
    }

    /// All populations, each after what leads to it, as far as there is such an order.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().flatten().copied()
    }
}

impl Synapses {
    /// Whether it leads from a group to itself.
    pub fn is_within(&self, group: &[usize]) -> bool {
        matches!(self.from, Endpoint::Population(from) if group.contains(&from)) && group.contains(&self.to)
    }

    /// Steps from a spike of a source to its arrival.
    pub fn lag_of(&self, source: usize) -> usize {
        self.lag + self.delays.as_ref().and_then(|delays| delays.get(source)).copied().unwrap_or(0)
    }
}
