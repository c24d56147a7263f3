//! Requests that come in parts, and responses that are fetched in parts.

use super::Device;
use crate::image::index;
use crate::wire::frame::{CHANNEL_MESSAGE, CHANNEL_PART};
use crate::wire::message::Response;
use crate::wire::part::{FIRST_BYTES, PART_BYTES, Part};

/// What a part asks for, without its data, which lie at the end of its frame.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Put {
        offset: usize,
        count: usize,
    },
    Execute {
        offset: usize,
        count: usize,
    },
    Get {
        offset: usize,
    },
    /// What only a device sends.
    Foreign,
}

impl Place {
    pub(super) fn of(part: &Part<'_>) -> Self {
        match *part {
            Part::Put { offset, data } => Self::Put { offset: index(offset), count: data.len() },
            Part::Execute { offset, data } => Self::Execute { offset: index(offset), count: data.len() },
            Part::Get { offset } => Self::Get { offset: index(offset) },
            Part::Have { .. } | Part::Answer { .. } => Self::Foreign,
        }
    }
}

impl<A: AsMut<[u64]>, B: AsRef<[u8]> + AsMut<[u8]>> Device<A, B> {
    /// Does what the part in the frame that was read last asks for.
    pub(super) fn take_part(&mut self, sequence: u16, part: Place) {
        let executed = match self.executor.has_executed(sequence) {
            Ok(executed) => executed,
            Err(error) => return self.send_short(CHANNEL_MESSAGE, sequence, &Response::Failed(error)),
        };
        match part {
            Place::Foreign => {}
            Place::Execute { .. } if executed => self.send_answer(sequence, 0, FIRST_BYTES),
            Place::Get { offset } if executed => self.send_answer(sequence, offset, PART_BYTES),
            Place::Execute { offset, count } => {
                self.hold(sequence, offset, count);
                if self.held(sequence) != offset.saturating_add(count) {
                    return self.send_have(sequence);
                }
                let taken = self.executor.take(sequence, self.reader.held());
                self.release();
                match taken {
                    Ok(()) => self.send_answer(sequence, 0, FIRST_BYTES),
                    refused => self.send_taken(sequence, refused),
                }
            }
            Place::Put { offset, count } => {
                self.hold(sequence, offset, count);
                self.send_have(sequence);
            }
            Place::Get { .. } => self.send_have(sequence),
        }
    }

    /// Holds the data of a part behind those before it; drops it if they are not there, or if it is there itself.
    fn hold(&mut self, sequence: u16, offset: usize, count: usize) {
        if offset == self.held(sequence) {
            self.reader.hold(offset, count);
            self.holding = Some(sequence);
        }
    }

    /// Bytes of a request that are there.
    fn held(&self, sequence: u16) -> usize {
        if self.holding == Some(sequence) { self.reader.held().len() } else { 0 }
    }

    /// Forgets the parts of any request.
    pub(super) const fn release(&mut self) {
        self.reader.release();
        self.holding = None;
    }

    fn send_have(&mut self, sequence: u16) {
        let bytes = u32::try_from(self.held(sequence)).unwrap_or(u32::MAX);
        self.send_short(CHANNEL_PART, sequence, &Part::Have { bytes });
    }

    fn send_answer(&mut self, sequence: u16, offset: usize, most: usize) {
        let response = self.executor.response();
        let rest = response.get(offset..).unwrap_or_default();
        let mut data = [0; PART_BYTES];
        let count = rest.len().min(most).min(PART_BYTES);
        data.iter_mut().zip(rest.iter().take(count)).for_each(|(to, from)| *to = *from);
        let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (total, offset) = (word(response.len()), word(offset));
        let data = data.get(..count).unwrap_or_default();
        self.send_short(CHANNEL_PART, sequence, &Part::Answer { total, offset, data });
    }
}
