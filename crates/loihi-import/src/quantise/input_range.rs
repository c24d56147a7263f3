//! What spikes of one sign can add up to at most, and the scales at which the chip's registers still hold that.

use super::compose::Weights;
use loihi_core::num::ThresholdMantissa;

/// Largest sum of a step's synapses, in units of 64: 21 bits and sign, beyond which it wraps.
const SUM_MAX: f64 = ((1 << 21) - 64) as f64 / 64.0;

/// Largest current and voltage, in units of 64: a current wraps at 23 bits and sign, and a voltage beyond the largest
/// threshold fires.
const STATE_MAX: f64 = ThresholdMantissa::MAX as f64;

/// Steps over which neurons that forget nothing add up, where nothing says how many.
const STEPS: u32 = 64;

/// Range of the input of each neuron in a step: most negative and most positive sum.
#[derive(Clone, Debug)]
pub(super) struct InputRange(Vec<[f64; 2]>);

impl InputRange {
    /// No input, for a number of neurons.
    pub(super) fn new(neurons: usize) -> Self {
        Self(vec![[0.0; 2]; neurons])
    }

    /// What always arrives at a neuron.
    pub(super) fn constant(&mut self, neuron: usize, value: f64) {
        if let Some(sums) = self.0.get_mut(neuron) {
            sums[usize::from(value > 0.0)] += value.abs();
        }
    }

    /// What arrives if all sources of a connection fire.
    pub(super) fn connection(&mut self, weights: &Weights) {
        let neurons = self.0.len();
        match weights {
            Weights::Sparse(synapses) => {
                for (_, neuron, weight, _) in synapses {
                    self.constant(*neuron, *weight);
                }
            }
            Weights::OneToOne(own) => {
                for at in 0..neurons {
                    self.constant(at, own.get(at).or(own.first()).copied().unwrap_or(0.0));
                }
            }
            Weights::Pool(pool, weight) => {
                let window = f64::from(u32::try_from(pool.kernel[0] * pool.kernel[1]).unwrap_or(u32::MAX));
                for at in 0..neurons {
                    self.constant(at, window * weight);
                }
            }
            Weights::Dense(own) => self.rows(own, neurons),
            Weights::Conv(conv, own) => self.rows(own, conv.shape[0]),
        }
    }

    /// A row of weights for each neuron, or for each channel of neurons.
    fn rows(&mut self, weights: &[f64], rows: usize) {
        let (row, share) = ((weights.len() / rows.max(1)).max(1), (self.0.len() / rows.max(1)).max(1));
        for (weights, neurons) in weights.chunks(row).zip(self.0.chunks_mut(share)) {
            let signed = |sign: f64| weights.iter().map(|weight| (weight * sign).max(0.0)).sum::<f64>();
            let sums = [signed(-1.0), signed(1.0)];
            for own in neurons {
                own.iter_mut().zip(sums).for_each(|(own, sum)| *own += sum);
            }
        }
    }

    /// The larger sum of a neuron.
    fn of(&self, neuron: usize) -> f64 {
        self.0.get(neuron).map_or(0.0, |sums| sums[0].max(sums[1]))
    }
}

/// The most that comes of what arrives in every step, if such a share of it stays, over this many steps; 0 of them if
/// nothing says how many.
fn lasting(keep: f64, steps: u32) -> f64 {
    match (steps, keep < 1.0) {
        (0, true) => 1.0 / (1.0 - keep),
        (0, false) => f64::from(STEPS),
        (_, true) => (1.0 - keep.powf(f64::from(steps))) / (1.0 - keep),
        (_, false) => f64::from(steps),
    }
}

/// By neuron: the largest scale at which nothing wraps, and neurons that never fire stay below the largest threshold, even if
/// everything that has one sign comes in every step: through synapses, into currents, and with biases and values.
pub(super) fn units_max(ranges: [&InputRange; 3], keeps: [&[f64]; 2], fires: bool, steps: u32) -> Vec<f64> {
    let [spikes, currents, all] = ranges;
    let most = |at: usize| {
        let [current, voltage] = keeps.map(|keeps| lasting(keeps.get(at).copied().unwrap_or(0.0), steps));
        let sum = SUM_MAX / spikes.of(at);
        let held = STATE_MAX / (currents.of(at) * current);
        let voltage = if fires { f64::INFINITY } else { STATE_MAX / (all.of(at) * current * voltage) };
        sum.min(held).min(voltage)
    };
    (0..all.0.len()).map(most).collect()
}
