//! The float twin of a rule of the cores: its products and traces in double precision, on the spikes of the network.
//!
//! Epochs are those of the core: a product is evaluated once an epoch, with traces as they were at the spike that it
//! depends on. Nothing is rounded, and nothing is held to a range.

use crate::synapses::LearnedSynapse;
use loihi_core::image::{Dependency, Factor, ProductRecord, Target, Variable};
use loihi_image::rule::{self, Limits};
use loihi_net::network::Learning;

/// A trace that spikes feed.
#[derive(Clone, Copy, Debug, Default)]
struct Trace {
    impulse: f64,
    keep: f64,
}

impl Trace {
    /// Its value after a step of the epoch, from what it was before the epoch and the step of its spike, 0 for none.
    fn at(self, start: f64, spike: u32, step: u32) -> f64 {
        let decayed = |value: f64, steps: u32| value * self.keep.powi(i32::try_from(steps).unwrap_or(i32::MAX));
        let added = if spike > 0 && spike <= step { decayed(self.impulse, step - spike) } else { 0.0 };
        decayed(start, step) + added
    }
}

/// The traces of an axon or a neuron before the epoch, and the step of its last spike in the epoch, 0 for none.
#[derive(Clone, Copy, Debug, Default)]
struct Spiking {
    traces: [f64; 3],
    spike: u32,
}

/// A product, with all that its exponent and its width do to it.
#[derive(Clone, Copy, Debug)]
struct Term {
    product: ProductRecord,
    scale: f64,
}

impl Term {
    fn of(product: ProductRecord) -> Self {
        // As the core's sum of products has it: a wide product loses bits, and is not scaled back.
        let lost = product.width(3).saturating_sub(15) + product.finer_bits();
        let exponent = f64::from((product.exponent + 7).max(0)) - 7.0 - f64::from(lost);
        Self { product, scale: f64::from(product.mantissa) * exponent.exp2() }
    }
}

/// The weights of a connection in double precision.
#[derive(Debug)]
pub struct RuleTwin {
    terms: Vec<Term>,
    traces: [Trace; 5],
    epoch_steps: u32,
    synapses: Vec<LearnedSynapse>,
    /// Weight, tag and delay of each synapse.
    variables: Vec<[f64; 3]>,
    axons: Vec<Spiking>,
    neurons: Vec<Spiking>,
    /// Steps computed.
    t: u32,
}

impl RuleTwin {
    /// The rule of a connection from this many sources to this many neurons. `variables` are weight, tag and delay of each
    /// synapse, `t` is the next step.
    ///
    /// # Errors
    /// Why the rule has no twin, and what to do.
    pub fn new(
        learning: &Learning,
        synapses: Vec<LearnedSynapse>,
        variables: Vec<[f64; 3]>,
        [sources, neurons]: [usize; 2],
        t: u32,
    ) -> Result<Self, String> {
        let products = rule::parse(&learning.rule, &Limits::RELAXED).map_err(|error| error.to_string())?;
        if learning.signed_by_profile || learning.reads(Variable::R1) {
            let what = "`float_twin` supports only rules driven by spikes: leave it out with `signed_by_profile` or r1";
            return Err(what.to_owned());
        }
        let trace = |shape: Option<loihi_net::network::TraceShape>| {
            shape.map_or_else(Trace::default, |own| Trace { impulse: f64::from(own.impulse), keep: own.keep() })
        };
        Ok(Self {
            terms: products.into_iter().map(Term::of).collect(),
            traces: learning.traces.map(trace),
            epoch_steps: learning.epoch_steps.max(1),
            synapses,
            variables,
            axons: vec![Spiking::default(); sources],
            neurons: vec![Spiking::default(); neurons],
            t,
        })
    }

    /// The weight of a synapse.
    pub fn weight(&self, synapse: usize) -> f64 {
        self.variables.get(synapse).map_or(0.0, |[weight, ..]| *weight)
    }

    /// Forgets traces, as before a new trial.
    pub fn reset(&mut self) {
        self.axons.fill(Spiking::default());
        self.neurons.fill(Spiking::default());
    }

    /// A step in which spikes of these sources arrived and these neurons fired.
    pub fn step(&mut self, arrived: impl IntoIterator<Item = usize>, fired: impl IntoIterator<Item = usize>) {
        let step = self.t % self.epoch_steps + 1;
        for at in arrived {
            mark(&mut self.axons, at, &self.traces[..2], step);
        }
        for at in fired {
            mark(&mut self.neurons, at, &self.traces[2..], step);
        }
        self.t = self.t.wrapping_add(1);
        if step == self.epoch_steps {
            self.learn();
            self.end_epoch();
        }
    }

    /// Evaluates the rule for all synapses.
    fn learn(&mut self) {
        let epoch = self.t / self.epoch_steps;
        let spiked = self.axons.iter().any(|own| own.spike > 0);
        let fired = self.neurons.iter().any(|own| own.spike > 0);
        let due = |term: &&Term| match term.product.dependency {
            Dependency::X0 => spiked,
            Dependency::Y0 => fired,
            Dependency::U(k) => epoch.is_multiple_of(1 << k),
        };
        let terms: Vec<Term> = self.terms.iter().filter(due).copied().collect();
        if terms.is_empty() {
            return;
        }
        for (synapse, variables) in self.synapses.iter().zip(&mut self.variables) {
            let own = [self.axons.get(synapse.source), self.neurons.get(synapse.neuron)];
            let [Some(axon), Some(neuron)] = own else { continue };
            let mut changes = [0.0; 3];
            for Term { product, scale } in &terms {
                let step = match product.dependency {
                    Dependency::X0 => axon.spike,
                    Dependency::Y0 => neuron.spike,
                    Dependency::U(_) => self.epoch_steps,
                };
                if step > 0 {
                    let factors = product.factor.iter().take(product.factors);
                    let value = factors.map(|factor| read(*factor, &self.traces, [axon, neuron], *variables, step));
                    changes[target(product.target)] += value.fold(*scale, |product, factor| product * factor);
                }
            }
            variables.iter_mut().zip(changes).for_each(|(variable, change)| *variable += change);
        }
    }

    /// Leaves traces as they are at the end of the epoch.
    fn end_epoch(&mut self) {
        let steps = self.epoch_steps;
        let end = |own: &mut Spiking, traces: &[Trace]| {
            for (value, trace) in own.traces.iter_mut().zip(traces) {
                *value = trace.at(*value, own.spike, steps);
            }
            own.spike = 0;
        };
        self.axons.iter_mut().for_each(|own| end(own, &self.traces[..2]));
        self.neurons.iter_mut().for_each(|own| end(own, &self.traces[2..]));
    }
}

/// Notes a spike; a further one in an epoch adds to the traces at once, as in the core.
fn mark(all: &mut [Spiking], at: usize, traces: &[Trace], step: u32) {
    let Some(own) = all.get_mut(at) else { return };
    if own.spike > 0 {
        own.traces.iter_mut().zip(traces).for_each(|(value, trace)| *value += trace.impulse);
    }
    own.spike = step;
}

const fn target(target: Target) -> usize {
    match target {
        Target::Weight => 0,
        Target::Tag => 1,
        Target::Delay => 2,
    }
}

/// What a factor is at a step of the epoch.
fn read(
    factor: Factor,
    traces: &[Trace; 5],
    [axon, neuron]: [&Spiking; 2],
    [weight, tag, delay]: [f64; 3],
    step: u32,
) -> f64 {
    let pre = |trace: usize| traces[trace].at(axon.traces[trace], axon.spike, step);
    let post = |trace: usize| traces[2 + trace].at(neuron.traces[trace], neuron.spike, step);
    let value = match factor.variable {
        Variable::Constant | Variable::R1 => 0.0,
        Variable::X0 => f64::from(u8::from(axon.spike > 0)),
        Variable::X1 => pre(0),
        Variable::X2 => pre(1),
        Variable::Y0 => f64::from(u8::from(neuron.spike > 0)),
        Variable::Y1 => post(0),
        Variable::Y2 => post(1),
        Variable::Y3 => post(2),
        Variable::W => weight,
        Variable::T => tag,
        Variable::D => delay,
    } + f64::from(factor.constant);
    match factor.sign {
        false => value,
        true if value == 0.0 => 0.0,
        true => value.signum(),
    }
}
