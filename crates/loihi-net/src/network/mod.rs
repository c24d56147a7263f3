//! Networks in the chip's integers: inputs, populations, connections, what is sampled and what is read out.
//!
//! A [`Network`] says nothing about cores. It comes from the builder here, from a TOML file, or from an importer;
//! [`crate::place`] spreads it over cores and makes an image of it. Every parameter is a register's value, so that nothing
//! is rounded on the way to the image.
//!
//! Two inputs that must fire together, built, placed and run:
//!
//! ```
//! use host_harness::device::inproc::InProcess;
//! use host_harness::device::session::{RetryPolicy, Session};
//! use host_harness::inference::{Inference, Stimulus};
//! use host_harness::network::{Connection, Network, Population, ReadBy, Weights};
//! use host_harness::place::{PlacementOptions, place};
//! use host_harness::probe::Probe;
//! use loihi_core::image::Profile;
//! use loihi_core::register::Register;
//!
//! let mut network = Network::new("coincidence");
//! let pair = network.input("pair", &[2]);
//! // The voltage loses an eighth a step; two spikes of 60 · 64 together exceed 100 · 64, one does not.
//! let profile = Profile { decay_v: 512, v_th: 100 << 6, ..Profile::DEFAULT };
//! let both = network.population(Population::new("both", &[1], profile));
//! network.connect(Connection::new(pair, both, Weights::Dense(vec![60, 60])));
//! network.read(both, ReadBy::Spikes);
//! // Sampled in runs of `loihi infer --out`.
//! network.probe(Probe::new(Register::V).of("both"));
//!
//! let placed = place(&network, PlacementOptions::default())?;
//! let mut session = Session::open(Box::new(InProcess::new(1 << 20)), RetryPolicy::default(), 1, || false)?;
//! let mut inference = Inference::new(&mut session, &network, &placed)?;
//! // Step, input, element: one alone in step 2, both in step 9.
//! let stimulus = Stimulus { steps: 20, spikes: vec![(2, 0, 1), (9, 0, 0), (9, 0, 1)], ..Stimulus::default() };
//! let mut fired = Vec::new();
//! inference.run(&stimulus, |spike| fired.push((spike.step, spike.neuron)))?;
//! assert_eq!(fired, [(9, 0)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bias;
mod check;
mod connection;
mod conv;
mod depth;
mod encoding;
pub mod file;
mod units;

pub use bias::{Bias, nearest_bias};
pub use check::{Element, NetworkError};
pub use connection::{Connection, Learning, Signs, SparseSynapse, TraceShape, Weights};
pub use conv::planes;
pub use conv::{Conv2d, Pool2d};
pub use depth::{Depths, Edge};
pub use encoding::{Coding, Encoding, Time};
pub use file::{SaveError, write_aside};
pub use units::microseconds;

use crate::probe::Probe;
use loihi_core::image::Profile;
use loihi_core::num::BiasExponent;

/// A value for all elements, or one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each<T> {
    /// All have this one.
    Same(T),
    /// One for each, in their order.
    Every(Vec<T>),
}

impl<T: Clone + PartialEq> Each<T> {
    /// That of an element; `None` past the end.
    pub fn get(&self, at: usize) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Every(values) => values.get(at),
        }
    }

    /// All different values, each at its first element.
    pub fn values(&self) -> &[T] {
        match self {
            Self::Same(value) => std::slice::from_ref(value),
            Self::Every(values) => values,
        }
    }

    /// One for each of these, or one for all if they are equal.
    pub fn of(values: Vec<T>) -> Self {
        match values.first() {
            Some(first) if values.iter().all(|value| value == first) => Self::Same(first.clone()),
            _ => Self::Every(values),
        }
    }
}

/// What sends spikes: an input or a population, by its place in the network's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// An input.
    Input(usize),
    /// A population.
    Population(usize),
}

/// How an input enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// As spikes, which connections lead on.
    Spikes,
    /// As biases of a population of the same size, which stay for a whole sample.
    Bias {
        /// The population, by its place in the list.
        population: usize,
        /// What a value of 1 adds to the bias, in units of 2^-16.
        gain_q16: i32,
        /// What is added to it.
        offset: i32,
    },
    /// As values whose weighted sums the embedded CPU writes as biases, before every step
    /// ([`loihi_core::rules::BiasEncoderParams`]).
    Weighted(Weighted),
}

/// A layer that the embedded CPU computes: the bias of neuron i is `offset_i + Σ_d (gain_id · x_d) >> 12`, `x` in Q3.12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// The population, by its place in the list.
    pub population: usize,
    /// `[neurons, values]`, values fastest.
    pub gains: Vec<i32>,
    /// One a neuron.
    pub offsets: Vec<i32>,
    /// Exponent of the biases.
    pub exponent: BiasExponent,
}

impl Entry {
    /// The population whose biases it sets.
    pub const fn driven(&self) -> Option<usize> {
        match self {
            Self::Spikes => None,
            Self::Bias { population, .. } | Self::Weighted(Weighted { population, .. }) => Some(*population),
        }
    }
}

/// Something that comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, unlike any other in the network.
    pub name: String,
    /// Extents, channels first: `[n]`, `[c, w]` or `[c, h, w]`.
    pub shape: Vec<usize>,
    /// How it enters.
    pub entry: Entry,
    /// How samples become its spikes.
    pub encoding: Encoding,
}

impl Input {
    /// An input of this shape.
    pub fn new(name: impl Into<String>, shape: &[usize], entry: Entry) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), entry, encoding: Encoding::default() }
    }
}

/// A periodic reset of neurons: before they compute step `offset_steps` of every `interval_steps` of a sample, currents and
/// voltages return to 0 ([`loihi_core::rules::PeriodicResetParams`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodicReset {
    /// Steps from one time to the next, 1..=2^31 − 1.
    pub interval_steps: u32,
    /// Steps of a sample before the first time, below `interval_steps`.
    pub offset_steps: u32,
}

/// Neurons with the same structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Its name, unlike any other in the network.
    pub name: String,
    /// Extents, channels first: `[n]`, `[c, w]` or `[c, h, w]`; neurons count with the last extent fastest.
    pub shape: Vec<usize>,
    /// The compartments of a neuron, leaves of its tree first; the last one is the soma, which sends the spikes. Usually
    /// one.
    pub compartments: Vec<Each<Profile>>,
    /// Bias of every neuron, at its first compartment.
    pub bias: Each<Bias>,
    /// When all of them are reset, if they are at other times than the start of a sample.
    pub reset: Option<PeriodicReset>,
}

/// What the answer to a sample is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBy {
    /// Number of spikes.
    Spikes,
    /// Voltage after the last step.
    Voltage,
    /// The sooner the first spike, the better.
    FirstSpike,
}

/// Where the answer to a sample is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readout {
    /// The population, by its place in the list; each neuron stands for a class.
    pub population: usize,
    /// What of it.
    pub by: ReadBy,
    /// Steps to leave out at the beginning.
    pub skip_steps: u32,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// What users call it.
    pub name: String,
    /// What there is to know of it, in words: of an imported one, what became of each part of the file.
    pub about: String,
    /// Seed of everything random.
    pub seed: u32,
    /// Duration of a step in microseconds, for labels; 0 if it has none.
    pub dt_us: u64,
    /// Steps of a sample, if the network says so; 0 if the data do.
    pub steps: u32,
    /// Steps that are computed after those of a sample, until what it has set off has come through all layers.
    pub late_steps: u32,
    /// What comes from outside.
    pub inputs: Vec<Input>,
    /// Neurons.
    pub populations: Vec<Population>,
    /// Synapses.
    pub connections: Vec<Connection>,
    /// What runs that are recorded sample.
    pub probes: Vec<Probe>,
    /// Where the answer is, if there is one.
    pub readout: Option<Readout>,
    /// Whether it may go beyond what a Loihi has and can express; see [`loihi_image::limits`].
    pub beyond_the_chip: bool,
}

/// Most elements of an input or a population.
pub const ELEMENTS_MAX: usize = 1 << 24;

/// Most synapses of a connection: more than the memory of eight chips holds.
pub const SYNAPSES_MAX: usize = 1 << 27;

/// Number of elements of a shape; saturates.
pub fn size(shape: &[usize]) -> usize {
    shape.iter().copied().fold(1, usize::saturating_mul)
}

impl Population {
    /// Neurons of one compartment each.
    pub fn new(name: impl Into<String>, shape: &[usize], profile: Profile) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            compartments: vec![Each::Same(profile)],
            bias: Each::Same(Bias::ZERO),
            reset: None,
        }
    }

    /// Number of neurons.
    pub fn neurons(&self) -> usize {
        size(&self.shape)
    }

    /// Number of compartments of all neurons.
    pub fn compartments_total(&self) -> usize {
        self.neurons().saturating_mul(self.compartments.len())
    }
}

impl Network {
    /// A network with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds an input of spikes.
    pub fn input(&mut self, name: impl Into<String>, shape: &[usize]) -> Endpoint {
        self.inputs.push(Input::new(name, shape, Entry::Spikes));
        Endpoint::Input(self.inputs.len() - 1)
    }

    /// Adds an input that sets the biases of a population to its values.
    pub fn bias_input(&mut self, name: impl Into<String>, population: Endpoint) {
        let (Endpoint::Population(population) | Endpoint::Input(population)) = population;
        let shape = self.populations.get(population).map(|population| population.shape.clone()).unwrap_or_default();
        self.inputs.push(Input::new(name, &shape, Entry::Bias { population, gain_q16: 1 << 16, offset: 0 }));
    }

    /// Adds a population.
    pub fn population(&mut self, population: Population) -> Endpoint {
        self.populations.push(population);
        Endpoint::Population(self.populations.len() - 1)
    }

    /// Adds a connection.
    pub fn connect(&mut self, connection: Connection) {
        self.connections.push(connection);
    }

    /// Reads the answer from a population.
    pub fn read(&mut self, population: Endpoint, by: ReadBy) {
        if let Endpoint::Population(population) = population {
            self.readout = Some(Readout { population, by, skip_steps: 0 });
        }
    }

    /// Samples something in every run that is recorded: `Probe::new(Register::V).of("hidden")`.
    pub fn probe(&mut self, probe: Probe) {
        self.probes.push(probe);
    }

    /// Name of an endpoint.
    pub fn name_of(&self, endpoint: Endpoint) -> &str {
        let name = match endpoint {
            Endpoint::Input(at) => self.inputs.get(at).map(|input| &input.name),
            Endpoint::Population(at) => self.populations.get(at).map(|population| &population.name),
        };
        name.map_or("", String::as_str)
    }

    /// Shape of an endpoint; empty if it is not there.
    pub fn shape_of(&self, endpoint: Endpoint) -> &[usize] {
        let shape = match endpoint {
            Endpoint::Input(at) => self.inputs.get(at).map(|input| &input.shape),
            Endpoint::Population(at) => self.populations.get(at).map(|population| &population.shape),
        };
        shape.map_or(&[], Vec::as_slice)
    }

    /// The endpoint of a name.
    pub fn find(&self, name: &str) -> Option<Endpoint> {
        let population = self.populations.iter().position(|population| population.name == name);
        let input = || self.inputs.iter().position(|input| input.name == name);
        population.map(Endpoint::Population).or_else(|| input().map(Endpoint::Input))
    }

    /// Number of neurons of all populations.
    pub fn neurons(&self) -> usize {
        self.populations.iter().map(Population::neurons).sum()
    }

    /// Number of compartments of all populations.
    pub fn compartments(&self) -> usize {
        self.populations.iter().map(Population::compartments_total).sum()
    }
}
