//! Weight formats and scatter-add.
//!
//! A weight is stored as what one spike adds, in units of 64: sign mode, precision and exponent are folded into
//! 16 bits when the image is built ([`fold`]), so a step only adds.

use crate::dendrite::SLOT;
use crate::num::{Weight, WeightExponent};

/// Which signs the weights of an axon can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignMode {
    /// Both signs; one bit is spent on the sign, so mantissas are even.
    Mixed,
    /// Not negative.
    Excitatory,
    /// Not positive.
    Inhibitory,
}

/// What a spike adds, in units of 64: `floor(trunc(mantissa / p) · p · 2^exponent)` with `p = 2^(8 − bits + mixed)`.
///
/// `bits` is the precision of the format, 0..=8. The mantissa loses its low bits toward zero, a negative exponent
/// floors each weight on its own, and the largest magnitude is 32767 (2^21 − 64 in units of the current).
/// Mantissas that the sign mode cannot hold are clipped to its range.
pub fn fold(mantissa: Weight, exponent: WeightExponent, bits: u32, sign_mode: SignMode) -> i16 {
    let (low, high, lost) = match sign_mode {
        SignMode::Mixed => (Weight::MIN, Weight::MAX, 1),
        SignMode::Excitatory => (0, Weight::MAX, 0),
        SignMode::Inhibitory => (Weight::MIN, 0, 0),
    };
    let mantissa = mantissa.get().clamp(low, high);
    let dropped = 8_u32.saturating_sub(bits).saturating_add(lost);
    let kept = mantissa.unsigned_abs().wrapping_shr(dropped).wrapping_shl(dropped).cast_signed();
    let signed = if mantissa < 0 { kept.wrapping_neg() } else { kept };
    scale(signed, exponent.get())
}

/// `floor(mantissa · 2^exponent)`, at most 32767 in magnitude; the mantissa has 8 bits and sign, the exponent 3.
#[inline]
pub fn scale(mantissa: i32, exponent: i32) -> i16 {
    let scaled = if exponent < 0 {
        mantissa.wrapping_shr(exponent.unsigned_abs())
    } else {
        mantissa.wrapping_shl(exponent.unsigned_abs())
    };
    i16::try_from(scaled.clamp(-32767, 32767)).unwrap_or(i16::MAX)
}

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
        Self {
            compartment: crate::image::index(word & 0x3FF),
            delay: crate::image::index((word >> 10) & 0x3F),
            weight: weight(word),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "masked to ten bits at most")]
const fn low_bits(value: usize, mask: usize) -> u32 {
    (value & mask) as u32
}

/// The high half of a word.
#[inline(always)]
const fn weight(word: u32) -> i16 {
    (word.cast_signed() >> 16) as i16
}

/// Adds sparse synapses into the ring of a core; compartments and delays count from accumulator `start`.
///
/// `ring` has a power of two of slots, as the image's check guarantees; any other ring is left alone. Sums wrap.
#[inline]
pub fn scatter_sparse(ring: &mut [i16], start: usize, synapses: &[u32]) {
    // A ring of known length lets the mask prove that every index is inside it.
    macro_rules! by_slots {
        ($($slots:literal)*) => {
            match ring.len() / SLOT {
                $($slots => if let Some(ring) = ring.as_mut_array::<{ $slots * SLOT }>() {
                    scatter_masked(ring, start, synapses);
                },)*
                _ => {}
            }
        };
    }
    by_slots!(1 2 4 8 16 32 64);
}

/// Four at a time, which leaves the loop's own instructions to every fourth synapse.
#[cfg_attr(feature = "small-code", inline(never))]
#[cfg_attr(not(feature = "small-code"), inline)]
fn scatter_masked<const LENGTH: usize>(ring: &mut [i16; LENGTH], start: usize, synapses: &[u32]) {
    let (fours, rest) = synapses.as_chunks::<4>();
    for &[a, b, c, d] in fours {
        add_masked(ring, start, a);
        add_masked(ring, start, b);
        add_masked(ring, start, c);
        add_masked(ring, start, d);
    }
    for &word in rest {
        add_masked(ring, start, word);
    }
}

#[inline(always)]
fn add_masked<const LENGTH: usize>(ring: &mut [i16; LENGTH], start: usize, word: u32) {
    let at = crate::image::index(word).wrapping_add(start) & LENGTH.wrapping_sub(1);
    if let Some(sum) = ring.get_mut(at) {
        *sum = sum.wrapping_add(weight(word));
    }
}

/// Adds dense weights into consecutive accumulators. Sums wrap.
#[inline]
pub fn scatter_dense(accumulators: &mut [i16], weights: &[i16]) {
    for (sum, weight) in accumulators.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(*weight);
    }
}

/// [`scatter_sparse`] into a sum that is kept apart.
pub fn scatter_apart_sparse(ring: &mut [i32], start: usize, synapses: &[u32]) {
    let mask = ring.len().wrapping_sub(1);
    for &word in synapses {
        if let Some(sum) = ring.get_mut(crate::image::index(word & 0xFFFF).wrapping_add(start) & mask) {
            *sum = sum.wrapping_add(i32::from(weight(word)));
        }
    }
}

/// [`scatter_dense`] into a sum that is kept apart.
pub fn scatter_apart_dense(accumulators: &mut [i32], weights: &[i16]) {
    for (sum, weight) in accumulators.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(i32::from(*weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in real numbers.
    fn obvious(mantissa: i32, exponent: i32, bits: i32, mixed: bool) -> i32 {
        let p = f64::powi(2.0, 8 - bits + i32::from(mixed));
        let kept = (f64::from(mantissa) / p).trunc() * p;
        ((kept * f64::powi(2.0, exponent)).floor() as i32).clamp(-32767, 32767)
    }

    #[test]
    fn every_weight_folds_as_defined() {
        for exponent in WeightExponent::MIN..=WeightExponent::MAX {
            let e = WeightExponent::new(exponent).unwrap();
            for bits in 0..=8_u8 {
                for mantissa in Weight::MIN..=Weight::MAX {
                    let w = Weight::new(mantissa).unwrap();
                    let modes = [
                        (SignMode::Mixed, mantissa, true),
                        (SignMode::Excitatory, mantissa.max(0), false),
                        (SignMode::Inhibitory, mantissa.min(0), false),
                    ];
                    for (mode, clipped, mixed) in modes {
                        let expected = obvious(clipped, exponent, i32::from(bits), mixed);
                        let got = i32::from(fold(w, e, u32::from(bits), mode));
                        assert_eq!(got, expected, "{mode:?} mantissa {mantissa} exponent {exponent} bits {bits}");
                    }
                }
            }
        }
    }

    #[test]
    fn words_hold_what_was_packed() {
        for (compartment, delay, weight) in [(0, 0, 0), (1023, 63, -32767), (512, 1, 32767), (7, 62, -1)] {
            let synapse = Synapse { compartment, delay, weight };
            assert_eq!(Synapse::from_word(synapse.word()), synapse);
        }
    }

    #[test]
    fn a_delayed_spike_lands_in_its_slot_and_wraps_round_the_ring() {
        let mut ring = std::vec![0_i16; 4 * SLOT];
        let synapse = Synapse { compartment: 9, delay: 3, weight: 5 };
        scatter_sparse(&mut ring, 2 * SLOT, &[synapse.word(), synapse.word()]);
        assert_eq!(ring.iter().position(|sum| *sum == 10), Some(SLOT + 9));
        assert_eq!(ring.iter().filter(|sum| **sum != 0).count(), 1);
    }
}
