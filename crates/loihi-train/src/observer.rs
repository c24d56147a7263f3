//! What a training tells whoever observes it: its progress, epochs that are over, checkpoints; and whether it is to stop.

use loihi_run::record::RecordError;

/// An epoch that is over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EpochRow {
    /// Its number, from 1.
    pub epoch: u32,
    /// Mean loss of a training sample.
    pub loss: f64,
    /// Share of answers to training samples that were right while they were learned; `None` if no sample had an answer.
    pub accuracy_train: Option<f64>,
    /// Whether validation samples are answered after it.
    pub validates: bool,
    /// Share of answers to validation samples that are right; `None` if no sample has an answer.
    pub accuracy_validation: Option<f64>,
    /// Learning rate at its end.
    pub rate: f64,
    /// By population: spikes a neuron and step.
    pub spike_rates: Vec<(String, f64)>,
}

impl EpochRow {
    /// An epoch of a network that has no spikes: its number, the mean loss, and the share that was answered right while learning.
    pub const fn new(epoch: u32, loss: f64, accuracy_train: f64, rate: f64) -> Self {
        let accuracy_train = Some(accuracy_train);
        Self { epoch, loss, accuracy_train, validates: false, accuracy_validation: None, rate, spike_rates: Vec::new() }
    }

    /// The same, with the share of validation samples classified correctly after it; `None` if no sample has an answer.
    #[must_use]
    pub fn validated(self, accuracy: Option<f64>) -> Self {
        Self { validates: true, accuracy_validation: accuracy, ..self }
    }
}

/// Observes a training.
pub trait Observer {
    /// Batches that were learned, of all; the epoch under way, from 1, and what the one before it came to.
    fn progress(&mut self, _done: u64, _total: u64, _epoch: u32, _row: Option<&EpochRow>) {}

    /// Something that the user should know.
    fn warn(&mut self, _what: &str) {}

    /// An epoch is over.
    ///
    /// # Errors
    /// It could not be recorded.
    fn epoch(&mut self, _row: &EpochRow) -> Result<(), RecordError> {
        Ok(())
    }

    /// Whether training is to end here.
    fn stops(&mut self) -> bool {
        false
    }

    /// Whether it is time for a checkpoint.
    fn wants_checkpoint(&mut self) -> bool {
        false
    }

    /// Takes a checkpoint.
    ///
    /// # Errors
    /// It could not be written.
    fn checkpoint(&mut self, _bytes: &[u8]) -> Result<(), RecordError> {
        Ok(())
    }
}

/// Observes nothing.
#[derive(Debug)]
pub struct NoObserver;

impl Observer for NoObserver {}
