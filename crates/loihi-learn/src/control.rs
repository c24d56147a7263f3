//! The loop between a network and a plant, and what the network improves.
//!
//! In every step the network senses what is known of the plant (stimulus words), learns from the plant's errors (target
//! words), and its outputs move the plant; the next step waits for that. The same plant also runs without the network, with
//! actions of zero, and with the float twin of the network. Costs are compared over the same steps.

use crate::exchange::{Exchange, Steps};
use loihi_core::register::StateDigest;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_plant::{Lasting, Observation, Plant, PlantError, Teaches};
use loihi_task::metrics::Metrics;
use loihi_task::observer::{MetricsRow, Observer, Running};
use loihi_task::task::{ExperimentError, Outcome, RunOptions, conclude, mailbox};
use loihi_twin::FloatTwin;
use std::ops::Range;

/// Steps after which it says how far it is.
const ROW_STEPS: usize = 4_000;

/// A plant in an episode, and what it has cost.
struct Trial<'p> {
    plant: Lasting<'p>,
    observation: Observation,
    /// By how much each action was too large, for programs that take errors.
    errors: Vec<f64>,
    teaches: Teaches,
    costs: Vec<f64>,
    /// Sum of all rewards, if there are any.
    reward: Option<f64>,
}

impl<'p> Trial<'p> {
    fn begin(plant: &'p mut dyn Plant, seed: u32) -> Result<Self, PlantError> {
        let teaches = plant.teaches();
        let (plant, observation) = Lasting::begin(plant, seed)?;
        let errors =
            if teaches == Teaches::Errors { observation.error.clone() } else { vec![0.0; plant.ports().errors] };
        let (costs, reward) = (Vec::new(), None);
        Ok(Self { plant, observation, errors, teaches, costs, reward })
    }

    /// Moves for a step; begins another episode where one is over.
    fn step(&mut self, action: &[f64]) -> Result<(), PlantError> {
        let seen = self.plant.step(action)?;
        // Without a cost, what the plant still lacks.
        let lack = || seen.error.iter().map(|error| error * error).sum::<f64>().sqrt();
        self.costs.push(seen.cost.unwrap_or_else(lack));
        if let Some(reward) = seen.reward {
            *self.reward.get_or_insert(0.0) += reward;
        }
        let asked = std::mem::replace(&mut self.observation, self.plant.after(seen)?);
        self.errors = match self.teaches {
            Teaches::Errors => self.observation.error.clone(),
            // The action is the answer to what was asked before it.
            Teaches::Targets => action.iter().zip(&asked.error).map(|(action, target)| action - target).collect(),
        };
        Ok(())
    }
}

/// A placed network and how long it runs with a plant.
#[derive(Debug)]
pub struct Control<'n> {
    /// The network, where it is, and what its file says: steps, and whether a float twin runs beside.
    pub exchange: Exchange<'n>,
}

impl Control<'_> {
    /// Runs a network with a plant for a number of steps a pass, after the plant alone.
    ///
    /// The network has a word of stimulus for each sensed value, a word of target for each error, and a word of output for each
    /// action. Metrics of a row and of the last steps: `rms_error`, the root mean square of the plant's costs;
    /// `rms_error_pd`, that of the plant with its own controller alone; `reduction`, by what share the first is smaller. Where
    /// the plant gives rewards, `reward_mean` and `reward_mean_pd` of all steps come after them. A plant that
    /// [teaches targets](Teaches::Targets) does not run alone, and its figure is `rmse`; that of a float twin is `rmse_float`,
    /// or `rms_error_float`.
    ///
    /// # Errors
    /// [`ExperimentError`], for example [`ExperimentError::Ports`] for a network with the wrong number of words.
    pub fn run(
        &self,
        plant: &mut dyn Plant,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let Exchange { placed, settings, .. } = self.exchange;
        let (mut spiking, numbers) = self.exchange.begin(plant, session, options, observer)?;
        let Steps { every, all: steps, row: row_steps, last: last_steps, .. } = numbers;
        let is_signal = plant.teaches() == Teaches::Targets;
        let (costs_pd, reward_pd) = if is_signal {
            (None, None)
        } else {
            let (costs, reward) = alone(plant, steps, session.stop(), options, observer)?;
            (Some(costs), reward)
        };
        let mut trial = Trial::begin(plant, options.seed)?;
        let mut digests: Vec<StateDigest> = Vec::new();
        while trial.costs.len() < steps {
            let first = trial.costs.len();
            for _ in first..steps.min(first + row_steps) {
                spiking.reward(session, &trial.observation)?;
                let action = self.act(session, &trial, every)?;
                trial.step(&action)?;
            }
            let range = first..trial.costs.len();
            let metrics = compared(&trial.costs, costs_pd.as_deref(), range.clone());
            observer.progress(&Running {
                done: range.end as u64,
                total: steps as u64,
                stage: "",
                figure: metrics.first(),
            });
            let digest = session.digest()?;
            let pass = u32::try_from(digests.len() + 1).unwrap_or(u32::MAX);
            observer.row(&MetricsRow { pass, stage: None, metrics, digest: digest.total() })?;
            digests.push(digest);
        }
        let last = steps.saturating_sub(last_steps)..steps;
        let mut metrics = compared(&trial.costs, costs_pd.as_deref(), last.clone());
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let mean = |sum: f64, count: u64| sum / count.max(1) as f64;
        if let (Some(reward), Some(reward_pd)) = (trial.reward, reward_pd) {
            let [reward, reward_pd] = [reward, reward_pd].map(|sum| mean(sum, steps as u64));
            metrics.extend([("reward_mean", reward), ("reward_mean_pd", reward_pd)]);
        }
        if settings.task.float_twin {
            let name = if is_signal { "rmse_float" } else { "rms_error_float" };
            let costs = self.float(plant, numbers, session.stop(), options, observer)?;
            metrics.push(name, root_mean_square(costs.get(last).unwrap_or_default()));
        }
        let ops = session.ops()?;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        metrics.push("spikes_per_step", mean(ops.spikes as f64, ops.steps));
        metrics.publish(&settings.task.published);
        conclude(session, &placed.image, observer, metrics, digests)
    }

    /// A step of the plant: what the network does in it, while it learns from what the plant teaches.
    fn act(&self, session: &mut Session, trial: &Trial<'_>, steps: u16) -> Result<Vec<f64>, SessionError> {
        let exchange = self.exchange;
        let stimulus = mailbox(exchange.stimulus(&trial.observation));
        let target = mailbox(exchange.target(&trial.observation.error, &trial.errors));
        let record = Record { learn: true, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        let mut action = Vec::new();
        session.stream([record], |output| action = exchange.action(output))?;
        Ok(action)
    }

    /// Costs with decoders in double precision, in a trial of their own.
    fn float(
        &self,
        plant: &mut dyn Plant,
        Steps { every, all: steps, .. }: Steps,
        stop: fn() -> bool,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Vec<f64>, ExperimentError> {
        let mut memory = Vec::new();
        let mut twin = FloatTwin::new(self.exchange.placed, &mut memory)?;
        let mut trial = Trial::begin(plant, options.seed)?;
        for step in 0..steps {
            if stop() {
                return Err(PlantError::Stopped.into());
            }
            if step % ROW_STEPS == 0 {
                observer.progress(&Running {
                    done: step as u64,
                    total: steps as u64,
                    stage: "float twin",
                    figure: None,
                });
            }
            twin.sense(&self.exchange.stimulus(&trial.observation));
            for _ in 0..every {
                twin.step_with(Some(&trial.observation.error));
            }
            let ports = self.exchange.placed.programs.ports.iter();
            let action: Vec<f64> = ports.flat_map(|port| twin.outputs(port.output.clone())).collect();
            trial.step(&action)?;
        }
        Ok(trial.costs)
    }
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

/// Figures of a range of steps: with the network, without it, and by what share it reduces them.
fn compared(costs: &[f64], costs_pd: Option<&[f64]>, range: Range<usize>) -> Metrics {
    let of = |costs: &[f64]| root_mean_square(costs.get(range.clone()).unwrap_or_default());
    let network = of(costs);
    let Some(pd) = costs_pd.map(of) else { return Metrics::from([("rmse", network)]) };
    let reduction = if pd > 0.0 { 1.0 - network / pd } else { 0.0 };
    Metrics::from([("rms_error", network), ("rms_error_pd", pd), ("reduction", reduction)])
}

fn root_mean_square(costs: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = costs.len().max(1) as f64;
    // The sum of no costs would be -0.0.
    (costs.iter().fold(0.0, |sum, cost| sum + cost * cost) / count).sqrt()
}
