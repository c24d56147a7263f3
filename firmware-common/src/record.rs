//! Log records as frames on a channel of their own.
//!
//! Each record is the body of one frame on [`CHANNEL_LOG`], with a sequence number that counts records, so the host
//! notices when one is lost. A record is sent when it is complete and between whole answers of the device, since the one
//! thread either logs or answers.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicUsize, Ordering};

use loihi_core::wire::frame::{CHANNEL_LOG, FrameWriter, line_bytes};

/// Longest record in bytes.
pub const RECORD_BYTES: usize = 192;
/// Longest frame in bytes.
pub const FRAME_BYTES: usize = line_bytes(RECORD_BYTES);

/// The record being written, for one thread.
///
/// Atomic, so that a fault in the middle of a record may start its own without ceremony: the interrupted one is never
/// resumed. Loads and stores suffice for that, which every core has.
#[derive(Debug)]
pub struct Record {
    bytes: [AtomicU8; RECORD_BYTES],
    /// Bytes of the record so far; above [`RECORD_BYTES`] when it does not fit.
    length: AtomicUsize,
    /// Records so far.
    sequence: AtomicU16,
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Record {
    /// No record yet.
    pub const fn new() -> Self {
        Self {
            bytes: [const { AtomicU8::new(0) }; RECORD_BYTES],
            length: AtomicUsize::new(0),
            sequence: AtomicU16::new(0),
        }
    }

    /// Begins a record.
    pub fn start(&self) {
        self.length.store(0, Ordering::Relaxed);
    }

    /// Adds bytes to the record.
    pub fn write(&self, bytes: &[u8]) {
        let length = self.length.load(Ordering::Relaxed);
        for (slot, &byte) in self.bytes.iter().skip(length).zip(bytes) {
            slot.store(byte, Ordering::Relaxed);
        }
        self.length.store(length.saturating_add(bytes.len()), Ordering::Relaxed);
    }

    /// Ends the record, and hands its frame to `send`. One that is too long is left out; the gap in the numbers tells the
    /// host.
    pub fn end(&self, send: impl FnOnce(&[u8])) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
        let mut out = [0; FRAME_BYTES];
        let length = self.frame(sequence, &mut out).unwrap_or(0);
        if let Some(frame) = out.get(..length).filter(|frame| !frame.is_empty()) {
            send(frame);
        }
    }

    /// Writes the frame and returns its length; `None` if the record is too long.
    fn frame(&self, sequence: u16, out: &mut [u8]) -> Option<usize> {
        let body = self.bytes.get(..self.length.load(Ordering::Relaxed))?;
        let mut writer = FrameWriter::new(CHANNEL_LOG, sequence, out)?;
        for slot in body {
            writer.extend(&[slot.load(Ordering::Relaxed)])?;
        }
        writer.finish()
    }
}

/// Leaves the log to the crate `defmt-rtt`.
#[cfg(feature = "rtt")]
#[macro_export]
macro_rules! frame_logger {
    ($send:expr) => {};
}

/// Makes the crate's log go through this function, `fn(&[u8])`, which sends bytes on the line.
#[cfg(not(feature = "rtt"))]
#[macro_export]
macro_rules! frame_logger {
    ($send:expr) => {
        static RECORD: $crate::record::Record = $crate::record::Record::new();

        #[defmt::global_logger]
        struct FrameLogger;

        // SAFETY: there is one thread, and no interrupt that logs and returns, so nothing else can write between
        // `acquire` and `release`, which is all that the trait asks for.
        unsafe impl defmt::Logger for FrameLogger {
            fn acquire() {
                RECORD.start();
            }

            unsafe fn write(bytes: &[u8]) {
                RECORD.write(bytes);
            }

            unsafe fn release() {
                RECORD.end($send);
            }

            unsafe fn flush() {
                // Nothing waits: `release` has handed all of the record to the port.
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use loihi_core::wire::frame::{BODY_LEAST, FrameReader, Received, plain_bytes};

    use super::*;

    fn frames(record: &Record, bodies: &[&[u8]]) -> Vec<(u16, Vec<u8>)> {
        let mut line = Vec::new();
        for body in bodies {
            record.start();
            body.chunks(5).for_each(|part| record.write(part));
            record.end(|frame| line.extend_from_slice(frame));
        }
        let mut reader = FrameReader::new([0; plain_bytes(BODY_LEAST)]);
        let mut frames = Vec::new();
        for byte in line {
            if let Received::Frame(frame) = reader.push(byte) {
                assert_eq!(frame.channel, CHANNEL_LOG);
                frames.push((frame.sequence, frame.body.to_vec()));
            }
        }
        frames
    }

    #[test]
    fn records_are_numbered_frames_and_one_that_is_too_long_is_a_gap() {
        let (long, longest) = ([7; RECORD_BYTES + 1], [0; RECORD_BYTES]);
        let found = frames(&Record::new(), &[b"one", &long, &longest, b""]);
        assert_eq!(found, [(0, b"one".to_vec()), (2, longest.to_vec()), (3, Vec::new())]);
    }

    #[test]
    fn a_record_that_is_begun_again_forgets_the_first() {
        let record = Record::new();
        record.start();
        record.write(b"interrupted");
        assert_eq!(frames(&record, &[b"fault"]), [(0, b"fault".to_vec())]);
    }
}
