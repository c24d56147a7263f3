//! Scores of a sample as the emulator counts them, and the way from their derivatives to those of spikes and voltages.

use crate::batch::Batch;
use loihi_net::network::ReadBy;

/// What is read of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The population.
    pub population: usize,
    /// What of it.
    pub by: ReadBy,
    /// Steps that do not count.
    pub skip: usize,
    /// Neurons: a class each.
    pub classes: usize,
}

impl Reading {
    /// The score of every class of a sample; `spikes` are those of the whole batch, `voltages` those after the last step of each
    /// sample.
    pub fn scores(&self, batch: &Batch, sample: usize, spikes: &[f32], voltages: &[i32]) -> Vec<i64> {
        let length = batch.lengths[sample];
        (0..self.classes)
            .map(|class| {
                let mut fired = self.fired(batch, sample, class, spikes);
                match self.by {
                    ReadBy::Spikes => i64::try_from(fired.count()).unwrap_or(i64::MAX),
                    ReadBy::FirstSpike => {
                        fired.next().map_or(0, |step| i64::try_from(length - step).unwrap_or(i64::MAX))
                    }
                    ReadBy::Voltage => voltages.get(sample * self.classes + class).map_or(0, |v| i64::from(*v)),
                }
            })
            .collect()
    }

    /// Steps in which a class spikes.
    fn fired<'s>(
        &self,
        batch: &Batch,
        sample: usize,
        class: usize,
        spikes: &'s [f32],
    ) -> impl Iterator<Item = usize> + use<'s> {
        let (samples, classes) = (batch.samples, self.classes);
        let counted = self.skip..batch.lengths[sample];
        counted.filter(move |step| spikes[(step * samples + sample) * classes + class] > 0.0)
    }

    /// From derivatives by the scores of a sample to those by spikes, and by voltages after the last step.
    ///
    /// A first spike is that of `Σ_t s_t · (length - t) · Π_(t' < t) (1 - s_t')`: before it, a spike would come that much sooner;
    /// at it, without the spike the next one would be the first.
    #[expect(clippy::cast_precision_loss, reason = "steps of a sample are exact")]
    pub fn back(
        &self,
        batch: &Batch,
        sample: usize,
        slopes: &[f32],
        spikes: &[f32],
        [by_spikes, by_voltages]: [&mut [f32]; 2],
    ) {
        let place = |step: usize, class: usize| (step * batch.samples + sample) * self.classes + class;
        let length = batch.lengths[sample];
        for (class, slope) in slopes.iter().enumerate() {
            match self.by {
                ReadBy::Spikes => (self.skip..length).for_each(|step| by_spikes[place(step, class)] += slope),
                ReadBy::Voltage => by_voltages[sample * self.classes + class] += slope,
                ReadBy::FirstSpike => {
                    let mut fired = self.fired(batch, sample, class, spikes);
                    let (first, next) = (fired.next(), fired.next().unwrap_or(length));
                    for step in self.skip..first.unwrap_or(length) {
                        by_spikes[place(step, class)] += slope * (first.unwrap_or(length) - step) as f32;
                    }
                    if let Some(first) = first {
                        by_spikes[place(first, class)] += slope * (next - first) as f32;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: usize = 6;

    fn batch() -> Batch {
        Batch { samples: 1, steps: STEPS, lengths: vec![STEPS], ..Batch::default() }
    }

    /// What a first spike is worth where spikes are shares.
    fn soft(spikes: &[f32]) -> f32 {
        let (mut score, mut silent) = (0.0, 1.0);
        for (step, spike) in spikes.iter().enumerate().skip(1) {
            score += silent * spike * f32::from(u8::try_from(STEPS - step).unwrap());
            silent *= 1.0 - spike;
        }
        score
    }

    #[test]
    fn a_first_spike_has_the_derivative_of_its_chance() {
        let reading = Reading { population: 0, by: ReadBy::FirstSpike, skip: 1, classes: 1 };
        for pattern in 0_u32..1 << STEPS {
            let spikes: Vec<f32> = (0..STEPS).map(|step| f32::from(u8::from(pattern >> step & 1 == 1))).collect();
            let score = reading.scores(&batch(), 0, &spikes, &[])[0];
            assert!((soft(&spikes) - f32::from(i16::try_from(score).unwrap())).abs() < 1e-6);
            let (mut by_spikes, mut none) = (vec![0.0; STEPS], []);
            reading.back(&batch(), 0, &[1.0], &spikes, [&mut by_spikes, &mut none]);
            for step in 0..STEPS {
                let at = |value: f32| {
                    let mut moved = spikes.clone();
                    moved[step] = value;
                    soft(&moved)
                };
                assert!((at(1.0) - at(0.0) - by_spikes[step]).abs() < 1e-5, "{pattern:b} {step}: {by_spikes:?}");
            }
        }
    }
}
