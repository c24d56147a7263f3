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
    /// Rounding of a weight; element: the plastic synapse.
    Weight,
    /// Rounding of a tag; element: the plastic synapse.
    Tag,
    /// Rounding of a delay; element: the plastic synapse.
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

impl RandomSource for Drawn {
    #[inline]
    fn word(&self, purpose: Purpose, t: u32, element: u32) -> u32 {
        // The step first, so that a loop over elements computes that part once.
        let step = t.wrapping_mul(0x85EB_CA77) ^ (purpose as u32).wrapping_mul(0xC2B2_AE3D);
        hash::lowbias32(hash::lowbias32(step ^ self.seed) ^ element.wrapping_mul(0x9E37_79B1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
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
