//! Takes an image into the arena, and starts its chip.

use super::memory::{Place, bytes_of, parts, used};
use super::{Contents, Machine, word};
use crate::chip::Chip;
use crate::image::{Image, Name, index};
use crate::snip::{Snips, same_kind};
use crate::wire::DeviceError;
use crate::wire::frame::CRC;
use crate::wire::message::Response;

impl<A: AsMut<[u64]>> Machine<A> {
    pub(super) fn load_start(&mut self, bytes: usize, check: u32) -> Result<Response<'static>, DeviceError> {
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

    pub(super) fn load_chunk(&mut self, offset: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
        let outside = DeviceError::Chunk { offset };
        let Contents::Loading { bytes, .. } = self.contents else { return Err(outside) };
        let image = bytes_of(&mut self.arena).get_mut(..bytes).ok_or(outside)?;
        write_at(image, index(offset), data).ok_or(outside)?;
        Ok(Response::Done)
    }

    pub(super) fn load_end(&mut self) -> Result<Response<'static>, DeviceError> {
        let Contents::Loading { bytes, check } = self.contents else { return Err(DeviceError::NoImage) };
        let image = bytes_of(&mut self.arena).get(..bytes).ok_or(DeviceError::NoImage)?;
        let found = CRC.checksum(image);
        if found != check {
            return Err(DeviceError::Check { announced: check, found });
        }
        self.start(Place::Arena { bytes })
    }

    pub(super) fn load_resident(&mut self) -> Result<Response<'static>, DeviceError> {
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
}

fn write_at(into: &mut [u8], offset: usize, data: &[u8]) -> Option<()> {
    let end = offset.checked_add(data.len())?;
    let place = into.get_mut(offset..end)?;
    for (to, from) in place.iter_mut().zip(data) {
        *to = *from;
    }
    Some(())
}
