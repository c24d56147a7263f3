//! A session with a device: what it can be asked, and what it answers.

mod registers;

pub use super::RetryPolicy;
pub use super::error::SessionError;
use super::meter::Meter;
use super::piece::{Piece, cut};
use super::recorder::{RecordedFile, Recorder};
use super::spikes::{self, SpikePart};
use super::{Device, Waiting};
use loihi_core::chip::Chip;
use loihi_core::image::Image;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Record, Report, Request, Response, SCHEMA, VERSION};
use loihi_image::image::ImageFile;
use loihi_net::neuron_map::NeuronMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the board.
    pub board: String,
    /// Memory for image and state in bytes.
    pub arena_bytes: usize,
    /// Most bytes of data in a request or an answer.
    pub data_bytes: usize,
    /// The programs of the embedded CPU that it has: kind and name, of as many as it has told.
    pub snips: Vec<(u32, String)>,
    /// How many it has.
    pub snip_count: usize,
}

/// An open session. It can be moved to another thread.
pub struct Session {
    pub(super) device: Box<dyn Device>,
    waiting: Waiting,
    identity: Identity,
    /// Words of the output mailbox of the image that is loaded.
    output_words: usize,
    instructions: Option<u64>,
    /// Whether state was restored whose steps were counted elsewhere.
    restored: bool,
    meter: Option<Meter>,
    recorder: Option<Recorder>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Session {
    /// Greets a device. `number` should differ from session to session; `stop` ends every wait once it returns true.
    ///
    /// # Errors
    /// [`SessionError`] if the device is silent, gone, or of another version.
    pub fn open(
        device: Box<dyn Device>,
        retry: RetryPolicy,
        number: u32,
        stop: fn() -> bool,
    ) -> Result<Self, SessionError> {
        let waiting = Waiting { retry, stop };
        let identity =
            Identity { board: String::new(), arena_bytes: 0, data_bytes: 0, snips: Vec::new(), snip_count: 0 };
        let mut session = Self {
            device,
            waiting,
            identity,
            output_words: 0,
            instructions: None,
            restored: false,
            meter: None,
            recorder: None,
        };
        let hello = Request::Hello { version: VERSION, schema: SCHEMA, session: number };
        session.identity = session.ask(&hello, |response| match response {
            Response::Hello { arena_bytes, data_bytes, board, snip_count, snips, .. } => Ok(Identity {
                board: board.to_owned(),
                arena_bytes: arena_bytes as usize,
                data_bytes: data_bytes as usize,
                snips: programs(snips),
                snip_count: snip_count as usize,
            }),
            Response::Refused { version, schema } => {
                Err(SessionError::Version { device_version: version, device_schema: schema })
            }
            other => Err(unexpected(&other)),
        })?;
        Ok(session)
    }

    /// What the device says of itself.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Words that every record adds to an answer.
    pub(super) fn output_words(&self) -> usize {
        self.output_words
    }

    /// What users call the device.
    pub fn device_name(&self) -> &str {
        self.device.name()
    }

    /// Whether reading registers costs next to nothing.
    pub fn is_near(&self) -> bool {
        self.device.is_near()
    }

    /// Requests that were sent again.
    pub fn repetitions(&self) -> u64 {
        self.device.repetitions()
    }

    /// Instructions that all steps so far have taken, if the device counts them and has computed all of them.
    pub fn instructions(&self) -> Option<u64> {
        self.instructions.filter(|_| !self.restored)
    }

    /// Samples registers from now on; `None`: nothing.
    pub fn set_recorder(&mut self, recorder: Option<Recorder>) {
        self.recorder = recorder;
    }

    /// The recorder, which samples no more.
    pub fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// Puts what was recorded so far where it outlives this process; says how long its files are then.
    ///
    /// # Errors
    /// [`SessionError::Record`].
    pub fn recorded_files(&mut self) -> Result<Vec<RecordedFile>, SessionError> {
        self.recorder.as_mut().map_or(Ok(Vec::new()), Recorder::keep)
    }

    /// Meters what the cores do from the next image on that is loaded; `None`: nothing.
    pub fn set_meter(&mut self, meter: Option<Meter>) {
        self.meter = meter;
    }

    /// What was metered.
    pub fn take_meter(&mut self) -> Option<Meter> {
        self.meter.take()
    }

    pub(super) fn switch_meter(&mut self, on: bool) -> Result<(), SessionError> {
        self.done(&Request::Meter { on })
    }

    /// Log lines of the device since this was last called.
    pub fn take_logs(&mut self) -> Vec<String> {
        self.device.take_logs()
    }

    /// Loads an image and starts its chip at step 0. Sends nothing if it would not fit.
    ///
    /// # Errors
    /// [`SessionError::DoesNotFit`] with both sizes, or why the device refused.
    pub fn load(&mut self, file: &ImageFile) -> Result<(), SessionError> {
        self.load_as(file, &NeuronMap::of_cores(file)?)
    }

    /// The same with populations, by whose names a recorder finds what it samples.
    ///
    /// # Errors
    /// As [`Session::load`], or [`SessionError::Record`] if there is not what is to be sampled.
    pub fn load_as(&mut self, file: &ImageFile, neuron_map: &NeuronMap) -> Result<(), SessionError> {
        let image = file.open()?;
        self.require_programs(&image)?;
        let needed_bytes = file.bytes().len().next_multiple_of(8) + Chip::bytes_needed(&image, file.snips());
        let available_bytes = self.identity.arena_bytes;
        if needed_bytes > available_bytes {
            return Err(SessionError::DoesNotFit { needed_bytes, available_bytes });
        }
        let bytes = file.bytes();
        self.done(&Request::LoadStart { bytes: length(bytes.len()), check: CRC.checksum(bytes) })?;
        let most = self.data_bytes();
        for (number, data) in bytes.chunks(most).enumerate() {
            self.done(&Request::LoadChunk { offset: length(number * most), data })?;
        }
        (self.instructions, self.restored) = (None, false);
        self.output_words = image.output_words;
        self.ask(&Request::LoadEnd, |response| match response {
            Response::Loaded { .. } => Ok(()),
            other => Err(unexpected(&other)),
        })?;
        if let Some(meter) = &mut self.meter {
            meter.loaded(file);
        }
        let Some(mut recorder) = self.recorder.take() else { return Ok(()) };
        let checked = recorder.loaded(self, file, neuron_map);
        self.recorder = Some(recorder);
        checked
    }

    /// Computes steps. `spikes` are pairs of step (from 0) and external input, ascending by step.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn run(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        if let Some(mut recorder) = self.recorder.take() {
            let done = recorder.run(self, steps, spikes);
            self.recorder = Some(recorder);
            return done;
        }
        let Some(mut meter) = self.meter.take() else { return self.run_at_once(steps, spikes).map(|_| ()) };
        let done = meter.run(self, steps, spikes);
        self.meter = Some(meter);
        done
    }

    /// [`Session::run`] in as few requests as hold the spikes; instructions of the embedded CPU's programs if the device's
    /// meter is on.
    pub(super) fn run_at_once(&mut self, steps: u32, spikes: &[(u16, u16)]) -> Result<Option<u64>, SessionError> {
        let mut snip_instructions = None;
        for part in spikes::parts(steps, spikes, self.data_bytes()) {
            snip_instructions = added(snip_instructions, self.run_part(part, Report::Nothing, &mut |_| ())?);
        }
        Ok(snip_instructions)
    }

    /// Computes a part of a run in one request, and in more of them where the device was interrupted; hands the report of
    /// each to `told`.
    fn run_part(
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

    /// Computes steps and returns a hash of registers after each, as
    /// [`Report::Hashes`](loihi_core::wire::message::Report) says. Nothing is sampled or metered in between.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn hashes(&mut self, steps: u32, spikes: &[(u16, u16)], registers: u32) -> Result<Vec<u64>, SessionError> {
        let mut hashes = Vec::with_capacity(steps as usize);
        let most = length(self.data_bytes() / 8).max(1);
        let mut rest = spikes;
        while hashes.len() < steps as usize {
            let done = length(hashes.len());
            let part = most.min(steps - done);
            let now = spikes::take(&mut rest, done, part, done + part == steps);
            for part in spikes::parts(part, &now, self.data_bytes()) {
                self.run_part(part, Report::Hashes { registers }, &mut |report| {
                    hashes.extend(report.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
                })?;
            }
        }
        Ok(hashes)
    }

    /// Computes records, as many at a time as a message holds, and hands each one's outputs to `visit`, if the image has
    /// any.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn stream<'r>(
        &mut self,
        records: impl IntoIterator<Item = Record<'r>>,
        mut visit: impl FnMut(&[i32]),
    ) -> Result<(), SessionError> {
        if let Some(mut recorder) = self.recorder.take() {
            let done = recorder.stream(self, records, &mut visit);
            self.recorder = Some(recorder);
            return done;
        }
        let Some(mut meter) = self.meter.take() else {
            return self.stream_at_once(records, &mut visit).map(|_| ());
        };
        let done = meter.stream(self, records, &mut visit);
        self.meter = Some(meter);
        done
    }

    /// [`Session::stream`] in as few requests as hold the records; instructions of the embedded CPU's programs if the
    /// device's meter is on.
    pub(super) fn stream_at_once<'r>(
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
            // The record that was computed last has not told its output.
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

    /// Whether something is sampled or metered within the next steps; if not, they count as computed.
    pub(super) fn looks_within(&mut self, steps: u32) -> Result<bool, SessionError> {
        if self.meter.is_some() {
            return Ok(true);
        }
        let Some(mut recorder) = self.recorder.take() else { return Ok(false) };
        let looks = recorder.passes(self, steps).map(|passes| !passes);
        self.recorder = Some(recorder);
        looks
    }

    /// Most bytes of data in a message, at least one.
    fn data_bytes(&self) -> usize {
        self.identity.data_bytes.max(1)
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
                let names: Vec<&str> = self.identity.snips.iter().map(|(_, name)| name.as_str()).collect();
                let (name, kind) = (record.name.to_string(), record.kind);
                return Err(SessionError::NoProgram { name, kind, there: names.join(", ") });
            }
        }
        Ok(())
    }

    /// Has a request executed, and reads the answer.
    pub(super) fn ask<R>(
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
        answer.unwrap_or_else(|| Err(SessionError::Unexpected("no answer".to_owned())))
    }

    /// Counts start anew, if they do.
    fn forget_metered(&mut self, anew: bool) {
        if let Some(meter) = self.meter.as_mut().filter(|_| anew) {
            meter.forget();
        }
    }

    pub(super) fn count(&mut self, took: Option<u64>) {
        self.instructions = added(self.instructions, took);
    }

    fn done(&mut self, request: &Request<'_>) -> Result<(), SessionError> {
        self.ask(request, |response| match response {
            Response::Done => Ok(()),
            other => Err(unexpected(&other)),
        })
    }
}

/// A record as it travels; refused if it is longer than a message.
pub(super) fn encoded(record: &Record<'_>, data_bytes: usize) -> Result<Vec<u8>, SessionError> {
    let too_much = || SessionError::Refused(DeviceError::TooMuch { most: length(data_bytes) });
    let bytes = postcard::to_extend(record, Vec::new()).map_err(|_| too_much())?;
    if bytes.len() > data_bytes { Err(too_much()) } else { Ok(bytes) }
}

/// A number that differs from session to session, so that a device tells a new session from a repeated greeting.
pub fn new_number() -> u32 {
    static SESSIONS: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let own = SESSIONS.fetch_add(1, Ordering::Relaxed).rotate_left(24);
    since.subsec_nanos() ^ std::process::id().rotate_left(16) ^ own
}

/// The answer of another request.
pub(super) fn unexpected(response: &Response<'_>) -> SessionError {
    SessionError::Unexpected(format!("{response:?}"))
}

/// Lengths on the wire; what a device can hold has fewer than 2^32 bytes.
pub(super) fn length(value: usize) -> u32 {
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

/// A sum of counts of which any may not be there.
fn added(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    more.map_or(sum, |more| Some(sum.unwrap_or(0).saturating_add(more)))
}

pub(super) fn as_words(bytes: &[u8]) -> Vec<i32> {
    bytes.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framed::Framed;
    use crate::inproc::{InProcess, InProcessLine};
    use crate::lossy::Lossy;
    use crate::qemu::Qemu;

    const fn is_send<T: Send>() {}

    #[test]
    fn sessions_and_devices_move_between_threads() {
        const {
            is_send::<Session>();
            is_send::<InProcess>();
            is_send::<Framed<InProcessLine>>();
            is_send::<Framed<Lossy<Qemu>>>();
        }
    }

    #[test]
    fn numbers_of_sessions_differ() {
        assert_ne!(new_number() >> 24, new_number() >> 24);
    }
}
