//! Weight formats and scatter-add.
//!
//! A weight is stored as what one spike adds, in units of 64: sign mode, precision and exponent are folded into
//! 16 bits when the image is built ([`fold`]), so a step only adds.

use crate::image::{COMPARTMENTS_PER_CORE, LANES, index, weight};
use crate::num::{Weight, WeightExponent};
use zerocopy::{FromBytes as _, IntoBytes as _};

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

/// Where the synapses of an axon end: a core's ring and the slot of the step in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the slot in which a synapse without delay ends, below `slots`.
    pub slot: usize,
    /// Slots of the ring, a power of two.
    pub slots: usize,
    /// Accumulators of a slot.
    pub slot_length: usize,
    /// The compartment from which the synapses count.
    pub compartment_base: usize,
}

impl Place {
    /// The accumulator of a compartment, counted from the base, after a delay.
    #[inline(always)]
    pub const fn of(&self, compartment: usize, delay: usize) -> usize {
        let slot = self.slot.wrapping_add(delay) & self.slots.wrapping_sub(1);
        slot.wrapping_mul(self.slot_length).wrapping_add(self.compartment_base).wrapping_add(compartment)
    }
}

// An array whose length is a power of two lets the mask prove that every index is inside it.
macro_rules! by_length {
    ($ring:expr, $length:expr, $start:expr, $synapses:expr, $($known:literal)*) => {
        match $length {
            $($known => if let Some(ring) = $ring.first_chunk_mut::<$known>() {
                scatter_masked(ring, $start, $synapses);
            },)*
            _ => {}
        }
    };
}

// Halves of words are read in the order in which an image has them.
const _: () = assert!(cfg!(target_endian = "little"), "images are little-endian, and read in place");

/// Adds sparse synapses without delay into the only slot of a core; `ring` begins with the compartment that they count from.
/// Sums wrap.
///
/// What lies behind the slot is looked at but never changed, as the image's check guarantees that every synapse ends at a
/// compartment of the core.
#[inline(always)]
pub fn scatter_undelayed(ring: &mut [i16; COMPARTMENTS_PER_CORE], synapses: &[u32]) {
    // Read as halves of words: a place needs no copy of its word, and a weight no shift.
    let Ok(halves) = <[[u16; 2]]>::ref_from_bytes(synapses.as_bytes()) else { return };
    let (fours, rest) = halves.as_chunks::<4>();
    for [a, b, c, d] in fours {
        add_halves(ring, a);
        add_halves(ring, b);
        add_halves(ring, c);
        add_halves(ring, d);
    }
    let (twos, one) = rest.as_chunks::<2>();
    if let Some([a, b]) = twos.first() {
        add_halves(ring, a);
        add_halves(ring, b);
    }
    if let Some(last) = one.first() {
        add_halves(ring, last);
    }
}

#[inline(always)]
fn add_halves(ring: &mut [i16; COMPARTMENTS_PER_CORE], [place, weight]: &[u16; 2]) {
    if let Some(sum) = ring.get_mut(usize::from(*place) & COMPARTMENTS_PER_CORE.wrapping_sub(1)) {
        *sum = sum.wrapping_add(weight.cast_signed());
    }
}

/// The same where fewer accumulators are left behind `compartment_base` than a core can have.
///
/// `rings` begins with the slot and holds at least [`view_length`] of the slot's length; compartments count from
/// `compartment_base`.
#[inline(never)]
pub fn scatter_at_the_end(rings: &mut [i16], compartment_base: usize, synapses: &[u32]) {
    let length = rings.len().min(COMPARTMENTS_PER_CORE).checked_ilog2().map_or(0, |bits| 1_usize << bits);
    by_length!(rings, length, compartment_base, synapses, 16 32 64 128 256 512 1024);
}

/// Accumulators from the beginning of a ring of one slot that [`scatter_at_the_end`] must be able to look at.
pub const fn view_length(slot_length: usize) -> usize {
    slot_length.next_power_of_two()
}

/// Adds sparse synapses into a ring of several slots. Sums wrap.
#[inline]
pub fn scatter_sparse(ring: &mut [i16], place: &Place, synapses: &[u32]) {
    if place.slot_length == COMPARTMENTS_PER_CORE {
        // Delay and compartment in a word are the place in such a ring.
        by_length!(ring, ring.len(), place.of(0, 0), synapses, 2048 4096 8192 16384 32768 65536);
    } else {
        scatter_delayed(ring, place, synapses);
    }
}

/// Slots of fewer compartments than a core can have.
#[inline(never)]
fn scatter_delayed(ring: &mut [i16], place: &Place, synapses: &[u32]) {
    for &word in synapses {
        let at = place.of(index(word & 0x3FF), index(word >> 10 & 0x3F));
        if let Some(sum) = ring.get_mut(at) {
            *sum = sum.wrapping_add(weight(word));
        }
    }
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
    let at = index(word).wrapping_add(start) & LENGTH.wrapping_sub(1);
    if let Some(sum) = ring.get_mut(at) {
        *sum = sum.wrapping_add(weight(word));
    }
}

/// Adds dense weights into consecutive accumulators. Sums wrap.
// By blocks for wide registers, and by fours for all others, where the loop's own instructions come to every fourth.
#[inline]
pub fn scatter_dense(accumulators: &mut [i16], weights: &[i16]) {
    let length = accumulators.len().min(weights.len());
    let (Some(accumulators), Some(weights)) = (accumulators.get_mut(..length), weights.get(..length)) else { return };
    let (accumulators, weights) = add_chunks::<LANES>(accumulators, weights);
    let (accumulators, weights) = add_chunks::<4>(accumulators, weights);
    add_chunks::<1>(accumulators, weights);
}

/// Adds whole chunks; what remains.
#[inline(always)]
fn add_chunks<'s, 'w, const N: usize>(sums: &'s mut [i16], weights: &'w [i16]) -> (&'s mut [i16], &'w [i16]) {
    let (chunks, sums_left) = sums.as_chunks_mut::<N>();
    let (weights, weights_left) = weights.as_chunks::<N>();
    for (sums, weights) in chunks.iter_mut().zip(weights) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(*weight);
        }
    }
    (sums_left, weights_left)
}

/// [`scatter_sparse`] into an auxiliary accumulator.
pub fn scatter_auxiliary_sparse(ring: &mut [i32], place: &Place, synapses: &[u32]) {
    for &word in synapses {
        if let Some(sum) = ring.get_mut(place.of(index(word & 0x3FF), index(word >> 10 & 0x3F))) {
            *sum = sum.wrapping_add(i32::from(weight(word)));
        }
    }
}

/// [`scatter_dense`] into an auxiliary accumulator.
pub fn scatter_auxiliary_dense(accumulators: &mut [i32], weights: &[i16]) {
    for (sum, weight) in accumulators.iter_mut().zip(weights) {
        *sum = sum.wrapping_add(i32::from(*weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Synapse;

    /// The definition in real numbers.
    fn obvious(mantissa: i32, exponent: i32, bits: i32, mixed: bool) -> i32 {
        let p = f64::powi(2.0, 8 - bits + i32::from(mixed));
        let kept = (f64::from(mantissa) / p).trunc() * p;
        ((kept * f64::powi(2.0, exponent)).floor() as i32).clamp(-32767, 32767)
    }

    #[test]
    #[cfg_attr(miri, ignore = "tries every weight, which Miri takes minutes for")]
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
    fn a_delayed_spike_lands_in_its_slot_and_wraps_round_the_ring() {
        for slot_length in [16, 48, 64, 1024] {
            let place = Place { slot: 2, slots: 4, slot_length, compartment_base: 4 };
            let mut rings = std::vec![0_i16; 4 * slot_length];
            let synapse = Synapse { compartment: 9, delay: 3, weight: 5 };
            scatter_sparse(&mut rings, &place, &[synapse.word(), synapse.word()]);
            assert_eq!(rings.iter().position(|sum| *sum == 10), Some(slot_length + 13), "{slot_length}");
            assert_eq!(rings.iter().filter(|sum| **sum != 0).count(), 1);
        }
    }

    #[test]
    fn a_spike_without_delay_lands_at_its_compartment_whatever_the_length_of_a_slot() {
        for blocks in 1..=64 {
            let slot_length = 16 * blocks;
            let last = Synapse { compartment: slot_length - 4, delay: 0, weight: -7 };
            for behind in [0, 1, 16, 500, 5000] {
                let mut rings = std::vec![0_i16; view_length(slot_length) + behind];
                scatter_at_the_end(&mut rings, 3, &[last.word()]);
                assert_eq!(rings.iter().position(|sum| *sum != 0), Some(slot_length - 1), "{slot_length}");
            }
            for count in 0..9_u8 {
                let mut ring = [0; COMPARTMENTS_PER_CORE];
                scatter_undelayed(&mut ring, &std::vec![last.word(); usize::from(count)]);
                assert_eq!(ring[slot_length - 4], -7 * i16::from(count), "{slot_length}");
                assert_eq!(ring.iter().filter(|sum| **sum != 0).count(), usize::from(count.min(1)));
            }
        }
    }
}
