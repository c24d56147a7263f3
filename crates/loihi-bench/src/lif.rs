//! Recurrent networks of leaky integrate-and-fire compartments, timed step by step without recording.
//!
//! Their weights are small against the threshold, and of both signs: compartments fire about as often as they are driven to.

mod driven;
mod random;

use super::clock::{After, BenchError, Built, Timing, below, default_steps, meter, random_input, time};
use super::steps::on_threads;
use loihi_core::image::{COMPARTMENTS_PER_CORE, Profile};
use loihi_core::num::word;
use loihi_device::meter::MeteredRun;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile};

/// Largest magnitude of what a recurrent spike adds, in units of 64.
const RECURRENT_WEIGHT: u32 = 16;
/// Most recurrent synapses from compartments that are drawn, which are sorted in memory; and of axons into one core.
const SYNAPSES_MAX: [usize; 2] = [1 << 26, 1 << 30];

/// What makes compartments fire, and where their spikes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// Each has an input of its own, whose spike makes it fire. Its synapses come from compartments that are drawn from all: a
    /// spike enters as many cores as there are, up to one for each synapse.
    Input,
    /// Each has a bias, which makes it fire every 1 / rate steps, and begins at a voltage that is drawn. Its spikes enter one core,
    /// which is drawn, by one axon.
    Bias,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lif {
    /// Compartments.
    pub compartments: u32,
    /// Cores over which they are spread evenly; 0 for as few as hold them.
    pub cores: u32,
    /// Recurrent synapses per compartment.
    pub fan_in: u32,
    /// Share of the compartments that fires in a step.
    pub rate: f64,
    /// Most steps of delay of a recurrent synapse, 0..=62; those of a synapse are drawn.
    pub delay_steps_max: u32,
    /// What makes compartments fire.
    pub drive: Drive,
    /// Threads that compute it, at most one per core of the network; 0 chooses by size. The bits are the same for any number.
    pub threads: usize,
    /// Steps that are timed.
    pub steps: usize,
    /// Seed of network and input.
    pub seed: u32,
}

impl Lif {
    /// A thousand compartments of 100 synapses without delay, 2 % of which fire in a step by their inputs.
    pub const DEFAULT: Self = Self {
        compartments: 1000,
        cores: 0,
        fan_in: 100,
        rate: 0.02,
        delay_steps_max: 0,
        drive: Drive::Input,
        threads: 1,
        steps: 0,
        seed: 0,
    };

    /// Steps that take about a tenth of a second.
    pub fn default_steps(compartments: u32) -> usize {
        default_steps(compartments)
    }

    /// The network.
    ///
    /// # Errors
    /// [`BuildError`] if a core does not hold its compartments, or there are more synapses or axons than an image can number.
    pub fn image(&self) -> Result<ImageFile, BuildError> {
        let count = self.compartments as usize * self.fan_in as usize;
        if count > SYNAPSES_MAX[usize::from(self.drive == Drive::Bias)] {
            return Err(BuildError::TooLong { what: "the list of synapses", count });
        }
        let layout = Layout::of(self.compartments, self.cores);
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        match self.drive {
            Drive::Input => random::add(self, layout, &mut builder),
            Drive::Bias => driven::add(self, layout, &mut builder),
        }
        builder.build()
    }

    /// The network, with the time that it takes to build.
    ///
    /// # Errors
    /// As [`Lif::image`]; also if the compartments do not spread evenly over the cores.
    pub fn build(&self) -> Result<Built, BenchError> {
        let layout = Layout::of(self.compartments, self.cores);
        if self.cores > 0 && (layout.per_core > COMPARTMENTS_PER_CORE || layout.cores() != self.cores as usize) {
            return Err(BenchError::Cores { compartments: layout.compartments, cores: self.cores as usize });
        }
        Built::by(|| Ok(self.image()?))
    }

    /// Times the network on this host; `after` is told how far it is.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn time(&self, network: &Built, after: After<'_>) -> Result<Timing, BenchError> {
        time(network, &self.input()?, |chip, inputs| on_threads(chip, inputs, self.threads), after)
    }

    /// What its cores do in some steps, for a model of what they cost.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn meter(&self, network: &Built) -> Result<MeteredRun, BenchError> {
        meter(&network.file, &self.input()?, |_, _| {})
    }

    fn input(&self) -> Result<Vec<Vec<usize>>, BenchError> {
        let inputs = if self.drive == Drive::Input { self.compartments } else { 0 };
        random_input(inputs, self.rate, self.steps, self.seed)
    }

    /// What a recurrent spike adds, in units of 64; of the synapse of these numbers.
    fn weight(&self, compartment: u32, number: u32) -> i16 {
        let weight = below(2 * RECURRENT_WEIGHT + 1, word(self.seed, compartment, number, 2));
        i16::try_from(i64::from(weight) - i64::from(RECURRENT_WEIGHT)).unwrap_or(0)
    }

    /// Steps of delay of the synapse of these numbers.
    fn delay(&self, compartment: u32, number: u32) -> usize {
        match self.delay_steps_max {
            0 => 0,
            most => below(most + 1, word(self.seed, compartment, number, 5)) as usize,
        }
    }
}

/// Which core holds which compartments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    compartments: usize,
    per_core: usize,
}

impl Layout {
    /// This many compartments evenly on this many cores, or on as few as hold them.
    fn of(compartments: u32, cores: u32) -> Self {
        let compartments = compartments as usize;
        let per_core = match cores as usize {
            0 => COMPARTMENTS_PER_CORE,
            cores => compartments.div_ceil(cores).max(1),
        };
        Self { compartments, per_core }
    }

    const fn cores(self) -> usize {
        self.compartments.div_ceil(self.per_core)
    }

    /// Compartments of a core: only the last one may have fewer than the others.
    fn size(self, core: usize) -> usize {
        self.per_core.min(self.compartments.saturating_sub(core * self.per_core))
    }

    const fn core_of(self, compartment: u32) -> usize {
        compartment as usize / self.per_core
    }

    const fn place_of(self, compartment: u32) -> usize {
        compartment as usize % self.per_core
    }

    /// Adds cores with their compartments.
    fn add(self, builder: &mut ImageBuilder, profile: Profile) {
        for core in 0..self.cores() {
            builder.core();
            builder.group(self.size(core), profile);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::as_f64;

    fn timed(lif: Lif) -> Timing {
        lif.time(&lif.build().unwrap(), &mut |_, _| {}).unwrap()
    }

    #[test]
    fn inputs_make_compartments_fire() {
        let lif = Lif { compartments: 1500, fan_in: 20, steps: 500, seed: 1, ..Lif::DEFAULT };
        let timing = timed(lif);
        let per_step = |count: u64| as_f64(count) / 500.0;
        let inputs = per_step(timing.counts.input_spikes);
        assert!((inputs - 30.0).abs() < 1.0, "{inputs} input spikes per step");
        let spikes = per_step(timing.counts.spikes);
        assert!((spikes - inputs).abs() < 1.5, "{spikes} spikes per step of {inputs} inputs");
        let events = per_step(timing.counts.synaptic_events);
        assert!((events - 21.0 * inputs).abs() < 31.0, "{events} synaptic events per step");
        assert_eq!((timing.cores, timing.counts.compartment_updates), (2, 1500 * 500));
    }

    #[test]
    fn biases_make_compartments_fire() {
        let lif =
            Lif { compartments: 1500, cores: 3, fan_in: 20, steps: 500, seed: 1, drive: Drive::Bias, ..Lif::DEFAULT };
        let timing = timed(lif);
        let spikes = as_f64(timing.counts.spikes) / 500.0;
        assert!((spikes - 30.0).abs() < 1.5, "{spikes} spikes per step");
        assert_eq!(timing.counts.synaptic_events, 20 * timing.counts.axon_events, "all of an axon");
        assert!(timing.counts.spikes.abs_diff(timing.counts.axon_events) < 60, "one axon each, a step later");
        assert_eq!((timing.cores, timing.counts.input_spikes), (3, 0));
        assert_eq!(timing.digest, timed(lif).digest, "of the same seed");
        assert_ne!(timing.digest, timed(Lif { delay_steps_max: 62, ..lif }).digest, "later events");
        for (threads, ran) in [(0, 1), (1, 1), (2, 2), (3, 3), (4, 3), (usize::MAX, 3)] {
            let found = timed(Lif { threads, ..lif });
            assert_eq!(found.threads, ran, "of {threads}");
            assert_eq!((found.digest, found.counts), (timing.digest, timing.counts), "{threads} threads");
        }
    }

    #[test]
    fn cores_hold_all_compartments_or_say_so() {
        for compartments in [1, 7, 1024, 1025, 10_240] {
            for cores in (0..40).chain([1280, 10_240]) {
                let layout = Layout::of(compartments, cores);
                let held: usize = (0..layout.cores()).map(|core| layout.size(core)).sum();
                assert_eq!(held, compartments as usize, "{cores} cores");
                assert!((0..layout.cores()).all(|core| layout.size(core) > 0), "{compartments} on {cores}");
                assert!(cores == 0 || layout.cores() <= cores as usize);
            }
        }
        let said = |cores| Lif { compartments: 3000, cores, ..Lif::DEFAULT }.build().unwrap_err().to_string();
        assert_eq!(said(2), "3000 compartments do not spread evenly over 2 cores of at most 1024: give --cores 3");
        assert!(said(2000).ends_with("give --cores 1500"), "{}", said(2000));
        assert!(Lif { compartments: 3000, cores: 1500, fan_in: 1, ..Lif::DEFAULT }.build().is_ok());
    }
}
