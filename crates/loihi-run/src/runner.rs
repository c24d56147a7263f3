//! A network, its placement and its device in one value: step by step or sample by sample, on any thread.

mod build;

pub use build::RunnerBuilder;

use crate::inference::present::{PresentError, Presentation, input_of, present};
use crate::inference::{Inference, InferenceError, Spike, Stimulus, winner};
use crate::record::{Learned, RecordError};
use loihi_core::chip::SnapshotScope;
use loihi_core::image::ImageError;
use loihi_core::ops::OpCounts;
use loihi_core::register::{Register, StateDigest};
use loihi_data::Sample;
use loihi_device::Device;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::Network;
use loihi_place::place::{PlaceError, Placed};

/// Why a runner did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The network does not fit the chip.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The sample does not fit the network.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// The device did not do what it was asked, or the stimulus is for another network.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The learned state is that of another network.
    #[error(transparent)]
    Learned(#[from] RecordError),
}

impl From<SessionError> for RunnerError {
    fn from(error: SessionError) -> Self {
        Self::Inference(error.into())
    }
}

impl From<ImageError> for RunnerError {
    fn from(error: ImageError) -> Self {
        SessionError::from(error).into()
    }
}

/// What a network answers to a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The class with the largest score, the first of equal ones; `None` for a network without a readout.
    pub class: Option<usize>,
    /// A score for each class: the larger, the better.
    pub scores: Vec<i64>,
}

/// A network on a device. It borrows nothing, and can be moved to another thread.
///
/// ```
/// use loihi_device::inproc::InProcess;
/// use loihi_net::network::{Connection, Network, Population};
/// use loihi_run::runner::Runner;
///
/// let mut network = Network::new("relay");
/// let input = network.input("in", 1);
/// let relay = network.population(Population::new("relay", 1).v_th(1));
/// network.connect(Connection::new(input, relay, [100]));
///
/// let mut runner = Runner::new(network, InProcess::default())?;
/// // Element 0 of input 0 spikes, and the neuron with it.
/// assert_eq!(runner.step(&[(0, 0)])?.len(), 1);
/// assert_eq!(runner.step(&[])?, []);
/// # Ok::<(), loihi_run::runner::RunnerError>(())
/// ```
#[derive(Debug)]
pub struct Runner {
    session: Session,
    network: Network,
    placed: Placed,
    presentation: Option<Presentation>,
    /// Bias register of the whole chip as it is on the device.
    bias: Vec<i32>,
    /// The stimulus mailbox as it is on the device.
    stimulus: Vec<i16>,
    /// Whether learning rules change weights.
    learns: bool,
    /// Whether the next step begins from rest.
    from_rest: bool,
    /// Steps since the last time at rest.
    steps: u32,
    /// Samples that were presented: each has its own random numbers.
    samples: u32,
}

impl Runner {
    /// Places a network with the default options and loads it on a device.
    ///
    /// # Errors
    /// [`RunnerError`].
    pub fn new(network: Network, device: impl Device + 'static) -> Result<Self, RunnerError> {
        Self::builder(network).open(device)
    }

    /// A runner with options of its own.
    pub fn builder(network: Network) -> RunnerBuilder {
        RunnerBuilder::new(network)
    }

    /// Computes one step from the present state in which these elements of inputs spike, and returns the spikes of the
    /// network: input, by its place in the network's list, and element of it. [`Spike::step`] counts from rest.
    ///
    /// # Errors
    /// [`RunnerError`]; an input that the network does not have changes nothing.
    pub fn step(&mut self, inputs: &[(usize, usize)]) -> Result<Vec<Spike>, RunnerError> {
        let spikes = inputs.iter().map(|(input, element)| (0, *input, *element)).collect();
        self.advance(&Stimulus { steps: 1, spikes, ..Stimulus::default() })
    }

    /// Computes a stimulus from the present state; its steps count from 0, those of the spikes from rest.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn advance(&mut self, stimulus: &Stimulus) -> Result<Vec<Spike>, RunnerError> {
        let (from_rest, first) = (self.from_rest, self.steps);
        let mut spikes = Vec::new();
        let add = |spike: Spike| spikes.push(Spike { step: first.saturating_add(spike.step), ..spike });
        self.with(|inference| if from_rest { inference.run(stimulus, add) } else { inference.go_on(stimulus, add) })?;
        self.from_rest = false;
        self.steps = first.saturating_add(stimulus.steps);
        Ok(spikes)
    }

    /// Lets the network's learning rules change weights from the next step on, or not.
    pub fn set_learning(&mut self, learns: bool) {
        self.learns = learns;
    }

    /// Lets the next step begin from rest: without currents, voltages and spikes under way. What was learned stays.
    pub fn rest(&mut self) {
        (self.from_rest, self.steps) = (true, 0);
    }

    /// Computes a stimulus from rest and returns all spikes of the network, ascending by step.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn run(&mut self, stimulus: &Stimulus) -> Result<Vec<Spike>, RunnerError> {
        self.rest();
        self.advance(stimulus)
    }

    /// Computes a stimulus from rest and returns a score for each class, none for a network without a readout. Faster than
    /// [`Runner::run`]: only the readout is asked for.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn scores(&mut self, stimulus: &Stimulus) -> Result<Vec<i64>, RunnerError> {
        self.rest();
        let scores = self.with(|inference| inference.score(stimulus))?;
        (self.from_rest, self.steps) = (false, stimulus.steps);
        Ok(scores)
    }

    /// Presents a sample from rest, as [`RunnerBuilder::presentation`] says.
    ///
    /// # Errors
    /// [`RunnerError`].
    pub fn sample(&mut self, sample: &Sample) -> Result<Answer, RunnerError> {
        let stimulus = self.stimulus(sample)?;
        let scores = self.scores(&stimulus)?;
        self.samples = self.samples.wrapping_add(1);
        Ok(Answer { class: winner(&scores), scores })
    }

    /// What [`Runner::sample`] would present next for a sample.
    ///
    /// # Errors
    /// [`RunnerError::Present`].
    pub fn stimulus(&self, sample: &Sample) -> Result<Stimulus, RunnerError> {
        let presentation = match self.presentation {
            Some(presentation) => presentation,
            None => Presentation::new(&self.network, input_of(&self.network, None)?),
        };
        Ok(present(&self.network, sample, self.samples, &presentation)?)
    }

    /// A register of every neuron of a population, at the compartment that sends its spikes.
    ///
    /// # Errors
    /// [`RunnerError::Inference`].
    pub fn read(&mut self, register: Register, population: usize) -> Result<Vec<i32>, RunnerError> {
        Ok(self.with(|inference| inference.read(register, population))?)
    }

    /// Hashes of all state.
    ///
    /// # Errors
    /// [`RunnerError::Inference`].
    pub fn digest(&mut self) -> Result<StateDigest, RunnerError> {
        Ok(self.session.digest()?)
    }

    /// Exact counts since the network was loaded.
    ///
    /// # Errors
    /// [`RunnerError::Inference`].
    pub fn ops(&mut self) -> Result<OpCounts, RunnerError> {
        Ok(self.session.ops()?)
    }

    /// What the network has learned so far.
    ///
    /// # Errors
    /// [`RunnerError::Inference`].
    pub fn learned(&mut self) -> Result<Learned, RunnerError> {
        let bytes = self.session.save(SnapshotScope::Learned)?;
        Ok(Learned { image_hash: self.placed.image.hash(), bytes, scale: None, classes: None })
    }

    /// Continues with what the same network has learned, here or in another run.
    ///
    /// # Errors
    /// [`RunnerError::Learned`] if it is that of another network.
    pub fn restore(&mut self, learned: &Learned) -> Result<(), RunnerError> {
        let bytes = learned.state_of(self.placed.image.hash())?;
        self.session.restore(SnapshotScope::Learned, bytes)?;
        self.with(|inference| -> Result<(), InferenceError> { inference.restored() })?;
        Ok(())
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where it is on the chip.
    pub fn placed(&self) -> &Placed {
        &self.placed
    }

    /// The session, for what a runner does not do itself: recorders, meters, log lines.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Takes a runner apart; the device still holds the network.
    pub fn into_session(self) -> Session {
        self.session
    }

    /// Hands itself to what computes samples.
    fn with<R>(&mut self, compute: impl FnOnce(&mut Inference<'_>) -> R) -> R {
        let mut inference = Inference {
            session: &mut self.session,
            network: &self.network,
            placed: &self.placed,
            bias: std::mem::take(&mut self.bias),
            stimulus: std::mem::take(&mut self.stimulus),
            learns: self.learns,
        };
        let computed = compute(&mut inference);
        (self.bias, self.stimulus) = (inference.bias, inference.stimulus);
        computed
    }
}
