//! Training: epoch after epoch, batch after batch, on several threads with the same weights as on one.

use crate::answers::{Answers, barely_scored, mostly_silent, silence};
use crate::average::Average;
use crate::calibrate;
use crate::checkpoint::{Position, Progress};
use crate::error::TrainError;
use crate::layers::Model;
use crate::observer::{EpochRow, Observer};
use crate::optimiser::Moments;
use crate::rewire::{self, Rewiring};
use crate::settings::TrainForm;
use crate::shard::{Goal, Shard, Tally};
use crate::subject::Subject;
use crate::threads::each;
use loihi_adjoint::arithmetic::{Derivatives, Reset};
use loihi_adjoint::rate::Backward;
use loihi_core::num::word;
use loihi_task::samples::shuffled;
use std::borrow::Cow;
use std::num::NonZeroUsize;

/// Parts of a batch at most: a gradient each, whatever the number of threads, so that sums are the same with any.
const SHARDS_MAX: usize = 8;
/// Samples of a part at least: fewer make small products.
const SHARD_SAMPLES_MIN: usize = 16;
/// Samples from which thresholds are chosen.
const CALIBRATION_SAMPLES: usize = 256;
/// Betas of the optimiser.
const BETAS: [f32; 2] = [0.9, 0.999];

/// A training under way.
#[derive(Debug)]
pub struct Trainer<'s> {
    subject: &'s Subject,
    model: Model,
    moments: Vec<Moments>,
    /// The rewiring of each group of parameters, `None` if it is not rewired.
    rewirings: Vec<Option<Rewiring>>,
    /// Means over the last epochs, if there are to be any.
    average: Option<Average>,
    position: Position,
    jobs: NonZeroUsize,
    last: Option<EpochRow>,
}

impl<'s> Trainer<'s> {
    /// From the beginning.
    ///
    /// # Errors
    /// [`TrainError::Network`].
    pub fn new(subject: &'s Subject, jobs: NonZeroUsize) -> Result<Self, TrainError> {
        let mut model = Model::new(&subject.network, &subject.form)?;
        let rewirings = rewire::begin(&mut model, &subject.network, &subject.form, subject.seed);
        if let Some(share) = subject.form.v_th_rate {
            let places: Vec<usize> = (0..subject.samples.training.len().min(CALIBRATION_SAMPLES)).collect();
            calibrate::thresholds(&mut model, &subject.to_learn(&places, 0)?, share);
        }
        let moments = model.parameters.iter().map(|own| Moments::new(own.values.len())).collect();
        let average =
            (subject.form.average_epochs > 0).then(|| Average::new(&model.parameters, begin_of_mean(subject)));
        Ok(Self { subject, model, moments, rewirings, average, position: Position::default(), jobs, last: None })
    }

    /// From where a checkpoint stands.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`].
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), TrainError> {
        self.progress().restore(bytes)?;
        let Position { epoch, batch, .. } = self.position;
        if epoch > self.subject.form.epochs || batch > self.batches() {
            return Err(TrainError::Checkpoint(format!("it is in epoch {}, batch {batch}", epoch + 1)));
        }
        self.model.fold(&self.subject.network);
        Ok(())
    }

    /// The network as it is trained so far, with means where these have begun.
    pub fn model(&self) -> Cow<'_, Model> {
        let mut model = Cow::Borrowed(&self.model);
        if let Some(average) = self.average.as_ref().filter(|own| own.is_begun(self.position.steps)) {
            let own = model.to_mut();
            average.write(&mut own.parameters);
            own.fold(&self.subject.network);
        }
        model
    }

    fn batches(&self) -> usize {
        batches(self.subject)
    }

    fn progress(&mut self) -> Progress<'_> {
        Progress {
            position: &mut self.position,
            model: &mut self.model,
            moments: &mut self.moments,
            average: &mut self.average,
        }
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// [`TrainError`]; when training is stopped a last checkpoint is handed on. When it diverges none is: it would diverge again.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let done = self.epochs(observer);
        if matches!(done, Err(TrainError::Stopped)) {
            observer.checkpoint(&self.progress().to_bytes())?;
        }
        done
    }

    fn epochs(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let form = &self.subject.form;
        let (batches, total) = (self.batches(), self.batches() as u64 * u64::from(form.epochs));
        let mut shards: Vec<Shard> = Vec::new();
        while self.position.epoch < form.epochs {
            let order = order(self.subject, self.position.epoch);
            while self.position.batch < batches {
                if observer.stops() {
                    return Err(TrainError::Stopped);
                }
                let first = self.position.batch * form.batch;
                let places = &order[first..(first + form.batch).min(order.len())];
                self.batch(places, &mut shards)?;
                self.position.batch += 1;
                let done = u64::from(self.position.epoch) * batches as u64 + self.position.batch as u64;
                observer.progress(done, total, self.position.epoch + 1, self.last.as_ref());
                if observer.wants_checkpoint() {
                    observer.checkpoint(&self.progress().to_bytes())?;
                }
            }
            let row = self.row()?;
            if self.position.epoch == 0 {
                self.silence(&self.position.tally).iter().for_each(|what| observer.warn(what));
                let classes = self.model.answer_shape(0).classes;
                if let Some(what) = barely_scored(&self.subject.form, classes, row.loss, row.accuracy_train) {
                    observer.warn(&what);
                }
            }
            observer.epoch(&row)?;
            self.last = Some(row);
            self.position =
                Position { epoch: self.position.epoch + 1, steps: self.position.steps, ..Position::default() };
        }
        Ok(())
    }

    /// Learns a batch.
    fn batch(&mut self, places: &[usize], shards: &mut Vec<Shard>) -> Result<(), TrainError> {
        let Position { epoch, batch, .. } = self.position;
        let (subject, form, model) = (self.subject, &self.subject.form, &self.model);
        let parts = places.len().div_ceil(SHARD_SAMPLES_MIN).clamp(1, SHARDS_MAX);
        let parts: Vec<&[usize]> = places.chunks(places.len().div_ceil(parts).max(1)).collect();
        shards.resize_with(parts.len(), Shard::default);
        let goal = goal(form);
        let learned = each(shards, self.jobs, |number, shard| {
            shard.batch = subject.to_learn(parts[number], epoch)?;
            shard.learn(model, &goal, places.len());
            Ok(())
        });
        learned.into_iter().collect::<Result<Vec<()>, TrainError>>()?;
        let mut tally = Tally::default();
        for shard in &*shards {
            tally.add(&shard.tally);
        }
        let diverged = |what: &str| TrainError::Diverged { what: what.to_owned(), epoch: epoch + 1, batch: batch + 1 };
        if !tally.loss.is_finite() {
            return Err(diverged("the loss"));
        }
        let norm = sum(shards, |number, gradient| {
            if self.rewirings[number].is_some() {
                Rewiring::mask(gradient, &self.model.parameters[number].values);
            }
        });
        // The optimiser squares what it is given.
        let given = if form.clip_norm > 0.0 { norm.min(form.clip_norm) } else { norm };
        if !norm.is_finite() || !(given * given).is_finite() {
            return Err(diverged("the gradient"));
        }
        self.position.tally.add(&tally);
        self.descend(shards, norm);
        Ok(())
    }

    /// Moves everything that is trained by the gradient of a batch.
    fn descend(&mut self, shards: &mut [Shard], norm: f32) {
        let form = &self.subject.form;
        let done = f64::from(self.position.steps);
        #[expect(clippy::cast_precision_loss, reason = "a share of all steps")]
        let total = (self.batches() as f64 * f64::from(form.epochs)).max(1.0);
        self.position.steps += 1;
        let Some(first) = shards.first_mut() else { return };
        if form.clip_norm > 0.0 && norm > form.clip_norm {
            let share = form.clip_norm / norm;
            first.gradients.iter_mut().flatten().for_each(|value| *value *= share);
        }
        let (number, share) = (self.position.steps, form.schedule.share(done / total));
        let parts = self.model.parameters.iter_mut().zip(&first.gradients).zip(&mut self.moments).zip(&self.rewirings);
        for (((own, gradient), moments), rewiring) in parts {
            let optimiser = own.optimiser(share, BETAS);
            optimiser.step(number, &mut own.values, gradient, moments, own.grid.range());
            if let Some(rewiring) = rewiring {
                rewiring.step(number, optimiser.rate, own, moments);
            }
        }
        if let Some(average) = &mut self.average {
            average.add(number, &self.model.parameters);
        }
        self.model.fold(&self.subject.network);
    }

    /// What an epoch has come to.
    fn row(&self) -> Result<EpochRow, TrainError> {
        let Position { epoch, steps, tally, .. } = &self.position;
        #[expect(clippy::cast_precision_loss, reason = "shares may be rounded")]
        let (samples, total) =
            (tally.samples.max(1) as f64, self.batches() as f64 * f64::from(self.subject.form.epochs));
        let rates = self.model.neurons.iter().enumerate();
        let row = EpochRow {
            epoch: epoch + 1,
            loss: tally.loss / samples,
            accuracy_train: tally.accuracy(),
            validates: false,
            accuracy_validation: None,
            rate: f64::from(self.subject.form.rate) * self.subject.form.schedule.share(f64::from(*steps) / total),
            spike_rates: rates.map(|(place, neurons)| (neurons.name.clone(), tally.rate(place))).collect(),
        };
        Ok(if self.subject.validates { row.validated(self.answers()?.accuracy()) } else { row })
    }

    /// Answers to all samples of the test set.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn answers(&self) -> Result<Answers, TrainError> {
        Answers::of(self.subject, &self.model(), self.jobs)
    }

    /// What is trained, by its key in results, and how many values of it; of sparse connections the synapses that there are.
    pub fn trained(&self) -> Vec<(&'static str, usize)> {
        let mut all: Vec<(&str, usize)> = Vec::new();
        for (own, rewiring) in self.model.parameters.iter().zip(&self.rewirings) {
            let counts = |value: &&f32| rewiring.is_none() || **value != 0.0;
            let (key, count) = (own.place.key(), own.values.iter().filter(counts).count());
            match all.iter_mut().find(|(other, _)| *other == key) {
                Some((_, sum)) => *sum += count,
                None => all.push((key, count)),
            }
        }
        all
    }

    /// Populations that have not spiked, each with a reason, and whether most samples have no answer.
    pub fn silence(&self, tally: &Tally) -> Vec<String> {
        let mut said = silence(&self.model(), self.subject, tally);
        said.extend(mostly_silent(&self.subject.form, tally));
        said
    }
}

/// Batches of an epoch.
fn batches(subject: &Subject) -> usize {
    subject.samples.training.len().div_ceil(subject.form.batch)
}

/// Steps of the optimiser before the epochs that are averaged.
fn begin_of_mean(subject: &Subject) -> u32 {
    let epochs = subject.form.epochs.saturating_sub(subject.form.average_epochs);
    u32::try_from(batches(subject)).unwrap_or(u32::MAX).saturating_mul(epochs)
}

/// What is made smaller, by the file.
fn goal(form: &TrainForm) -> Goal {
    let TrainForm { surrogate, width, damping, .. } = *form;
    let reset = match form.backward {
        Backward::Kernel => Reset::Passes,
        _ if form.through_reset => Reset::ThroughSpike,
        _ => Reset::Stops,
    };
    let derivatives = Derivatives { surrogate, width, damping, reset };
    Goal { readout: form.readout_loss(), rates: form.rate_loss(), backward: form.backward, derivatives }
}

/// The order of the training set in an epoch.
fn order(subject: &Subject, epoch: u32) -> Vec<usize> {
    shuffled(0..subject.samples.training.len(), word(subject.seed, epoch, 0, 0x7EA1), [epoch, 96])
}

/// Adds the gradients of all shards to that of the first one, in their order, and lets `mask` take from each connection's what does
/// not count; returns its norm.
fn sum(shards: &mut [Shard], mask: impl Fn(usize, &mut [f32])) -> f32 {
    let Some((first, others)) = shards.split_first_mut() else { return 0.0 };
    let mut squares = 0.0_f64;
    for (number, own) in first.gradients.iter_mut().enumerate() {
        for other in &*others {
            own.iter_mut().zip(&other.gradients[number]).for_each(|(own, other)| *own += other);
        }
        mask(number, own);
        squares += own.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>();
    }
    #[expect(clippy::cast_possible_truncation, reason = "a norm may be rounded")]
    let norm = squares.sqrt() as f32;
    norm
}
