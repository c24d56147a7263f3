//! Values to biases: each compartment's bias becomes a weighted sum of the stimulus plus a constant.

use crate::image::{Image, Parameter, index};
use crate::num::{BiasExponent, BiasMantissa};
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use serde::{Deserialize, Serialize};

/// Writes `offset_i + Σ_d (gain_id · x_d) >> 12` to the bias of compartment `i · stride` before every step.
///
/// A bias stays until it is written again, so a step computes nothing while stimulus and biases are what they were.
///
/// The stimulus `x_d` is Q3.12. Offsets and gains are in units of the voltage. The sum is held to what the chip's
/// register can express, a mantissa of 12 bits and sign, shifted left by the exponent; it floors to that grid.
/// The image's constants hold, per compartment, the offset and then `dimensions` gains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BiasEncoderParams {
    /// First stimulus word.
    pub stimulus_first: u32,
    /// Stimulus words per compartment.
    pub dimensions: u32,
    /// First compartment.
    pub compartment_first: u32,
    /// Number of compartments.
    pub count: u32,
    /// First constant.
    pub data_first: u32,
    /// Exponent of the bias, 0..=7.
    pub exponent: u32,
    /// Distance of two compartments: that of neurons of several, at whose first one the bias enters. 0 is 1.
    pub stride: u32,
}

impl Default for BiasEncoderParams {
    /// No compartments.
    fn default() -> Self {
        Self { stimulus_first: 0, dimensions: 1, compartment_first: 0, count: 0, data_first: 0, exponent: 6, stride: 1 }
    }
}

impl BiasEncoderParams {
    /// Compartments from the first to the last.
    fn span(&self) -> Option<u32> {
        let before_last = self.count.checked_sub(1);
        before_last.map_or(Some(0), |count| count.checked_mul(self.stride.max(1))?.checked_add(1))
    }
}

/// The bias of `offset + Σ (gain · x) >> 12`, saturating at 32 bits, as a register of this exponent holds it; terms are gain and
/// value.
pub fn weighted_bias(offset: i32, terms: impl Iterator<Item = (i32, i16)>, exponent: u32) -> i32 {
    let mut sum = 0_i32;
    for (gain, x) in terms {
        // 32 × 16 bits fit; after the shift 36 bits are left at most.
        let product = i64::from(gain).wrapping_mul(i64::from(x)) >> 12;
        let limit = if product < 0 { i32::MIN } else { i32::MAX };
        sum = sum.saturating_add(i32::try_from(product).unwrap_or(limit));
    }
    let mantissa = BiasMantissa::saturating(offset.saturating_add(sum).wrapping_shr(exponent));
    mantissa.get().wrapping_shl(exponent)
}

impl Snip for BiasEncoderParams {
    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if cpu.is_settled() {
            return;
        }
        let width = index(self.dimensions).saturating_add(1);
        let constants = cpu.image.data(index(self.data_first), index(self.count).saturating_mul(width));
        let values = cpu.stimulus.get(index(self.stimulus_first)..);
        let values = values.and_then(|words| words.get(..index(self.dimensions))).unwrap_or_default();
        let compartments = (index(self.compartment_first)..).step_by(index(self.stride.max(1)));
        for (row, compartment) in constants.chunks(width).zip(compartments) {
            if let Some((offset, gains)) = row.split_first() {
                let terms = gains.iter().copied().zip(values.iter().copied());
                cpu.set_bias(compartment, weighted_bias(*offset, terms, self.exponent));
            }
        }
        cpu.settle();
    }
}

impl SnipParams for BiasEncoderParams {
    const KIND: u32 = 2;
    const NAME: &'static str = "bias-encoder";
    const PHASES: Phases = Phases::only(Phase::Spk);
    type Snip = Self;

    crate::snip_words!(stimulus_first, dimensions, compartment_first, count, data_first, exponent, stride);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let constants = self.dimensions.checked_add(1).and_then(|width| width.checked_mul(self.count));
        let in_data = constants.is_some_and(|constants| fits(self.data_first, constants, image.data.len()));
        let on_chip = self.span().is_some_and(|span| fits(self.compartment_first, span, image.bias.len()));
        require(u32::try_from(BiasExponent::MAX).is_ok_and(|max| self.exponent <= max), "exponent")?;
        require(fits(self.stimulus_first, self.dimensions, image.stimulus_words), "stimulus_first")?;
        require(on_chip, "compartment_first")?;
        require(in_data, "data_first")
    }
}
