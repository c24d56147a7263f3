//! Writes a network as TOML, with its long arrays in an `.npz` file beside it.

use super::{
    Connection, Each, Encoding, Entry, Input, Network, PeriodicReset, Population, ReadBy, Signs, Weights, size,
};
use crate::probe::Probe;
use loihi_core::image::{Join, NoiseAt, Profile, StackIn, StackOut, ThresholdMode};
use loihi_core::num::Voltage;
use loihi_files::atomic_file;
use loihi_files::choice::Choice as _;
use loihi_files::npz::{Array, Values, bytes};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Longest list that is written into the TOML file itself.
const INLINE_MAX: usize = 16;

/// Why a network cannot be saved.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

impl Network {
    /// Writes `path`, and beside it, if it has long arrays, a file of the same name that ends in `.npz`. Both are
    /// written aside and then renamed.
    ///
    /// # Errors
    /// [`SaveError`].
    pub fn save(&self, path: &Path) -> Result<(), SaveError> {
        let arrays_path = path.with_extension("npz");
        let file = arrays_path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut writer = Writer { text: String::new(), arrays: Vec::new(), file };
        writer.network(self);
        if !writer.arrays.is_empty() {
            let arrays = bytes(&writer.arrays).map_err(|error| SaveError { path: arrays_path.clone(), error })?;
            write_aside(&arrays_path, &arrays)?;
        }
        write_aside(path, writer.text.as_bytes())
    }
}

/// Writes a file aside, then renames it.
pub fn write_aside(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    atomic_file::write(path, bytes).map_err(|error| SaveError { path: path.to_owned(), error })
}

struct Writer {
    text: String,
    arrays: Vec<(String, Array)>,
    /// Name of the file of arrays.
    file: String,
}

impl Writer {
    fn line(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn network(&mut self, network: &Network) {
        self.line("name", quoted(&network.name));
        if !network.about.is_empty() {
            self.line("about", quoted(&network.about));
        }
        self.line("seed", network.seed);
        if network.dt_us > 0 {
            self.line("dt", quoted(&format!("{} us", network.dt_us)));
        }
        if network.steps > 0 {
            self.line("steps", network.steps);
        }
        if network.late_steps > 0 {
            self.line("late_steps", network.late_steps);
        }
        if network.beyond_the_chip {
            self.line("beyond_the_chip", true);
        }
        network.inputs.iter().for_each(|input| self.input(network, input));
        network.populations.iter().for_each(|population| self.population(population));
        for (number, connection) in network.connections.iter().enumerate() {
            self.connection(network, number, connection);
        }
        network.probes.iter().for_each(|probe| self.probe(probe));
        if let Some(readout) = network.readout {
            self.text.push_str("\n[readout]\n");
            self.line("population", quoted(&network.populations[readout.population].name));
            let by = match readout.by {
                ReadBy::Spikes => "spikes",
                ReadBy::Voltage => "voltage",
                ReadBy::FirstSpike => "first_spike",
            };
            self.line("by", quoted(by));
            self.line("skip_steps", readout.skip_steps);
        }
    }

    fn probe(&mut self, probe: &Probe) {
        self.text.push_str("\n[[probe]]\n");
        if let Some(target) = &probe.of {
            self.line("of", quoted(&target.population));
        }
        self.line("register", quoted(probe.register.name()));
        if let Some(compartment) = probe.of.as_ref().and_then(|target| target.compartment) {
            self.line("compartment", compartment);
        }
        if let Some(elements) = &probe.elements {
            self.line("elements", list(&[elements.start, elements.end]));
        }
        if probe.every != 1 {
            self.line("every", probe.every);
        }
        if probe.window.start != 0 {
            self.line("from", probe.window.start);
        }
        if probe.window.end != u64::MAX {
            self.line("to", probe.window.end);
        }
    }

    fn input(&mut self, network: &Network, input: &Input) {
        self.text.push_str("\n[[input]]\n");
        self.line("name", quoted(&input.name));
        match &input.entry {
            Entry::Spikes => {
                self.line("shape", list(&input.shape));
                self.encoding(&input.encoding);
            }
            Entry::Bias { population, gain_q16, offset } => {
                self.line("bias_of", quoted(&network.populations[*population].name));
                self.line("gain", format!("{:?}", f64::from(*gain_q16) / 65_536.0));
                self.line("offset", offset);
            }
            Entry::Weighted(weighted) => {
                self.line("shape", list(&input.shape));
                self.line("weighted_for", quoted(&network.populations[weighted.population].name));
                let whole = |values: &[i32]| values.iter().map(|value| i64::from(*value)).collect::<Vec<_>>();
                let shape = vec![weighted.offsets.len(), size(&input.shape)];
                self.kept("gains", &input.name, shape, whole(&weighted.gains));
                self.array("offsets", &input.name, vec![weighted.offsets.len()], whole(&weighted.offsets));
                self.line("bias_exp", weighted.exponent.get());
            }
        }
    }

    fn encoding(&mut self, encoding: &Encoding) {
        if let Some(coding) = encoding.coding {
            self.line("coding", quoted(coding.name()));
        }
        if let Some(threshold) = encoding.threshold {
            self.line("threshold", threshold);
        }
        if let Some(time) = encoding.time {
            self.line("time", quoted(time.name()));
        }
        if let Some(seed) = encoding.seed {
            self.line("seed", seed);
        }
    }

    fn population(&mut self, population: &Population) {
        self.text.push_str("\n[[population]]\n");
        self.line("name", quoted(&population.name));
        self.line("shape", list(&population.shape));
        let bias = |of: fn(&super::Bias) -> i32| each(&population.bias, of);
        self.numbers("bias", &population.name, &bias(|bias| bias.mantissa.get()), 0);
        if population.bias.values().iter().any(|bias| bias.mantissa.get() != 0) {
            self.numbers("bias_exp", &population.name, &bias(|bias| bias.exponent.get()), 0);
        }
        if let Some(PeriodicReset { interval_steps, offset_steps }) = population.reset {
            self.line("reset_interval_steps", interval_steps);
            self.line("reset_offset_steps", offset_steps);
        }
        if let [profiles] = &*population.compartments {
            return self.profile(&population.name, profiles);
        }
        for (number, profiles) in population.compartments.iter().enumerate() {
            self.text.push_str("\n[[population.compartment]]\n");
            self.profile(&format!("{}_{number}", population.name), profiles);
        }
    }

    fn profile(&mut self, name: &str, profiles: &Each<Profile>) {
        self.numbers("decay_u", name, &each(profiles, |profile| profile.decay_u), Profile::DEFAULT.decay_u);
        self.numbers("decay_v", name, &each(profiles, |profile| profile.decay_v), Profile::DEFAULT.decay_v);
        self.numbers("v_th", name, &each(profiles, |profile| profile.v_th >> 6), 0);
        self.numbers("refractory", name, &each(profiles, |profile| profile.refractory), 1);
        let Some(plain) = profiles.values().first() else { return };
        if plain.v_min != Voltage::MIN {
            self.line("v_min", plain.v_min);
        }
        if plain.v_max != Voltage::MAX {
            self.line("v_max", plain.v_max);
        }
        if let Some(noise) = plain.noise {
            let at = match noise.at {
                NoiseAt::Current => "current",
                NoiseAt::Voltage => "voltage",
            };
            let offset = noise.offset;
            self.line("noise", format!("{{ at = \"{at}\", exponent = {}, offset = {offset} }}", noise.exponent));
        }
        if let Some(own) = plain.homeostasis {
            self.line(
                "homeostasis",
                format!(
                    "{{ gain = {}, a_min = {}, a_max = {}, impulse = {}, decay = {}, epoch_steps = {} }}",
                    own.gain, own.a_min, own.a_max, own.impulse, own.decay, own.epoch_steps
                ),
            );
        }
        self.tree(plain);
    }

    fn tree(&mut self, profile: &Profile) {
        let tree = profile.tree;
        let words = [
            ("stack_in", stack_in(tree.stack_in)),
            ("stack_out", stack_out(tree.stack_out)),
            ("join", join(tree.join)),
            ("threshold", threshold(tree.threshold)),
        ];
        for (key, word) in words.into_iter().filter(|(_, word)| !matches!(*word, "skip" | "spike_and_reset")) {
            self.line(key, quoted(word));
        }
    }

    fn connection(&mut self, network: &Network, number: usize, connection: &Connection) {
        self.text.push_str("\n[[connection]]\n");
        let to = &network.populations[connection.to].name;
        self.line("from", quoted(network.name_of(connection.from)));
        self.line("to", quoted(to));
        self.weights(&format!("w{number}"), connection, size(network.shape_of(connection.from)));
        if connection.compartment > 0 {
            self.line("compartment", connection.compartment);
        }
        self.line("wgt_exp", connection.wgt_exp.get());
        let signs = match connection.signs {
            Signs::Mixed => "mixed",
            Signs::Excitatory => "excitatory",
            Signs::Inhibitory => "inhibitory",
            Signs::Split => "split",
        };
        self.line("signs", quoted(signs));
        if connection.weight_bits != 8 {
            self.line("weight_bits", connection.weight_bits);
        }
        self.numbers("delay", &format!("w{number}"), &each(&connection.delay, |delay| delay.get()), 0);
        let Some(learning) = &connection.learning else { return };
        self.text.push_str("\n[connection.learning]\n");
        self.line("rule", quoted(&learning.rule));
        self.line("epoch_steps", learning.epoch_steps);
        for (name, trace) in ["x1", "x2", "y1", "y2", "y3"].iter().zip(&learning.traces) {
            if let Some(trace) = trace {
                let tau = f64::from(trace.tau_millisteps) / 1000.0;
                self.line(name, format!("{{ impulse = {}, tau_steps = {tau:?} }}", trace.impulse));
            }
        }
    }

    fn weights(&mut self, name: &str, connection: &Connection, sources: usize) {
        match &connection.weights {
            Weights::Dense(weights) if weights.len() <= INLINE_MAX => {
                let rows = weights.chunks(sources.max(1)).map(list).collect::<Vec<_>>();
                self.line("weights", format!("[{}]", rows.join(", ")));
            }
            Weights::Dense(weights) => {
                let shape = vec![weights.len() / sources.max(1), sources];
                self.kept("weights", name, shape, numbers(weights));
            }
            Weights::OneToOne(weights) => {
                self.line("kind", quoted("one_to_one"));
                match weights {
                    Each::Same(weight) => self.line("weights", weight),
                    Each::Every(weights) => self.array("weights", name, vec![weights.len()], numbers(weights)),
                }
            }
            Weights::Conv2d(conv) => {
                self.line("kind", quoted("conv2d"));
                // Never inline: the shape is part of the array.
                self.kept("weights", name, conv.shape.to_vec(), numbers(&conv.weights));
                self.line("stride", list(&conv.stride));
                self.line("padding", list(&conv.padding));
                self.line("dilation", list(&conv.dilation));
                self.line("groups", conv.groups);
            }
            Weights::Pool2d(pool) => {
                self.line("kind", quoted("pool2d"));
                self.line("weights", pool.weight);
                self.line("kernel", list(&pool.kernel));
                self.line("stride", list(&pool.stride));
                self.line("padding", list(&pool.padding));
            }
            Weights::Sparse(synapses) => {
                self.line("kind", quoted("sparse"));
                let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
                let row = |own: &super::SparseSynapse| {
                    [whole(own.source), whole(own.neuron), i64::from(own.weight), i64::from(own.delay)]
                };
                self.kept("weights", name, vec![synapses.len(), 4], synapses.iter().flat_map(row).collect());
            }
        }
    }

    /// A register, unless all have its default.
    fn numbers(&mut self, key: &str, name: &str, values: &Each<i32>, default: i32) {
        match values {
            Each::Same(value) if *value == default => {}
            Each::Same(value) => self.line(key, value),
            Each::Every(values) => {
                self.array(key, name, vec![values.len()], values.iter().map(|value| i64::from(*value)).collect());
            }
        }
    }

    fn array(&mut self, key: &str, name: &str, shape: Vec<usize>, values: Vec<i64>) {
        if values.len() <= INLINE_MAX {
            self.line(key, list(&values));
        } else {
            self.kept(key, name, shape, values);
        }
    }

    /// An array in the file of arrays.
    fn kept(&mut self, key: &str, name: &str, shape: Vec<usize>, values: Vec<i64>) {
        let array = format!("{name}_{key}");
        self.line(key, quoted(&format!("{}:{array}", self.file)));
        self.arrays.extend(Array::new(shape, Values::Whole(values)).map(|values| (array, values)));
    }
}

/// What is taken of every element; one for all stays one for all.
fn each<T: Clone + PartialEq>(values: &Each<T>, of: impl Fn(&T) -> i32) -> Each<i32> {
    match values {
        Each::Same(value) => Each::Same(of(value)),
        Each::Every(values) => Each::of(values.iter().map(of).collect()),
    }
}

fn numbers(weights: &[i16]) -> Vec<i64> {
    weights.iter().map(|weight| i64::from(*weight)).collect()
}

fn list(values: &[impl std::fmt::Display]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("[{}]", values.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

const fn stack_in(stack_in: StackIn) -> &'static str {
    match stack_in {
        StackIn::Skip => "skip",
        StackIn::PopA => "pop_a",
        StackIn::PopB => "pop_b",
        StackIn::PopAAndB => "pop_a_and_b",
    }
}

const fn stack_out(stack_out: StackOut) -> &'static str {
    match stack_out {
        StackOut::Skip => "skip",
        StackOut::Push => "push",
        StackOut::PushU => "push_u",
    }
}

const fn join(join: Join) -> &'static str {
    match join {
        Join::Skip => "skip",
        Join::Add => "add",
        Join::Max => "max",
        Join::Min => "min",
        Join::Pass => "pass",
        Join::Block => "block",
        Join::Or => "or",
        Join::And => "and",
    }
}

const fn threshold(mode: ThresholdMode) -> &'static str {
    match mode {
        ThresholdMode::SpikeAndReset => "spike_and_reset",
        ThresholdMode::PassAbove => "pass_above",
        ThresholdMode::PassAboveAndSaturate => "pass_above_and_saturate",
    }
}
