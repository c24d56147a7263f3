//! A network that was trained elsewhere, with samples to classify: inference as an experiment.

use super::{Answer, ExperimentError, Metrics, Options, Outcome, Running, Task, Watch, conclude};
use crate::data::collection::Item;
use crate::device::session::{Session, SessionError};
use crate::inference::present::{Presentation, present};
use crate::inference::{Inference, winner};
use crate::network::{Network, ReadBy};
use crate::place::Placed;
use crate::roster::Roster;

/// A network on its cores, and what it is shown.
#[derive(Debug)]
pub struct Trained {
    /// The network; without a readout it answers nothing.
    pub network: Network,
    /// Where it is.
    pub placed: Placed,
    /// Samples.
    pub items: Vec<Item>,
    /// How they are shown.
    pub presentation: Presentation,
}

impl Task for Trained {
    fn run(&self, session: &mut Session, options: &Options, watch: &mut dyn Watch) -> Result<Outcome, ExperimentError> {
        let image = &self.placed.image;
        if options.resume.is_some() {
            return Err(ExperimentError::NotResumable);
        }
        let roster = Roster::of_populations(&self.network, &self.placed).map_err(SessionError::from)?;
        watch.image(image, &roster)?;
        let shown = &self.items[..options.samples.unwrap_or(usize::MAX).min(self.items.len())];
        let mut inference = Inference::new(session, &self.network, &self.placed)?;
        if let Some(learned) = &options.learned {
            learned.restore(image, inference.session())?;
        }
        let (mut labelled, mut right) = (0, 0);
        for (number, item) in (0_u32..).zip(shown) {
            let stimulus = present(&self.network, item, number, &self.presentation)?;
            let scores = inference.score(&stimulus)?;
            // Who reads spikes has no answer where there were none.
            let by_spikes = self.network.readout.is_some_and(|readout| readout.by != ReadBy::Voltage);
            let silent = by_spikes && scores.iter().all(|score| *score == 0);
            let answer = winner(&scores).filter(|_| !silent).and_then(|class| u32::try_from(class).ok());
            // A network that answers nothing is neither right nor wrong.
            let label = item.label.filter(|_| self.network.readout.is_some());
            labelled += u32::from(label.is_some());
            right += u32::from(label.is_some() && label == answer);
            let (name, scores) = (item.name.as_str(), scores.as_slice());
            let answer = Answer { number, name, steps: stimulus.steps, label, answer, scores, labelled, right };
            watch.answer(&answer)?;
            let figure = answer.accuracy().map(|accuracy| ("accuracy", accuracy));
            watch.progress(&Running { done: u64::from(number) + 1, total: shown.len() as u64, stage: "", figure });
        }
        let mut metrics = Metrics::new();
        if labelled > 0 {
            metrics.push(("accuracy", f64::from(right) / f64::from(labelled)));
            metrics.extend([("right", right.into()), ("labelled", labelled.into())]);
        }
        let outcome = conclude(session, image, watch, metrics, Vec::new())?;
        Ok(Outcome { samples: Some(shown.len() as u64), ..outcome })
    }
}
