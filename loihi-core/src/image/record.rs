//! The records of an image, and their words.

use super::index;
use crate::compartment::LANES;

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
    /// Slots of all cores before it.
    pub slot_first: usize,
}

/// Consecutive compartments with equal parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its compartments.
    pub compartments: usize,
    /// Effective decay of the current, 0..=4096.
    pub decay_u: i32,
    /// Decay of the voltage, 0..=4096.
    pub decay_v: i32,
    /// Threshold in units of the voltage; a compartment fires above it.
    pub v_th: i32,
    /// Lower clip of the voltage, at most 0.
    pub v_min: i32,
    /// Upper clip of the voltage, at least 0.
    pub v_max: i32,
    /// Refractory period in steps, 1..=64.
    pub refractory: i32,
}

/// How the synapses of an axon are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynapseFormat {
    /// Words of weight, delay and compartment.
    Sparse,
    /// Weights of consecutive compartments, no delay.
    Dense,
}

/// One input axon: a list of synapses on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxonRecord {
    /// The core that it enters.
    pub core: usize,
    /// Format of its synapses.
    pub format: SynapseFormat,
    /// First element in the section of the format.
    pub first: usize,
    /// Number of synapses.
    pub synapses: usize,
    /// Dense only: the compartment, counted on the core, that the first weight goes to.
    pub compartment_base: usize,
}

/// One program of the embedded CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnipRecord {
    /// Which program; see [`crate::snip::SnipKind`].
    pub kind: u32,
    /// Its parameters; their meaning is the program's.
    pub params: [u32; 9],
}

impl CoreRecord {
    /// Words of a record.
    pub const WORDS: u32 = 6;

    /// Blocks of registers that the core's compartments take.
    pub const fn blocks(&self) -> usize {
        self.compartments.div_ceil(LANES)
    }

    /// Reads a record.
    #[inline]
    pub fn from_words(&[compartment_first, compartments, group_first, groups, slots, slot_first]: &[u32; 6]) -> Self {
        Self {
            compartment_first: index(compartment_first),
            compartments: index(compartments),
            group_first: index(group_first),
            groups: index(groups),
            slots: index(slots),
            slot_first: index(slot_first),
        }
    }
}

impl GroupRecord {
    /// Words of a record.
    pub const WORDS: u32 = 8;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[compartments, decay_u, decay_v, v_th, v_min, v_max, refractory, _]: &[u32; 8]) -> Self {
        Self {
            compartments: index(compartments),
            decay_u: decay_u.cast_signed(),
            decay_v: decay_v.cast_signed(),
            v_th: v_th.cast_signed(),
            v_min: v_min.cast_signed(),
            v_max: v_max.cast_signed(),
            refractory: refractory.cast_signed(),
        }
    }

    /// The words of this record; `compartments` must fit a `u32`.
    pub const fn words(&self, compartments: u32) -> [u32; 8] {
        [
            compartments,
            self.decay_u.cast_unsigned(),
            self.decay_v.cast_unsigned(),
            self.v_th.cast_unsigned(),
            self.v_min.cast_unsigned(),
            self.v_max.cast_unsigned(),
            self.refractory.cast_unsigned(),
            0,
        ]
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
    pub const WORDS: u32 = 5;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[core, format, first, synapses, base]: &[u32; 5]) -> Self {
        Self {
            core: index(core),
            format: SynapseFormat::from_code(format).unwrap_or(SynapseFormat::Sparse),
            first: index(first),
            synapses: index(synapses),
            compartment_base: index(base),
        }
    }
}

impl SnipRecord {
    /// Words of a record.
    pub const WORDS: u32 = 10;

    /// Reads a record.
    #[inline]
    pub fn from_words(&[kind, params @ ..]: &[u32; 10]) -> Self {
        Self { kind, params }
    }

    /// The words of this record.
    pub const fn words(&self) -> [u32; 10] {
        let [a, b, c, d, e, f, g, h, i] = self.params;
        [self.kind, a, b, c, d, e, f, g, h, i]
    }
}
