//! What a network is shown, for several samples at once.

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
    /// Classes; empty where none are asked for.
    pub labels: Vec<usize>,
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

    /// The same with classes.
    #[must_use]
    pub fn labelled(self, labels: Vec<usize>) -> Self {
        Self { labels, ..self }
    }
}
