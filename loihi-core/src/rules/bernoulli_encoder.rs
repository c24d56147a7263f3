//! Values to random spikes: each input spikes in a step with a probability in proportion to its value.

use crate::image::{Image, Parameter, index};
use crate::num::word;
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use serde::{Deserialize, Serialize};

/// Turns stimulus words into spikes of external inputs with the probability `value / full_scale` per step.
///
/// The word of input i in step t of a sample is [`word`]`(seed, key, t, i)`. The key is the pair of stimulus words after
/// the values, low half first: it names the sample, so that each is drawn anew. A value at or above the full scale
/// spikes in every step, one at or below 0 never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BernoulliEncoderParams {
    /// First stimulus word; there are `count` values and two words of the key.
    pub stimulus_first: u32,
    /// Number of values, and of inputs.
    pub count: u32,
    /// First external input.
    pub input_first: u32,
    /// The value that spikes in every step, 1..=32,767. Probabilities are exact if it is a power of two.
    pub full_scale: u32,
    /// Seed of the words.
    pub seed: u32,
}

impl Default for BernoulliEncoderParams {
    /// No values; a value of 256 would spike in every step.
    fn default() -> Self {
        Self { stimulus_first: 0, count: 0, input_first: 0, full_scale: 256, seed: 0 }
    }
}

impl BernoulliEncoderParams {
    /// A word below this spikes: `value · 2^32 / full_scale`, rounded down to a multiple of the value.
    fn threshold(&self, unit: u32, value: i16) -> u32 {
        let value = u32::from(value.cast_unsigned());
        if value >= self.full_scale { u32::MAX } else { unit.wrapping_mul(value) }
    }

    fn key(&self, stimulus: &[i16]) -> u32 {
        let words = stimulus.get(index(self.stimulus_first).wrapping_add(index(self.count))..).unwrap_or_default();
        let half = |at: usize| words.get(at).map_or(0, |word| u32::from(word.cast_unsigned()));
        half(1) << 16 | half(0)
    }
}

impl Snip for BernoulliEncoderParams {
    /// The step within the sample.
    fn working_words(&self) -> usize {
        1
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let Some(step) = cpu.working.first_mut() else { return };
        let t = step.cast_unsigned();
        *step = step.wrapping_add(1);
        let key = self.key(cpu.stimulus);
        // 2^32 / full_scale; for a full scale of 1 every value is at or above it, or at 0.
        let unit = u32::try_from((1_u64 << 32).checked_div(u64::from(self.full_scale)).unwrap_or(0)).unwrap_or(0);
        let values = cpu.stimulus.get(index(self.stimulus_first)..).unwrap_or_default();
        for ((input, value), number) in (index(self.input_first)..).zip(values).zip(0_u32..).take(index(self.count)) {
            if *value > 0 {
                let threshold = self.threshold(unit, *value);
                if threshold == u32::MAX || word(self.seed, key, t, number) < threshold {
                    cpu.inject(input);
                }
            }
        }
    }
}

impl SnipParams for BernoulliEncoderParams {
    const KIND: u32 = 5;
    const NAME: &'static str = "bernoulli-encoder";
    const PHASES: Phases = Phases::only(Phase::Spk);
    type Snip = Self;

    crate::snip_words!(stimulus_first, count, input_first, full_scale, seed);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require((1..=32_767).contains(&self.full_scale), "full_scale")?;
        let words = self.count.checked_add(2);
        let has_key = words.is_some_and(|words| fits(self.stimulus_first, words, image.stimulus_words));
        require(has_key, "stimulus_first")?;
        require(fits(self.input_first, self.count, image.inputs), "input_first")
    }
}
