//! The loop between a plant and a network whose neurons act, and how well it does.
//!
//! In every step of the plant the network senses what is known of the plant: values by an encoder, spikes by inputs with
//! `coding = "frames"`. The number of spikes of each neuron of `actions_from` moves the plant, whose reward the cores' rules
//! read in the next step.

use crate::exchange::{Exchange, Steps};
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_plant::{Lasting, Plant};
use loihi_task::measure::{self, Measure};
use loihi_task::metrics::Metrics;
use loihi_task::observer::{MetricsRow, Observer, Running};
use loihi_task::task::{ExperimentError, Outcome, RunOptions, conclude, mailbox};
use std::ops::Range;

/// A placed network whose neurons act, and what its file says of the run.
#[derive(Debug)]
pub struct Acting<'n> {
    /// The network, where it is, and what its file says: steps, and what is measured.
    pub exchange: Exchange<'n>,
}

/// What came of the steps until now.
#[derive(Debug, Default)]
struct Course {
    /// Steps in which a choice was judged, and whether it was right.
    judged: Vec<(usize, bool)>,
    /// By step: the reward, or 0.
    rewards: Vec<f64>,
}

impl Course {
    /// The share of choices that were right in some steps; or the mean reward, of a plant that judges no choices.
    fn figure(&self, steps: Range<usize>) -> (&'static str, f64) {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
        if self.judged.is_empty() {
            let rewards = self.rewards.get(steps).unwrap_or_default();
            return ("reward_mean", mean(rewards.iter().sum(), rewards.len()));
        }
        let first = self.judged.partition_point(|(step, _)| *step < steps.start);
        let judged = self.judged.get(first..).unwrap_or_default();
        let judged = judged.iter().take_while(|(step, _)| *step < steps.end);
        let (right, count) =
            judged.fold((0.0, 0), |(sum, count), (_, own)| (sum + f64::from(u8::from(*own)), count + 1));
        ("accuracy", mean(right, count))
    }
}

impl Acting<'_> {
    /// Runs a network with a plant for a number of steps a pass.
    ///
    /// Rows of metrics: `accuracy`, the share of choices that were right in the steps of the row, or `reward_mean` of a plant
    /// that judges none; then what is measured, of several rows each as `NAME_ROW`. Figures of the run: the first of these of
    /// the first row and of the last steps, as `accuracy_first` and `accuracy_last`, then what is measured.
    ///
    /// # Errors
    /// [`ExperimentError`], for example [`ExperimentError::Ports`] for a network with the wrong number of values.
    pub fn run(
        &self,
        plant: &mut dyn Plant,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let Exchange { network, placed, settings } = self.exchange;
        let measures = measure::of_network(network, placed, &settings.measures)?;
        let (mut spiking, Steps { every, all: steps, row: row_steps, last: last_steps, .. }) =
            self.exchange.begin(plant, session, options, observer)?;
        let before = session.read(Register::W)?;
        let (mut plant, mut observation) = Lasting::begin(plant, options.seed)?;
        let (mut course, mut digests) = (Course::default(), Vec::new());
        for step in 0..steps {
            spiking.reward(session, &observation)?;
            let stimulus = mailbox(self.exchange.stimulus(&observation));
            let target = mailbox(self.exchange.target(&observation.error, &observation.error));
            let record = Record { learn: true, steps: every, stimulus: &stimulus, target: &target, ..Record::PLAIN };
            let action = spiking.step(session, record, &observation.sensed)?.unwrap_or_default();
            let seen = plant.step(&action)?;
            course.rewards.push(seen.reward.unwrap_or(0.0));
            course.judged.extend(seen.right.map(|right| (step, right)));
            observation = plant.after(seen)?;
            if (step + 1) % row_steps == 0 || step + 1 == steps {
                let (name, value) = course.figure(step - step % row_steps..step + 1);
                let mut metrics = Metrics::from([(name, value)]);
                metrics.extend(measured(session, &measures, &before)?);
                let (done, total) = (step as u64 + 1, steps as u64);
                observer.progress(&Running { done, total, stage: "", figure: metrics.first() });
                let digest = session.digest()?;
                let pass = u32::try_from(digests.len() + 1).unwrap_or(u32::MAX);
                observer.row(&MetricsRow { pass, stage: None, metrics, digest: digest.total() })?;
                digests.push(digest);
            }
        }
        let mut metrics = Metrics::new();
        let parts = [("first", 0..row_steps.min(steps)), ("last", steps.saturating_sub(last_steps)..steps)];
        for (part, range) in parts.into_iter().filter(|_| steps > 0) {
            let (name, value) = course.figure(range);
            metrics.push(format!("{name}_{part}"), value);
        }
        metrics.extend(measured(session, &measures, &before)?);
        metrics = metrics.ordered(&settings.task.metrics);
        metrics.publish(&settings.task.published);
        conclude(session, &placed.image, observer, metrics, digests)
    }
}

/// What is measured, by name.
fn measured(
    session: &mut Session,
    measures: &[Measure<'_>],
    before: &[i32],
) -> Result<Vec<(String, f64)>, SessionError> {
    let mut figures = Vec::new();
    if measures.is_empty() {
        return Ok(figures);
    }
    let weights = session.read(Register::W)?;
    for measure in measures {
        for (row, mean) in measure.of(|number| measure.word(&weights, number), before, 1).into_iter().enumerate() {
            figures.push((measure.form.figure_of_row(row), mean));
        }
    }
    Ok(figures)
}
