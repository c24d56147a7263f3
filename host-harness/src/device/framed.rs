//! Requests over a line that may lose or damage bytes: numbered, checked, repeated.

use super::error::SessionError;
use super::{Device, Line, Waiting};
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::{
    BODY_LARGE, CHANNEL_LOG, CHANNEL_MESSAGE, FrameReader, FrameWriter, Received, line_bytes, plain_bytes,
};
use loihi_core::wire::message::{Request, Response};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A device at the other end of a line.
pub struct Framed<L> {
    line: L,
    reader: FrameReader<Vec<u8>>,
    /// A request as it goes over the line.
    outgoing: Vec<u8>,
    /// Bytes that came and were not looked at.
    incoming: VecDeque<u8>,
    sequence: u16,
    /// Log lines of the device that have not been taken yet.
    logs: Vec<String>,
    /// Requests that were sent again.
    repetitions: u64,
}

impl<L: Line> Framed<L> {
    /// Nothing is under way on this line.
    pub fn new(line: L) -> Self {
        Self {
            line,
            reader: FrameReader::new(vec![0; plain_bytes(BODY_LARGE)]),
            // The zero before a frame ends whatever a damaged line has left in the device's reader.
            outgoing: vec![0; line_bytes(BODY_LARGE) + 1],
            incoming: VecDeque::new(),
            sequence: 0,
            logs: Vec::new(),
            repetitions: 0,
        }
    }

    /// The body of the answer to the request under way, or `None` if it does not come in time.
    fn await_answer(&mut self, waiting: &Waiting) -> Result<Option<Vec<u8>>, SessionError> {
        let deadline = Instant::now() + waiting.patience.wait;
        loop {
            if let Some(body) = self.take_answer() {
                return Ok(Some(body));
            }
            if (waiting.stop)() {
                return Err(SessionError::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let mut fresh = Vec::new();
            self.line.receive(&mut fresh, left.min(Duration::from_millis(100)))?;
            if fresh.is_empty() && (left.is_zero() || self.line.answers_at_once()) {
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
                CHANNEL_LOG => self.logs.extend(self.line.log(frame.body)),
                CHANNEL_MESSAGE if frame.sequence == self.sequence => return Some(frame.body.to_vec()),
                _ => {}
            }
        }
        None
    }
}

impl<L: Line> Device for Framed<L> {
    fn name(&self) -> &str {
        self.line.name()
    }

    /// Sends the request until a whole answer with its number comes.
    fn ask(
        &mut self,
        request: &Request<'_>,
        waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError> {
        if (waiting.stop)() {
            return Err(SessionError::Stopped);
        }
        self.sequence = self.sequence.wrapping_add(1);
        let too_long = || SessionError::Refused(DeviceError::TooMuch { most: super::session::length(BODY_LARGE) });
        let writer = FrameWriter::new(CHANNEL_MESSAGE, self.sequence, &mut self.outgoing[1..]).ok_or_else(too_long)?;
        let used = postcard::serialize_with_flavor(request, writer).map_err(|_| too_long())?;
        let begin = Instant::now();
        for attempt in 0..waiting.patience.attempts {
            self.repetitions += u64::from(attempt > 0);
            self.line.send(&self.outgoing[..=used])?;
            if let Some(body) = self.await_answer(waiting)? {
                let response = postcard::from_bytes::<Response<'_>>(&body)
                    .map_err(|_| SessionError::Unexpected("it cannot be read".to_owned()))?;
                read(response);
                return Ok(());
            }
        }
        let (device, attempts) = (self.line.name().to_owned(), waiting.patience.attempts);
        Err(SessionError::Silent { device, seconds: begin.elapsed().as_secs(), attempts })
    }

    fn take_logs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.logs)
    }

    fn repetitions(&self) -> u64 {
        self.repetitions
    }
}
