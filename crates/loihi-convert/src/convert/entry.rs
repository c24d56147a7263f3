//! How samples enter: as spikes of neurons in proportion to their values, or as sums that the embedded CPU computes.

use super::{Build, INPUT_THRESHOLD, free_name};
use crate::ann::{Source, Way};
use loihi_core::num::{BiasExponent, BiasMantissa};
use loihi_net::network::{Endpoint, Entry, Input, Weighted, size};
use loihi_train::ways::Ways;

/// Values whose shares of all sums are computed together.
const ROWS: usize = 64;

impl Build<'_> {
    /// Neurons whose biases are the values of a sample, if it enters so.
    pub(super) fn input_neurons(&mut self) {
        let Endpoint::Population(population) = self.input else { return };
        self.network.populations[population].compartments = self.compartments(INPUT_THRESHOLD);
        let entry = Entry::Bias { population, gain_q16: 64 << 16, offset: 0 };
        self.network.add_input(Input::new(free_name(self.ann, "input"), &self.ann.input, entry));
        self.takes_threshold_off(population, INPUT_THRESHOLD);
        let half = vec![f64::from(INPUT_THRESHOLD) / 2.0; size(&self.ann.input)];
        self.connect_start(population, &half, &[]);
    }

    /// Lets the embedded CPU sum the input for a population, with a bias for each neuron, in units of 1/64 of `unit`.
    ///
    /// # Errors
    /// Where other layers lead to it, or the input leads to another one as well.
    pub(super) fn sums(&mut self, population: usize, ways: &[Way], unit: f64, biases: &[f64]) -> Result<(), String> {
        if ways.iter().any(|way| way.from != Source::Input) || !self.network.inputs.is_empty() {
            return Err(
                "the input leads to other layers as well, and the CPU sums it for one: use --input bias".to_owned()
            );
        }
        let (values, neurons) = (size(&self.ann.input), biases.len());
        let mut shares = vec![0.0; neurons * values];
        for way in ways {
            add_shares(&mut shares, way, &self.network.populations[population].shape, values)?;
        }
        let of = |share: f32| f64::from(share) * unit * 64.0;
        let driven = |(row, bias): (&[f32], &f64)| {
            let [most, least] = [f64::max, f64::min].map(|end| row.iter().map(|own| end(of(*own), 0.0)).sum::<f64>());
            (most + bias).abs().max((least + bias).abs())
        };
        let largest = shares.chunks(values.max(1)).zip(biases).map(driven).fold(0.0, f64::max);
        let fits = |exponent: &i32| largest <= f64::from(BiasMantissa::MAX << exponent);
        let exponent = (0..BiasExponent::MAX).find(fits).unwrap_or(BiasExponent::MAX);
        // The CPU cuts sums down to the steps of the bias: half a step more makes that the nearest one.
        let half = f64::from(1 << exponent) / 2.0;
        let offsets = biases.iter().map(|bias| whole(bias + half)).collect();
        let gains = shares.into_iter().map(|share| whole(of(share))).collect();
        let weighted = Weighted::new(population, gains, offsets).exponent(BiasExponent::saturating(exponent));
        let input = Input::new(free_name(self.ann, "input"), &self.ann.input, Entry::Weighted(weighted));
        self.network.add_input(input);
        Ok(())
    }
}

/// Adds the matrix of a way, `[neurons, values]`.
fn add_shares(shares: &mut [f32], way: &Way, to: &[usize], values: usize) -> Result<(), String> {
    let (ways, _) = Ways::of(&way.geometry(to), [&way.from_shape, to])?;
    let (weights, neurons) = (way.ordered(&ways, to), size(to));
    for first in (0..values).step_by(ROWS) {
        let count = ROWS.min(values - first);
        let mut alone = vec![0.0; count * values];
        (0..count).for_each(|row| alone[row * values + first + row] = 1.0);
        let mut sums = vec![0.0; count * neurons];
        ways.add(&mut sums, &alone, &weights);
        for (row, sums) in sums.chunks(neurons).enumerate() {
            sums.iter().enumerate().for_each(|(neuron, sum)| shares[neuron * values + first + row] += sum);
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "held to 32 bits")]
fn whole(value: f64) -> i32 {
    value.round() as i32
}
