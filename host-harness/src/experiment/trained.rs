//! A network that was trained elsewhere, with samples to classify: inference as an experiment, for tables of costs.

use super::{ExperimentError, Options, Outcome, Task, Watch, conclude};
use crate::data::collection::Item;
use crate::device::session::Session;
use crate::inference::present::{Presentation, present};
use crate::inference::{Inference, winner};
use crate::network::Network;
use crate::place::Placed;

/// A network on its cores, and what it is shown.
#[derive(Debug)]
pub struct Trained {
    /// The network, with a readout.
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
        if options.resume.is_some() || options.learned.is_some() {
            return Err(ExperimentError::NotResumable);
        }
        watch.image(&self.placed.image)?;
        let shown = &self.items[..options.samples.unwrap_or(usize::MAX).min(self.items.len())];
        let mut inference = Inference::new(session, &self.network, &self.placed)?;
        let (mut labelled, mut right) = (0_u32, 0_u32);
        for (number, item) in (0_u32..).zip(shown) {
            let stimulus = present(&self.network, item, number, &self.presentation)?;
            let answer = winner(&inference.score(&stimulus)?);
            let label = item.label.and_then(|label| usize::try_from(label).ok());
            labelled += u32::from(label.is_some());
            right += u32::from(label.is_some() && label == answer);
            watch.progress(u64::from(number) + 1, shown.len() as u64, "");
        }
        let accuracy = (labelled > 0).then(|| ("accuracy", f64::from(right) / f64::from(labelled)));
        let outcome = conclude(session, &self.placed.image, watch, accuracy.into_iter().collect(), Vec::new())?;
        Ok(Outcome { samples: Some(shown.len() as u64), ..outcome })
    }
}
