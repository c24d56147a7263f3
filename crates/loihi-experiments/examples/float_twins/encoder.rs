//! Evenly spaced input spikes, the same that the rate encoder makes.

use crate::setup::Setup;
use loihi_core::num::lowbias32;
use loihi_core::rules::RateEncoderParams;
use std::error::Error;

/// Makes spikes of values.
pub(crate) struct Encoder {
    /// The value that spikes in every step.
    full_scale: u32,
    steps: usize,
    /// Of the last input, after the values of the sample.
    constant: Option<u32>,
    /// How full each input begins.
    phases: Vec<u32>,
}

/// Input spikes of a sample.
#[derive(Default)]
pub(crate) struct Spikes {
    /// Inputs that spike, step by step.
    pub(crate) steps: Vec<Vec<usize>>,
    /// Inputs that spike at all, with their number of spikes.
    pub(crate) counts: Vec<(usize, f32)>,
}

impl Encoder {
    /// The experiment's own, for samples of this many steps.
    ///
    /// # Errors
    /// If it has none.
    pub(crate) fn new(setup: &Setup, steps: u32) -> Result<Self, Box<dyn Error>> {
        let params = setup.params::<RateEncoderParams>()?.ok_or("the experiment has no rate encoder")?;
        let phase = |input: u32| ((lowbias32(input + 1) >> 16) * params.full_scale) >> 16;
        let phases = (0..params.count).map(phase).collect();
        let constant = setup.constant.map(u32::try_from).transpose()?;
        Ok(Self { full_scale: params.full_scale, steps: usize::try_from(steps)?, constant, phases })
    }

    /// Spikes of a sample, which always begins in the same way.
    pub(crate) fn encode(&self, values: &[u8]) -> Spikes {
        let mut spikes = Spikes { steps: vec![Vec::new(); self.steps], counts: Vec::new() };
        let values = values.iter().map(|value| u32::from(*value)).chain(self.constant);
        for (input, (value, phase)) in values.zip(&self.phases).enumerate().filter(|(_, (value, _))| *value > 0) {
            let mut filled = *phase;
            let mut count = 0.0;
            for step in &mut spikes.steps {
                filled += value.min(self.full_scale);
                if filled >= self.full_scale {
                    filled -= self.full_scale;
                    step.push(input);
                    count += 1.0;
                }
            }
            if count > 0.0 {
                spikes.counts.push((input, count));
            }
        }
        spikes
    }
}
