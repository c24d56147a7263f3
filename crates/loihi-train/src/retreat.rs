//! A batch backward through a network: from the derivatives of the readout to those of all sums.

use crate::batch::Batch;
use crate::layers::{Model, Neurons, Synapses};
use crate::pass::{Workspace, clear, rows};
use loihi_adjoint::adjoint;
use loihi_adjoint::branches::Branches;
use loihi_adjoint::rate::{Backward, Neuron};
use loihi_adjoint::tree;
use loihi_net::network::Endpoint;
use std::ops::Range;

impl Workspace {
    /// Makes room for the derivative of the loss by spikes, all 0.
    pub fn clear_derivatives(&mut self, model: &Model, batch: &Batch) {
        for (trail, neurons) in self.populations.iter_mut().zip(&model.neurons) {
            let wanted = if neurons.is_reached { batch.steps * batch.samples * neurons.registers.len() } else { 0 };
            clear(&mut trail.by_spikes, wanted);
            clear(&mut trail.by_voltages, trail.voltages.len());
        }
    }

    /// Runs the backward pass of a batch that was computed with derivatives, from [`Trail::by_spikes`](crate::pass::Trail::by_spikes); leaves the derivatives of
    /// the loss by the sums of all populations.
    pub fn backward(&mut self, model: &Model, batch: &Batch, backward: Backward) {
        for group in model.groups.iter().rev() {
            let reached: Vec<usize> = group.iter().copied().filter(|place| model.neurons[*place].is_reached).collect();
            if reached.is_empty() {
                continue;
            }
            match backward {
                Backward::Time | Backward::Kernel => self.retreat(model, batch, group, &reached),
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
            Branches::clear(&mut trail.leaves, width);
        }
        let inside: Vec<&Synapses> =
            model.synapses.iter().filter(|own| own.is_within(group) && reached.contains(&own.to)).collect();
        for step in (0..batch.steps).rev() {
            for place in reached {
                let Neurons { registers, branches, .. } = &model.neurons[*place];
                let own = rows(batch, &(step..step + 1), registers.len());
                let trail = &mut self.populations[*place];
                if model.readout.population() == *place {
                    let n = registers.len();
                    for (window, sample) in model.readout.ending(batch, step) {
                        let read = (window * batch.samples + sample) * n;
                        let own = trail.adjoint.v[sample * n..(sample + 1) * n].iter_mut();
                        own.zip(&trail.by_voltages[read..read + n]).for_each(|(own, more)| *own += more);
                    }
                }
                let mut row = adjoint::Row {
                    spikes: &trail.by_spikes[own.clone()],
                    slopes: &trail.slopes[own.clone()],
                    keeps: &trail.keeps[own.clone()],
                    sums: &mut trail.sums[own],
                };
                if branches.is_plain() {
                    adjoint::step(registers, &mut trail.adjoint, &mut row);
                } else {
                    let first = step * batch.samples * registers.len();
                    let compartments = (&mut trail.leaves[..], &mut trail.soma);
                    tree::back(registers, branches, compartments, first, &mut trail.adjoint, &mut row);
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
        let answers = model.readout.population() == place;
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
                let by_voltage = trail.by_voltages.get(sample * n + at).copied().unwrap_or(0.0);
                let by_sum = neuron.back(steps, sum, by_count, by_voltage);
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
