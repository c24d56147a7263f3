//! Values to evenly spaced spikes: each input adds its value to a phase every step and spikes when the phase is full.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use crate::num::lowbias32;

/// Turns stimulus words into spikes of external inputs, `value / full_scale` per step.
///
/// Values are clipped to `0..=full_scale`. The spikes of an input are as evenly spaced as whole steps allow; the
/// inputs start at different phases, drawn from a hash of their number, so that they do not fire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateEncoder {
    /// First stimulus word.
    pub stimulus_first: usize,
    /// Number of values, and of inputs.
    pub count: usize,
    /// First external input.
    pub input_first: usize,
    /// The value that spikes in every step, 1..=32767.
    pub full_scale: u32,
}

impl RateEncoder {
    /// The kind in a [`crate::image::SnipRecord`].
    pub const KIND: u32 = 1;

    pub(super) fn from_params(
        &[stimulus_first, count, input_first, full_scale, ..]: &[u32; SnipRecord::PARAMS],
    ) -> Self {
        Self { stimulus_first: index(stimulus_first), count: index(count), input_first: index(input_first), full_scale }
    }

    fn full_scale(&self) -> i32 {
        i32::try_from(self.full_scale).unwrap_or(i32::MAX)
    }
}

impl Snip for RateEncoder {
    fn learned_words(&self) -> usize {
        0
    }

    fn working_words(&self) -> usize {
        self.count
    }

    fn reset(&self, working: &mut [i32]) {
        for (phase, input) in working.iter_mut().zip(0_u32..) {
            // A 16-bit fraction of the full scale, which has 15 bits: the product has 31.
            let fraction = lowbias32(input.wrapping_add(1)) >> 16;
            *phase = (fraction.wrapping_mul(self.full_scale) >> 16).cast_signed();
        }
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if phase != Phase::Spk {
            return;
        }
        let full = self.full_scale();
        for input in 0..self.count {
            let value = cpu.stimulus.get(self.stimulus_first.wrapping_add(input)).copied().unwrap_or(0);
            let Some(filled) = cpu.working.get_mut(input) else { return };
            *filled = filled.wrapping_add(i32::from(value).max(0).min(full));
            if *filled >= full {
                *filled = filled.wrapping_sub(full);
                cpu.inject(self.input_first.wrapping_add(input));
            }
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        (1..=32_767).contains(&self.full_scale)
            && fits(self.stimulus_first, self.count, image.stimulus_words)
            && fits(self.input_first, self.count, image.inputs)
    }
}
