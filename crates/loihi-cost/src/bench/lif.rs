//! A random recurrent network of leaky integrate-and-fire compartments, timed step by step without recording.
//!
//! Every compartment has an input axon of its own, whose spike makes it fire, and `fan_in` synapses from compartments
//! drawn with replacement. Their weights are small and of both signs, so that the compartments fire about as often as
//! their inputs do.

use super::clock::{After, BenchError, Timing, below, default_steps, meter, random_input, time};
use loihi_core::image::{COMPARTMENTS_PER_CORE, Profile, Synapse};
use loihi_core::num::word;
use loihi_device::meter::MeteredRun;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Source};

/// Threshold in units of the voltage.
const V_TH: i32 = 1000 << 6;
/// What an input spike adds, in units of 64: half as much again as the threshold.
const INPUT_WEIGHT: i16 = 1500;
/// Largest magnitude of what a recurrent spike adds, in units of 64.
const RECURRENT_WEIGHT: u32 = 16;

/// Most recurrent synapses, which are sorted in memory.
const SYNAPSES_MAX: usize = 1 << 26;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lif {
    /// Compartments.
    pub compartments: u32,
    /// Recurrent synapses per compartment.
    pub fan_in: u32,
    /// Chance that an input spikes in a step.
    pub rate: f64,
    /// Steps that are timed.
    pub steps: usize,
    /// Seed of network and input.
    pub seed: u32,
}

impl Lif {
    /// Steps that take about a tenth of a second.
    pub fn default_steps(compartments: u32) -> usize {
        default_steps(compartments)
    }

    /// The network, on as few cores as hold its compartments.
    ///
    /// # Errors
    /// [`BuildError`] if it has more synapses or axons than an image can number.
    pub fn image(&self) -> Result<ImageFile, BuildError> {
        let count = self.compartments as usize * self.fan_in as usize;
        if count > SYNAPSES_MAX {
            return Err(BuildError::TooLong { what: "the list of synapses", count });
        }
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        let profile = Profile { decay_u: 3072, decay_v: 410, v_th: V_TH, ..Profile::DEFAULT };
        let n = self.compartments as usize;
        for first in (0..n).step_by(COMPARTMENTS_PER_CORE) {
            builder.core();
            builder.group(COMPARTMENTS_PER_CORE.min(n - first), profile);
        }
        builder.inputs(self.compartments);
        let mut synapses = self.recurrent();
        synapses.sort_unstable_by_key(|(source, target, _)| (*source, *target));
        for axon in synapses.chunk_by(|a, b| a.0 == b.0 && core_of(a.1) == core_of(b.1)) {
            let Some((source, target, _)) = axon.first() else { continue };
            let list: Vec<Synapse> = axon
                .iter()
                .map(|(_, target, weight)| Synapse { compartment: place_of(*target), delay: 0, weight: *weight })
                .collect();
            builder.sparse(Source::Compartment(*source), core_of(*target), &list);
        }
        for target in 0..self.compartments {
            let synapse = Synapse { compartment: place_of(target), delay: 0, weight: INPUT_WEIGHT };
            builder.sparse(Source::Input(target), core_of(target), &[synapse]);
        }
        builder.build()
    }

    /// Source, target and weight of every recurrent synapse.
    fn recurrent(&self) -> Vec<(u32, u32, i16)> {
        let synapse = |target: u32, number: u32| {
            let source = below(self.compartments, word(self.seed, target, number, 1));
            let weight = below(2 * RECURRENT_WEIGHT + 1, word(self.seed, target, number, 2));
            let weight = i16::try_from(i64::from(weight) - i64::from(RECURRENT_WEIGHT)).unwrap_or(0);
            (source, target, weight)
        };
        (0..self.compartments).flat_map(|target| (0..self.fan_in).map(move |number| synapse(target, number))).collect()
    }

    /// Times the network on this host; `after` is told how far it is.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn time(&self, after: After<'_>) -> Result<Timing, BenchError> {
        let file = self.image()?;
        let image = file.open().map_err(BuildError::from)?;
        time(&image, &random_input(self.compartments, self.rate, self.steps, self.seed)?, |_, _| {}, after)
    }

    /// What its cores do in some steps, for a model of what they cost.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn meter(&self) -> Result<MeteredRun, BenchError> {
        let input = random_input(self.compartments, self.rate, self.steps, self.seed)?;
        meter(&self.image()?, &input, |_, _| {})
    }
}

fn core_of(compartment: u32) -> usize {
    compartment as usize / COMPARTMENTS_PER_CORE
}

fn place_of(compartment: u32) -> usize {
    compartment as usize % COMPARTMENTS_PER_CORE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::clock::as_f64;

    #[test]
    fn the_network_does_what_it_says() {
        let lif = Lif { compartments: 1500, fan_in: 20, rate: 0.02, steps: 500, seed: 1 };
        let timing = lif.time(&mut |_, _| {}).unwrap();
        let per_step = |count: u64| as_f64(count) / 500.0;
        let inputs = per_step(timing.counts.input_spikes);
        assert!((inputs - 30.0).abs() < 1.0, "{inputs} input spikes per step");
        let spikes = per_step(timing.counts.spikes);
        assert!((spikes - inputs).abs() < 1.5, "{spikes} spikes per step of {inputs} inputs");
        let events = per_step(timing.counts.synaptic_events);
        assert!((events - 21.0 * inputs).abs() < 31.0, "{events} synaptic events per step");
        assert_eq!((timing.cores, timing.counts.compartment_updates), (2, 1500 * 500));
    }
}
