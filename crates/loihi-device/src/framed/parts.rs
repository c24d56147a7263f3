//! A request in parts, and its response in parts: what is lost is sent again, and nothing else.

use super::{Framed, Reply, ReplyKind};
use crate::error::SessionError;
use crate::{Line, Waiting};
use loihi_core::wire::frame::{BODY_LARGE, CHANNEL_PART, FrameReader, Received, line_bytes, plain_bytes};
use loihi_core::wire::part::{FIRST_BYTES, PART_BYTES, Part};

/// Whether a line is trusted with whole messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mistrust {
    /// Messages that must yet go through without a repetition.
    left: u32,
    /// How many that are after the next loss.
    span: u32,
}

/// After the first loss.
const SPAN_FIRST: u32 = 16;
const SPAN_MOST: u32 = 1024;

impl Default for Mistrust {
    fn default() -> Self {
        Self { left: 0, span: SPAN_FIRST }
    }
}

impl Mistrust {
    /// Whether messages go in parts.
    pub(super) const fn is_on(self) -> bool {
        self.left > 0
    }

    /// A message went through; `repeated`: not at once. Each time that trust was misplaced it takes twice as long to come
    /// back.
    pub(super) fn after(&mut self, repeated: bool) {
        if !repeated {
            self.left = self.left.saturating_sub(1);
        } else if self.is_on() {
            self.left = self.span;
        } else {
            self.left = self.span;
            self.span = (self.span * 2).min(SPAN_MOST);
        }
    }
}

impl Reply {
    /// The reply in the body of a frame; `None` if it cannot be read as one.
    pub(super) fn of_part(body: &[u8]) -> Option<Self> {
        match postcard::from_bytes::<Part<'_>>(body).ok()? {
            Part::Have { bytes } => Some(Self::Have(bytes as usize)),
            Part::Answer { total, offset, data } => {
                Some(Self::Answer { total: total as usize, offset: offset as usize, data: data.to_vec() })
            }
            Part::Put { .. } | Part::Execute { .. } | Part::Get { .. } => None,
        }
    }
}

/// What there is of an answer.
enum Told {
    Whole(Vec<u8>),
    /// The first part, and how long all are.
    Begun(Vec<u8>, usize),
    /// Nothing: the number of bytes of the request that the device has.
    Missing(usize),
}

impl<L: Line> Framed<L> {
    /// Has a request executed that the device seems to have the first `have` bytes of; says whether the answer came whole
    /// after all.
    pub(super) fn ask_in_parts(
        &mut self,
        body: &[u8],
        mut have: usize,
        waiting: &Waiting,
    ) -> Result<(Vec<u8>, bool), SessionError> {
        for _ in 0..waiting.retry.attempts {
            while body.len() > have + FIRST_BYTES {
                match self.put(body, have, waiting)? {
                    Told::Missing(bytes) => have = bytes.min(body.len()),
                    told => return self.answer(told, waiting),
                }
            }
            match self.execute(body, have, waiting)? {
                Told::Missing(bytes) => have = bytes.min(body.len()),
                told => return self.answer(told, waiting),
            }
        }
        Err(self.silent(waiting))
    }

    /// The whole of an answer, and whether it came whole.
    fn answer(&mut self, told: Told, waiting: &Waiting) -> Result<(Vec<u8>, bool), SessionError> {
        match told {
            Told::Whole(answer) => Ok((answer, true)),
            Told::Begun(line, total) => self.fetch(line, total, waiting).map(|answer| (answer, false)),
            Told::Missing(_) => Err(begun_anew()),
        }
    }

    /// Sends the part from `offset` on.
    fn put(&mut self, body: &[u8], offset: usize, waiting: &Waiting) -> Result<Told, SessionError> {
        let data = body.get(offset..body.len().min(offset + PART_BYTES)).unwrap_or_default();
        let part = Part::Put { offset: length(offset), data };
        self.tell(ReplyKind::Part, &part, waiting, |reply| match reply {
            // What an answer to the part before says, which has come twice.
            Reply::Have(bytes) if bytes == offset => None,
            Reply::Have(bytes) => Some(Told::Missing(bytes)),
            Reply::Whole(answer) => Some(Told::Whole(answer)),
            Reply::Answer { .. } => None,
        })
    }

    /// Sends the last part, which is short, or asks whether the request was executed.
    fn execute(&mut self, body: &[u8], offset: usize, waiting: &Waiting) -> Result<Told, SessionError> {
        let part = Part::Execute { offset: length(offset), data: body.get(offset..).unwrap_or_default() };
        self.tell(ReplyKind::Work, &part, waiting, |reply| match reply {
            Reply::Have(bytes) if bytes == offset => None,
            Reply::Have(bytes) => Some(Told::Missing(bytes)),
            Reply::Whole(answer) => Some(Told::Whole(answer)),
            Reply::Answer { total, offset: 0, data } => Some(Told::Begun(data, total)),
            Reply::Answer { .. } => None,
        })
    }

    /// The body of the response whose frame begins with `line`.
    fn fetch(&mut self, mut line: Vec<u8>, total: usize, waiting: &Waiting) -> Result<Vec<u8>, SessionError> {
        let invalid = || SessionError::Unexpected("its parts do not make a frame".to_owned());
        while line.len() < total && total <= line_bytes(BODY_LARGE) {
            let offset = line.len();
            let told =
                self.tell(ReplyKind::Part, &Part::Get { offset: length(offset) }, waiting, |reply| match reply {
                    Reply::Answer { offset: at, data, .. } if at == offset && !data.is_empty() => {
                        Some(Told::Begun(data, total))
                    }
                    Reply::Whole(answer) => Some(Told::Whole(answer)),
                    // The device has begun anew.
                    Reply::Have(0) => Some(Told::Missing(0)),
                    Reply::Have(_) | Reply::Answer { .. } => None,
                })?;
            match told {
                Told::Begun(data, _) => line.extend(data),
                Told::Whole(answer) => return Ok(answer),
                Told::Missing(_) => return Err(begun_anew()),
            }
        }
        let mut reader = FrameReader::new(vec![0; plain_bytes(BODY_LARGE)]);
        for byte in line {
            if let Received::Frame(frame) = reader.push(byte) {
                return if frame.sequence == self.sequence { Ok(frame.body.to_vec()) } else { Err(invalid()) };
            }
        }
        Err(invalid())
    }

    /// Sends a part until a reply comes that `take` wants.
    fn tell(
        &mut self,
        kind: ReplyKind,
        part: &Part<'_>,
        waiting: &Waiting,
        take: impl Fn(Reply) -> Option<Told>,
    ) -> Result<Told, SessionError> {
        let used = self.frame(CHANNEL_PART, part);
        let used = used.ok_or_else(|| SessionError::Unexpected("a part is too long for a frame".to_owned()))?;
        let told = self.exchange(kind, used, waiting.retry.attempts, waiting, take)?;
        told.ok_or_else(|| self.silent(waiting))
    }
}

fn begun_anew() -> SessionError {
    SessionError::Unexpected("the device has begun anew".to_owned())
}

/// Lengths of messages, which are far shorter.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
