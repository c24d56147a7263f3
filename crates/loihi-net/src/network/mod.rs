//! Networks in the chip's integers: inputs, populations, connections, what is sampled and what is read out.
//!
//! A [`Network`] says nothing about cores. It comes from the builder here, from a TOML file, or from an importer;
//! `loihi-place` spreads it over cores and makes an image of it. Every parameter is a register's value, so that nothing
//! is rounded on the way to the image.
//!
//! Two inputs that must fire together, built and run:
//!
//! ```
//! use loihi_device::inproc::InProcess;
//! use loihi_net::network::{Connection, Network, Population};
//! use loihi_run::inference::Stimulus;
//! use loihi_run::runner::Runner;
//!
//! let mut network = Network::new("coincidence");
//! let pair = network.input("pair", 2);
//! let both = network.population(Population::new("both", 1).decay_v(512).v_th(100));
//! network.connect(Connection::new(pair, both, [60, 60]));
//!
//! let mut runner = Runner::new(network, InProcess::default())?;
//! // Step, input, element: one alone in step 2, both in step 9.
//! let stimulus = Stimulus { steps: 20, spikes: vec![(2, 0, 1), (9, 0, 0), (9, 0, 1)], ..Stimulus::default() };
//! let spikes = runner.run(&stimulus)?;
//! assert_eq!(spikes.iter().map(|spike| (spike.step, spike.neuron)).collect::<Vec<_>>(), [(9, 0)]);
//! # Ok::<(), loihi_run::runner::RunnerError>(())
//! ```

mod bias;
mod check;
mod compressed;
mod connection;
mod conv;
mod depth;
mod each;
mod encoding;
pub mod file;
mod input;
mod population;
mod readout;
mod section;
mod shape;
mod subtract;
mod units;

pub use bias::{Bias, nearest_bias};
pub use check::{Element, NetworkError};
pub use compressed::{CompressedWeights, SourceWeights};
pub use connection::{Connection, Learning, Signs, SparseSynapse, TraceShape, Weights};
pub use conv::planes;
pub use conv::{Conv2d, Pool2d};
pub use depth::{Depths, Edge};
pub use each::Each;
pub use encoding::{Coding, Encoding, Time};
pub use file::{SaveError, write_aside};
pub use input::{Entry, Input, Weighted};
pub use population::{PeriodicReset, Population};
pub use readout::{ReadBy, Readout};
pub use section::{Section, SectionError};
pub use shape::{ELEMENTS_MAX, Shape, size};
pub use subtract::{even_exponent, even_mantissa, subtract_compartments, subtract_exponent, subtracting};
pub use units::{UnitError, microseconds};

use crate::probe::Probe;

/// What sends spikes: an input or a population, by its place in the network's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// An input.
    Input(usize),
    /// A population.
    Population(usize),
}

impl Endpoint {
    /// The place of a population in its list; of an input one that no list has, which [`Network::check`] reports.
    const fn population(self) -> usize {
        match self {
            Self::Population(at) => at,
            Self::Input(_) => usize::MAX,
        }
    }
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
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
    /// Classes of the data that it learns, for programs that do not say how many; 0 if they are not known.
    pub classes: u32,
    /// Programs of the embedded CPU, in the order in which they run; `loihi-snip` reads their keys.
    pub snips: Vec<Section>,
    /// What a run does with the network: `[task]`, `[[stage]]`, `[[spikes]]`, `[[measure]]`, `[reward]`, `[teacher]`,
    /// `[plant]`, whose keys `loihi-learn` reads; and `[train]`, whose keys `loihi-train` reads.
    pub run: RunSections,
    /// Whether it may go beyond what a Loihi has and can express; see [`loihi_image::limits`].
    pub beyond_the_chip: bool,
}

/// Tables of a network file that say what a run does.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RunSections {
    /// What is learned, from what data, for how long.
    pub task: Option<Section>,
    /// How weights are trained before the network runs on a device.
    pub train: Option<Section>,
    /// Which numbers of samples become 0 and 255, by input; `loihi-run` reads them.
    pub scale: Option<Section>,
    /// Stages of learning, one after the other.
    pub stages: Vec<Section>,
    /// Where the reward of the cores' learning comes from.
    pub reward: Option<Section>,
    /// Where third factors of the cores' learning come from; `loihi-snip` reads whose they are.
    pub teacher: Option<Section>,
    /// What the network senses and moves.
    pub plant: Option<Section>,
    /// When inputs spike in a trial.
    pub spikes: Vec<Section>,
    /// What of the learned weights is reported.
    pub measures: Vec<Section>,
}

/// Duration of a step in microseconds, where the network gives no other.
const STEP_US: u64 = 1000;
/// Most synapses of a connection, those that are not there for a weight of 0 aside: more than the memory of eight chips holds.
pub const SYNAPSES_MAX: usize = 1 << 27;

impl Network {
    /// A network with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the seed of everything random.
    #[must_use]
    pub const fn seed(mut self, seed: u32) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the duration of a step in microseconds.
    #[must_use]
    pub const fn dt_us(mut self, dt_us: u64) -> Self {
        self.dt_us = dt_us;
        self
    }

    /// Duration of a step in microseconds: a millisecond where the network does not say.
    pub const fn step_us(&self) -> u64 {
        if self.dt_us > 0 { self.dt_us } else { STEP_US }
    }

    /// Sets the steps of a sample.
    #[must_use]
    pub const fn steps(mut self, steps: u32) -> Self {
        self.steps = steps;
        self
    }

    /// Sets the steps that are computed after those of a sample.
    #[must_use]
    pub const fn late_steps(mut self, late_steps: u32) -> Self {
        self.late_steps = late_steps;
        self
    }

    /// Lets it go beyond what a Loihi has and can express.
    #[must_use]
    pub const fn beyond_the_chip(mut self) -> Self {
        self.beyond_the_chip = true;
        self
    }

    /// Steps of a sample with those that are computed after it, if the network says so.
    pub fn sample_steps(&self) -> Option<u32> {
        (self.steps > 0).then(|| self.steps.saturating_add(self.late_steps))
    }

    /// Adds an input of spikes.
    pub fn input(&mut self, name: impl Into<String>, shape: impl Into<Shape>) -> Endpoint {
        self.add_input(Input::new(name, shape, Entry::Spikes))
    }

    /// Adds an input.
    pub fn add_input(&mut self, input: Input) -> Endpoint {
        self.inputs.push(input);
        Endpoint::Input(self.inputs.len() - 1)
    }

    /// Adds an input that sets the biases of a population to its values.
    pub fn bias_input(&mut self, name: impl Into<String>, population: Endpoint) -> Endpoint {
        let population = population.population();
        let shape = self.shape_of(Endpoint::Population(population)).to_vec();
        self.add_input(Input::new(name, shape, Entry::Bias { population, gain_q16: 1 << 16, offset: 0 }))
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
        self.readout = Some(Readout::new(population, by));
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
