//! The window of pairwise spike-timing-dependent plasticity: weight change against the distance of two spikes.
//!
//! Every compartment fires once in a trial. For each distance some axons spike that much earlier, each with a synapse
//! to every compartment. The mean change of a distance's weights, over axons, compartments and trials, is compared with
//! the exponential in double precision; the means are over this many roundings that little is left of their chance.

use super::stdp::{RELAY, TEACHER_WEIGHT, mean, plasticity};
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, sizes,
};
use loihi_core::chip::ResetScope;
use loihi_core::register::Register;
use loihi_core::synapse::SignMode;
use loihi_device::session::Session;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Source, full_row};
use loihi_image::limits::usage::INPUT_AXONS;
use loihi_image::limits::{Exceeded, Resource, Unfit};
use serde::{Deserialize, Serialize};

/// Steps of a trial; the compartments fire in the middle.
const TRIAL_STEPS: u32 = 64;
/// What a weight changes by per unit of a trace, as the rule says.
const PER_TRACE: f64 = 1.0 / 32.0;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StdpPair {
    /// Largest distance of two spikes in steps.
    #[serde(deserialize_with = "sizes::distance")]
    pub distance_max: i32,
    /// Axons of each distance.
    #[serde(deserialize_with = "sizes::inputs")]
    pub axons: usize,
    /// Compartments.
    #[serde(deserialize_with = "sizes::compartments")]
    pub compartments: usize,
    /// What a spike adds to a trace.
    pub impulse: i32,
    /// Time constant of the traces in steps.
    pub tau_steps: f64,
    /// Trials of a pass.
    #[serde(deserialize_with = "sizes::trials")]
    pub trials: u32,
}

impl Default for StdpPair {
    fn default() -> Self {
        Self { distance_max: 25, axons: 16, compartments: 16, impulse: 120, tau_steps: 10.0, trials: 20 }
    }
}

impl StdpPair {
    fn distances(&self) -> impl Iterator<Item = i32> + use<> {
        -self.distance_max..=self.distance_max
    }

    /// The network: input d is that of distance d, the last one makes all compartments fire.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let needed = self.distances().count().saturating_mul(self.axons).saturating_add(1);
        if needed > INPUT_AXONS {
            // Said before there are as many.
            let exceeded = Exceeded::new(0, Resource::InputAxons, needed, INPUT_AXONS);
            return Err(Unfit::from(exceeded).into());
        }
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        let core = builder.core();
        builder.group(self.compartments, RELAY);
        let trace = Some((self.impulse, self.tau_steps));
        let rule = "dw = 2^-5*x1*y0 - 2^-5*x0*y1";
        let plasticity = plasticity(&mut builder, rule, [trace, None, trace, None, None], 4, SignMode::Mixed)?;
        let inputs = builder.inputs(u32::try_from(self.distances().count()).unwrap_or(u32::MAX));
        let axons = inputs.flat_map(|input| {
            let axon = (Source::Input(input), full_row(0..self.compartments, |_| 0));
            std::iter::repeat_n(axon, self.axons)
        });
        builder.plastic_group(core, 0..self.compartments, &plasticity, axons);
        let teacher = builder.inputs(1).start;
        builder.dense(Source::Input(teacher), core, 0, &vec![TEACHER_WEIGHT; self.compartments]);
        builder.build()
    }

    /// The spikes of a trial, ascending by step.
    fn spikes(&self) -> Vec<(u16, u16)> {
        let middle = i32::try_from(TRIAL_STEPS / 2).unwrap_or(0);
        let inputs = self.distances().map(|distance| middle - distance).chain([middle]);
        let word = |value: i32| u16::try_from(value).unwrap_or(0);
        let mut spikes: Vec<(u16, u16)> = inputs.zip(0..).map(|(step, input)| (word(step), input)).collect();
        spikes.sort_unstable();
        spikes
    }

    /// What a pair of spikes changes a weight by, in double precision.
    fn expected(&self, distance: i32) -> f64 {
        let peak = f64::from(self.impulse) * PER_TRACE;
        f64::from(distance.signum()) * peak * (-f64::from(distance.abs()) / self.tau_steps).exp()
    }
}

impl Task for StdpPair {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let before = session.read(Register::W)?;
        let trials = sizes::in_all("trials", self.trials as usize, options.epochs.unwrap_or(1))?;
        let trials = u32::try_from(trials).unwrap_or(u32::MAX);
        let (spikes, mut digests) = (self.spikes(), Vec::new());
        for trial in 0..trials {
            session.reset(ResetScope::State)?;
            session.run(TRIAL_STEPS, &spikes)?;
            let (done, total) = (u64::from(trial + 1), u64::from(trials));
            observer.progress(&Running { done, total, ..Running::default() });
            if (trial + 1) % self.trials == 0 {
                digests.push(session.digest()?);
            }
        }
        let changes: Vec<i32> = session.read(Register::W)?.iter().zip(&before).map(|(w, before)| w - before).collect();
        let digest = session.digest()?.total();
        let (mut largest, mut squares) = (0.0_f64, 0.0);
        let per_distance = changes.chunks(self.axons * self.compartments);
        for ((distance, changes), pass) in self.distances().zip(per_distance).zip(1..) {
            let (measured, expected) = (mean(changes) / f64::from(trials.max(1)), self.expected(distance));
            largest = largest.max((measured - expected).abs());
            squares += (measured - expected).powi(2);
            let metrics =
                Metrics::from([("distance", f64::from(distance)), ("change", measured), ("change_float", expected)]);
            observer.row(&MetricsRow { pass, stage: None, metrics, digest })?;
        }
        let metrics = Metrics::from([
            ("largest_change_float", self.expected(1)),
            ("largest_difference", largest),
            ("rms_difference", (squares / f64::from(2 * self.distance_max + 1)).sqrt()),
        ]);
        conclude(session, &file, observer, metrics, digests)
    }
}
