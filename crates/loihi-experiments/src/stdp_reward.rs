//! Choices that are learned from a delayed reward: which of two compartments should fire at each of two cues.
//!
//! A cue is a group of inputs that spike once each. The compartment that fires first holds the other one down: that
//! is the choice. Inputs whose spikes came before leave a tag at its synapses, which fades. The reward, of either sign,
//! comes later (r1) and turns tags into weights: `dt = x1·y0, fading; dw = r1·t`. A little random input makes it explore.

use super::stdp::{mean, plasticity};
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, sizes,
};
use loihi_core::image::{Profile, Synapse};
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::synapse::SignMode;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Source, full_row};
use serde::{Deserialize, Serialize};

/// Cues, and as many choices; the right choice has the number of its cue.
const CUES: u32 = 2;
/// Inputs of a cue.
const INPUTS: u32 = 20;
/// Steps in which a cue's inputs spike, and the random ones.
const CUE_STEPS: u32 = 12;
/// Steps from the end of the cue to the reward.
const DELAY_STEPS: u32 = 16;
/// Steps after the reward, in which tags fade.
const REST_STEPS: u32 = 72;
/// Trials of a row of metrics.
const ROW_TRIALS: u32 = 25;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StdpReward {
    /// Trials of a pass.
    #[serde(deserialize_with = "sizes::trials")]
    pub trials: u32,
    /// The reward of a right choice; a wrong one has it negative.
    pub reward: i32,
    /// Initial weight of the plastic synapses.
    pub weight: i16,
    /// Chance that a random input spikes in a step of a cue.
    pub exploration: f64,
}

impl Default for StdpReward {
    fn default() -> Self {
        Self { trials: 300, reward: 32, weight: 60, exploration: 0.15 }
    }
}

impl StdpReward {
    /// The network.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        let core = builder.core();
        let profile = Profile { decay_u: 2048, decay_v: 512, v_th: 450 << 6, refractory: 4, ..Profile::DEFAULT };
        let choices = builder.group(CUES as usize, profile);
        let traces = [Some((100, 8.0)), None, None, Some((60, 60.0)), None];
        let rule = "dt = 2^-1*x1*y0 - 2^-4*u0*t\ndw = 2^-1*u0*r1*t";
        let plasticity = plasticity(&mut builder, rule, traces, 1, SignMode::Excitatory)?;
        let inputs = builder.inputs(CUES * INPUTS);
        let axons = inputs.map(|input| (Source::Input(input), full_row(0..CUES as usize, |_| self.weight)));
        builder.plastic_group(core, 0..CUES as usize, &plasticity, axons);
        for (choice, random) in (0..).zip(builder.inputs(CUES)) {
            builder.dense(Source::Input(random), core, choice, &[200]);
        }
        for (choice, other) in choices.zip([1, 0]) {
            let inhibition = Synapse { compartment: other, delay: 0, weight: -3000 };
            builder.sparse(Source::Compartment(choice), core, &[inhibition]);
        }
        builder.build()
    }

    /// Spikes of the cue of a trial, and of the random inputs.
    fn spikes(&self, seed: u32, trial: u32, cue: u32) -> Vec<(u16, u16)> {
        let draw = |what: u32, of: u32| f64::from(word(seed, trial, what, of)) / 4_294_967_296.0;
        let number = |value: u32| u16::try_from(value).unwrap_or(0);
        let mut spikes = Vec::new();
        for input in 0..INPUTS {
            let step = word(seed, trial, input, 11) % CUE_STEPS;
            spikes.push((number(step), number(cue * INPUTS + input)));
        }
        for step in 0..CUE_STEPS {
            for choice in 0..CUES {
                if draw(step, 12 + choice) < self.exploration {
                    spikes.push((number(step), number(CUES * INPUTS + choice)));
                }
            }
        }
        spikes.sort_unstable();
        spikes
    }

    /// One trial; whether the choice was right.
    fn trial(&self, session: &mut Session, spikes: &[(u16, u16)], cue: u32) -> Result<bool, SessionError> {
        session.run(CUE_STEPS + DELAY_STEPS, spikes)?;
        // The trace tells which compartment has fired more.
        let fired = session.read(Register::Y2)?;
        let (right, wrong) = (fired[cue as usize], fired[1 - cue as usize]);
        session.write(Register::Reward, 0, &[self.reward * (right - wrong).signum()])?;
        session.run(1, &[])?;
        session.write(Register::Reward, 0, &[0])?;
        session.run(REST_STEPS - 1, &[])?;
        // The next trial begins with nothing of this one but weights.
        session.write(Register::Y2, 0, &[0, 0])?;
        Ok(right > wrong)
    }

    /// Mean weight toward the right choices, and toward the wrong ones.
    fn weights(session: &mut Session) -> Result<[f64; 2], SessionError> {
        let weights = session.read(Register::W)?;
        let of = |right: bool| {
            let toward = |(at, _): &(usize, &i32)| ((at / 2 / INPUTS as usize) == at % 2) == right;
            mean(&weights.iter().enumerate().filter(toward).map(|(_, weight)| *weight).collect::<Vec<_>>())
        };
        Ok([of(true), of(false)])
    }
}

impl Task for StdpReward {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let trials = sizes::in_all("trials", self.trials as usize, options.epochs.unwrap_or(1))?;
        let trials = u32::try_from(trials).unwrap_or(u32::MAX);
        let (mut digests, mut accuracies) = (Vec::new(), Vec::new());
        let mut right = 0;
        for trial in 0..trials {
            let cue = word(options.seed, trial, 0, 10) % CUES;
            right += u32::from(self.trial(session, &self.spikes(options.seed, trial, cue), cue)?);
            let (done, total) = (u64::from(trial + 1), u64::from(trials));
            observer.progress(&Running { done, total, ..Running::default() });
            if (trial + 1) % ROW_TRIALS == 0 {
                accuracies.push(f64::from(right) / f64::from(ROW_TRIALS));
                right = 0;
                let [toward_right, toward_wrong] = Self::weights(session)?;
                let digest = session.digest()?;
                let metrics = Metrics::from([
                    ("accuracy", accuracies.last().copied().unwrap_or(0.0)),
                    ("weight_right", toward_right),
                    ("weight_wrong", toward_wrong),
                ]);
                observer.row(&MetricsRow {
                    stage: None,
                    pass: (trial + 1) / ROW_TRIALS,
                    metrics,
                    digest: digest.total(),
                })?;
                digests.push(digest);
            }
        }
        let [toward_right, toward_wrong] = Self::weights(session)?;
        let last: f64 = accuracies.iter().rev().take(4).sum::<f64>() / 4.0;
        let metrics = Metrics::from([
            ("accuracy_first", accuracies.first().copied().unwrap_or(0.0)),
            ("accuracy_last", last),
            ("weight_right", toward_right),
            ("weight_wrong", toward_wrong),
        ]);
        conclude(session, &file, observer, metrics, digests)
    }
}
