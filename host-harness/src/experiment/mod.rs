//! Experiments: a network, data, and what is measured.

pub mod digits_pes;
pub mod float_pes;
pub mod pes_function;
mod twin;

use crate::device::session::{Session, SessionError};
use crate::image::{BuildError, ImageFile};
use crate::record::{Learned, RecordError};
use loihi_core::arena::TooSmall;
use loihi_core::ops::OpCounts;
use loihi_core::probe::{Register, StateDigest};

/// Why an experiment ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The device did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Something could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The same network in this process, which the decoders in double precision need, has no memory.
    #[error(transparent)]
    Twin(#[from] TooSmall),
}

/// Named figures, in the order in which they are shown.
pub type Metrics = Vec<(&'static str, f64)>;

/// Follows a run: shows it, records it.
pub trait Watch {
    /// The image that is going to run.
    ///
    /// # Errors
    /// [`RecordError`].
    fn image(&mut self, image: &ImageFile) -> Result<(), RecordError>;

    /// So much of `total` is done; `running` says how it goes.
    fn progress(&mut self, done: u64, total: u64, running: &str);

    /// A pass, or a stretch of time, is over.
    ///
    /// # Errors
    /// [`RecordError`].
    fn row(&mut self, row: &Row) -> Result<(), RecordError>;

    /// What has been learned so far.
    ///
    /// # Errors
    /// [`RecordError`].
    fn learned(&mut self, image: &ImageFile, learned: &[i32]) -> Result<(), RecordError>;
}

/// Watches a run and does nothing about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Watch for Nobody {
    fn image(&mut self, _image: &ImageFile) -> Result<(), RecordError> {
        Ok(())
    }

    fn progress(&mut self, _done: u64, _total: u64, _running: &str) {}

    fn row(&mut self, _row: &Row) -> Result<(), RecordError> {
        Ok(())
    }

    fn learned(&mut self, _image: &ImageFile, _learned: &[i32]) -> Result<(), RecordError> {
        Ok(())
    }
}

/// A row of `metrics.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the pass, from 1.
    pub pass: u32,
    /// Figures of the pass.
    pub metrics: Metrics,
    /// Digest of all state after the pass.
    pub digest: u64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Steps computed.
    pub steps: u64,
    /// Figures of the whole run.
    pub metrics: Metrics,
    /// Exact counts.
    pub ops: OpCounts,
    /// Instructions that the steps took, where the device counts them.
    pub instructions: Option<u64>,
    /// Digest of all state at the end.
    pub digest: StateDigest,
    /// Digest of all state after each pass.
    pub digests: Vec<StateDigest>,
}

/// How an experiment is to be run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything random follows from it.
    pub seed: u32,
    /// Passes over the data, if not the experiment's own number.
    pub passes: Option<u32>,
    /// Learned state to begin with.
    pub learned: Option<Learned>,
}

/// An experiment that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Experiment {
    /// Handwritten digits.
    DigitsPes,
    /// A sine, passed through a population.
    PesChannel,
    /// The square of a sine.
    PesSquare,
}

impl Experiment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DigitsPes, Self::PesChannel, Self::PesSquare];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigitsPes => "digits-pes",
            Self::PesChannel => "pes-channel",
            Self::PesSquare => "pes-square",
        }
    }

    /// What it is, in a line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::DigitsPes => "8x8 handwritten digits, learned one at a time from raw spikes (PES)",
            Self::PesChannel => "a sine, passed on by 100 compartments whose decoders are learned (PES)",
            Self::PesSquare => "the square of a sine, learned by 100 compartments (PES)",
        }
    }

    /// The experiment of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|experiment| experiment.name() == name)
    }

    /// Runs it on the device of a session.
    ///
    /// # Errors
    /// [`ExperimentError`]; rows that were handed to `watch` before stay valid.
    pub fn run(
        self,
        session: &mut Session,
        options: &Options,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, ExperimentError> {
        match self {
            Self::DigitsPes => digits_pes::DigitsPes::default().run(session, options, watch),
            Self::PesChannel => pes_function::PesFunction::channel().run(session, options, watch),
            Self::PesSquare => pes_function::PesFunction::square().run(session, options, watch),
        }
    }
}

/// Loads an image, and the learned state if there is one to begin with.
fn load(
    session: &mut Session,
    image: &ImageFile,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<(), ExperimentError> {
    watch.image(image)?;
    session.load(image)?;
    if let Some(learned) = &options.learned {
        if learned.image_hash != image.hash() {
            return Err(RecordError::OtherImage { expected: image.hash(), found: learned.image_hash }.into());
        }
        session.restore(&learned.words)?;
    }
    Ok(())
}

/// Asks the device for everything that an [`Outcome`] needs, and hands on what was learned.
fn conclude(
    session: &mut Session,
    image: &ImageFile,
    watch: &mut dyn Watch,
    metrics: Metrics,
    digests: Vec<StateDigest>,
) -> Result<Outcome, ExperimentError> {
    let learned = session.read(Register::Learned)?;
    watch.learned(image, &learned)?;
    let ops = session.ops()?;
    let digest = session.digest()?;
    Ok(Outcome { steps: ops.steps, metrics, ops, instructions: session.instructions(), digest, digests })
}

/// Q3.12 of a real number, saturating.
#[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
fn q12(value: f64) -> i16 {
    (value * 4096.0).round() as i16
}

/// Little-endian bytes of mailbox words.
fn mailbox(words: impl IntoIterator<Item = i16>) -> Vec<u8> {
    words.into_iter().flat_map(i16::to_le_bytes).collect()
}
