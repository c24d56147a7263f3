//! A dendrite learns to predict its soma, which a teacher nudges (Urbanczik and Senn).
//!
//! The inputs are frozen Poisson spikes: the encoder's key never changes. The teacher's potential is a sine; what is
//! compared are the rates, φ of the dendrite's potential and φ of the teacher's.

use super::rounding::WeightRounding;
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, mailbox, q12,
    sizes,
};
use loihi_core::image::Profile;
use loihi_core::num::ThresholdMantissa;
use loihi_core::rules::UrbanczikSennParams;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source, full_row};
use loihi_net::draw;
use serde::{Deserialize, Serialize};

/// Full scale of the encoder.
const FULL_SCALE: u32 = 1 << 12;
/// Epochs of a row of metrics.
const ROW_EPOCHS: u32 = 10;
/// Epochs at the end whose mean error is the result.
const FINAL_EPOCHS: usize = 10;
/// Binary logarithm of the unit of the teacher's potential.
const TARGET_SHIFT: u32 = 5;
/// Binary logarithm of the distance of the tables' entries.
const TABLE_SHIFT: u32 = 12;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DendriteTeacher {
    /// Inputs.
    #[serde(deserialize_with = "sizes::inputs")]
    pub inputs: u32,
    /// Steps of an epoch.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: u32,
    /// Epochs.
    #[serde(deserialize_with = "sizes::epochs")]
    pub epochs: u32,
    /// Probability of an input's spike in a step.
    pub input_rate: f64,
    /// Decay of the dendrite's current, in units of 1/4096.
    pub decay_u: u32,
    /// Decay of its voltage.
    pub decay_v: u32,
    /// What the voltage is per unit of the potential.
    pub volt: f64,
    /// Largest rate, spikes per step.
    pub rate_max: f64,
    /// Half the teacher's swing.
    pub teacher_amplitude: f64,
    /// The teacher's mean potential.
    pub teacher_mean: f64,
    /// Periods of the teacher's sine in an epoch.
    pub teacher_periods: f64,
    /// How far the teacher draws the soma away from the dendrite, 0 to 1.
    pub nudge: f64,
    /// Learning rate: bits of a change below the smallest step of a weight.
    pub rate_shift: u32,
    /// Rounding of weights.
    pub rounding: WeightRounding,
}

impl Default for DendriteTeacher {
    fn default() -> Self {
        Self {
            inputs: 100,
            steps: 1000,
            epochs: 100,
            input_rate: 0.03,
            decay_u: 819,
            decay_v: 205,
            volt: 81_280.0,
            rate_max: 0.3,
            teacher_amplitude: 2.0,
            teacher_mean: -1.0,
            teacher_periods: 2.0,
            nudge: 0.5,
            rate_shift: 26,
            rounding: WeightRounding::Stochastic,
        }
    }
}

impl DendriteTeacher {
    /// The network. The stimulus holds a value per input and the key of the noise, the target the teacher's potential,
    /// the output the dendrite's rate.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        builder.mailboxes(self.inputs + 2, 1, 1);
        let inputs = draw::bernoulli_inputs(&mut builder, self.inputs, FULL_SCALE, draw::encoder_seed(seed));
        let core = builder.core();
        // A dendrite does not fire.
        let (decay_u, decay_v) = (self.decay_u.cast_signed(), self.decay_v.cast_signed());
        builder.group(1, Profile { decay_u, decay_v, v_th: ThresholdMantissa::MAX << 6, ..Profile::DEFAULT });
        let axons = inputs.map(|input| (Source::Input(input), full_row(0..1, |_| 0)));
        let group = builder.plastic_group(core, 0..1, &Plasticity::default(), axons);
        let params = UrbanczikSennParams {
            group,
            axons: self.inputs,
            posts: 1,
            data_first: builder.data(&self.tables()),
            target_first: 0,
            output_first: 0,
            target_shift: TARGET_SHIFT,
            nudge_256: draw::whole(self.nudge * 256.0).clamp(0, 256).unsigned_abs(),
            table_shift: TABLE_SHIFT,
            precision: self.rounding.precision(),
            shift: self.rate_shift,
            decay_u: self.decay_u,
            decay_v: self.decay_v,
        };
        builder.snip(&params);
        builder.build()
    }

    /// φ in Q12, then φ'/φ in Q8.
    fn tables(&self) -> Vec<i32> {
        let potential = |entry: i32| f64::from(entry << TABLE_SHIFT) / self.volt;
        let phi = (-128..=128).map(|entry| draw::whole(self.rate(potential(entry)) * 4096.0));
        let h = (-128..=128).map(|entry| draw::whole(256.0 / (1.0 + potential(entry).exp())));
        phi.chain(h).collect()
    }

    /// φ, in spikes per step.
    fn rate(&self, potential: f64) -> f64 {
        self.rate_max / (1.0 + (-potential).exp())
    }

    /// The teacher's potential.
    fn teacher(&self, step: u32) -> f64 {
        let turns = self.teacher_periods * f64::from(step) / f64::from(self.steps.max(1));
        self.teacher_amplitude * (std::f64::consts::TAU * turns).sin() + self.teacher_mean
    }

    /// An epoch; returns the mean squared difference of the two rates.
    fn epoch(&self, session: &mut Session) -> Result<f64, SessionError> {
        let probability = [q12(self.input_rate)];
        let inputs = probability.iter().cycle().take(self.inputs as usize).copied();
        let stimulus = mailbox(inputs.chain([0, 0]));
        let unit = self.volt / f64::from(1 << TARGET_SHIFT);
        let target = |step| i16::try_from(draw::whole(self.teacher(step) * unit)).unwrap_or(i16::MAX);
        let targets: Vec<Vec<u8>> = (0..self.steps).map(|step| mailbox([target(step)])).collect();
        let records = targets.iter().enumerate().map(|(step, target)| {
            // The values stay in the mailbox until the next reset.
            let stimulus: &[u8] = if step == 0 { &stimulus } else { &[] };
            Record { reset: step == 0, learn: true, steps: 1, stimulus, target, ..Record::PLAIN }
        });
        let mut errors = Vec::with_capacity(targets.len());
        let mut step = 0;
        session.stream(records, |output| {
            let rate = output.first().map_or(0.0, |rate| f64::from(*rate) / 4096.0);
            errors.push((rate - self.rate(self.teacher(step))).powi(2));
            step += 1;
        })?;
        Ok(mean(&errors))
    }
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = values.len().max(1) as f64;
    values.iter().sum::<f64>() / count
}

impl Task for DendriteTeacher {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let epochs = options.epochs.unwrap_or(self.epochs);
        let (mut errors, mut digests) = (Vec::new(), Vec::new());
        for epoch in 1..=epochs {
            errors.push(self.epoch(session)?);
            if epoch % ROW_EPOCHS != 0 && epoch != epochs {
                continue;
            }
            let error = mean(&errors[errors.len().saturating_sub(ROW_EPOCHS as usize)..]);
            let digest = session.digest()?;
            let figure = Some(("squared error", error));
            observer.progress(&Running { done: epoch.into(), total: epochs.into(), stage: "", figure });
            observer.row(&MetricsRow {
                pass: epoch,
                stage: None,
                metrics: Metrics::from([("rate_mse", error)]),
                digest: digest.total(),
            })?;
            digests.push(digest);
        }
        let rates: Vec<f64> = (0..self.steps).map(|step| self.rate(self.teacher(step))).collect();
        let middle = mean(&rates);
        let constant = mean(&rates.iter().map(|rate| (rate - middle).powi(2)).collect::<Vec<_>>());
        let last = mean(&errors[errors.len().saturating_sub(FINAL_EPOCHS)..]);
        let metrics =
            Metrics::from([("rate_mse", last), ("rate_mse_constant", constant), ("passes", f64::from(epochs))]);
        conclude(session, &file, observer, metrics, digests)
    }
}
