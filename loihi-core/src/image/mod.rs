//! The immutable network: what is loaded.
//!
//! An image is a block of little-endian 32-bit words that is read in place, never copied: a header, a table of
//! sections, the sections. [`Image::open`] checks every range and every index once; afterwards nothing can fail.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 1 | [`VERSION`] |
//! | 2 | length of the image in words |
//! | 3, 4, 5 | words of the mailboxes: stimulus, target, output (see [`crate::snip`]) |
//! | 6 | external inputs |
//! | 7 | number of sections |
//! | 8 + 2k, 9 + 2k | section k: first word, number of elements |
//!
//! Sources of spikes are numbered: first the compartments, core after core, then the external inputs.
//! `FANOUT[s] .. FANOUT[s + 1]` are the places in `ROUTES` that name the input axons which source `s` reaches.

mod check;
mod record;

use serde::{Deserialize, Serialize};
use zerocopy::FromBytes;

pub use check::ImageError;
pub use record::{AxonRecord, CoreRecord, GroupRecord, SnipRecord, SynapseFormat};

/// First word of every image, "LOI1" in the file.
pub const MAGIC: u32 = u32::from_le_bytes(*b"LOI1");
/// Version of this layout; another one is refused.
pub const VERSION: u32 = 1;
/// Words before the section table.
pub const HEADER_WORDS: usize = 8;
/// Most compartments of one core.
pub const COMPARTMENTS_PER_CORE: usize = 1024;

/// The sections in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub enum Section {
    /// [`CoreRecord`]s.
    Cores,
    /// [`GroupRecord`]s: runs of compartments with equal parameters.
    Groups,
    /// Initial bias per compartment, or nothing if no compartment has one.
    Bias,
    /// [`AxonRecord`]s.
    Axons,
    /// Start of each source's routes, and the end of the last.
    Fanout,
    /// Axon numbers.
    Routes,
    /// Sparse synapses: weight in the high half, `delay << 10 | compartment` in the low half.
    Sparse,
    /// Dense weights, two to a word.
    Dense,
    /// [`SnipRecord`]s.
    Snips,
    /// Constants of the snips.
    Data,
}

impl Section {
    /// Every section, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::Cores,
        Self::Groups,
        Self::Bias,
        Self::Axons,
        Self::Fanout,
        Self::Routes,
        Self::Sparse,
        Self::Dense,
        Self::Snips,
        Self::Data,
    ];

    /// Words that `count` elements of this section take; `None` if that is more than a `u32` holds.
    pub const fn words(self, count: u32) -> Option<u32> {
        match self {
            Self::Cores => count.checked_mul(CoreRecord::WORDS),
            Self::Groups => count.checked_mul(GroupRecord::WORDS),
            Self::Axons => count.checked_mul(AxonRecord::WORDS),
            Self::Snips => count.checked_mul(SnipRecord::WORDS),
            Self::Dense => Some(count.div_ceil(2)),
            Self::Bias | Self::Fanout | Self::Routes | Self::Sparse | Self::Data => Some(count),
        }
    }
}

/// A network, read in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Image<'a> {
    /// Words of the stimulus mailbox.
    pub stimulus_words: usize,
    /// Words of the target mailbox.
    pub target_words: usize,
    /// Words of the output mailbox.
    pub output_words: usize,
    /// Number of external inputs.
    pub inputs: usize,
    cores: &'a [[u32; 6]],
    groups: &'a [[u32; 8]],
    axons: &'a [[u32; 5]],
    snips: &'a [[u32; 10]],
    /// Initial bias per compartment in units of the voltage; empty if no compartment has one.
    pub bias: &'a [i32],
    fanout: &'a [u32],
    routes: &'a [u32],
    /// Sparse synapses.
    pub sparse: &'a [u32],
    /// Dense weights.
    pub dense: &'a [i16],
    /// Constants of the snips.
    pub data: &'a [i32],
}

impl<'a> Image<'a> {
    /// Reads an image and checks all of it. Takes time in proportion to its length.
    ///
    /// # Errors
    /// [`ImageError`] names the section and the element at fault.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let image = Self::view(bytes)?;
        check::check(&image)?;
        Ok(image)
    }

    /// Reads an image that [`Image::open`] has accepted before: only the table is checked again.
    ///
    /// # Errors
    /// [`ImageError`] if the header or the table does not describe `bytes`.
    pub fn view(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let words = check::words(bytes)?;
        let slot = |section: Section| check::section(words, section);
        Ok(Self {
            stimulus_words: header(words, 3),
            target_words: header(words, 4),
            output_words: header(words, 5),
            inputs: header(words, 6),
            cores: records(slot(Section::Cores)?),
            groups: records(slot(Section::Groups)?),
            axons: records(slot(Section::Axons)?),
            snips: records(slot(Section::Snips)?),
            bias: signed(slot(Section::Bias)?),
            fanout: slot(Section::Fanout)?.words,
            routes: slot(Section::Routes)?.words,
            sparse: slot(Section::Sparse)?.words,
            dense: halves(slot(Section::Dense)?),
            data: signed(slot(Section::Data)?),
        })
    }

    /// Number of compartments on all cores.
    pub fn compartments(&self) -> usize {
        self.cores().map(|core| core.compartments).sum()
    }

    /// Number of input axons on all cores.
    pub fn axon_count(&self) -> usize {
        self.axons.len()
    }

    /// The cores in order.
    pub fn cores(&self) -> impl ExactSizeIterator<Item = CoreRecord> + 'a {
        self.cores.iter().map(CoreRecord::from_words)
    }

    /// One core.
    #[inline]
    pub fn core(&self, core: usize) -> Option<CoreRecord> {
        self.cores.get(core).map(CoreRecord::from_words)
    }

    /// The groups of a core in order.
    pub fn groups(&self, core: &CoreRecord) -> impl Iterator<Item = GroupRecord> + 'a {
        let end = core.group_first.saturating_add(core.groups);
        self.groups.get(core.group_first..end).unwrap_or_default().iter().map(GroupRecord::from_words)
    }

    /// All groups.
    pub fn all_groups(&self) -> impl ExactSizeIterator<Item = GroupRecord> + 'a {
        self.groups.iter().map(GroupRecord::from_words)
    }

    /// All axons.
    pub fn axons(&self) -> impl ExactSizeIterator<Item = AxonRecord> + 'a {
        self.axons.iter().map(AxonRecord::from_words)
    }

    /// The snips in the order in which they run.
    pub fn snips(&self) -> impl ExactSizeIterator<Item = SnipRecord> + 'a {
        self.snips.iter().map(SnipRecord::from_words)
    }

    /// One input axon.
    #[inline]
    pub fn axon(&self, axon: u32) -> Option<AxonRecord> {
        self.axons.get(index(axon)).map(AxonRecord::from_words)
    }

    /// The axons that a source reaches, ascending.
    #[inline]
    pub fn routes(&self, source: usize) -> &'a [u32] {
        let bounds = self.fanout.get(source..source.saturating_add(2));
        match bounds {
            Some(&[first, end]) => self.routes.get(index(first)..index(end)).unwrap_or_default(),
            _ => &[],
        }
    }

    /// A stretch of the snips' constants; empty if it is not all there.
    pub fn data(&self, first: usize, count: usize) -> &'a [i32] {
        self.data.get(first..first.saturating_add(count)).unwrap_or_default()
    }
}

/// `u32` to an index; lossless on every supported target.
#[inline]
pub(crate) const fn index(value: u32) -> usize {
    const { assert!(usize::BITS >= 32, "indices have 32 bits") };
    value as usize
}

fn header(words: &[u32], at: usize) -> usize {
    words.get(at).copied().map_or(0, index)
}

fn records<const WORDS: usize>(slot: check::Slot<'_>) -> &[[u32; WORDS]] {
    slot.words.as_chunks().0
}

fn signed(slot: check::Slot<'_>) -> &[i32] {
    <[i32]>::ref_from_bytes(zerocopy::IntoBytes::as_bytes(slot.words)).unwrap_or_default()
}

fn halves(slot: check::Slot<'_>) -> &[i16] {
    let all = <[i16]>::ref_from_bytes(zerocopy::IntoBytes::as_bytes(slot.words)).unwrap_or_default();
    all.get(..slot.count).unwrap_or_default()
}
