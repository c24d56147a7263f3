//! Scores of a sample as the emulator counts them, and the way from their derivatives to those of spikes and voltages.
//!
//! Scores lie window by window, in each neuron by neuron; without windows all steps that count are one.

use crate::batch::Batch;
use loihi_net::network::{ReadBy, Readout};
use std::ops::Range;

/// What is read of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What of which population, in which steps.
    pub readout: Readout,
    /// Neurons: a class each, or as many for each class as there are pixels.
    pub neurons: usize,
}

/// Spikes and voltages of the readout of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    /// Spikes of all steps.
    pub spikes: &'s [f32],
    /// Voltages after the last step of each window, window by window, in each sample by sample.
    pub voltages: &'s [i32],
}

impl Reading {
    /// The population.
    pub const fn population(&self) -> usize {
        self.readout.population
    }

    /// What of the population is read.
    pub const fn by(&self) -> ReadBy {
        self.readout.by
    }

    /// Windows of a sample of this many steps.
    pub fn windows(&self, steps: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let place = |step: u32| usize::try_from(step).unwrap_or(usize::MAX);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.readout.windows(steps).map(move |window| place(window.start)..place(window.end))
    }

    /// The window that ends with `step`, if any.
    pub fn ends(&self, step: usize, steps: usize) -> Option<usize> {
        let place = |step: u32| usize::try_from(step).unwrap_or(usize::MAX);
        let (skip, each) = (place(self.readout.skip_steps), place(self.readout.window_steps));
        if each == 0 {
            return (step + 1 == steps).then_some(0);
        }
        // Of the steps that count, those up to this one.
        let counted = (step + 1).checked_sub(skip).filter(|counted| *counted > 0 && step < steps)?;
        (counted.is_multiple_of(each) || step + 1 == steps).then(|| counted.div_ceil(each) - 1)
    }

    /// The windows that end with `step`, each with its sample.
    pub fn ending(&self, batch: &Batch, step: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..batch.samples).filter_map(move |sample| Some((self.ends(step, batch.lengths[sample])?, sample)))
    }

    /// Index of a sample's voltages after a window.
    const fn voltage(&self, batch: &Batch, window: usize, sample: usize) -> usize {
        (window * batch.samples + sample) * self.neurons
    }

    /// The score of every neuron of a sample in every window.
    pub fn scores(&self, batch: &Batch, sample: usize, shown: Shown<'_>) -> Vec<i64> {
        let of_window = |(number, window): (usize, Range<usize>)| {
            let voltages = self.voltage(batch, number, sample);
            (0..self.neurons).map(move |neuron| {
                let mut fired = self.fired(batch, sample, neuron, window.clone(), shown.spikes);
                match self.by() {
                    ReadBy::Spikes => i64::try_from(fired.count()).unwrap_or(i64::MAX),
                    ReadBy::FirstSpike => {
                        fired.next().map_or(0, |step| i64::try_from(window.end - step).unwrap_or(i64::MAX))
                    }
                    ReadBy::Voltage => shown.voltages.get(voltages + neuron).map_or(0, |v| i64::from(*v)),
                }
            })
        };
        self.windows(batch.lengths[sample]).enumerate().flat_map(of_window).collect()
    }

    /// Steps of a window in which a neuron spikes.
    fn fired<'s>(
        &self,
        batch: &Batch,
        sample: usize,
        neuron: usize,
        window: Range<usize>,
        spikes: &'s [f32],
    ) -> impl Iterator<Item = usize> + use<'s> {
        let (samples, neurons) = (batch.samples, self.neurons);
        window.filter(move |step| spikes[(step * samples + sample) * neurons + neuron] > 0.0)
    }

    /// From the derivatives of a sample's scores to those of its spikes and of the voltages after the windows.
    ///
    /// A first spike is that of `Σ_t s_t · (end - t) · Π_(t' < t) (1 - s_t')`: before it, a spike would come that much sooner;
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
        let place = |step: usize, neuron: usize| (step * batch.samples + sample) * self.neurons + neuron;
        for (number, (window, slopes)) in
            self.windows(batch.lengths[sample]).zip(slopes.chunks(self.neurons.max(1))).enumerate()
        {
            let voltages = self.voltage(batch, number, sample);
            for (neuron, slope) in slopes.iter().enumerate().filter(|(_, slope)| **slope != 0.0) {
                match self.by() {
                    ReadBy::Spikes => window.clone().for_each(|step| by_spikes[place(step, neuron)] += slope),
                    ReadBy::Voltage => by_voltages[voltages + neuron] += slope,
                    ReadBy::FirstSpike => {
                        let mut fired = self.fired(batch, sample, neuron, window.clone(), spikes);
                        let (first, next) = (fired.next(), fired.next().unwrap_or(window.end));
                        for step in window.start..first.unwrap_or(window.end) {
                            by_spikes[place(step, neuron)] += slope * (first.unwrap_or(window.end) - step) as f32;
                        }
                        if let Some(first) = first {
                            by_spikes[place(first, neuron)] += slope * (next - first) as f32;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use loihi_net::network::Endpoint;

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
        let readout = Readout::new(Endpoint::Population(0), ReadBy::FirstSpike).skip_steps(1);
        let reading = Reading { readout, neurons: 1 };
        for pattern in 0_u32..1 << STEPS {
            let spikes: Vec<f32> = (0..STEPS).map(|step| f32::from(u8::from(pattern >> step & 1 == 1))).collect();
            let score = reading.scores(&batch(), 0, Shown { spikes: &spikes, voltages: &[] })[0];
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

    /// Each window has the derivative of its own spikes, and of the voltage after it.
    #[test]
    fn windows_are_read_one_by_one() {
        let batch = Batch { samples: 2, steps: STEPS, lengths: vec![STEPS, 4], ..Batch::default() };
        let readout = |by| Readout::new(Endpoint::Population(0), by).skip_steps(1).window_steps(2);
        let spikes: Vec<f32> = (0..STEPS * 2 * 3).map(|at| f32::from(u8::from(at % 5 < 2))).collect();
        let voltages: Vec<i32> = (0..3 * 2 * 3).collect();
        for by in [ReadBy::Spikes, ReadBy::FirstSpike, ReadBy::Voltage] {
            let reading = Reading { readout: readout(by), neurons: 3 };
            for (sample, ends) in [(0, &[3, 5, 6][..]), (1, &[3, 4])] {
                let found: Vec<usize> =
                    (0..STEPS).filter(|step| reading.ends(*step, batch.lengths[sample]).is_some()).collect();
                assert_eq!(found, ends.iter().map(|end| end - 1).collect::<Vec<_>>());
                let scores = reading.scores(&batch, sample, Shown { spikes: &spikes, voltages: &voltages });
                assert_eq!(scores.len(), ends.len() * 3);
                for at in 0..scores.len() {
                    let (mut by_spikes, mut by_voltages) = (vec![0.0; spikes.len()], vec![0.0; voltages.len()]);
                    let mut slopes = vec![0.0; scores.len()];
                    slopes[at] = 1.0;
                    reading.back(&batch, sample, &slopes, &spikes, [&mut by_spikes, &mut by_voltages]);
                    let (window, neuron) = (at / 3, at % 3);
                    let begin = 1 + 2 * window;
                    let is_own = |at: usize| {
                        let (step, rest) = (at / 6, at % 6);
                        (begin..ends[window]).contains(&step) && rest == sample * 3 + neuron
                    };
                    assert!((0..spikes.len()).all(|at| by_spikes[at] == 0.0 || is_own(at)), "{by:?}");
                    let voltage = (window * 2 + sample) * 3 + neuron;
                    let sums = [by_spikes.iter().sum::<f32>() > 0.0, by_voltages[voltage] > 0.0];
                    assert_eq!(sums, [by != ReadBy::Voltage, by == ReadBy::Voltage], "{by:?} {at}");
                    if by == ReadBy::Voltage {
                        assert_eq!(scores[at], i64::try_from(voltage).unwrap());
                    }
                }
            }
        }
    }
}
