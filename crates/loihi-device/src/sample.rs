//! A sample from its first record to its last: computed in as few requests as a line allows, and what it told.

use super::link::{as_words, encoded, unexpected};
use super::piece::{Piece, cut};
use super::session::{Session, SessionError};
use super::spikes::{by_step, parts};
use loihi_core::register::Register;
use loihi_core::wire::message::{Record, Report, Request, Response};
use std::collections::VecDeque;

/// Bytes that spikes take in a record besides themselves, and its steps, at most.
const SPIKES_FIELDS: usize = 16;
/// Bytes of spikes that should fit a record besides everything else.
const ROOM_LEAST: usize = 64;

/// What a sample has told.
struct Told {
    report: Report,
    words: Vec<i32>,
    /// Steps before those that are being computed.
    steps: u32,
}

impl Told {
    fn nothing(report: Report) -> Self {
        let words = if let Report::Counts { count, .. } = report { vec![0; count as usize] } else { Vec::new() };
        Self { report, words, steps: 0 }
    }

    /// The report to ask for, given `room` bytes in the answer; `last` says that the request computes the last step.
    fn asked(&self, last: bool, room: usize) -> Report {
        let fits = |count: u32| count as usize <= room / 4;
        match self.report {
            Report::Counts { first, count, skip_steps } if fits(count) => {
                Report::Counts { first, count, skip_steps: skip_steps.saturating_sub(self.steps) }
            }
            // They are counted here.
            Report::Spikes | Report::Counts { .. } => Report::Spikes,
            // Only the end of the sample counts; what does not fit is read then.
            Report::Words { count, .. } if last && fits(count) => self.report,
            Report::Nothing | Report::Words { .. } | Report::Hashes { .. } => Report::Nothing,
        }
    }

    /// A spike in a step, counted from those that are being computed.
    fn spike(&mut self, step: u32, compartment: u32, visit: &mut dyn FnMut(u32, u32)) {
        let step = self.steps + step;
        match self.report {
            Report::Counts { first, skip_steps, .. } => {
                let place = compartment.checked_sub(first).filter(|_| step >= skip_steps);
                if let Some(count) = place.and_then(|place| self.words.get_mut(place as usize)) {
                    *count += 1;
                }
            }
            _ => visit(step, compartment),
        }
    }
}

/// What is put in at the beginning of a run of steps, and the spikes that enter in them: step from 0 and input, ascending.
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
    /// nothing is sampled or metered in it. Neither outputs nor hashes are told; [`Session::hashes`] tells those.
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
        let mut queue = self.pieces(stretches)?;
        let mut told = Told::nothing(report);
        while !queue.is_empty() {
            self.sample_batch(&mut queue, &mut told, &mut visit)?;
        }
        self.words_of(told)
    }

    /// Records that a message holds.
    fn pieces<'r>(&self, stretches: &[Stretch<'r>]) -> Result<VecDeque<Piece<'r>>, SessionError> {
        let most = self.identity().data_bytes;
        let mut queue = VecDeque::new();
        for Stretch { record, spikes } in stretches {
            let mut first = *record;
            let mut room = most.saturating_sub(encoded(record, most)?.len() + SPIKES_FIELDS);
            if room < ROOM_LEAST && !spikes.is_empty() {
                // What is put in at the beginning goes alone.
                queue.push_back(Piece::new(Record { steps: 0, ..first }, Vec::new()));
                first = Record { learn: record.learn, steps: record.steps, ..Record::PLAIN };
                room = most.saturating_sub(encoded(&first, most)?.len() + SPIKES_FIELDS);
            }
            for (number, part) in parts(u32::from(first.steps), spikes, room).into_iter().enumerate() {
                let steps = u16::try_from(part.steps).unwrap_or(u16::MAX);
                let later = Record { learn: record.learn, steps, ..Record::PLAIN };
                let record = if number == 0 { Record { steps, ..first } } else { later };
                queue.push_back(Piece::new(record, part.spikes));
            }
        }
        Ok(queue)
    }

    /// Computes as many pieces from the front of the queue as a message holds.
    fn sample_batch(
        &mut self,
        queue: &mut VecDeque<Piece<'_>>,
        told: &mut Told,
        visit: &mut dyn FnMut(u32, u32),
    ) -> Result<(), SessionError> {
        let most = self.identity().data_bytes;
        let (mut records, mut taken, mut asked) = (Vec::new(), 0, 0);
        for piece in queue.iter() {
            let bytes = encoded(&piece.record(), most)?;
            // An answer holds the outputs of all records, and leaves half of itself to the report.
            let answered = (taken + 1) * 4 * self.link.output_words;
            if taken > 0 && (records.len() + bytes.len() > most || answered > most / 2) {
                break;
            }
            records.extend(bytes);
            taken += 1;
            asked += u32::from(piece.steps());
        }
        let room = most.saturating_sub(taken * 4 * self.link.output_words);
        let report = told.asked(taken == queue.len(), room);
        let request = Request::Stream { records: &records, report };
        let (took, steps, answer) = self.link.ask(&request, |response| match response {
            Response::Streamed { steps, instructions, report, .. } => Ok((instructions, steps, report.to_vec())),
            other => Err(unexpected(&other)),
        })?;
        self.link.count(took);
        let mut whole = steps == asked;
        match report {
            Report::Spikes => {
                let seen = by_step(&answer, |step, compartment| told.spike(step, compartment, visit));
                if seen < steps {
                    whole = false;
                    for compartment in self.read(Register::Spikes)? {
                        told.spike(seen, compartment.cast_unsigned(), visit);
                    }
                }
            }
            Report::Counts { .. } => {
                told.words.iter_mut().zip(as_words(&answer)).for_each(|(sum, count)| *sum += count);
            }
            _ if whole => told.words = as_words(&answer),
            _ => {}
        }
        if whole {
            queue.drain(..taken);
        } else if let Some(rest) = cut(queue, steps)?.and_then(Piece::left) {
            queue.push_front(rest);
        }
        told.steps += steps;
        Ok(())
    }

    /// The same step by step, for a session that samples registers or meters cores.
    fn sample_by_steps(
        &mut self,
        stretches: &[Stretch<'_>],
        report: Report,
        visit: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<i32>, SessionError> {
        let mut told = Told::nothing(report);
        for Stretch { record, spikes } in stretches {
            let mut rest = *spikes;
            self.stream([Record { steps: 0, ..*record }], |_| ())?;
            for at in 0..record.steps {
                let (now, later) = rest.split_at(rest.partition_point(|(due, _)| *due <= at));
                rest = later;
                let now: Vec<(u16, u16)> = now.iter().map(|(_, input)| (0, *input)).collect();
                self.run(1, &now)?;
                if matches!(report, Report::Spikes | Report::Counts { .. }) {
                    for compartment in self.read(Register::Spikes)? {
                        told.spike(0, compartment.cast_unsigned(), visit);
                    }
                }
                told.steps += 1;
            }
            let waiting: Vec<(u16, u16)> = rest.iter().map(|(_, input)| (0, *input)).collect();
            if !waiting.is_empty() {
                self.run(0, &waiting)?;
            }
        }
        self.words_of(told)
    }

    /// What a sample returns.
    fn words_of(&mut self, told: Told) -> Result<Vec<i32>, SessionError> {
        match told.report {
            Report::Words { register, first, count } if told.words.is_empty() => {
                let first = first as usize;
                self.read_part(register, Some(first..first.saturating_add(count as usize)))
            }
            _ => Ok(told.words),
        }
    }
}
