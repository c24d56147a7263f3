//! Saves a chip and restores it, piece by piece.

use super::memory::parts;
use super::{Contents, Machine, word};
use crate::arena::aligned;
use crate::chip::{HEADER_BYTES, SnapshotHeader, SnapshotScope};
use crate::device::data::Data;
use crate::image::{Image, index};
use crate::register::Register;
use crate::wire::DeviceError;
use crate::wire::frame::CRC;
use crate::wire::message::Response;

/// A restore that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Restoring {
    scope: SnapshotScope,
    check: u32,
    /// What comes before the memory.
    header: [u8; HEADER_BYTES],
}

impl<A: AsMut<[u64]>> Machine<A> {
    pub(super) fn save<'d>(
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

    pub(super) fn restore_start(
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

    pub(super) fn restore_chunk(&mut self, offset: u32, data: &[u8]) -> Result<Response<'static>, DeviceError> {
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

    pub(super) fn restore_end(&mut self) -> Result<Response<'static>, DeviceError> {
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
    pub(super) fn snapshot(&mut self, scope: SnapshotScope) -> Result<Snapshot<'_>, DeviceError> {
        let Contents::Chip { image, snapshot_header } = self.contents else { return Err(DeviceError::NoImage) };
        let snips = self.board.snips;
        let (image, memory) = parts(&mut self.arena, &self.board, image).ok_or(DeviceError::NoImage)?;
        let image = Image::view(image).map_err(DeviceError::Image)?;
        let memory = aligned(memory).get_mut(..scope.memory_bytes(&image, snips)).ok_or(DeviceError::NoImage)?;
        Ok(Snapshot { header: snapshot_header.header(), header_bytes: scope.header_bytes(), memory })
    }
}

/// A snapshot of a chip: the first bytes of a header, and the beginning of the memory.
pub(super) struct Snapshot<'m> {
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    pub(super) memory: &'m mut [u8],
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
