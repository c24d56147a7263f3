//! The synapses of an axon: what axons can have in common, and in which format they are stored.

use super::listed::{Listed, Synapses};
use loihi_core::image::SynapseFormat;
use loihi_image::limits::usage::list_words;
use std::hash::{Hash, Hasher};
use std::ops::Range;

/// Spreads the words of a row over all bits of its mark.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Synapses of a source with neurons of one core, in ascending order; at least one.
///
/// Rows are equal if their synapses are, counted from the first compartment: axons with equal rows share them.
#[derive(Clone, Copy, Debug)]
pub(super) struct SynapseRow<'l> {
    synapses: Synapses<'l>,
    first: Listed,
    weight_bits: u32,
    plain: bool,
    delay_max: u8,
}

impl<'l> SynapseRow<'l> {
    /// The row of synapses, of which there is one at least; it is plain if nothing in it learns, and each is with another neuron. Only
    /// if it says `delays` may it have some.
    pub(super) fn new(synapses: Synapses<'l>, weight_bits: u32, plain: bool, delays: bool) -> Self {
        let first = synapses.at(0);
        let delay_max = if delays { synapses.iter().map(Listed::delay).max().unwrap_or(0) } else { 0 };
        Self { synapses, first, weight_bits, plain, delay_max }
    }

    /// The compartment from which it counts, in the numbering of the list.
    pub(super) fn first(&self) -> usize {
        self.first.compartment()
    }

    /// Compartment, counted from the first one, delay and weight of every synapse.
    pub(super) fn synapses(&self) -> impl Iterator<Item = (usize, u8, i16)> + use<'l> {
        let first = self.first();
        self.synapses.iter().map(move |own| (own.compartment() - first, own.delay(), own.weight()))
    }

    /// Compartments from its first to its last.
    pub(super) fn span(&self) -> usize {
        self.synapses.at(self.synapses.len() - 1).compartment() - self.first() + 1
    }

    /// Consecutive compartments without delay are dense weights, if few of them are missing.
    pub(super) fn format(&self) -> SynapseFormat {
        let full = self.synapses.len() * 5 >= self.span() * 3;
        if full && self.plain && self.delay_max == 0 { SynapseFormat::Dense } else { SynapseFormat::Sparse }
    }

    /// Equal for equal rows, and for most others not; made of a few of the synapses.
    pub(super) fn brief_mark(&self) -> u64 {
        let all = self.synapses.len();
        let few = all.min(3);
        let length = (all as u64) << 8 | u64::from(self.weight_bits);
        spread(self.mark_of(self.mark_of(length, 0..few), all - few..all))
    }

    /// Goes on with a mark by these synapses.
    fn mark_of(&self, start: u64, synapses: Range<usize>) -> u64 {
        synapses
            .fold(start, |mark, at| (mark.rotate_left(5) ^ self.synapses.at(at).after(self.first)).wrapping_mul(SPREAD))
    }

    /// Words that it takes of the chip's synaptic memory.
    pub(super) fn words(&self) -> usize {
        let format = self.format();
        let synapses = if format == SynapseFormat::Dense { self.span() } else { self.synapses.len() };
        list_words(format, synapses, self.weight_bits, self.delay_max.into())
    }
}

impl PartialEq for SynapseRow<'_> {
    fn eq(&self, other: &Self) -> bool {
        let word = |row: &Self, at: usize| row.synapses.at(at).after(row.first);
        self.weight_bits == other.weight_bits
            && self.synapses.len() == other.synapses.len()
            && (0..self.synapses.len()).all(|at| word(self, at) == word(other, at))
    }
}

impl Eq for SynapseRow<'_> {}

impl Hash for SynapseRow<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(spread(self.mark_of(0, 0..self.synapses.len())));
    }
}

/// A mark whose lowest bits depend on all of them, too, as the highest ones do.
const fn spread(mark: u64) -> u64 {
    mark ^ mark >> 32
}
