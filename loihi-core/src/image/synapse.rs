//! A sparse synapse and its word.

use super::index;

/// One sparse synapse, as packed into a word of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// The compartment on the core, 0..=1023.
    pub compartment: usize,
    /// Steps of delay, 0..=63.
    pub delay: usize,
    /// What a spike adds, in units of 64.
    pub weight: i16,
}

impl Synapse {
    /// Packs; compartment and delay keep their low 10 and 6 bits.
    pub const fn word(self) -> u32 {
        let weight = (self.weight.cast_unsigned() as u32) << 16;
        weight | low_bits(self.delay, 0x3F) << 10 | low_bits(self.compartment, 0x3FF)
    }

    /// A box synapse: the weight is added when the spike arrives and taken back `duration_steps` later, 1..=63. With a
    /// current that does not decay, a spike is a box of that length.
    ///
    /// On the chip one synapse in box mode, whose delay field is the duration; here, as in what it computes, two. A
    /// weight of −32768, which no format gives, would be taken back as 32767.
    pub const fn boxed(compartment: usize, duration_steps: usize, weight: i16) -> [Self; 2] {
        let taken_back = weight.saturating_neg();
        [Self { compartment, delay: 0, weight }, Self { compartment, delay: duration_steps, weight: taken_back }]
    }

    /// Unpacks.
    #[inline]
    pub const fn from_word(word: u32) -> Self {
        Self { compartment: index(word & 0x3FF), delay: index((word >> 10) & 0x3F), weight: weight(word) }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "masked to ten bits at most")]
const fn low_bits(value: usize, mask: usize) -> u32 {
    (value & mask) as u32
}

/// The high half of a word.
#[inline(always)]
pub(crate) const fn weight(word: u32) -> i16 {
    (word.cast_signed() >> 16) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_what_was_packed() {
        for (compartment, delay, weight) in [(0, 0, 0), (1023, 63, -32767), (512, 1, 32767), (7, 62, -1)] {
            let synapse = Synapse { compartment, delay, weight };
            assert_eq!(Synapse::from_word(synapse.word()), synapse);
        }
    }
}
