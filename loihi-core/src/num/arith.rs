//! Rounding and wrapping, each by name.

use super::Decay;

/// What a register keeps after one step of decay: `sgn(x) · ((|x| · (4096 − decay)) >> 12)`.
///
/// Rounds toward zero, as the chip does. This is the definition; the hot loops use [`retain_split`] and [`retain_scaled`],
/// which give the same bits.
///
/// `x` is any value of at most 23 bits and sign, so that the product fits 64 bits with room to spare.
#[expect(clippy::cast_possible_truncation, reason = "the result is no larger than x")]
pub const fn decay_toward_zero(x: i32, decay: Decay) -> i32 {
    let keep = 4096_i64.wrapping_sub(decay.get() as i64);
    let kept = ((x as i64).abs().wrapping_mul(keep)) >> 12;
    if x < 0 { kept.wrapping_neg() as i32 } else { kept as i32 }
}

/// [`decay_toward_zero`] in five instructions: `x_256` is `x << 8` and `keep_2_24` is `(4096 − decay) << 12`.
///
/// Their product is `x · keep · 2^20`, so its high word is `x · keep >> 12`, floored. Adding `2^32 − 1` to a
/// negative product before the high word is taken turns floor into ceiling, which is toward zero.
/// Never overflows: the product has at most 55 bits.
#[inline(always)]
pub fn retain_scaled(x_256: i32, keep_2_24: i32) -> i32 {
    let product = i64::from(x_256).wrapping_mul(i64::from(keep_2_24));
    let toward_zero = i64::from((x_256 >> 31).cast_unsigned());
    (product.wrapping_add(toward_zero) >> 32) as i32
}

/// [`decay_toward_zero`] for wide registers; `keep` is `4096 − decay`, 0..=4096.
///
/// The magnitude is multiplied in halves of twelve bits. Processors multiply numbers of 16 bits in every 32-bit lane at once,
/// and those of 32 bits, whose products have 64, only in every second one.
#[inline(always)]
pub fn retain_split(x: i32, keep: i32) -> i32 {
    // The masks change nothing. They tell the compiler how few bits there are.
    let keep = keep & 0x1FFF;
    let magnitude = x.unsigned_abs();
    let high = (magnitude >> 12 & 0xFFF).cast_signed();
    let low = (magnitude & 0xFFF).cast_signed();
    // Each product has at most 24 bits.
    let kept = high.wrapping_mul(keep).wrapping_add(low.wrapping_mul(keep) >> 12);
    let sign = x >> 31;
    (kept ^ sign).wrapping_sub(sign)
}

/// [`retain_scaled`], and `64 · sum_64` added, for processors that add with carry: the carry out of the low word is what
/// rounds, and comes with the sum for nothing. The result is at most 23 bits and sign and 21 bits and sign together.
// In this order, in which the compiler leaves the sum where the result goes.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the two words of the product")]
pub fn retain_and_add(x_256: i32, keep_2_24: i32, sum_64: i16) -> i32 {
    let product = i64::from(x_256).wrapping_mul(i64::from(keep_2_24));
    let (_, carry) = (product as u32).overflowing_add((x_256 >> 31).cast_unsigned());
    ((product >> 32) as i32).wrapping_add(i32::from(sum_64).wrapping_shl(6)).wrapping_add(i32::from(carry))
}

/// Bound of what [`retain_small`] takes.
pub const SMALL: i32 = 1 << 20;

/// [`retain_scaled`] for `x` in `[−SMALL, SMALL)` only, in three instructions.
///
/// The high word of the product then has the sign in its twelve high bits, and the low word is a multiple of 2^20: so
/// adding the high word to the low one carries exactly if the product is negative and not a multiple of 2^32.
#[inline(always)]
pub fn retain_small(x_256: i32, keep_2_24: i32) -> i32 {
    let product = i64::from(x_256).wrapping_mul(i64::from(keep_2_24));
    let high = ((product >> 32) as i32).cast_unsigned();
    (product.wrapping_add(i64::from(high)) >> 32) as i32
}

/// Two's complement wrap into `[−2^bits, 2^bits)`. `bits` is 0..=30.
pub const fn wrap_signed(x: i32, bits: u32) -> i32 {
    let unused = 31_u32.saturating_sub(bits);
    x.wrapping_shl(unused).wrapping_shr(unused)
}

/// `x / 2^shift` rounded to nearest, ties upward; `shift` 0..=31 (31 and above count as 31). The sum wraps.
pub const fn shift_round_half_up(x: i32, shift: u32) -> i32 {
    if shift == 0 {
        return x;
    }
    let shift = if shift > 31 { 31 } else { shift };
    x.wrapping_add(1_i32.wrapping_shl(shift.wrapping_sub(1))).wrapping_shr(shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values on both sides of every power of two, of zero and of the register's ends.
    fn covering_values() -> impl Iterator<Item = i32> {
        (0..=23)
            .flat_map(|bit| {
                let edge = 1_i32 << bit;
                [edge - 1, edge, edge + 1, -edge + 1, -edge, -edge - 1]
            })
            .filter(|x| (-(1 << 23)..1 << 23).contains(x))
    }

    #[test]
    #[cfg_attr(miri, ignore = "tries every decay, which Miri takes minutes for")]
    fn every_decay_is_exact_on_covering_values() {
        for d in 0..=4096 {
            let decay = Decay::new(d).unwrap();
            let keep = (4096 - d) << 12;
            for x in covering_values() {
                let obvious = (i64::from(x) * i64::from(4096 - d) / 4096) as i32; // `/` truncates toward zero
                assert_eq!(decay_toward_zero(x, decay), obvious, "decay {d}, x {x}");
                assert_eq!(retain_scaled(x << 8, keep), obvious, "scaled, decay {d}, x {x}");
                assert_eq!(retain_split(x, 4096 - d), obvious, "in halves, decay {d}, x {x}");
                assert_eq!(retain_and_add(x << 8, keep, -1), obvious - 64, "with a sum, decay {d}, x {x}");
                if (-SMALL..SMALL).contains(&x) {
                    assert_eq!(retain_small(x << 8, keep), obvious, "small, decay {d}, x {x}");
                }
            }
        }
    }

    #[test]
    fn wrapping_keeps_the_low_bits() {
        assert_eq!(wrap_signed(1 << 21, 21), -(1 << 21));
        assert_eq!(wrap_signed((1 << 21) - 1, 21), (1 << 21) - 1);
        assert_eq!(wrap_signed(-(1 << 21) - 1, 21), (1 << 21) - 1);
    }

    proptest! {
        #[test]
        fn the_decays_agree(x in -(1_i32 << 23)..1 << 23, d in 0_i32..=4096, sum_64: i16) {
            let slow = decay_toward_zero(x, Decay::new(d).unwrap());
            let small = x >> 3;
            let slow_small = decay_toward_zero(small, Decay::new(d).unwrap());
            prop_assert_eq!(retain_small(small << 8, (4096 - d) << 12), slow_small);
            prop_assert_eq!(retain_scaled(x << 8, (4096 - d) << 12), slow);
            prop_assert_eq!(retain_and_add(x << 8, (4096 - d) << 12, sum_64), slow + 64 * i32::from(sum_64));
        }

        #[test]
        fn rounding_is_within_half(x in -(1_i32 << 29)..1 << 29, shift in 0_u32..20) {
            let rounded = i64::from(shift_round_half_up(x, shift)) << shift;
            let error = rounded - i64::from(x);
            prop_assert!(2 * error <= 1 << shift && 2 * error > -(1 << shift));
        }
    }
}
