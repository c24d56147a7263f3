//! A synapse in a word, in whose order synapses are placed.

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

    /// Whether one of some words has a delay; this one holds all their bits.
    pub(super) fn any_delay(words: u64) -> bool {
        Self(words).delay() > 0
    }
}
