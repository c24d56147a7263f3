//! What the file of an experiment says: network, programs, samples and their order.

use loihi_core::image::SnipRecord;
use loihi_core::snip::SnipParams;
use loihi_experiments::{Experiment, RunOptions};
use loihi_learn::Learner;
use loihi_learn::plan::Planning;
use loihi_net::network::Network;
use loihi_net::network::file::{self, FileOptions};
use loihi_place::place::{PlacementOptions, place};
use loihi_snip::Teaching;
use loihi_task::samples::{Of, Samples};
use loihi_task::sets::Wanted;
use loihi_task::stage::Stage;
use std::error::Error;
use std::path::Path;

/// An experiment with a seed, as a run of it begins.
pub(crate) struct Setup {
    /// Populations, and connections with their initial weights.
    pub(crate) network: Network,
    /// Stages of learning and of testing.
    pub(crate) stages: Vec<Stage>,
    /// What the readout of the right class should be, and that of the others.
    pub(crate) targets: [i16; 2],
    /// What the last input is always shown, if it is a bias.
    pub(crate) constant: Option<i16>,
    samples: Samples,
    programs: Vec<SnipRecord>,
}

/// Weights of a connection.
pub(crate) struct Matrix {
    /// Sources.
    pub(crate) sources: usize,
    /// Neurons.
    pub(crate) neurons: usize,
    /// In steps of their format, those of a source side by side.
    pub(crate) weights: Vec<f32>,
}

impl Setup {
    /// Reads the experiment's file and its data.
    ///
    /// # Errors
    /// If the data are not there, or the network cannot be placed.
    pub(crate) fn new(experiment: Experiment, seed: u32) -> Result<Self, Box<dyn Error>> {
        let path = Path::new(experiment.name);
        let learner = Learner::parse(experiment.text, path)?;
        let settings = learner.settings();
        let options = RunOptions { seed, ..RunOptions::default() };
        let samples = Samples::open(&settings.task, &options, Wanted::default())?;
        let file_options = FileOptions::default().seed(seed).data(samples.shape(), samples.classes);
        let network = file::parse_with(experiment.text, path, &file_options)?;
        let placed = place(&network, PlacementOptions::default())?;
        let programs = &placed.programs;
        let planning =
            Planning { settings, samples: &samples, programs, frozen: &[], seed, epochs: None, is_shortened: false };
        let stages = planning.stages()?;
        let taught = programs.ports.iter().find_map(|port| match port.teaching {
            Teaching::Classes { right, wrong } => Some([right, wrong]),
            _ => None,
        });
        let targets = taught.ok_or("the experiment has no program that learns classes")?;
        let constant = programs.stimuli.first().and_then(|port| port.constant);
        let programs = placed.image.open()?.snips().collect();
        Ok(Self { network, stages, targets, constant, samples, programs })
    }

    /// Parameters of the first program of a kind, if there is one.
    ///
    /// # Errors
    /// None for a network that was placed.
    pub(crate) fn params<P: SnipParams>(&self) -> Result<Option<P>, Box<dyn Error>> {
        let record = self.programs.iter().find(|record| record.kind == P::KIND);
        Ok(record.map(|record| P::from_words(&record.params)).transpose()?)
    }

    /// Values and class of a sample.
    ///
    /// # Errors
    /// If it has none.
    pub(crate) fn sample(&self, of: Of) -> Result<(&[u8], usize), Box<dyn Error>> {
        let sample = self.samples.get(of).ok_or("a stage names a sample that is not there")?;
        let (values, label) = sample.flat().zip(sample.label).ok_or("a sample has no values or no class")?;
        Ok((values, usize::try_from(label)?))
    }

    /// Initial weights of a connection, by its number.
    ///
    /// # Errors
    /// `Err` if no such connection exists.
    pub(crate) fn weights(&self, connection: usize) -> Result<Matrix, Box<dyn Error>> {
        let connection = self.network.connections.get(connection).ok_or("the network has too few connections")?;
        let to = self.network.populations.get(connection.to).ok_or("a connection ends nowhere")?;
        let shapes = [self.network.shape_of(connection.from), &*to.shape];
        let [sources, neurons] = shapes.map(|shape| shape.iter().product::<usize>());
        let mut weights = vec![0.0; sources * neurons];
        for (source, row) in weights.chunks_exact_mut(neurons.max(1)).enumerate() {
            // A step is two units of 64 of the voltage.
            connection.visit(shapes, source, |neuron, mantissa, _| {
                row[neuron] = f32::from(connection.folded(mantissa)) / 2.0;
            });
        }
        Ok(Matrix { sources, neurons, weights })
    }
}
