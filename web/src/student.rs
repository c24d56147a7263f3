//! A network that answers one drawing at a time and learns from it, on a chip in this process.

use loihi_core::chip::SnapshotScope;
use loihi_core::register::Register;
use loihi_core::wire::message::{Record, Report};
use loihi_data::Sample;
use loihi_data::digits::CLASSES;
use loihi_device::inproc::InProcess;
use loihi_device::sample::Stretch;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::presenter::Presenter;
use loihi_net::network::Network;
use loihi_net::network::file::{self, FileOptions};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::{Placed, PlacementOptions, place};
use loihi_run::inference::winner;
use loihi_run::record::Learned;
use loihi_snip::Port;
use loihi_task::settings::Settings;
use loihi_task::{ExperimentError, mailbox};
use serde::Serialize;
use std::path::Path;

/// Memory of the chip, in bytes.
pub const ARENA_BYTES: usize = 1 << 20;
/// What PES teaches the readout of the right class, in its Q4.20.
const ONE: i64 = 1 << 20;

/// What the network answers to a drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The class with the largest score.
    pub class: usize,
    /// How far its score is ahead of the second, in 1/100 of what the right class should have over a wrong one, 0..=100.
    pub confidence_percent: u32,
    /// Scores by class: the right one should have 1, the others 0.
    pub scores: Vec<f64>,
    /// What the network was shown, 8×8 values of 0 to 16.
    pub values: Vec<u8>,
    /// Steps that it was shown.
    pub steps: u32,
    /// Neurons of the population whose spikes these are.
    pub neurons: usize,
    /// Spikes: step from 0, and neuron; ascending by step.
    pub spikes: Vec<[u32; 2]>,
}

/// A network and the chip that it is on.
#[derive(Debug)]
pub struct Student {
    session: Session,
    network: Network,
    placed: Placed,
    divided: [u16; 2],
    key: u32,
}

/// A session with a chip in this process.
///
/// # Errors
/// [`ExperimentError::Session`].
pub fn session() -> Result<Session, ExperimentError> {
    Ok(Session::open(Box::new(InProcess::new(ARENA_BYTES)), RetryPolicy::default(), 1, || false)?)
}

impl Student {
    /// A network file whose samples are predicted and then learned, with what it has learned.
    ///
    /// # Errors
    /// [`ExperimentError`], if the file has another kind of task, or another network has learned.
    pub fn new(text: &str, learned: &Learned) -> Result<Self, ExperimentError> {
        let path = Path::new("experiment.toml");
        let network = file::parse_with(text, path, &FileOptions::default().data(vec![8, 8], CLASSES))?;
        let what = "the page needs `predict_steps` and `learn_steps` in [task]";
        let divided = Settings::of(&network)?.divided().ok_or_else(|| ExperimentError::Plan(what.to_owned()))?;
        let placed = place(&network, PlacementOptions::default())?;
        let mut session = session()?;
        let map = NeuronMap::of_populations(&network, &placed).map_err(loihi_device::session::SessionError::from)?;
        session.load_as(&placed.image, &map)?;
        let mut student = Self { session, network, placed, divided, key: 0 };
        student.restore(learned)?;
        Ok(student)
    }

    /// Takes up what this network had learned.
    ///
    /// # Errors
    /// [`ExperimentError`] if another network did.
    pub fn restore(&mut self, learned: &Learned) -> Result<(), ExperimentError> {
        let state = learned.state_of(self.placed.image.hash())?;
        Ok(self.session.restore(SnapshotScope::Learned, state)?)
    }

    /// Shows a sample from rest, and learns nothing.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn predict(&mut self, sample: &Sample) -> Result<Answer, ExperimentError> {
        let stimulus = mailbox(self.presenter()?.words(sample, self.key)?);
        let [steps, _] = self.divided;
        self.answer(sample, Record { reset: true, steps, stimulus: &stimulus, ..Record::PLAIN })
    }

    /// Learns a sample of a known class, once: it is predicted, which gives the answer before, and then learned in further
    /// steps.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn teach(&mut self, sample: &Sample) -> Result<Answer, ExperimentError> {
        let presenter = self.presenter()?;
        let taught: Vec<usize> = (0..self.placed.programs.ports.len()).collect();
        let stimulus = mailbox(presenter.words(sample, self.key)?);
        let target = mailbox(presenter.targets(&taught, sample)?);
        let [predict, learn] = self.divided;
        let predicted = Record { reset: true, steps: predict, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        let before = self.answer(sample, predicted)?;
        self.show(Record { learn: true, steps: learn, ..Record::PLAIN })?;
        self.key = self.key.wrapping_add(1);
        Ok(before)
    }

    fn presenter(&self) -> Result<Presenter<'_>, ExperimentError> {
        Presenter::new(&self.network, &self.placed, None, None)
    }

    /// Computes a record, and returns spikes: step and neuron.
    fn show(&mut self, record: Record<'_>) -> Result<Vec<[u32; 2]>, ExperimentError> {
        let mut spikes = Vec::new();
        let map = &self.placed.map;
        self.session.sample(&[Stretch { record, spikes: &[] }], Report::Spikes, |step, compartment| {
            if let Some((0, neuron)) = map.owner(compartment) {
                spikes.push([step, u32::try_from(neuron).unwrap_or(u32::MAX)]);
            }
        })?;
        Ok(spikes)
    }

    /// Computes the record in which a sample is predicted, and reads the answer.
    fn answer(&mut self, sample: &Sample, record: Record<'_>) -> Result<Answer, ExperimentError> {
        let spikes = self.show(record)?;
        let outputs = self.session.read(Register::Output)?;
        let port = self.placed.programs.ports.last();
        let what = "the page needs a program that learns classes";
        let port = port.ok_or_else(|| ExperimentError::Plan(what.to_owned()))?;
        let words: Vec<i64> = outputs_of(port, &outputs).map(i64::from).collect();
        let class = winner(&words).unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "words of 32 bits")]
        let scores: Vec<f64> = words.iter().map(|word| *word as f64 / ONE as f64).collect();
        let second = words.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, word)| *word).max();
        let ahead = words.get(class).zip(second).map_or(0, |(best, second)| 100 * (best - second) / ONE);
        Ok(Answer {
            class,
            confidence_percent: u32::try_from(ahead.clamp(0, 100)).unwrap_or(0),
            scores,
            values: sample.flat().unwrap_or_default().to_vec(),
            steps: self.divided[0].into(),
            neurons: self.network.populations.first().map_or(0, loihi_net::network::Population::neurons),
            spikes,
        })
    }
}

/// Output words of a program.
fn outputs_of<'o>(port: &Port, outputs: &'o [i32]) -> impl Iterator<Item = i32> + use<'o> {
    outputs.iter().skip(port.output.start as usize).take(port.output.len()).copied()
}
