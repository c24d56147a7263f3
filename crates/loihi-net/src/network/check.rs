//! Whether a network is valid: sizes that fit each other, weights that their sign mode holds, rules that can be read.

mod weights;

use super::connection::reads;
use super::{
    Connection, ELEMENTS_MAX, Each, Endpoint, Entry, Network, PeriodicReset, Population, Weighted, Weights, size,
};
use crate::probe::Probe;
use loihi_core::image::{ProductRecord, Variable};
use loihi_core::num::{Refractory, ThresholdMantissa, Voltage};
use loihi_image::rule::{self, Limits};
use std::collections::BTreeSet;

/// Most gains of an input with weighted sums: a GiB of an image, whose bytes a device numbers by 32 bits.
const GAINS_MAX: usize = 1 << 28;
/// Most delay of a synapse in steps.
const DELAY_STEPS_MAX: usize = 62;

/// Traces of a rule, by their places in [`Learning::traces`](super::Learning::traces).
const TRACES: [(&str, Variable); 5] =
    [("x1", Variable::X1), ("x2", Variable::X2), ("y1", Variable::Y1), ("y2", Variable::Y2), ("y3", Variable::Y3)];

/// An element of a network, by its place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// An input.
    Input(usize),
    /// A population.
    Population(usize),
    /// A connection.
    Connection(usize),
    /// A probe.
    Probe(usize),
    /// The readout.
    Readout,
}

/// What is wrong with a network, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}, {key}: {what}")]
#[non_exhaustive]
pub struct NetworkError {
    /// The element.
    pub element: Element,
    /// How users find it.
    pub place: String,
    /// The parameter, as in a TOML file.
    pub key: &'static str,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Network {
    /// Checks sizes, ranges, names and rules.
    ///
    /// # Errors
    /// [`NetworkError`] names the first invalid element.
    pub fn check(&self) -> Result<(), NetworkError> {
        let mut names = BTreeSet::new();
        for (at, input) in self.inputs.iter().enumerate() {
            let element = Element::Input(at);
            self.check_name(&mut names, element, &input.name)?;
            self.check_shape(element, &input.shape)?;
            match &input.entry {
                Entry::Spikes => {}
                Entry::Bias { population, .. } => self.check_bias_input(element, &input.shape, *population)?,
                Entry::Weighted(weighted) => self.check_weighted(element, size(&input.shape), weighted)?,
            }
            if let Some((key, why)) = input.encoding.without_effect(input.entry == Entry::Spikes) {
                return Err(self.error(element, key, why.to_owned()));
            }
        }
        for (at, population) in self.populations.iter().enumerate() {
            let element = Element::Population(at);
            self.check_name(&mut names, element, &population.name)?;
            self.check_shape(element, &population.shape)?;
            self.check_population(element, population)?;
        }
        for (at, connection) in self.connections.iter().enumerate() {
            self.check_connection(Element::Connection(at), connection)?;
        }
        for (at, probe) in self.probes.iter().enumerate() {
            self.check_probe(Element::Probe(at), probe)?;
        }
        match self.readout.and_then(|readout| readout.refusal(self)) {
            Some((key, what)) => Err(self.error(Element::Readout, key, what)),
            None => Ok(()),
        }
    }

    fn error(&self, element: Element, key: &'static str, what: String) -> NetworkError {
        let place = match element {
            Element::Input(at) => format!("input `{}`", self.name_of(Endpoint::Input(at))),
            Element::Population(at) => format!("population `{}`", self.name_of(Endpoint::Population(at))),
            Element::Connection(at) => self.connections.get(at).map_or_else(String::new, |connection| {
                let to = self.name_of(Endpoint::Population(connection.to));
                format!("connection {} from `{}` to `{to}`", at + 1, self.name_of(connection.from))
            }),
            Element::Probe(at) => self.probes.get(at).map_or_else(String::new, |probe| format!("probe `{probe}`")),
            Element::Readout => "the readout".to_owned(),
        };
        NetworkError { element, place, key, what }
    }

    fn require(
        &self,
        valid: bool,
        element: Element,
        key: &'static str,
        what: impl FnOnce() -> String,
    ) -> Result<(), NetworkError> {
        if valid { Ok(()) } else { Err(self.error(element, key, what())) }
    }

    fn check_name<'n>(
        &self,
        names: &mut BTreeSet<&'n str>,
        element: Element,
        name: &'n str,
    ) -> Result<(), NetworkError> {
        self.require(!name.is_empty(), element, "name", || "give it a name".to_owned())?;
        self.require(names.insert(name), element, "name", || format!("`{name}` is there twice: choose another name"))
    }

    fn check_shape(&self, element: Element, shape: &[usize]) -> Result<(), NetworkError> {
        let neurons = size(shape);
        let valid = (1..=3).contains(&shape.len()) && (1..=ELEMENTS_MAX).contains(&neurons);
        self.require(valid, element, "shape", || {
            format!("{shape:?} has {neurons} elements in {} extents: give 1 to 3 extents of 1 or more", shape.len())
        })
    }

    fn check_bias_input(&self, element: Element, shape: &[usize], population: usize) -> Result<(), NetworkError> {
        let driven = self.populations.get(population);
        self.require(driven.is_some(), element, "population", || "unknown population".to_owned())?;
        let neurons = driven.map_or(0, Population::neurons);
        self.require(size(shape) == neurons, element, "shape", || {
            format!("it has {} elements, the population that it drives has {neurons}", size(shape))
        })
    }

    fn check_weighted(&self, element: Element, values: usize, weighted: &Weighted) -> Result<(), NetworkError> {
        let driven = self.populations.get(weighted.population);
        self.require(driven.is_some(), element, "population", || "unknown population".to_owned())?;
        let neurons = driven.map_or(0, Population::neurons);
        let fits = weighted.gains.len() == neurons.saturating_mul(values) && weighted.offsets.len() == neurons;
        self.require(weighted.gains.len() <= GAINS_MAX, element, "gains", || {
            format!(
                "{} gains, but an image holds {GAINS_MAX}: take fewer values or neurons, or weights and spikes instead",
                weighted.gains.len()
            )
        })?;
        self.require(fits, element, "gains", || {
            let (gains, offsets) = (weighted.gains.len(), weighted.offsets.len());
            format!("{gains} gains and {offsets} offsets for {values} values and {neurons} neurons")
        })
    }

    fn check_population(&self, element: Element, population: &Population) -> Result<(), NetworkError> {
        let (neurons, parts) = (population.neurons(), population.compartments.len());
        self.require((1..=8).contains(&parts), element, "compartments", || {
            format!("a neuron of {parts} compartments: give 1 to 8")
        })?;
        for profiles in &population.compartments {
            let every = profiles.get(neurons - 1).is_some() && profiles.values().len() <= neurons;
            self.require(every, element, "compartments", || {
                format!("parameters of {} neurons, but there are {neurons}", profiles.values().len())
            })?;
        }
        let profiles = population.compartments.iter().flat_map(Each::values);
        for profile in profiles.clone() {
            let registers = [
                ("decay_u", profile.decay_u, 4096, 0),
                ("decay_v", profile.decay_v, 4096, 0),
                ("v_th", profile.v_th >> 6, ThresholdMantissa::MAX, 0),
                ("refractory", profile.refractory, Refractory::MAX, 1),
            ];
            for (key, value, most, least) in registers {
                self.require((least..=most).contains(&value), element, key, || {
                    format!("{value} is outside {least}..={most}")
                })?;
            }
        }
        let crossed = profiles.clone().find(|profile| profile.v_min > profile.v_max);
        self.require(crossed.is_none(), element, "v_min", || {
            let [low, high] = crossed.map_or([0; 2], |profile| [profile.v_min, profile.v_max]);
            format!("v_min = {low} is above v_max = {high}")
        })?;
        let biases = population.bias.values().len();
        let every = population.bias.get(neurons - 1).is_some() && biases <= neurons;
        self.require(every, element, "bias", || format!("{biases} biases, but there are {neurons} neurons"))?;
        let starts = population.v_start.values().len();
        let every = population.v_start.get(neurons - 1).is_some() && starts <= neurons;
        self.require(every, element, "v_start", || format!("{starts} voltages, but there are {neurons} neurons"))?;
        let outside = population.v_start.values().iter().find(|v| Voltage::new(**v).is_err());
        self.require(outside.is_none(), element, "v_start", || {
            let [least, most] = [Voltage::MIN, Voltage::MAX];
            format!("{} is outside {least}..={most}", outside.copied().unwrap_or(0))
        })?;
        let Some(PeriodicReset { interval_steps, offset_steps }) = population.reset else { return Ok(()) };
        let interval = i32::try_from(interval_steps).is_ok_and(|steps| steps > 0);
        self.require(interval, element, "reset_interval_steps", || {
            format!("a reset every {interval_steps} steps: give 1 to {}", i32::MAX)
        })?;
        self.require(offset_steps < interval_steps, element, "reset_offset_steps", || {
            format!(
                "{offset_steps} steps before the first reset: give fewer than the {interval_steps} from one to the next"
            )
        })
    }

    fn check_probe(&self, element: Element, probe: &Probe) -> Result<(), NetworkError> {
        let valid = probe.check();
        valid.map_err(|error| self.error(element, "register", error.to_string()))?;
        let Some(target) = &probe.of else { return Ok(()) };
        let Some(found) = self.populations.iter().find(|found| found.name == target.population) else {
            let names: Vec<&str> = self.populations.iter().map(|found| found.name.as_str()).collect();
            let what = format!("unknown population `{}`; there are: {}", target.population, names.join(", "));
            return Err(self.error(element, "of", what));
        };
        let (neurons, parts) = (found.neurons(), found.compartments.len());
        let asked = probe.elements.as_ref().map_or(0, |elements| elements.end);
        self.require(asked <= neurons, element, "elements", || {
            format!("neurons up to {asked}, but `{}` has {neurons}", found.name)
        })?;
        self.require(target.compartment.unwrap_or(0) < parts, element, "compartment", || {
            format!("a neuron of `{}` has {parts} compartments, counted from 0", found.name)
        })
    }

    fn check_connection(&self, element: Element, connection: &Connection) -> Result<(), NetworkError> {
        let (from, to) = (self.shape_of(connection.from), self.shape_of(Endpoint::Population(connection.to)));
        let entry = match connection.from {
            Endpoint::Input(at) => self.inputs.get(at).map(|input| input.entry == Entry::Spikes),
            Endpoint::Population(at) => self.populations.get(at).map(|_| true),
        };
        self.require(entry.is_some(), element, "from", || "unknown input or population".to_owned())?;
        self.require(entry == Some(true), element, "from", || {
            "that input sets biases and sends no spikes: connect the population that it drives".to_owned()
        })?;
        let target = self.populations.get(connection.to);
        self.require(target.is_some(), element, "to", || "unknown population".to_owned())?;
        let parts = target.map_or(0, |population| population.compartments.len());
        self.require(connection.compartment < parts, element, "compartment", || {
            format!("there is no compartment {}, a neuron has {parts}", connection.compartment)
        })?;
        self.require(connection.weight_bits <= 8 && connection.weight_bits != 7, element, "weight_bits", || {
            format!("{} bits: the chip has 0 to 6, or 8", connection.weight_bits)
        })?;
        self.check_weights(element, connection, [from, to])?;
        self.check_mantissas(element, connection)?;
        self.check_delays(element, connection, size(from))?;
        let Some(learning) = &connection.learning else { return Ok(()) };
        self.require((1..=64).contains(&learning.epoch_steps), element, "epoch_steps", || {
            format!("{} steps: an epoch has 1 to 64", learning.epoch_steps)
        })?;
        if learning.rule.is_empty() {
            return Ok(());
        }
        let read = rule::parse(&learning.rule, &self.rule_limits());
        let read = read.map_err(|error| self.error(element, "rule", format!("it cannot be read\n{error}")))?;
        for ((name, _), shape) in TRACES.iter().zip(learning.traces) {
            self.require(shape.is_none_or(|shape| shape.impulse > 0), element, name, || {
                format!("nothing feeds {name} with an impulse of 0: give 1 to 127, or leave out what reads it")
            })?;
        }
        let mut defined = learning.traces.each_ref().map(Option::is_some);
        if learning.signed_by_profile {
            // The program that gives the sign writes the traces of the neurons.
            for (own, (name, variable)) in defined.iter_mut().zip(TRACES) {
                *own |= name.starts_with('y') && reads(&read, variable);
            }
        }
        self.check_traces(element, &read, defined)
    }

    /// Whether the traces that a rule reads are those that are defined; all that are missing are named at once.
    fn check_traces(&self, element: Element, rule: &[ProductRecord], defined: [bool; 5]) -> Result<(), NetworkError> {
        let rows = || TRACES.iter().map(|(name, variable)| (name, reads(rule, *variable))).zip(defined);
        let missing: Vec<&str> =
            rows().filter(|((_, used), defined)| *used && !*defined).map(|((name, _), _)| *name).collect();
        self.require(missing.is_empty(), element, "rule", || {
            let (noun, verb) = if missing.len() == 1 { ("trace", "is") } else { ("traces", "are") };
            let lines: Vec<String> =
                missing.iter().map(|name| format!("{name} = {{ impulse = 40, tau_steps = 10.0 }}")).collect();
            let is_post = missing.iter().any(|name| name.starts_with('y'));
            let written =
                if is_post { ", or `signed_by_profile = true` if a program or a [teacher] writes it" } else { "" };
            let (missing, lines) = (missing.join(", "), lines.join(" and "));
            format!("rule uses {noun} {missing}, which {verb} not defined: add {lines}{written}")
        })?;
        for ((name, used), defined) in rows() {
            self.require(used || !defined, element, name, || format!("the rule does not read {name}"))?;
        }
        Ok(())
    }

    /// How large rules may be.
    pub fn rule_limits(&self) -> Limits {
        if self.beyond_the_chip { Limits::RELAXED } else { Limits::LOIHI }
    }

    fn check_delays(&self, element: Element, connection: &Connection, sources: usize) -> Result<(), NetworkError> {
        let delays = connection.delay.values();
        let every = connection.delay.get(sources - 1).is_some() && delays.len() <= sources;
        self.require(every, element, "delay", || format!("{} delays, but there are {sources} sources", delays.len()))?;
        let of_sources = delays.iter().map(|delay| usize::try_from(delay.get()).unwrap_or(0)).max().unwrap_or(0);
        let of_synapses = match &connection.weights {
            Weights::Sparse(synapses) => synapses.iter().map(|synapse| usize::from(synapse.delay)).max().unwrap_or(0),
            _ => 0,
        };
        let most = of_sources + of_synapses;
        self.require(most <= DELAY_STEPS_MAX, element, "delay", || {
            format!("a delay of {most} steps: a synapse has at most {DELAY_STEPS_MAX}")
        })
    }
}
