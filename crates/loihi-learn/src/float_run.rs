//! A run through the stages of a plan by the float twin, and its last figure.

use crate::online::Online;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_device::session::SessionError;
use loihi_snip::Teaching;
use loihi_task::observer::{Observer, Running};
use loihi_task::stage::{Replay, Showing, Stage};
use loihi_task::task::ExperimentError;
use loihi_twin::FloatTwin;

/// Samples after which it says how far it is.
const SHOWN: usize = 64;

/// Steps of a sample: those in which it is predicted, and those in which it is learned.
#[derive(Clone, Copy)]
struct Steps {
    predict: u32,
    learn: u32,
    /// Whether everything is as before the sample between them.
    reset: bool,
}

impl Online<'_> {
    /// The figure of the last test by decoders in double precision, and what it is called.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn float(
        &self,
        stop: fn() -> bool,
        observer: &mut dyn Observer,
    ) -> Result<Option<(&'static str, f64)>, ExperimentError> {
        let mut memory = Vec::new();
        let mut twin = FloatTwin::new(self.placed, &mut memory)?;
        let total: u64 = self.stages.iter().map(|stage| stage.items.len() as u64).sum();
        let (mut done, mut last) = (0, None);
        for stage in self.stages {
            if stage.fresh {
                twin.forget();
            }
            twin.halve(stage.halvings);
            let mut sum = 0.0;
            for items in stage.items.chunks(SHOWN) {
                if stop() {
                    return Err(SessionError::Stopped.into());
                }
                for item in items {
                    sum += self.float_score(stage, item, &self.float_answer(stage, item, &mut twin)?)?;
                }
                done += items.len() as u64;
                observer.progress(&Running { done, total, stage: "float twin", figure: None });
            }
            if !stage.learns {
                last = Some(self.float_figure(stage, sum));
            }
        }
        Ok(last)
    }

    /// How long a sample of a stage is shown.
    fn float_steps(&self, stage: &Stage) -> Result<Steps, ExperimentError> {
        let steps = || {
            let own = self.presenter.steps().or(self.settings.task.stream.then_some(1));
            own.ok_or(loihi_run::inference::present::PresentError::Steps)
        };
        Ok(match self.settings.divided() {
            Some([predict, learn]) => Steps { predict: predict.into(), learn: learn.into(), reset: false },
            None if !stage.learns => Steps { predict: steps()?, learn: 0, reset: false },
            None if self.is_shown_before(stage) => Steps { predict: steps()?, learn: steps()?, reset: true },
            None => Steps { predict: 0, learn: steps()?, reset: false },
        })
    }

    /// What the decoders of the program that is asked answer to a sample, which they then learn.
    fn float_answer(
        &self,
        stage: &Stage,
        item: &Showing,
        twin: &mut FloatTwin<'_>,
    ) -> Result<Vec<f64>, ExperimentError> {
        if item.replay != Replay::None || !self.presenter.is_plain() {
            let what = "`float_twin` takes samples that a program encodes, without a replay buffer: leave it out";
            return Err(ExperimentError::Plan(what.to_owned()));
        }
        let sample = self.sample(item)?;
        let steps = self.float_steps(stage)?;
        let stimulus = self.presenter.words(sample, item.key)?;
        if !self.settings.task.stream {
            twin.reset();
        }
        twin.sense(&stimulus);
        for _ in 0..steps.predict {
            twin.step(None);
        }
        let words = self.judge().port(stage).map_or(0..0, |port| port.output.clone());
        let answer = twin.outputs(words.clone());
        if !stage.learns {
            return Ok(answer);
        }
        if steps.reset {
            twin.reset();
            twin.sense(&stimulus);
        }
        let targets = self.presenter.targets(&stage.taught, sample)?;
        let targets = if targets.iter().all(|target| *target == NO_TARGET) { None } else { Some(&*targets) };
        for _ in 0..steps.learn {
            twin.step(targets);
        }
        Ok(if steps.predict == 0 { twin.outputs(words) } else { answer })
    }

    /// 1 for a right class; squared errors of values.
    fn float_score(&self, stage: &Stage, item: &Showing, answer: &[f64]) -> Result<f64, ExperimentError> {
        let sample = self.sample(item)?;
        if self.judge().values(stage).is_some() {
            let distance = |(own, target): (&f64, &f32)| (own - f64::from(*target)).powi(2);
            return Ok(answer.iter().zip(&sample.targets).map(distance).sum());
        }
        let candidates = (0_u32..).zip(answer).filter(|(class, _)| stage.can_be(*class));
        let best = candidates.fold(None, |best: Option<(u32, f64)>, (class, own)| match best {
            Some((_, most)) if *own <= most => best,
            _ => Some((class, *own)),
        });
        let right = sample.label.is_some() && best.map(|(class, _)| class) == sample.label;
        Ok(f64::from(u8::from(right)))
    }

    /// Mean of what [`Self::float_score`] says.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn float_figure(&self, stage: &Stage, sum: f64) -> (&'static str, f64) {
        let port = self.judge().port(stage);
        let samples = stage.items.len().max(1) as f64;
        match port.map(|port| (port.teaching, port.output.len())) {
            Some((Teaching::Values { .. }, values)) => {
                ("rmse_test_float", (sum / samples / values.max(1) as f64).sqrt())
            }
            _ => ("accuracy_test_float", sum / samples),
        }
    }
}
