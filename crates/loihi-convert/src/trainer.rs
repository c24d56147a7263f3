//! Training of an ANN: epoch after epoch, with the same weights on any number of threads.

use crate::ann::{Ann, Ready};
use crate::design::design;
use crate::error::ConvertError;
use crate::form::AnnForm;
use crate::gradient::{Learned, Trained, learn};
use crate::inputs::{activations, answers, check_labels};
use loihi_augment::shift::{refusal, shifted};
use loihi_core::num::{Fnv64, word};
use loihi_data::{Sample, SampleData};
use loihi_net::network::file::{FileOptions, parse_with};
use loihi_task::samples::{Samples, shuffled};
use loihi_train::checkpoint::Position;
use loihi_train::optimiser::{AdamW, Moments};
use loihi_train::subject::SINGLE_CLASS;
use loihi_train::threads::each;
use loihi_train::{EpochRow, Observer, SubjectOptions};
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
    /// Hash of the network, the options and the samples.
    pub hash: u64,
}

/// A training under way.
#[derive(Debug)]
pub struct AnnTrainer<'s> {
    subject: &'s AnnSubject,
    trained: Trained,
    ready: Ready,
    moments: Vec<Moments>,
    position: Position,
    jobs: NonZeroUsize,
    last: Option<EpochRow>,
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
        if let Some(section) = &first.run.scale {
            let what = "the ONNX file of an ANN has no place for a scale: leave the table out, and scale the numbers of the samples";
            return Err(section.error("scale", "", what).into());
        }
        form.epochs = options.epochs.unwrap_or(form.epochs);
        let samples = options.read_samples(form.validation_samples)?;
        let file = FileOptions::default().seed(options.seed).data(samples.shape(), samples.classes);
        let ann = design(&parse_with(text, path, &file)?, form.clip)?;
        check_labels(&ann, &samples.training)?;
        check_labels(&ann, &samples.test)?;
        let elements = loihi_net::network::size(&ann.input);
        samples.training.iter().chain(&samples.test).try_for_each(|sample| activations(elements, sample).map(drop))?;
        if ann.layers.last().is_some_and(|readout| readout.neurons() == 1) {
            return Err(ConvertError::Unfit { data: samples.name, what: SINGLE_CLASS.to_owned() });
        }
        if samples.test.is_empty() {
            let what = "it has no samples to test on: give them by --test".to_owned();
            return Err(ConvertError::Unfit { data: samples.name, what });
        }
        let wrong = |key: &str, what: &str| first.run.train.clone().unwrap_or_default().error("train", key, what);
        let refused = |most| samples.training.iter().find_map(|sample| refusal(sample, most));
        if let Some(what) = form.shift.and_then(refused) {
            return Err(wrong("shift", what).into());
        }
        if form.flip && samples.training.iter().any(is_a_row) {
            return Err(wrong("flip", "samples of one extent have no left and right: take it out").into());
        }
        let mut hash = Fnv64::new();
        hash.bytes(format!("{ann:?}").as_bytes());
        hash.bytes(format!("{form:?} {} {}", options.seed, options.validate).as_bytes());
        hash.bytes(&samples.hash().to_le_bytes());
        let hash = hash.finish();
        Ok(Self { ann, form, samples, seed: options.seed, validates: options.validate, hash })
    }
}

/// Whether a sample has one extent.
fn is_a_row(sample: &Sample) -> bool {
    matches!(&sample.data, SampleData::Values { shape, .. } if shape.len() < 2)
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
        Ok(Self { subject, trained, ready, moments, position: Position::default(), jobs, last: None })
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

    /// Steps of the optimiser in all.
    fn steps(&self) -> u64 {
        self.batches() as u64 * u64::from(self.subject.form.epochs)
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// [`ConvertError`]; when training is stopped a last checkpoint is handed on.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<(), ConvertError> {
        let done = self.epochs(observer);
        if matches!(done, Err(ConvertError::Stopped)) {
            observer.checkpoint(&self.checkpoint())?;
        }
        done
    }

    fn epochs(&mut self, observer: &mut dyn Observer) -> Result<(), ConvertError> {
        let subject = self.subject;
        let (form, training, batches) = (&subject.form, &subject.samples.training, self.batches());
        while self.position.epoch < form.epochs {
            let epoch = self.position.epoch;
            let order = shuffled(0..training.len(), word(subject.seed, epoch, 0, 0x7EA1), [epoch, 96]);
            while self.position.batch < batches {
                if observer.stops() {
                    return Err(ConvertError::Stopped);
                }
                let first = self.position.batch * form.batch;
                self.learn(&order[first..(first + form.batch).min(order.len())])?;
                let done = u64::from(epoch) * batches as u64 + self.position.batch as u64;
                observer.progress(done, self.steps(), epoch + 1, self.last.as_ref());
                if observer.wants_checkpoint() {
                    observer.checkpoint(&self.checkpoint())?;
                }
            }
            let row = self.row()?;
            observer.epoch(&row)?;
            self.last = Some(row);
            self.position = Position { epoch: epoch + 1, steps: self.position.steps, ..Position::default() };
        }
        Ok(())
    }

    /// Learns a batch.
    fn learn(&mut self, places: &[usize]) -> Result<(), ConvertError> {
        let Position { epoch, batch, .. } = self.position;
        let learned = self.batch(places, epoch)?;
        // The optimiser squares what it is given.
        if !learned.loss.is_finite() || learned.gradients.iter().flatten().any(|own| !(own * own).is_finite()) {
            let what = if learned.loss.is_finite() { "the gradient" } else { "the loss" };
            return Err(ConvertError::Diverged { what, epoch: epoch + 1, batch: batch + 1 });
        }
        self.descend(&learned);
        self.position.batch += 1;
        let tally = &mut self.position.tally;
        tally.loss += learned.loss;
        tally.right += learned.right;
        tally.samples += places.len() as u64;
        Ok(())
    }

    /// Learning rate after the steps so far.
    fn rate(&self) -> f64 {
        let form = &self.subject.form;
        #[expect(clippy::cast_precision_loss, reason = "a share of all steps")]
        let total = self.steps().max(1) as f64;
        f64::from(form.rate) * form.schedule.share(f64::from(self.position.steps) / total)
    }

    /// What an epoch has come to.
    fn row(&self) -> Result<EpochRow, ConvertError> {
        let Position { epoch, tally, .. } = &self.position;
        #[expect(clippy::cast_precision_loss, reason = "shares may be rounded")]
        let (samples, right) = (tally.samples.max(1) as f64, tally.right as f64);
        let row = EpochRow::new(epoch + 1, tally.loss / samples, right / samples, self.rate());
        Ok(if self.subject.validates { row.validated(Some(share(&self.answers(&|| false)?))) } else { row })
    }

    /// The gradient of a batch: its parts, added in their order.
    fn batch(&self, places: &[usize], epoch: u32) -> Result<Learned, ConvertError> {
        let mut parts: Vec<&[usize]> = places.chunks(places.len().div_ceil(SHARDS).max(1)).collect();
        let learned = each(&mut parts, self.jobs, |_, part| {
            let (mut inputs, mut labels) = (Vec::new(), Vec::new());
            for place in &**part {
                let sample = self.shown(*place, epoch);
                inputs.extend(activations(self.ready.inputs, &sample)?);
                labels.push(sample.label.and_then(|label| usize::try_from(label).ok()).unwrap_or(usize::MAX));
            }
            Ok::<_, ConvertError>(learn(&self.ready, &self.trained, &inputs, &labels, places.len()))
        });
        let mut learned = learned.into_iter();
        let mut sum = learned.next().transpose()?.unwrap_or_default();
        for other in learned {
            let other = other?;
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

    fn descend(&mut self, learned: &Learned) {
        #[expect(clippy::cast_possible_truncation, reason = "a rate may be rounded")]
        let rate = self.rate() as f32;
        self.position.steps += 1;
        let adam = AdamW { rate, betas: [0.9, 0.999], weight_decay: self.subject.form.weight_decay };
        let values = self.trained.values(&mut self.ready);
        for ((values, gradient), moments) in values.into_iter().zip(&learned.gradients).zip(&mut self.moments) {
            adam.step(self.position.steps, values, gradient, moments, [f32::NEG_INFINITY, f32::INFINITY]);
        }
    }

    /// Everything that training changes.
    fn checkpoint(&mut self) -> Vec<u8> {
        let mut bytes = self.position.to_bytes();
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
        let (position, bytes) = Position::read(bytes).ok_or_else(damaged)?;
        let (words, rest) = bytes.as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let fits = rest.is_empty()
            && values.len() == 3 * self.moments.iter().map(|own| own.first.len()).sum::<usize>()
            && position.epoch <= self.subject.form.epochs
            && position.batch <= self.batches();
        if !fits || values.iter().any(|value| !value.is_finite()) {
            return Err(damaged());
        }
        let mut values = values.into_iter();
        for (own, moments) in self.trained.values(&mut self.ready).into_iter().zip(&mut self.moments) {
            for into in [own, &mut moments.first, &mut moments.second] {
                into.iter_mut().zip(values.by_ref()).for_each(|(own, value)| *own = value);
            }
        }
        self.position = position;
        Ok(())
    }
}

/// Share of right answers.
pub fn share(right: &[bool]) -> f64 {
    loihi_run::record::score::share(right.iter().filter(|own| **own).count(), right.len())
}

/// With left and right exchanged.
fn flipped(mut sample: Sample) -> Sample {
    if let SampleData::Values { shape, values } = &mut sample.data {
        let columns = shape.last().copied().unwrap_or(1).max(1);
        values.chunks_mut(columns).for_each(<[u8]>::reverse);
    }
    sample
}
