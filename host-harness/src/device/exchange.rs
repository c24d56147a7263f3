//! A request and its answer over a line that may lose or damage either: numbered, checked, repeated.

use super::Device;
use super::error::SessionError;
use loihi_core::device::DeviceError;
use loihi_core::wire::frame::{self, BODY_MAX, CHANNEL_LOG, CHANNEL_MESSAGE, FRAME_MAX, FrameReader, Received};
use loihi_core::wire::message::{DATA_MAX, Request, Response};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Times and repetitions of a line.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long an answer is awaited before the request is sent again.
    pub wait: Duration,
    /// How often a request is sent before the device counts as silent.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { wait: Duration::from_secs(2), attempts: 30 }
    }
}

/// A device, and what is under way between it and the host.
pub(super) struct Exchange {
    pub(super) device: Box<dyn Device>,
    patience: Patience,
    reader: FrameReader,
    /// Bytes that came and were not looked at.
    incoming: VecDeque<u8>,
    sequence: u16,
    /// Log lines of the device that nobody has taken.
    pub(super) logs: Vec<String>,
    /// Requests that were sent again.
    pub(super) repetitions: u64,
    stop: fn() -> bool,
}

impl Exchange {
    /// Nothing is under way; `stop` ends every wait once it returns true.
    pub(super) fn new(device: Box<dyn Device>, patience: Patience, stop: fn() -> bool) -> Self {
        let (reader, incoming, logs) = (FrameReader::new(), VecDeque::new(), Vec::new());
        Self { device, patience, reader, incoming, sequence: 0, logs, repetitions: 0, stop }
    }

    /// Sends a request until a sound answer with its number comes, and reads the answer.
    pub(super) fn ask<R>(
        &mut self,
        request: &Request<'_>,
        read: impl Fn(Response<'_>) -> Result<R, SessionError>,
    ) -> Result<R, SessionError> {
        if (self.stop)() {
            return Err(SessionError::Stopped);
        }
        self.sequence = self.sequence.wrapping_add(1);
        let too_long = || SessionError::Refused(DeviceError::TooMuch { most: length(DATA_MAX) });
        let mut body = [0; BODY_MAX];
        let body = postcard::to_slice(request, &mut body).map_err(|_| too_long())?;
        // The zero before the frame ends whatever a damaged line has left in the device's reader.
        let mut line = [0; FRAME_MAX + 1];
        let used = frame::encode(CHANNEL_MESSAGE, self.sequence, body, &mut line[1..]).ok_or_else(too_long)?;
        let begin = Instant::now();
        for attempt in 0..self.patience.attempts {
            self.repetitions += u64::from(attempt > 0);
            self.device.send(&line[..=used])?;
            if let Some(body) = self.await_answer()? {
                let response = postcard::from_bytes::<Response<'_>>(&body)
                    .map_err(|_| SessionError::Unexpected("it cannot be read".to_owned()))?;
                return match response {
                    Response::Failed(error) => Err(SessionError::Refused(error)),
                    other => read(other),
                };
            }
        }
        let device = self.device.name().to_owned();
        Err(SessionError::Silent { device, seconds: begin.elapsed().as_secs(), attempts: self.patience.attempts })
    }

    /// The body of the answer to the request under way, or `None` if it does not come in time.
    fn await_answer(&mut self) -> Result<Option<Vec<u8>>, SessionError> {
        let deadline = Instant::now() + self.patience.wait;
        loop {
            if let Some(body) = self.take_answer() {
                return Ok(Some(body));
            }
            if (self.stop)() {
                return Err(SessionError::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let mut fresh = Vec::new();
            self.device.receive(&mut fresh, left.min(Duration::from_millis(100)))?;
            if fresh.is_empty() && (left.is_zero() || self.device.answers_at_once()) {
                return Ok(None);
            }
            self.incoming.extend(fresh);
        }
    }

    /// Looks at what came: collects log frames, drops damaged and old frames.
    fn take_answer(&mut self) -> Option<Vec<u8>> {
        while let Some(byte) = self.incoming.pop_front() {
            let Received::Frame(frame) = self.reader.push(byte) else { continue };
            match frame.channel {
                CHANNEL_LOG => self.logs.extend(self.device.log(frame.body)),
                CHANNEL_MESSAGE if frame.sequence == self.sequence => return Some(frame.body.to_vec()),
                _ => {}
            }
        }
        None
    }
}

/// The answer of another request.
pub(super) fn unexpected(response: &Response<'_>) -> SessionError {
    SessionError::Unexpected(format!("{response:?}"))
}

/// Lengths on the wire; what a device can hold has fewer than 2^32 bytes.
pub(super) fn length(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
