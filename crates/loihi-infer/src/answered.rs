//! What a network answers to a sample, and what an observer is told of it.

use crate::Trained;
use loihi_data::Sample;
use loihi_net::network::ReadBy;
use loihi_run::inference::Inference;
use loihi_run::inference::answers::AnswerShape;
use loihi_task::observer::right_of;
use loihi_task::{Answer, ExperimentError, Observer, Running};

/// Answers whose class is known, and those of them that are right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) labelled: u32,
    pub(crate) right: u32,
    /// Whether any sample has an answer; taken for granted of a resumed run, whose first answers are not kept.
    pub(crate) is_answered: bool,
}

/// What a network answered to a sample.
#[derive(Debug)]
pub(crate) struct Answered {
    steps: u32,
    labels: Vec<Option<usize>>,
    answers: Vec<Option<usize>>,
    scores: Vec<i64>,
}

impl Answered {
    /// Shows a sample with a number to a network.
    pub(crate) fn of(
        trained: &Trained,
        inference: &mut Inference<'_>,
        (number, item): (u32, &Sample),
        seed: u32,
    ) -> Result<Self, ExperimentError> {
        let stimulus = trained.stimulus(number, item, seed)?;
        let scores = inference.score(&stimulus)?;
        let steps = stimulus.steps;
        let by = trained.network.readout.map_or(ReadBy::Voltage, |readout| readout.by);
        let shape = AnswerShape::of(&trained.network, steps);
        let answers = shape.map(|shape| shape.answers(by, &scores)).unwrap_or_default();
        Ok(Self { steps, labels: trained.labels(item, steps)?, answers, scores })
    }

    /// Tells an observer of it, which is the next one of `total`.
    pub(crate) fn tell(
        &self,
        (number, item): (u32, &Sample),
        total: usize,
        so_far: &mut Tally,
        observer: &mut dyn Observer,
    ) -> Result<(), ExperimentError> {
        let Self { steps, labels, answers, scores } = self;
        let [own_right, own_labelled] = right_of(labels, answers);
        so_far.labelled = so_far.labelled.saturating_add(own_labelled);
        so_far.right = so_far.right.saturating_add(own_right);
        so_far.is_answered |= answers.iter().any(Option::is_some);
        let (Tally { labelled, right, .. }, name, steps) = (*so_far, item.name.as_str(), *steps);
        let answer = Answer { number, name, steps, labels, answers, scores, labelled, right };
        observer.answer(&answer)?;
        let figure = answer.accuracy().map(|accuracy| ("accuracy", accuracy));
        observer.progress(&Running { done: u64::from(number) + 1, total: total as u64, stage: "", figure });
        Ok(())
    }
}
