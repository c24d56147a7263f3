//! A sample from its first record to its last: computed in as few requests as a line allows, and what it told.

use super::session::{Session, SessionError, as_words, encoded, unexpected};
use super::spikes::{by_step, parts};
use loihi_core::register::Register;
use loihi_core::wire::message::{Record, Report, Request, Response};
use std::collections::VecDeque;

/// A record that owns its spikes, which may be a part of those of another.
#[derive(Clone, Debug)]
struct Piece<'r> {
    record: Record<'r>,
    spikes: Vec<u8>,
}

impl Piece<'_> {
    fn record(&self) -> Record<'_> {
        Record { spikes: &self.spikes, ..self.record }
    }

    /// What is left after so many of its steps; `None` if nothing is.
    fn after(&self, steps: u16) -> Option<Self> {
        let left = self.record.steps.saturating_sub(steps);
        let mut spikes = Vec::new();
        for [a, b, c, d] in self.spikes.as_chunks::<4>().0 {
            let step = u16::from_le_bytes([*a, *b]);
            if step >= steps {
                let [a, b] = (step - steps).to_le_bytes();
                spikes.extend([a, b, *c, *d]);
            }
        }
        let record = Record { steps: left, learn: self.record.learn, ..Record::PLAIN };
        (left > 0 || !spikes.is_empty()).then_some(Self { record, spikes })
    }
}

/// What is put in at the begin of a run of steps, and the spikes that enter in them: step from 0 and input, ascending.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'r> {
    /// Everything but the spikes.
    pub record: Record<'r>,
    /// The spikes.
    pub spikes: &'r [(u16, u16)],
}

impl Session {
    /// Computes a sample. Its spikes go to `visit`, step from 0 and compartment, if that is what the report asks for;
    /// the words of counts or of a register are returned. In one request, if the device's messages hold the sample and
    /// nothing is sampled or metered in it. Outputs are not told.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn sample(
        &mut self,
        stretches: &[Stretch<'_>],
        report: Report,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<Vec<i32>, SessionError> {
        let steps: u32 = stretches.iter().map(|stretch| u32::from(stretch.record.steps)).sum();
        if self.looks_within(steps)? {
            return self.sample_by_steps(stretches, report, &mut visit);
        }
        let most = self.identity().data_bytes;
        let mut queue = VecDeque::new();
        for Stretch { record, spikes } in stretches {
            let room = most.saturating_sub(encoded(record, most)?.len() + 16);
            for (number, part) in parts(u32::from(record.steps), spikes, room).into_iter().enumerate() {
                let steps = u16::try_from(part.steps).unwrap_or(u16::MAX);
                let later = Record { learn: record.learn, steps, ..Record::PLAIN };
                let record = if number == 0 { Record { steps, ..*record } } else { later };
                queue.push_back(Piece { record, spikes: part.spikes });
            }
        }
        let (mut done, mut told) = (0, Vec::new());
        while !queue.is_empty() {
            done += self.sample_batch(&mut queue, report, done, &mut told, &mut visit)?;
        }
        Ok(told)
    }

    /// Computes as many pieces from the front of the queue as a message holds; returns the steps.
    fn sample_batch(
        &mut self,
        queue: &mut VecDeque<Piece<'_>>,
        report: Report,
        done: u32,
        told: &mut Vec<i32>,
        visit: &mut dyn FnMut(u32, u32),
    ) -> Result<u32, SessionError> {
        let most = self.identity().data_bytes;
        let (mut records, mut taken) = (Vec::new(), 0);
        for piece in queue.iter() {
            let bytes = encoded(&piece.record(), most)?;
            if taken > 0 && records.len() + bytes.len() > most {
                break;
            }
            records.extend(bytes);
            taken += 1;
        }
        let report = match report {
            Report::Counts { first, count, skip_steps } => {
                Report::Counts { first, count, skip_steps: skip_steps.saturating_sub(done) }
            }
            // Only the end of the sample counts.
            Report::Words { .. } if taken < queue.len() => Report::Nothing,
            other => other,
        };
        let request = Request::Stream { records: &records, report };
        let (took, steps, answer) = self.ask(&request, |response| match response {
            Response::Streamed { steps, instructions, report, .. } => Ok((instructions, steps, report.to_vec())),
            other => Err(unexpected(&other)),
        })?;
        self.count(took);
        let mut whole = true;
        match report {
            Report::Spikes => {
                let seen = by_step(&answer, |step, compartment| visit(done + step, compartment));
                whole = seen == steps;
                if !whole {
                    for compartment in self.read(Register::Spikes)? {
                        visit(done + seen, compartment.cast_unsigned());
                    }
                }
            }
            Report::Counts { .. } => {
                let counts = as_words(&answer);
                told.resize(counts.len(), 0);
                told.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
            _ => *told = as_words(&answer),
        }
        if whole {
            queue.drain(..taken);
        } else {
            cut(queue, steps);
        }
        Ok(steps)
    }

    /// The same step by step, for a session that samples registers or meters cores.
    fn sample_by_steps(
        &mut self,
        stretches: &[Stretch<'_>],
        report: Report,
        visit: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<i32>, SessionError> {
        let (mut step, mut counts) = (0, Vec::new());
        if let Report::Counts { count, .. } = report {
            counts = vec![0; count as usize];
        }
        for Stretch { record, spikes } in stretches {
            let mut rest = *spikes;
            self.stream([Record { steps: 0, ..*record }], 0, |_| ())?;
            for at in 0..record.steps {
                let (now, later) = rest.split_at(rest.partition_point(|(due, _)| *due <= at));
                rest = later;
                let now: Vec<(u16, u16)> = now.iter().map(|(_, input)| (0, *input)).collect();
                self.run(1, &now)?;
                if matches!(report, Report::Spikes | Report::Counts { .. }) {
                    for compartment in self.read(Register::Spikes)? {
                        let compartment = compartment.cast_unsigned();
                        match report {
                            Report::Counts { first, skip_steps, .. } => {
                                let place = compartment.checked_sub(first).filter(|_| step >= skip_steps);
                                if let Some(count) = place.and_then(|place| counts.get_mut(place as usize)) {
                                    *count += 1;
                                }
                            }
                            _ => visit(step, compartment),
                        }
                    }
                }
                step += 1;
            }
            let waiting: Vec<(u16, u16)> = rest.iter().map(|(_, input)| (0, *input)).collect();
            if !waiting.is_empty() {
                self.run(0, &waiting)?;
            }
        }
        match report {
            Report::Words { register, first, count } => {
                let first = first as usize;
                self.read_part(register, Some(first..first + count as usize))
            }
            _ => Ok(counts),
        }
    }
}

/// Takes so many steps off the front of a queue of which the last piece was not computed whole.
fn cut(queue: &mut VecDeque<Piece<'_>>, steps: u32) {
    let mut left = steps;
    while let Some(piece) = queue.pop_front() {
        let own = u32::from(piece.record.steps);
        if left > own {
            left -= own;
            continue;
        }
        let rest = piece.after(u16::try_from(left).unwrap_or(u16::MAX));
        if let Some(rest) = rest {
            queue.push_front(rest);
        }
        return;
    }
}
