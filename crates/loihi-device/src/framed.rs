//! Requests over a line that may lose or damage bytes: numbered, checked, repeated.

mod parts;

use super::error::SessionError;
use super::round_trip::{Pace, RoundTrip};
use super::{Device, Heard, Line, Waiting};
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::{
    BODY_LARGE, CHANNEL_LOG, CHANNEL_MESSAGE, CHANNEL_PART, FrameReader, FrameWriter, Received, line_bytes, plain_bytes,
};
use loihi_core::wire::message::{Request, Response};
use parts::Mistrust;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Shortest time-out of an answer for which the device computes.
const WORK_LEAST: Duration = Duration::from_millis(200);
/// Shortest time-out of an answer for which it does not.
const PART_LEAST: Duration = Duration::from_millis(5);
/// Longest time-out.
const WAIT_MOST: Duration = Duration::from_secs(2);
/// How often the user's wish to stop is looked at.
const STOP_EVERY: Duration = Duration::from_millis(100);

/// A device at the other end of a line.
pub struct Framed<L> {
    line: L,
    reader: FrameReader<Vec<u8>>,
    /// A frame as it goes over the line.
    outgoing: Vec<u8>,
    /// Bytes that came and were not looked at.
    incoming: VecDeque<u8>,
    sequence: u16,
    /// Log lines of the device that have not been taken yet.
    logs: Vec<String>,
    /// Frames that were sent again.
    repetitions: u64,
    /// Answers to requests.
    work: RoundTrip,
    /// Answers to parts of requests, and parts of answers.
    parts: RoundTrip,
    pace: Pace,
    mistrust: Mistrust,
    /// When the request under way was asked.
    start: Instant,
    /// What has come since, answer or not.
    heard: Heard,
}

/// What came of the request under way.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// The body of the whole answer.
    Whole(Vec<u8>),
    /// Number of bytes of the request that the device has.
    Have(usize),
    /// A part of the answer's frame.
    Answer { total: usize, offset: usize, data: Vec<u8> },
}

/// Kinds of exchanges, by what their time depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReplyKind {
    /// The device computes.
    Work,
    /// It only takes or gives bytes.
    Part,
}

impl<L: Line> Framed<L> {
    /// Nothing is under way on this line.
    pub fn new(line: L) -> Self {
        Self {
            start: line.now(),
            line,
            reader: FrameReader::new(vec![0; plain_bytes(BODY_LARGE)]),
            // The zero before a frame ends whatever a damaged line has left in the device's reader.
            outgoing: vec![0; line_bytes(BODY_LARGE) + 1],
            incoming: VecDeque::new(),
            sequence: 0,
            logs: Vec::new(),
            repetitions: 0,
            work: RoundTrip::new(WORK_LEAST, WAIT_MOST),
            parts: RoundTrip::new(PART_LEAST, WAIT_MOST),
            pace: Pace::new(),
            mistrust: Mistrust::default(),
            heard: Heard::default(),
        }
    }

    /// Has a request executed: sent whole, and in parts once no answer comes in time.
    fn ask_bytes(&mut self, request: &Request<'_>, waiting: &Waiting) -> Result<Vec<u8>, SessionError> {
        let too_long = || SessionError::Refused(DeviceError::TooMuch { most: super::link::length(BODY_LARGE) });
        let body = postcard::to_extend(request, Vec::new()).map_err(|_| too_long())?;
        if body.len() > BODY_LARGE {
            return Err(too_long());
        }
        let greets = matches!(request, Request::Hello { .. });
        if self.mistrust.is_on() && !greets {
            let before = self.repetitions;
            let (answer, _) = self.ask_in_parts(&body, 0, waiting)?;
            self.mistrust.after(self.repetitions > before);
            return Ok(answer);
        }
        let used = self.frame(CHANNEL_MESSAGE, request).ok_or_else(too_long)?;
        // A device of another version understands greetings only.
        let attempts = if greets { waiting.retry.attempts } else { 1 };
        let whole = |reply| if let Reply::Whole(answer) = reply { Some(answer) } else { None };
        match self.exchange(ReplyKind::Work, used, attempts, waiting, whole)? {
            Some(answer) => Ok(answer),
            None if greets => Err(self.silent(waiting)),
            None => {
                self.repetitions += 1;
                let before = self.repetitions;
                // The device may have the request: it is asked after first.
                let (answer, late) = self.ask_in_parts(&body, body.len(), waiting)?;
                self.mistrust.after(!late || self.repetitions > before);
                Ok(answer)
            }
        }
    }

    /// Writes a frame, with a zero before it; its length with the zero.
    fn frame(&mut self, channel: u8, body: &impl serde::Serialize) -> Option<usize> {
        let writer = FrameWriter::new(channel, self.sequence, self.outgoing.get_mut(1..)?)?;
        postcard::serialize_with_flavor(body, writer).ok().map(|used| used + 1)
    }

    /// Sends the frame in front of `outgoing` until a reply comes that `take` wants, `attempts` times at most.
    fn exchange<R>(
        &mut self,
        kind: ReplyKind,
        used: usize,
        attempts: u32,
        waiting: &Waiting,
        take: impl Fn(Reply) -> Option<R>,
    ) -> Result<Option<R>, SessionError> {
        for attempt in 0..attempts {
            self.repetitions += u64::from(attempt > 0);
            let start = self.line.now();
            self.line.send(&self.outgoing[..used])?;
            let deadline = start + self.trip(kind).timeout() + 2 * self.pace.of(used);
            let mut received = 0;
            if let Some(reply) = self.await_reply(kind, deadline, &mut received, waiting, &take)? {
                if attempt == 0 {
                    let took = self.line.now().saturating_duration_since(start);
                    let bytes = used + received;
                    self.pace.passed(bytes, took);
                    let took = took.saturating_sub(self.pace.of(bytes));
                    self.trip(kind).answered(took);
                }
                return Ok(Some(reply));
            }
            self.trip(kind).expired();
        }
        Ok(None)
    }

    const fn trip(&mut self, kind: ReplyKind) -> &mut RoundTrip {
        match kind {
            ReplyKind::Work => &mut self.work,
            ReplyKind::Part => &mut self.parts,
        }
    }

    /// A reply that `take` wants, or `None` if it does not come in time; as long as bytes come, there is time.
    fn await_reply<R>(
        &mut self,
        kind: ReplyKind,
        mut deadline: Instant,
        received: &mut usize,
        waiting: &Waiting,
        take: &impl Fn(Reply) -> Option<R>,
    ) -> Result<Option<R>, SessionError> {
        loop {
            while let Some(reply) = self.take_reply() {
                if let Some(wanted) = take(reply) {
                    return Ok(Some(wanted));
                }
            }
            if (waiting.stop)() {
                return Err(SessionError::Stopped);
            }
            let left = deadline.saturating_duration_since(self.line.now());
            let mut fresh = Vec::new();
            self.line.receive(&mut fresh, left.min(STOP_EVERY))?;
            if fresh.is_empty() {
                if left.is_zero() || self.line.answers_at_once() {
                    return Ok(None);
                }
                continue;
            }
            *received += fresh.len();
            self.heard.bytes = self.heard.bytes.saturating_add(fresh.len() as u64);
            deadline = deadline.max(self.line.now() + self.trip(kind).timeout());
            self.incoming.extend(fresh);
        }
    }

    /// Looks at what came: collects log frames, drops damaged and old frames.
    fn take_reply(&mut self) -> Option<Reply> {
        while let Some(byte) = self.incoming.pop_front() {
            let Received::Frame(frame) = self.reader.push(byte) else { continue };
            self.heard.understood = true;
            match frame.channel {
                CHANNEL_LOG => self.logs.extend(self.line.log(frame.body)),
                CHANNEL_MESSAGE if frame.sequence == self.sequence => return Some(Reply::Whole(frame.body.to_vec())),
                CHANNEL_PART if frame.sequence == self.sequence => {
                    if let Some(reply) = Reply::of_part(frame.body) {
                        return Some(reply);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn silent(&self, waiting: &Waiting) -> SessionError {
        let (device, attempts) = (self.line.name().to_owned(), waiting.retry.attempts);
        let seconds = self.line.now().saturating_duration_since(self.start).as_secs();
        let hint = self.line.silence(self.heard).map_or_else(String::new, |hint| format!(": {hint}"));
        SessionError::Silent { device, seconds, attempts, hint }
    }
}

impl<L: Line> Device for Framed<L> {
    fn name(&self) -> &str {
        self.line.name()
    }

    /// Sends the request until a whole answer with its number has come.
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
        self.start = self.line.now();
        self.heard.bytes = 0;
        let answer = self.ask_bytes(request, waiting)?;
        let response = postcard::from_bytes::<Response<'_>>(&answer)
            .map_err(|_| SessionError::Unexpected("it cannot be read".to_owned()))?;
        read(response);
        Ok(())
    }

    fn take_logs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.logs)
    }

    fn repetitions(&self) -> u64 {
        self.repetitions
    }
}
