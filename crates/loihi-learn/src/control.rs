//! The loop between a network and a plant, and what the network improves.
//!
//! In every step the network senses what is known of the plant (stimulus words), learns from the plant's errors (target
//! words), and its outputs move the plant; the next step waits for that. The same plant also runs without the network, with
//! actions of zero. Costs are compared over the same steps.

use crate::observer::{Metrics, MetricsRow, Observer, Running};
use crate::sizes;
use crate::task::{ExperimentError, Outcome, RunOptions, conclude, load, mailbox, q12};
use loihi_core::num::Q4_20;
use loihi_core::register::StateDigest;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::ImageFile;
use loihi_plant::{Checked, Observation, Plant, PlantError, Ports};

/// Steps of a row of metrics.
const ROW_STEPS: usize = 4_000;
/// Steps at the end over which the final cost is taken.
const FINAL_STEPS: usize = 12_000;

/// A plant in an episode, and what it has cost.
struct Trial<'p> {
    plant: Checked<'p>,
    /// Seed of the next episode.
    seed: u32,
    observation: Observation,
    costs: Vec<f64>,
    /// Sum of all rewards, if there are any.
    reward: Option<f64>,
}

impl<'p> Trial<'p> {
    fn begin(plant: &'p mut dyn Plant, seed: u32) -> Result<Self, PlantError> {
        let mut plant = Checked::new(plant);
        let observation = plant.reset(seed)?;
        Ok(Self { plant, seed: seed.wrapping_add(1), observation, costs: Vec::new(), reward: None })
    }

    /// Moves for a step; begins another episode where one is over.
    fn step(&mut self, action: &[f64]) -> Result<(), PlantError> {
        self.observation = self.plant.step(action)?;
        // Without a cost, what the plant still lacks.
        let lack = || self.observation.error.iter().map(|error| error * error).sum::<f64>().sqrt();
        self.costs.push(self.observation.cost.unwrap_or_else(lack));
        if let Some(reward) = self.observation.reward {
            *self.reward.get_or_insert(0.0) += reward;
        }
        if self.observation.done {
            self.observation = self.plant.reset(self.seed)?;
            self.seed = self.seed.wrapping_add(1);
        }
        Ok(())
    }
}

/// Runs a network with a plant for a number of steps a pass, after the plant alone.
///
/// The network has a word of stimulus for each sensed value (Q3.12), a word of target for each error (Q3.12), and a word of
/// output for each action (Q4.20). Metrics of a row and of the last 12,000 steps: `rms_error`, the root mean square of the
/// plant's costs; `rms_error_pd`, that of the plant with its own controller alone; `reduction`, by what share the first is
/// smaller. Where the plant gives rewards, `reward_mean` and `reward_mean_pd` of all steps come after them.
///
/// # Errors
/// [`ExperimentError`]; among them [`ExperimentError::Ports`] for a network of other numbers of words.
pub fn run(
    plant: &mut dyn Plant,
    file: &ImageFile,
    steps: usize,
    session: &mut Session,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, ExperimentError> {
    fits(plant.ports(), file)?;
    load(session, file, options, observer)?;
    let steps = sizes::in_all("steps", steps, options.epochs.unwrap_or(1))?;
    plant.set_stop(session.stop());
    let (costs_pd, reward_pd) = alone(plant, steps, session.stop(), options, observer)?;
    let mut trial = Trial::begin(plant, options.seed)?;
    let mut digests: Vec<StateDigest> = Vec::new();
    while trial.costs.len() < steps {
        let first = trial.costs.len();
        for _ in first..steps.min(first + ROW_STEPS) {
            let action = act(session, &trial.observation)?;
            trial.step(&action)?;
        }
        let range = first..trial.costs.len();
        let metrics = compared(&trial.costs[range.clone()], &costs_pd[range.clone()]);
        let figure = Some(("RMS error of the last 4,000 steps", metrics[0].1));
        observer.progress(&Running { done: range.end as u64, total: steps as u64, stage: "", figure });
        let digest = session.digest()?;
        let pass = u32::try_from(digests.len() + 1).unwrap_or(u32::MAX);
        observer.row(&MetricsRow { pass, stage: None, metrics, digest: digest.total() })?;
        digests.push(digest);
    }
    let last = steps.saturating_sub(FINAL_STEPS);
    let mut metrics = compared(&trial.costs[last..], &costs_pd[last..]);
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let mean = |sum: f64, count: u64| sum / count.max(1) as f64;
    if let (Some(reward), Some(reward_pd)) = (trial.reward, reward_pd) {
        let [reward, reward_pd] = [reward, reward_pd].map(|sum| mean(sum, steps as u64));
        metrics.extend([("reward_mean", reward), ("reward_mean_pd", reward_pd)]);
    }
    let ops = session.ops()?;
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    metrics.push(("spikes_per_step", mean(ops.spikes as f64, ops.steps)));
    conclude(session, file, observer, metrics, digests)
}

/// Whether a network has as many words as the plant has values.
fn fits(ports: Ports, file: &ImageFile) -> Result<(), ExperimentError> {
    let image = file.open().map_err(SessionError::from)?;
    let words = |what, network, plant| {
        if network == plant { Ok(()) } else { Err(ExperimentError::Ports { what, network, plant }) }
    };
    words("stimulus words", image.stimulus_words, ports.sensed)?;
    words("target words", image.target_words, ports.errors)?;
    words("outputs", image.output_words, ports.actions)
}

/// Costs and rewards of the plant without the network.
fn alone(
    plant: &mut dyn Plant,
    steps: usize,
    stop: fn() -> bool,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<(Vec<f64>, Option<f64>), ExperimentError> {
    let rest = vec![0.0; plant.ports().actions];
    let mut trial = Trial::begin(plant, options.seed)?;
    for step in 0..steps {
        if stop() {
            return Err(PlantError::Stopped.into());
        }
        if step % ROW_STEPS == 0 {
            let stage = "the plant alone";
            observer.progress(&Running { done: step as u64, total: steps as u64, stage, figure: None });
        }
        trial.step(&rest)?;
    }
    Ok((trial.costs, trial.reward))
}

/// One step of the device: what the network does, while it learns from the plant's errors.
fn act(session: &mut Session, observation: &Observation) -> Result<Vec<f64>, SessionError> {
    let stimulus = mailbox(observation.sensed.iter().map(|value| q12(*value)));
    let target = mailbox(observation.error.iter().map(|error| q12(*error)));
    let record = Record { learn: true, steps: 1, stimulus: &stimulus, target: &target, ..Record::PLAIN };
    let mut action = Vec::new();
    session.stream([record], |output| {
        action.extend(output.iter().map(|bits| Q4_20::from_bits(*bits).to_num::<f64>()));
    })?;
    Ok(action)
}

/// Root mean squares of the costs with and without the network, and by what share it reduces them.
fn compared(costs: &[f64], costs_pd: &[f64]) -> Metrics {
    let [network, pd] = [costs, costs_pd].map(|costs| {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let count = costs.len().max(1) as f64;
        (costs.iter().map(|cost| cost * cost).sum::<f64>() / count).sqrt()
    });
    let reduction = if pd > 0.0 { 1.0 - network / pd } else { 0.0 };
    vec![("rms_error", network), ("rms_error_pd", pd), ("reduction", reduction)]
}
