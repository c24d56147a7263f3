//! A prototype against a sample: how similar they are, and what becomes of its weights.

use crate::num::keyed;
use crate::tools::Parts;

/// Words of a prototype: class, uses, length in sixteenths.
pub(super) const WORDS: usize = 3;
/// Class, uses (0 if it is free), length in sixteenths of a step of the weights.
pub(super) type Prototype = [i32; WORDS];
/// Most spikes of an axon that count.
pub(super) const COUNT_MAX: i32 = 255;
/// Largest weight, in steps.
const WEIGHT_MAX: i32 = 127;

/// What the axons have seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'s> {
    /// Spikes of every axon.
    counts: &'s [i32],
    /// `|x|` in sixteenths.
    length_16: u32,
    /// `2^31` by that.
    inverse: u32,
}

impl<'s> Sample<'s> {
    pub(super) fn of(counts: &'s [i32]) -> Self {
        let length_16 = length_16(counts.iter().copied()).cast_unsigned();
        Self { counts, length_16, inverse: (1_u32 << 31).checked_div(length_16).unwrap_or(0) }
    }

    /// Whether nothing was seen.
    pub(super) const fn is_empty(&self) -> bool {
        self.length_16 == 0
    }

    /// The cosine of a prototype with this length, in units of 1/32,768; 0 if it is negative. `dot` is `w·x`, of at most 17
    /// bits and sign.
    pub(super) fn similarity(&self, dot: i32, length_16: i32) -> i32 {
        let dot = dot.max(0).cast_unsigned();
        // |x|·cos in units of 1/1024.
        let projected = dot.wrapping_shl(14).checked_div(length_16.cast_unsigned()).unwrap_or(0);
        let similarity = u64::from(projected).wrapping_mul(u64::from(self.inverse)) >> 22;
        similarity.min(1 << 15) as i32
    }

    /// What a count becomes when the sample is brought to a length, in units of 1/256; at most 24 bits.
    fn scale_256(&self, length: u32) -> i32 {
        // The check holds the length to 12 bits.
        length.wrapping_shl(12).checked_div(self.length_16).unwrap_or(0).cast_signed()
    }
}

/// The length of a vector in sixteenths of its unit. Its values have 8 bits and sign.
fn length_16(values: impl Iterator<Item = i32>) -> i32 {
    let squares =
        values.fold(0_u64, |sum, value| sum.wrapping_add(u64::from(value.wrapping_mul(value).unsigned_abs())));
    i32::try_from((squares << 8).isqrt()).unwrap_or(i32::MAX)
}

/// A sample that prototypes learn.
#[derive(Debug)]
pub(super) struct Lesson<'l, 'i> {
    pub(super) layer: &'l Parts<'i>,
    pub(super) sample: &'l Sample<'l>,
    /// Length of a new prototype, in steps of the weights.
    pub(super) length: u32,
    pub(super) prototypes: &'l mut [Prototype],
    pub(super) weights: &'l mut [i16],
    /// Key of the draws that round.
    pub(super) key: u32,
    /// Weights that were computed, that changed, that came to an end of their range.
    pub(super) written: [u32; 3],
}

impl Lesson<'_, '_> {
    /// What a prototype was used for.
    pub(super) fn uses(&self, post: usize) -> i32 {
        self.prototypes.get(post).map_or(0, |[_, uses, _]| *uses)
    }

    /// Makes a prototype of the sample.
    pub(super) fn recruit(&mut self, post: usize, class: usize) {
        let scale = self.sample.scale_256(self.length);
        // A count is at most |x|, so that their product has at most 20 bits.
        let length_16 = self.write(post, |count, _, _| count.wrapping_mul(scale).wrapping_add(128) >> 8);
        if let Some(prototype) = self.prototypes.get_mut(post) {
            *prototype = [i32::try_from(class).unwrap_or(i32::MAX), 1, length_16];
        }
    }

    /// `Δw = α·(x·length/|x| − s·w)`, rounded at random, with α in units of 1/65,536 and s in units of 1/32,768. Moves
    /// towards the sample count as uses.
    pub(super) fn change(&mut self, post: usize, rate_65536: i32, similarity: i32) {
        let product = |factor: i32| i64::from(rate_65536).wrapping_mul(i64::from(factor));
        let towards = held(product(self.sample.scale_256(self.length)) >> 8);
        let back = held(product(similarity) >> 15);
        let new_length_16 = self.write(post, |count, weight, fraction| {
            // 8 bits by 22, and 7 by 17.
            let change = count.wrapping_mul(towards).wrapping_sub(weight.wrapping_mul(back));
            weight.wrapping_add(change.wrapping_add(fraction) >> 16)
        });
        if let Some([_, uses, length_16]) = self.prototypes.get_mut(post) {
            *uses = uses.saturating_add(i32::from(rate_65536 > 0));
            *length_16 = new_length_16;
        }
    }

    /// Gives every weight of a post a new value in steps, from the axon's count, the weight as it was, and a fraction of 16
    /// bits; returns their length. Draws belong to a synapse, however many parts there are.
    fn write(&mut self, post: usize, new: impl Fn(i32, i32, i32) -> i32) -> i32 {
        let Self { layer, sample, weights, key, written: [visited, changed, saturated], .. } = self;
        let Some(part) = layer.iter().find(|part| post.wrapping_sub(part.post_first) < part.layer.posts) else {
            return 0;
        };
        let place = post.wrapping_sub(part.post_first);
        let first = layer.first().synapse_first.wrapping_add(post);
        length_16(sample.counts.iter().enumerate().map(|(axon, count)| {
            let Some(weight) = part.layer.row(weights, axon).get_mut(place) else { return 0 };
            // A mantissa is two to a step.
            let before = i32::from(*weight) >> 1;
            if before == 0 && *count == 0 {
                return 0;
            }
            let element = u32::try_from(first.wrapping_add(axon.wrapping_mul(layer.posts))).unwrap_or(u32::MAX);
            let free = new(*count, before, (keyed(*key, element) >> 16).cast_signed());
            let after = free.clamp(-WEIGHT_MAX, WEIGHT_MAX);
            *visited = visited.wrapping_add(1);
            *changed = changed.wrapping_add(u32::from(after != before));
            *saturated = saturated.wrapping_add(u32::from(after != free));
            *weight = i16::try_from(after.wrapping_mul(2)).unwrap_or(0);
            after
        }))
    }
}

/// A factor of 22 bits and sign.
#[expect(clippy::cast_possible_truncation, reason = "held to the range")]
fn held(factor: i64) -> i32 {
    factor.clamp(-(1 << 22), 1 << 22) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_the_cosine() {
        // |x| = 5, |w| = 13.
        let sample = Sample::of(&[3, 0, 4]);
        assert_eq!((sample.length_16, sample.is_empty()), (80, false));
        assert_eq!(length_16([5, 12, 0].into_iter()), 208);
        // 15 / 65, a little less for what divisions lose.
        let cosine = sample.similarity(15, 208);
        assert!((7557..=7561).contains(&cosine), "{cosine}");
        // 65 · 2^14 / 208 = 5120, times 2^31 / 80 without its fraction, is a little less than 2^15 · 2^22.
        assert_eq!(sample.similarity(65, 208), 32_767);
        assert_eq!(sample.similarity(-65, 208), 0);
        assert_eq!(sample.similarity(66, 208), 1 << 15);
        assert_eq!(sample.similarity(65, 0), 0);
        assert_eq!(Sample::of(&[0, 0]).similarity(0, 208), 0);
        assert!(Sample::of(&[]).is_empty());
    }

    #[test]
    fn the_largest_numbers_fit() {
        let counts = [COUNT_MAX; 4096];
        let sample = Sample::of(&counts);
        assert_eq!(sample.length_16, 255 * 64 * 16);
        assert_eq!(sample.similarity((1 << 17) - 1, i32::MAX), 0);
        let single = Sample::of(&[1]);
        assert_eq!(single.scale_256(4095), 4095 * 256);
        assert_eq!(single.similarity(127, 127 * 16), 1 << 15);
    }
}
