//! The loop between a plant and a network whose neurons act, and how well it does.
//!
//! In every step the network senses what is known of the plant: values by an encoder, spikes by inputs with `coding = "frames"`.
//! The number of spikes of each neuron of `actions_from` moves the plant, whose reward the cores' rules read in the next step.

use crate::exchange::Exchange;
use crate::measure::{self, Measure};
use crate::metrics::Metrics;
use crate::observer::{MetricsRow, Observer, Running};
use crate::settings::Settings;
use crate::sizes;
use crate::spiking::Spiking;
use crate::task::{Exchanged, ExperimentError, Outcome, RunOptions, conclude, load_with, mailbox};
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::Network;
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::Placed;
use loihi_plant::{Checked, Plant};
use std::ops::Range;

/// A placed network whose neurons act, and what its file says of the run.
#[derive(Debug)]
pub struct Acting<'n> {
    /// The network.
    pub network: &'n Network,
    /// Where it is.
    pub placed: &'n Placed,
    /// Steps of a pass, of a row of metrics, of the final figures; what is measured.
    pub settings: &'n Settings,
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
        let (image, task) = (&self.placed.image, &self.settings.task);
        let exchange = Exchange { network: self.network, placed: self.placed };
        let mut spiking = Spiking::new(self.network, self.placed)?;
        self.check(plant, &spiking)?;
        let measures = measure::of_network(self.network, self.placed, &self.settings.measures)?;
        let map = NeuronMap::of_populations(self.network, self.placed).map_err(SessionError::from)?;
        load_with(session, image, &map, options, observer)?;
        let steps = sizes::in_all("steps", task.steps, options.epochs.unwrap_or(task.epochs))?;
        plant.set_stop(session.stop());
        let before = session.read(Register::W)?;
        let mut plant = Checked::new(plant);
        let mut seed = options.seed;
        let mut observation = plant.reset(seed)?;
        let (mut course, mut digests) = (Course::default(), Vec::new());
        for step in 0..steps {
            spiking.reward(session, &observation)?;
            let stimulus = mailbox(exchange.stimulus(&observation));
            let target = mailbox(exchange.target(&observation.error, &observation.error));
            let record = Record { learn: true, steps: 1, stimulus: &stimulus, target: &target, ..Record::PLAIN };
            let action = spiking.step(session, record, &observation.sensed)?.unwrap_or_default();
            observation = plant.step(&action)?;
            course.rewards.push(observation.reward.unwrap_or(0.0));
            course.judged.extend(observation.right.map(|right| (step, right)));
            if observation.done {
                seed = seed.wrapping_add(1);
                // The reward of the last step is still to be learned from.
                let reward = observation.reward;
                observation = plant.reset(seed)?;
                observation.reward = reward.or(observation.reward);
            }
            if (step + 1) % task.row_steps == 0 || step + 1 == steps {
                let (name, value) = course.figure(step - step % task.row_steps..step + 1);
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
        let parts = [("first", 0..task.row_steps.min(steps)), ("last", steps.saturating_sub(task.final_steps)..steps)];
        for (part, range) in parts.into_iter().filter(|_| steps > 0) {
            let (name, value) = course.figure(range);
            metrics.push(format!("{name}_{part}"), value);
        }
        metrics.extend(measured(session, &measures, &before)?);
        metrics = metrics.ordered(&task.metrics);
        metrics.publish(&task.published);
        conclude(session, image, observer, metrics, digests)
    }

    /// Whether the network has as many values as the plant.
    fn check(&self, plant: &dyn Plant, spiking: &Spiking) -> Result<(), ExperimentError> {
        let (ports, programs) = (plant.ports(), &self.placed.programs);
        spiking.check(plant, Exchange { network: self.network, placed: self.placed }.plant())?;
        let equal = |exchanged, network, plant| {
            if network == plant { Ok(()) } else { Err(ExperimentError::Ports { exchanged, network, plant }) }
        };
        let encoded: usize = programs.stimuli.iter().map(|port| port.words.len()).sum();
        equal(Exchanged::Sensed, encoded + spiking.sensed(), ports.sensed)?;
        let taught: usize = programs.ports.iter().map(|port| port.target.len()).sum();
        equal(Exchanged::Taught, taught, if taught == 0 { 0 } else { ports.errors })?;
        equal(Exchanged::Acted, spiking.actions().unwrap_or(0), ports.actions)?;
        Ok(())
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
