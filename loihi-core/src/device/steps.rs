//! Computing steps: what is put in before, what is told after.

use super::data::Data;
use super::{Between, Board, InParts};
use crate::chip::{Chip, ResetScope};
use crate::feature::PARTS;
use crate::image::index;
use crate::register::Register;
use crate::snip::fired;
use crate::wire::DeviceError;
use crate::wire::message::{Record, Report};

/// Computes the steps of a request and collects what it wants to be told.
pub(super) struct Steps<'d> {
    board: Board,
    report: Report,
    data: Data<'d>,
    /// Steps that the request asks for in all.
    asked: u64,
    /// Steps computed.
    pub(super) computed: u32,
    /// Instructions that they took, if the board counts them.
    pub(super) instructions: Option<u64>,
}

impl<'d> Steps<'d> {
    /// Nothing is computed yet; `steps` are those that the request asks for in all.
    ///
    /// # Errors
    /// [`DeviceError::TooMuch`] if the report would not fit the buffer, however few spikes there are.
    pub(super) fn new(board: Board, report: Report, steps: u64, buffer: &'d mut [u8]) -> Result<Self, DeviceError> {
        let mut data = Data::new(buffer);
        let words = match report {
            Report::Nothing | Report::Spikes => 0,
            Report::Counts { count, .. } | Report::Words { count, .. } => u64::from(count),
            Report::Hashes { .. } => steps.saturating_mul(2),
        };
        let capacity = data.capacity();
        if usize::try_from(words.saturating_mul(4)).map_or(true, |bytes| bytes > capacity) {
            return Err(DeviceError::TooMuch { most: u32::try_from(capacity).unwrap_or(u32::MAX) });
        }
        if let Report::Counts { count, .. } = report {
            for _ in 0..count {
                data.word(0);
            }
        }
        Ok(Self { board, report, data, asked: steps, computed: 0, instructions: board.ticks.map(|_| 0) })
    }

    /// Computes steps; false if the last one that was computed is not the last of the request, because its spikes did not
    /// fit the report or because the board was interrupted: nothing was done after it. `spikes` are pairs of step and
    /// input, ascending; those of the step after the last wait for it.
    pub(super) fn run(&mut self, chip: &mut Chip<'_>, steps: u32, spikes: &[u8]) -> bool {
        let Some((computed, spikes)) = self.run_in_parts(chip, steps, spikes) else { return false };
        let mut waiting = spikes.as_chunks::<4>().0.iter().peekable();
        let enter = self.board.inject;
        // Between steps the next spike is always looked up: begun like that, a run that was cut takes as many instructions as
        // a whole one.
        let _next = waiting.peek();
        let mut inject = |chip: &mut Chip<'_>, step: u32| {
            while let Some([_, _, low, high]) = waiting.next_if(|pair| due(**pair) <= step) {
                enter(chip, usize::from(u16::from_le_bytes([*low, *high])));
            }
        };
        for step in computed..steps {
            let start = self.board.ticks.map(|now| now());
            inject(chip, step);
            (self.board.step)(chip);
            self.count(start);
            self.computed = self.computed.wrapping_add(1);
            if !self.tell(chip) || self.is_interrupted() {
                return false;
            }
        }
        let start = self.board.ticks.map(|now| now());
        inject(chip, steps);
        self.count(start);
        true
    }

    /// Computes the first steps in several parts of the chip at the same time, as many as the board chooses. Returns the number of steps
    /// and the spikes that are left, `None` if they were cut short.
    #[inline(always)]
    fn run_in_parts<'s>(&mut self, chip: &mut Chip<'_>, steps: u32, mut spikes: &'s [u8]) -> Option<(u32, &'s [u8])> {
        let hashes = matches!(self.report, Report::Hashes { .. });
        let in_parts = self.board.in_parts.filter(|_| PARTS && steps > 0 && !hashes && self.board.ticks.is_none());
        let Some(InParts { parts, run }) = in_parts else { return Some((0, spikes)) };
        let mut asked = Asked { steps: self, left: steps, step: 0, waiting: &mut spikes, cut: false };
        run(chip, parts, &mut asked);
        let (cut, step) = (asked.cut, asked.step);
        (!cut).then_some((step, spikes))
    }

    /// Whether the line is wanted before the last step.
    fn is_interrupted(&self) -> bool {
        u64::from(self.computed) < self.asked && self.board.interrupted.is_some_and(|interrupted| interrupted())
    }

    fn count(&mut self, start: Option<u64>) {
        let took = self.board.ticks.zip(start).map(|(now, start)| now().wrapping_sub(start));
        self.instructions = self.instructions.zip(took).map(|(sum, took)| sum.wrapping_add(took));
    }

    /// Tells of a step; false if its spikes do not fit.
    fn tell(&mut self, chip: &Chip<'_>) -> bool {
        if let Report::Hashes { registers } = self.report {
            self.data.extend(&chip.digest_of(registers).to_le_bytes());
        }
        self.tell_spikes(chip.spikes())
    }

    /// Tells of the spikes of a step; false if they do not fit.
    fn tell_spikes(&mut self, spikes: &[u32]) -> bool {
        match self.report {
            Report::Nothing | Report::Words { .. } | Report::Hashes { .. } => {}
            Report::Spikes => {
                if self.data.left() / 4 <= spikes.len() {
                    return false;
                }
                self.data.word(u32::try_from(spikes.len()).unwrap_or(u32::MAX));
                for spike in spikes {
                    self.data.word(*spike);
                }
            }
            Report::Counts { first, count, skip_steps } => {
                if self.computed > skip_steps {
                    fired(spikes, index(first), index(count)).for_each(|at| self.data.increment(at));
                }
            }
        }
        true
    }

    /// Everything is computed: what there is to tell.
    pub(super) fn finish(mut self, chip: &Chip<'_>) -> &'d [u8] {
        if let Report::Words { register, first, count } = self.report {
            read(chip, register, first, count, &mut self.data);
        }
        self.data.finish()
    }
}

/// The steps that are left of a request.
struct Asked<'s, 'd, 'w> {
    steps: &'s mut Steps<'d>,
    left: u32,
    /// The next one.
    step: u32,
    /// Pairs of step and input, from the next step on.
    waiting: &'s mut &'w [u8],
    /// Whether the last step that was computed is not the last of the request.
    cut: bool,
}

impl Between for Asked<'_, '_, '_> {
    fn left(&self) -> u32 {
        self.left
    }

    fn inputs(&mut self, put: &mut dyn FnMut(u32)) {
        while let Some((pair, rest)) = self.waiting.split_first_chunk::<4>()
            && due(*pair) <= self.step
        {
            let [_, _, low, high] = *pair;
            put(u32::from(u16::from_le_bytes([low, high])));
            *self.waiting = rest;
        }
    }

    fn computed(&mut self, spikes: &[u32]) -> bool {
        self.steps.computed = self.steps.computed.wrapping_add(1);
        self.step = self.step.wrapping_add(1);
        self.left = self.left.saturating_sub(1);
        // As where steps are computed one by one: nothing comes after a step that does not fit the report.
        self.cut = !self.steps.tell_spikes(spikes) || self.steps.is_interrupted();
        !self.cut && self.left > 0
    }
}

/// Adds words of a register to an answer; returns how many the register has.
pub(super) fn read(chip: &Chip<'_>, register: Register, first: u32, count: u32, data: &mut Data<'_>) -> usize {
    let first = index(first);
    chip.visit_part(register, first..first.saturating_add(index(count)), |value| {
        // The count was compared with the capacity.
        data.word(value.cast_unsigned());
    })
}

/// The step of an input spike.
pub(super) fn due([low, high, _, _]: [u8; 4]) -> u32 {
    u32::from(u16::from_le_bytes([low, high]))
}

/// The step of the first spike that a run of `steps` steps does not reach.
pub(super) fn late(spikes: &[u8], steps: u32) -> Option<u32> {
    spikes.as_chunks::<4>().0.iter().map(|pair| due(*pair)).find(|due| *due > steps)
}

/// What a stream needs: bytes for the outputs of all records, and steps.
pub(super) struct Needs {
    pub(super) output_bytes: usize,
    pub(super) steps: u64,
}

/// Whether every record can be read and fits the mailboxes; what they need.
pub(super) fn check(records: &[u8], chip: &Chip<'_>) -> Result<Needs, DeviceError> {
    let [stimulus, target, output] = chip.mailbox_words();
    let mut needs = Needs { output_bytes: 0, steps: 0 };
    let (mut rest, mut record_number) = (records, 0_u32);
    while !rest.is_empty() {
        let unfit = DeviceError::Record { record: record_number };
        let (record, after) = postcard::take_from_bytes::<Record<'_>>(rest).map_err(|_| unfit)?;
        let fits = fills(record.stimulus, stimulus)
            && fills(record.target, target)
            && record.biases.len().is_multiple_of(4)
            && chip.accepts(Register::Bias, index(record.bias_first), words(record.biases))
            && late(record.spikes, u32::from(record.steps)).is_none();
        if !fits {
            return Err(unfit);
        }
        needs.output_bytes = needs.output_bytes.saturating_add(output.saturating_mul(4));
        needs.steps = needs.steps.saturating_add(u64::from(record.steps));
        record_number = record_number.saturating_add(1);
        rest = after;
    }
    Ok(needs)
}

/// Computes records that [`check`] has accepted, until one is cut short by the report.
pub(super) fn stream(records: &[u8], chip: &mut Chip<'_>, steps: &mut Steps<'_>, outputs: &mut Data<'_>) {
    let mut rest = records;
    while let Ok((record, after)) = postcard::take_from_bytes::<Record<'_>>(rest) {
        start(&record, chip);
        if !steps.run(chip, u32::from(record.steps), record.spikes) {
            return;
        }
        for word in chip.output() {
            // The check has made sure that they fit.
            outputs.word(word.cast_unsigned());
        }
        rest = after;
    }
}

/// Does what a record wants done before its steps.
fn start(record: &Record<'_>, chip: &mut Chip<'_>) {
    if record.reset {
        chip.reset(ResetScope::State);
    }
    if !record.biases.is_empty() {
        // Accepted before.
        chip.write(Register::Bias, index(record.bias_first), words(record.biases));
    }
    if !record.stimulus.is_empty() {
        fill(record.stimulus, chip.stimulus_mut());
    }
    fill(record.target, chip.target_mut());
    if let Some(slot) = record.recall.checked_sub(1) {
        chip.recall(usize::from(slot));
    }
    if let Some(slot) = record.keep.checked_sub(1) {
        chip.keep(usize::from(slot));
    }
    chip.set_learning(record.learn);
}

/// Words as they came.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = i32> + Clone + '_ {
    bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes))
}

/// Words fill a mailbox exactly, or there are none.
const fn fills(bytes: &[u8], mailbox_words: usize) -> bool {
    bytes.is_empty() || bytes.len() == mailbox_words.saturating_mul(2)
}

fn fill(bytes: &[u8], mailbox: &mut [i16]) {
    for (word, bytes) in mailbox.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *word = i16::from_le_bytes(*bytes);
    }
}
