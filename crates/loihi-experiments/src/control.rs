//! Adaptive control: a PD controller alone, and with a population that learns what the controller misses (PES).
//!
//! As De Wolf and others published it in 2016: the population sees the state of the plant, its decoders give torques that
//! are added to the controller's, and the controller's own torques are the error that they learn from: what the controller
//! still has to do is what the decoders do not do yet. Plant, controller and reference are the host's, in double precision;
//! each of their steps is a step of the device, which the next one waits for.

use super::population::{DT_S, Ensemble};
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, conclude, load, mailbox, q12, sizes,
};
use loihi_core::num::Q4_20;
use loihi_core::register::StateDigest;
use loihi_core::rules::PesParams;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile};
use serde::{Deserialize, Serialize};

/// Steps of a row of metrics: 4 s.
const ROW_STEPS: usize = 4_000;
/// Steps at the end over which the final error is taken: 12 s.
const FINAL_STEPS: usize = 12_000;

/// What is controlled, with `JOINTS` torques; a population sees `SEEN` values of it.
pub(super) trait Plant<const SEEN: usize, const JOINTS: usize>: Clone {
    /// The state as the population sees it: a vector of a length of about 1 at most.
    fn seen(&self) -> [f64; SEEN];

    /// What the PD controller adds to bring the state to the reference, in N m.
    fn feedback(&self, seconds: f64) -> [f64; JOINTS];

    /// What the controller's model of the plant adds, in N m.
    fn modelled(&self) -> [f64; JOINTS];

    /// Moves for a step of [`DT_S`].
    fn advance(&mut self, torques: [f64; JOINTS]);

    /// How far it is from the reference, with any sign.
    fn error(&self, seconds: f64) -> f64;
}

/// Parameters of the part that learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// Torque of a decoded value of 1, in N m.
    pub torque_nm: f64,
    /// See [`PesParams::rate_shift`].
    pub rate_shift: u32,
    /// See [`PesParams::decay_y`], in units of 1/256.
    pub decay_y: u32,
    /// The compartments that are decoded.
    pub population: Ensemble,
}

impl Adaptation {
    /// The network: the state as stimulus, errors as target, torques as output.
    ///
    /// # Errors
    /// [`BuildError`] if the population exceeds a core.
    pub fn image(&self, seen: u32, joints: u32, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.mailboxes(seen, joints, joints);
        builder.core();
        let all = self.population.add(&mut builder, seen, seed);
        let count = all.end - all.start;
        builder.snip(&PesParams {
            compartment_first: all.start,
            count,
            dimensions: joints,
            rate_shift: self.rate_shift,
            decay_y: self.decay_y,
            error_given: true,
            ..PesParams::default()
        });
        builder.build()
    }
}

/// Controls a plant for this many steps, with and without the part that learns.
pub(super) fn run<const SEEN: usize, const JOINTS: usize>(
    plant: &impl Plant<SEEN, JOINTS>,
    adaptation: &Adaptation,
    steps: usize,
    session: &mut Session,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, ExperimentError> {
    let words = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let file = adaptation.image(words(SEEN), words(JOINTS), options.seed)?;
    load(session, &file, options, observer)?;
    let steps = sizes::in_all("steps", steps, options.epochs.unwrap_or(1))?;
    let (mut adaptive, mut alone) = (plant.clone(), plant.clone());
    let (mut errors, mut errors_pd): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut digests: Vec<StateDigest> = Vec::new();
    while errors.len() < steps {
        let first = errors.len();
        for step in first..steps.min(first + ROW_STEPS) {
            #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
            let seconds = step as f64 * DT_S;
            let feedback = adaptive.feedback(seconds);
            let learned = torques(adaptation, session, adaptive.seen(), feedback)?;
            adaptive.advance(sum([feedback, adaptive.modelled(), learned]));
            errors.push(adaptive.error(seconds));
            alone.advance(sum([alone.feedback(seconds), alone.modelled(), [0.0; JOINTS]]));
            errors_pd.push(alone.error(seconds));
        }
        let metrics = compared(&errors[first..], &errors_pd[first..]);
        let figure = Some(("error of the last 4 s", metrics[0].1));
        observer.progress(&Running { done: errors.len() as u64, total: steps as u64, stage: "", figure });
        let digest = session.digest()?;
        let pass = words(digests.len() + 1);
        observer.row(&MetricsRow { pass, stage: None, metrics, digest: digest.total() })?;
        digests.push(digest);
    }
    let last = steps.saturating_sub(FINAL_STEPS);
    let mut metrics = compared(&errors[last..], &errors_pd[last..]);
    let ops = session.ops()?;
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    metrics.push(("spikes_per_step", ops.spikes as f64 / ops.steps.max(1) as f64));
    conclude(session, &file, observer, metrics, digests)
}

/// One step of the device: what the population adds to the torques, while it learns from those of the controller.
fn torques<const SEEN: usize, const JOINTS: usize>(
    adaptation: &Adaptation,
    session: &mut Session,
    seen: [f64; SEEN],
    feedback: [f64; JOINTS],
) -> Result<[f64; JOINTS], SessionError> {
    let stimulus = mailbox(seen.map(q12));
    // A torque that is still missing is a readout that is too small: a negative error.
    let target = mailbox(feedback.map(|torque| q12(-torque / adaptation.torque_nm)));
    let record = Record { learn: true, steps: 1, stimulus: &stimulus, target: &target, ..Record::PLAIN };
    let mut torques = [0.0; JOINTS];
    session.stream([record], |output| {
        for (torque, bits) in torques.iter_mut().zip(output) {
            *torque = adaptation.torque_nm * Q4_20::from_bits(*bits).to_num::<f64>();
        }
    })?;
    Ok(torques)
}

fn sum<const JOINTS: usize>(parts: [[f64; JOINTS]; 3]) -> [f64; JOINTS] {
    std::array::from_fn(|joint| parts.iter().map(|torques| torques[joint]).sum())
}

/// Root mean squares of the errors with and without learning, and by what share learning reduces them.
fn compared(errors: &[f64], errors_pd: &[f64]) -> Metrics {
    let [adaptive, pd] = [errors, errors_pd].map(|errors| {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let count = errors.len().max(1) as f64;
        (errors.iter().map(|error| error * error).sum::<f64>() / count).sqrt()
    });
    let reduction = if pd > 0.0 { 1.0 - adaptive / pd } else { 0.0 };
    vec![("rms_error", adaptive), ("rms_error_pd", pd), ("reduction", reduction)]
}
