//! Executes requests on the chip in the arena.

mod loading;
mod memory;
mod snapshots;

use super::data::Data;
use super::{Board, InParts, steps};
use crate::chip::{Chip, ResetScope, SnapshotHeader, SnapshotScope};
use crate::feature::Feature;
use crate::image::{self, Image, index};
use crate::register::Register;
use crate::wire::DeviceError;
use crate::wire::message::{Footprint, Report, Request, Response, SCHEMA, VERSION};
use memory::{Place, bytes_of, parts, used};
use snapshots::Restoring;

/// What the arena holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_pointer_width = "64", expect(clippy::large_enum_variant, reason = "a device has exactly one"))]
enum Contents {
    /// Nothing of use.
    Nothing,
    /// The beginning of an image.
    Loading { bytes: usize, check: u32 },
    /// A chip and, unless the board carries it, its image.
    Chip { image: Place, snapshot_header: SnapshotHeader },
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

    /// Says how steps are computed in parts from now on; see [`Board::in_parts`].
    pub const fn set_in_parts(&mut self, in_parts: Option<InParts>) {
        self.board.in_parts = in_parts;
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
            // The board's name takes room in the same answer.
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
        // Used in place: moving it would take twice the stack.
        match &mut Chip::resume(image, snips, memory, from) {
            Ok(chip) => Ok(job(chip)),
            Err(_) => Err(DeviceError::NoImage),
        }
    }
}

/// A length for the wire; saturates.
fn word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
