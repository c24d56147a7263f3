//! A run through the stages of a plan: each sample is predicted, then learned, and counted.

use crate::afterwards::Afterwards;
use crate::figures;
use crate::judge::{Answered, Judge};
use crate::presenter::Presenter;
use loihi_core::chip::ResetScope;
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use loihi_data::Sample;
use loihi_place::place::Placed;
use loihi_run::inference::known::tell_known;
use loihi_run::inference::{Inference, Lesson, Stimulus};
use loihi_run::record::checkpoint::{Planned, RunPosition};
use loihi_run::record::score::Score;
use loihi_task::observer::{MetricsRow, Observer, Running};
use loihi_task::samples::Samples;
use loihi_task::settings::{Predict, Settings};
use loihi_task::stage::{Replay, Showing, Stage, resumed};
use loihi_task::task::{ExperimentError, RunOptions, mailbox};

/// Samples that are sent at a time.
const CHUNK: usize = 16;

/// A network, what it is shown, and how.
#[derive(Debug)]
pub struct Online<'n> {
    /// Where the network is.
    pub placed: &'n Placed,
    /// How samples are shown.
    pub presenter: Presenter<'n>,
    /// What the network file says.
    pub settings: &'n Settings,
    /// What is shown.
    pub samples: &'n Samples,
    /// In what order.
    pub stages: &'n [Stage],
}

impl Online<'_> {
    /// Who answers, and what the answers can be.
    pub fn judge(&self) -> Judge<'_> {
        Judge { programs: &self.placed.programs, classes: self.samples.classes }
    }

    const fn afterwards(&self) -> Afterwards<'_> {
        Afterwards::new(self.settings)
    }

    /// Goes through the stages, from the beginning or from where a run stood, and reports each; returns their scores.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn run(
        &self,
        inference: &mut Inference<'_>,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Score>, ExperimentError> {
        let total: u64 = self.stages.iter().map(|stage| stage.items.len() as u64).sum();
        let plan: Vec<Planned> =
            self.stages.iter().map(|stage| stage.planned(self.samples, self.steps_of(stage))).collect();
        let mut position = match &options.resume {
            None => RunPosition { plan, ..RunPosition::default() },
            Some(checkpoint) => resumed(checkpoint, &plan, &self.placed.image, inference)?.clone(),
        };
        let mut done: u64 = self.stages.iter().take(position.stage).map(|stage| stage.items.len() as u64).sum();
        done += position.items as u64;
        while let Some(stage) = self.stages.get(position.stage) {
            if position.items == 0 {
                self.enter(stage, inference, &mut position)?;
            }
            let chunk = if self.presenter.is_plain() && self.afterwards().is_empty() { CHUNK } else { 1 };
            for items in stage.items.get(position.items..).unwrap_or_default().chunks(chunk) {
                if chunk > 1 {
                    self.stream(stage, items, inference, &mut position)?;
                } else {
                    self.show(stage, items, inference, &mut position)?;
                }
                done += items.len() as u64;
                position.items += items.len();
                let figure = Some(figures::so_far(self.judge().values(stage), &position));
                observer.progress(&Running { done, total, stage: &stage.name, figure });
                if observer.wants_checkpoint() {
                    let session = inference.session();
                    let (state, files) =
                        (session.save(loihi_core::chip::SnapshotScope::State)?, session.recorded_files()?);
                    observer.checkpoint(&position, &state, files)?;
                }
            }
            self.leave(stage, inference, &mut position, observer)?;
        }
        Ok(position.scores)
    }

    /// Steps of every sample of a stage, if all have as many.
    fn steps_of(&self, stage: &Stage) -> Option<u64> {
        if !self.presenter.is_plain() || !self.afterwards().is_empty() {
            return None;
        }
        if let Some([predict, learn]) = self.settings.divided() {
            return Some(u64::from(predict) + if stage.learns { u64::from(learn) } else { 0 });
        }
        let steps = u64::from(self.presenter.steps().or(self.settings.task.stream.then_some(1))?);
        let twice = stage.learns && self.is_shown_before(stage);
        let recalls = stage.items.iter().any(|item| matches!(item.replay, Replay::Recall(_)));
        match (twice, recalls) {
            (true, true) => None,
            (true, false) => Some(2 * steps),
            (false, _) => Some(steps),
        }
    }

    /// What there is to do before the first sample of a stage.
    fn enter(
        &self,
        stage: &Stage,
        inference: &mut Inference<'_>,
        position: &mut RunPosition,
    ) -> Result<(), ExperimentError> {
        let session = inference.session();
        if stage.fresh {
            session.reset(ResetScope::All)?;
            tell_known(session, self.placed)?;
        }
        if stage.halvings > 0 {
            let rate = i32::try_from(stage.halvings).unwrap_or(i32::MAX).saturating_neg();
            for word in
                stage.taught.iter().filter_map(|at| self.placed.programs.ports.get(*at)).flat_map(|port| &port.rates)
            {
                session.write(Register::Rate, *word as usize, &[rate])?;
            }
        }
        position.before = session.ops()?;
        self.judge().begin(stage, position);
        Ok(())
    }

    /// The score of a stage, reported.
    fn leave(
        &self,
        stage: &Stage,
        inference: &mut Inference<'_>,
        position: &mut RunPosition,
        observer: &mut dyn Observer,
    ) -> Result<(), ExperimentError> {
        let session = inference.session();
        let ops = session.ops()?.since(&position.before);
        let score = Score {
            right: std::mem::take(&mut position.right),
            ops,
            samples: stage.items.len(),
            squared_error_q20: std::mem::take(&mut position.squared_error_q20),
            confusion: std::mem::take(&mut position.confusion),
        };
        let metrics = figures::of_stage(self.judge().values(stage), &score);
        position.scores.push(score);
        (position.stage, position.items) = (position.stage + 1, 0);
        let digest = session.digest()?.total();
        let pass = u32::try_from(position.stage).unwrap_or(u32::MAX);
        if stage.items.is_empty() {
            return Ok(());
        }
        Ok(observer.row(&MetricsRow { pass, stage: Some(stage.name.clone()), metrics, digest })?)
    }

    /// What a showing shows.
    pub(crate) fn sample(&self, showing: &Showing) -> Result<&Sample, ExperimentError> {
        self.samples
            .get(showing.of)
            .ok_or_else(|| ExperimentError::Plan("a stage names a sample that is not there".to_owned()))
    }

    /// Whether a sample of this stage is shown once more before it is learned.
    pub(crate) fn is_shown_before(&self, stage: &Stage) -> bool {
        let answers_first = |at: &usize| self.placed.programs.ports.get(*at).is_some_and(|port| port.answers_first);
        let during = self.settings.task.stream || (!stage.taught.is_empty() && stage.taught.iter().all(answers_first));
        match self.settings.task.predict {
            Some(predict) => predict == Predict::Before,
            None => !during,
        }
    }

    /// Shows samples whose spikes the device makes itself, all at once.
    fn stream(
        &self,
        stage: &Stage,
        items: &[Showing],
        inference: &mut Inference<'_>,
        position: &mut RunPosition,
    ) -> Result<(), ExperimentError> {
        let task = &self.settings.task;
        let divided = self.settings.divided().map(|[predict, learn]| u32::from(predict) + u32::from(learn));
        let steps = self.presenter.steps().or(divided).or(task.stream.then_some(1));
        let steps = steps.ok_or(loihi_run::inference::present::PresentError::Steps)?;
        let steps = u16::try_from(steps)
            .map_err(|_| ExperimentError::Plan(format!("{steps} steps are more than a sample can have, 65535")))?;
        let mut words = Vec::new();
        for item in items {
            let sample = self.sample(item)?;
            let taught = if stage.learns { &*stage.taught } else { &[] };
            let (stimulus, target) = match item.replay {
                Replay::Recall(_) => (Vec::new(), Vec::new()),
                _ => (self.presenter.words(sample, item.key)?, self.presenter.targets(taught, sample)?),
            };
            words.push((mailbox(stimulus), mailbox(target)));
        }
        let untaught = mailbox(vec![loihi_core::tools::local_error::NO_TARGET; self.placed.programs.words[1] as usize]);
        let before = stage.learns && self.is_shown_before(stage);
        let mut records = Vec::new();
        for (number, (item, (stimulus, target))) in items.iter().zip(&words).enumerate() {
            let [keep, recall] = item.replay.words();
            let reset = !task.stream || (position.items + number == 0);
            let plain = Record { reset, steps, stimulus, target, ..Record::PLAIN };
            match (self.settings.divided(), before && recall == 0) {
                (Some([predict, learn]), _) => {
                    records.push((true, Record { steps: predict, recall, keep, ..plain }));
                    if stage.learns {
                        let more =
                            Record { reset: false, learn: true, steps: learn, stimulus: &[], target: &[], ..plain };
                        records.push((false, more));
                    }
                }
                (None, true) => {
                    records.push((true, Record { target: &untaught, ..plain }));
                    // A reset clears the mailboxes.
                    records.push((false, Record { learn: true, recall, keep, ..plain }));
                }
                (None, false) => records.push((true, Record { learn: stage.learns, recall, keep, ..plain })),
            }
        }
        let answers: Vec<bool> = records.iter().map(|(answers, _)| *answers).collect();
        let (mut answers, mut shown) = (answers.into_iter(), items.iter());
        let mut failed = None;
        let session = inference.session();
        session.stream(records.into_iter().map(|(_, record)| record), |outputs| {
            if answers.next() != Some(true) {
                return;
            }
            let Some(item) = shown.next() else { return };
            match self.sample(item) {
                Ok(sample) => self.judge().count(stage, sample, Answered { outputs, scores: &[] }, position),
                Err(error) => failed = Some(error),
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Shows a sample whose spikes or biases the host sends.
    fn show(
        &self,
        stage: &Stage,
        items: &[Showing],
        inference: &mut Inference<'_>,
        position: &mut RunPosition,
    ) -> Result<(), ExperimentError> {
        let Some(item) = items.first() else { return Ok(()) };
        let sample = self.sample(item)?;
        let stimulus = self.shown(sample, item.key)?;
        let none = self.presenter.targets(&[], sample)?;
        let reset = !self.settings.task.stream || position.items == 0;
        let untaught = Lesson { reset, target: &none, ..Lesson::default() };
        let before = stage.learns && self.is_shown_before(stage) && self.afterwards().is_empty();
        let mut scores = Vec::new();
        if before || !stage.learns {
            scores = inference.teach(&stimulus, &untaught)?;
        }
        let mut outputs = if before { self.outputs(inference)? } else { Vec::new() };
        if stage.learns {
            let target = self.presenter.targets(&stage.taught, sample)?;
            let [keep, recall] = item.replay.words();
            let lesson = Lesson { reset, learn: true, target: &target, keep, recall };
            let learned = inference.teach(&stimulus, &lesson)?;
            if !before {
                scores = learned;
            }
        }
        if !before {
            outputs = self.outputs(inference)?;
        }
        let answered = Answered { outputs: &outputs, scores: &scores };
        if stage.learns {
            self.afterwards().tell(self.judge(), (stage, sample), answered, inference)?;
        }
        self.judge().count(stage, sample, answered, position);
        Ok(())
    }

    /// What the network is shown of a sample.
    pub(crate) fn shown(&self, sample: &Sample, key: u32) -> Result<Stimulus, ExperimentError> {
        if !self.presenter.is_plain() {
            return self.presenter.stimulus(sample, key);
        }
        let steps = self.presenter.steps().ok_or(loihi_run::inference::present::PresentError::Steps)?;
        let (input, words) = self.presenter.values(sample, key)?;
        Ok(Stimulus::new(steps).values(0, input, words))
    }

    fn outputs(&self, inference: &mut Inference<'_>) -> Result<Vec<i32>, ExperimentError> {
        if self.placed.programs.words[2] == 0 {
            Ok(Vec::new())
        } else {
            Ok(inference.session().read(Register::Output)?)
        }
    }
}
