//! Training of an ANN: epoch after epoch, with the same weights on any number of threads.

use crate::ann::{Ann, Ready};
use crate::design::design;
use crate::error::ConvertError;
use crate::form::AnnForm;
use crate::gradient::{Learned, Trained, learn};
use crate::inputs::{activations, answers, check_labels};
use crate::jobs::each;
use loihi_core::num::{Fnv64, word};
use loihi_data::{Sample, SampleData};
use loihi_learn::samples::{Samples, shuffled};
use loihi_net::network::file::{FileOptions, parse_with};
use loihi_run::record::RecordError;
use loihi_train::SubjectOptions;
use loihi_train::optimiser::{AdamW, Moments};
use loihi_train::shift::shifted;
use std::num::NonZeroUsize;
use std::path::Path;

/// Parts of a batch: a gradient each, whatever the number of threads, so that sums are the same with any.
const SHARDS: usize = 4;
/// Stream of the draws of flips.
const FLIP: u32 = 0xF11B;

/// What is trained, on what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnnSubject {
    /// The network, with weights as they begin.
    pub ann: Ann,
    /// How it is trained.
    pub form: AnnForm,
    /// What is learned and tested.
    pub samples: Samples,
    /// Seed of everything random.
    pub seed: u32,
    /// Whether `samples.test` is a part of the training set.
    pub validates: bool,
    /// Hash of the file, the options and the samples.
    pub hash: u64,
}

/// An epoch that is over.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AnnRow {
    /// Its number, from 1.
    pub epoch: u32,
    /// Mean loss of a training sample.
    pub loss: f64,
    /// Share of training samples that were answered right while they were learned.
    pub accuracy_train: f64,
    /// Share of validation samples that are answered right after it.
    pub accuracy_validation: Option<f64>,
}

/// Who follows a training.
pub trait AnnFollower {
    /// Batches that were learned, of all.
    fn progress(&mut self, done: u64, total: u64, row: &AnnRow);

    /// An epoch is over; `checkpoint` makes the bytes by which training resumes here.
    ///
    /// # Errors
    /// It could not be recorded.
    fn epoch(&mut self, row: &AnnRow, checkpoint: &dyn Fn() -> Vec<u8>) -> Result<(), RecordError>;

    /// Whether training is to end here.
    fn stops(&self) -> bool;
}

/// A training under way.
#[derive(Debug)]
pub struct AnnTrainer<'s> {
    subject: &'s AnnSubject,
    trained: Trained,
    ready: Ready,
    moments: Vec<Moments>,
    /// Epochs that are over, and steps of the optimiser.
    done: [u32; 2],
    jobs: NonZeroUsize,
}

impl AnnSubject {
    /// Reads data and network; `path` is where the text stands.
    ///
    /// # Errors
    /// [`ConvertError`].
    pub fn open(text: &str, path: &Path, options: &SubjectOptions) -> Result<Self, ConvertError> {
        // What is wrong with the file is said before data are read.
        let first = parse_with(text, path, &FileOptions::default().data(vec![1], 1))?;
        let mut form = AnnForm::of(&first)?;
        form.epochs = options.epochs.unwrap_or(form.epochs);
        let samples = options.read_samples(form.validation_samples)?;
        let file = FileOptions::default().seed(options.seed).data(samples.shape(), samples.classes);
        let ann = design(&parse_with(text, path, &file)?, form.clip)?;
        check_labels(&ann, &samples.training)?;
        check_labels(&ann, &samples.test)?;
        let elements = loihi_net::network::size(&ann.input);
        samples.training.iter().chain(&samples.test).try_for_each(|sample| activations(elements, sample).map(drop))?;
        if samples.test.is_empty() {
            let what = "it has no samples to test on: give them by --test".to_owned();
            return Err(ConvertError::Unfit { data: samples.name, what });
        }
        let mut hash = Fnv64::new();
        hash.bytes(text.as_bytes());
        hash.bytes(format!("{form:?} {} {}", options.seed, options.validate).as_bytes());
        hash.bytes(&samples.hash().to_le_bytes());
        let hash = hash.finish();
        Ok(Self { ann, form, samples, seed: options.seed, validates: options.validate, hash })
    }
}

impl<'s> AnnTrainer<'s> {
    /// From the beginning.
    ///
    /// # Errors
    /// [`ConvertError::Network`].
    pub fn new(subject: &'s AnnSubject, jobs: NonZeroUsize) -> Result<Self, ConvertError> {
        let trained = Trained::of(&subject.ann);
        let mut ready = Ready::new(&subject.ann).map_err(ConvertError::Network)?;
        let moments = trained.values(&mut ready).iter().map(|own| Moments::new(own.len())).collect();
        Ok(Self { subject, trained, ready, moments, done: [0, 0], jobs })
    }

    /// The network as it is trained so far.
    pub fn ann(&self) -> Ann {
        let mut ann = self.subject.ann.clone();
        self.trained.write(&self.ready, &mut ann);
        ann
    }

    /// Which test samples it answers right.
    ///
    /// # Errors
    /// [`ConvertError::Stopped`].
    pub fn answers(&self, stops: &(dyn Fn() -> bool + Sync)) -> Result<Vec<bool>, ConvertError> {
        answers(&self.ready, &self.subject.samples.test, self.jobs, stops)
    }

    fn batches(&self) -> usize {
        self.subject.samples.training.len().div_ceil(self.subject.form.batch)
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// [`ConvertError`].
    pub fn run(&mut self, follower: &mut dyn AnnFollower) -> Result<(), ConvertError> {
        let subject = self.subject;
        let (form, training) = (&subject.form, &subject.samples.training);
        let (batches, mut row) = (self.batches(), AnnRow::default());
        let total = batches as u64 * u64::from(form.epochs);
        while self.done[0] < form.epochs {
            let epoch = self.done[0];
            let order = shuffled(0..training.len(), word(subject.seed, epoch, 0, 0x7EA1), [epoch, 96]);
            let (mut loss, mut right) = (0.0, 0);
            for (number, places) in order.chunks(form.batch).enumerate() {
                if follower.stops() {
                    return Err(ConvertError::Stopped);
                }
                let learned = self.batch(places, epoch)?;
                if !learned.loss.is_finite() || learned.gradients.iter().flatten().any(|own| !own.is_finite()) {
                    let what = if learned.loss.is_finite() { "the gradient" } else { "the loss" };
                    return Err(ConvertError::Diverged { what, epoch: epoch + 1, batch: number + 1 });
                }
                self.descend(&learned, total);
                loss += learned.loss;
                right += learned.right;
                follower.progress(u64::from(epoch) * batches as u64 + number as u64 + 1, total, &row);
            }
            self.done[0] += 1;
            #[expect(clippy::cast_precision_loss, reason = "shares may be rounded")]
            let (samples, right) = (training.len().max(1) as f64, right as f64);
            let accuracy_validation = if subject.validates { Some(share(&self.answers(&|| false)?)) } else { None };
            row =
                AnnRow { epoch: epoch + 1, loss: loss / samples, accuracy_train: right / samples, accuracy_validation };
            let bytes = self.checkpoint();
            follower.epoch(&row, &|| bytes.clone())?;
        }
        Ok(())
    }

    /// The gradient of a batch: its parts, added in their order.
    fn batch(&self, places: &[usize], epoch: u32) -> Result<Learned, ConvertError> {
        let parts: Vec<&[usize]> = places.chunks(places.len().div_ceil(SHARDS).max(1)).collect();
        let learned = each(
            parts.len(),
            self.jobs,
            || Ok(()),
            |(), part| {
                let (mut inputs, mut labels) = (Vec::new(), Vec::new());
                for place in parts[part] {
                    let sample = self.shown(*place, epoch);
                    inputs.extend(activations(self.ready.inputs, &sample)?);
                    labels.push(sample.label.and_then(|label| usize::try_from(label).ok()).unwrap_or(usize::MAX));
                }
                Ok::<_, ConvertError>(learn(&self.ready, &self.trained, &inputs, &labels, places.len()))
            },
        )?;
        let mut learned = learned.into_iter();
        let mut sum = learned.next().unwrap_or_default();
        for other in learned {
            sum.loss += other.loss;
            sum.right += other.right;
            for (own, other) in sum.gradients.iter_mut().zip(&other.gradients) {
                own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
            }
        }
        Ok(sum)
    }

    /// A training sample as it is shown in an epoch.
    fn shown(&self, place: usize, epoch: u32) -> Sample {
        let AnnSubject { form, samples, seed, .. } = self.subject;
        let sample = &samples.training[place];
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let moved = form.shift.map_or_else(|| sample.clone(), |most| shifted(sample, most, *seed, [epoch, number]));
        let flips = form.flip && word(*seed, number, epoch, FLIP) & 1 == 1;
        if flips { flipped(moved) } else { moved }
    }

    fn descend(&mut self, learned: &Learned, total: u64) {
        let form = &self.subject.form;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a rate may be rounded")]
        let rate = (f64::from(form.rate) * form.schedule.share(f64::from(self.done[1]) / total.max(1) as f64)) as f32;
        self.done[1] += 1;
        let adam = AdamW { rate, betas: [0.9, 0.999], weight_decay: form.weight_decay };
        let values = self.trained.values(&mut self.ready);
        for ((values, gradient), moments) in values.into_iter().zip(&learned.gradients).zip(&mut self.moments) {
            adam.step(self.done[1], values, gradient, moments, [f32::NEG_INFINITY, f32::INFINITY]);
        }
    }

    /// Everything that training changes.
    fn checkpoint(&mut self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.done.iter().flat_map(|own| own.to_le_bytes()).collect();
        for (values, moments) in self.trained.values(&mut self.ready).into_iter().zip(&self.moments) {
            let all = values.iter().chain(&moments.first).chain(&moments.second);
            bytes.extend(all.flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// Resumes from a checkpoint; nothing is changed if it is damaged.
    ///
    /// # Errors
    /// [`ConvertError::Checkpoint`].
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ConvertError> {
        let damaged = || ConvertError::Checkpoint("it is of another network, or damaged".to_owned());
        let (words, rest) = bytes.as_chunks::<4>();
        let lengths: Vec<usize> = self.moments.iter().map(|own| own.first.len()).collect();
        let [epochs, steps, values @ ..] = words else { return Err(damaged()) };
        let done = [u32::from_le_bytes(*epochs), u32::from_le_bytes(*steps)];
        let values: Vec<f32> = values.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let fits =
            rest.is_empty() && values.len() == 3 * lengths.iter().sum::<usize>() && done[0] <= self.subject.form.epochs;
        if !fits || values.iter().any(|value| !value.is_finite()) {
            return Err(damaged());
        }
        let mut values = values.into_iter();
        for (own, moments) in self.trained.values(&mut self.ready).into_iter().zip(&mut self.moments) {
            for into in [own, &mut moments.first, &mut moments.second] {
                into.iter_mut().zip(values.by_ref()).for_each(|(own, value)| *own = value);
            }
        }
        self.done = done;
        Ok(())
    }
}

/// Share of what is true.
pub fn share(right: &[bool]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share may be rounded")]
    let share = right.iter().filter(|own| **own).count() as f64 / right.len().max(1) as f64;
    share
}

/// With left and right exchanged.
fn flipped(mut sample: Sample) -> Sample {
    if let SampleData::Values { shape, values } = &mut sample.data {
        let columns = shape.last().copied().unwrap_or(1).max(1);
        values.chunks_mut(columns).for_each(<[u8]>::reverse);
    }
    sample
}
