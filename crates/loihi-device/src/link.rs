//! Requests to a device and their answers, one at a time: what a session, its recorder and its meter all stand on.

use super::error::SessionError;
use super::needs::NetworkNeeds;
use super::piece::{Piece, cut};
use super::spikes::{self, SpikePart};
use super::{Device, Waiting};
use loihi_boards::Board;
use loihi_boards::fit::Fit;
use loihi_core::feature::Feature;
use loihi_core::image::{Image, ImageError};
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_core::rules;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Record, Report, Request, Response, SCHEMA, VERSION};
use loihi_image::image::ImageFile;
use std::collections::VecDeque;
use std::ops::Range;

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// Name of the board.
    pub board: String,
    /// Memory for image and state in bytes.
    pub arena_bytes: usize,
    /// Most bytes of data in a request or an answer.
    pub data_bytes: usize,
    /// Hash of the image that the board carries in flash, if it carries one.
    pub resident: Option<u64>,
    /// Parts of the chip that it has: bits of [`Feature`]s.
    pub features: u32,
    /// The programs of the embedded CPU that it has: kind and name, of as many as it has told.
    pub snips: Vec<(u32, String)>,
    /// How many it has.
    pub snip_count: usize,
}

impl Identity {
    /// The name of the board alone: a firmware with other programs adds words to it.
    pub fn board_name(&self) -> &str {
        self.board.split(' ').next().unwrap_or_default()
    }

    /// The board, if it is one of those that are known.
    pub fn known_board(&self) -> Option<&'static Board> {
        loihi_boards::named(self.board_name()).ok()
    }
}

/// A device that was greeted.
pub(crate) struct Link {
    pub(crate) device: Box<dyn Device>,
    pub(super) waiting: Waiting,
    pub(crate) identity: Identity,
    /// Words of the output mailbox of the image that is loaded.
    pub(crate) output_words: usize,
    /// Instructions that all steps so far have taken, if the device counts them.
    pub(crate) instructions: Option<u64>,
}

/// Computes steps, and reads registers in between.
pub(crate) trait Run {
    /// [`Session::run`](super::session::Session::run).
    fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError>;

    /// [`Session::stream`](super::session::Session::stream).
    fn stream<'r>(
        &mut self,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError>;

    /// The device, for what computes no steps.
    fn link(&mut self) -> &mut Link;
}

impl Run for Link {
    fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        self.run_at_once(steps, spikes).map(|_| ())
    }

    fn stream<'r>(
        &mut self,
        records: &mut dyn Iterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        self.stream_at_once(records, visit).map(|_| ())
    }

    fn link(&mut self) -> &mut Link {
        self
    }
}

impl Link {
    /// Greets a device.
    pub(crate) fn open(device: Box<dyn Device>, waiting: Waiting, number: u32) -> Result<Self, SessionError> {
        let identity = Identity {
            board: String::new(),
            arena_bytes: 0,
            data_bytes: 0,
            features: 0,
            resident: None,
            snips: Vec::new(),
            snip_count: 0,
        };
        let mut link = Self { device, waiting, identity, output_words: 0, instructions: None };
        let hello = Request::Hello { version: VERSION, schema: SCHEMA, session: number };
        link.identity = link.ask(&hello, |response| match response {
            Response::Hello { arena_bytes, data_bytes, features, board, resident, snip_count, snips, .. } => {
                Ok(Identity {
                    board: board.to_owned(),
                    arena_bytes: arena_bytes as usize,
                    data_bytes: data_bytes as usize,
                    features,
                    resident,
                    snips: programs(snips),
                    snip_count: snip_count as usize,
                })
            }
            Response::Refused { version, schema } => {
                Err(SessionError::Version { device_version: version, device_schema: schema })
            }
            other => Err(unexpected(&other)),
        })?;
        Ok(link)
    }

    /// [`Run::run`] in as few requests as hold the spikes; instructions of the embedded CPU's programs if the device's
    /// meter is on.
    pub(crate) fn run_at_once(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<Option<u64>, SessionError> {
        let mut snip_instructions = None;
        for part in spikes::parts(steps, spikes, self.data_bytes()) {
            snip_instructions = added(snip_instructions, self.run_part(part, Report::Nothing, &mut |_| ())?);
        }
        Ok(snip_instructions)
    }

    /// Computes a part of a run in one request, and in more of them where the device was interrupted; hands the report of
    /// each to `told`.
    pub(crate) fn run_part(
        &mut self,
        mut part: SpikePart,
        report: Report,
        told: &mut dyn FnMut(&[u8]),
    ) -> Result<Option<u64>, SessionError> {
        let mut snip_instructions = None;
        loop {
            let request = Request::Run { steps: part.steps, spikes: &part.spikes, report };
            let (steps, took, snip, report) = self.ask(&request, |response| match response {
                Response::Ran { steps, instructions, snip_instructions, report } => {
                    Ok((steps, instructions, snip_instructions, report.to_vec()))
                }
                other => Err(unexpected(&other)),
            })?;
            self.count(took);
            snip_instructions = added(snip_instructions, snip);
            told(&report);
            if steps >= part.steps {
                return Ok(snip_instructions);
            }
            if steps == 0 {
                return Err(SessionError::Unexpected("it has computed nothing".to_owned()));
            }
            part = part.rest(steps);
        }
    }

    /// [`Run::stream`] in as few requests as hold the records; instructions of the embedded CPU's programs if the
    /// device's meter is on.
    pub(crate) fn stream_at_once<'r>(
        &mut self,
        records: impl IntoIterator<Item = Record<'r>>,
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<Option<u64>, SessionError> {
        let mut snip_instructions = None;
        let data_bytes = self.data_bytes();
        let most = data_bytes.checked_div(4 * self.output_words).unwrap_or(usize::MAX);
        let mut batch: Vec<u8> = Vec::new();
        let mut waiting: Vec<Record<'r>> = Vec::new();
        for record in records {
            let encoded = encoded(&record, data_bytes)?;
            if !waiting.is_empty() && (batch.len() + encoded.len() > data_bytes || waiting.len() == most) {
                let snip = self.stream_batch(&batch, &waiting, visit)?;
                snip_instructions = added(snip_instructions, snip);
                batch.clear();
                waiting.clear();
            }
            batch.extend_from_slice(&encoded);
            waiting.push(record);
        }
        if !waiting.is_empty() {
            let snip = self.stream_batch(&batch, &waiting, visit)?;
            snip_instructions = added(snip_instructions, snip);
        }
        Ok(snip_instructions)
    }

    /// Computes records that a message holds, `batch` their bytes: in one request, and in more of them where the device
    /// was interrupted.
    fn stream_batch(
        &mut self,
        batch: &[u8],
        records: &[Record<'_>],
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<Option<u64>, SessionError> {
        let asked = |steps: &mut dyn Iterator<Item = u16>| steps.map(u32::from).sum::<u32>();
        let (mut steps, mut snip_instructions) = self.stream_once(batch, visit)?;
        if steps == asked(&mut records.iter().map(|record| record.steps)) {
            return Ok(snip_instructions);
        }
        let mut queue: VecDeque<Piece<'_>> = records.iter().map(Piece::of).collect();
        while steps < asked(&mut queue.iter().map(Piece::steps)) {
            // The output of the record that was computed last is still to come.
            if let Some(rest) = cut(&mut queue, steps)? {
                queue.push_front(rest);
            }
            let mut batch = Vec::new();
            for piece in &queue {
                batch.extend(encoded(&piece.record(), self.data_bytes())?);
            }
            let snip;
            (steps, snip) = self.stream_once(&batch, visit)?;
            snip_instructions = added(snip_instructions, snip);
        }
        Ok(snip_instructions)
    }

    /// One request for records: steps that were computed, and instructions of the programs in them.
    fn stream_once(
        &mut self,
        records: &[u8],
        visit: &mut dyn FnMut(&[i32]),
    ) -> Result<(u32, Option<u64>), SessionError> {
        let request = Request::Stream { records, report: Report::Nothing };
        let (steps, took, snip, outputs) = self.ask(&request, |response| match response {
            Response::Streamed { steps, instructions, snip_instructions, outputs, .. } => {
                Ok((steps, instructions, snip_instructions, as_words(outputs)))
            }
            other => Err(unexpected(&other)),
        })?;
        self.count(took);
        for output in outputs.chunks(self.output_words.max(1)) {
            visit(output);
        }
        Ok((steps, snip))
    }

    /// Most bytes of data in a message, at least one.
    pub(crate) fn data_bytes(&self) -> usize {
        self.identity.data_bytes.max(1)
    }

    /// Whether the device has every part of the chip that an image needs.
    fn require_features(&self, image: &Image<'_>) -> Result<(), SessionError> {
        let missing = |feature: &Feature| self.identity.features & feature.bit() == 0 && image.needs(*feature);
        match Feature::ALL.into_iter().find(missing) {
            Some(feature) => Err(ImageError::LeftOut { feature }.into()),
            None => Ok(()),
        }
    }

    /// Whether the device has every program that an image names.
    fn require_programs(&self, image: &Image<'_>) -> Result<(), SessionError> {
        // A device whose messages are too short for all names decides for itself.
        if self.identity.snips.len() < self.identity.snip_count {
            return Ok(());
        }
        for record in image.snips() {
            let there = |(kind, name): &&(u32, String)| *kind == record.kind && record.name.is(name);
            if self.identity.snips.iter().find(there).is_none() {
                if rules::OPTIONAL.iter().any(|optional| record.name.is(optional)) {
                    return Err(SessionError::ProgramLeftOut { name: record.name.to_string() });
                }
                let names: Vec<&str> = self.identity.snips.iter().map(|(_, name)| name.as_str()).collect();
                let (name, kind) = (record.name.to_string(), record.kind);
                return Err(SessionError::NoProgram { name, kind, there: names.join(", ") });
            }
        }
        Ok(())
    }

    /// Loads an image, unless the board carries it, and starts its chip at step 0. Sends nothing if it would not fit.
    pub(crate) fn load(&mut self, file: &ImageFile) -> Result<(), SessionError> {
        let image = file.open()?;
        self.require_features(&image)?;
        self.require_programs(&image)?;
        let bytes = file.bytes();
        let is_resident = self.identity.resident == Some(file.hash());
        let needs = NetworkNeeds::of(file)?;
        let state_bytes = needs.state_bytes;
        let image_bytes = if is_resident { 0 } else { needs.image_bytes.next_multiple_of(8) };
        let available_bytes = self.identity.arena_bytes;
        if image_bytes + state_bytes > available_bytes {
            let boards = self.identity.known_board().map(|_| needs.holders());
            return Err(SessionError::DoesNotFit { image_bytes, state_bytes, available_bytes, boards });
        }
        if let Some(board) = self.identity.known_board()
            && let Fit::Stack { bytes: short_bytes } = board.fit(0, state_bytes as u64, &needs.features)
        {
            let boards = needs.holders();
            return Err(SessionError::StackTooSmall { board: board.name.clone(), short_bytes, boards });
        }
        if !is_resident {
            self.send_image(bytes)?;
        }
        self.instructions = None;
        self.output_words = image.output_words;
        let start = if is_resident { Request::LoadResident } else { Request::LoadEnd };
        self.ask(&start, |response| match response {
            Response::Loaded { .. } => Ok(()),
            other => Err(unexpected(&other)),
        })
    }

    fn send_image(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        self.done(&Request::LoadStart { bytes: length(bytes.len()), check: CRC.checksum(bytes) })?;
        let most = self.data_bytes();
        for (number, data) in bytes.chunks(most).enumerate() {
            self.done(&Request::LoadChunk { offset: length(number * most), data })?;
        }
        Ok(())
    }

    /// Has a request executed, and reads the answer.
    pub(crate) fn ask<R>(
        &mut self,
        request: &Request<'_>,
        read: impl Fn(Response<'_>) -> Result<R, SessionError>,
    ) -> Result<R, SessionError> {
        if (self.waiting.stop)() {
            return Err(SessionError::Stopped);
        }
        let mut answer = None;
        self.device.ask(request, &self.waiting, &mut |response| {
            answer = Some(match response {
                Response::Failed(error) => Err(SessionError::Refused(error)),
                other => read(other),
            });
        })?;
        match answer {
            Some(Err(SessionError::Refused(DeviceError::NoSession))) => {
                Err(SessionError::Restarted { device: self.device.name().to_owned() })
            }
            Some(answer) => answer,
            None => Err(SessionError::Unexpected("no answer".to_owned())),
        }
    }

    pub(crate) fn count(&mut self, took: Option<u64>) {
        self.instructions = added(self.instructions, took);
    }

    pub(crate) fn done(&mut self, request: &Request<'_>) -> Result<(), SessionError> {
        self.ask(request, |response| match response {
            Response::Done => Ok(()),
            other => Err(unexpected(&other)),
        })
    }

    pub(crate) fn switch_meter(&mut self, on: bool) -> Result<(), SessionError> {
        self.done(&Request::Meter { on })
    }

    /// All words of a register.
    ///
    /// # Errors
    /// [`SessionError`].
    pub(crate) fn read(&mut self, register: Register) -> Result<Vec<i32>, SessionError> {
        self.read_part(register, None)
    }

    /// Words of a register, all if no range is given; fewer than the range asks for if the register ends before.
    ///
    /// # Errors
    /// [`SessionError`].
    pub(crate) fn read_part(
        &mut self,
        register: Register,
        range: Option<Range<usize>>,
    ) -> Result<Vec<i32>, SessionError> {
        let Range { start, end } = range.unwrap_or(0..usize::MAX);
        let mut words = Vec::new();
        loop {
            let first = start + words.len();
            let count = (self.data_bytes() / 4).min(end.saturating_sub(first));
            let request = Request::Read { register, first: length(first), count: length(count) };
            let (total, part) = self.ask(&request, |response| match response {
                Response::Values { total, data } => Ok((total as usize, as_words(data))),
                other => Err(unexpected(&other)),
            })?;
            let complete = part.is_empty();
            words.extend(part);
            if complete || start + words.len() >= total.min(end) {
                return Ok(words);
            }
        }
    }

    /// What learns: the plastic weights of the cores or, if there are none, what the snips have learned.
    ///
    /// # Errors
    /// [`SessionError`].
    pub(crate) fn weights(&mut self) -> Result<Vec<i32>, SessionError> {
        let weights = self.read(Register::W)?;
        if weights.is_empty() { self.read(Register::Learned) } else { Ok(weights) }
    }

    /// Exact counts.
    ///
    /// # Errors
    /// [`SessionError`].
    pub(crate) fn ops(&mut self) -> Result<OpCounts, SessionError> {
        self.ask(&Request::Ops, |response| match response {
            Response::Ops(ops) => Ok(ops),
            other => Err(unexpected(&other)),
        })
    }
}

/// A record as it travels; refused if it is longer than a message.
pub(crate) fn encoded(record: &Record<'_>, data_bytes: usize) -> Result<Vec<u8>, SessionError> {
    let too_much = || SessionError::Refused(DeviceError::TooMuch { most: length(data_bytes) });
    let bytes = postcard::to_extend(record, Vec::new()).map_err(|_| too_much())?;
    if bytes.len() > data_bytes { Err(too_much()) } else { Ok(bytes) }
}

/// The answer of another request.
pub(crate) fn unexpected(response: &Response<'_>) -> SessionError {
    SessionError::Unexpected(format!("{response:?}"))
}

/// Lengths on the wire; what a device can hold has fewer than 2^32 bytes.
pub(crate) fn length(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Kinds and names of a device's programs, as it tells them.
fn programs(mut bytes: &[u8]) -> Vec<(u32, String)> {
    let mut programs = Vec::new();
    while let Some(([kind, length], rest)) = bytes.split_at_checked(8).map(|(head, rest)| {
        let mut words = spikes::words(head);
        ([words.next().unwrap_or(0), words.next().unwrap_or(0)], rest)
    }) {
        let Some((name, rest)) = rest.split_at_checked(length as usize) else { break };
        programs.push((kind, String::from_utf8_lossy(name).into_owned()));
        bytes = rest;
    }
    programs
}

/// A sum of counts, any of them missing.
fn added(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    more.map_or(sum, |more| Some(sum.unwrap_or(0).saturating_add(more)))
}

pub(crate) fn as_words(bytes: &[u8]) -> Vec<i32> {
    bytes.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect()
}
