//! What a device does with a request: the arena, the image in it, the chip behind it.

use super::{Board, Data, DeviceError, stream};
use crate::arena::{ALIGNMENT, aligned};
use crate::chip::{Chip, HEADER_BYTES, Keep, ResetScope, Suspended};
use crate::image::{Image, index};
use crate::probe::Register;
use crate::wire::frame::CRC;
use crate::wire::message::{DATA_MAX, Request, Response, SCHEMA, VERSION};
use zerocopy::IntoBytes as _;

/// What the arena holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    /// Nothing of use.
    Nothing,
    /// The beginning of an image.
    Loading { bytes: usize, check: u32 },
    /// An image and its chip.
    Chip { image_bytes: usize, suspended: Suspended },
}

/// A restore that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Restoring {
    keep: Keep,
    check: u32,
    /// What comes before the memory.
    header: [u8; HEADER_BYTES],
}

/// The arena and what it holds.
#[derive(Debug)]
pub(super) struct Machine<A> {
    arena: A,
    board: Board,
    contents: Contents,
    /// The restore under way: until it ends well, the chip does not run.
    restoring: Option<Restoring>,
    /// Check of what was last asked to be saved, until anything else is asked.
    saving: Option<(Keep, u32)>,
}

impl<A: AsMut<[u64]>> Machine<A> {
    pub(super) const fn new(arena: A, board: Board) -> Self {
        Self { arena, board, contents: Contents::Nothing, restoring: None, saving: None }
    }

    pub(super) fn hello(&mut self) -> Response<'static> {
        let arena_bytes = word(bytes_of(&mut self.arena).len());
        Response::Hello { version: VERSION, schema: SCHEMA, arena_bytes, board: self.board.name }
    }

    pub(super) fn execute<'d>(
        &mut self,
        request: &Request<'_>,
        data: &'d mut Data,
    ) -> Result<Response<'d>, DeviceError> {
        if !matches!(request, Request::Save { .. }) {
            self.saving = None;
        }
        match *request {
            // Greetings are answered before they come here.
            Request::Hello { .. } => Err(DeviceError::Unreadable),
            Request::LoadBegin { bytes, check } => self.load_begin(index(bytes), check),
            Request::LoadChunk { offset, data } => self.load_chunk(offset, data),
            Request::LoadEnd => self.load_end(),
            Request::Run { steps, spikes } => self.run(steps, spikes),
            Request::Stream { records } => self.stream(records, data),
            Request::Read { register, first, count } => self.read(register, first, count, data),
            Request::Write { register, first, data } => self.write(register, first, data),
            Request::Ops => self.with_chip(|chip| Response::Ops(*chip.ops())),
            Request::Digest => self.with_chip(|chip| Response::Digest(chip.digest())),
            Request::Reset { scope } => self.reset(scope),
            Request::Save { keep, offset } => self.save(keep, index(offset), data),
            Request::RestoreBegin { keep, bytes, check } => self.restore_begin(keep, bytes, check),
            Request::RestoreChunk { offset, data } => self.restore_chunk(offset, data),
            Request::RestoreEnd => self.restore_end(),
            Request::Meter { on } => self.with_chip(|chip| {
                chip.set_metering(on);
                Response::Done
            }),
        }
    }

    fn load_begin(&mut self, bytes: usize, check: u32) -> Result<Response<'static>, DeviceError> {
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
        let available = word(bytes_of(&mut self.arena).len());
        let (image, memory) = split(bytes_of(&mut self.arena), bytes).ok_or(DeviceError::NoImage)?;
        let found = CRC.checksum(image);
        if found != check {
            return Err(DeviceError::Check { announced: check, found });
        }
        let image = Image::open(image).map_err(DeviceError::Image)?;
        let used = padded(bytes).saturating_add(Chip::bytes_needed(&image));
        let too_small = DeviceError::ArenaTooSmall { needed: word(used), available };
        let chip = Chip::new(image, memory).map_err(|_| too_small)?;
        let learned_words = word(chip.learned().len());
        self.contents = Contents::Chip { image_bytes: bytes, suspended: chip.suspended() };
        Ok(Response::Loaded { used_bytes: word(used), learned_words })
    }

    fn run(&mut self, steps: u32, spikes: &[u8]) -> Result<Response<'static>, DeviceError> {
        let Board { ticks, step: compute, .. } = self.board;
        let pairs = spikes.as_chunks::<4>().0;
        if let Some(late) = pairs.iter().find(|pair| due(**pair) > steps) {
            return Err(DeviceError::Late { step: due(*late) });
        }
        self.with_sound_chip(|chip| {
            let mut waiting = pairs.iter().peekable();
            chip.set_clock(ticks);
            let begin = ticks.map(|now| now());
            // After the last step come the spikes that count in the next one.
            for step in 0..=steps {
                while let Some([_, _, low, high]) = waiting.next_if(|pair| due(**pair) <= step) {
                    chip.inject(usize::from(u16::from_le_bytes([*low, *high])));
                }
                if step < steps {
                    compute(chip);
                }
            }
            Ok(Response::Ran { instructions: elapsed(ticks, begin), snip_instructions: chip.snip_instructions() })
        })
    }

    fn stream<'d>(&mut self, records: &[u8], data: &'d mut Data) -> Result<Response<'d>, DeviceError> {
        let board = self.board;
        let (instructions, snip_instructions) = self.with_sound_chip(|chip| {
            stream::check(records, chip)?;
            chip.set_clock(board.ticks);
            let instructions = stream::run(records, chip, &board, data);
            Ok((instructions, chip.snip_instructions()))
        })?;
        Ok(Response::Streamed { instructions, snip_instructions, outputs: data })
    }

    fn read<'d>(
        &mut self,
        register: Register,
        first: u32,
        count: u32,
        data: &'d mut Data,
    ) -> Result<Response<'d>, DeviceError> {
        if index(count).saturating_mul(4) > DATA_MAX {
            return Err(DeviceError::TooMuch { most: word(DATA_MAX) });
        }
        let wanted = first..first.saturating_add(count);
        let total = self.with_chip(|chip| {
            let mut at = 0_u32;
            chip.visit(register, |value| {
                if wanted.contains(&at) {
                    // The count was checked against the capacity.
                    let _fits = data.extend_from_slice(&value.to_le_bytes());
                }
                at = at.saturating_add(1);
            });
            at
        })?;
        Ok(Response::Values { total, data })
    }

    fn write(&mut self, register: Register, first: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let values = data.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes));
        let whole = data.len().is_multiple_of(4);
        let written = self.with_chip(|chip| whole && chip.write(register, index(first), values))?;
        if written { Ok(Response::Done) } else { Err(DeviceError::Write { register, first }) }
    }

    fn reset(&mut self, scope: ResetScope) -> Result<Response<'static>, DeviceError> {
        if scope == ResetScope::All && self.restoring.take().is_some() {
            // Whatever half of a state has come, between the slices of the memory too.
            self.kept(Keep::State)?.memory.fill(0);
        }
        self.with_chip(|chip| {
            chip.reset(scope);
            Response::Done
        })
    }

    fn save<'d>(&mut self, keep: Keep, offset: usize, data: &'d mut Data) -> Result<Response<'d>, DeviceError> {
        if self.restoring.is_some() {
            return Err(DeviceError::RestoreUnfinished);
        }
        let check = match self.saving {
            Some((saving, check)) if saving == keep => check,
            _ => self.kept(keep)?.check(),
        };
        self.saving = Some((keep, check));
        let kept = self.kept(keep)?;
        let bytes = kept.header().iter().chain(&*kept.memory).skip(offset).take(DATA_MAX);
        for byte in bytes {
            // No more than its capacity.
            let _fits = data.push(*byte);
        }
        Ok(Response::Kept { total_bytes: word(kept.length()), check, data })
    }

    fn restore_begin(&mut self, keep: Keep, bytes: u32, check: u32) -> Result<Response<'static>, DeviceError> {
        let expected = word(self.kept(keep)?.length());
        if bytes != expected {
            return Err(DeviceError::KeptBytes { expected, found: bytes });
        }
        // Half of a state is not made whole by what was learned.
        if keep == Keep::Learned && self.restoring.is_some_and(|restoring| restoring.keep == Keep::State) {
            return Err(DeviceError::RestoreUnfinished);
        }
        self.restoring = Some(Restoring { keep, check, header: [0; HEADER_BYTES] });
        Ok(Response::Done)
    }

    fn restore_chunk(&mut self, offset: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let outside = DeviceError::Chunk { offset };
        let Some(mut restoring) = self.restoring else { return Err(outside) };
        let kept = self.kept(restoring.keep)?;
        let end = index(offset).saturating_add(data.len());
        if end > kept.length() {
            return Err(outside);
        }
        let header_bytes = restoring.keep.header_bytes();
        let header = restoring.header.iter_mut().take(header_bytes);
        for (to, from) in header.chain(kept.memory).skip(index(offset)).zip(data) {
            *to = *from;
        }
        self.restoring = Some(restoring);
        Ok(Response::Done)
    }

    fn restore_end(&mut self) -> Result<Response<'static>, DeviceError> {
        let (Some(restoring), Contents::Chip { image_bytes, suspended }) = (self.restoring, self.contents) else {
            return Err(DeviceError::RestoreUnfinished);
        };
        let Restoring { keep, check: announced, header } = restoring;
        let mut kept = self.kept(keep)?;
        if keep == Keep::State {
            kept.header = header;
        }
        let found = kept.check();
        if found != announced {
            return Err(DeviceError::Check { announced, found });
        }
        let from = match keep {
            Keep::Learned => suspended,
            Keep::State => {
                Suspended::from_header(&header).ok_or(DeviceError::Unsound { register: Register::Spikes })?
            }
        };
        self.on_chip(from, |chip| chip.check())?.map_err(|register| DeviceError::Unsound { register })?;
        self.contents = Contents::Chip { image_bytes, suspended: from };
        self.restoring = None;
        Ok(Response::Done)
    }

    /// What can be kept of the chip.
    fn kept(&mut self, keep: Keep) -> Result<Kept<'_>, DeviceError> {
        let Contents::Chip { image_bytes, suspended } = self.contents else { return Err(DeviceError::NoImage) };
        let (image, memory) = split(bytes_of(&mut self.arena), image_bytes).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        let memory = aligned(memory).get_mut(..keep.memory_bytes(&image)).ok_or(DeviceError::NoImage)?;
        Ok(Kept { header: suspended.header(), header_bytes: keep.header_bytes(), memory })
    }

    /// Lends the chip out, unless its state is half written.
    fn with_sound_chip<R>(
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
        let Contents::Chip { suspended, .. } = self.contents else { return Err(DeviceError::NoImage) };
        let mut after = suspended;
        let result = self.on_chip(suspended, |chip| {
            let result = job(chip);
            after = chip.suspended();
            result
        })?;
        if let Contents::Chip { suspended, .. } = &mut self.contents {
            *suspended = after;
        }
        Ok(result)
    }

    /// Lends out the chip that goes on from `from`.
    fn on_chip<R>(&mut self, from: Suspended, job: impl FnOnce(&mut Chip<'_>) -> R) -> Result<R, DeviceError> {
        let Contents::Chip { image_bytes, .. } = self.contents else { return Err(DeviceError::NoImage) };
        let (image, memory) = split(bytes_of(&mut self.arena), image_bytes).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        let mut chip = Chip::resume(image, memory, from).map_err(|_| DeviceError::NoImage)?;
        Ok(job(&mut chip))
    }
}

/// What can be kept of a chip: a header, of which the first bytes count, and the beginning of the memory.
struct Kept<'m> {
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    memory: &'m mut [u8],
}

impl Kept<'_> {
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

/// Instructions since `begin`.
pub(super) fn elapsed(ticks: Option<fn() -> u64>, begin: Option<u64>) -> Option<u64> {
    Some(ticks?().wrapping_sub(begin?))
}

/// The step of an input spike.
fn due([low, high, _, _]: [u8; 4]) -> u32 {
    u32::from(u16::from_le_bytes([low, high]))
}

fn bytes_of<A: AsMut<[u64]>>(arena: &mut A) -> &mut [u8] {
    arena.as_mut().as_mut_bytes()
}

fn padded(bytes: usize) -> usize {
    bytes.saturating_add(ALIGNMENT - 1) & !(ALIGNMENT - 1)
}

/// The image and what is left of the arena for its state.
fn split(arena: &mut [u8], image_bytes: usize) -> Option<(&[u8], &mut [u8])> {
    let (front, memory) = arena.split_at_mut_checked(padded(image_bytes))?;
    Some((front.get(..image_bytes)?, memory))
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
