//! The spiking network of a network of rectified units.
//!
//! Each layer is a population of neurons that integrate and fire (`decay_u` = 4096, `decay_v` = 0); a spike in every step is the
//! activation to which the layer was calibrated, so that weights are those of the ANN times what a spike stands for before them, by
//! what it stands for after them (Diehl and others, 2015; Rueckauer and others, 2017).
//!
//! * A reset by subtraction keeps what is above the threshold for the next spike: one compartment adds up, another fires, and a
//!   synapse takes the threshold off the first.
//! * Neurons with a steady input start at half of their threshold, so that counts of spikes are rounded, not cut off: a neuron
//!   `start` fires once. Others start below it: spikes that come unevenly make neurons fire that should not, and that is never
//!   taken back.
//! * A spike takes a step from layer to layer, and biases are currents from the first step on. What they add before the first
//!   spikes can arrive is taken off by the same spike of `start`, and the sample takes as many more steps as there are layers.

mod entry;
mod weights;

use crate::ann::{Activation, Ann, Source, Way, channels};
use crate::calibrate::Calibration;
use crate::error::ConvertError;
use crate::scale::{Mantissas, mantissas, scale};
use loihi_core::image::Profile;
use loihi_core::num::{Delay, ThresholdMantissa};
use loihi_net::network::{
    Bias, Coding, Connection, Each, Encoding, Endpoint, Entry, Input, Network, Population, ReadBy, SparseSynapse,
    Weights, nearest_bias, size, subtract_compartments, subtracting,
};
use loihi_train::ways::Ways;
use std::collections::BTreeMap;
use weights::{add_errors, largest_of, largest_sum, normalised};

/// Mantissa of the threshold of the neurons of the input, by which values of 0 to 255 become rates of 0 to 1. It is below 255, so
/// that the largest value passes it in every step.
const INPUT_THRESHOLD: i32 = 254;
/// Most layers one after the other: a synapse delays by at most 62 steps.
const DEPTH_MAX: usize = 62;
/// Share of the threshold at which neurons with a steady input start.
const START: f64 = 0.5;
/// The same of neurons that take spikes, and keep what is above the threshold.
const START_UNEVEN: f64 = 0.3;
/// The largest sum of synapses in a step, in units of the largest bias.
const SUM_BY_BIAS: f64 = 4.0;
/// Most of a voltage that scores may come to, in units of 64, of 131,071.
const SCORE_MAX: f64 = 100_000.0;

loihi_files::choices! {
    /// What a spike does to the voltage.
    #[derive(Default)]
    pub enum Reset {
        /// Takes the threshold off it: two compartments a neuron
        #[default]
        Soft = "soft",
        /// Sets it to 0: one compartment a neuron
        Zero = "zero",
    }
}

loihi_files::choices! {
    /// How samples enter.
    #[derive(Default)]
    pub enum InputAs {
        /// As biases of neurons that spike in proportion
        #[default]
        Bias = "bias",
        /// As biases of the first layer, sums that the embedded CPU computes: finer than spikes
        Cpu = "cpu",
        /// As spikes from outside, drawn with a chance of value / 256 in every step
        Rate = "rate",
    }
}

loihi_files::choices! {
    /// How the answer is read.
    #[derive(Default)]
    pub enum ReadoutBy {
        /// Voltages of neurons that do not fire: sums of what has come in
        #[default]
        Voltage = "voltage",
        /// Numbers of spikes
        Spikes = "spikes",
    }
}

/// How a network is converted.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// What a spike does.
    pub reset: Reset,
    /// How samples enter.
    pub input: InputAs,
    /// How the answer is read.
    pub readout: ReadoutBy,
    /// Steps of a sample, at most.
    pub steps: u32,
}

/// A network that was converted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The spiking network.
    pub network: Network,
    /// By layer of the ANN.
    pub layers: Vec<ConvertedLayer>,
    /// The population that spikes once, by its place in the network's list.
    pub start: usize,
}

/// A layer that was converted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConvertedLayer {
    /// Its population, by its place in the network's list.
    pub population: usize,
    /// The first step in which spikes of the input can count in it.
    pub first_step: u32,
    /// Mantissa of the threshold; of scores by voltage what 1 is, in units of 64.
    pub unit: f64,
    /// By channel: the activation that is one spike a step.
    pub largest: Vec<f32>,
    /// Root mean square of what weights are off, in parts of the largest one.
    pub weight_error: f64,
}

/// A conversion under way.
struct Build<'a> {
    ann: &'a Ann,
    calibration: &'a Calibration,
    options: ConvertOptions,
    network: Network,
    start: usize,
    /// Where the input's spikes come from.
    input: Endpoint,
    layers: Vec<ConvertedLayer>,
    depths: Vec<usize>,
}

/// Converts a network.
///
/// # Errors
/// [`ConvertError::Network`] says what cannot be expressed.
pub fn convert(ann: &Ann, calibration: &Calibration, options: ConvertOptions) -> Result<Converted, ConvertError> {
    let depths = ann.depths();
    let deepest = depths.iter().copied().max().unwrap_or(0);
    if deepest == 0 || deepest > DEPTH_MAX {
        return Err(ConvertError::Network(format!(
            "the network is {deepest} layers deep: 1 to {DEPTH_MAX} are possible"
        )));
    }
    let mut network = Network::new(&ann.name).steps(options.steps);
    let begins = Population::new(free_name(ann, "start"), 1).decay_u(4096).decay_v(0).v_th(1).v_start(128);
    let start = network.populations.len();
    network.population(begins);
    let input = match options.input {
        InputAs::Bias => network.population(Population::new(free_name(ann, "pixels"), &ann.input)),
        InputAs::Rate => {
            let input = Input::new(free_name(ann, "input"), &ann.input, Entry::Spikes);
            network.add_input(input.encoding(Encoding::new(Coding::Rate)))
        }
        InputAs::Cpu => Endpoint::Input(0),
    };
    let mut build = Build { ann, calibration, options, network, start, input, layers: Vec::new(), depths };
    build.input_neurons();
    for at in 0..ann.layers.len() {
        build.layer(at)?;
    }
    let last = ann.layers.len() - 1;
    let by = if build.is_voltage(last) { ReadBy::Voltage } else { ReadBy::Spikes };
    build.network.late_steps = u32::try_from(build.depth(Source::Layer(last))).unwrap_or(0);
    build.network.read(Endpoint::Population(build.layers[last].population), by);
    build.network.check().map_err(|error| ConvertError::Network(error.to_string()))?;
    Ok(Converted { network: build.network, layers: build.layers, start })
}

/// A name for what the ANN does not have, unlike those of its layers.
fn free_name(ann: &Ann, name: &str) -> String {
    let mut name = name.to_owned();
    while ann.layers.iter().any(|layer| layer.name == name) {
        name.push('_');
    }
    name
}

impl Build<'_> {
    /// Steps until the first spikes of a source; negative for external inputs.
    fn depth(&self, source: Source) -> i32 {
        let depth = match source {
            Source::Input => 0,
            Source::Layer(at) => i32::try_from(self.depths[at]).unwrap_or(i32::MAX),
        };
        depth - i32::from(self.options.input != InputAs::Bias)
    }

    /// Whether a layer is the readout, and its voltage is the answer.
    fn is_voltage(&self, at: usize) -> bool {
        at + 1 == self.ann.layers.len() && self.options.readout == ReadoutBy::Voltage
    }

    /// By neuron of a source: the activation that is one spike a step.
    fn per_spike(&self, source: Source) -> Vec<f32> {
        // Values of 255 are 1.
        let of_input = match self.options.input {
            InputAs::Bias => 254.0 / 255.0,
            InputAs::Rate => 256.0 / 255.0,
            InputAs::Cpu => 1.0,
        };
        match source {
            Source::Input => vec![of_input; size(&self.ann.input)],
            Source::Layer(at) => self.calibration.per_neuron(self.ann, at),
        }
    }

    fn endpoint(&self, source: Source) -> Endpoint {
        match source {
            Source::Input => self.input,
            Source::Layer(at) => Endpoint::Population(self.layers[at].population),
        }
    }

    /// The compartments of a neuron with this threshold.
    fn compartments(&self, threshold: i32) -> Vec<Each<Profile>> {
        let v_th = threshold << 6;
        match self.options.reset {
            Reset::Zero => vec![Profile { decay_u: 4096, decay_v: 0, v_th, ..Profile::DEFAULT }.into()],
            Reset::Soft => subtract_compartments(0, v_th).map(Each::Same).into(),
        }
    }

    /// The synapse by which a neuron takes the threshold off what it has added up.
    fn takes_threshold_off(&mut self, population: usize, threshold: i32) {
        if self.options.reset == Reset::Soft {
            self.network.connect(subtracting(population, 0, &[threshold]));
        }
    }

    /// Synapses of `start`: what neurons begin with, in units of 64. Where the bias is above 0 it comes at once, else as late
    /// as the first spikes, so that no neuron passes its threshold before.
    fn connect_start(&mut self, population: usize, wanted: &[f64], late: &[u8]) {
        let Mantissas { values, exponent } = mantissas(wanted.iter().copied(), 1.0);
        let [start, to] = [self.start, population].map(Endpoint::Population);
        let late = |neuron: usize| late.get(neuron).copied().unwrap_or(0);
        // A connection for each delay: that is what training takes.
        let mut by_delay: BTreeMap<u8, Vec<SparseSynapse>> = BTreeMap::new();
        for (neuron, weight) in values.into_iter().enumerate().filter(|(_, weight)| *weight != 0) {
            by_delay.entry(late(neuron)).or_default().push(SparseSynapse { source: 0, neuron, weight, delay: 0 });
        }
        for (delay, synapses) in by_delay {
            let connection = Connection::new(start, to, Weights::Sparse(synapses)).wgt_exp(exponent);
            self.network.connect(connection.delay(Delay::saturating(delay.into())));
        }
    }

    fn layer(&mut self, at: usize) -> Result<(), ConvertError> {
        let layer = &self.ann.layers[at];
        let (largest, shift) = self.reach(at);
        let [_, each] = channels(&layer.shape);
        let per_neuron: Vec<f32> = largest.iter().flat_map(|own| std::iter::repeat_n(*own, each)).collect();
        let network_error = |what: String| ConvertError::Network(format!("layer `{}`: {what}", layer.name));
        let ways = layer.ways.iter().map(|way| normalised(way, &self.per_spike(way.from), &per_neuron, layer));
        let ways = ways.collect::<Result<Vec<Way>, String>>().map_err(network_error)?;
        let is_voltage = self.is_voltage(at);
        let largest_weight = ways.iter().map(largest_of).fold(0.0_f64, f64::max);
        let by_cpu = self.options.input == InputAs::Cpu && layer.ways.iter().any(|way| way.from == Source::Input);
        let sum: f64 = ways.iter().map(|way| largest_sum(way, layer)).sum();
        let threshold = scale(largest_weight, if by_cpu { SUM_BY_BIAS * sum } else { sum });
        let unit = if is_voltage { self.unit_of_scores(at, largest_weight) } else { f64::from(threshold) };
        let mut population = Population::new(&layer.name, &layer.shape);
        population.compartments = if is_voltage {
            let profile = Profile { decay_u: 4096, decay_v: 0, v_th: ThresholdMantissa::MAX << 6, ..Profile::DEFAULT };
            vec![Each::Same(profile)]
        } else {
            self.compartments(threshold)
        };
        let of_channel = |channel: usize| {
            (f64::from(layer.bias.get(channel).copied().unwrap_or(0.0)) + shift) / f64::from(largest[channel])
        };
        let wanted: Vec<f64> = (0..largest.len()).map(|channel| of_channel(channel) * unit * 64.0).collect();
        let biases: Vec<_> = wanted.iter().map(|bias| nearest_bias(if by_cpu { 0.0 } else { *bias })).collect();
        population.bias = Each::of(biases.iter().flat_map(|bias| std::iter::repeat_n(*bias, each)).collect());
        let place = self.network.populations.len();
        let to = self.network.population(population);
        let depth = self.depth(Source::Layer(at));
        let mut errors = [0.0, 0.0];
        if by_cpu {
            let biases: Vec<f64> = wanted.iter().flat_map(|bias| std::iter::repeat_n(*bias, each)).collect();
            self.sums(place, &ways, unit, &biases).map_err(network_error)?;
        } else {
            for way in &ways {
                self.connect(way, at, to, unit, &mut errors).map_err(network_error)?;
            }
        }
        let uneven = self.options.reset == Reset::Soft && !by_cpu;
        let share = if uneven { START_UNEVEN } else { START };
        let start = if is_voltage { 0.0 } else { share * f64::from(threshold) };
        self.start_at(place, start, &biases, depth);
        if !is_voltage {
            self.takes_threshold_off(place, threshold);
        }
        let [squares, count] = errors;
        let weight_error = if count > 0.0 { (squares / count).sqrt() } else { 0.0 };
        let first_step = u32::try_from(depth).unwrap_or(0);
        self.layers.push(ConvertedLayer { population: place, first_step, unit, largest, weight_error });
        Ok(())
    }

    /// Connects what leads to a layer, and adds up the squared errors of its weights and their number.
    fn connect(&mut self, way: &Way, at: usize, to: Endpoint, unit: f64, errors: &mut [f64; 2]) -> Result<(), String> {
        let shape = &self.ann.layers[at].shape;
        let (ways, _) = Ways::of(&way.geometry(shape), [&way.from_shape, shape])?;
        let ordered = way.ordered(&ways, shape);
        let found = mantissas(ordered.iter().map(|weight| f64::from(*weight)), unit);
        add_errors(errors, &ordered, &found, unit);
        let weights = ways.put(&way.geometry(shape), &found.values);
        let weights = match (&weights, found.values.first()) {
            (Weights::Pool2d(pool), Some(weight)) => Weights::Pool2d(pool.weight(*weight)),
            _ => weights,
        };
        let delay = Delay::saturating(self.depth(Source::Layer(at)) - self.depth(way.from) - 1);
        let connection = Connection::new(self.endpoint(way.from), to, weights);
        self.network.connect(connection.wgt_exp(found.exponent).delay(delay));
        Ok(())
    }

    /// Lets the neurons of a population begin with `start`, in units of 64, at the step in which the first spikes come, whatever their
    /// biases, by channel, have added before.
    fn start_at(&mut self, population: usize, start: f64, biases: &[Bias], depth: i32) {
        let each = self.network.populations[population].neurons() / biases.len().max(1);
        let early = f64::from(depth);
        let begins = biases.iter().map(|bias| start - early * f64::from(bias.value()) / 64.0);
        let begins: Vec<f64> = begins.flat_map(|own| std::iter::repeat_n(own, each)).collect();
        let waits = u8::try_from(depth - 1).unwrap_or(0);
        let late = biases.iter().map(|bias| if bias.value() > 0 { 0 } else { waits });
        let late: Vec<u8> = late.flat_map(|own| std::iter::repeat_n(own, each)).collect();
        self.connect_start(population, &begins, &late);
    }

    /// By channel what a spike a step stands for, and what is added to all scores so that they are above 0.
    fn reach(&self, at: usize) -> (Vec<f32>, f64) {
        let largest = &self.calibration.largest[at];
        if self.is_voltage(at) {
            return (vec![1.0; largest.len()], 0.0);
        }
        let [low, high] = self.calibration.winners;
        let is_scores = at + 1 == self.ann.layers.len() && self.ann.layers[at].activation == Activation::Linear;
        if !is_scores || high - low <= f32::EPSILON * high.abs() {
            return (largest.clone(), 0.0);
        }
        // The best scores lie in the upper four fifths of the rates.
        let span = 1.25 * (high - low);
        (vec![span; largest.len()], f64::from(span - high))
    }

    /// What 1 is in units of 64 where voltages are the scores: they are as large as scores become in all steps.
    fn unit_of_scores(&self, at: usize, largest: f64) -> f64 {
        let steps = f64::from(self.options.steps) + f64::from(self.depth(Source::Layer(at)));
        let most = SCORE_MAX / (1.5 * f64::from(self.calibration.score) * steps).max(1e-9);
        if largest > 0.0 { (254.0 / largest).min(most) } else { most.min(1.0) }
    }
}
