//! Answers of a network in training to its test set, and why populations of it are silent.

use crate::error::TrainError;
use crate::layers::Model;
use crate::loss::Loss;
use crate::settings::TrainForm;
use crate::shard::{Shard, Tally};
use crate::subject::Subject;
use crate::threads::each;
use loihi_adjoint::surrogate::Surrogate;
use loihi_files::plural::plural;
use loihi_net::network::{Endpoint, ReadBy};
use loihi_run::inference::answers::ClassTally;
use std::num::NonZeroUsize;

/// Samples of a part of the test set.
const ANSWERS: usize = 64;

/// Answers to the test set.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answers {
    /// By sample: scores window by window, by class.
    pub scores: Vec<Vec<i64>>,
    /// What they come to.
    pub tally: Tally,
    /// The same, class by class.
    pub classes: ClassTally,
}

impl Answers {
    /// Answers to all samples of the test set.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn of(subject: &Subject, model: &Model, jobs: NonZeroUsize) -> Result<Self, TrainError> {
        let all = subject.samples.test.len();
        let parts: Vec<_> = (0..all).step_by(ANSWERS).map(|first| first..(first + ANSWERS).min(all)).collect();
        let mut shards: Vec<Shard> = Vec::new();
        let classes = ClassTally::new(model.answer_shape(0).classes);
        let mut answers = Self { classes, ..Self::default() };
        // A few parts at a time: each keeps what its samples leave.
        for parts in parts.chunks(jobs.get()) {
            shards.resize_with(parts.len(), Shard::default);
            let scores = each(&mut shards, jobs, |number, shard| {
                shard.batch = subject.to_test(parts[number].clone())?;
                Ok::<_, TrainError>(shard.answer(model))
            });
            for (scores, shard) in scores.into_iter().zip(&shards) {
                let scores = scores?;
                for ((own, labels), length) in scores.iter().zip(&shard.batch.labels).zip(&shard.batch.lengths) {
                    let found = model.answer_shape(*length).answers(model.readout.by(), own);
                    answers.classes.add(labels, &found);
                }
                answers.scores.extend(scores);
                answers.tally.add(&shard.tally);
            }
        }
        Ok(answers)
    }

    /// As [`Tally::accuracy`].
    pub fn accuracy(&self) -> Option<f64> {
        self.tally.accuracy()
    }
}

/// Populations that have not spiked, each with a reason.
pub fn silence(model: &Model, subject: &Subject, tally: &Tally) -> Vec<String> {
    let network = &subject.network;
    let silent = |place: &usize| tally.turns.get(*place).is_some_and(|turns| *turns > 0) && tally.spikes[*place] == 0;
    let mut said = Vec::new();
    let first = model.first_steps(network);
    let steps = network.sample_steps().and_then(|steps| usize::try_from(steps).ok());
    // A readout by voltage need not spike.
    let readout = model.readout;
    let has_to_spike = |place: &usize| *place != readout.population() || readout.by() != ReadBy::Voltage;
    for place in model.order().filter(|place| silent(place) && has_to_spike(place)) {
        let name = &model.neurons[place].name;
        let mut before = model.synapses.iter().filter(|own| own.to == place);
        let waits = before.any(|own| matches!(own.from, Endpoint::Population(from) if silent(&from)));
        let why = if waits {
            "what leads to it does not spike either".to_owned()
        } else if let Some(steps) = steps.filter(|steps| first[place].is_some_and(|first| *steps <= first)) {
            format!(
                "a sample has {}, and the first spike takes at least as many to it: give more `steps` or `late_steps`",
                plural(steps, "step")
            )
        } else if !model.synapses.iter().any(|own| own.to == place) {
            "its biases never lift it above its threshold: lower `v_th`, or look at the samples by `loihi data show`"
                .to_owned()
        } else {
            never_passed(&subject.form)
        };
        said.push(format!("`{name}` did not spike in any sample: {why}"));
    }
    said
}

/// A warning if the readout has spiked, but has no answer to most samples.
pub fn mostly_silent(form: &TrainForm, tally: &Tally) -> Option<String> {
    let silent = tally.labelled - tally.answered;
    if tally.answered == 0 || 2 * silent <= tally.labelled {
        return None;
    }
    let what = if form.surrogate == Surrogate::LastSpike {
        "surrogate = \"last-spike\" does not train neurons that have not spiked: begin with a network that spikes, by --from"
    } else {
        "lower the threshold of the readout, or show samples for more `steps`"
    };
    Some(format!("no neuron of the readout spiked for {silent} of {} labels: {what}", tally.labelled))
}

/// A warning if most answers are right but the loss is close to that of guessing, so that training would undo them.
pub fn barely_scored(form: &TrainForm, classes: usize, loss: f64, accuracy: Option<f64>) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "few classes")]
    let classes = classes.max(2) as f64;
    let is_right = accuracy.is_some_and(|own| own > 0.5_f64.max(3.0 / classes));
    (form.loss == Loss::CrossEntropy && is_right && loss > 0.8 * classes.ln()).then(|| {
        format!(
            "the loss, {loss:.2}, is close to that of guessing although most answers are right: give a larger `per_score` than {}, \
             for a network of `loihi convert` about 300",
            form.per_score
        )
    })
}

/// What can be done for neurons that never spike.
fn never_passed(form: &TrainForm) -> String {
    if form.surrogate == Surrogate::LastSpike {
        return "its threshold is never passed, and surrogate = \"last-spike\" does not train neurons that have not spiked: begin with a \
                network that spikes"
            .to_owned();
    }
    let lower =
        if form.v_th_rate.is_some() { "give a larger `v_th_rate`" } else { "lower `v_th`, or give `v_th_rate`" };
    format!("its threshold is never passed: begin with larger weights, give a smaller `rate` in [train], or {lower}")
}
