//! Snapshots of a chip, which any device can restore: the same bytes on every target.
//!
//! [`SnapshotScope::Learned`] is the beginning of the chip's memory: what the snips have learned, then the weights of the
//! plastic synapses, and their tags and delays if a rule of the image uses them. [`SnapshotScope::State`] is a
//! [`SnapshotHeader`], then all of the memory. The memory's slices have a fixed order, little-endian elements of a fixed size, and begin at multiples of
//! eight bytes.

use super::SnapshotHeader;
use super::state::State;
use crate::arena::Carver;
use crate::image::Image;
use crate::ops::OpCounts;
use crate::snip::{SnipType, Snips};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// How much a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
pub enum SnapshotScope {
    /// What was learned.
    Learned,
    /// Everything: a run resumes from it with the same bits.
    State,
}

/// Bytes of a [`SnapshotHeader`].
pub const HEADER_BYTES: usize = size_of::<SnapshotHeader>();

impl SnapshotScope {
    /// Bytes of the chip's memory that are kept, from its beginning on.
    pub fn memory_bytes(self, image: &Image<'_>, snips: &[SnipType]) -> usize {
        match self {
            Self::Learned => {
                let mut counting = Carver::counting();
                // Counting never runs out of memory.
                let _slices = State::carve_learned(image, Snips(snips), &mut counting);
                counting.used()
            }
            Self::State => {
                let mut counting = Carver::counting();
                State::carve(image, Snips(snips), &mut counting, [0; 3]).map_or(0, |state| state.snapshot_bytes)
            }
        }
    }

    /// Bytes that are kept before those of the memory.
    pub const fn header_bytes(self) -> usize {
        match self {
            Self::Learned => 0,
            Self::State => HEADER_BYTES,
        }
    }
}

impl SnapshotHeader {
    /// A chip at step 0 that has computed nothing.
    pub(super) fn start() -> Self {
        let counts = OpCounts::default();
        Self {
            t: 0,
            spikes: 0,
            in_refractory: 0,
            arrived: 0,
            reward: 0,
            learning: 1,
            large_v: 1,
            metering: 0,
            settled: 0,
            reserved: 0,
            ops: counts,
        }
    }

    /// The same chip, whose programs do not rely on the biases that they have written: after something was changed from
    /// outside.
    #[must_use]
    pub const fn unsettled(self) -> Self {
        Self { settled: 0, ..self }
    }

    /// The same state of a chip that has done this before: the step number is that of the counts.
    #[must_use]
    pub const fn counted(self, ops: OpCounts) -> Self {
        // The step number wraps at 2^32.
        let [a, b, c, d, ..] = ops.steps.to_le_bytes();
        Self { t: u32::from_le_bytes([a, b, c, d]), ops, ..self }
    }

    /// Its bytes. Whether voltages are large is a guess that targets make in their own ways, so it is kept as the safe
    /// one.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        // The buffer is as long.
        let _fits = Self { large_v: 1, ..*self }.write_to(&mut bytes);
        bytes
    }

    /// The chip that these bytes describe; `None` if no chip gives such bytes.
    pub fn from_header(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let snapshot_header = Self::read_from_bytes(bytes).ok()?;
        let flags = snapshot_header.learning <= 1 && snapshot_header.large_v == 1 && snapshot_header.metering <= 1;
        let valid = flags && snapshot_header.reserved == 0;
        valid.then_some(snapshot_header)
    }
}
