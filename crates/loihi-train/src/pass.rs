//! A batch through a network, forward and backward.
//!
//! Spikes, sums and derivatives lie step after step, in a step sample after sample, so that all steps of a connection are one
//! product of matrices; neurons go step by step. Populations that reach each other in a circle are a group, and go step by step
//! together, with a product a step for the connections among them.

use crate::adjoint::{self, Adjoint};
use crate::arithmetic::{self, Derivatives, State};
use crate::batch::Batch;
use crate::layers::{BiasSums, Model, Neurons, Synapses};
use crate::rate::{Backward, Neuron};
use crate::tree::{self, Leaf};
use loihi_core::rules::weighted_bias;
use loihi_net::network::Endpoint;
use std::ops::Range;

/// What a batch leaves on its way, used again by the next one.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Spikes of the inputs.
    inputs: Vec<Vec<f32>>,
    /// What populations leave.
    populations: Vec<Trail>,
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
    /// As [`arithmetic::Row::slopes`].
    pub slopes: Vec<f32>,
    /// As [`arithmetic::Row::keeps`].
    pub keeps: Vec<f32>,
    /// Currents after every step, if decays are trained.
    pub currents: Vec<f32>,
    /// Voltages after every step, if decays are trained.
    pub potentials: Vec<f32>,
    /// Voltages after the last step of each sample.
    pub voltages: Vec<i32>,
    /// The derivative of the loss by the spikes.
    pub by_spikes: Vec<f32>,
    /// The derivative of the loss by the voltages after the last step of each sample.
    pub by_voltages: Vec<f32>,
    /// The other compartments of neurons of several.
    pub leaves: Vec<Leaf>,
    biases: Vec<i32>,
    state: State,
    adjoint: Adjoint,
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
    fn sums(&mut self, own: &Synapses) -> &mut Vec<f32> {
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
        trail.voltages.resize(batch.samples * n, 0);
        trail.state.rest(batch.samples, &neurons.v_start);
        let v_start = vec![0; n];
        for leaf in &mut trail.leaves {
            leaf.state.rest(batch.samples, &v_start);
            leaf.keeps.resize(wanted, 0.0);
            leaf.passes.resize(wanted, 0.0);
        }
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
        if neurons.branches.leaves.is_empty() {
            arithmetic::step(&neurons.registers, &mut trail.state, &mut row, derivatives);
        } else {
            let first = step * batch.samples * n;
            let Neurons { registers, branches, .. } = neurons;
            tree::step(registers, branches, &mut trail.leaves, first, &mut trail.state, &mut row, derivatives);
        }
        if derivatives.is_some() && neurons.trains_decays {
            trail.keep_state(rows(batch, &(step..step + 1), n));
        }
        for sample in (0..batch.samples).filter(|sample| batch.lengths[*sample] == step + 1) {
            let own = sample * n..(sample + 1) * n;
            trail.voltages[own.clone()].copy_from_slice(&trail.state.v[own]);
        }
    }

    /// Makes room for the derivative of the loss by spikes, all 0.
    pub fn clear_derivatives(&mut self, model: &Model, batch: &Batch) {
        for (trail, neurons) in self.populations.iter_mut().zip(&model.neurons) {
            let wanted = if neurons.is_reached { batch.steps * batch.samples * neurons.registers.len() } else { 0 };
            clear(&mut trail.by_spikes, wanted);
            clear(&mut trail.by_voltages, if neurons.is_reached { batch.samples * neurons.registers.len() } else { 0 });
        }
    }

    /// Runs the backward pass of a batch that was computed with derivatives, from [`Trail::by_spikes`]; leaves the derivatives of
    /// the loss by the sums of all populations.
    pub fn backward(&mut self, model: &Model, batch: &Batch, backward: Backward) {
        for group in model.groups.iter().rev() {
            let reached: Vec<usize> = group.iter().copied().filter(|place| model.neurons[*place].is_reached).collect();
            if reached.is_empty() {
                continue;
            }
            match backward {
                Backward::Time => self.retreat(model, batch, group, &reached),
                Backward::Rate => reached.iter().for_each(|place| self.retreat_by_rate(model, batch, *place)),
            }
            for own in model.synapses.iter().filter(|own| reached.contains(&own.to)) {
                if !own.is_within(group) {
                    self.depart(own, batch, 0..batch.steps);
                }
            }
        }
    }

    /// The neurons of a group backward, step by step, and the connections among them.
    fn retreat(&mut self, model: &Model, batch: &Batch, group: &[usize], reached: &[usize]) {
        for place in reached {
            let width = batch.samples * model.neurons[*place].registers.len();
            let trail = &mut self.populations[*place];
            trail.adjoint.clear(width);
            trail.leaves.iter_mut().for_each(|leaf| leaf.adjoint.clear(width));
        }
        let inside: Vec<&Synapses> =
            model.synapses.iter().filter(|own| own.is_within(group) && reached.contains(&own.to)).collect();
        for step in (0..batch.steps).rev() {
            for place in reached {
                let Neurons { registers, branches, .. } = &model.neurons[*place];
                let own = rows(batch, &(step..step + 1), registers.len());
                let trail = &mut self.populations[*place];
                for sample in (0..batch.samples).filter(|sample| batch.lengths[*sample] == step + 1) {
                    let own = sample * registers.len()..(sample + 1) * registers.len();
                    let last = trail.adjoint.v[own.clone()].iter_mut().zip(&trail.by_voltages[own]);
                    last.for_each(|(own, more)| *own += more);
                }
                let mut row = adjoint::Row {
                    spikes: &trail.by_spikes[own.clone()],
                    slopes: &trail.slopes[own.clone()],
                    keeps: &trail.keeps[own.clone()],
                    sums: &mut trail.sums[own],
                };
                if branches.leaves.is_empty() {
                    adjoint::step(registers, &mut trail.adjoint, &mut row);
                } else {
                    let first = step * batch.samples * registers.len();
                    tree::back(registers, branches, &mut trail.leaves, first, &mut trail.adjoint, &mut row);
                }
            }
            for own in &inside {
                self.depart(own, batch, step..step + 1);
            }
        }
    }

    /// The neurons of a population backward, by the number of their spikes.
    fn retreat_by_rate(&mut self, model: &Model, batch: &Batch, place: usize) {
        let registers = &model.neurons[place].registers;
        let answers = model.readout.population == place;
        let n = registers.len();
        let trail = &mut self.populations[place];
        for sample in 0..batch.samples {
            let steps = batch.lengths[sample];
            for at in 0..n {
                let own = batch.rows(sample, n).map(|row| row + at);
                let sum: f32 = own.clone().map(|row| trail.sums[row]).sum();
                let by_spikes: f32 = own.clone().map(|row| trail.by_spikes[row]).sum();
                let neuron = Neuron { registers, place: at, bias: trail.biases[sample * n + at], answers };
                #[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
                let by_count = by_spikes / steps.max(1) as f32;
                let by_sum = neuron.back(steps, sum, by_count, trail.by_voltages[sample * n + at]);
                own.for_each(|row| trail.sums[row] = by_sum);
            }
            // What arrives after the end of a sample changes nothing.
            for step in steps..batch.steps {
                trail.sums[(step * batch.samples + sample) * n..][..n].fill(0.0);
            }
        }
    }

    /// From the derivatives by sums of some steps to those by the spikes that arrived in them.
    fn depart(&mut self, own: &Synapses, batch: &Batch, steps: Range<usize>) {
        let [sources, neurons] = own.ways.extents();
        let steps = steps.start.max(own.lag)..steps.end;
        let Endpoint::Population(from) = own.from else { return };
        if steps.is_empty() || self.populations[from].by_spikes.is_empty() {
            return;
        }
        let sums = std::mem::take(self.sums(own));
        let by_sums = &sums[rows(batch, &steps, neurons)];
        let mut by_spikes = std::mem::take(&mut self.populations[from].by_spikes);
        if own.delays.is_none() {
            let sent = rows(batch, &(steps.start - own.lag..steps.end - own.lag), sources);
            own.ways.back(&mut by_spikes[sent], by_sums, &own.folded);
        } else {
            let width = batch.samples * sources;
            clear(&mut self.by_arrivals, steps.len() * width);
            own.ways.back(&mut self.by_arrivals, by_sums, &own.folded);
            for (step, of_step) in steps.zip(self.by_arrivals.chunks(width.max(1))) {
                for (at, value) in of_step.iter().enumerate() {
                    if let Some(sent) = step.checked_sub(own.lag_of(at % sources)) {
                        by_spikes[sent * width + at] += value;
                    }
                }
            }
        }
        self.populations[from].by_spikes = by_spikes;
        *self.sums(own) = sums;
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
