//! Samples that several devices answer at a time, in the order and with the bits of one.
//!
//! A sample of a network that does not learn leaves nothing to the next one but the number of steps, by which random numbers
//! are drawn, and counts. So each device takes batches of samples, and starts a batch from the same state, at the step that a
//! single device would have reached.

use crate::answered::{Answered, Tally};
use crate::{Showing, Trained};
use loihi_core::chip::{Chip, SnapshotScope};
use loihi_core::ops::OpCounts;
use loihi_device::session::{Session, SessionError, count_as};
use loihi_run::inference::Inference;
use loihi_task::{ExperimentError, Observer};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, Builder};

/// Most bytes of images and states, summed over devices, for which several devices are used by default.
const BYTES_UNASKED_MAX: usize = 1 << 30;

/// Most samples of a batch.
const BATCH_MAX: usize = 64;

/// Batches for each device: enough that all devices finish at about the same time.
const BATCHES_PER_DEVICE: usize = 16;

/// What is left to do.
struct Queue {
    /// The next sample.
    next: usize,
    /// Steps before it.
    steps: u64,
    /// Samples of a batch.
    size: usize,
}

/// Samples that one device answers, one after the other.
struct Batch {
    items: Range<usize>,
    /// Steps before them.
    steps: u64,
}

/// What came of a batch.
struct Done {
    answers: Vec<Answered>,
    /// What was counted, and all state after the last sample of all; or why there are no more answers.
    end: Result<(OpCounts, Option<Vec<u8>>), ExperimentError>,
}

/// How far the observer was told of the run.
struct Told {
    /// Samples.
    items: usize,
    tally: Tally,
    ops: OpCounts,
    /// All state before the first sample.
    start: Vec<u8>,
    /// All state after the last one.
    end: Option<Vec<u8>>,
    /// Batches that were answered before their turn, by their first sample.
    waiting: BTreeMap<usize, Done>,
}

impl Trained {
    /// Further devices that answer samples at the same time as this one: as many as `--jobs` says, by default one for each
    /// further processor.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`] if several were asked for where samples need one.
    pub(crate) fn others(&self, session: &mut Session, samples: usize) -> Result<Vec<Session>, ExperimentError> {
        let others = match (self.jobs, self.dependence(session)?) {
            (Some(NonZeroUsize::MIN), _) | (None, Some(_)) => 0,
            (Some(_), Some(why)) => return Err(refused(why)),
            (Some(jobs), None) => jobs.get() - 1,
            (None, None) => {
                let image = self.placed.image.open().map_err(SessionError::from)?;
                let bytes = self.placed.image.bytes().len() + Chip::bytes_needed(&image, self.placed.image.snips());
                let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
                processors.min(BYTES_UNASKED_MAX / bytes.max(1)).saturating_sub(1)
            }
        };
        let mut sessions = Vec::new();
        for _ in 0..others.min(samples.saturating_sub(1)) {
            match session.another() {
                Some(Ok(another)) => sessions.push(another),
                Some(Err(error)) if self.jobs.is_some() => return Err(error.into()),
                None if self.jobs.is_some() => {
                    let why = format!("the device {} answers one sample after the other", session.device_name());
                    return Err(refused(&why));
                }
                _ => break,
            }
        }
        Ok(sessions)
    }

    /// Why samples have to be answered one after the other; `None` if they need not.
    fn dependence(&self, session: &Session) -> Result<Option<&'static str>, ExperimentError> {
        let image = self.placed.image.open().map_err(SessionError::from)?;
        let snips = image.snips().len();
        let learns = image.snips().any(|snip| self.placed.image.learned_words(&snip) > 0);
        Ok(if self.learn {
            Some("samples that are learned follow each other")
        } else if learns || snips > 1 {
            // What one program has left may change what the others count.
            Some("programs of the embedded CPU keep something from one sample to the next")
        } else if session.is_watched() {
            Some("what is recorded of steps is recorded one sample after the other")
        } else {
            None
        })
    }
}

fn refused(why: &str) -> ExperimentError {
    ExperimentError::Plan(format!("{why}: leave out --jobs, or give --jobs 1"))
}

impl Showing<'_> {
    /// Answers all samples from `first` on with `inference` and the others, and tells the observer of them in their order. The
    /// device of `inference` ends in the state in which it would have ended alone.
    ///
    /// # Errors
    /// The first one, after the observer was told of all answers before it.
    pub(crate) fn shared(
        &self,
        inference: &mut Inference<'_>,
        others: &mut [Session],
        (first, tally): (usize, Tally),
        observer: &mut dyn Observer,
    ) -> Result<Tally, ExperimentError> {
        let Trained { network, placed, .. } = self.trained;
        let state = inference.session().save(SnapshotScope::State)?;
        let ops = inference.session().ops()?;
        let others: Vec<Inference<'_>> =
            others.iter_mut().map(|session| Inference::new(session, network, placed)).collect::<Result<_, _>>()?;
        let batches = (others.len() + 1) * BATCHES_PER_DEVICE;
        let size = ((self.shown.len() - first) / batches).clamp(1, BATCH_MAX);
        let queue = &Mutex::new(Queue { next: first, steps: ops.steps, size });
        let mut told = Told { items: first, tally, ops, start: state.clone(), end: None, waiting: BTreeMap::new() };
        thread::scope(|scope| {
            // This one has the first batch, with which what it records begins.
            let own = self.take(queue);
            let (sender, done) = mpsc::channel();
            for other in others {
                let (sender, state) = (sender.clone(), state.clone());
                let work = move || self.work(other, state, queue, &sender);
                if Builder::new().spawn_scoped(scope, work).is_err() {
                    // The system starts no more threads: those that there are answer all samples.
                    break;
                }
            }
            drop(sender);
            let result = self.work_and_tell(inference, (own, queue), &done, &mut told, observer);
            // The other threads find no more work.
            self.empty(queue);
            result
        })?;
        if let Some(mut state) = told.end {
            inference.session().restore_counted(&mut state, told.ops)?;
            inference.restored()?;
        }
        Ok(told.tally)
    }

    /// Answers batches until there are none, or the receiver is gone.
    fn work(
        &self,
        mut inference: Inference<'_>,
        mut state: Vec<u8>,
        queue: &Mutex<Queue>,
        sender: &mpsc::Sender<(usize, Done)>,
    ) {
        while let Some(batch) = self.take(queue) {
            let done = self.answer(&mut inference, &mut state, &batch);
            if sender.send((batch.items.start, done)).is_err() {
                return;
            }
        }
    }

    /// The same, and tells the observer of all batches in their order.
    fn work_and_tell(
        &self,
        inference: &mut Inference<'_>,
        (mut own, queue): (Option<Batch>, &Mutex<Queue>),
        done: &mpsc::Receiver<(usize, Done)>,
        told: &mut Told,
        observer: &mut dyn Observer,
    ) -> Result<(), ExperimentError> {
        let mut state = told.start.clone();
        while let Some(batch) = own {
            told.waiting.insert(batch.items.start, self.answer(inference, &mut state, &batch));
            told.waiting.extend(done.try_iter());
            self.tell(told, inference.session(), observer)?;
            own = self.take(queue);
        }
        while let Ok((first, came)) = done.recv() {
            told.waiting.insert(first, came);
            self.tell(told, inference.session(), observer)?;
        }
        Ok(())
    }

    /// The next samples, if there are any.
    fn take(&self, queue: &Mutex<Queue>) -> Option<Batch> {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let items = queue.next..queue.next.saturating_add(queue.size).min(self.shown.len());
        let batch = Batch { steps: queue.steps, items: items.clone() };
        for number in items.clone() {
            // The run ends at a sample that cannot be shown, so that its steps do not matter.
            queue.steps += u64::from(self.trained.steps(number, &self.shown[number]).unwrap_or(0));
        }
        queue.next = items.end;
        (!items.is_empty()).then_some(batch)
    }

    /// Leaves nothing to do.
    fn empty(&self, queue: &Mutex<Queue>) {
        queue.lock().unwrap_or_else(PoisonError::into_inner).next = self.shown.len();
    }

    /// Answers samples from a state in which as many steps were computed as before them.
    fn answer(&self, inference: &mut Inference<'_>, state: &mut [u8], batch: &Batch) -> Done {
        let mut answers = Vec::new();
        let mut answer = || {
            let before = OpCounts { steps: batch.steps, ..OpCounts::default() };
            inference.session().restore_counted(state, before)?;
            inference.restored()?;
            for (number, item) in (0_u32..).zip(self.shown).take(batch.items.end).skip(batch.items.start) {
                answers.push(Answered::of(self.trained, inference, (number, item), self.seed)?);
            }
            let ops = inference.session().ops()?.since(&before);
            let is_last = batch.items.end == self.shown.len();
            let state = is_last.then(|| inference.session().save(SnapshotScope::State)).transpose()?;
            Ok((ops, state))
        };
        let end = answer();
        Done { answers, end }
    }

    /// Tells the observer of the batches whose turn it is.
    fn tell(&self, told: &mut Told, session: &mut Session, observer: &mut dyn Observer) -> Result<(), ExperimentError> {
        while let Some(Done { answers, end }) = told.waiting.remove(&told.items) {
            for answered in answers {
                let (number, item) = (u32::try_from(told.items).unwrap_or(u32::MAX), &self.shown[told.items]);
                answered.tell((number, item), self.shown.len(), &mut told.tally, observer)?;
                told.items += 1;
            }
            let (ops, state) = end?;
            told.ops = told.ops.plus(&ops);
            told.end = state;
            // The next sample starts from rest, so that the state of the start is as good as that of now.
            if told.end.is_none() && observer.wants_checkpoint() {
                count_as(&mut told.start, told.ops);
                let position = self.position(told.items, told.tally);
                observer.checkpoint(&position, &told.start, session.recorded_files()?)?;
            }
        }
        Ok(())
    }
}
