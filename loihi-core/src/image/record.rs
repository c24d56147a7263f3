//! The records of an image, and their words.

use super::layout::{LANES, blocks_for};
use super::{Name, index};

/// One neuromorphic core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRecord {
    /// Number of its first compartment on the chip.
    pub compartment_first: usize,
    /// Its compartments, 0..=1024.
    pub compartments: usize,
    /// First of its groups.
    pub group_first: usize,
    /// Its groups.
    pub groups: usize,
    /// Slots of its dendritic accumulators: a power of two, 1..=64, larger than its longest delay.
    pub slots: usize,
    /// First of its dendritic accumulators: how many all cores before it have.
    pub accumulator_first: usize,
    /// First of its auxiliary accumulators.
    pub sum_first: usize,
    /// Its auxiliary accumulators.
    pub sums: usize,
}

/// Consecutive compartments whose profiles repeat in a pattern; a pattern of one profile is a plain population, a
/// pattern of several is a neuron of as many compartments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its compartments, a multiple of `pattern`.
    pub compartments: usize,
    /// First of its profiles.
    pub profile_first: usize,
    /// Number of profiles that its compartments take in turn, at least 1.
    pub pattern: usize,
}

/// How the synapses of an axon are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynapseFormat {
    /// Words of weight, delay and compartment. Axons may share a whole list (convolution): the compartments count from
    /// the axon's base.
    Sparse,
    /// Weights of consecutive compartments from the axon's base on, no delay. Axons may share them.
    Dense,
}

/// One input axon: a list of synapses on one core, or one list per atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxonRecord {
    /// The core that it enters.
    pub core: usize,
    /// Format of its synapses.
    pub format: SynapseFormat,
    /// Index of the destination accumulator: 0 is the core's own, s + 1 is auxiliary accumulator s of the core.
    pub sum: usize,
    /// First element in the section of the format.
    pub first: usize,
    /// Number of synapses per atom.
    pub synapses: usize,
    /// The compartment, counted on the core, that its synapses count from.
    pub compartment_base: usize,
    /// 1 for a discrete axon. A population axon has a list of synapses for each of its atoms, one after the other.
    pub atoms: usize,
    /// Precision of its weights, 0..=8 without 7: what they take of the chip's synaptic memory.
    pub weight_bits: u32,
    /// 0 for an axon that does not learn, else its plastic group plus 1.
    pub learning: usize,
}

/// A recording that replaces the random numbers of one purpose.
///
/// The word for step t and element e is `DRAWS[first + (t / epoch_steps) · per_row + e mod per_row]`; after the end of
/// the recording it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawsRecord {
    /// Number of the [`crate::num::Purpose`].
    pub purpose: u32,
    /// Steps that share a row, at least 1.
    pub epoch_steps: u32,
    /// Words of a row, at least 1.
    pub per_row: u32,
    /// First word.
    pub first: usize,
}

/// A route: which axon a spike enters, and as which atom.
///
/// Its word has the atom in its low bits, as many as the image says, and the number of the axon above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The axon.
    pub axon: usize,
    /// The atom; 0 for a discrete axon.
    pub atom: usize,
}

/// An auxiliary accumulator of a core, beside its own synaptic sum: per delay and step of origin, the spikes that
/// arrive are summed, then `(sum >> shift_right) << shift_left` joins the synaptic sum, in units of the current.
///
/// `shift_right` is Lava's negative weight exponent, which floors the sum and not each weight (with `shift_left` 6).
/// Without shifts, weights are in units of the current: input that was recovered from a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccumulatorRecord {
    /// The core.
    pub core: usize,
    /// 0..=8.
    pub shift_right: u32,
    /// 0..=6.
    pub shift_left: u32,
    /// Accumulators of all such sums before it; it has as many as its core.
    pub accumulator_first: usize,
}

/// One program of the embedded CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnipRecord {
    /// Which program: the number by which a device finds it; see [`crate::snip::SnipParams::KIND`].
    pub kind: u32,
    /// Its name, for a device that has no such program.
    pub name: Name,
    /// Its parameters; their meaning is the program's.
    pub params: [u32; Self::PARAMS],
}

impl CoreRecord {
    /// Words of a record.
    pub const WORDS: u32 = 8;

    /// Blocks of registers that the core's compartments take.
    #[inline]
    pub const fn blocks(&self) -> usize {
        blocks_for(self.compartments)
    }

    /// Accumulators of one slot: its compartments, in whole blocks.
    #[inline]
    pub const fn slot_length(&self) -> usize {
        self.blocks().saturating_mul(LANES)
    }

    /// Accumulators of all its slots.
    pub const fn accumulators(&self) -> usize {
        self.slots.saturating_mul(self.slot_length())
    }

    /// Reads a record.
    #[inline]
    pub fn from_words(words: &[u32; 8]) -> Self {
        let [compartment_first, compartments, group_first, groups, slots, accumulator_first, sum_first, sums] =
            words.map(index);
        Self { compartment_first, compartments, group_first, groups, slots, accumulator_first, sum_first, sums }
    }
}

impl GroupRecord {
    /// Words of a record.
    pub const WORDS: u32 = 3;

    /// Reads a record.
    #[inline]
    pub fn from_words(words: &[u32; 3]) -> Self {
        let [compartments, profile_first, pattern] = words.map(index);
        Self { compartments, profile_first, pattern }
    }
}

impl Route {
    /// Most bits of an atom.
    pub const ATOM_BITS_MAX: u32 = 12;
    /// Most atoms of an axon.
    pub const ATOMS_MAX: usize = 1 << Self::ATOM_BITS_MAX;

    /// Bits that the atoms of axons with at most `atoms` take: 0 if all axons are discrete.
    pub const fn atom_bits(atoms: usize) -> u32 {
        usize::BITS.wrapping_sub(atoms.saturating_sub(1).leading_zeros())
    }

    /// Most axons of an image whose atoms take `atom_bits` bits.
    pub const fn axons_max(atom_bits: u32) -> usize {
        index(u32::MAX.wrapping_shr(atom_bits))
    }

    /// Reads a route; `atom_bits` is at most [`Route::ATOM_BITS_MAX`].
    #[inline]
    pub const fn from_word(word: u32, atom_bits: u32) -> Self {
        let axon = word.wrapping_shr(atom_bits);
        Self { axon: index(axon), atom: index(word ^ axon.wrapping_shl(atom_bits)) }
    }

    /// The word of this route; the axon loses what lies above 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "an image has fewer axons and atoms")]
    pub const fn word(self, atom_bits: u32) -> u32 {
        (self.axon as u32).wrapping_shl(atom_bits) | self.atom as u32
    }
}

impl DrawsRecord {
    /// Words of a record.
    pub const WORDS: u32 = 4;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[purpose, epoch_steps, per_row, first]: &[u32; 4]) -> Self {
        Self { purpose, epoch_steps, per_row, first: index(first) }
    }
}

impl AccumulatorRecord {
    /// Words of a record.
    pub const WORDS: u32 = 4;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[core, shift_right, shift_left, accumulator_first]: &[u32; 4]) -> Self {
        Self { core: index(core), shift_right, shift_left, accumulator_first: index(accumulator_first) }
    }
}

impl SynapseFormat {
    /// The number of this format in an [`AxonRecord`].
    pub const fn code(self) -> u32 {
        match self {
            Self::Sparse => 0,
            Self::Dense => 1,
        }
    }

    /// The format with this number; unknown ones are refused when the image is opened.
    #[inline]
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Sparse),
            1 => Some(Self::Dense),
            _ => None,
        }
    }
}

impl AxonRecord {
    /// Words of a record.
    pub const WORDS: u32 = 4;

    /// Most cores of an image.
    pub const CORES_MAX: usize = 1 << 20;

    /// Reads a record: core, format and sum; first element; synapses and base; atoms and precision.
    #[inline]
    pub const fn from_words(&[place, first, span, kind]: &[u32; 4]) -> Self {
        let format = match SynapseFormat::from_code((place >> 20) & 0xF) {
            Some(format) => format,
            None => SynapseFormat::Sparse,
        };
        Self {
            core: Self::core_in(place),
            format,
            sum: index(place >> 24),
            first: index(first),
            synapses: index(span & 0xFFFF),
            compartment_base: index(span >> 16),
            atoms: index(kind & 0xFFFF),
            weight_bits: (kind >> 16) & 0xFF,
            learning: index(kind >> 24),
        }
    }

    /// The core in the first word of a record.
    #[inline]
    pub(crate) const fn core_in(place: u32) -> usize {
        index(place & 0xF_FFFF)
    }

    /// The words of this record; `None` if a field does not fit.
    pub fn words(&self) -> Option<[u32; 4]> {
        let half = |field: usize| u16::try_from(field).ok().map(u32::from);
        let core = u32::try_from(self.core).ok().filter(|_| self.core < Self::CORES_MAX)?;
        let sum = u8::try_from(self.sum).ok().map(u32::from)?;
        let learning = u8::try_from(self.learning).ok().map(u32::from)?;
        let weight_bits = u8::try_from(self.weight_bits).ok().map(u32::from)?;
        Some([
            core | self.format.code() << 20 | sum << 24,
            u32::try_from(self.first).ok()?,
            half(self.synapses)? | half(self.compartment_base)? << 16,
            half(self.atoms)? | weight_bits << 16 | learning << 24,
        ])
    }

    /// Elements of all its atoms in the section of the format.
    #[inline]
    pub fn elements(&self) -> core::ops::Range<usize> {
        self.first..self.first.saturating_add(self.synapses.saturating_mul(self.atoms))
    }

    /// Elements of one of its atoms.
    #[inline]
    pub fn atom(&self, atom: usize) -> core::ops::Range<usize> {
        let first = self.first.wrapping_add(self.synapses.wrapping_mul(atom));
        first..first.wrapping_add(self.synapses)
    }
}

impl SnipRecord {
    /// Most parameters of a program.
    pub const PARAMS: usize = 23;
    /// Words of a record.
    pub const WORDS: u32 = 30;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[kind, a, b, c, d, e, f, params @ ..]: &[u32; 30]) -> Self {
        Self { kind, name: Name::from_words(&[a, b, c, d, e, f]), params }
    }

    /// The words of this record.
    pub fn words(&self) -> [u32; 30] {
        let mut words = [self.kind; 30];
        let rest = self.name.words().into_iter().chain(self.params);
        for (word, other) in words.iter_mut().skip(1).zip(rest) {
            *word = other;
        }
        words
    }
}
