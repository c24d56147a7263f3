//! A random recurrent network of leaky integrate-and-fire compartments, timed step by step without recording.
//!
//! Every compartment has an input axon of its own, whose spike makes it fire, and `fan_in` synapses from compartments
//! drawn with replacement. Their weights are small and of both signs, so that the compartments fire about as often as
//! their inputs do.

use crate::device::wide;
use crate::image::{BuildError, ImageBuilder, ImageFile, Source};
use crate::limits::{self, Unfit};
use loihi_core::arena::TooSmall;
use loihi_core::chip::Chip;
use loihi_core::image::{COMPARTMENTS_PER_CORE, Profile};
use loihi_core::num::word;
use loihi_core::ops::OpCounts;
use loihi_core::synapse::Synapse;
use std::time::{Duration, Instant};
use zerocopy::IntoBytes as _;

/// Steps before the clock starts.
const WARM_UP_STEPS: usize = 100;
/// Parts of a run that are timed apart; the figure is their median.
const PARTS: usize = 9;

/// Threshold in units of the voltage.
const V_TH: i32 = 1000 << 6;
/// What an input spike adds, in units of 64: half as much again as the threshold.
const INPUT_WEIGHT: i16 = 1500;
/// Largest magnitude of what a recurrent spike adds, in units of 64.
const RECURRENT_WEIGHT: u32 = 16;

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

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Cores that the network takes.
    pub cores: usize,
    /// Median over the parts of the run.
    pub us_per_step: f64,
    /// Fastest part of the run.
    pub us_per_step_min: f64,
    /// Slowest part of the run.
    pub us_per_step_max: f64,
    /// What was computed in the timed steps.
    pub counts: OpCounts,
    /// The first limit of a Loihi that the network does not keep, if any.
    pub beyond_the_chip: Option<Unfit>,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The memory that was computed does not suffice.
    #[error(transparent)]
    TooSmall(#[from] TooSmall),
}

impl Lif {
    /// Steps that take about a tenth of a second.
    pub fn default_steps(compartments: u32) -> usize {
        (10_000_000 / compartments.max(1) as usize).clamp(PARTS * 20, 200_000)
    }

    /// The network, on as few cores as hold its compartments.
    ///
    /// # Errors
    /// [`BuildError`] if it has more axons than an image can number.
    pub fn image(&self) -> Result<ImageFile, BuildError> {
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

    /// Inputs that spike, per step.
    fn input(&self) -> Vec<Vec<usize>> {
        let spikes = |step: usize, input: &u32| {
            let draw = word(self.seed, u32::try_from(step).unwrap_or(u32::MAX), *input, 3);
            f64::from(draw) < self.rate * 2_f64.powi(32)
        };
        let step =
            |step| (0..self.compartments).filter(|input| spikes(step, input)).map(|input| input as usize).collect();
        (0..WARM_UP_STEPS + self.steps).map(step).collect()
    }

    /// Times the network on this host.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn time(&self) -> Result<Timing, BenchError> {
        let file = self.image()?;
        let image = file.open().map_err(BuildError::from)?;
        let mut memory = vec![0_u64; Chip::bytes_needed(&image).div_ceil(8)];
        let mut chip = Chip::new(image, memory.as_mut_bytes())?;
        let input = self.input();
        let (warm_up, timed) = input.split_at(WARM_UP_STEPS.min(input.len()));
        run(&mut chip, warm_up);
        let before = *chip.ops();
        let mut parts: Vec<f64> = timed
            .chunks(self.steps.div_ceil(PARTS).max(1))
            .map(|steps| run(&mut chip, steps).as_secs_f64() * 1e6 / as_f64(steps.len() as u64))
            .collect();
        parts.sort_by(f64::total_cmp);
        Ok(Timing {
            cores: image.cores().len(),
            us_per_step: parts.get(parts.len() / 2).copied().unwrap_or(0.0),
            us_per_step_min: parts.first().copied().unwrap_or(0.0),
            us_per_step_max: parts.last().copied().unwrap_or(0.0),
            counts: since(&before, chip.ops()),
            beyond_the_chip: limits::check(&image).err(),
        })
    }
}

impl Timing {
    /// Synapses that added their weight, per second.
    pub fn events_per_s(&self) -> f64 {
        self.per_second(self.counts.synaptic_events)
    }

    /// Compartments advanced by a step, per second.
    pub fn updates_per_s(&self) -> f64 {
        self.per_second(self.counts.compartment_updates)
    }

    fn per_second(&self, count: u64) -> f64 {
        as_f64(count) / as_f64(self.counts.steps.max(1)) / self.us_per_step * 1e6
    }
}

fn run(chip: &mut Chip<'_>, steps: &[Vec<usize>]) -> Duration {
    let begin = Instant::now();
    for inputs in steps {
        for input in inputs {
            chip.inject(*input);
        }
        wide::step(chip);
    }
    begin.elapsed()
}

/// What was counted between two moments, of what this network does.
fn since(before: &OpCounts, after: &OpCounts) -> OpCounts {
    OpCounts {
        steps: after.steps - before.steps,
        compartment_updates: after.compartment_updates - before.compartment_updates,
        spikes: after.spikes - before.spikes,
        input_spikes: after.input_spikes - before.input_spikes,
        axon_events: after.axon_events - before.axon_events,
        synaptic_events: after.synaptic_events - before.synaptic_events,
        ..OpCounts::default()
    }
}

fn core_of(compartment: u32) -> usize {
    compartment as usize / COMPARTMENTS_PER_CORE
}

fn place_of(compartment: u32) -> usize {
    compartment as usize % COMPARTMENTS_PER_CORE
}

/// A number below `end` from a uniform word.
fn below(end: u32, word: u32) -> u32 {
    u32::try_from((u64::from(word) * u64::from(end)) >> 32).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_does_what_it_says() {
        let lif = Lif { compartments: 1500, fan_in: 20, rate: 0.02, steps: 500, seed: 1 };
        let timing = lif.time().unwrap();
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
