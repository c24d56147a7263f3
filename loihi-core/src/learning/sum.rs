//! Sums of products in units of 2^-7: how a product joins a sum, and how a sum becomes a variable again.

use crate::compartment::lanes::WIDE;
use crate::image::{Dialect, ProductRecord};

/// Synapses, or axons, that are computed together.
pub(super) const LANES: usize = 16;

/// A value per synapse.
pub(super) type Values = [i32; LANES];

/// The lanes that are computed where `count` are there: all of them if the processor computes several at once, so that the
/// length of a loop is a constant.
#[inline(always)]
pub(super) fn computed<T>(lanes: &mut [T; LANES], count: usize) -> &mut [T] {
    if WIDE { lanes } else { lanes.get_mut(..count).unwrap_or_default() }
}

/// Largest sum: the accumulator has 15 bits and sign.
const SUM_MAX: i32 = 32_767;
/// Smallest sum, 1 below what 15 bits and sign hold, as Lava clips it.
const SUM_MIN: i32 = -32_769;

/// How a product joins a sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Bits that it loses for its width, and for an exponent below the chip's.
    pub(super) shift: u32,
    /// What it is shifted left by then: its exponent plus 7, at least 0.
    pub(super) exponent: u32,
}

impl Scale {
    /// That of a product.
    pub(super) fn of(product: &ProductRecord, dialect: Dialect) -> Self {
        let mantissa_bits = if dialect.has(Dialect::WIDE_MANTISSA) { 4 } else { 3 };
        Self {
            shift: product.width(mantissa_bits).saturating_sub(15).saturating_add(product.finer_bits()),
            exponent: product.exponent.wrapping_add(7).max(0).cast_unsigned(),
        }
    }

    /// The sum with the product, each held to the accumulator's range.
    #[inline(always)]
    pub(super) fn add(self, sum: i32, product: i32) -> i32 {
        let scaled = product.wrapping_shr(self.shift).clamp(SUM_MIN, SUM_MAX).wrapping_shl(self.exponent);
        sum.wrapping_add(scaled.clamp(SUM_MIN, SUM_MAX)).clamp(SUM_MIN, SUM_MAX)
    }

    /// The sum with the exact product; saturates at 32 bits.
    #[inline(always)]
    pub(super) fn add_exact(self, sum: i32, product: i32) -> i32 {
        sum.saturating_add(product.saturating_mul(1_i32.wrapping_shl(self.exponent)))
    }
}

/// What a variable can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// Low bits that are not stored.
    pub(super) lost: u32,
    /// Smallest value.
    pub(super) low: i32,
    /// Largest value.
    pub(super) high: i32,
}

/// Variables that changed, and those of them that came to an end of their range: by lane, so that counting needs no
/// sum over lanes before the epoch's end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changed {
    all: [u32; LANES],
    saturated: [u32; LANES],
}

impl Changed {
    /// Counts the first `count` lanes.
    #[inline(always)]
    pub(super) fn count(&mut self, old: &Values, new: &Values, format: Format, count: usize) {
        let counts = computed(&mut self.all, count).iter_mut().zip(&mut self.saturated);
        for (lane, ((all, saturated), (old, new))) in counts.zip(old.iter().zip(new)).enumerate() {
            let changed = u32::from(new != old) & u32::from(lane < count);
            let at_end = u32::from(*new == format.low) | u32::from(*new == format.high);
            *all = all.wrapping_add(changed);
            *saturated = saturated.wrapping_add(changed & at_end);
        }
    }

    /// How many changed, and how many of them came to an end.
    pub(super) fn totals(&self) -> [u64; 2] {
        [&self.all, &self.saturated].map(|lanes| lanes.iter().fold(0, |sum: u64, n| sum.wrapping_add(u64::from(*n))))
    }
}

/// The magnitude of a sum, rounded to a multiple of 2^`lost` units of 1: up if what is left exceeds the word, as
/// fractions of one.
///
/// What is left has `lost + 7` bits, at most 16, so that the high 16 bits of a uniform word round without bias.
#[inline(always)]
pub(super) fn magnitude(sum: i32, lost: u32, word: u32) -> i32 {
    let size = sum.unsigned_abs();
    let bits = lost.wrapping_add(7);
    let whole = size.wrapping_shr(bits);
    let left = size & 1_u32.wrapping_shl(bits).wrapping_sub(1);
    let up = left.wrapping_shl(32_u32.wrapping_sub(bits)) > word;
    let rounded = whole.wrapping_add(u32::from(up)).wrapping_shl(lost).cast_signed();
    if sum < 0 { rounded.wrapping_neg() } else { rounded }
}

/// A sum floored to a whole one, and 1 more if what is left, 7 bits, exceeds the word. A sign that the format does not
/// have is held to 0 before too.
#[inline(always)]
pub(super) fn floor(sum: i32, format: Format, word: u32) -> i32 {
    let held = if format.low == 0 { sum.max(0) } else { sum };
    let held = if format.high == 0 { held.min(0) } else { held };
    let up = (held & 127).cast_unsigned().wrapping_shl(25) > word;
    (held >> 7).wrapping_add(i32::from(up))
}

/// A change rounded away from zero to a whole one, and that toward zero to a multiple of 2^`lost`.
#[inline(always)]
pub(super) fn away_then_truncate(sum: i32, lost: u32) -> i32 {
    let size = sum.unsigned_abs().wrapping_add(127) >> 7;
    let kept = size.wrapping_shr(lost).wrapping_shl(lost).cast_signed();
    if sum < 0 { kept.wrapping_neg() } else { kept }
}

/// A variable of at most 9 bits and sign in 16 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "held to the range of the variable")]
pub(super) const fn low_half(value: i32) -> i16 {
    value as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "tries every magnitude, which Miri takes minutes for")]
    fn half_a_word_rounds_every_magnitude_without_bias() {
        for lost in 0..=9 {
            let unit = 1_i32 << lost;
            let steps = 128 * unit;
            for left in [0, 1, steps / 3, steps - 1] {
                // All words of 16 bits once: the mean is exact.
                let sum: i64 = (0..1 << 16).map(|high: u32| i64::from(magnitude(left, lost, high << 16))).sum();
                assert_eq!(sum * 128, i64::from(left) << 16, "lost {lost}, left {left}");
                assert_eq!(magnitude(-left, lost, 7 << 16), -magnitude(left, lost, 7 << 16));
            }
        }
    }
}
