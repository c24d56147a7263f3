//! Values to evenly spaced spikes: each input spikes at a rate in proportion to its value.

use crate::image::{Image, Parameter, index};
use crate::num::lowbias32;
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use serde::{Deserialize, Serialize};

/// Turns stimulus words into spikes of external inputs, `value / full_scale` per step.
///
/// Values are clipped to `0..=full_scale`. The spikes of an input are as evenly spaced as whole steps allow; the
/// inputs start at different phases, drawn from a hash of their number, so that they do not fire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateEncoderParams {
    /// First stimulus word.
    pub stimulus_first: u32,
    /// Number of values, and of inputs.
    pub count: u32,
    /// First external input.
    pub input_first: u32,
    /// The value that spikes in every step, 1..=32,767.
    pub full_scale: u32,
}

impl Default for RateEncoderParams {
    /// No values; a value of 256 would spike in every step.
    fn default() -> Self {
        Self { stimulus_first: 0, count: 0, input_first: 0, full_scale: 256 }
    }
}

impl Snip for RateEncoderParams {
    fn working_words(&self) -> usize {
        index(self.count)
    }

    fn reset(&self, working: &mut [i32]) {
        for (phase, input) in working.iter_mut().zip(0_u32..) {
            // A 16-bit fraction of the full scale, which has 15 bits: the product has 31.
            let fraction = lowbias32(input.wrapping_add(1)) >> 16;
            *phase = (fraction.wrapping_mul(self.full_scale) >> 16).cast_signed();
        }
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let full = self.full_scale.cast_signed();
        let (stimulus_first, input_first) = (index(self.stimulus_first), index(self.input_first));
        for input in 0..index(self.count) {
            let value = cpu.stimulus.get(stimulus_first.wrapping_add(input)).copied().unwrap_or(0);
            let Some(filled) = cpu.working.get_mut(input) else { return };
            *filled = filled.wrapping_add(i32::from(value).max(0).min(full));
            if *filled >= full {
                *filled = filled.wrapping_sub(full);
                cpu.inject(input_first.wrapping_add(input));
            }
        }
    }
}

impl SnipParams for RateEncoderParams {
    const KIND: u32 = 1;
    const NAME: &'static str = "rate-encoder";
    const PHASES: Phases = Phases::only(Phase::Spk);
    type Snip = Self;

    crate::snip_words!(stimulus_first, count, input_first, full_scale);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require((1..=32_767).contains(&self.full_scale), "full_scale")?;
        require(fits(self.stimulus_first, self.count, image.stimulus_words), "stimulus_first")?;
        require(fits(self.input_first, self.count, image.inputs), "input_first")
    }
}
