//! A part of a batch: its loss, its answers and its gradient, computed by one thread.

use crate::arithmetic::Derivatives;
use crate::batch::Batch;
use crate::gradient::Gradient;
use crate::layers::Model;
use crate::loss::{RateLoss, ReadoutLoss};
use crate::pass::Workspace;
use crate::rate::Backward;
use loihi_net::network::ReadBy;
use loihi_run::inference::answer;

/// What a training step makes smaller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// Of the readout.
    pub readout: ReadoutLoss,
    /// Of the rates of all others.
    pub rates: Option<RateLoss>,
    /// How derivatives go back through neurons.
    pub backward: Backward,
    /// Derivatives of spikes, step by step.
    pub derivatives: Derivatives,
}

/// What samples have come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Sum of the losses.
    pub loss: f64,
    /// Right answers.
    pub right: u64,
    /// Samples.
    pub samples: u64,
    /// By population: spikes.
    pub spikes: Vec<u64>,
    /// By population: neurons times steps.
    pub turns: Vec<u64>,
}

/// A part of a batch.
#[derive(Debug, Default)]
pub struct Shard {
    /// What is shown.
    pub batch: Batch,
    /// Derivatives of the loss by everything that is trained.
    pub gradients: Vec<Gradient>,
    /// What the samples have come to.
    pub tally: Tally,
    workspace: Workspace,
}

impl Tally {
    /// Adds that of other samples.
    pub fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.samples += other.samples;
        for (own, others) in [(&mut self.spikes, &other.spikes), (&mut self.turns, &other.turns)] {
            own.resize(own.len().max(others.len()), 0);
            own.iter_mut().zip(others).for_each(|(own, other)| *own += other);
        }
    }

    /// The rate of a population in spikes a neuron and step.
    #[expect(clippy::cast_precision_loss, reason = "a rate may be rounded")]
    pub fn rate(&self, population: usize) -> f64 {
        let of = |counts: &[u64]| counts.get(population).copied().unwrap_or(0) as f64;
        of(&self.spikes) / of(&self.turns).max(1.0)
    }
}

impl Shard {
    /// The gradient of a shard of a batch of `whole` samples.
    pub fn learn(&mut self, model: &Model, goal: &Goal, whole: usize) {
        let by_time = goal.backward == Backward::Time;
        self.workspace.forward(model, &self.batch, Some(goal.derivatives).filter(|_| by_time));
        self.workspace.clear_derivatives(model, &self.batch);
        let scores = self.scores(model);
        let mut tally = self.count(model, &scores);
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most 4096 samples")]
        let share = 1.0 / whole.max(1) as f32;
        tally.loss = self.readout(model, goal, &scores, share) + self.rates(model, goal, share);
        self.tally = tally;
        self.workspace.backward(model, &self.batch, goal.backward);
        self.workspace.gradients(model, &self.batch, &mut self.gradients);
    }

    /// Answers without a gradient: the scores of every sample.
    pub fn answer(&mut self, model: &Model) -> Vec<Vec<i64>> {
        self.workspace.forward(model, &self.batch, None);
        let scores = self.scores(model);
        self.tally = self.count(model, &scores);
        scores
    }

    /// By sample, the score of every class.
    fn scores(&self, model: &Model) -> Vec<Vec<i64>> {
        let trail = self.workspace.trail(model.readout.population);
        let of_sample = |sample| model.readout.scores(&self.batch, sample, &trail.spikes, &trail.voltages);
        (0..self.batch.samples).map(of_sample).collect()
    }

    fn count(&self, model: &Model, scores: &[Vec<i64>]) -> Tally {
        let mut tally = Tally { samples: self.batch.samples as u64, ..Tally::default() };
        for (place, neurons) in model.neurons.iter().enumerate() {
            let [spikes, turns] = self.batch.count(&self.workspace.trail(place).spikes, neurons.registers.len());
            tally.spikes.push(spikes);
            tally.turns.push(turns);
        }
        for (scores, label) in scores.iter().zip(&self.batch.labels) {
            tally.right += u64::from(answer(model.readout.by, scores) == Some(*label));
        }
        tally
    }

    /// The loss of the readout; leaves its derivatives.
    fn readout(&mut self, model: &Model, goal: &Goal, scores: &[Vec<i64>], share: f32) -> f64 {
        let reading = &model.readout;
        // A voltage counts in thresholds.
        let units: Vec<f32> = match reading.by {
            ReadBy::Voltage => {
                model.neurons[reading.population].registers.v_th.iter().map(|v_th| unit(*v_th)).collect()
            }
            ReadBy::Spikes | ReadBy::FirstSpike => vec![1.0; reading.classes],
        };
        let (mut loss, mut slopes) = (0.0, vec![0.0; reading.classes]);
        for (sample, scores) in scores.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "scores have at most 24 bits")]
            let scores: Vec<f32> = scores.iter().zip(&units).map(|(score, unit)| *score as f32 * unit).collect();
            loss += f64::from(goal.readout.of(&scores, self.batch.labels[sample], &mut slopes));
            slopes.iter_mut().zip(&units).for_each(|(slope, unit)| *slope *= share * unit);
            let trail = self.workspace.trail_mut(reading.population);
            let into = [&mut trail.by_spikes[..], &mut trail.by_voltages[..]];
            reading.back(&self.batch, sample, &slopes, &trail.spikes, into);
        }
        loss
    }

    /// The loss of rates; leaves its derivatives.
    fn rates(&mut self, model: &Model, goal: &Goal, share: f32) -> f64 {
        let Some(rates) = goal.rates else { return 0.0 };
        let mut loss = 0.0;
        let others =
            model.neurons.iter().enumerate().filter(|(at, own)| own.is_reached && *at != model.readout.population);
        for (population, neurons) in others {
            let n = neurons.registers.len();
            for sample in 0..self.batch.samples {
                let rows = self.batch.rows(sample, n);
                let trail = self.workspace.trail_mut(population);
                let count: f32 = rows.clone().map(|row| trail.spikes[row..row + n].iter().sum::<f32>()).sum();
                #[expect(clippy::cast_precision_loss, reason = "a rate may be rounded")]
                let turns = (self.batch.lengths[sample] * n).max(1) as f32;
                let [own, slope] = rates.of(count / turns);
                loss += f64::from(own);
                let slope = share * slope / turns;
                for row in rows.filter(|_| slope != 0.0) {
                    trail.by_spikes[row..row + n].iter_mut().for_each(|value| *value += slope);
                }
            }
        }
        loss
    }
}

/// What a unit of the voltage is of a threshold.
#[expect(clippy::cast_precision_loss, reason = "a factor may be rounded")]
fn unit(v_th: i32) -> f32 {
    1.0 / v_th.max(64) as f32
}
