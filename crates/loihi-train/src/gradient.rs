//! The derivatives of the loss by what is trained, from what a pass forward and backward has left.

use crate::batch::Batch;
use crate::layers::{Model, Neurons, Synapses};
use crate::parameter::{Parameters, Place, Register};
use crate::pass::{Trail, Workspace, clear, rows};
use loihi_adjoint::arithmetic::Reset;

/// Derivatives of the loss by the values of a group of parameters.
pub type Gradient = Vec<f32>;

impl Workspace {
    /// The derivatives of the loss by everything that is trained, after [`Workspace::backward`], in the order of
    /// [`Model::parameters`]; `reset` is what the forward pass was asked for.
    pub fn gradients(&mut self, model: &Model, batch: &Batch, reset: Reset, gradients: &mut Vec<Gradient>) {
        gradients.resize_with(model.parameters.len(), Gradient::new);
        for (own, gradient) in model.parameters.iter().zip(gradients) {
            let Parameters { place, values, per_unit, .. } = own;
            clear(gradient, values.len());
            match place {
                Place::Weights(at) => self.by_weights(&model.synapses[*at], batch, gradient),
                Place::Delays(at) => self.by_delays(&model.synapses[*at], batch, gradient),
                Place::Bias(at) => by_biases(&model.neurons[*at], self.trail(*at), batch, gradient),
                Place::Register(at, register) => {
                    by_register(&model.neurons[*at], self.trail(*at), (batch, reset), *register, gradient);
                }
            }
            for value in gradient {
                *value *= per_unit;
            }
        }
    }

    fn by_weights(&mut self, own: &Synapses, batch: &Batch, gradient: &mut Gradient) {
        let steps = own.lag..batch.steps;
        if steps.is_empty() || self.spikes(own.from).is_empty() {
            return;
        }
        self.delay(own, batch, &steps);
        let (arrived, by_sums) = (self.arrived(own, batch, &steps), self.by_sums(own));
        own.ways.gradient(gradient, arrived, &by_sums[rows(batch, &steps, own.ways.extents()[1])]);
    }

    /// The derivative by a delay is a central difference of the derivative by arrivals: half of that in the step after a spike
    /// arrives, less half of that in the step before. Outside the sample it is 0.
    fn by_delays(&mut self, own: &Synapses, batch: &Batch, gradient: &mut Gradient) {
        if self.spikes(own.from).is_empty() {
            return;
        }
        let (sources, samples) = (own.ways.extents()[0], batch.samples);
        let mut by_arrivals = std::mem::take(&mut self.by_arrivals);
        clear(&mut by_arrivals, batch.steps * samples * sources);
        own.ways.back(&mut by_arrivals, self.by_sums(own), &own.folded);
        let width = samples * sources;
        let at = |step: Option<usize>, element: usize| {
            step.filter(|step| *step < batch.steps).map_or(0.0, |step| by_arrivals[step * width + element])
        };
        for (sent, row) in self.spikes(own.from).chunks(width.max(1)).enumerate() {
            for (element, spike) in row.iter().enumerate().filter(|(_, spike)| **spike != 0.0) {
                let arrives = sent + own.lag_of(element % sources);
                let slope = at(Some(arrives + 1), element) - at(arrives.checked_sub(1), element);
                gradient[element % sources] += 0.5 * spike * slope;
            }
        }
        self.by_arrivals = by_arrivals;
    }

    /// The derivative of the loss by the sums that a connection adds to.
    fn by_sums(&self, own: &Synapses) -> &[f32] {
        let trail = self.trail(own.to);
        own.leaf.map_or(&trail.sums, |leaf| &trail.leaves[leaf].sums)
    }
}

/// Adds the derivatives by biases: those by what enters the voltage of the first compartment, in all steps.
#[expect(clippy::cast_precision_loss, reason = "at most 4096")]
fn by_biases(neurons: &Neurons, trail: &Trail, batch: &Batch, gradient: &mut Gradient) {
    let n = neurons.registers.len();
    if let Some(leaf) = trail.leaves.first() {
        leaf.by_biases.iter().enumerate().for_each(|(at, value)| gradient[at % n] += value);
        return;
    }
    let width = batch.samples * n;
    for at in 0..width {
        let keep_u = neurons.registers.keep_u[at % n] as f32 / 4096.0;
        let mut later_current = 0.0_f32;
        for here in (0..batch.lengths[at / n]).rev().map(|step| step * width + at) {
            let current = trail.sums[here] / 64.0;
            let of_soma = trail.soma.by_drives.get(here).zip(trail.soma.routes.get(here));
            gradient[at % n] += of_soma.map_or(current - later_current * keep_u, |(drive, [own, ..])| own * drive);
            later_current = current;
        }
    }
}

/// Adds the derivatives by what is kept of a current or a voltage, or by a threshold.
///
/// Derivatives by currents are those by sums, in other units; what is not from the next current in them is from the voltage
/// of the same step.
#[expect(clippy::cast_precision_loss, reason = "at most 4096")]
fn by_register(
    neurons: &Neurons,
    trail: &Trail,
    (batch, reset): (&Batch, Reset),
    register: Register,
    gradient: &mut Gradient,
) {
    let n = neurons.registers.len();
    let width = batch.samples * n;
    for at in 0..width {
        let (sample, neuron) = (at / n, at % n);
        let keep_u = neurons.registers.keep_u[neuron] as f32 / 4096.0;
        let keep_v = neurons.registers.keep_v[neuron] as f32 / 4096.0;
        let (mut later_current, mut later_voltage, mut sum) = (0.0_f32, 0.0_f32, 0.0_f32);
        for step in (0..batch.lengths[sample]).rev() {
            let here = step * width + at;
            let current = trail.sums[here] / 64.0;
            // Of neurons that join compartments it is not all of what entered the voltage.
            let voltage = trail.soma.by_drives.get(here).copied().unwrap_or(current - later_current * keep_u);
            sum += match register {
                Register::DecayU if step > 0 => current * trail.currents[here - width],
                Register::DecayV if step > 0 => voltage * trail.potentials[here - width],
                Register::DecayU => 0.0,
                Register::DecayV => voltage * neurons.v_start[neuron] as f32,
                Register::VTh => {
                    // Of a readout by voltage it is the unit, and not trained.
                    trail.by_threshold(here, later_voltage * keep_v, reset)
                }
            };
            (later_current, later_voltage) = (current, voltage);
        }
        gradient[neurons.profiles[neuron]] += sum;
    }
}

impl Trail {
    /// The derivative of the loss by the threshold in a step, through the spike and, where the reset has a derivative, through the
    /// voltage after it; `by_v` is that by this voltage.
    fn by_threshold(&self, here: usize, by_v: f32, reset: Reset) -> f32 {
        let slope = self.slopes[here];
        let through_spike = -slope.abs() * self.by_spikes[here];
        if slope == 0.0 || reset != Reset::ThroughSpike {
            return through_spike;
        }
        // Of a voltage that a limit holds nothing is kept; of another one what the spike leaves.
        let stays = if slope < 0.0 { 0.0 } else { 1.0 - self.spikes[here] };
        (stays - self.keeps[here]) * by_v + through_spike
    }
}
