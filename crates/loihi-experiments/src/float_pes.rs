//! PES in double precision on the spikes of the integer network: what the integer decoders are compared with.

use loihi_core::chip::Chip;

/// Decoders in double precision, by the same rule and in the same order as [`loihi_core::rules::PesParams`].
#[derive(Clone, Debug)]
pub struct FloatPes {
    dimensions: usize,
    /// `κ / (n · dt)`.
    rate: f64,
    decay_y: f64,
    decoders: Vec<f64>,
    outputs: Vec<f64>,
}

impl FloatPes {
    /// Zero decoders of `compartments` onto `dimensions`; rate and decay as in the integer rule.
    pub fn new(compartments: usize, dimensions: usize, rate_shift: u32, decay_y: u32) -> Self {
        Self {
            dimensions,
            rate: f64::from(rate_shift).exp2().recip(),
            decay_y: f64::from(decay_y) / 256.0,
            decoders: vec![0.0; compartments * dimensions],
            outputs: vec![0.0; dimensions],
        }
    }

    /// Forgets the outputs, as before a new sample.
    pub fn reset(&mut self) {
        self.outputs.fill(0.0);
    }

    /// The decoded values.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// One step with the spikes of the chip's last step; learns if there are targets.
    pub fn step(&mut self, chip: &Chip<'_>, targets: Option<&[f64]>) {
        let mut sums = vec![0.0; self.dimensions];
        for spike in chip.spikes() {
            let first = *spike as usize * self.dimensions;
            let Some(row) = self.decoders.get_mut(first..first + self.dimensions) else { continue };
            for (d, decoder) in row.iter_mut().enumerate() {
                sums[d] += *decoder;
                if let Some(targets) = targets {
                    *decoder -= self.rate * (self.outputs[d] - targets[d]);
                }
            }
        }
        for (output, sum) in self.outputs.iter_mut().zip(sums) {
            *output += (sum - *output) * self.decay_y;
        }
    }
}
