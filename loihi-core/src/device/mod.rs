//! Requests in, answers out: what every board, and the host, runs.
//!
//! [`Machine`] owns the arena and executes requests as values: a host in the same process calls it. [`Device`] speaks the
//! protocol of [`crate::wire`] around one, byte by byte. Neither does any input or output of its own, and neither waits.
//!
//! # Example
//! The loop of a board: bytes from the line in, bytes for the line out.
//!
//! ```
//! use loihi_core::device::{Board, Buffers, Device};
//! use loihi_core::rules;
//! use loihi_core::wire::frame::{self, CHANNEL_MESSAGE};
//! use loihi_core::wire::message::{Request, SCHEMA, VERSION};
//!
//! static BOARD: Board = Board { snips: &rules::ALL, ..Board::named("example") };
//! let mut arena = [0_u64; 512];
//! let mut memory = [0; Buffers::bytes(512)];
//! let mut device = Device::new(&mut arena[..], BOARD, Buffers::split(&mut memory));
//!
//! // What a host would send.
//! let mut line = [0; 64];
//! let hello = Request::Hello { version: VERSION, schema: SCHEMA, session: 1 };
//! let writer = frame::FrameWriter::new(CHANNEL_MESSAGE, 1, &mut line).expect("it fits");
//! let length = postcard::serialize_with_flavor(&hello, writer).expect("it fits");
//!
//! let mut answer = 0;
//! for byte in &line[..length] {
//!     device.receive(*byte);
//!     // A UART takes as many as it likes.
//!     while !device.pending().is_empty() {
//!         answer += device.pending().len().min(16);
//!         device.advance(16);
//!     }
//! }
//! assert!(answer > 20, "the device has told its name and its programs");
//! ```

mod between;
mod buffers;
mod data;
mod executor;
mod machine;
mod parts;
mod session;
mod steps;

pub use between::{Between, InParts};
pub use buffers::Buffers;
pub use machine::Machine;

use crate::chip::Chip;
use crate::snip::SnipType;
use crate::wire::frame::{CHANNEL_MESSAGE, CHANNEL_PART, FrameReader, Received, part_line_bytes};
use crate::wire::part::{PART_BYTES, Part};
use executor::{Executor, Refusal, encode};
use heapless::Vec;
use parts::Place;

/// What a device knows of the board that it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Name that the host shows, at most 64 bytes.
    pub name: &'static str,
    /// Counts executed instructions, if the board can.
    pub ticks: Option<fn() -> u64>,
    /// Computes a step: [`Chip::step`], perhaps compiled for the processor that the board has found.
    pub step: fn(&mut Chip<'_>),
    /// Sends a spike into an external input: [`Chip::inject`], compiled likewise.
    pub inject: fn(&mut Chip<'_>, usize),
    /// The programs of the embedded CPU that images may name: [`rules::ALL`](crate::rules::ALL), those of them that fit,
    /// a user's.
    pub snips: &'static [SnipType],
    /// An image that the board carries, in flash for example: `Request::LoadResident` runs it where it lies. Starts at
    /// a multiple of four; empty if there is none.
    pub image: &'static [u8],
    /// Tells whether bytes wait on the line, if the board can: the steps of a request then end with the one under way, so
    /// that a host never waits for longer than a step.
    pub interrupted: Option<fn() -> bool>,
    /// Computes the steps of a request in several parts of the chip at the same time, if the board can.
    pub in_parts: Option<InParts>,
    /// Tells the most bytes of the stack that were in use at any time since the start, if the board can.
    pub stack_bytes: Option<fn() -> u32>,
}

impl Board {
    /// A board of this name that counts nothing, has no programs, carries no image and computes without interruption.
    pub const fn named(name: &'static str) -> Self {
        let (step, inject) = (step_portably as fn(&mut Chip<'_>), inject_portably as fn(&mut Chip<'_>, usize));
        Self {
            name,
            ticks: None,
            step,
            inject,
            snips: &[],
            image: &[],
            interrupted: None,
            in_parts: None,
            stack_bytes: None,
        }
    }
}

/// [`Chip::step`] for the processor that this was built for.
pub fn step_portably(chip: &mut Chip<'_>) {
    chip.step();
}

/// [`Chip::inject`] for the processor that this was built for.
pub fn inject_portably(chip: &mut Chip<'_>, input: usize) {
    chip.inject(input);
}

/// Longest answer besides the kept response: a part of that. A refusal is shorter.
const SHORT_MAX: usize = part_line_bytes(PART_BYTES);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    /// The kept response, whole.
    Response,
    /// A refusal, or a part.
    Short,
}

/// A machine behind a line of bytes.
#[derive(Debug)]
pub struct Device<A, B> {
    reader: FrameReader<B>,
    /// Number of the request whose parts the reader holds.
    holding: Option<u16>,
    executor: Executor<A, B>,
    /// What leaves the kept response alone.
    short: Vec<u8, SHORT_MAX>,
    /// Which of the two goes out.
    outgoing: Outgoing,
    /// Bytes of it that are sent.
    sent: usize,
}

impl<A: AsMut<[u64]>, B: AsRef<[u8]> + AsMut<[u8]>> Device<A, B> {
    /// A device without an image. The arena holds image and state, in whole 64-bit words for their alignment; its
    /// size is what [`Response::Hello`](crate::wire::message::Response::Hello) reports. The buffers' sizes are the longest
    /// messages'.
    pub fn new(arena: A, board: Board, buffers: Buffers<B>) -> Self {
        let line_bytes = [&buffers.incoming, &buffers.outgoing, &buffers.data].map(|buffer| buffer.as_ref().len());
        let machine = Machine::new(arena, board).behind_line(line_bytes.into_iter().fold(0, usize::saturating_add));
        Self {
            reader: FrameReader::new(buffers.incoming),
            holding: None,
            executor: Executor::new(machine, buffers.outgoing, buffers.data),
            short: Vec::new(),
            outgoing: Outgoing::Response,
            sent: 0,
        }
    }

    /// Takes the next byte from the line. If it completes a request, the request is executed before this returns.
    pub fn receive(&mut self, byte: u8) {
        let Received::Frame(frame) = self.reader.push(byte) else { return };
        let sequence = frame.sequence;
        match frame.channel {
            CHANNEL_MESSAGE => {
                let taken = self.executor.take(sequence, frame.body);
                self.release();
                self.send_taken(sequence, taken);
            }
            CHANNEL_PART => {
                if let Ok(part) = postcard::from_bytes::<Part<'_>>(frame.body) {
                    let part = Place::of(&part);
                    self.take_part(sequence, part);
                }
            }
            _ => {}
        }
    }

    /// Bytes that wait to be sent.
    pub fn pending(&self) -> &[u8] {
        self.line().get(self.sent..).unwrap_or_default()
    }

    /// Says that this many bytes of [`Device::pending`] have been sent.
    pub fn advance(&mut self, sent: usize) {
        self.sent = self.sent.saturating_add(sent).min(self.line().len());
    }

    fn line(&self) -> &[u8] {
        match self.outgoing {
            Outgoing::Response => self.executor.response(),
            Outgoing::Short => &self.short,
        }
    }

    /// Sends the kept response, or why the request was refused.
    fn send_taken(&mut self, sequence: u16, taken: Result<(), Refusal>) {
        match taken {
            Ok(()) => (self.outgoing, self.sent) = (Outgoing::Response, 0),
            Err(refusal) => self.send_short(CHANNEL_MESSAGE, sequence, &refusal.response()),
        }
    }

    fn send_short(&mut self, channel: u8, sequence: u16, body: &impl serde::Serialize) {
        (self.outgoing, self.sent) = (Outgoing::Short, 0);
        // Filling up to the capacity cannot fail.
        let _filled = self.short.resize(SHORT_MAX, 0);
        let length = encode(channel, sequence, body, &mut self.short).unwrap_or(0);
        self.short.truncate(length);
    }
}
