//! Numbered requests: which frame is executed, repeated or refused.

use crate::wire::DeviceError;
use crate::wire::message::{Request, SCHEMA, VERSION};

/// A session that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DeviceSession {
    number: u32,
    /// Sequence number of the last request that was executed.
    sequence: u16,
}

/// What is to be done with a valid frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send the kept response again.
    Repeat,
    /// Answer a greeting of another version.
    Refuse,
    /// Execute the request, and then have this session.
    Execute(DeviceSession),
    /// Change nothing.
    Fail(DeviceError),
}

/// Which of them a frame with this number asks for.
pub(super) fn judge(session: Option<DeviceSession>, sequence: u16, request: Option<&Request<'_>>) -> Verdict {
    if let Some(&Request::Hello { version, schema, session: number }) = request {
        let opened = DeviceSession { number, sequence };
        return match (version, schema) {
            (VERSION, SCHEMA) if session == Some(opened) => Verdict::Repeat,
            (VERSION, SCHEMA) => Verdict::Execute(opened),
            _ => Verdict::Refuse,
        };
    }
    let Some(session) = session else { return Verdict::Fail(DeviceError::NoSession) };
    let expected = session.sequence.wrapping_add(1);
    if sequence == session.sequence {
        Verdict::Repeat
    } else if sequence == expected {
        Verdict::Execute(DeviceSession { sequence, ..session })
    } else {
        Verdict::Fail(DeviceError::OutOfSequence { expected, found: sequence })
    }
}
