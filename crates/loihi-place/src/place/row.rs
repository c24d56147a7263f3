//! The synapses of an axon: what axons can have in common, and in which format they are stored.

use super::listed::Listed;
use loihi_core::image::SynapseFormat;
use loihi_image::limits::usage::list_words;
use std::hash::{Hash, Hasher};

/// Spreads the words of a row over all bits of its mark.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Synapses of a source with neurons of one core, in ascending order; at least one.
///
/// Rows are equal if their synapses are, counted from the first compartment: axons with equal rows share them.
#[derive(Clone, Copy, Debug)]
pub(super) struct SynapseRow<'l> {
    synapses: &'l [Listed],
    first: Listed,
    weight_bits: u32,
    plain: bool,
    delay_max: u8,
    /// Equal for equal rows, and seldom for others.
    mark: u64,
}

impl<'l> SynapseRow<'l> {
    /// The row of synapses, `None` if there are none; it is plain if nothing in it learns, and each is with another neuron.
    pub(super) fn new(synapses: &'l [Listed], weight_bits: u32, plain: bool) -> Option<Self> {
        let first = *synapses.first()?;
        let (mut mark, mut all) = (0_u64, 0);
        for synapse in synapses {
            let word = synapse.after(first);
            all |= word;
            mark = (mark.rotate_left(5) ^ word).wrapping_mul(SPREAD);
        }
        let delays = if Listed::any_delay(all) { synapses } else { &[] };
        let delay_max = delays.iter().map(|synapse| synapse.delay()).max().unwrap_or(0);
        Some(Self { synapses, first, weight_bits, plain, delay_max, mark })
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
        self.synapses.last().map_or(0, |last| last.compartment() - self.first() + 1)
    }

    /// Consecutive compartments without delay are dense weights, if few of them are missing.
    pub(super) fn format(&self) -> SynapseFormat {
        let full = self.synapses.len() * 5 >= self.span() * 3;
        if full && self.plain && self.delay_max == 0 { SynapseFormat::Dense } else { SynapseFormat::Sparse }
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
        let words = |row: &Self, at: usize| row.synapses.get(at).map(|synapse| synapse.after(row.first));
        self.mark == other.mark
            && self.weight_bits == other.weight_bits
            && self.synapses.len() == other.synapses.len()
            && (0..self.synapses.len()).all(|at| words(self, at) == words(other, at))
    }
}

impl Eq for SynapseRow<'_> {}

impl Hash for SynapseRow<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.mark);
    }
}
