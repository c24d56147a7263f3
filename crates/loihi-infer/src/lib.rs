//! A network that was trained elsewhere, with samples to classify: inference as an experiment.

use loihi_core::chip::SnapshotScope;
use loihi_core::num::Fnv64;
use loihi_data::Sample;
use loihi_device::session::{Session, SessionError};
use loihi_learn::observer::right_of;
use loihi_learn::samples::hash_of;
use loihi_learn::stage::resumed;
use loihi_learn::{
    Answer, ExperimentError, Metrics, NoObserver, Observer, Outcome, RunOptions, Running, Task, conclude, restore,
};
use loihi_net::network::{Network, ReadBy};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::Placed;
use loihi_run::inference::answers::AnswerShape;
use loihi_run::inference::labels::labels_of;
use loihi_run::inference::present::{PresentError, Presentation, present};
use loihi_run::inference::{Inference, Stimulus};
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::{Planned, RunPosition};

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
    /// Whether the network's learning rules change weights. If not, samples test what it knows, and nothing is learned.
    pub learn: bool,
}

/// Answers whose class is known, and those of them that are right.
#[derive(Clone, Copy, Default)]
struct Right {
    labelled: u32,
    right: u32,
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

    /// Takes the device where a run stood that was shown the first samples.
    fn restore(
        &self,
        inference: &mut Inference<'_>,
        options: &RunOptions,
        shown: &[Sample],
    ) -> Result<(usize, Right), ExperimentError> {
        let Some(resume) = &options.resume else { return Ok((0, Right::default())) };
        let plan = [self.planned(shown, options.seed)];
        let position = resumed(resume, &plan, &self.placed.image, inference)?;
        let before = shown.get(..position.items).unwrap_or_default();
        let (mut expected, mut labelled) = (0, 0_u32);
        for (number, item) in (0_u32..).zip(before) {
            let steps = self.stimulus(number, item, options.seed)?.steps;
            expected += u64::from(steps);
            let labels = self.labels(item, steps)?;
            labelled = labelled.saturating_add(right_of(&labels, &labels)[1]);
        }
        let found = inference.session().ops()?.steps;
        if found != expected {
            return Err(RecordError::OtherState { expected, found }.into());
        }
        Ok((before.len(), Right { labelled, right: position.right.first().copied().unwrap_or(0).min(labelled) }))
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
        let shown = &self.items[..options.samples.unwrap_or(usize::MAX).min(self.items.len())];
        let mut inference = Inference::new(session, &self.network, &self.placed)?;
        inference.set_learning(self.learn);
        if let Some(learned) = &options.learned {
            restore(learned, image, inference.session())?;
        }
        let (first, Right { mut labelled, mut right }) = self.restore(&mut inference, options, shown)?;
        let mut plan = None;
        for (number, item) in (0_u32..).zip(shown).skip(first) {
            let stimulus = self.stimulus(number, item, options.seed)?;
            let scores = inference.score(&stimulus)?;
            let steps = stimulus.steps;
            let by = self.network.readout.map_or(ReadBy::Voltage, |readout| readout.by);
            let shape = AnswerShape::of(&self.network, steps);
            let (labels, answers) =
                (self.labels(item, steps)?, shape.map(|shape| shape.answers(by, &scores)).unwrap_or_default());
            let [own_right, own_labelled] = right_of(&labels, &answers);
            labelled = labelled.saturating_add(own_labelled);
            right = right.saturating_add(own_right);
            let (name, scores, labels, answers) = (item.name.as_str(), &*scores, &*labels, &*answers);
            let answer = Answer { number, name, steps, labels, answers, scores, labelled, right };
            observer.answer(&answer)?;
            let figure = answer.accuracy().map(|accuracy| ("accuracy", accuracy));
            observer.progress(&Running { done: u64::from(number) + 1, total: shown.len() as u64, stage: "", figure });
            if observer.wants_checkpoint() {
                let plan = vec![plan.get_or_insert_with(|| self.planned(shown, options.seed)).clone()];
                let items = number as usize + 1;
                let position = RunPosition { plan, items, right: vec![right], ..RunPosition::default() };
                let session = inference.session();
                let (state, files) = (session.save(SnapshotScope::State)?, session.recorded_files()?);
                observer.checkpoint(&position, &state, files)?;
            }
        }
        let mut metrics = Metrics::new();
        if labelled > 0 {
            metrics.push("accuracy", f64::from(right) / f64::from(labelled));
            metrics.extend([("right", f64::from(right)), ("labelled", labelled.into())]);
        }
        // What was learned elsewhere is not recorded a second time.
        let mut nobody = NoObserver;
        let observer: &mut dyn Observer = if self.learn { observer } else { &mut nobody };
        let outcome = conclude(session, image, observer, metrics, Vec::new())?;
        Ok(Outcome { samples: Some(shown.len() as u64), ..outcome })
    }
}
