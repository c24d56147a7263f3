//! Streams of records: checked as a whole, then computed one by one.

use super::machine::elapsed;
use super::{Board, Data, DeviceError};
use crate::chip::{Chip, ResetScope};
use crate::wire::message::{DATA_MAX, Record};

/// Whether every record can be read and fits the mailboxes, and the outputs fit one answer.
pub(super) fn check(records: &[u8], chip: &mut Chip<'_>) -> Result<(), DeviceError> {
    let mut rest = records;
    let mut record_number = 0_u32;
    let mut output_bytes = 0_usize;
    while !rest.is_empty() {
        let unsound = DeviceError::Record { record: record_number };
        let (record, after) = postcard::take_from_bytes::<Record<'_>>(rest).map_err(|_| unsound)?;
        let fits = fills(record.stimulus, chip.stimulus_mut()) && fills(record.target, chip.target_mut());
        if !fits {
            return Err(unsound);
        }
        output_bytes = output_bytes.saturating_add(chip.output().len().saturating_mul(4));
        record_number = record_number.saturating_add(1);
        rest = after;
    }
    if output_bytes > DATA_MAX {
        return Err(DeviceError::TooMuch { most: u32::try_from(DATA_MAX).unwrap_or(u32::MAX) });
    }
    Ok(())
}

/// Computes records that [`check`] has accepted; returns the instructions that the steps took.
pub(super) fn run(records: &[u8], chip: &mut Chip<'_>, board: &Board, outputs: &mut Data) -> Option<u64> {
    let ticks = board.ticks;
    let mut instructions = ticks.map(|_| 0_u64);
    let mut rest = records;
    while let Ok((record, after)) = postcard::take_from_bytes::<Record<'_>>(rest) {
        if record.reset {
            chip.reset(ResetScope::State);
        }
        fill(record.stimulus, chip.stimulus_mut());
        fill(record.target, chip.target_mut());
        if let Some(slot) = record.recall.checked_sub(1) {
            chip.recall(usize::from(slot));
        }
        if let Some(slot) = record.keep.checked_sub(1) {
            chip.keep(usize::from(slot));
        }
        chip.set_learning(record.learn);
        let begin = ticks.map(|now| now());
        for _ in 0..record.steps {
            (board.step)(chip);
        }
        instructions = instructions.zip(elapsed(ticks, begin)).map(|(sum, took)| sum.wrapping_add(took));
        for word in chip.output() {
            // The check has made sure that they fit.
            let _fits = outputs.extend_from_slice(&word.to_le_bytes());
        }
        rest = after;
    }
    instructions
}

/// Words fill a mailbox exactly, or there are none.
fn fills(bytes: &[u8], mailbox: &[i16]) -> bool {
    bytes.is_empty() || bytes.len() == mailbox.len().saturating_mul(2)
}

fn fill(bytes: &[u8], mailbox: &mut [i16]) {
    for (word, bytes) in mailbox.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *word = i16::from_le_bytes(*bytes);
    }
}
