//! Random numbers: one trait, drawn by address or replayed from a recording.

use super::hash;

/// What a random number is for. Each purpose has numbers of its own, so that one more consumer changes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Noise at a compartment.
    Noise,
    /// Rounding of a compartment's activity trace.
    Activity,
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
        hash::word(self.seed, t, element, purpose as u32)
    }
}

/// Noise from a recording, everything else drawn.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// Noise of all compartments in step 0, then in step 1, and so on. After its end there is no noise.
    pub noise: &'a [i32],
    /// Compartments per step.
    pub compartments: usize,
    /// Source of everything else.
    pub drawn: Drawn,
}

impl RandomSource for Recorded<'_> {
    #[inline]
    fn word(&self, purpose: Purpose, t: u32, element: u32) -> u32 {
        self.drawn.word(purpose, t, element)
    }

    #[inline]
    fn noise(&self, t: u32, compartment: u32) -> i32 {
        let step = crate::image::index(t).checked_mul(self.compartments);
        let at = step.and_then(|step| step.checked_add(crate::image::index(compartment)));
        at.and_then(|at| self.noise.get(at)).copied().unwrap_or(0)
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

    #[test]
    fn a_recording_is_replayed_by_step_and_compartment() {
        let source = Recorded { noise: &[1, 2, 3, 4], compartments: 2, drawn: Drawn { seed: 0 } };
        assert_eq!([(0, 0), (0, 1), (1, 1), (2, 0)].map(|(t, i)| source.noise(t, i)), [1, 2, 4, 0]);
    }
}
