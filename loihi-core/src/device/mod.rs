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

mod buffers;
mod data;
mod machine;
mod session;
mod steps;

pub use buffers::Buffers;
pub use machine::Machine;

use crate::chip::Chip;
use crate::snip::SnipType;
use crate::wire::DeviceError;
use crate::wire::frame::{CHANNEL_MESSAGE, FrameReader, FrameWriter, Received};
use crate::wire::message::{Request, Response, SCHEMA, VERSION};
use heapless::Vec;
use session::{Session, Verdict, judge};

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
    /// An image that the board carries, in flash for example: [`Request::LoadResident`] runs it where it lies. Starts at
    /// a multiple of four; empty if there is none.
    pub image: &'static [u8],
    /// Tells whether bytes wait on the line, if the board can: the steps of a request then end with the one under way, so
    /// that a host never waits for longer than a step.
    pub interrupted: Option<fn() -> bool>,
    /// Tells the most bytes of the stack that were in use at any time since the start, if the board can.
    pub stack_bytes: Option<fn() -> u32>,
}

impl Board {
    /// A board of this name that counts nothing, has no programs, carries no image and computes without interruption.
    pub const fn named(name: &'static str) -> Self {
        let (step, inject) = (step_portably as fn(&mut Chip<'_>), inject_portably as fn(&mut Chip<'_>, usize));
        Self { name, ticks: None, step, inject, snips: &[], image: &[], interrupted: None, stack_bytes: None }
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

/// Longest refusal on the line: a greeting's has 18 bytes of fields, an error's fewer.
const REFUSAL_MAX: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Response,
    Refusal,
}

/// A machine behind a line of bytes.
#[derive(Debug)]
pub struct Device<A, B> {
    reader: FrameReader<B>,
    session: Option<Session>,
    /// The last response as it goes over the line, kept for repetition.
    response: B,
    response_length: usize,
    /// The answer to a frame that was not executed; it leaves the kept response alone.
    refusal: Vec<u8, REFUSAL_MAX>,
    /// Which of the two goes out.
    outgoing: Outgoing,
    /// Bytes of it that are sent.
    sent: usize,
    machine: Machine<A>,
    data: B,
}

impl<A: AsMut<[u64]>, B: AsRef<[u8]> + AsMut<[u8]>> Device<A, B> {
    /// A device without an image. The arena holds image and state, in whole 64-bit words for their alignment; its
    /// size is what [`Response::Hello`] reports. The buffers' sizes are the longest messages'.
    pub fn new(arena: A, board: Board, buffers: Buffers<B>) -> Self {
        let line_bytes = [&buffers.incoming, &buffers.outgoing, &buffers.data].map(|buffer| buffer.as_ref().len());
        let Buffers { incoming, outgoing, data } = buffers;
        Self {
            reader: FrameReader::new(incoming),
            session: None,
            response: outgoing,
            response_length: 0,
            refusal: Vec::new(),
            outgoing: Outgoing::Response,
            sent: 0,
            machine: Machine::new(arena, board).behind_line(line_bytes.into_iter().fold(0, usize::saturating_add)),
            data,
        }
    }

    /// Takes the next byte from the line. If it completes a request, the request is executed before this returns.
    pub fn receive(&mut self, byte: u8) {
        let Received::Frame(frame) = self.reader.push(byte) else { return };
        if frame.channel != CHANNEL_MESSAGE {
            return;
        }
        let request = postcard::from_bytes::<Request<'_>>(frame.body);
        let verdict = judge(self.session, frame.sequence, request.as_ref().ok());
        self.sent = 0;
        let refusal = match verdict {
            Verdict::Refuse => Response::Refused { version: VERSION, schema: SCHEMA },
            Verdict::Fail(error) => Response::Failed(error),
            Verdict::Repeat => {
                self.outgoing = Outgoing::Response;
                return;
            }
            Verdict::Execute(session) => {
                self.session = Some(session);
                self.outgoing = Outgoing::Response;
                let answer = match request {
                    Ok(request) => self.machine.execute(&request, self.data.as_mut()),
                    Err(_) => Response::Failed(DeviceError::Unreadable),
                };
                self.response_length = send(self.response.as_mut(), frame.sequence, &answer);
                return;
            }
        };
        self.outgoing = Outgoing::Refusal;
        // Filling up to the capacity cannot fail.
        let _filled = self.refusal.resize(REFUSAL_MAX, 0);
        let length = send(&mut self.refusal, frame.sequence, &refusal);
        self.refusal.truncate(length);
    }

    /// Bytes that wait to be sent.
    pub fn pending(&self) -> &[u8] {
        self.line().get(self.sent..).unwrap_or_default()
    }

    /// Says that so many bytes of [`Device::pending`] have been sent.
    pub fn advance(&mut self, sent: usize) {
        self.sent = self.sent.saturating_add(sent).min(self.line().len());
    }

    fn line(&self) -> &[u8] {
        match self.outgoing {
            Outgoing::Response => self.response.as_ref().get(..self.response_length).unwrap_or_default(),
            Outgoing::Refusal => &self.refusal,
        }
    }
}

/// Encodes an answer for the line and returns its length there; one that is too long for the board's buffer says so.
fn send(line: &mut [u8], sequence: u16, response: &Response<'_>) -> usize {
    let mut encode = |response: &Response<'_>| {
        let writer = FrameWriter::new(CHANNEL_MESSAGE, sequence, line)?;
        postcard::serialize_with_flavor(response, writer).ok()
    };
    let too_long = Response::Failed(DeviceError::TooMuch { most: 0 });
    encode(response).or_else(|| encode(&too_long)).unwrap_or(0)
}
