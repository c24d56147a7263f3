//! The network: it answers, and learns one sample at a time.
//!
//! A sample is shown as the experiment `digits-pes` shows it: from rest, for [`PREDICT_STEPS`] steps, after which the largest
//! output is the answer, then for [`LEARN_STEPS`] steps in which the decoders learn. Another network has other numbers.

use crate::store::{Entry, Store, StoreError};
use core::fmt;
use embedded_storage::nor_flash::NorFlash;
use loihi_core::arena::aligned;
use loihi_core::chip::{Chip, HEADER_BYTES, ResetScope, SnapshotHeader, SnapshotScope};
use loihi_core::image::{Image, ImageError, hash};
use loihi_core::num::Q3_12;
use loihi_core::register::StateDigest;
use loihi_core::snip::{SnipType, Snips};

/// Steps after which a sample is answered.
pub const PREDICT_STEPS: u32 = 16;
/// Further steps in which it is learned.
pub const LEARN_STEPS: u32 = 8;
/// What the output of the right class is to be; that of the others is 0.
const RIGHT: i16 = 1 << Q3_12::FRAC_NBITS;

/// Why a network cannot learn here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StudentError {
    /// The image is invalid, or names a program that the firmware lacks.
    Image(ImageError),
    /// The state does not fit the memory.
    TooLarge {
        /// Bytes of the state.
        needed: usize,
        /// Bytes that there are.
        available: usize,
    },
    /// The network does not take values and tell classes apart.
    OtherKind,
}

impl fmt::Display for StudentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(error) => write!(f, "{error}"),
            Self::TooLarge { needed, available } => write!(
                f,
                "the state of the network takes {needed} bytes, {available} are there: take fewer compartments"
            ),
            Self::OtherKind => write!(
                f,
                "the network takes no values, or does not have one target and one output for each class: use one such as digits-pes"
            ),
        }
    }
}

impl core::error::Error for StudentError {}

/// A network that learns.
#[derive(Debug)]
pub struct Student<'m> {
    image: Image<'m>,
    image_hash: u64,
    snips: &'m [SnipType],
    memory: &'m mut [u8],
    /// What the chip resumes from.
    header: SnapshotHeader,
    samples: u32,
    right: u32,
}

impl<'m> Student<'m> {
    /// A student that knows nothing yet. `image` runs where it lies, and `memory` takes its state.
    ///
    /// # Errors
    /// [`StudentError`].
    pub fn new(image: &'m [u8], snips: &'m [SnipType], memory: &'m mut [u8]) -> Result<Self, StudentError> {
        let image_hash = hash(image);
        let image = Image::open(image, &Snips(snips)).map_err(StudentError::Image)?;
        let classes = image.output_words;
        if image.stimulus_words == 0 || classes == 0 || image.target_words != classes {
            return Err(StudentError::OtherKind);
        }
        let chip = Chip::new(image, snips, memory)
            .map_err(|error| StudentError::TooLarge { needed: error.needed, available: error.available })?;
        let header = chip.snapshot_header();
        Ok(Self { image, image_hash, snips, memory, header, samples: 0, right: 0 })
    }

    /// Classes that it tells apart.
    pub const fn classes(&self) -> usize {
        self.image.output_words
    }

    /// Samples that it has learned, and those of them that it had answered right before.
    pub const fn score(&self) -> [u32; 2] {
        [self.samples, self.right]
    }

    /// The class of a sample; learns nothing.
    pub fn answer(&mut self, values: &[i16]) -> usize {
        self.with_chip(|chip| {
            let answer = predict(chip, values, None);
            chip.set_learning(true);
            // Everything that a sample leaves behind besides what was learned.
            chip.reset(ResetScope::State);
            answer
        })
        .unwrap_or(0)
    }

    /// The class of a sample, answered before the right one is learned.
    pub fn learn(&mut self, values: &[i16], class: usize) -> usize {
        let answer = self.with_chip(|chip| {
            let answer = predict(chip, values, Some(class));
            chip.set_learning(true);
            for _ in 0..LEARN_STEPS {
                chip.step();
            }
            chip.reset(ResetScope::State);
            answer
        });
        let answer = answer.unwrap_or(0);
        self.samples = self.samples.wrapping_add(1);
        self.right = self.right.wrapping_add(u32::from(answer == class));
        answer
    }

    /// Hashes of all state.
    pub fn digest(&mut self) -> Option<StateDigest> {
        self.with_chip(|chip| chip.digest())
    }

    /// Keeps what was learned.
    ///
    /// # Errors
    /// [`StoreError`]; then the store keeps what it kept.
    pub fn keep<F: NorFlash>(&mut self, store: &mut Store<F>) -> Result<(), StoreError> {
        let (image_hash, samples, right) = (self.image_hash, self.samples, self.right);
        let header = self.header.header();
        store.keep(Entry { image_hash, samples, right, bytes: 0 }, [&header[..], self.learned()])
    }

    /// Takes up what a store keeps of this network; false, and nothing changes, if it keeps none.
    ///
    /// # Errors
    /// [`StoreError`]; then the student knows nothing.
    pub fn restore<F: NorFlash>(&mut self, store: &mut Store<F>) -> Result<bool, StoreError> {
        let Some(entry) = store.entry() else { return Ok(false) };
        if entry.image_hash != self.image_hash || entry.bytes != HEADER_BYTES + self.learned().len() {
            return Ok(false);
        }
        let mut header = [0; HEADER_BYTES];
        let read = store.read(0, &mut header).and_then(|()| store.read(HEADER_BYTES, self.learned()));
        let from = SnapshotHeader::from_header(&header);
        let is_sound = from.is_some_and(|from| {
            self.header = from;
            self.with_chip(|chip| chip.check().is_ok()) == Some(true)
        });
        if read.is_ok() && is_sound {
            (self.samples, self.right) = (entry.samples, entry.right);
            return Ok(true);
        }
        self.with_chip(|chip| chip.reset(ResetScope::All));
        read.map(|()| false)
    }

    /// What was learned, where the chip has it.
    fn learned(&mut self) -> &mut [u8] {
        let bytes = SnapshotScope::Learned.memory_bytes(&self.image, self.snips);
        aligned(self.memory).get_mut(..bytes).unwrap_or_default()
    }

    /// Lends out the chip; `None` never comes, since it has fitted before.
    fn with_chip<R>(&mut self, job: impl FnOnce(&mut Chip<'_>) -> R) -> Option<R> {
        let mut chip = Chip::resume(self.image, self.snips, self.memory, self.header).ok()?;
        let result = job(&mut chip);
        self.header = chip.snapshot_header();
        Some(result)
    }
}

/// Shows a sample from rest, with the class that is learned later; returns the class of the largest output, the first of them
/// if several are as large.
fn predict(chip: &mut Chip<'_>, values: &[i16], class: Option<usize>) -> usize {
    chip.reset(ResetScope::State);
    chip.stimulus_mut().iter_mut().zip(values).for_each(|(to, value)| *to = *value);
    for (own, word) in chip.target_mut().iter_mut().enumerate() {
        *word = if class == Some(own) { RIGHT } else { 0 };
    }
    chip.set_learning(false);
    for _ in 0..PREDICT_STEPS {
        chip.step();
    }
    let (mut answer, mut most) = (0, i32::MIN);
    for (class, output) in chip.output().iter().enumerate() {
        if *output > most {
            (answer, most) = (class, *output);
        }
    }
    answer
}
