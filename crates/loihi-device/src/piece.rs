//! A record that is computed in several requests.

use super::error::SessionError;
use loihi_core::wire::message::Record;
use std::collections::VecDeque;

/// A record, or what is left of one: with spikes of its own, steps counted from its first.
#[derive(Clone, Debug)]
pub(super) struct Piece<'r> {
    record: Record<'r>,
    spikes: Vec<u8>,
}

impl<'r> Piece<'r> {
    /// A record with these spikes instead of its own.
    pub(super) fn new(record: Record<'r>, spikes: Vec<u8>) -> Self {
        Self { record, spikes }
    }

    /// A whole record.
    pub(super) fn of(record: &Record<'r>) -> Self {
        Self { record: *record, spikes: record.spikes.to_vec() }
    }

    /// The record to send.
    pub(super) fn record(&self) -> Record<'_> {
        Record { spikes: &self.spikes, ..self.record }
    }

    /// Its steps.
    pub(super) fn steps(&self) -> u16 {
        self.record.steps
    }

    /// The first `steps` steps, and the others; all, if it has no more. Spikes of the step after the last stay with the
    /// last ones.
    pub(super) fn split(self, steps: u16) -> (Self, Option<Self>) {
        if steps >= self.steps() {
            return (self, None);
        }
        let rest = self.after(steps);
        let first = |spike: &&[u8; 4]| due(**spike) < steps;
        let spikes = self.spikes.as_chunks::<4>().0.iter().filter(first).flatten().copied().collect();
        (Self { record: Record { steps, ..self.record }, spikes }, rest)
    }

    /// What is left once `steps` steps are computed; `None` if nothing is.
    pub(super) fn after(&self, steps: u16) -> Option<Self> {
        self.rest(steps).left()
    }

    /// This piece, if it has steps or spikes.
    pub(super) fn left(self) -> Option<Self> {
        (self.steps() > 0 || !self.spikes.is_empty()).then_some(self)
    }

    /// The same, without steps and spikes if nothing is left.
    pub(super) fn rest(&self, steps: u16) -> Self {
        let left = self.steps().saturating_sub(steps);
        let mut spikes = Vec::new();
        for spike in self.spikes.as_chunks::<4>().0 {
            let [_, _, low, high] = *spike;
            if let Some(step) = due(*spike).checked_sub(steps) {
                let [a, b] = step.to_le_bytes();
                spikes.extend([a, b, low, high]);
            }
        }
        let record = Record { steps: left, learn: self.record.learn, ..Record::PLAIN };
        Self { record, spikes }
    }
}

/// Takes `steps` computed steps off a queue of pieces whose request ended early; returns what is left
/// of the last one, after which nothing was done.
pub(super) fn cut<'r>(queue: &mut VecDeque<Piece<'r>>, steps: u32) -> Result<Option<Piece<'r>>, SessionError> {
    if steps == 0 {
        return Err(SessionError::Unexpected("it has computed nothing".to_owned()));
    }
    let mut left = steps;
    while let Some(piece) = queue.pop_front() {
        let own = u32::from(piece.steps());
        if left <= own {
            return Ok(Some(piece.rest(u16::try_from(left).unwrap_or(u16::MAX))));
        }
        left -= own;
    }
    Ok(None)
}

/// The step of a spike.
fn due([low, high, _, _]: [u8; 4]) -> u16 {
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_the_spikes_of_its_steps() {
        let spikes: Vec<u8> = (0_u8..=5).flat_map(|step| [step, 0, 10 + step, 0]).collect();
        let whole = Record { learn: true, steps: 5, target: &[1, 0], spikes: &spikes, ..Record::PLAIN };
        for part in 1..=6 {
            let (mut rest, mut first, mut found) = (Some(Piece::of(&whole)), 0, Vec::new());
            while let Some(piece) = rest {
                let (now, later) = piece.split(part);
                let record = now.record();
                assert_eq!((record.learn, record.target.is_empty()), (true, first > 0), "parts of {part} from {first}");
                for spike in record.spikes.as_chunks::<4>().0 {
                    assert!(due(*spike) < record.steps || later.is_none() && due(*spike) == record.steps);
                    found.push((first + due(*spike), spike[2]));
                }
                first += record.steps;
                rest = later;
            }
            let expected: Vec<(u16, u8)> = (0..=5).map(|step| (u16::from(step), 10 + step)).collect();
            assert_eq!((first, found), (5, expected), "parts of {part}");
        }
    }
}
