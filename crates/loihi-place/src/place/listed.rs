//! A synapse in a word, in whose order synapses are placed; and synapses of an axon as lists hold them.

use loihi_net::network::SourceWeights;
use std::ops::Range;

/// A synapse of a list: a word, whose order is that of the list.
///
/// From the highest bit on: whether its axon is that of the negative weights, compartment of the population (the first one
/// of its neuron, neurons by their places), steps of delay, whether its weight is one of the negative ones that share an
/// axon with the others, weight plus 2^15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed(u64);

impl Listed {
    const NEGATIVE: u32 = 16;
    const DELAY: u32 = 17;
    const COMPARTMENT: u32 = 25;
    /// A population has at most 2^24 neurons of 8 compartments.
    const COMPARTMENT_BITS: u64 = (1 << 27) - 1;
    const AXON: u32 = 63;

    /// At the first compartment, without delay. `weight`: mantissa of a connection that learns, else what a spike adds in
    /// units of 64.
    pub(super) fn new(weight: i16, negative: bool, apart: bool) -> Self {
        let side = u64::from(negative) << if apart { Self::AXON } else { Self::NEGATIVE };
        Self(side | u64::from(weight.cast_unsigned() ^ 1 << 15))
    }

    /// The same synapse at `compartment`, with `delay`.
    pub(super) fn at(self, compartment: u32, delay: usize) -> Self {
        Self(self.0 | u64::from(compartment) << Self::COMPARTMENT | (delay.min(255) as u64) << Self::DELAY)
    }

    /// Whether its axon is that of the negative weights.
    pub(super) fn of_negative(self) -> bool {
        self.0 >> Self::AXON == 1
    }

    /// The compartment of the population.
    pub(super) fn compartment(self) -> usize {
        usize::try_from(self.0 >> Self::COMPARTMENT & Self::COMPARTMENT_BITS).unwrap_or(usize::MAX)
    }

    /// Steps of delay.
    pub(super) fn delay(self) -> u8 {
        (self.0 >> Self::DELAY).to_le_bytes()[0]
    }

    /// Weight mantissa of a connection that learns, else what a spike adds in units of 64.
    pub(super) fn weight(self) -> i16 {
        let [low, high, ..] = self.0.to_le_bytes();
        (u16::from_le_bytes([low, high]) ^ 1 << 15).cast_signed()
    }

    /// All of it, with its compartment counted from that of the first synapse of its axon.
    pub(super) fn after(self, first: Self) -> u64 {
        self.0 - (first.0 >> Self::COMPARTMENT << Self::COMPARTMENT)
    }
}

/// What the weights of a connection add.
#[derive(Debug)]
pub(super) struct Effects {
    /// By mantissa from -256 on; nothing for weights that take no memory.
    pub(super) of_mantissa: Vec<Option<Listed>>,
    /// Compartments of a neuron that they reach.
    pub(super) compartments: u32,
}

impl Effects {
    /// What a mantissa adds, if that is anything.
    #[inline]
    pub(super) fn of(&self, mantissa: i16) -> Option<Listed> {
        self.of_mantissa.get(usize::from(mantissa.wrapping_add(256).cast_unsigned())).copied().flatten()
    }
}

/// Synapses of an axon, in ascending order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Synapses<'l> {
    /// In a list.
    Listed(&'l [Listed]),
    /// As the network has them, whose neurons are placed as they count.
    Weights(SourceWeights<'l>, &'l Effects),
}

impl Synapses<'_> {
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Listed(all) => all.len(),
            Self::Weights(all, _) => all.len(),
        }
    }

    /// The synapse of a number, which there is.
    #[inline]
    pub(super) fn at(&self, at: usize) -> Listed {
        match self {
            Self::Listed(all) => all[at],
            Self::Weights(all, effects) => {
                let (neuron, mantissa) = all.get(at).unwrap_or_default();
                // Who made this has seen that every one has an effect.
                let effect = effects.of(mantissa).unwrap_or(Listed(0));
                effect.at(u32::try_from(neuron).unwrap_or(u32::MAX).wrapping_mul(effects.compartments), 0)
            }
        }
    }

    /// Those of these numbers, which there are.
    pub(super) fn range(self, range: Range<usize>) -> Self {
        match self {
            Self::Listed(all) => Self::Listed(&all[range]),
            Self::Weights(all, effects) => Self::Weights(all.range(range), effects),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Listed> {
        (0..self.len()).map(move |at| self.at(at))
    }
}
