//! Writes a network as TOML, with its long arrays in an `.npz` file beside it.

use super::form::{
    CompartmentForm, ConnectionForm, HomeostasisForm, InputForm, LearningForm, NetworkForm, NoiseForm, PopulationForm,
    ProbeForm, ReadoutForm, TraceForm, WeightsKind,
};
use super::values::{Numbers, WeightsForm};
use crate::network::{
    Bias, Connection, Each, Endpoint, Entry, Input, Learning, Network, Population, Readout, SYNAPSES_MAX, Section,
    SparseSynapse, TraceShape, Weights, size,
};
use crate::probe::Probe;
use loihi_core::image::{Homeostasis, Noise, Profile, Tree};
use loihi_core::num::Voltage;
use loihi_files::atomic_file;
use loihi_files::npz::{Array, Values, bytes};
use std::io;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Longest list that is written into the TOML file itself.
const INLINE_MAX: usize = 16;

/// Why a file cannot be saved.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
#[non_exhaustive]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl SaveError {
    /// Of a file that cannot be saved.
    pub fn new(path: &Path, error: io::Error) -> Self {
        Self { path: path.to_owned(), error }
    }
}

impl Network {
    /// Writes `path`, and beside it, if it has long arrays, a file of the same name that ends in `.npz`. Both are
    /// written aside and then renamed.
    ///
    /// # Errors
    /// [`SaveError`] if a file cannot be written, or for a population that it cannot describe: its thresholds are not
    /// multiples of 64, or its neurons differ in limits of the voltage, noise, homeostasis or how compartments join.
    pub fn save(&self, path: &Path) -> Result<(), SaveError> {
        let invalid = |error| SaveError::new(path, error);
        let arrays_path = path.with_extension("npz");
        let file = arrays_path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut writer = Writer { arrays: Vec::new(), file };
        let form = writer.network(self).map_err(invalid)?;
        let text = toml::to_string(&form).map_err(|error| invalid(io::Error::other(error)))?;
        if !writer.arrays.is_empty() {
            let arrays = bytes(&writer.arrays).map_err(|error| SaveError::new(&arrays_path, error))?;
            write_aside(&arrays_path, &arrays)?;
        }
        write_aside(path, text.as_bytes())
    }
}

/// Writes a file aside, then renames it.
///
/// # Errors
/// [`SaveError`].
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    atomic_file::write(path, bytes).map_err(|error| SaveError::new(path, error))
}

fn section(section: &Section) -> Spanned<toml::Table> {
    unplaced(section.keys.clone())
}

/// Makes the forms, and collects the arrays that they name.
struct Writer {
    arrays: Vec<(String, Array)>,
    /// Name of the file of arrays.
    file: String,
}

impl Writer {
    fn network(&mut self, network: &Network) -> io::Result<NetworkForm> {
        let population = |population| self.population(population).map(unplaced);
        let populations = network.populations.iter().map(population).collect::<io::Result<_>>()?;
        let connections = network.connections.iter().enumerate();
        Ok(NetworkForm {
            name: Some(network.name.clone()),
            about: Some(network.about.clone()).filter(|about| !about.is_empty()),
            seed: Some(network.seed),
            dt: (network.dt_us > 0).then(|| unplaced(format!("{} us", network.dt_us))),
            steps: Some(network.steps).filter(|steps| *steps > 0),
            late_steps: Some(network.late_steps).filter(|steps| *steps > 0),
            beyond_the_chip: network.beyond_the_chip.then_some(true),
            input: network.inputs.iter().map(|input| unplaced(self.input(network, input))).collect(),
            population: populations,
            connection: connections.map(|(number, own)| unplaced(self.connection(network, number, own))).collect(),
            probe: network.probes.iter().map(|own| unplaced(probe(own))).collect(),
            readout: network.readout.map(|own| unplaced(readout(network, own))),
            snip: network.snips.iter().map(section).collect(),
            task: network.run.task.as_ref().map(section),
            train: network.run.train.as_ref().map(section),
            scale: network.run.scale.as_ref().map(section),
            stage: network.run.stages.iter().map(section).collect(),
            reward: network.run.reward.as_ref().map(section),
            teacher: network.run.teacher.as_ref().map(section),
            plant: network.run.plant.as_ref().map(section),
            spikes: network.run.spikes.iter().map(section).collect(),
            measure: network.run.measures.iter().map(section).collect(),
        })
    }

    fn input(&mut self, network: &Network, input: &Input) -> InputForm {
        let driven = input.entry.driven().map(|at| unplaced(name_of(network, at)));
        let encoding = input.encoding;
        let form = InputForm {
            name: unplaced(input.name.clone()),
            shape: None,
            bias_of: None,
            gain: None,
            offset: None,
            weighted_for: None,
            gains: None,
            offsets: None,
            bias_exp: None,
            coding: encoding.coding.map(|coding| unplaced(coding.into())),
            threshold: encoding.threshold.map(unplaced),
            time: encoding.time.map(|time| unplaced(time.into())),
            seed: encoding.seed.map(unplaced),
        };
        let shape = Some(unplaced(input.shape.clone()));
        match &input.entry {
            Entry::Spikes => InputForm { shape, ..form },
            Entry::Bias { gain_q16, offset, .. } => InputForm {
                bias_of: driven,
                gain: Some(unplaced(f64::from(*gain_q16) / 65_536.0)),
                offset: Some(unplaced(*offset)),
                ..form
            },
            Entry::Weighted(weighted) => {
                let [neurons, values] = [weighted.offsets.len(), size(&input.shape)];
                let gains = self.kept("gains", &input.name, vec![neurons, values], whole(&weighted.gains));
                InputForm {
                    shape,
                    weighted_for: driven,
                    gains: Some(unplaced(WeightsForm::Text(gains))),
                    offsets: Some(unplaced(self.array("offsets", &input.name, whole(&weighted.offsets)))),
                    bias_exp: Some(unplaced(weighted.exponent.get())),
                    ..form
                }
            }
        }
    }

    fn population(&mut self, population: &Population) -> io::Result<PopulationForm> {
        let name = &population.name;
        let biases = |of: fn(&Bias) -> i32| each(&population.bias, of);
        let bias = self.numbers("bias", name, &biases(|bias| bias.mantissa.get()), 0);
        let bias = bias.map(|numbers| unplaced(numbers.into_inner().into()));
        let exponents = biases(|bias| bias.exponent.get());
        let bias_exp = bias.as_ref().and_then(|_| self.numbers("bias_exp", name, &exponents, 0));
        let (own, compartment) = match &*population.compartments {
            [profiles] if profiles.values().iter().all(|profile| profile.tree == Tree::NONE) => {
                (self.registers(name, name, profiles)?, Vec::new())
            }
            all => {
                let numbered =
                    |(number, profiles)| self.registers(name, &format!("{name}_{number}"), profiles).map(unplaced);
                (CompartmentForm::default(), all.iter().enumerate().map(numbered).collect::<io::Result<_>>()?)
            }
        };
        Ok(PopulationForm {
            name: unplaced(name.clone()),
            shape: Some(unplaced(population.shape.clone())),
            bias,
            bias_exp,
            v_start: self.numbers("v_start", name, &population.v_start, 0),
            reset_interval_steps: population.reset.map(|reset| unplaced(reset.interval_steps)),
            reset_offset_steps: population.reset.map(|reset| unplaced(reset.offset_steps)),
            decay_u: own.decay_u,
            decay_v: own.decay_v,
            v_th: own.v_th,
            refractory: own.refractory,
            v_min: own.v_min,
            v_max: own.v_max,
            noise: own.noise,
            homeostasis: own.homeostasis,
            compartment,
        })
    }

    /// Registers of a compartment; `name` is that of its arrays.
    fn registers(&mut self, population: &str, name: &str, profiles: &Each<Profile>) -> io::Result<CompartmentForm> {
        let Some(first) = profiles.values().first() else { return Ok(CompartmentForm::default()) };
        let shared = |own: &Profile| (own.v_min, own.v_max, own.noise, own.homeostasis, own.tree);
        if profiles.values().iter().any(|own| shared(own) != shared(first)) {
            let what = format!(
                "neurons of `{population}` differ in v_min, v_max, noise, homeostasis or how their compartments join, \
                 for which a file has one value: make them populations of their own"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        if let Some(own) = profiles.values().iter().find(|own| own.v_th % 64 != 0) {
            let what = format!("`{population}`: v_th = {} · 2^-6 is not a whole number, which a file takes", own.v_th);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let [decay_u, decay_v] = [Profile::DEFAULT.decay_u, Profile::DEFAULT.decay_v];
        let tree = first.tree;
        Ok(CompartmentForm {
            decay_u: self.numbers("decay_u", name, &each(profiles, |profile| profile.decay_u), decay_u),
            decay_v: self.numbers("decay_v", name, &each(profiles, |profile| profile.decay_v), decay_v),
            v_th: self.numbers("v_th", name, &each(profiles, |profile| profile.v_th >> 6), 0),
            refractory: self.numbers("refractory", name, &each(profiles, |profile| profile.refractory), 1),
            v_min: (first.v_min != Voltage::MIN).then(|| unplaced(first.v_min.into())),
            v_max: (first.v_max != Voltage::MAX).then(|| unplaced(first.v_max.into())),
            noise: first.noise.map(|own| unplaced(noise(own))),
            homeostasis: first.homeostasis.map(|own| unplaced(homeostasis(own))),
            stack_in: (tree.stack_in != Tree::NONE.stack_in).then(|| tree.stack_in.into()),
            stack_out: (tree.stack_out != Tree::NONE.stack_out).then(|| tree.stack_out.into()),
            join: (tree.join != Tree::NONE.join).then(|| tree.join.into()),
            threshold: (tree.threshold != Tree::NONE.threshold).then(|| tree.threshold.into()),
        })
    }

    fn connection(&mut self, network: &Network, number: usize, connection: &Connection) -> ConnectionForm {
        let name = format!("w{number}");
        let delay = self.numbers("delay", &name, &each(&connection.delay, |delay| delay.get()), 0);
        let form = ConnectionForm {
            from: unplaced(network.name_of(connection.from).to_owned()),
            to: unplaced(name_of(network, connection.to)),
            kind: None,
            weights: unplaced(WeightsForm::One(0)),
            compartment: Some(connection.compartment).filter(|compartment| *compartment > 0),
            wgt_exp: Some(unplaced(connection.wgt_exp.get().into())),
            signs: Some(connection.signs.into()),
            weight_bits: (connection.weight_bits != 8).then(|| unplaced(connection.weight_bits)),
            delay,
            stride: None,
            padding: None,
            dilation: None,
            groups: None,
            kernel: None,
            learning: connection.learning.as_ref().map(|own| unplaced(learning(own))),
        };
        self.weights(&name, connection, size(network.shape_of(connection.from)), form)
    }

    /// The form with what the kind of weights has.
    fn weights(&mut self, name: &str, connection: &Connection, sources: usize, form: ConnectionForm) -> ConnectionForm {
        let kept = |text| unplaced(WeightsForm::Text(text));
        match &connection.weights {
            Weights::Dense(weights) => {
                let shape = vec![weights.len() / sources.max(1), sources];
                let weights = whole(weights);
                let weights = if weights.len() <= INLINE_MAX {
                    unplaced(WeightsForm::Many(shape, weights))
                } else {
                    kept(self.kept("weights", name, shape, weights))
                };
                ConnectionForm { weights, ..form }
            }
            Weights::Compressed(weights) if weights.places() <= SYNAPSES_MAX => {
                let connection = Connection { weights: weights.expanded(), ..connection.clone() };
                self.weights(name, &connection, sources, form)
            }
            Weights::Compressed(weights) => {
                let synapses = (0..sources).flat_map(|source| {
                    let synapse = move |(neuron, weight)| SparseSynapse { source, neuron, weight, delay: 0 };
                    weights.of_source(source).map(synapse)
                });
                let rows = synapses.flat_map(|synapse| row(&synapse)).collect();
                let weights = kept(self.kept("weights", name, vec![weights.len(), 4], rows));
                ConnectionForm { kind: Some(WeightsKind::Sparse), weights, ..form }
            }
            Weights::OneToOne(weights) => {
                let weights = match weights {
                    Each::Same(weight) => WeightsForm::One((*weight).into()),
                    Each::Every(weights) => self.array("weights", name, whole(weights)).into(),
                };
                ConnectionForm { kind: Some(WeightsKind::OneToOne), weights: unplaced(weights), ..form }
            }
            Weights::Conv2d(conv) => ConnectionForm {
                kind: Some(WeightsKind::Conv2d),
                weights: kept(self.kept("weights", name, conv.shape.to_vec(), whole(&conv.weights))),
                stride: Some(unplaced(conv.stride)),
                padding: Some(unplaced(conv.padding)),
                dilation: Some(unplaced(conv.dilation)),
                groups: Some(unplaced(conv.groups)),
                ..form
            },
            Weights::Pool2d(pool) => ConnectionForm {
                kind: Some(WeightsKind::Pool2d),
                weights: unplaced(WeightsForm::One(pool.weight.into())),
                stride: Some(unplaced(pool.stride)),
                padding: Some(unplaced(pool.padding)),
                kernel: Some(unplaced(pool.kernel)),
                ..form
            },
            Weights::Sparse(synapses) => {
                let rows = synapses.iter().flat_map(row).collect();
                let weights = kept(self.kept("weights", name, vec![synapses.len(), 4], rows));
                ConnectionForm { kind: Some(WeightsKind::Sparse), weights, ..form }
            }
        }
    }

    /// A register, unless all have its default.
    fn numbers(&mut self, key: &str, name: &str, values: &Each<i32>, default: i32) -> Option<Spanned<Numbers>> {
        match values {
            Each::Same(value) if *value == default => None,
            Each::Same(value) => Some(unplaced(Numbers::One((*value).into()))),
            Each::Every(values) => Some(unplaced(self.array(key, name, whole(values)))),
        }
    }

    fn array(&mut self, key: &str, name: &str, values: Vec<i64>) -> Numbers {
        if values.len() <= INLINE_MAX {
            Numbers::Many(values)
        } else {
            Numbers::Text(self.kept(key, name, vec![values.len()], values))
        }
    }

    /// Puts an array into the file of arrays; returns what names it.
    fn kept(&mut self, key: &str, name: &str, shape: Vec<usize>, values: Vec<i64>) -> String {
        let array = format!("{name}_{key}");
        let text = format!("{}:{array}", self.file);
        self.arrays.extend(Array::new(shape, Values::Whole(values)).map(|values| (array, values)));
        text
    }
}

fn probe(probe: &Probe) -> ProbeForm {
    ProbeForm {
        of: probe.of.as_ref().map(|target| unplaced(target.population.clone())),
        register: unplaced(probe.register.name().to_owned()),
        elements: probe.elements.as_ref().map(|elements| unplaced([elements.start, elements.end])),
        compartment: probe.of.as_ref().and_then(|target| target.compartment).map(unplaced),
        every: (probe.every != 1).then(|| unplaced(probe.every)),
        from: Some(probe.window.start).filter(|from| *from != 0),
        to: (probe.window.end != u64::MAX).then(|| unplaced(probe.window.end)),
    }
}

fn readout(network: &Network, readout: Readout) -> ReadoutForm {
    ReadoutForm {
        population: unplaced(name_of(network, readout.population)),
        by: Some(readout.by.into()),
        skip_steps: Some(unplaced(readout.skip_steps)),
        window_steps: Some(readout.window_steps).filter(|steps| *steps > 0).map(unplaced),
        per_pixel: readout.per_pixel.then(|| unplaced(true)),
    }
}

fn noise(noise: Noise) -> NoiseForm {
    NoiseForm { at: noise.at.into(), exponent: noise.exponent, offset: noise.offset }
}

fn homeostasis(own: Homeostasis) -> HomeostasisForm {
    let Homeostasis { gain, a_min, a_max, impulse, decay, epoch_steps } = own;
    HomeostasisForm { gain, a_min, a_max, impulse, decay, epoch_steps }
}

fn learning(learning: &Learning) -> LearningForm {
    let trace = |own: TraceShape| {
        unplaced(TraceForm { impulse: own.impulse, tau_steps: Some(f64::from(own.tau_millisteps) / 1000.0) })
    };
    let [x1, x2, y1, y2, y3] = learning.traces.map(|own| own.map(trace));
    let epoch_steps = Some(unplaced(learning.epoch_steps));
    let signed_by_profile = learning.signed_by_profile.then_some(true);
    LearningForm { rule: unplaced(learning.rule.clone()), epoch_steps, signed_by_profile, x1, x2, y1, y2, y3 }
}

/// Source, neuron, weight and delay.
fn row(own: &SparseSynapse) -> [i64; 4] {
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    [whole(own.source), whole(own.neuron), own.weight.into(), own.delay.into()]
}

fn name_of(network: &Network, population: usize) -> String {
    network.name_of(Endpoint::Population(population)).to_owned()
}

/// What is written has no place in a text yet.
fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

/// What is taken of every element; one for all stays one for all.
fn each<T: Clone + PartialEq>(values: &Each<T>, of: impl Fn(&T) -> i32) -> Each<i32> {
    match values {
        Each::Same(value) => Each::Same(of(value)),
        Each::Every(values) => Each::of(values.iter().map(of).collect()),
    }
}

fn whole<T: Copy + Into<i64>>(values: &[T]) -> Vec<i64> {
    values.iter().map(|value| (*value).into()).collect()
}
