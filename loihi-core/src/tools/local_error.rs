//! The post factor: what a fixed readout of a layer got wrong, led back to each compartment and scaled by the slope at
//! its voltage.
//!
//! Per epoch, with counts `c_i` of spikes and readout weights `G_ik` of 8 bits: `r_k = Σ_i G_ik·c_i >> readout_shift`,
//! `e_k = clip(r_k − y_k, ±limit)`, `q_k = sgn(e_k)·(|e_k| >> error_shift)`. If any `q_k` is not 0, the epoch triggers,
//! and `m_i = slope(v_i)·clip(Σ_k G_ik·q_k >> feedback_shift, ±127)`.

use super::rank_one::packed;
use crate::image::index;
use crate::snip::{Field, WordReader, WordWriter};
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Readout weights of 8 bits, those of a compartment side by side.
#[derive(Clone, Copy, Debug)]
pub struct LocalReadout<'d> {
    weights: &'d [i8],
    classes: usize,
}

impl<'d> LocalReadout<'d> {
    /// Words of constants that a readout takes.
    pub const fn words(posts: usize, classes: usize) -> usize {
        posts.saturating_mul(classes).div_ceil(4)
    }

    /// The readout in these constants.
    pub fn of(constants: &'d [i32], posts: usize, classes: usize) -> Self {
        let bytes = <[i8]>::ref_from_bytes(constants.as_bytes()).unwrap_or_default();
        Self { weights: bytes.get(..posts.saturating_mul(classes)).unwrap_or_default(), classes }
    }

    /// `Σ_i G_ik·c_i` for every class; the counts are those of the posts. Products of 8 bits and a count stay far below 32
    /// bits; the sums wrap.
    pub fn sum(&self, counts: &[i32], sums: &mut [i32]) {
        sums.fill(0);
        // Rows of known length need no loop over the classes.
        macro_rules! by_classes {
            ($($classes:literal)*) => {
                match self.classes {
                    $($classes => self.sum_rows::<$classes>(counts, sums),)*
                    _ => self.sum_slices(counts, sums),
                }
            };
        }
        by_classes!(2 3 4 5 10);
    }

    fn sum_rows<const C: usize>(&self, counts: &[i32], sums: &mut [i32]) {
        let Some(sums) = sums.as_mut_array::<C>() else { return };
        let rows = self.weights.as_chunks::<C>().0;
        for (row, count) in rows.iter().zip(counts) {
            if *count == 1 {
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(i32::from(*weight));
                }
            } else if *count != 0 {
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(i32::from(*weight).wrapping_mul(*count));
                }
            }
        }
    }

    fn sum_slices(&self, counts: &[i32], sums: &mut [i32]) {
        let rows = self.weights.chunks_exact(self.classes.max(1));
        for (row, count) in rows.zip(counts).filter(|(_, count)| **count != 0) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(*weight).wrapping_mul(*count));
            }
        }
    }

    /// What the errors amount to at every post: `Σ_k G_ik·q_k`, for a list of classes and errors. At most 8 bits times the
    /// errors' 16, for 64 classes: 30 bits.
    pub fn lead_back(&self, errors: &[i32], factors: &mut [i32]) {
        let mut errors = errors.iter().map(|error| (index(error.cast_unsigned() & 0xFFFF), error >> 16));
        match errors.next() {
            Some((class, error)) => self.each(class, factors, |factor, weight| *factor = weight.wrapping_mul(error)),
            None => factors.fill(0),
        }
        for (class, error) in errors {
            self.each(class, factors, |factor, weight| *factor = factor.wrapping_add(weight.wrapping_mul(error)));
        }
    }

    /// What the errors amount to at one post.
    pub fn lead_back_to(&self, post: usize, errors: &[i32]) -> i32 {
        let first = post.saturating_mul(self.classes);
        let row = self.weights.get(first..first.saturating_add(self.classes)).unwrap_or_default();
        errors.iter().fold(0, |sum, error| {
            let weight = row.get(index(error.cast_unsigned() & 0xFFFF)).copied().unwrap_or(0);
            sum.wrapping_add(i32::from(weight).wrapping_mul(error >> 16))
        })
    }

    /// Every post's weight for a class.
    #[inline(always)]
    fn each(&self, class: usize, factors: &mut [i32], mut give: impl FnMut(&mut i32, i32)) {
        let rows = self.weights.chunks_exact(self.classes.max(1));
        for (factor, row) in factors.iter_mut().zip(rows) {
            if let Some(weight) = row.get(class) {
                give(factor, i32::from(*weight));
            }
        }
    }
}

/// How a compartment's voltage scales its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slope {
    /// Not at all.
    Flat,
    /// 1 closer than this to the threshold, else 0.
    Box {
        /// Half the width of the box, in units of the voltage, at least 1.
        half_width: i32,
    },
    /// 64 at the threshold, falling to 0 at `64 << shift` on both sides; the error is divided by 64 after.
    Triangle {
        /// Binary logarithm of what a 64th of the height takes of the voltage, 0..=16.
        shift: u32,
    },
}

impl Slope {
    /// Codes 0, 1, 2, with one parameter.
    const fn from_words(code: u32, parameter: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Flat),
            1 if parameter.cast_signed() > 0 => Some(Self::Box { half_width: parameter.cast_signed() }),
            2 if parameter <= 16 => Some(Self::Triangle { shift: parameter }),
            _ => None,
        }
    }

    /// Whether the error counts at this distance from the threshold.
    #[inline(always)]
    pub const fn reaches(self, distance: i32) -> bool {
        match self {
            Self::Flat => true,
            Self::Box { half_width } => distance.wrapping_abs() < half_width,
            Self::Triangle { shift } => distance.wrapping_abs() < 64_i32.wrapping_shl(shift),
        }
    }

    /// The error, at most 127, at a distance from the threshold that the slope reaches.
    #[inline(always)]
    pub const fn scale(self, error: i32, distance: i32) -> i32 {
        match self {
            Self::Flat | Self::Box { .. } => error,
            Self::Triangle { shift } => {
                let height = 64_i32.wrapping_shl(shift).wrapping_sub(distance.wrapping_abs()) >> shift;
                error.wrapping_mul(height) >> 6
            }
        }
    }
}

impl Field for Slope {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        let (code, parameter) = match *self {
            Self::Flat => (0, 0),
            Self::Box { half_width } => (1, half_width.cast_unsigned()),
            Self::Triangle { shift } => (2, shift),
        };
        writer.put(code);
        writer.put(parameter);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Self::from_words(reader.take(), reader.take())
    }
}

/// A target word that says nothing: whatever the readout, there is no error.
pub const NO_TARGET: i16 = i16::MIN;

/// The class that targets name: that of the largest, the first of equals; none if they say nothing ([`NO_TARGET`]).
///
/// ```
/// use loihi_core::tools::local_error::{NO_TARGET, class_of};
///
/// assert_eq!(class_of(&[0, 64, NO_TARGET, 64]), Some(1));
/// assert_eq!(class_of(&[NO_TARGET; 2]), None);
/// ```
pub fn class_of(targets: &[i16]) -> Option<usize> {
    let known = targets.iter().enumerate().filter(|(_, target)| **target != NO_TARGET);
    known.rev().max_by_key(|(_, target)| **target).map(|(class, _)| class)
}

/// A value held to a magnitude.
#[inline(always)]
pub fn held(value: i32, most: i32) -> i32 {
    value.max(most.wrapping_neg()).min(most)
}

/// How errors are formed, and when they are large enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Largest magnitude of an error, 1..=32,767.
    pub limit: i32,
    /// Bits that an error loses, 0..=15: smaller errors count as 0.
    pub error_shift: u32,
    /// Share of the epochs that are to trigger, in units of 1/256; 0: whichever has an error that is large enough.
    pub share: i32,
}

/// How far the threshold of a controlled trigger moves for one epoch, in units of 1/256 of an error, times its distance
/// from the share.
const CONTROL_GAIN: i32 = 4;

impl Trigger {
    /// Turns readouts into a list of quantised errors, class in the low half and error in the high half of a word, and
    /// moves the threshold of a controlled trigger. Returns how many there are.
    pub fn errors(&self, readouts: &[i32], targets: &[i16], threshold_256: &mut i32, list: &mut [i32]) -> usize {
        let mut found = 0_usize;
        for ((readout, target), class) in readouts.iter().zip(targets).zip(0_u32..) {
            if *target == NO_TARGET {
                continue;
            }
            let error = held(readout.wrapping_sub(i32::from(*target)), self.limit);
            let size = error.wrapping_abs();
            let steps = size.wrapping_shr(self.error_shift);
            if steps != 0
                && size >= *threshold_256 >> 8
                && let Some(slot) = list.get_mut(found)
            {
                *slot = packed(class, if error < 0 { steps.wrapping_neg() } else { steps });
                found = found.wrapping_add(1);
            }
        }
        if self.share > 0 {
            let triggered = if found > 0 { 256 } else { 0 };
            let moved = threshold_256.wrapping_add(CONTROL_GAIN.wrapping_mul(i32::wrapping_sub(triggered, self.share)));
            *threshold_256 = moved.max(0).min(self.limit.wrapping_shl(8));
        }
        found
    }
}
