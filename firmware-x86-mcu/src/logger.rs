//! defmt records as frames on a channel of their own.
//!
//! Each record is the body of one frame on [`CHANNEL_LOG`], with a sequence number that counts
//! records, so the host notices when one is lost. A record is sent when it is complete and
//! between whole answers of the device, since the one thread either logs or answers.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicUsize, Ordering};

use loihi_core::wire::frame::{self, CHANNEL_LOG};

use crate::uart;

/// Longest record in bytes.
const RECORD_BYTES: usize = 192;
/// Longest frame in bytes: channel, sequence number and checksum, COBS overhead, delimiter.
const FRAME_BYTES: usize = RECORD_BYTES + 16;

/// The record being written.
///
/// Atomic, so that a fault in the middle of a record may start its own without ceremony: the
/// interrupted one is never resumed.
static RECORD: [AtomicU8; RECORD_BYTES] = [const { AtomicU8::new(0) }; RECORD_BYTES];
/// Bytes of the record so far; above [`RECORD_BYTES`] when it does not fit.
static LENGTH: AtomicUsize = AtomicUsize::new(0);
/// Records so far.
static SEQUENCE: AtomicU16 = AtomicU16::new(0);

#[defmt::global_logger]
struct FrameLogger;

// SAFETY: there is one thread and no interrupt that returns, so nothing else can write between
// `acquire` and `release`, which is all that the trait asks for.
unsafe impl defmt::Logger for FrameLogger {
    fn acquire() {
        LENGTH.store(0, Ordering::Relaxed);
    }

    unsafe fn write(bytes: &[u8]) {
        let length = LENGTH.load(Ordering::Relaxed);
        for (slot, &byte) in RECORD.iter().skip(length).zip(bytes) {
            slot.store(byte, Ordering::Relaxed);
        }
        LENGTH.store(length.saturating_add(bytes.len()), Ordering::Relaxed);
    }

    unsafe fn release() {
        send();
    }

    unsafe fn flush() {
        // Nothing waits: `release` has handed all of the record to the port.
    }
}

/// Sends the record. One that is too long is left out; the gap in the numbers tells the host.
fn send() {
    let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    let mut record = [0; RECORD_BYTES];
    for (byte, slot) in record.iter_mut().zip(&RECORD) {
        *byte = slot.load(Ordering::Relaxed);
    }
    let mut out = [0; FRAME_BYTES];
    let frame = record
        .get(..LENGTH.load(Ordering::Relaxed))
        .and_then(|body| frame::encode(CHANNEL_LOG, sequence, body, &mut out))
        .and_then(|length| out.get(..length));
    if let Some(bytes) = frame {
        uart::send(bytes);
    }
}
