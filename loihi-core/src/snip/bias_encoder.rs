//! Values to biases: each compartment's bias becomes a weighted sum of the stimulus plus a constant.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use crate::num::{BiasExponent, BiasMantissa};

/// Writes `offset_i + Σ_d (gain_id · x_d) >> 12` to the bias of compartment `i · stride` before every step.
///
/// The stimulus `x_d` is Q3.12. Offsets and gains are in units of the voltage. The sum is held to what the chip's
/// register can express, a mantissa of 12 bits and sign, shifted left by the exponent; it floors to that grid.
/// The image's constants hold, per compartment, the offset and then `dimensions` gains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BiasEncoder {
    /// First stimulus word.
    pub stimulus_first: usize,
    /// Stimulus words per compartment.
    pub dimensions: usize,
    /// First compartment.
    pub compartment_first: usize,
    /// Number of compartments.
    pub count: usize,
    /// First constant.
    pub data_first: usize,
    /// Exponent of the bias, 0..=7.
    pub exponent: u32,
    /// Distance of two compartments: that of neurons of several, at whose first one the bias enters. 0 is 1.
    pub stride: usize,
}

impl BiasEncoder {
    /// The kind in a [`crate::image::SnipRecord`].
    pub const KIND: u32 = 2;

    pub(super) fn from_params(words: &[u32; SnipRecord::PARAMS]) -> Self {
        let &[stimulus_first, dimensions, compartment_first, count, data_first, exponent, stride, ..] = words;
        Self {
            stimulus_first: index(stimulus_first),
            dimensions: index(dimensions),
            compartment_first: index(compartment_first),
            count: index(count),
            data_first: index(data_first),
            exponent,
            stride: index(stride).max(1),
        }
    }

    /// Compartments from the first to the last.
    fn span(&self) -> Option<usize> {
        let before_last = self.count.checked_sub(1);
        before_last.map_or(Some(0), |count| count.checked_mul(self.stride)?.checked_add(1))
    }

    /// What the register holds for this sum.
    fn quantise(&self, sum: i32) -> i32 {
        let mantissa = BiasMantissa::saturating(sum.wrapping_shr(self.exponent));
        mantissa.get().wrapping_shl(self.exponent)
    }
}

/// `Σ (gain · x) >> 12`, saturating at 32 bits.
fn weighted(gains: &[i32], values: &[i16]) -> i32 {
    let mut sum = 0_i32;
    for (gain, x) in gains.iter().zip(values) {
        // 32 × 16 bits fit; after the shift 36 bits are left at most.
        let product = i64::from(*gain).wrapping_mul(i64::from(*x)) >> 12;
        let limit = if product < 0 { i32::MIN } else { i32::MAX };
        sum = sum.saturating_add(i32::try_from(product).unwrap_or(limit));
    }
    sum
}

impl Snip for BiasEncoder {
    fn learned_words(&self) -> usize {
        0
    }

    fn working_words(&self) -> usize {
        0
    }

    fn reset(&self, _working: &mut [i32]) {}

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if phase != Phase::Spk {
            return;
        }
        let width = self.dimensions.saturating_add(1);
        let constants = cpu.image.data(self.data_first, self.count.saturating_mul(width));
        let values = cpu.stimulus.get(self.stimulus_first..).and_then(|words| words.get(..self.dimensions));
        let values = values.unwrap_or_default();
        for (at, row) in constants.chunks(width).enumerate() {
            if let Some((offset, gains)) = row.split_first() {
                let bias = self.quantise(offset.saturating_add(weighted(gains, values)));
                cpu.set_bias(self.compartment_first.wrapping_add(at.wrapping_mul(self.stride)), bias);
            }
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        let constants = self.dimensions.checked_add(1).and_then(|width| width.checked_mul(self.count));
        u32::try_from(BiasExponent::MAX).is_ok_and(|max| self.exponent <= max)
            && fits(self.stimulus_first, self.dimensions, image.stimulus_words)
            && self.span().is_some_and(|span| fits(self.compartment_first, span, image.bias.len()))
            && constants.is_some_and(|constants| fits(self.data_first, constants, image.data.len()))
    }
}
