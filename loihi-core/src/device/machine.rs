//! What a device does with a request: the arena, the image in it, the chip behind it.

use super::{Board, Data, DeviceError, stream};
use crate::arena::ALIGNMENT;
use crate::chip::{Chip, Suspended};
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
    Chip { image_bytes: usize, suspended: Suspended, restoring: Option<u32> },
}

/// The arena and what it holds.
#[derive(Debug)]
pub(super) struct Machine<A> {
    arena: A,
    board: Board,
    contents: Contents,
}

impl<A: AsMut<[u64]>> Machine<A> {
    pub(super) const fn new(arena: A, board: Board) -> Self {
        Self { arena, board, contents: Contents::Nothing }
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
            Request::Reset { scope } => {
                if let Contents::Chip { restoring, .. } = &mut self.contents
                    && scope == crate::chip::ResetScope::All
                {
                    *restoring = None;
                }
                self.with_chip(|chip| {
                    chip.reset(scope);
                    Response::Done
                })
            }
            Request::RestoreBegin { words, check } => self.restore_begin(words, check),
            Request::RestoreChunk { first, data } => self.restore_chunk(first, data),
            Request::RestoreEnd => self.restore_end(),
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
        self.contents = Contents::Chip { image_bytes: bytes, suspended: chip.suspend(), restoring: None };
        Ok(Response::Loaded { used_bytes: word(used), learned_words })
    }

    fn run(&mut self, steps: u32, spikes: &[u8]) -> Result<Response<'static>, DeviceError> {
        let Board { ticks, step: compute, .. } = self.board;
        self.with_sound_chip(|chip| {
            let mut waiting = spikes.as_chunks::<4>().0.iter().peekable();
            let begin = ticks.map(|now| now());
            for step in 0..steps {
                while let Some([_, _, low, high]) = waiting.next_if(|pair| due(**pair) <= step) {
                    chip.inject(usize::from(u16::from_le_bytes([*low, *high])));
                }
                compute(chip);
            }
            Ok(Response::Ran { instructions: elapsed(ticks, begin) })
        })
    }

    fn stream<'d>(&mut self, records: &[u8], data: &'d mut Data) -> Result<Response<'d>, DeviceError> {
        let board = self.board;
        let instructions = self.with_sound_chip(|chip| {
            stream::check(records, chip)?;
            Ok(stream::run(records, chip, &board, data))
        })?;
        Ok(Response::Streamed { instructions, outputs: data })
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

    fn restore_begin(&mut self, words: u32, check: u32) -> Result<Response<'static>, DeviceError> {
        let expected = self.with_chip(|chip| word(chip.learned().len()))?;
        if words != expected {
            return Err(DeviceError::LearnedWords { expected, found: words });
        }
        if let Contents::Chip { restoring, .. } = &mut self.contents {
            *restoring = Some(check);
        }
        Ok(Response::Done)
    }

    fn restore_chunk(&mut self, first: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let outside = DeviceError::Chunk { offset: first };
        let Contents::Chip { restoring: Some(_), .. } = self.contents else { return Err(outside) };
        let written =
            self.with_chip(|chip| write_at(chip.learned_mut().as_mut_bytes(), index(first).saturating_mul(4), data))?;
        written.map(|()| Response::Done).ok_or(outside)
    }

    fn restore_end(&mut self) -> Result<Response<'static>, DeviceError> {
        let Contents::Chip { restoring: Some(announced), .. } = self.contents else {
            return Err(DeviceError::RestoreUnfinished);
        };
        let found = self.with_chip(|chip| CRC.checksum(chip.learned().as_bytes()))?;
        if found != announced {
            return Err(DeviceError::Check { announced, found });
        }
        if let Contents::Chip { restoring, .. } = &mut self.contents {
            *restoring = None;
        }
        Ok(Response::Done)
    }

    /// Lends the chip out, unless its learned state is half written.
    fn with_sound_chip<R>(
        &mut self,
        job: impl FnOnce(&mut Chip<'_>) -> Result<R, DeviceError>,
    ) -> Result<R, DeviceError> {
        if let Contents::Chip { restoring: Some(_), .. } = self.contents {
            return Err(DeviceError::RestoreUnfinished);
        }
        self.with_chip(job)?
    }

    /// Lends the chip out.
    fn with_chip<R>(&mut self, job: impl FnOnce(&mut Chip<'_>) -> R) -> Result<R, DeviceError> {
        let Contents::Chip { image_bytes, suspended, .. } = self.contents else { return Err(DeviceError::NoImage) };
        let (image, memory) = split(bytes_of(&mut self.arena), image_bytes).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        let mut chip = Chip::resume(image, memory, suspended).map_err(|_| DeviceError::NoImage)?;
        let result = job(&mut chip);
        let after = chip.suspend();
        if let Contents::Chip { suspended, .. } = &mut self.contents {
            *suspended = after;
        }
        Ok(result)
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
