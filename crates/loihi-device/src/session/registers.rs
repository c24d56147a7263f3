//! What a device holds, read and written: registers, counts, digests, and all that is saved and restored.

use super::{Session, SessionError};
use crate::link::{length, unexpected};
use loihi_core::chip::{HEADER_BYTES, ResetScope, SnapshotHeader, SnapshotScope};
use loihi_core::ops::OpCounts;
use loihi_core::register::{Register, StateDigest};
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Footprint, Request, Response};
use std::ops::Range;

impl Session {
    /// All words of a register.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn read(&mut self, register: Register) -> Result<Vec<i32>, SessionError> {
        self.link.read(register)
    }

    /// Words of a register, all if no range is given; fewer than the range asks for if the register ends before.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn read_part(&mut self, register: Register, range: Option<Range<usize>>) -> Result<Vec<i32>, SessionError> {
        self.link.read_part(register, range)
    }

    /// What learns: the plastic weights of the cores or, if there are none, what the snips have learned.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn weights(&mut self) -> Result<Vec<i32>, SessionError> {
        self.link.weights()
    }

    /// Exact counts.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn ops(&mut self) -> Result<OpCounts, SessionError> {
        self.link.ops()
    }

    /// Writes words of a register from `first` on; see [`loihi_core::chip::Chip::write`].
    ///
    /// # Errors
    /// [`SessionError`]; nothing of the part that the device refuses is written.
    pub fn write(&mut self, register: Register, first: usize, words: &[i32]) -> Result<(), SessionError> {
        let most = (self.link.data_bytes() / 4).max(1);
        for (part, words) in words.chunks(most).enumerate() {
            let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let first = length(first + part * most);
            self.link.done(&Request::Write { register, first, data: &data })?;
        }
        Ok(())
    }

    /// Hashes of all state.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn digest(&mut self) -> Result<StateDigest, SessionError> {
        self.link.ask(&Request::Digest, |response| match response {
            Response::Digest(digest) => Ok(digest),
            other => Err(unexpected(&other)),
        })
    }

    /// What the device takes of its board's memory.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn footprint(&mut self) -> Result<Footprint, SessionError> {
        self.link.ask(&Request::Footprint, |response| match response {
            Response::Footprint(footprint) => Ok(footprint),
            other => Err(unexpected(&other)),
        })
    }

    /// Takes state back.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn reset(&mut self, scope: ResetScope) -> Result<(), SessionError> {
        self.forget_metered(scope == ResetScope::All);
        self.link.done(&Request::Reset { scope })
    }

    /// What was learned, or everything: the same bytes on every device, for [`Session::restore`] on any.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn save(&mut self, scope: SnapshotScope) -> Result<Vec<u8>, SessionError> {
        let mut bytes = Vec::new();
        loop {
            let request = Request::Save { scope, offset: length(bytes.len()) };
            let (total, check, part) = self.link.ask(&request, |response| match response {
                Response::Snapshot { total_bytes, check, data } => Ok((total_bytes as usize, check, data.to_vec())),
                other => Err(unexpected(&other)),
            })?;
            let complete = part.is_empty() || bytes.len() + part.len() >= total;
            bytes.extend(part);
            if complete {
                let found = CRC.checksum(&bytes);
                let valid = found == check && bytes.len() == total;
                return if valid {
                    Ok(bytes)
                } else {
                    Err(SessionError::Refused(DeviceError::Check { announced: check, found }))
                };
            }
        }
    }

    /// Takes up what [`Session::save`] gave of a chip with the same image.
    ///
    /// # Errors
    /// [`SessionError`]; after an error in the middle the device does not run until a restore or a full reset.
    pub fn restore(&mut self, scope: SnapshotScope, bytes: &[u8]) -> Result<(), SessionError> {
        self.forget_metered(scope == SnapshotScope::State);
        self.restored |= scope == SnapshotScope::State;
        if let Some(recorder) = self.recorder.as_mut().filter(|_| scope == SnapshotScope::State) {
            recorder.restored();
        }
        self.link.done(&Request::RestoreStart { scope, bytes: length(bytes.len()), check: CRC.checksum(bytes) })?;
        let most = self.link.data_bytes();
        for (number, data) in bytes.chunks(most).enumerate() {
            self.link.done(&Request::RestoreChunk { offset: length(number * most), data })?;
        }
        self.link.done(&Request::RestoreEnd)
    }

    /// Takes up all state that [`Session::save`] gave, of a chip that has counted something else before: the step number, by
    /// which random numbers are drawn, is that of these counts. They stay in `state`.
    ///
    /// # Errors
    /// As [`Session::restore`].
    pub fn restore_counted(&mut self, state: &mut [u8], ops: OpCounts) -> Result<(), SessionError> {
        count_as(state, ops);
        self.restore(SnapshotScope::State, state)
    }
}

/// Sets the counts and the step number of a saved state. Bytes that are not a saved state are left unchanged; every device
/// refuses them.
pub fn count_as(state: &mut [u8], ops: OpCounts) {
    if let Some(header) = state.first_chunk_mut::<HEADER_BYTES>()
        && let Some(from) = SnapshotHeader::from_header(header)
    {
        *header = from.counted(ops).header();
    }
}
