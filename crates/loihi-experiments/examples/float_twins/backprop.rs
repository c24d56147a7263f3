//! Backpropagation by spike counts with real weights: a hidden layer that spikes, and outputs that integrate.
//!
//! The rule is that of `loihi_core::rules::Backprop`; errors keep their limits, which are part of it, and are not rounded.

use crate::Twin;
use crate::encoder::{Encoder, Spikes};
use crate::setup::Setup;
use loihi_core::rules::{BackpropParams, Loss, Readout};
use std::error::Error;

/// Hidden neurons that are computed side by side: their weights stay in the cache for all steps of a sample.
const LANES: usize = 64;
/// Largest error of a hidden neuron.
const ERROR_MAX: f32 = 127.0;

/// Weights of some hidden neurons: a row for each input. Of the last ones some may be left over; they stay silent.
type Block = Vec<[f32; LANES]>;

/// Two layers that learn together.
pub(crate) struct BackpropTwin {
    params: BackpropParams,
    encoder: Encoder,
    /// What the readout of the right class should be, and that of the others.
    targets: [f32; 2],
    /// What a hidden neuron's voltage must exceed, in steps of the weights.
    threshold: f32,
    hidden: Vec<Block>,
    /// Weights of the outputs, those of a hidden neuron side by side.
    output: Vec<Vec<f32>>,
    spikes: Spikes,
    /// Spikes of each hidden neuron.
    counts: Vec<f32>,
    /// Voltages of the outputs after the last step.
    readouts: Vec<f32>,
}

impl BackpropTwin {
    /// The network as it is before the first sample.
    ///
    /// # Errors
    /// If it is another one than the twin knows.
    pub(crate) fn new(setup: &Setup, params: BackpropParams) -> Result<Self, Box<dyn Error>> {
        let is_known = params.layers == 2
            && params.readout == Readout::Voltage
            && params.readout_shift == 7
            && params.direct_feedback.is_none()
            && params.v_min == i32::MAX;
        if !is_known {
            return Err("the float twin knows two layers, voltages as readout, and symmetric feedback".into());
        }
        let [below, above] = [setup.weights(0)?, setup.weights(1)?];
        let mut hidden = vec![vec![[0.0; LANES]; below.sources]; below.neurons.div_ceil(LANES)];
        for (input, row) in below.weights.chunks_exact(below.neurons).enumerate() {
            for (block, own) in hidden.iter_mut().zip(row.chunks(LANES)) {
                block[input][..own.len()].copy_from_slice(own);
            }
        }
        let population = setup.network.populations.first().and_then(|own| own.compartments.first()?.values().first());
        let v_th = population.ok_or("the network has no hidden neurons")?.v_th;
        let lanes = hidden.len() * LANES;
        let mut output: Vec<Vec<f32>> = above.weights.chunks_exact(above.neurons).map(<[f32]>::to_vec).collect();
        output.resize(lanes, vec![0.0; above.neurons]);
        Ok(Self {
            params,
            encoder: Encoder::new(setup, params.steps)?,
            targets: setup.targets.map(f32::from),
            // A step of the weights is 128 of the voltage.
            threshold: whole(v_th) / 128.0,
            hidden,
            output,
            spikes: Spikes::default(),
            counts: vec![0.0; lanes],
            readouts: vec![0.0; above.neurons],
        })
    }

    /// Errors of the outputs, 0 where they need not change.
    fn output_errors(&self, label: usize) -> Vec<f32> {
        let limit = whole(self.params.error_limit.cast_signed());
        let unit = power_of_two(self.params.error_shift);
        let error = |(class, readout): (usize, &f32)| {
            let target = self.targets[usize::from(class != label)];
            let error = target - readout;
            let is_short = self.params.loss == Loss::Squared || (error > 0.0) == (target > 0.0);
            if is_short { (error / unit).clamp(-limit, limit) } else { 0.0 }
        };
        self.readouts.iter().enumerate().map(error).collect()
    }

    /// Errors of the hidden neurons, led back by the weights of the outputs; 0 where the slope is.
    fn hidden_errors(&self, outputs: &[f32]) -> Vec<f32> {
        let unit = power_of_two(self.params.feedback_shift);
        let count_max = whole(self.params.count_max.cast_signed());
        let error = |(count, weights): (&f32, &Vec<f32>)| {
            let is_open = *count > 0.0 && *count <= count_max;
            let sum: f32 = weights.iter().zip(outputs).map(|(weight, error)| weight * error).sum();
            if is_open { (sum / unit).clamp(-ERROR_MAX, ERROR_MAX) } else { 0.0 }
        };
        self.counts.iter().zip(&self.output).map(error).collect()
    }
}

impl Twin for BackpropTwin {
    fn answer(&mut self, values: &[u8]) -> Option<usize> {
        self.spikes = self.encoder.encode(values);
        self.counts.fill(0.0);
        self.readouts.fill(0.0);
        let last = self.spikes.steps.len().saturating_sub(1);
        let lanes = self.counts.chunks_exact_mut(LANES).zip(self.output.chunks_exact(LANES));
        for (block, (counts, above)) in self.hidden.iter().zip(lanes) {
            let mut voltages = [0.0; LANES];
            for (step, inputs) in self.spikes.steps.iter().enumerate() {
                for input in inputs {
                    add(&mut voltages, &block[*input], 1.0);
                }
                for (voltage, (count, weights)) in voltages.iter_mut().zip(counts.iter_mut().zip(above)) {
                    if *voltage > self.threshold {
                        *voltage = 0.0;
                        *count += 1.0;
                        // A spike reaches the layer above a step later.
                        if step < last {
                            add(&mut self.readouts, weights, 1.0);
                        }
                    }
                }
            }
        }
        largest(&self.readouts)
    }

    fn learn(&mut self, label: usize, rate: f32) {
        let outputs = self.output_errors(label);
        if outputs.iter().all(|error| *error == 0.0) {
            return;
        }
        let hidden = self.hidden_errors(&outputs);
        let shifts = [self.params.shift, self.params.shift_output];
        let [rate, rate_output] = shifts.map(|shift| rate / power_of_two(shift));
        for (weights, count) in self.output.iter_mut().zip(&self.counts).filter(|(_, count)| **count > 0.0) {
            add(weights, &outputs, count * rate_output);
        }
        for (block, errors) in self.hidden.iter_mut().zip(hidden.chunks_exact(LANES)) {
            for (input, count) in &self.spikes.counts {
                add(&mut block[*input], errors, count * rate);
            }
        }
    }
}

/// Adds a multiple of a row to another.
fn add(to: &mut [f32], row: &[f32], factor: f32) {
    to.iter_mut().zip(row).for_each(|(to, own)| *to += factor * own);
}

/// The first class with the largest readout.
fn largest(readouts: &[f32]) -> Option<usize> {
    let best = readouts.iter().copied().reduce(f32::max)?;
    readouts.iter().position(|readout| *readout >= best)
}

fn power_of_two(bits: u32) -> f32 {
    (0..bits).fold(1.0, |power, _| 2.0 * power)
}

/// A register of at most 24 bits.
#[expect(clippy::cast_precision_loss, reason = "24 bits are held")]
fn whole(register: i32) -> f32 {
    register as f32
}
