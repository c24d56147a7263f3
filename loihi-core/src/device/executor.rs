//! Numbered requests: each is executed once, and its response is kept for repetition.

use super::Machine;
use super::session::{DeviceSession, Verdict, judge};
use crate::wire::DeviceError;
use crate::wire::frame::{CHANNEL_MESSAGE, FrameWriter};
use crate::wire::message::{Request, Response, SCHEMA, VERSION};

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A greeting of another version.
    Version,
    /// Anything else.
    Reason(DeviceError),
}

impl Refusal {
    /// What the host receives.
    pub(super) const fn response(self) -> Response<'static> {
        match self {
            Self::Version => Response::Refused { version: VERSION, schema: SCHEMA },
            Self::Reason(error) => Response::Failed(error),
        }
    }
}

/// A machine, its session, and the last response.
#[derive(Debug)]
pub(super) struct Executor<A, B> {
    session: Option<DeviceSession>,
    machine: Machine<A>,
    /// The last response as it goes over the line.
    response: B,
    response_length: usize,
    data: B,
}

impl<A: AsMut<[u64]>, B: AsRef<[u8]> + AsMut<[u8]>> Executor<A, B> {
    /// No session is open.
    pub(super) const fn new(machine: Machine<A>, response: B, data: B) -> Self {
        Self { session: None, machine, response, response_length: 0, data }
    }

    /// Takes a request with this number: executes it, unless it is the last one again. When one is refused the kept
    /// response stays.
    pub(super) fn take(&mut self, sequence: u16, body: &[u8]) -> Result<(), Refusal> {
        let request = postcard::from_bytes::<Request<'_>>(body);
        match judge(self.session, sequence, request.as_ref().ok()) {
            Verdict::Refuse => Err(Refusal::Version),
            Verdict::Fail(error) => Err(Refusal::Reason(error)),
            Verdict::Repeat => Ok(()),
            Verdict::Execute(session) => {
                self.session = Some(session);
                let answer = match request {
                    Ok(request) => self.machine.execute(&request, self.data.as_mut()),
                    Err(_) => Response::Failed(DeviceError::Unreadable),
                };
                self.response_length = keep(self.response.as_mut(), sequence, &answer);
                Ok(())
            }
        }
    }

    /// Whether the request with this number is executed, or why it cannot be.
    pub(super) fn has_executed(&self, sequence: u16) -> Result<bool, DeviceError> {
        match judge(self.session, sequence, None) {
            Verdict::Fail(error) => Err(error),
            verdict => Ok(verdict == Verdict::Repeat),
        }
    }

    /// The kept response as it goes over the line.
    pub(super) fn response(&self) -> &[u8] {
        self.response.as_ref().get(..self.response_length).unwrap_or_default()
    }
}

/// Encodes an answer for the line and returns its length there; one that is too long for the board's buffer says so.
fn keep(line: &mut [u8], sequence: u16, response: &Response<'_>) -> usize {
    let too_long = Response::Failed(DeviceError::TooMuch { most: 0 });
    let encoded = encode(CHANNEL_MESSAGE, sequence, response, line);
    encoded.or_else(|| encode(CHANNEL_MESSAGE, sequence, &too_long, line)).unwrap_or(0)
}

/// Writes a frame to the front of `line` and returns its length; `None` if there is no room.
pub(super) fn encode(channel: u8, sequence: u16, body: &impl serde::Serialize, line: &mut [u8]) -> Option<usize> {
    let writer = FrameWriter::new(channel, sequence, line)?;
    postcard::serialize_with_flavor(body, writer).ok()
}
