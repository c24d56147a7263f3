//! A part of a batch: its loss, its answers and its gradient, computed by one thread.

use crate::batch::Batch;
use crate::gradient::Gradient;
use crate::layers::Model;
use crate::loss::{RateLoss, ReadoutLoss};
use crate::pass::Workspace;
use crate::readout::Shown;
use loihi_adjoint::arithmetic::Derivatives;
use loihi_adjoint::rate::Backward;
use loihi_net::network::ReadBy;
use loihi_task::observer::right_of;

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
    /// Answers whose class is known.
    pub labelled: u64,
    /// Of these, the ones that were given.
    pub answered: u64,
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
        self.labelled += other.labelled;
        self.answered += other.answered;
        self.samples += other.samples;
        for (own, others) in [(&mut self.spikes, &other.spikes), (&mut self.turns, &other.turns)] {
            own.resize(own.len().max(others.len()), 0);
            own.iter_mut().zip(others).for_each(|(own, other)| *own += other);
        }
    }

    /// Share of the labels that were answered correctly; `None` if none was answered.
    #[expect(clippy::cast_precision_loss, reason = "a share may be rounded")]
    pub fn accuracy(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.right as f64 / self.labelled as f64)
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
        let by_steps = goal.backward != Backward::Rate;
        self.workspace.forward(model, &self.batch, Some(goal.derivatives).filter(|_| by_steps));
        self.workspace.clear_derivatives(model, &self.batch);
        let scores = self.scores(model);
        let mut tally = self.count(model, &scores);
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most 4096 samples")]
        let share = 1.0 / whole.max(1) as f32;
        tally.loss = self.readout(model, goal, &scores, share) + self.rates(model, goal, share);
        self.tally = tally;
        self.workspace.backward(model, &self.batch, goal.backward);
        self.workspace.gradients(model, &self.batch, goal.derivatives.reset, &mut self.gradients);
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
        let trail = self.workspace.trail(model.readout.population());
        let shown = Shown { spikes: &trail.spikes, voltages: &trail.voltages };
        let of_sample = |sample| model.readout.scores(&self.batch, sample, shown);
        (0..self.batch.samples).map(of_sample).collect()
    }

    fn count(&self, model: &Model, scores: &[Vec<i64>]) -> Tally {
        let mut tally = Tally { samples: self.batch.samples as u64, ..Tally::default() };
        for (place, neurons) in model.neurons.iter().enumerate() {
            let [spikes, turns] = self.batch.count(&self.workspace.trail(place).spikes, neurons.registers.len());
            tally.spikes.push(spikes);
            tally.turns.push(turns);
        }
        for ((scores, labels), length) in scores.iter().zip(&self.batch.labels).zip(&self.batch.lengths) {
            let answers = model.answer_shape(*length).answers(model.readout.by(), scores);
            let [right, labelled] = right_of(labels, &answers);
            tally.right += u64::from(right);
            tally.labelled += u64::from(labelled);
            let given = labels.iter().zip(&answers).filter(|(label, answer)| label.is_some() && answer.is_some());
            tally.answered += given.count() as u64;
        }
        tally
    }

    /// The loss of the readout: of a sample the mean over its answers whose class is known. Leaves its derivatives.
    fn readout(&mut self, model: &Model, goal: &Goal, scores: &[Vec<i64>], share: f32) -> f64 {
        let reading = &model.readout;
        // A voltage counts in thresholds.
        let units: Vec<f32> = match reading.by() {
            ReadBy::Voltage => {
                model.neurons[reading.population()].registers.v_th.iter().map(|v_th| unit(*v_th)).collect()
            }
            ReadBy::Spikes | ReadBy::FirstSpike => vec![1.0; reading.neurons],
        };
        let mut loss = 0.0;
        for (sample, scores) in scores.iter().enumerate() {
            let (labels, shape) = (&self.batch.labels[sample], model.answer_shape(self.batch.lengths[sample]));
            #[expect(clippy::cast_precision_loss, reason = "pixels and windows are far fewer than 2^24")]
            let part = 1.0 / labels.iter().flatten().count().max(1) as f32;
            let (mut slopes, mut own_slopes) = (vec![0.0; scores.len()], vec![0.0; shape.classes]);
            for (answer, label) in labels.iter().enumerate() {
                let Some(label) = *label else { continue };
                #[expect(clippy::cast_precision_loss, reason = "scores have at most 24 bits")]
                let own: Vec<f32> =
                    shape.scores_of(answer).map(|at| scores[at] as f32 * units[at % reading.neurons]).collect();
                loss += f64::from(part * goal.readout.of(&own, label, &mut own_slopes));
                for (at, slope) in shape.scores_of(answer).zip(&own_slopes) {
                    slopes[at] = share * part * slope * units[at % reading.neurons];
                }
            }
            let trail = self.workspace.trail_mut(reading.population());
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
            model.neurons.iter().enumerate().filter(|(at, own)| own.is_reached && *at != model.readout.population());
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
