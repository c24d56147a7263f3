//! What a network is shown, for several samples at once.

use crate::few_spikes;
use loihi_net::network::{Entry, Network};
use loihi_run::inference::Stimulus;

/// Samples that are computed together, step by step.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Samples.
    pub samples: usize,
    /// Steps of the longest one.
    pub steps: usize,
    /// Steps of each.
    pub lengths: Vec<usize>,
    /// By sample: the class of every answer, where one is known; empty where none are asked for.
    pub labels: Vec<Vec<Option<usize>>>,
    /// By input: step, sample and element of every spike.
    pub spikes: Vec<Vec<(usize, usize, usize)>>,
    /// Population, sample and its biases.
    pub biases: Vec<(usize, usize, Vec<i32>)>,
    /// Step, input, sample and values that hold from this step on; ascending by step.
    pub values: Vec<(usize, usize, usize, Vec<i16>)>,
}

impl Batch {
    /// Of stimuli, in their order.
    pub fn new(network: &Network, stimuli: Vec<Stimulus>) -> Self {
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let mut batch = Self { spikes: vec![Vec::new(); network.inputs.len()], ..Self::default() };
        for (sample, stimulus) in stimuli.into_iter().enumerate() {
            batch.samples += 1;
            let steps = place(stimulus.steps);
            batch.lengths.push(steps);
            batch.steps = batch.steps.max(steps);
            for (step, input, element) in stimulus.spikes {
                if let Some(spikes) = batch.spikes.get_mut(input).filter(|_| step < stimulus.steps) {
                    spikes.push((place(step), sample, element));
                }
            }
            for (input, biases) in stimulus.biases {
                let entry = network.inputs.get(input).map(|input| &input.entry);
                if let Some(population) = entry.and_then(Entry::driven) {
                    batch.biases.push((population, sample, biases));
                }
            }
            batch
                .values
                .extend(stimulus.values.into_iter().map(|(step, input, own)| (place(step), input, sample, own)));
        }
        batch.values.sort_by_key(|(step, ..)| *step);
        batch
    }

    /// Where the rows of a sample begin in what a population of `n` neurons leaves: those of its own steps, not of the longest
    /// sample's.
    pub fn rows(&self, sample: usize, n: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        let samples = self.samples;
        (0..self.lengths[sample]).map(move |step| (step * samples + sample) * n)
    }

    /// Spikes of all samples in what a population of `n` neurons leaves, and its neurons times their steps.
    pub fn count(&self, spikes: &[f32], n: usize) -> [u64; 2] {
        let rows = (0..self.samples).flat_map(|sample| self.rows(sample, n));
        let count = |row: usize| few_spikes::count(&spikes[row..row + n]);
        let steps: usize = self.lengths.iter().sum();
        [rows.map(count).sum(), (steps * n) as u64]
    }

    /// The same with classes.
    #[must_use]
    pub fn labelled(self, labels: Vec<Vec<Option<usize>>>) -> Self {
        Self { labels, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::Network;

    /// A sample that is computed beside a longer one goes on after its end.
    #[test]
    fn steps_after_the_end_of_a_sample_do_not_count() {
        let mut network = Network::new("n");
        network.input("in", 1);
        let batch = Batch::new(&network, vec![Stimulus::new(2), Stimulus::new(5)]);
        assert_eq!(batch.rows(0, 3).collect::<Vec<_>>(), [0, 6]);
        assert_eq!(batch.rows(1, 3).collect::<Vec<_>>(), [3, 9, 15, 21, 27]);
        assert_eq!(batch.count(&[1.0; 5 * 2 * 3], 3), [21, 21]);
        let mut late = [0.0; 5 * 2 * 3];
        late[12] = 1.0;
        assert_eq!(batch.count(&late, 3), [0, 21]);
    }
}
