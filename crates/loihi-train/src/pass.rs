//! A batch through a network, forward.
//!
//! Spikes, sums and derivatives lie step after step, in a step sample after sample, so that all steps of a connection are one
//! product of matrices; neurons go step by step. Populations that reach each other in a circle are a group, and go step by step
//! together, with a product a step for the connections among them.

use crate::batch::Batch;
use crate::layers::{BiasSums, Model, Neurons, Synapses};
use loihi_adjoint::adjoint::Adjoint;
use loihi_adjoint::arithmetic::{self, Derivatives, State};
use loihi_adjoint::branches::{Leaf, Soma};
use loihi_adjoint::tree;
use loihi_core::rules::weighted_bias;
use loihi_net::network::Endpoint;
use std::ops::Range;

/// What a batch leaves on its way, used again by the next one.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Spikes of the inputs.
    inputs: Vec<Vec<f32>>,
    /// What populations leave.
    pub(crate) populations: Vec<Trail>,
    /// Spikes as they arrive by a connection, where sources have delays of their own.
    arrivals: Vec<f32>,
    /// Derivatives by such arrivals.
    pub(crate) by_arrivals: Vec<f32>,
}

/// What a population leaves of a batch.
#[derive(Debug, Default)]
pub struct Trail {
    /// Sums; backward, the derivative of the loss by them.
    pub sums: Vec<f32>,
    /// Spikes.
    pub spikes: Vec<f32>,
    /// As [`loihi_adjoint::arithmetic::Row::slopes`].
    pub slopes: Vec<f32>,
    /// As [`loihi_adjoint::arithmetic::Row::keeps`].
    pub keeps: Vec<f32>,
    /// Currents after every step, if decays are trained.
    pub currents: Vec<f32>,
    /// Voltages after every step, if decays are trained.
    pub potentials: Vec<f32>,
    /// Voltages of the readout after each window, `[windows, samples, neurons]`.
    pub voltages: Vec<i32>,
    /// The derivative of the loss by the spikes.
    pub by_spikes: Vec<f32>,
    /// The derivative of the loss by these voltages.
    pub by_voltages: Vec<f32>,
    /// The other compartments of neurons of several.
    pub leaves: Vec<Leaf>,
    /// Buffers of the soma, for neurons that join compartments.
    pub soma: Soma,
    pub(crate) biases: Vec<i32>,
    pub(crate) adjoint: Adjoint,
    state: State,
}

/// Values for sums of biases that are to come: step, sample and what is summed.
type Values<'b> = std::iter::Peekable<std::vec::IntoIter<(usize, usize, &'b BiasSums, &'b [i16])>>;

impl Workspace {
    /// What a population has left.
    pub fn trail(&self, population: usize) -> &Trail {
        &self.populations[population]
    }

    /// The same, mutable.
    pub fn trail_mut(&mut self, population: usize) -> &mut Trail {
        &mut self.populations[population]
    }

    /// Spikes of a source.
    pub(crate) fn spikes(&self, from: Endpoint) -> &[f32] {
        match from {
            Endpoint::Input(at) => &self.inputs[at],
            Endpoint::Population(at) => &self.populations[at].spikes,
        }
    }

    /// Computes a batch; with `derivatives` it can be gone back.
    pub fn forward(&mut self, model: &Model, batch: &Batch, derivatives: Option<Derivatives>) {
        self.begin(model, batch);
        for group in &model.groups {
            self.arrive(model, batch, group);
            self.advance(model, batch, group, derivatives);
        }
    }

    /// Puts the spikes of the inputs into their places.
    pub(crate) fn begin(&mut self, model: &Model, batch: &Batch) {
        self.inputs.resize_with(model.inputs.len(), Vec::new);
        self.populations.resize_with(model.neurons.len(), Trail::default);
        for ((own, elements), spikes) in self.inputs.iter_mut().zip(&model.inputs).zip(&batch.spikes) {
            let used = if spikes.is_empty() { 0 } else { batch.steps * batch.samples * elements };
            clear(own, used);
            for (step, sample, element) in spikes {
                own[(step * batch.samples + sample) * elements + element] = 1.0;
            }
        }
    }

    /// Sums what arrives at the populations of a group from outside of it, in all steps.
    pub(crate) fn arrive(&mut self, model: &Model, batch: &Batch, group: &[usize]) {
        for place in group {
            let (trail, neurons) = (&mut self.populations[*place], &model.neurons[*place]);
            trail.leaves.resize_with(neurons.branches.leaves.len(), Leaf::default);
            let all = batch.steps * batch.samples * neurons.registers.len();
            let sums = trail.leaves.iter_mut().map(|leaf| &mut leaf.sums).chain([&mut trail.sums]);
            sums.for_each(|sums| clear(sums, all));
        }
        for own in &model.synapses {
            if group.contains(&own.to) && !own.is_within(group) {
                self.arrive_by(own, batch, 0..batch.steps);
            }
        }
    }

    /// Adds what arrives by a connection in some steps.
    fn arrive_by(&mut self, own: &Synapses, batch: &Batch, steps: Range<usize>) {
        let steps = steps.start.max(own.lag)..steps.end;
        if steps.is_empty() || self.spikes(own.from).is_empty() {
            return;
        }
        let mut sums = std::mem::take(self.sums(own));
        self.delay(own, batch, &steps);
        let arrived = self.arrived(own, batch, &steps);
        own.ways.add(&mut sums[rows(batch, &steps, own.ways.extents()[1])], arrived, &own.folded);
        *self.sums(own) = sums;
    }

    /// The sums that a connection adds to.
    pub(crate) fn sums(&mut self, own: &Synapses) -> &mut Vec<f32> {
        let trail = &mut self.populations[own.to];
        match own.leaf {
            Some(leaf) => &mut trail.leaves[leaf].sums,
            None => &mut trail.sums,
        }
    }

    /// Spikes that arrive by a connection in some steps.
    pub(crate) fn arrived(&self, own: &Synapses, batch: &Batch, steps: &Range<usize>) -> &[f32] {
        let sources = own.ways.extents()[0];
        if own.delays.is_some() {
            &self.arrivals
        } else {
            &self.spikes(own.from)[rows(batch, &(steps.start - own.lag..steps.end - own.lag), sources)]
        }
    }

    /// Moves spikes to the steps in which they arrive, each by the delay of its source, where these have any.
    pub(crate) fn delay(&mut self, own: &Synapses, batch: &Batch, steps: &Range<usize>) {
        if own.delays.is_none() {
            return;
        }
        let width = batch.samples * own.ways.extents()[0];
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.resize(steps.len() * width, 0.0);
        let spikes = self.spikes(own.from);
        for (step, row) in steps.clone().zip(arrivals.chunks_mut(width.max(1))) {
            for (at, spike) in row.iter_mut().enumerate() {
                let sent = step.checked_sub(own.lag_of(at % own.ways.extents()[0]));
                *spike = sent.map_or(0.0, |sent| spikes[sent * width + at]);
            }
        }
        self.arrivals = arrivals;
    }

    /// Computes the neurons of a group in all steps.
    pub(crate) fn advance(&mut self, model: &Model, batch: &Batch, group: &[usize], derivatives: Option<Derivatives>) {
        let mut values: Vec<Values<'_>> = Vec::new();
        for place in group {
            self.rest(model, batch, *place, derivatives);
            let own = batch.values.iter().filter_map(|(step, input, sample, values)| {
                let sums = model.sums.get(*input)?.as_ref().filter(|sums| sums.population == *place)?;
                Some((*step, *sample, sums, values.as_slice()))
            });
            values.push(own.collect::<Vec<_>>().into_iter().peekable());
        }
        let inside: Vec<&Synapses> = model.synapses.iter().filter(|own| own.is_within(group)).collect();
        for step in 0..batch.steps {
            for own in &inside {
                self.arrive_by(own, batch, step..step + 1);
            }
            for (place, values) in group.iter().zip(&mut values) {
                self.step(model, batch, *place, step, values, derivatives);
            }
        }
    }

    /// Brings a population to rest, and makes room for what it leaves.
    fn rest(&mut self, model: &Model, batch: &Batch, place: usize, derivatives: Option<Derivatives>) {
        let neurons = &model.neurons[place];
        let n = neurons.registers.len();
        let trail = &mut self.populations[place];
        let all = batch.steps * batch.samples * n;
        let wanted = if derivatives.is_some() && neurons.is_reached { all } else { 0 };
        // Every element is written.
        trail.spikes.resize(all, 0.0);
        trail.slopes.resize(wanted, 0.0);
        trail.keeps.resize(wanted, 0.0);
        let states = if neurons.trains_decays { wanted } else { 0 };
        trail.currents.resize(states, 0.0);
        trail.potentials.resize(states, 0.0);
        let windows = if model.readout.population() == place { model.readout.windows(batch.steps).count() } else { 0 };
        trail.voltages.resize(windows * batch.samples * n, 0);
        trail.state.rest(batch.samples, &neurons.v_start);
        neurons.branches.rest(&mut trail.leaves, &mut trail.soma, [batch.samples * n, wanted]);
        trail.biases.clear();
        (0..batch.samples).for_each(|_| trail.biases.extend_from_slice(&neurons.biases));
        for (_, sample, own) in batch.biases.iter().filter(|(population, ..)| *population == place) {
            trail.biases[sample * n..(sample + 1) * n].copy_from_slice(own);
        }
    }

    /// A step of a population.
    fn step(
        &mut self,
        model: &Model,
        batch: &Batch,
        place: usize,
        step: usize,
        values: &mut Values<'_>,
        derivatives: Option<Derivatives>,
    ) {
        let neurons = &model.neurons[place];
        let n = neurons.registers.len();
        let trail = &mut self.populations[place];
        while let Some((_, sample, sums, values)) = values.next_if(|(at, ..)| *at <= step) {
            sums.biases(values, &mut trail.biases[sample * n..(sample + 1) * n]);
        }
        // What nothing trained leads to is never gone back.
        let derivatives = derivatives.filter(|_| neurons.is_reached);
        let own = rows(batch, &(step..step + 1), n);
        let of_derivatives = if derivatives.is_some() { own.clone() } else { 0..0 };
        let mut row = arithmetic::Row {
            sums: &trail.sums[own.clone()],
            biases: &trail.biases,
            spikes: &mut trail.spikes[own],
            slopes: &mut trail.slopes[of_derivatives.clone()],
            keeps: &mut trail.keeps[of_derivatives],
        };
        if neurons.branches.is_plain() {
            arithmetic::step(&neurons.registers, &mut trail.state, &mut row, derivatives);
        } else {
            let first = step * batch.samples * n;
            let Neurons { registers, branches, .. } = neurons;
            let compartments = (&mut trail.leaves[..], &mut trail.soma);
            tree::step(registers, branches, compartments, first, &mut trail.state, &mut row, derivatives);
        }
        if derivatives.is_some() && neurons.trains_decays {
            trail.keep_state(rows(batch, &(step..step + 1), n));
        }
        if model.readout.population() == place {
            for (window, sample) in model.readout.ending(batch, step) {
                let own = (window * batch.samples + sample) * n;
                trail.voltages[own..own + n].copy_from_slice(&trail.state.v[sample * n..(sample + 1) * n]);
            }
        }
    }
}

impl Trail {
    /// Keeps currents and voltages for the backward pass.
    #[expect(clippy::cast_precision_loss, reason = "at most 24 bits")]
    fn keep_state(&mut self, row: Range<usize>) {
        let pairs = [(&mut self.currents, &self.state.u), (&mut self.potentials, &self.state.v)];
        for (kept, state) in pairs {
            kept[row.clone()].iter_mut().zip(state).for_each(|(kept, value)| *kept = *value as f32);
        }
    }
}

/// The elements of some steps.
pub(crate) const fn rows(batch: &Batch, steps: &Range<usize>, width: usize) -> Range<usize> {
    steps.start * batch.samples * width..steps.end * batch.samples * width
}

/// Sets a vector to this many zeros.
pub(crate) fn clear(values: &mut Vec<f32>, length: usize) {
    values.clear();
    values.resize(length, 0.0);
}

impl BiasSums {
    /// Biases by values, as the embedded CPU computes them.
    fn biases(&self, values: &[i16], biases: &mut [i32]) {
        for ((bias, gains), offset) in biases.iter_mut().zip(&self.gains).zip(&self.offsets) {
            let terms = gains.iter().map(|(value, gain)| (*gain, values.get(*value).copied().unwrap_or(0)));
            *bias = weighted_bias(*offset, terms, self.exponent);
        }
    }
}
