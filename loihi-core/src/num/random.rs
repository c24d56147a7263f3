//! Random numbers: one trait, drawn by address or replayed from a recording.

use super::hash;

/// What a random number is for. Each purpose has numbers of its own, so that one more consumer changes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Noise at a compartment; element: the compartment.
    Noise,
    /// Rounding of a compartment's activity; element: the compartment.
    Activity,
    /// Rounding of the decay of a pre trace; element: 2 · plastic axon, plus 1 for x2.
    PreDecay,
    /// Rounding of an impulse of a pre trace; element as before.
    PreImpulse,
    /// Rounding of an impulse that is not the first in an epoch; element as before.
    PreAgain,
    /// Rounding of the decay of a post trace; element: 3 · post trace, plus 1 for y2, 2 for y3.
    PostDecay,
    /// Rounding of an impulse of a post trace; element as before.
    PostImpulse,
    /// Rounding of an impulse that is not the first in an epoch; element as before.
    PostAgain,
    /// Rounding of a weight; element: the plastic synapse, as [`RandomSource::words`] gives it.
    Weight,
    /// Rounding of a tag; element as before.
    Tag,
    /// Rounding of a delay; element as before.
    Delay,
    /// Rounding of a weight by the embedded CPU; element: first plastic synapse of the axon, plus the place in the list
    /// of posts. What else a rule draws has the complements of its first synapse's number and those after it.
    Rule,
}

/// Where random numbers come from.
///
/// A number has an address, purpose, step and element, instead of a place in a sequence: any device draws the same
/// ones in any order, however the network is cut into cores, and there is no state to save. The chip has a
/// linear-feedback register per core, whose polynomial and seeding are not public; only its distribution can be met.
pub trait RandomSource {
    /// A uniform word.
    fn word(&self, purpose: Purpose, t: u32, element: u32) -> u32;

    /// Fills `words`, at most sixteen, with those of the elements from `first` on, whose high 16 bits at least are
    /// uniform, for a consumer that needs no more: the rounding of a synapse compares a fraction of at most 16 bits, so it
    /// stays free of bias.
    ///
    /// The words of a run of any length are those of its parts of sixteen from its first element on.
    fn words(&self, purpose: Purpose, t: u32, first: u32, words: &mut [u32]);

    /// The word that [`RandomSource::words`] gives for element `first + at` of a run from `first` on.
    fn word_of_run(&self, purpose: Purpose, t: u32, first: u32, at: u32) -> u32;

    /// Noise of a compartment, uniform in −127..=127.
    #[inline]
    fn noise(&self, t: u32, compartment: u32) -> i32 {
        let high = (u64::from(self.word(Purpose::Noise, t, compartment)).wrapping_mul(255)) >> 32;
        // 0..=254, so that the difference fits.
        i32::try_from(high).unwrap_or(0).wrapping_sub(127)
    }
}

/// Numbers drawn from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The seed.
    pub seed: u32,
}

impl Drawn {
    /// What the words of a purpose and step have in common, so that a loop over elements computes it once.
    #[inline]
    pub const fn key(&self, purpose: Purpose, t: u32) -> u32 {
        let step = t.wrapping_mul(0x85EB_CA77) ^ (purpose as u32).wrapping_mul(0xC2B2_AE3D);
        hash::lowbias32(step ^ self.seed)
    }
}

/// The word of an element with the [`Drawn::key`] of its purpose and step.
#[inline]
pub const fn keyed(key: u32, element: u32) -> u32 {
    hash::lowbias32(key ^ element.wrapping_mul(0x9E37_79B1))
}

impl RandomSource for Drawn {
    #[inline]
    fn word(&self, purpose: Purpose, t: u32, element: u32) -> u32 {
        keyed(self.key(purpose, t), element)
    }

    /// One word serves two elements: the high half of word `first + k` that of `first + k`, its low half that of
    /// `first + k + 8`.
    #[inline(always)]
    fn words(&self, purpose: Purpose, t: u32, first: u32, words: &mut [u32]) {
        let (high, low) = words.split_at_mut(words.len().min(8));
        for (word, at) in high.iter_mut().zip(0..8_u32) {
            *word = self.word(purpose, t, first.wrapping_add(at));
        }
        for (low, word) in low.iter_mut().zip(&*high) {
            *low = word.wrapping_shl(16);
        }
        for word in high {
            *word &= 0xFFFF_0000;
        }
    }

    #[inline(always)]
    fn word_of_run(&self, purpose: Purpose, t: u32, first: u32, at: u32) -> u32 {
        // Its word without the bit that tells the halves apart.
        let word = self.word(purpose, t, first.wrapping_add(at & !8));
        if at & 8 == 0 { word & 0xFFFF_0000 } else { word.wrapping_shl(16) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_sixteen_are_halves_that_no_two_elements_share() {
        let source = Drawn { seed: 3 };
        for first in [0, 1, 77] {
            let mut words = [0; 16];
            source.words(Purpose::Weight, 5, first, &mut words);
            for count in 0..=16 {
                let mut fewer = [0; 16];
                source.words(Purpose::Weight, 5, first, &mut fewer[..count]);
                assert_eq!(fewer[..count], words[..count], "{count} words from {first}");
            }
            for at in 0..8_u32 {
                let word = source.word(Purpose::Weight, 5, first + at);
                let (high, low) = (words[at as usize], words[at as usize + 8]);
                assert_eq!((high, low), (word & 0xFFFF_0000, word << 16), "element {first} + {at}");
            }
            for at in 0..64 {
                let part = at as usize / 16 * 16;
                let mut run = [0; 16];
                source.words(Purpose::Weight, 5, first + part as u32, &mut run);
                let word = source.word_of_run(Purpose::Weight, 5, first, at);
                assert_eq!(word, run[at as usize - part], "element {first} + {at} alone");
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "draws thousands of numbers, which Miri takes minutes for")]
    fn noise_is_uniform_and_has_no_offset() {
        let source = Drawn { seed: 3 };
        let mut counts = [0_u32; 255];
        for t in 0..1000 {
            for compartment in 0..255 {
                let noise = source.noise(t, compartment);
                assert!((-127..=127).contains(&noise), "noise {noise}");
                counts[usize::try_from(noise + 127).unwrap()] += 1;
            }
        }
        // 1,000 expected per value; five standard errors are 158.
        assert!(counts.iter().all(|count| (842..=1158).contains(count)), "{counts:?}");
    }
}
