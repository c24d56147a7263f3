//! What a device does with a request: the arena, the image in it, the chip behind it.

use super::data::Data;
use super::{Board, steps};
use crate::arena::{ALIGNMENT, aligned};
use crate::chip::{Chip, HEADER_BYTES, ResetScope, SnapshotHeader, SnapshotScope};
use crate::feature::Feature;
use crate::image::{self, Image, Name, index};
use crate::register::Register;
use crate::snip::{SnipType, Snips, same_kind};
use crate::wire::DeviceError;
use crate::wire::frame::CRC;
use crate::wire::message::{Footprint, Report, Request, Response, SCHEMA, VERSION};
use zerocopy::IntoBytes as _;

/// Where the image of a chip lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the first `bytes` bytes of the arena.
    Arena { bytes: usize },
    /// Where the board carries it.
    Board,
}

/// What the arena holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::large_enum_variant, reason = "there is one, and nothing to box it in")
)]
enum Contents {
    /// Nothing of use.
    Nothing,
    /// The beginning of an image.
    Loading { bytes: usize, check: u32 },
    /// A chip and, unless the board carries it, its image.
    Chip { image: Place, snapshot_header: SnapshotHeader },
}

/// A restore that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Restoring {
    scope: SnapshotScope,
    check: u32,
    /// What comes before the memory.
    header: [u8; HEADER_BYTES],
}

/// Executes requests on the chip in its arena.
///
/// # Example
/// A host in the same process calls it, without frames and bytes:
///
/// ```
/// use loihi_core::device::{Board, Machine};
/// use loihi_core::wire::DeviceError;
/// use loihi_core::wire::message::{Report, Request, Response};
///
/// let mut machine = Machine::new(vec![0; 1024], Board::named("example"));
/// let mut data = [0; 256];
/// let run = Request::Run { steps: 10, spikes: &[], report: Report::Spikes };
/// assert_eq!(machine.execute(&run, &mut data), Response::Failed(DeviceError::NoImage));
/// ```
#[derive(Debug)]
pub struct Machine<A> {
    arena: A,
    board: Board,
    /// Bytes of the buffers of the line in front of it.
    line_bytes: usize,
    contents: Contents,
    /// The restore under way: until it ends well, the chip does not run.
    restoring: Option<Restoring>,
    /// Check of what was last asked to be saved, until anything else is asked.
    saving: Option<(SnapshotScope, u32)>,
}

impl<A: AsMut<[u64]>> Machine<A> {
    /// A machine without a chip. The arena holds image and state, in whole 64-bit words for their alignment.
    pub const fn new(arena: A, board: Board) -> Self {
        Self { arena, board, line_bytes: 0, contents: Contents::Nothing, restoring: None, saving: None }
    }

    /// The same machine behind a line whose buffers take `line_bytes` bytes.
    pub(super) fn behind_line(self, line_bytes: usize) -> Self {
        Self { line_bytes, ..self }
    }

    /// Says what interrupts steps from now on; see [`Board::interrupted`].
    pub const fn set_interrupted(&mut self, interrupted: Option<fn() -> bool>) {
        self.board.interrupted = interrupted;
    }

    /// Executes a request. `buffer` takes the data of the answer; its length is the most that one can have.
    pub fn execute<'d>(&mut self, request: &Request<'_>, buffer: &'d mut [u8]) -> Response<'d> {
        if !matches!(request, Request::Save { .. }) {
            self.saving = None;
        }
        self.try_execute(request, buffer).unwrap_or_else(Response::Failed)
    }

    fn try_execute<'d>(&mut self, request: &Request<'_>, buffer: &'d mut [u8]) -> Result<Response<'d>, DeviceError> {
        match *request {
            Request::Hello { version, schema, .. } => Ok(match (version, schema) {
                (VERSION, SCHEMA) => self.hello(buffer),
                _ => Response::Refused { version: VERSION, schema: SCHEMA },
            }),
            Request::LoadStart { bytes, check } => self.load_start(index(bytes), check),
            Request::LoadChunk { offset, data } => self.load_chunk(offset, data),
            Request::LoadEnd => self.load_end(),
            Request::LoadResident => self.load_resident(),
            Request::Run { steps, spikes, report } => self.run(steps, spikes, report, buffer),
            Request::Stream { records, report } => self.stream(records, report, buffer),
            Request::Read { register, first, count } => self.read(register, first, count, buffer),
            Request::Write { register, first, data } => self.write(register, first, data),
            Request::Ops => self.with_chip(|chip| Response::Ops(*chip.ops())),
            Request::Digest => self.with_chip(|chip| Response::Digest(chip.digest())),
            Request::Reset { scope } => self.reset(scope),
            Request::Save { scope, offset } => self.save(scope, index(offset), buffer),
            Request::RestoreStart { scope, bytes, check } => self.restore_start(scope, bytes, check),
            Request::RestoreChunk { offset, data } => self.restore_chunk(offset, data),
            Request::RestoreEnd => self.restore_end(),
            Request::Meter { on } => self.with_chip(|chip| {
                chip.set_metering(on);
                Response::Done
            }),
            Request::Footprint => Ok(self.footprint()),
        }
    }

    fn hello<'d>(&mut self, buffer: &'d mut [u8]) -> Response<'d> {
        let arena_bytes = word(bytes_of(&mut self.arena).len());
        let mut data = Data::new(buffer);
        let data_bytes = word(data.capacity());
        for program in self.board.snips {
            // The board's name takes of the same answer.
            let needed = program.name.len().saturating_add(self.board.name.len()).saturating_add(8);
            if data.left() < needed {
                break;
            }
            data.word(program.kind);
            data.word(word(program.name.len()));
            data.extend(program.name.as_bytes());
        }
        let (board, snip_count, snips) = (self.board.name, word(self.board.snips.len()), data.finish());
        let resident = (!self.board.image.is_empty()).then(|| image::hash(self.board.image));
        let features = Feature::built_in();
        Response::Hello {
            version: VERSION,
            schema: SCHEMA,
            arena_bytes,
            data_bytes,
            features,
            board,
            resident,
            snip_count,
            snips,
        }
    }

    fn footprint(&mut self) -> Response<'static> {
        let arena_bytes = word(bytes_of(&mut self.arena).len());
        let stack_bytes = self.board.stack_bytes.map(|used| used());
        let (arena_used_bytes, line_bytes) = (self.used().unwrap_or(0), word(self.line_bytes));
        Response::Footprint(Footprint { arena_bytes, arena_used_bytes, line_bytes, stack_bytes })
    }

    /// Bytes of the arena that the chip and its image take, if there is one.
    fn used(&mut self) -> Option<u32> {
        let Contents::Chip { image: place, .. } = self.contents else { return None };
        let snips = self.board.snips;
        let (image, _) = parts(&mut self.arena, &self.board, place)?;
        let image = Image::view(image).ok()?;
        Some(used(place, &image, snips))
    }

    fn load_start(&mut self, bytes: usize, check: u32) -> Result<Response<'static>, DeviceError> {
        if bytes > bytes_of(&mut self.arena).len() {
            return Err(DeviceError::ArenaTooSmall {
                needed: word(bytes),
                available: word(bytes_of(&mut self.arena).len()),
            });
        }
        self.contents = Contents::Loading { bytes, check };
        self.restoring = None;
        Ok(Response::Done)
    }

    fn load_chunk(&mut self, offset: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let outside = DeviceError::Chunk { offset };
        let Contents::Loading { bytes, .. } = self.contents else { return Err(outside) };
        let image = bytes_of(&mut self.arena).get_mut(..bytes).ok_or(outside)?;
        write_at(image, index(offset), data).ok_or(outside)?;
        Ok(Response::Done)
    }

    fn load_end(&mut self) -> Result<Response<'static>, DeviceError> {
        let Contents::Loading { bytes, check } = self.contents else { return Err(DeviceError::NoImage) };
        let image = bytes_of(&mut self.arena).get(..bytes).ok_or(DeviceError::NoImage)?;
        let found = CRC.checksum(image);
        if found != check {
            return Err(DeviceError::Check { announced: check, found });
        }
        self.start(Place::Arena { bytes })
    }

    fn load_resident(&mut self) -> Result<Response<'static>, DeviceError> {
        if self.board.image.is_empty() {
            return Err(DeviceError::NoResident);
        }
        self.start(Place::Board)
    }

    /// Starts the chip of an image that is there.
    fn start(&mut self, place: Place) -> Result<Response<'static>, DeviceError> {
        let snips = self.board.snips;
        if let Some([one, other]) = same_kind(snips) {
            let [first, second] = [one, other].map(|program| Name::new(program.name));
            return Err(DeviceError::SameKind { kind: one.kind, first, second });
        }
        let available = word(bytes_of(&mut self.arena).len());
        let (image, memory) = parts(&mut self.arena, &self.board, place).ok_or(DeviceError::NoImage)?;
        let image = Image::open(image, &Snips(snips)).map_err(DeviceError::Image)?;
        let used_bytes = used(place, &image, snips);
        let too_small = DeviceError::ArenaTooSmall { needed: used_bytes, available };
        // What is there stays until it is known that this fits.
        if used_bytes > available {
            return Err(too_small);
        }
        let chip = Chip::new(image, snips, memory).map_err(|_| too_small)?;
        let learned_words = word(chip.learned().len());
        self.contents = Contents::Chip { image: place, snapshot_header: chip.snapshot_header() };
        self.restoring = None;
        Ok(Response::Loaded { used_bytes, learned_words })
    }

    fn run<'d>(
        &mut self,
        steps: u32,
        spikes: &[u8],
        report: Report,
        buffer: &'d mut [u8],
    ) -> Result<Response<'d>, DeviceError> {
        let board = self.board;
        if let Some(step) = steps::late(spikes, steps) {
            return Err(DeviceError::Late { step });
        }
        self.with_whole_chip(|chip| {
            let mut all = steps::Steps::new(board, report, u64::from(steps), buffer)?;
            chip.set_clock(board.ticks);
            let _complete = all.run(chip, steps, spikes);
            let (instructions, steps) = (all.instructions, all.computed);
            let snip_instructions = chip.snip_instructions();
            Ok(Response::Ran { steps, instructions, snip_instructions, report: all.finish(chip) })
        })
    }

    fn stream<'d>(
        &mut self,
        records: &[u8],
        report: Report,
        buffer: &'d mut [u8],
    ) -> Result<Response<'d>, DeviceError> {
        let board = self.board;
        self.with_whole_chip(|chip| {
            let needs = steps::check(records, chip)?;
            let too_much = DeviceError::TooMuch { most: word(buffer.len()) };
            let (outputs, rest) = buffer.split_at_mut_checked(needs.output_bytes).ok_or(too_much)?;
            let mut outputs = Data::new(outputs);
            let mut all = steps::Steps::new(board, report, needs.steps, rest)?;
            chip.set_clock(board.ticks);
            steps::stream(records, chip, &mut all, &mut outputs);
            let (instructions, steps) = (all.instructions, all.computed);
            let (snip_instructions, outputs) = (chip.snip_instructions(), outputs.finish());
            Ok(Response::Streamed { steps, instructions, snip_instructions, outputs, report: all.finish(chip) })
        })
    }

    fn read<'d>(
        &mut self,
        register: Register,
        first: u32,
        count: u32,
        buffer: &'d mut [u8],
    ) -> Result<Response<'d>, DeviceError> {
        let mut data = Data::new(buffer);
        if index(count).saturating_mul(4) > data.capacity() {
            return Err(DeviceError::TooMuch { most: word(data.capacity()) });
        }
        let total = self.with_chip(|chip| steps::read(chip, register, first, count, &mut data))?;
        Ok(Response::Values { total: word(total), data: data.finish() })
    }

    fn write(&mut self, register: Register, first: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let whole = data.len().is_multiple_of(4);
        let written = self.with_chip(|chip| whole && chip.write(register, index(first), steps::words(data)))?;
        if written { Ok(Response::Done) } else { Err(DeviceError::Write { register, first }) }
    }

    fn reset(&mut self, scope: ResetScope) -> Result<Response<'static>, DeviceError> {
        if scope == ResetScope::All && self.restoring.take().is_some() {
            // Whatever half of a state has come, between the slices of the memory too.
            self.snapshot(SnapshotScope::State)?.memory.fill(0);
        }
        self.with_chip(|chip| {
            chip.reset(scope);
            Response::Done
        })
    }

    fn save<'d>(
        &mut self,
        scope: SnapshotScope,
        offset: usize,
        buffer: &'d mut [u8],
    ) -> Result<Response<'d>, DeviceError> {
        if self.restoring.is_some() {
            return Err(DeviceError::RestoreUnfinished);
        }
        let check = match self.saving {
            Some((saving, check)) if saving == scope => check,
            _ => self.snapshot(scope)?.check(),
        };
        self.saving = Some((scope, check));
        let snapshot = self.snapshot(scope)?;
        let mut data = Data::new(buffer);
        let header = snapshot.header().get(offset..).unwrap_or_default();
        let header = header.get(..header.len().min(data.left())).unwrap_or_default();
        data.extend(header);
        let memory = snapshot.memory.get(offset.saturating_sub(snapshot.header_bytes)..).unwrap_or_default();
        data.extend(memory.get(..memory.len().min(data.left())).unwrap_or_default());
        Ok(Response::Snapshot { total_bytes: word(snapshot.length()), check, data: data.finish() })
    }

    fn restore_start(
        &mut self,
        scope: SnapshotScope,
        bytes: u32,
        check: u32,
    ) -> Result<Response<'static>, DeviceError> {
        let expected = word(self.snapshot(scope)?.length());
        if bytes != expected {
            return Err(DeviceError::SnapshotLength { expected, found: bytes });
        }
        // Half of a state is not made whole by what was learned.
        if scope == SnapshotScope::Learned
            && self.restoring.is_some_and(|restoring| restoring.scope == SnapshotScope::State)
        {
            return Err(DeviceError::RestoreUnfinished);
        }
        self.restoring = Some(Restoring { scope, check, header: [0; HEADER_BYTES] });
        Ok(Response::Done)
    }

    fn restore_chunk(&mut self, offset: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let outside = DeviceError::Chunk { offset };
        let Some(mut restoring) = self.restoring else { return Err(outside) };
        let snapshot = self.snapshot(restoring.scope)?;
        let end = index(offset).saturating_add(data.len());
        if end > snapshot.length() {
            return Err(outside);
        }
        let header_bytes = restoring.scope.header_bytes();
        let header = restoring.header.iter_mut().take(header_bytes);
        let skipped = index(offset).saturating_sub(header_bytes);
        let memory = snapshot.memory.get_mut(skipped..).unwrap_or_default();
        for (to, from) in header.skip(index(offset)).chain(memory).zip(data) {
            *to = *from;
        }
        self.restoring = Some(restoring);
        Ok(Response::Done)
    }

    fn restore_end(&mut self) -> Result<Response<'static>, DeviceError> {
        let (Some(restoring), Contents::Chip { image, snapshot_header }) = (self.restoring, self.contents) else {
            return Err(DeviceError::RestoreUnfinished);
        };
        let Restoring { scope, check: announced, header } = restoring;
        let mut snapshot = self.snapshot(scope)?;
        if scope == SnapshotScope::State {
            snapshot.header = header;
        }
        let found = snapshot.check();
        if found != announced {
            return Err(DeviceError::Check { announced, found });
        }
        let from = match scope {
            SnapshotScope::Learned => snapshot_header.unsettled(),
            SnapshotScope::State => SnapshotHeader::from_header(&header)
                .ok_or(DeviceError::InvalidSnapshot { register: Register::Spikes })?,
        };
        self.on_chip(from, |chip| chip.check())?.map_err(|register| DeviceError::InvalidSnapshot { register })?;
        self.contents = Contents::Chip { image, snapshot_header: from };
        self.restoring = None;
        Ok(Response::Done)
    }

    /// A snapshot of the chip.
    fn snapshot(&mut self, scope: SnapshotScope) -> Result<Snapshot<'_>, DeviceError> {
        let Contents::Chip { image, snapshot_header } = self.contents else { return Err(DeviceError::NoImage) };
        let snips = self.board.snips;
        let (image, memory) = parts(&mut self.arena, &self.board, image).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        let memory = aligned(memory).get_mut(..scope.memory_bytes(&image, snips)).ok_or(DeviceError::NoImage)?;
        Ok(Snapshot { header: snapshot_header.header(), header_bytes: scope.header_bytes(), memory })
    }

    /// Lends the chip out, unless its state is half written.
    fn with_whole_chip<R>(
        &mut self,
        job: impl FnOnce(&mut Chip<'_>) -> Result<R, DeviceError>,
    ) -> Result<R, DeviceError> {
        if self.restoring.is_some() {
            return Err(DeviceError::RestoreUnfinished);
        }
        self.with_chip(job)?
    }

    /// Lends the chip out.
    fn with_chip<R>(&mut self, job: impl FnOnce(&mut Chip<'_>) -> R) -> Result<R, DeviceError> {
        let Contents::Chip { snapshot_header, .. } = self.contents else { return Err(DeviceError::NoImage) };
        let mut after = snapshot_header;
        let result = self.on_chip(snapshot_header, |chip| {
            let result = job(chip);
            after = chip.snapshot_header();
            result
        })?;
        if let Contents::Chip { snapshot_header, .. } = &mut self.contents {
            *snapshot_header = after;
        }
        Ok(result)
    }

    /// Lends out the chip, resumed from `from`.
    // A call, so that requests do not each have a chip of their own on the stack.
    #[cfg_attr(feature = "small-stack", inline(never))]
    fn on_chip<R>(&mut self, from: SnapshotHeader, job: impl FnOnce(&mut Chip<'_>) -> R) -> Result<R, DeviceError> {
        let Contents::Chip { image, .. } = self.contents else { return Err(DeviceError::NoImage) };
        let snips = self.board.snips;
        let (image, memory) = parts(&mut self.arena, &self.board, image).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        // Used where it is made: to move it takes the stack twice.
        match &mut Chip::resume(image, snips, memory, from) {
            Ok(chip) => Ok(job(chip)),
            Err(_) => Err(DeviceError::NoImage),
        }
    }
}

/// A snapshot of a chip: the first bytes of a header, and the beginning of the memory.
struct Snapshot<'m> {
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    memory: &'m mut [u8],
}

impl Snapshot<'_> {
    fn header(&self) -> &[u8] {
        self.header.get(..self.header_bytes).unwrap_or_default()
    }

    fn length(&self) -> usize {
        self.header_bytes.saturating_add(self.memory.len())
    }

    fn check(&self) -> u32 {
        let mut digest = CRC.digest();
        digest.update(self.header());
        digest.update(self.memory);
        digest.finalize()
    }
}

fn bytes_of<A: AsMut<[u64]>>(arena: &mut A) -> &mut [u8] {
    arena.as_mut().as_mut_bytes()
}

/// Bytes of the arena that an image there and the chip that runs it take.
fn used(place: Place, image: &Image<'_>, snips: &[SnipType]) -> u32 {
    let image_bytes = match place {
        Place::Arena { bytes } => padded(bytes),
        Place::Board => 0,
    };
    word(image_bytes.saturating_add(Chip::bytes_needed(image, snips)))
}

fn padded(bytes: usize) -> usize {
    bytes.saturating_add(ALIGNMENT - 1) & !(ALIGNMENT - 1)
}

/// The image, and the memory for its chip.
fn parts<'m, A: AsMut<[u64]>>(arena: &'m mut A, board: &Board, place: Place) -> Option<(&'m [u8], &'m mut [u8])> {
    let arena = bytes_of(arena);
    match place {
        Place::Board => Some((board.image, arena)),
        Place::Arena { bytes } => {
            let (front, memory) = arena.split_at_mut_checked(padded(bytes))?;
            Some((front.get(..bytes)?, memory))
        }
    }
}

fn write_at(into: &mut [u8], offset: usize, data: &[u8]) -> Option<()> {
    let end = offset.checked_add(data.len())?;
    let place = into.get_mut(offset..end)?;
    for (to, from) in place.iter_mut().zip(data) {
        *to = *from;
    }
    Some(())
}

/// A length for the wire; saturates.
fn word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
