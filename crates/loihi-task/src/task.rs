//! What runs on a device: a task, how it is run, what comes out, and why it ends early.

use crate::measure::MeasureError;
use crate::metrics::Metrics;
use crate::observer::Observer;
use loihi_core::chip::{Chip, SnapshotScope};
use loihi_core::ops::OpCounts;
use loihi_core::register::StateDigest;
use loihi_data::{DataError, Scale};
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageFile};
use loihi_net::network::file::FileError;
use loihi_net::network::{Network, SectionError};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::{PlaceError, Placed};
use loihi_plant::PlantError;
use loihi_run::inference::InferenceError;
use loihi_run::inference::known::tell_known;
use loihi_run::inference::present::PresentError;
use loihi_run::record::checkpoint::Checkpoint;
use loihi_run::record::{Learned, RecordError};
use loihi_twin::TwinError;
use std::path::PathBuf;

/// Why an experiment ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// The experiment has no stages.
    #[error("this experiment cannot resume from a checkpoint: it has no stages of samples")]
    NotResumable,
    /// What is resumed went through other stages.
    #[error("the run that --resume names goes through {}: give the same data and options", differing(*found, *expected))]
    OtherPlan {
        /// Stages of the run that is resumed.
        found: usize,
        /// Stages of this run.
        expected: usize,
    },
    /// The run has more than can be held.
    #[error("{epochs} epochs of {each} {what} are more than {most}: give fewer --epochs")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// Number in an epoch.
        each: usize,
        /// Epochs.
        epochs: u32,
        /// Most in all.
        most: usize,
    },
    /// There are more epochs than can be told apart.
    #[error("{epochs} epochs are more than {most}, the most that can be told apart: give fewer --epochs")]
    Epochs {
        /// Epochs.
        epochs: u32,
        /// The most that there can be.
        most: u32,
    },
    /// A network file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table of a network file is invalid.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Something cannot be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The network cannot be placed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Stages, epochs or programs do not fit the network or the data.
    #[error("{0}")]
    Plan(String),
    /// Nothing says what to learn.
    #[error("nothing says what to learn from: give --train DATA, or `data` in the file's `[task]`")]
    NoTrainingData,
    /// Data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data are not what the experiment learns from.
    #[error("{data} does not fit: {what}")]
    Unfit {
        /// The data.
        data: String,
        /// What is wrong with them.
        what: String,
    },
    /// A plant cannot be made or used.
    #[error(transparent)]
    Plant(PlantError),
    /// A plant says nothing that the experiment learns from.
    #[error(
        "the plant `{plant}` gives no errors to learn from: give one for each action, or let neurons act by `actions_from`"
    )]
    NoErrors {
        /// The plant.
        plant: String,
    },
    /// A plant only gives rewards, and no neurons of the network act.
    #[error("the plant `{plant}` gives only rewards: add `actions_from`, and a [reward] from it")]
    OnlyRewards {
        /// The plant.
        plant: String,
    },
    /// A network and its plant exchange different numbers of values.
    #[error("{}", exchanged.differ(*network, *plant))]
    Ports {
        /// What is exchanged.
        exchanged: Exchanged,
        /// Values of the network.
        network: usize,
        /// Values of the plant.
        plant: usize,
    },
    /// Data for an experiment that has none.
    #[error("this experiment takes no data: leave out --data")]
    NoData,
    /// A sample cannot be computed.
    #[error(transparent)]
    Inference(InferenceError),
    /// A sample cannot be shown to the network.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// There is no float twin.
    #[error(transparent)]
    Twin(#[from] TwinError),
}

/// A device that did not do what it was asked is the same error wherever it was asked.
impl From<InferenceError> for ExperimentError {
    fn from(error: InferenceError) -> Self {
        match error {
            InferenceError::Session(error) => error.into(),
            other => Self::Inference(other),
        }
    }
}

impl From<PlantError> for ExperimentError {
    fn from(error: PlantError) -> Self {
        match error {
            PlantError::Stopped => SessionError::Stopped.into(),
            other => Self::Plant(other),
        }
    }
}

/// What a network and a plant exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exchanged {
    /// What the network senses.
    Sensed,
    /// What teaches it: errors, or targets.
    Taught,
    /// What it answers, which moves the plant.
    Answered,
    /// What its neurons do, which moves the plant.
    Acted,
}

impl Exchanged {
    /// What both say of it, where they differ.
    fn differ(self, network: usize, plant: usize) -> String {
        let own = if network == 1 { "1 value".to_owned() } else { format!("{network} values") };
        let [sends, takes] = ["sends", "takes"].map(|verb| format!("and the plant {verb} {plant}"));
        match self {
            Self::Sensed => format!("the inputs take {own}, {sends} (`sensed`)"),
            Self::Taught => format!("the targets take {own}, {sends} (`error`)"),
            Self::Answered => format!("the outputs give {own}, {takes} (`action`)"),
            Self::Acted if network == 1 => format!("1 neuron acts, {takes} (`action`)"),
            Self::Acted => format!("{network} neurons act, {takes} (`action`)"),
        }
    }
}

/// How the plan of a run that is resumed differs.
fn differing(found: usize, expected: usize) -> String {
    if found == expected {
        "other samples, or shows them otherwise".to_owned()
    } else {
        format!("{found} stages, and this one through {expected}")
    }
}

/// A table of figures.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FigureTable {
    /// What it shows.
    pub name: &'static str,
    /// Its rows.
    pub rows: Vec<Vec<f64>>,
}

impl FigureTable {
    /// A table of this name.
    pub const fn new(name: &'static str, rows: Vec<Vec<f64>>) -> Self {
        Self { name, rows }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Steps computed.
    pub steps: u64,
    /// Training and test samples shown, if samples were shown.
    pub samples: Option<u64>,
    /// How numbers of the samples became values, if they were scaled.
    pub scale: Option<Scale>,
    /// Figures of the whole run.
    pub metrics: Metrics,
    /// The figure that it lacks since it had no samples to test on.
    pub untested: Option<&'static str>,
    /// Exact counts.
    pub ops: OpCounts,
    /// Instructions that the steps took, where the device counts them.
    pub instructions: Option<u64>,
    /// Bytes of the chip's state.
    pub state_bytes: usize,
    /// Bytes of it that are learned.
    pub learned_bytes: usize,
    /// Digest of all state at the end.
    pub digest: StateDigest,
    /// Digest of all state after each pass.
    pub digests: Vec<StateDigest>,
    /// Tables of figures: confusion (rows are classes, columns answers), accuracy after each task (rows) on each (columns).
    pub tables: Vec<FigureTable>,
}

/// How an experiment is to be run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Seed for all random numbers.
    pub seed: u32,
    /// Epochs, that is passes over the training set, if not the experiment's own number. The chip's learning epoch is
    /// another thing.
    pub epochs: Option<u32>,
    /// Learned state to start from.
    pub learned: Option<Learned>,
    /// Where a run resumes, if the experiment goes through stages of samples.
    pub resume: Option<Checkpoint>,
    /// Data to learn from and to test on instead of the experiment's own: the name of a data set, a file or a folder.
    pub data: Option<PathBuf>,
    /// Use only the first N training and test samples.
    pub samples: Option<usize>,
    /// Whether to evaluate on a validation split of the training set (for tuning).
    pub validate: bool,
}

/// An experiment with its parameters.
pub trait Task: std::fmt::Debug + Send + Sync {
    /// Runs it on the device of a session.
    ///
    /// # Errors
    /// [`ExperimentError`]; rows that were handed to `observer` before stay valid.
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError>;
}

/// For tasks without stages and data: loads a placed network, and the learned state that it starts from, which is what its
/// programs know unless the options have another.
///
/// # Errors
/// [`ExperimentError`].
pub fn load(
    session: &mut Session,
    (network, placed): (&Network, &Placed),
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<(), ExperimentError> {
    refuse_stages_and_data(options)?;
    let neuron_map = NeuronMap::of_populations(network, placed).map_err(SessionError::from)?;
    observer.image(&placed.image, &neuron_map)?;
    session.load_as(&placed.image, &neuron_map)?;
    match &options.learned {
        Some(learned) => restore(learned, &placed.image, session),
        None => Ok(tell_known(session, placed)?),
    }
}

/// Refuses what only runs through stages of samples take.
///
/// # Errors
/// [`ExperimentError::NotResumable`], [`ExperimentError::NoData`].
pub fn refuse_stages_and_data(options: &RunOptions) -> Result<(), ExperimentError> {
    if options.resume.is_some() {
        return Err(ExperimentError::NotResumable);
    }
    if options.data.is_some() {
        return Err(ExperimentError::NoData);
    }
    Ok(())
}

/// Hands learned state to the device on which its image is.
pub fn restore(learned: &Learned, image: &ImageFile, session: &mut Session) -> Result<(), ExperimentError> {
    Ok(session.restore(SnapshotScope::Learned, learned.state_of(image.hash())?)?)
}

/// Asks the device for everything that an [`Outcome`] needs, and hands on what was learned.
///
/// # Errors
/// [`ExperimentError`].
pub fn conclude(
    session: &mut Session,
    image: &ImageFile,
    observer: &mut dyn Observer,
    metrics: Metrics,
    digests: Vec<StateDigest>,
) -> Result<Outcome, ExperimentError> {
    let learned = session.save(SnapshotScope::Learned)?;
    observer.learned(image, &learned)?;
    let ops = session.ops()?;
    let digest = session.digest()?;
    Ok(Outcome {
        steps: ops.steps,
        samples: None,
        scale: None,
        metrics,
        untested: None,
        ops,
        instructions: session.instructions(),
        state_bytes: Chip::bytes_needed(&image.open().map_err(SessionError::from)?, image.snips()),
        learned_bytes: learned.len(),
        digest,
        digests,
        tables: Vec::new(),
    })
}

/// Little-endian bytes of mailbox words.
pub fn mailbox(words: impl IntoIterator<Item = i16>) -> Vec<u8> {
    words.into_iter().flat_map(i16::to_le_bytes).collect()
}
