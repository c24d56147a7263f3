//! A network that was trained elsewhere, with samples to classify: inference as an experiment.

mod answered;
mod shared;

use answered::{Answered, Tally};
use loihi_core::chip::SnapshotScope;
use loihi_core::num::Fnv64;
use loihi_data::{Sample, Scale};
use loihi_device::session::{Session, SessionError};
use loihi_net::network::{Network, ReadBy};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::Placed;
use loihi_run::inference::labels::labels_of;
use loihi_run::inference::present::{PresentError, Presentation, present, steps_of};
use loihi_run::inference::{Inference, Stimulus};
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::{Planned, RunPosition};
use loihi_task::observer::right_of;
use loihi_task::sample_hash::hash_of;
use loihi_task::stage::resumed;
use loihi_task::{ExperimentError, Metrics, NoObserver, Observer, Outcome, RunOptions, Task, conclude, restore};
use std::num::NonZeroUsize;
use std::sync::OnceLock;

/// A network on its cores, and what it is shown.
#[derive(Debug)]
pub struct Trained {
    /// The network; without a readout it answers nothing.
    pub network: Network,
    /// Where it is.
    pub placed: Placed,
    /// Samples.
    pub items: Vec<Sample>,
    /// How they are shown; the seed of the run is added to its seed.
    pub presentation: Presentation,
    /// Samples of further inputs, as many, and how they are shown; each with the one of the same number.
    pub also: Vec<(Presentation, Vec<Sample>)>,
    /// How numbers became the values of these samples, if they were scaled.
    pub scale: Option<Scale>,
    /// Whether the network's learning rules change weights. If not, samples test what it knows, and nothing is learned.
    pub learn: bool,
    /// How many samples are answered at a time, each on a device of its own, to the same bits as one after the other; `None`: as
    /// many as this machine has processors, one where samples depend on each other or steps are recorded.
    pub jobs: Option<NonZeroUsize>,
}

impl Trained {
    /// Whether it has connections that can learn.
    pub fn has_rules(&self) -> bool {
        self.network.connections.iter().any(|connection| connection.learning.is_some())
    }

    /// The labels of a sample; empty for a network without a readout, whose answers are neither right nor wrong.
    fn labels(&self, item: &Sample, steps: u32) -> Result<Vec<Option<usize>>, PresentError> {
        labels_of(&self.network, item, steps)
    }

    /// What is shown with a number, its spikes drawn from a seed.
    fn stimulus(&self, number: u32, item: &Sample, seed: u32) -> Result<Stimulus, PresentError> {
        let present = |item, presentation| present(&self.network, item, number, &seeded(presentation, seed));
        let mut stimulus = present(item, self.presentation)?;
        for (presentation, items) in &self.also {
            if let Some(item) = items.get(number as usize) {
                stimulus.join(present(item, *presentation)?);
            }
        }
        Ok(stimulus)
    }

    /// Steps that a sample with a number takes.
    fn steps(&self, number: usize, item: &Sample) -> Result<u32, PresentError> {
        let mut steps = steps_of(&self.network, item, &self.presentation)?;
        for (presentation, items) in &self.also {
            if let Some(item) = items.get(number) {
                steps = steps.max(steps_of(&self.network, item, presentation)?);
            }
        }
        Ok(steps)
    }

    /// Hashes of the image, and of all that is shown and how: they differ where what is computed does.
    pub fn asked(&self, seed: u32) -> String {
        let learning = if self.learn { ", learning" } else { "" };
        format!(
            "(image {:016x}, samples {:016x}{learning})",
            self.placed.image.hash(),
            self.planned(&self.items, seed).hash
        )
    }

    /// What a checkpoint says of all samples: one stage, with one readout.
    fn planned(&self, shown: &[Sample], seed: u32) -> Planned {
        let mut hash = Fnv64::new();
        hash.bytes(format!("{:?} {:?}", seeded(self.presentation, seed), self.network.readout).as_bytes());
        for (presentation, items) in &self.also {
            hash.bytes(format!("{:?}", seeded(*presentation, seed)).as_bytes());
            for item in items.iter().take(shown.len()) {
                hash_of(item, &mut hash);
            }
        }
        for item in shown {
            hash_of(item, &mut hash);
        }
        if self.learn {
            hash.bytes(b"learning");
        }
        let name = self.network.name.clone();
        Planned { name, samples: shown.len(), steps: None, readouts: 1, hash: hash.finish() }
    }

    /// Why no sample has an answer, if none has and spikes would be one.
    fn silence(&self, tally: Tally, samples: usize) -> Option<String> {
        let readout = self.network.readout.filter(|own| own.by != ReadBy::Voltage)?;
        let name = &self.network.populations.get(readout.population)?.name;
        let steps = self.network.sample_steps().map_or_else(String::new, |steps| format!(" and a sample has {steps}"));
        (samples > 0 && !tally.is_answered).then(|| {
            format!(
                "`{name}` did not spike in any sample, so none has an answer: lower `v_th`, or give more `steps` or `late_steps` if \
                 spikes arrive too late; they take a step from layer to layer{steps}"
            )
        })
    }

    /// Takes the device where a run stood that was shown the first samples.
    fn restore(
        &self,
        inference: &mut Inference<'_>,
        options: &RunOptions,
        shown: &[Sample],
    ) -> Result<(usize, Tally), ExperimentError> {
        let Some(resume) = &options.resume else { return Ok((0, Tally::default())) };
        let plan = [self.planned(shown, options.seed)];
        let position = resumed(resume, &plan, &self.placed.image, inference)?;
        let before = shown.get(..position.items).unwrap_or_default();
        let (mut expected, mut labelled) = (0, 0_u32);
        for (number, item) in before.iter().enumerate() {
            let steps = self.steps(number, item)?;
            expected += u64::from(steps);
            let labels = self.labels(item, steps)?;
            labelled = labelled.saturating_add(right_of(&labels, &labels)[1]);
        }
        let found = inference.session().ops()?.steps;
        if found != expected {
            return Err(RecordError::OtherState { expected, found }.into());
        }
        let right = position.right.first().copied().unwrap_or(0).min(labelled);
        Ok((before.len(), Tally { labelled, right, is_answered: !before.is_empty() }))
    }
}

/// The samples of a run.
struct Showing<'t> {
    trained: &'t Trained,
    shown: &'t [Sample],
    seed: u32,
    /// What a checkpoint says of them, once one is written.
    plan: OnceLock<Planned>,
}

impl Showing<'_> {
    /// Answers all samples from `first` on, one after the other.
    fn in_turn(
        &self,
        inference: &mut Inference<'_>,
        (first, mut tally): (usize, Tally),
        observer: &mut dyn Observer,
    ) -> Result<Tally, ExperimentError> {
        for (number, item) in (0_u32..).zip(self.shown).skip(first) {
            let answered = Answered::of(self.trained, inference, (number, item), self.seed)?;
            answered.tell((number, item), self.shown.len(), &mut tally, observer)?;
            if observer.wants_checkpoint() {
                let position = self.position(number as usize + 1, tally);
                let session = inference.session();
                let (state, files) = (session.save(SnapshotScope::State)?, session.recorded_files()?);
                observer.checkpoint(&position, &state, files)?;
            }
        }
        Ok(tally)
    }

    /// Where the run stands after the first samples.
    fn position(&self, items: usize, Tally { right, .. }: Tally) -> RunPosition {
        let plan = self.plan.get_or_init(|| self.trained.planned(self.shown, self.seed));
        RunPosition { plan: vec![plan.clone()], items, right: vec![right], ..RunPosition::default() }
    }
}

/// The seed of the run counts from that of the presentation.
fn seeded(presentation: Presentation, seed: u32) -> Presentation {
    Presentation { seed: presentation.seed.wrapping_add(seed), ..presentation }
}

impl Task for Trained {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let image = &self.placed.image;
        let neuron_map = NeuronMap::of_populations(&self.network, &self.placed).map_err(SessionError::from)?;
        observer.image(image, &neuron_map)?;
        self.scale.into_iter().for_each(|scale| observer.scale(scale));
        let shown = &self.items[..options.samples.unwrap_or(usize::MAX).min(self.items.len())];
        let mut inference = Inference::new(session, &self.network, &self.placed)?;
        inference.set_learning(self.learn);
        if let Some(learned) = &options.learned {
            restore(learned, image, inference.session())?;
        }
        let from = self.restore(&mut inference, options, shown)?;
        let showing = Showing { trained: self, shown, seed: options.seed, plan: OnceLock::new() };
        let mut others = self.others(inference.session(), shown.len() - from.0)?;
        let tally = if others.is_empty() {
            showing.in_turn(&mut inference, from, observer)?
        } else {
            showing.shared(&mut inference, &mut others, from, observer)?
        };
        if let Some(what) = self.silence(tally, shown.len()) {
            observer.warn(&what);
        }
        let Tally { labelled, right, is_answered } = tally;
        let mut metrics = Metrics::new();
        if labelled > 0 {
            if is_answered {
                metrics.push("accuracy", f64::from(right) / f64::from(labelled));
            }
            metrics.extend([("right", f64::from(right)), ("labelled", labelled.into())]);
        }
        // What was learned elsewhere is not recorded a second time.
        let mut nobody = NoObserver;
        let observer: &mut dyn Observer = if self.learn { observer } else { &mut nobody };
        let outcome = conclude(session, image, observer, metrics, Vec::new())?;
        Ok(Outcome { samples: Some(shown.len() as u64), scale: self.scale, ..outcome })
    }
}
