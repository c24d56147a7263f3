//! Samples shown one at a time to a network that classifies them: stages of learning and of testing, in an order that is
//! known before anything runs.

use crate::data::{Dataset, Example};
use crate::score::{Score, learning_metrics, share};
use crate::{ExperimentError, MetricsRow, Observer, Outcome, RunOptions, Running, load, mailbox, sizes};
use loihi_core::chip::{ResetScope, SnapshotScope};
use loihi_core::num::{Fnv64, word};
use loihi_core::register::Register;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_core::wire::message::Record;
use loihi_device::session::Session;
use loihi_image::image::ImageFile;
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::{Planned, RunPosition};

/// Samples that are sent at a time.
const CHUNK: usize = 16;

/// Words of a network's mailboxes, and how long it looks at a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Steps of a sample.
    pub steps: u16,
    /// Words of the target mailbox.
    pub target_words: usize,
    /// Words of the output mailbox.
    pub output_words: usize,
}

/// A readout: where it is told what is right, and where it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// First of its target words.
    pub target_first: usize,
    /// Target of the right class.
    pub right: i16,
    /// Target of any other class.
    pub wrong: i16,
    /// First of its output words.
    pub output_first: usize,
    /// Classes.
    pub classes: usize,
}

/// A sample in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing<'d> {
    /// What is shown.
    pub sample: &'d Example,
    /// Names the showing, so that its spikes are its own. A sample that the device recalls is named by the step.
    pub key: u32,
    /// The slot of the device's replay buffer in which it is kept, or from which it is taken without being sent.
    pub replay: Replay,
}

/// What the device's replay buffer does with a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nothing.
    None,
    /// Keeps it in this slot.
    Keep(u16),
    /// Shows what is in this slot.
    Recall(u16),
}

/// Keys of the samples that are tested, apart from those that are learned.
const TEST_KEY: u32 = 1 << 30;

/// Training samples, each named by its place and the number of the pass.
pub fn to_learn<'d>(samples: impl IntoIterator<Item = &'d Example>, pass: u32) -> Vec<Showing<'d>> {
    (pass << 20..).zip(samples).map(|(key, sample)| Showing { sample, key, replay: Replay::None }).collect()
}

/// Test samples, each named by its place.
pub fn to_test<'d>(samples: impl IntoIterator<Item = &'d Example>) -> Vec<Showing<'d>> {
    (TEST_KEY..).zip(samples).map(|(key, sample)| Showing { sample, key, replay: Replay::None }).collect()
}

/// A part of a run.
#[derive(Clone, Debug)]
pub struct Stage<'d> {
    /// What users see.
    pub name: String,
    /// Whether everything is as after loading before it begins.
    pub fresh: bool,
    /// Words of [`Register::Rate`] and what is written there before it begins.
    pub rates: Vec<(usize, i32)>,
    /// Readouts that learn.
    pub taught: Vec<Port>,
    /// Readouts that are asked; the last one's accuracy is the stage's.
    pub asked: Vec<Port>,
    /// Classes that can be the answer; all if empty.
    pub among: Vec<u8>,
    /// What is shown, in order.
    pub items: Vec<Showing<'d>>,
}

impl<'d> Stage<'d> {
    /// A stage that asks one readout and teaches none.
    pub fn asking(name: String, port: Port, among: &[u8], items: Vec<Showing<'d>>) -> Self {
        Self {
            name,
            fresh: false,
            rates: Vec::new(),
            taught: Vec::new(),
            asked: vec![port],
            among: among.to_vec(),
            items,
        }
    }
}

impl Stage<'_> {
    /// What a checkpoint says of it.
    fn planned(&self, interface: Interface) -> Planned {
        let Self { name, fresh, rates, taught, asked, among, items } = self;
        let mut hash = Fnv64::new();
        hash.bytes(format!("{interface:?} {fresh} {rates:?} {taught:?} {asked:?} {among:?}").as_bytes());
        for Showing { sample, key, replay } in items {
            hash.bytes(&key.to_le_bytes());
            hash.bytes(format!("{replay:?} {}", sample.label).as_bytes());
            hash.bytes(&sample.values);
        }
        let (name, steps) = (name.clone(), Some(u64::from(interface.steps)));
        Planned { name, samples: items.len(), steps, readouts: asked.len(), hash: hash.finish() }
    }
}

/// In an order that follows from a seed and a number.
pub fn shuffled<T: Copy>(values: &[T], seed: u32, number: u32) -> Vec<T> {
    let mut order: Vec<(u32, T)> = (0..).zip(values).map(|(at, value)| (word(seed, at, number, 98), *value)).collect();
    order.sort_by_key(|(draw, _)| *draw);
    order.into_iter().map(|(_, value)| value).collect()
}

/// Epochs over the training set, each followed by a test.
///
/// # Errors
/// [`ExperimentError::TooLong`], [`ExperimentError::Epochs`].
pub fn epochs<'d>(
    data: &'d Dataset,
    epochs: u32,
    taught: Port,
    asked: &[Port],
) -> Result<Vec<Stage<'d>>, ExperimentError> {
    sizes::epochs_over(data.training.len() + data.test.len(), epochs)?;
    let stage = |name: String, taught, items| Stage {
        name,
        fresh: false,
        rates: Vec::new(),
        taught,
        asked: asked.to_vec(),
        among: Vec::new(),
        items,
    };
    let pass = |pass: u32| {
        let learn = to_learn(&data.training, pass);
        let test = to_test(&data.test);
        [
            stage(format!("learn, pass {}", pass + 1), vec![taught], learn),
            stage(format!("test after pass {}", pass + 1), Vec::new(), test),
        ]
    };
    Ok((0..epochs).flat_map(pass).collect())
}

/// Loads the image, and the state that the run starts or resumes from.
///
/// # Errors
/// [`ExperimentError`].
pub fn start(
    session: &mut Session,
    image: &ImageFile,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<(), ExperimentError> {
    load(session, image, &RunOptions { resume: None, data: None, ..options.clone() }, observer)?;
    if let Some(checkpoint) = &options.resume {
        if checkpoint.image_hash != image.hash() {
            return Err(RecordError::OtherImage { expected: image.hash(), found: checkpoint.image_hash }.into());
        }
        session.restore(SnapshotScope::State, &checkpoint.state)?;
    }
    Ok(())
}

/// Goes through the stages, from the beginning or from where a run stood, and reports each; returns their scores.
///
/// # Errors
/// [`ExperimentError`].
pub fn run(
    stages: &[Stage<'_>],
    interface: Interface,
    session: &mut Session,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Vec<Score>, ExperimentError> {
    let total: u64 = stages.iter().map(|stage| stage.items.len() as u64).sum();
    let plan: Vec<Planned> = stages.iter().map(|stage| stage.planned(interface)).collect();
    let mut position = match &options.resume {
        None => RunPosition { plan, ..RunPosition::default() },
        Some(resume) => {
            go_on(&resume.position, &plan, session)?;
            resume.position.clone()
        }
    };
    let mut done: u64 = stages.iter().take(position.stage).map(|stage| stage.items.len() as u64).sum();
    done += position.items as u64;
    while let Some(stage) = stages.get(position.stage) {
        if position.items == 0 {
            enter(stage, session, &mut position)?;
        }
        for items in stage.items.get(position.items..).unwrap_or_default().chunks(CHUNK) {
            show(stage, items, interface, session, &mut position.right)?;
            done += items.len() as u64;
            position.items += items.len();
            let accuracy = share(position.right.last().copied(), position.items);
            observer.progress(&Running { done, total, stage: &stage.name, figure: Some(("accuracy", accuracy)) });
            if observer.wants_checkpoint() {
                let (state, files) = (session.save(SnapshotScope::State)?, session.recorded_files()?);
                observer.checkpoint(&position, &state, files)?;
            }
        }
        let ops = session.ops()?.since(&position.before);
        let score = Score {
            right: std::mem::take(&mut position.right),
            ops,
            samples: stage.items.len(),
            squared_error_q20: 0,
            confusion: Vec::new(),
        };
        let samples = f64::from(u32::try_from(score.samples).unwrap_or(u32::MAX));
        let mut metrics = vec![("accuracy", score.accuracy()), ("samples", samples)];
        metrics.extend(learning_metrics(&score));
        position.scores.push(score);
        (position.stage, position.items) = (position.stage + 1, 0);
        let digest = session.digest()?.total();
        let pass = u32::try_from(position.stage).unwrap_or(u32::MAX);
        observer.row(&MetricsRow { pass, stage: Some(stage.name.clone()), metrics, digest })?;
    }
    Ok(position.scores)
}

/// Whether a run that stood there is this one, and the device is where it stood.
///
/// # Errors
/// [`ExperimentError::OtherPlan`], [`RecordError::OtherState`].
pub fn go_on(position: &RunPosition, plan: &[Planned], session: &mut Session) -> Result<(), ExperimentError> {
    if position.plan != plan {
        return Err(ExperimentError::OtherPlan { found: position.plan.len(), expected: plan.len() });
    }
    Ok(position.check_state(&session.ops()?)?)
}

/// What there is to do before the first sample of a stage.
fn enter(stage: &Stage<'_>, session: &mut Session, position: &mut RunPosition) -> Result<(), ExperimentError> {
    if stage.fresh {
        session.reset(ResetScope::All)?;
    }
    for (word, rate) in &stage.rates {
        session.write(Register::Rate, *word, &[*rate])?;
    }
    position.before = session.ops()?;
    position.right = vec![0; stage.asked.len()];
    Ok(())
}

/// Shows samples and counts the right answers of every readout.
fn show(
    stage: &Stage<'_>,
    items: &[Showing<'_>],
    interface: Interface,
    session: &mut Session,
    right: &mut [u32],
) -> Result<(), ExperimentError> {
    let words: Vec<(Vec<u8>, Vec<u8>)> = items
        .iter()
        .map(|item| match item.replay {
            Replay::Recall(_) => (Vec::new(), Vec::new()),
            _ => (mailbox(stimulus(item)), mailbox(targets(&stage.taught, interface.target_words, item))),
        })
        .collect();
    let learn = !stage.taught.is_empty();
    let records = items.iter().zip(&words).map(|(item, (stimulus, target))| {
        let (recall, keep) = match item.replay {
            Replay::None => (0, 0),
            Replay::Keep(slot) => (0, slot + 1),
            Replay::Recall(slot) => (slot + 1, 0),
        };
        Record { reset: true, learn, steps: interface.steps, recall, keep, stimulus, target, ..Record::PLAIN }
    });
    let mut shown = items.iter();
    session.stream(records, |outputs| {
        let Some(item) = shown.next() else { return };
        for (port, right) in stage.asked.iter().zip(right.iter_mut()) {
            *right += u32::from(answer(outputs, *port, &stage.among) == Some(item.sample.label));
        }
    })?;
    Ok(())
}

/// The values, then the key.
fn stimulus(item: &Showing<'_>) -> impl Iterator<Item = i16> {
    let [a, b, c, d] = item.key.to_le_bytes();
    let key = [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])];
    item.sample.values.iter().map(|value| i16::from(*value)).chain(key)
}

/// The words of the readouts that learn; the others are told nothing.
fn targets(taught: &[Port], words: usize, item: &Showing<'_>) -> Vec<i16> {
    let mut targets = vec![NO_TARGET; words];
    for port in taught {
        for (class, word) in targets.iter_mut().skip(port.target_first).take(port.classes).enumerate() {
            *word = if class == usize::from(item.sample.label) { port.right } else { port.wrong };
        }
    }
    targets
}

/// The first class with the largest output, among those that can be.
fn answer(outputs: &[i32], port: Port, among: &[u8]) -> Option<u8> {
    let classes = (0_u8..).zip(outputs.iter().skip(port.output_first).take(port.classes));
    let candidates = classes.filter(|(class, _)| among.is_empty() || among.contains(class));
    let best = candidates.fold(None, |best: Option<(u8, i32)>, (class, output)| match best {
        Some((_, most)) if *output <= most => best,
        _ => Some((class, *output)),
    });
    best.map(|(class, _)| class)
}

/// An outcome that counts the steps and samples of all stages, also of those before everything began anew.
pub fn of_stages(outcome: Outcome, scores: &[Score]) -> Outcome {
    Outcome {
        steps: scores.iter().map(|score| score.ops.steps).sum(),
        samples: Some(scores.iter().map(|score| score.samples as u64).sum()),
        ..outcome
    }
}

/// The part of a data set that a run is to see.
pub fn select(data: Dataset, options: &RunOptions, validation_samples: usize) -> Dataset {
    let data = if options.validate { data.validation(validation_samples) } else { data };
    match options.samples {
        Some(samples) => data.shortened(samples),
        None => data,
    }
}
