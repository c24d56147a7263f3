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
//! | 7 | seed of all random numbers |
//! | 8 | bits of an atom in a route, 0..=12 |
//! | 9 | number of sections |
//! | 10 + 2k, 11 + 2k | section k: first word, number of elements |
//!
//! Sources of spikes are numbered: first the compartments, core after core, then the external inputs.
//! `FANOUT[s] .. FANOUT[s + 1]` are the places in `ROUTES` that name the input axons which source `s` reaches. A
//! route is the number of an axon, above the bits that the atoms of population axons take.
//!
//! Axons may share a list of sparse synapses, as those of a convolution do, but only as a whole: lists lie one after the
//! other, and axons come in the order of their lists. So each list is read once when an image is opened.

mod check;
mod error;
mod layout;
mod learning;
mod name;
mod product;
mod profile;
mod record;
mod recorded_draws;
mod sealed;
mod section;
mod synapse;
mod write;

use crate::feature::Feature;
use zerocopy::FromBytes;

pub use check::{CheckSnip, Parameter};
pub use error::ImageError;
pub use layout::{COMPARTMENTS_PER_CORE, LANES, SLOTS_MAX, SNIPS_MAX, blocks_for, slots_for};
pub use learning::{Dialect, LearningRecord, Rounding, TraceRecord};
pub use name::Name;
pub use product::{CHIP_EXPONENT_MIN, Dependency, EXPONENTS, Factor, ProductRecord, Target, Variable};
pub use profile::{Homeostasis, Join, Noise, NoiseAt, Profile, StackIn, StackOut, ThresholdMode, Tree};
pub use record::{
    AccumulatorRecord, AxonRecord, CoreRecord, DrawsRecord, GroupRecord, Route, SnipRecord, SynapseFormat,
};
pub use recorded_draws::Recorded;
pub use sealed::{SEAL_BYTES, SealError, hash, sealed};
pub use section::Section;
pub use synapse::Synapse;
pub(crate) use synapse::weight;
pub use write::write;

/// First word of every image, "LOI1" in the file.
pub const MAGIC: u32 = u32::from_le_bytes(*b"LOI1");
/// Version of this layout; another one is refused.
pub const VERSION: u32 = 7;
/// Words before the section table.
pub const HEADER_WORDS: usize = 10;

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
    /// Seed of all random numbers.
    pub seed: u32,
    /// Bits of an atom in a route.
    pub(crate) atom_bits: u32,
    cores: &'a [[u32; 8]],
    profiles: &'a [[u32; 20]],
    groups: &'a [[u32; 3]],
    axons: &'a [[u32; 4]],
    sums: &'a [[u32; 4]],
    snips: &'a [[u32; 30]],
    /// Initial bias per compartment in units of the voltage; empty if no compartment has one.
    pub bias: &'a [i32],
    /// Initial current per compartment; empty if all begin at 0.
    pub current_start: &'a [i32],
    /// Initial voltage per compartment; empty if all begin at 0.
    pub voltage_start: &'a [i32],
    pub(crate) fanout: &'a [u32],
    pub(crate) routes: &'a [u32],
    /// Sparse synapses.
    pub sparse: &'a [u32],
    /// Dense weights.
    pub dense: &'a [i16],
    learning: &'a [[u32; 24]],
    traces: &'a [[u32; 4]],
    products: &'a [[u32; 7]],
    /// Tables of decay: what is left, and the chance of 1 more in units of 2^-32.
    pub tables: &'a [[u32; 2]],
    recorded_draws: &'a [[u32; 4]],
    /// Recorded random words.
    pub draws: &'a [u32],
    /// Constants of the snips.
    pub data: &'a [i32],
}

impl<'a> Image<'a> {
    /// Reads an image and checks all of it; `programs` checks the programs of the embedded CPU ([`crate::snip::Snips`]).
    /// Takes time in proportion to its length: at most [`SNIPS_MAX`] programs and [`LearningRecord::GROUPS_MAX`] plastic
    /// groups read more of it than their own part, everything else is read once.
    ///
    /// # Errors
    /// [`ImageError`] names the section and the element at fault.
    pub fn open(bytes: &'a [u8], programs: &dyn CheckSnip) -> Result<Self, ImageError> {
        let image = Self::view(bytes)?;
        check::check(&image, programs)?;
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
            seed: words.get(7).copied().unwrap_or(0),
            atom_bits: words.get(8).copied().unwrap_or(0),
            cores: records(slot(Section::Cores)?),
            profiles: records(slot(Section::Profiles)?),
            groups: records(slot(Section::Groups)?),
            axons: records(slot(Section::Axons)?),
            sums: records(slot(Section::Sums)?),
            snips: records(slot(Section::Snips)?),
            bias: signed(slot(Section::Bias)?),
            current_start: signed(slot(Section::CurrentStart)?),
            voltage_start: signed(slot(Section::VoltageStart)?),
            learning: records(slot(Section::Learning)?),
            traces: records(slot(Section::Traces)?),
            products: records(slot(Section::Products)?),
            tables: records(slot(Section::Tables)?),
            recorded_draws: records(slot(Section::RecordedDraws)?),
            draws: slot(Section::Draws)?.words,
            fanout: slot(Section::Fanout)?.words,
            routes: slot(Section::Routes)?.words,
            sparse: slot(Section::Sparse)?.words,
            dense: halves(slot(Section::Dense)?),
            data: signed(slot(Section::Data)?),
        })
    }

    /// Whether it needs a part of the chip that a build may be without.
    pub fn needs(&self, feature: Feature) -> bool {
        match feature {
            Feature::Learning => self.learning().any(|group| !group.is_of_the_cpu()),
            Feature::RecordedDraws => !self.recorded_draws.is_empty(),
        }
    }

    /// Number of compartments on all cores.
    pub fn compartments(&self) -> usize {
        self.cores().map(|core| core.compartments).sum()
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

    /// A profile.
    #[inline]
    pub fn profile(&self, profile: usize) -> Option<Profile> {
        self.profiles.get(profile).map(Profile::from_words)
    }

    /// All profiles.
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = Profile> + 'a {
        self.profiles.iter().map(Profile::from_words)
    }

    /// The profiles of a group, in the order in which its compartments take turns.
    #[inline]
    pub fn pattern(&self, group: &GroupRecord) -> Pattern<'a> {
        let end = group.profile_first.saturating_add(group.pattern);
        Pattern::of(self.profiles.get(group.profile_first..end).unwrap_or_default())
    }

    /// The auxiliary accumulators of all cores.
    #[inline]
    pub fn sums(&self) -> impl ExactSizeIterator<Item = AccumulatorRecord> + 'a {
        self.sums.iter().map(AccumulatorRecord::from_words)
    }

    /// One auxiliary accumulator.
    #[inline]
    pub fn sum(&self, sum: usize) -> Option<AccumulatorRecord> {
        self.sums.get(sum).map(AccumulatorRecord::from_words)
    }

    /// The plastic groups of all cores.
    #[inline]
    pub fn learning(&self) -> impl ExactSizeIterator<Item = LearningRecord> + 'a {
        self.learning.iter().map(LearningRecord::from_words)
    }

    /// One plastic group.
    #[inline]
    pub fn learning_group(&self, group: usize) -> Option<LearningRecord> {
        self.learning.get(group).map(LearningRecord::from_words)
    }

    /// A trace.
    #[inline]
    pub fn trace(&self, trace: usize) -> Option<TraceRecord> {
        self.traces.get(trace).map(TraceRecord::from_words)
    }

    /// The products of a plastic group, in their order.
    #[inline]
    pub fn products(&self, group: &LearningRecord) -> impl ExactSizeIterator<Item = ProductRecord> + Clone + 'a {
        let end = group.product_first.saturating_add(group.products);
        self.products.get(group.product_first..end).unwrap_or_default().iter().map(ProductRecord::from_words)
    }

    /// Recordings that replace random numbers.
    #[inline]
    pub fn recorded_draws(&self) -> impl ExactSizeIterator<Item = DrawsRecord> + 'a {
        self.recorded_draws.iter().map(DrawsRecord::from_words)
    }

    /// All axons.
    pub fn axons(&self) -> impl ExactSizeIterator<Item = AxonRecord> + 'a {
        self.axons.iter().map(AxonRecord::from_words)
    }

    /// The snips in the order in which they run.
    #[inline]
    pub fn snips(&self) -> impl ExactSizeIterator<Item = SnipRecord> + 'a {
        self.snips.iter().map(SnipRecord::from_words)
    }

    /// The parameters of a snip, where they lie.
    #[inline]
    pub fn snip_params(&self, snip: usize) -> Option<&'a [u32; SnipRecord::PARAMS]> {
        self.snips.get(snip)?.last_chunk()
    }

    /// One input axon.
    #[inline]
    pub fn axon(&self, axon: usize) -> Option<AxonRecord> {
        self.axon_words(axon).map(AxonRecord::from_words)
    }

    /// The words of an input axon, where they lie.
    #[inline]
    pub(crate) fn axon_words(&self, axon: usize) -> Option<&'a [u32; 4]> {
        self.axons.get(axon)
    }

    /// The core that an input axon enters.
    #[inline]
    pub(crate) fn core_of_axon(&self, axon: usize) -> Option<usize> {
        self.axons.get(axon).map(|[place, ..]| AxonRecord::core_in(*place))
    }

    /// An input axon and the core that it enters, if it is one of the most common kind: sparse synapses that do not learn, for
    /// the core's own sum.
    #[inline(always)]
    pub(crate) fn common_axon(&self, axon: usize) -> Option<(AxonRecord, CoreRecord)> {
        let words @ &[place, _, _, kind] = self.axons.get(axon)?;
        // The number of the core is the low part of its word. What lies above it is 0, or makes a number that no core has: the check
        // refuses more cores than `AxonRecord::CORES_MAX`.
        let core = self.cores.get(index(place))?;
        let common = kind >> 24 == 0;
        common.then(|| (AxonRecord::from_words(words), CoreRecord::from_words(core)))
    }

    /// A route, from its word.
    #[inline]
    pub const fn route(&self, word: u32) -> Route {
        Route::from_word(word, self.atom_bits)
    }

    /// The routes of a source, ascending: words of [`Route`]s, which [`Image::route`] reads.
    #[inline]
    pub fn routes(&self, source: usize) -> &'a [u32] {
        let bounds = self.fanout.get(source..).and_then(<[u32]>::first_chunk);
        match bounds {
            Some(&[first, end]) if first < end => self.routes.get(index(first)..index(end)).unwrap_or_default(),
            _ => &[],
        }
    }

    /// A stretch of the snips' constants; empty if it is not all there.
    pub fn data(&self, first: usize, count: usize) -> &'a [i32] {
        self.data.get(first..first.saturating_add(count)).unwrap_or_default()
    }
}

/// The profiles of a group, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    profiles: &'a [[u32; 20]],
}

impl<'a> Pattern<'a> {
    /// These profiles.
    pub const fn of(profiles: &'a [[u32; 20]]) -> Self {
        Self { profiles }
    }

    /// Number of profiles.
    #[inline]
    pub const fn len(&self) -> usize {
        self.profiles.len()
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// The only profile, if there is one only.
    #[inline]
    pub fn only(&self) -> Option<Profile> {
        self.profiles.as_array::<1>().map(|[profile]| Profile::from_words(profile))
    }

    /// All profiles, if there are so many.
    #[inline]
    pub fn all<const N: usize>(&self) -> Option<[Profile; N]> {
        self.profiles.as_array::<N>().map(|profiles| profiles.map(|words| Profile::from_words(&words)))
    }

    /// A profile.
    #[inline]
    pub fn get(&self, at: usize) -> Option<Profile> {
        self.profiles.get(at).map(Profile::from_words)
    }
}

/// `u32` to an index; lossless on every supported target.
#[inline]
pub const fn index(value: u32) -> usize {
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
