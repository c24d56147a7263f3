//! Everything that training changes, as bytes: a training that resumes from them ends in the same bits.

use crate::average::Average;
use crate::error::TrainError;
use crate::layers::Model;
use crate::optimiser::Moments;
use crate::shard::Tally;

/// Where training stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Position {
    /// The epoch under way, from 0.
    pub epoch: u32,
    /// Its batches that were learned.
    pub batch: usize,
    /// Steps of the optimiser so far.
    pub steps: u32,
    /// What the samples of the epoch have come to.
    pub tally: Tally,
}

/// What training changes.
#[derive(Debug)]
pub struct Progress<'p> {
    /// Where it stands.
    pub position: &'p mut Position,
    /// Everything that is trained, and thresholds.
    pub model: &'p mut Model,
    /// What the optimiser keeps of each group of parameters.
    pub moments: &'p mut [Moments],
    /// Means over the last epochs, if there are any.
    pub average: &'p mut Option<Average>,
}

impl Position {
    /// All of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { epoch, batch, steps, tally } = self;
        let mut bytes = Vec::new();
        let numbers = [
            u64::from(*epoch),
            *batch as u64,
            u64::from(*steps),
            tally.loss.to_bits(),
            tally.right,
            tally.labelled,
            tally.answered,
            tally.samples,
        ];
        let mut number = |number: u64| bytes.extend(number.to_le_bytes());
        numbers.into_iter().for_each(&mut number);
        for counts in [&tally.spikes, &tally.turns] {
            number(counts.len() as u64);
            counts.iter().copied().for_each(&mut number);
        }
        bytes
    }

    /// What [`Position::to_bytes`] has written at the beginning of these bytes, and the bytes after it.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut rest = Reader(bytes);
        let position = rest.position()?;
        Some((position, rest.0))
    }
}

impl Progress<'_> {
    /// All of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.position.to_bytes();
        for neurons in &self.model.neurons {
            bytes.extend(neurons.registers.v_th.iter().flat_map(|v_th| v_th.to_le_bytes()));
        }
        for (own, moments) in self.model.parameters.iter().zip(&*self.moments) {
            for values in [&own.values, &moments.first, &moments.second] {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
        let means = self.average.iter().flat_map(|average| &average.means);
        bytes.extend(means.flatten().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// Takes up what [`Progress::to_bytes`] has written; nothing is changed if it is damaged.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`].
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), TrainError> {
        let damaged = || TrainError::Checkpoint("it is of another network, or damaged".to_owned());
        let (position, rest) = Position::read(bytes).ok_or_else(damaged)?;
        let mut rest = Reader(rest);
        let mut model = self.model.clone();
        let mut moments = self.moments.to_vec();
        for neurons in &mut model.neurons {
            for v_th in &mut neurons.registers.v_th {
                *v_th = i32::from_le_bytes(rest.take().ok_or_else(damaged)?);
            }
        }
        let mut average = self.average.clone();
        let of_steps = model.parameters.iter_mut().zip(&mut moments);
        let of_steps = of_steps.flat_map(|(own, moments)| [&mut own.values, &mut moments.first, &mut moments.second]);
        let means = average.iter_mut().flat_map(|average| &mut average.means);
        for value in of_steps.chain(means).flatten() {
            let read = f32::from_le_bytes(rest.take().ok_or_else(damaged)?);
            *value = Some(read).filter(|read| read.is_finite()).ok_or_else(damaged)?;
        }
        if !rest.0.is_empty() {
            return Err(damaged());
        }
        (*self.position, *self.model, *self.average) = (position, model, average);
        self.moments.clone_from_slice(&moments);
        Ok(())
    }
}

/// Bytes that are yet to be read.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (own, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*own)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn counts(&mut self) -> Option<Vec<u64>> {
        let count = self.number()?;
        if count > self.0.len() as u64 / 8 {
            return None;
        }
        (0..count).map(|_| self.number()).collect()
    }

    fn position(&mut self) -> Option<Position> {
        let epoch = u32::try_from(self.number()?).ok()?;
        let batch = usize::try_from(self.number()?).ok()?;
        let steps = u32::try_from(self.number()?).ok()?;
        let (loss, right) = (f64::from_bits(self.number()?), self.number()?);
        let (labelled, answered, samples) = (self.number()?, self.number()?, self.number()?);
        let (spikes, turns) = (self.counts()?, self.counts()?);
        Some(Position { epoch, batch, steps, tally: Tally { loss, right, labelled, answered, samples, spikes, turns } })
    }
}
