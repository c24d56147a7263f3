//! Bytes in, bytes out: the state machine that every board, and the host, runs.
//!
//! [`Device`] speaks the protocol of [`crate::wire`] over a machine, which owns the arena. It does no
//! input or output of its own and never waits.

mod error;
mod machine;
mod stream;

pub use error::DeviceError;

use crate::chip::Chip;
use crate::wire::frame::{self, CHANNEL_MESSAGE, FRAME_MAX, FrameReader, Received};
use crate::wire::message::{DATA_MAX, Request, Response, SCHEMA, VERSION};
use heapless::Vec;
use machine::Machine;

/// What a device knows of the board that it runs on.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Name that the host shows, at most 64 bytes.
    pub name: &'static str,
    /// Counts executed instructions, if the board can.
    pub ticks: Option<fn() -> u64>,
    /// Computes a step: [`Chip::step`], perhaps compiled for the processor that the board has found.
    pub step: fn(&mut Chip<'_>),
}

impl Board {
    /// A board of this name that counts nothing.
    pub const fn named(name: &'static str) -> Self {
        Self { name, ticks: None, step: step_portably }
    }
}

/// [`Chip::step`] for the processor that this was built for.
pub fn step_portably(chip: &mut Chip<'_>) {
    chip.step();
}

/// Bytes of data for a response.
pub(crate) type Data = Vec<u8, DATA_MAX>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session {
    number: u32,
    /// Sequence number of the last request that was executed.
    sequence: u16,
}

/// Longest refusal on the line: a greeting's has 18 bytes of fields, an error's fewer.
const REFUSAL_MAX: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Response,
    Refusal,
}

/// A device.
#[derive(Debug)]
pub struct Device<A> {
    reader: FrameReader,
    session: Option<Session>,
    /// The last response as it goes over the line, kept for repetition.
    response: Vec<u8, FRAME_MAX>,
    /// The answer to a frame that was not executed; it leaves the kept response alone.
    refusal: Vec<u8, REFUSAL_MAX>,
    /// Which of the two goes out.
    outgoing: Outgoing,
    /// Bytes of it that are sent.
    sent: usize,
    endpoint: Endpoint<A>,
}

/// What executes requests, and the room for its answers.
#[derive(Debug)]
struct Endpoint<A> {
    machine: Machine<A>,
    data: Data,
}

impl<A: AsMut<[u64]>> Device<A> {
    /// A device without an image. The arena holds image and state, in whole 64-bit words for their alignment; its
    /// size is what [`Response::Hello`] reports.
    pub fn new(arena: A, board: Board) -> Self {
        Self {
            reader: FrameReader::new(),
            session: None,
            response: Vec::new(),
            refusal: Vec::new(),
            outgoing: Outgoing::Response,
            sent: 0,
            endpoint: Endpoint { machine: Machine::new(arena, board), data: Data::new() },
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
        self.endpoint.data.clear();
        self.sent = 0;
        let refusal = match verdict {
            Verdict::Refuse => Response::Refused { version: VERSION, schema: SCHEMA },
            Verdict::Fail(error) => Response::Failed(error),
            Verdict::Repeat => {
                self.outgoing = Outgoing::Response;
                return;
            }
            Verdict::Open(session) => {
                self.session = Some(session);
                self.outgoing = Outgoing::Response;
                return send(&mut self.response, frame.sequence, &self.endpoint.machine.hello());
            }
            Verdict::Execute(session) => {
                self.session = Some(session);
                self.outgoing = Outgoing::Response;
                let answer = match request {
                    Ok(request) => self.endpoint.execute(&request),
                    Err(_) => Response::Failed(DeviceError::Unreadable),
                };
                return send(&mut self.response, frame.sequence, &answer);
            }
        };
        self.outgoing = Outgoing::Refusal;
        send(&mut self.refusal, frame.sequence, &refusal);
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
            Outgoing::Response => &self.response,
            Outgoing::Refusal => &self.refusal,
        }
    }
}

impl<A: AsMut<[u64]>> Endpoint<A> {
    fn execute(&mut self, request: &Request<'_>) -> Response<'_> {
        match self.machine.execute(request, &mut self.data) {
            Ok(response) => response,
            Err(error) => Response::Failed(error),
        }
    }
}

/// What is to be done with a sound frame.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Send the kept response again.
    Repeat,
    /// Answer a greeting.
    Open(Session),
    /// Answer a greeting of another version.
    Refuse,
    /// Execute the request, and then have this session.
    Execute(Session),
    /// Change nothing.
    Fail(DeviceError),
}

fn judge(session: Option<Session>, sequence: u16, request: Option<&Request<'_>>) -> Verdict {
    if let Some(&Request::Hello { version, schema, session: number }) = request {
        let opened = Session { number, sequence };
        return match (version, schema) {
            (VERSION, SCHEMA) if session == Some(opened) => Verdict::Repeat,
            (VERSION, SCHEMA) => Verdict::Open(opened),
            _ => Verdict::Refuse,
        };
    }
    let Some(session) = session else { return Verdict::Fail(DeviceError::NoSession) };
    let expected = session.sequence.wrapping_add(1);
    if sequence == session.sequence {
        Verdict::Repeat
    } else if sequence == expected {
        Verdict::Execute(Session { sequence, ..session })
    } else {
        Verdict::Fail(DeviceError::OutOfSequence { expected, found: sequence })
    }
}

/// Encodes a response for the line. Every response fits: its data fit [`DATA_MAX`], a refusal has none.
fn send<const N: usize>(line: &mut Vec<u8, N>, sequence: u16, response: &Response<'_>) {
    let mut body = [0; frame::BODY_MAX];
    line.clear();
    if let Ok(body) = postcard::to_slice(response, &mut body) {
        // Filling up to the capacity cannot fail.
        let _filled = line.resize(N, 0);
        let length = frame::encode(CHANNEL_MESSAGE, sequence, body, line).unwrap_or(0);
        line.truncate(length);
    }
}
