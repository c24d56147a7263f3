//! Writing weights: the product of a pre factor and a post factor, for every synapse between an axon and a post whose
//! factors are not 0.
//!
//! A change is `p · m / 2^shift` of the smallest step that the weights' format stores, rounded as the rule wants, and
//! the weight is held to its range. The posts with a factor come as a list, so that a synapse without one costs nothing.

pub use super::packed::packed;
use super::packed::post_of;
use super::{Layer, Parts};
use crate::num::{Drawn, Purpose, keyed, word};
use crate::snip::{Field, WordReader, WordWriter};
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// How changes become weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// The floor of the change plus a uniform fraction: right on average, however small the change.
    Stochastic,
    /// To the nearest, ties upward.
    Nearest,
    /// Toward zero.
    Truncate,
    /// Into a number of 16 bits that the embedded CPU keeps for every synapse, in 256ths of a step; the weight is that
    /// rounded to the nearest. At the beginning of a sample, a number that is not that of its weight begins at it.
    Shadow,
}

impl Precision {
    /// The one with this number.
    const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Stochastic),
            1 => Some(Self::Nearest),
            2 => Some(Self::Truncate),
            3 => Some(Self::Shadow),
            _ => None,
        }
    }
}

impl Field for Precision {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self as u32);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Self::from_code(reader.take())
    }
}

/// 255 for none.
impl Field for Option<Precision> {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(self.map_or(0xFF, |precision| precision as u32));
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        match reader.take() {
            0xFF => Some(None),
            code => Precision::from_code(code).map(Some),
        }
    }
}

/// Where the fractions of stochastic rounding come from.
#[derive(Clone, Copy, Debug)]
pub enum Draws {
    /// A word serves two synapses, its high half the first.
    Shared {
        /// The chip's seed.
        seed: u32,
        /// The step.
        t: u32,
    },
    /// A word for each synapse, as recorded runs draw them: `word(seed, update, post, axon)`, or axon first.
    Addressed {
        /// The recording's seed.
        seed: u32,
        /// Number of the update.
        update: u32,
        /// Whether the axon comes before the post in the address.
        axon_first: bool,
    },
}

/// Lets the numbers begin at the weights that are not theirs.
pub fn begin_at_weights(layer: &Layer, weights: &[i16], fine: &mut [i16]) {
    let weights = weights.get(layer.synapse_first..).unwrap_or_default();
    for (weight, fine) in weights.iter().zip(fine) {
        let steps = i32::from(*weight) / STEP;
        if steps_of(i32::from(*fine)) != steps {
            *fine = low_half(steps.wrapping_mul(256));
        }
    }
}

/// A number of 256ths rounded half up to steps, held to ±127.
#[inline(always)]
fn steps_of(fine: i32) -> i32 {
    (fine.wrapping_add(128) >> 8).clamp(-127, 127)
}

/// Holds a number of 256ths, and its weight, to their ranges.
#[cold]
#[inline(never)]
fn hold(fine: &mut i16, weight: &mut i16, sum: i32) {
    let sum = sum.clamp(-32_767, 32_767);
    *fine = low_half(sum);
    *weight = low_half(steps_of(sum).wrapping_mul(STEP));
}

/// The rates by which a shift can be changed so that it stays in its range: each takes as many bits off.
pub fn rates(shift: u32, range: RangeInclusive<u32>) -> RangeInclusive<i32> {
    let (least, most) = (range.start().cast_signed(), range.end().cast_signed());
    let shift = shift.cast_signed();
    shift.saturating_sub(most)..=shift.saturating_sub(least)
}

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateCounts {
    /// Synapses whose change was computed.
    pub visited: u32,
    /// Weights that changed.
    pub changed: u32,
    /// Those of them that came to an end of their range.
    pub saturated: u32,
}

/// An update of a layer's weights.
#[derive(Clone, Copy, Debug)]
pub struct Update<'l> {
    /// The layer.
    pub layer: &'l Layer,
    /// How changes become weights.
    pub precision: Precision,
    /// Bits below the smallest step of a weight, 1..=16; for [`Precision::Shadow`] bits that the change loses, 0..=15.
    pub shift: u32,
    /// Where fractions come from.
    pub draws: Draws,
}

impl Update<'_> {
    /// Adds `p · m` to the synapses of one axon; `fine` are the layer's numbers, for [`Precision::Shadow`] only.
    pub fn axon(
        &self,
        weights: &mut [i16],
        fine: &mut [i16],
        axon: usize,
        p: i32,
        posts: &[i32],
        update_counts: &mut UpdateCounts,
    ) {
        let row = self.layer.row(weights, axon);
        let mut cells = Cells::of(row);
        let first = self.layer.synapse_first.wrapping_add(axon.wrapping_mul(self.layer.posts));
        let fine_first = axon.wrapping_mul(self.layer.posts);
        let fine = fine.get_mut(fine_first..fine_first.wrapping_add(self.layer.posts)).unwrap_or_default();
        self.add(&mut cells, fine, [axon, first, 0], p, posts);
        cells.report(posts.len(), update_counts);
    }

    /// Adds `p · m` to the synapses of every axon, in all parts of a layer, whose first is that of this update. Factors
    /// are pairs of an axon and its `p`; those that are 0 cost little. What is drawn, and so every weight, is the same in
    /// however many parts the layer lies.
    pub fn parts(
        &self,
        parts: &Parts<'_>,
        weights: &mut [i16],
        fine: &mut [i16],
        factors: &(impl Iterator<Item = (usize, i32)> + Clone),
        posts: &[i32],
    ) -> UpdateCounts {
        let mut update_counts = UpdateCounts::default();
        for part in parts.iter() {
            let (before, own) = part.listed(posts);
            for (axon, p) in factors.clone().filter(|(_, p)| *p != 0) {
                let first = parts.first().synapse_first.wrapping_add(axon.wrapping_mul(parts.posts));
                let mut cells = Cells::of(part.row(weights, 0, axon));
                let fine = part.row(fine, parts.first().synapse_first, axon);
                self.add(&mut cells, fine, [axon, first, before], p, own);
                cells.report(own.len(), &mut update_counts);
            }
        }
        update_counts
    }

    /// Adds `p · m` to a row of synapses, and to their numbers. The row belongs to an axon; the draws for it begin at
    /// an address, and `before` entries of the whole list come before these.
    #[inline(always)]
    fn add(&self, cells: &mut Cells<'_>, fine: &mut [i16], [axon, first, before]: [usize; 3], p: i32, posts: &[i32]) {
        match (self.precision, self.draws) {
            (Precision::Stochastic, Draws::Shared { seed, t }) => {
                let first = u32::try_from(first.wrapping_add(before)).unwrap_or(u32::MAX);
                let key = Drawn { seed }.key(Purpose::Rule, t);
                let p = p.wrapping_shl(16_u32.wrapping_sub(self.shift));
                let (odd, posts) = posts.split_at_checked(before % 2).unwrap_or_default();
                for entry in odd {
                    let word = keyed(key, first.wrapping_sub(1));
                    cells.add_fraction(*entry, p, word & 0xFFFF);
                }
                cells.add_shared(posts, p, key, first.wrapping_add(u32::from(before % 2 != 0)));
            }
            (Precision::Stochastic, Draws::Addressed { seed, update, axon_first }) => {
                let axon = u32::try_from(axon).unwrap_or(u32::MAX);
                let draw = |post: u32| {
                    if axon_first { word(seed, update, axon, post) } else { word(seed, update, post, axon) }
                };
                cells.add_addressed(posts, p.wrapping_shl(16_u32.wrapping_sub(self.shift)), draw);
            }
            (Precision::Nearest, _) => {
                let half = 1_i32.wrapping_shl(self.shift.wrapping_sub(1));
                cells.add_each(posts, |m| m.wrapping_mul(p).wrapping_add(half).wrapping_shr(self.shift));
            }
            (Precision::Truncate, _) => cells.add_each(posts, |m| {
                let product = m.wrapping_mul(p);
                let size = product.unsigned_abs().wrapping_shr(self.shift).cast_signed();
                if product < 0 { size.wrapping_neg() } else { size }
            }),
            (Precision::Shadow, _) => cells.add_fine(posts, p.wrapping_shl(15_u32.wrapping_sub(self.shift)), fine),
        }
    }
}

/// A mantissa is two to a step, as weights of 8 bits and both signs are stored.
const STEP: i32 = 2;
/// Largest mantissa.
const HIGH: i32 = 127 * STEP;

/// What the factors of posts, [`packed`], amount to at an axon with these weights: the sum of the products, in steps. At
/// most 8 bits and sign times 16, of 1,024 posts: the sum wraps for factors beyond 13 bits.
pub fn lead_back(row: &[i16], posts: &[i32]) -> i32 {
    posts.iter().fold(0, |sum, entry| {
        let weight = row.get(post_of(*entry)).copied().unwrap_or(0);
        sum.wrapping_add((i32::from(weight) / STEP).wrapping_mul(entry >> 16))
    })
}

/// The weights of an axon, and what has become of them.
pub struct Cells<'w> {
    row: &'w mut [i16],
    counts: Counts,
}

/// What became of some weights; on its own, so that it stays in registers.
#[derive(Clone, Copy, Default)]
struct Counts {
    changed: u32,
    saturated: u32,
}

impl<'w> Cells<'w> {
    /// These weights; nothing has become of them.
    pub fn of(row: &'w mut [i16]) -> Self {
        Self { row, counts: Counts::default() }
    }

    /// Adds steps to the weight of a post.
    #[inline(always)]
    pub fn add_steps(&mut self, post: i32, steps: i32) {
        if steps != 0 {
            let mut counts = self.counts;
            self.add(post, steps, &mut counts);
            self.counts = counts;
        }
    }

    /// Says what has become of them; this many were visited.
    pub fn report(self, visited: usize, update_counts: &mut UpdateCounts) {
        update_counts.visited = update_counts.visited.wrapping_add(u32::try_from(visited).unwrap_or(u32::MAX));
        update_counts.changed = update_counts.changed.wrapping_add(self.counts.changed);
        update_counts.saturated = update_counts.saturated.wrapping_add(self.counts.saturated);
    }

    /// Stochastic rounding with a word for every two synapses: that of the address of the first.
    ///
    /// `p` is shifted left so that a step of the weights is 2^16: adding a half word then rounds as adding its first bits
    /// below the shift does. A product has at most 16 bits and sign before, and at most 31 after.
    #[inline(never)]
    fn add_shared(&mut self, posts: &[i32], p: i32, key: u32, first: u32) {
        let mut counts = Counts::default();
        let (pairs, rest) = posts.as_chunks::<2>();
        let mut element = first;
        for [a, b] in pairs {
            let word = keyed(key, element);
            self.add_rounded(*a, p, word >> 16, &mut counts);
            self.add_rounded(*b, p, word & 0xFFFF, &mut counts);
            element = element.wrapping_add(2);
        }
        for entry in rest {
            self.add_rounded(*entry, p, keyed(key, element) >> 16, &mut counts);
        }
        self.count(counts);
    }

    /// The same for one synapse, with a fraction of 16 bits.
    fn add_fraction(&mut self, entry: i32, p: i32, fraction: u32) {
        let mut counts = Counts::default();
        self.add_rounded(entry, p, fraction, &mut counts);
        self.count(counts);
    }

    /// The same with a word for every synapse.
    fn add_addressed(&mut self, posts: &[i32], p: i32, draw: impl Fn(u32) -> u32) {
        let mut counts = Counts::default();
        for entry in posts {
            self.add_rounded(*entry, p, draw(entry.cast_unsigned() & 0xFFFF) >> 16, &mut counts);
        }
        self.count(counts);
    }

    #[inline(always)]
    fn add_rounded(&mut self, entry: i32, p: i32, fraction: u32, counts: &mut Counts) {
        let steps = (entry >> 16).wrapping_mul(p).wrapping_add(fraction.cast_signed()) >> 16;
        if steps != 0 {
            self.add(entry, steps, counts);
        }
    }

    fn add_each(&mut self, posts: &[i32], steps: impl Fn(i32) -> i32) {
        let mut counts = Counts::default();
        for entry in posts {
            let steps = steps(entry >> 16);
            if steps != 0 {
                self.add(*entry, steps, &mut counts);
            }
        }
        self.count(counts);
    }

    /// Adds steps to a weight and holds it to its range.
    #[inline(always)]
    fn add(&mut self, entry: i32, steps: i32, counts: &mut Counts) {
        let Some(weight) = self.row.get_mut(post_of(entry)) else { return };
        let mut new = i32::from(*weight).wrapping_add(steps.wrapping_mul(STEP));
        counts.changed = counts.changed.wrapping_add(1);
        if new.wrapping_add(HIGH).cast_unsigned() > (2 * HIGH).cast_unsigned() {
            counts.saturated = counts.saturated.wrapping_add(1);
            new = new.clamp(-HIGH, HIGH);
        }
        *weight = low_half(new);
    }

    /// Adds 256ths of a step to numbers whose first 8 bits are the weights.
    ///
    /// `p` is shifted left so that a 256th is 2^15. The numbers are held to ±32,767; a weight is its number rounded half
    /// up, held to its range.
    #[inline(never)]
    fn add_fine(&mut self, posts: &[i32], p: i32, fine: &mut [i16]) {
        let mut saturated = 0_u32;
        let length = self.row.len().min(fine.len());
        let (row, fine) = (self.row.get_mut(..length).unwrap_or_default(), fine.get_mut(..length).unwrap_or_default());
        for entry in posts {
            let post = post_of(*entry);
            let (Some(weight), Some(fine)) = (row.get_mut(post), fine.get_mut(post)) else { continue };
            let sum = i32::from(*fine).wrapping_add((entry >> 16).wrapping_mul(p) >> 15);
            let steps = sum.wrapping_add(128) >> 8;
            if steps.wrapping_add(127).cast_unsigned() > 254 {
                hold(fine, weight, sum);
                saturated = saturated.wrapping_add(1);
                continue;
            }
            *fine = low_half(sum);
            *weight = low_half(steps.wrapping_mul(STEP));
        }
        let changed = u32::try_from(posts.len()).unwrap_or(u32::MAX);
        self.count(Counts { changed, saturated });
    }

    fn count(&mut self, counts: Counts) {
        self.counts.changed = self.counts.changed.wrapping_add(counts.changed);
        self.counts.saturated = self.counts.saturated.wrapping_add(counts.saturated);
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "held to the range of a mantissa, or less than 256")]
const fn low_half(value: i32) -> i16 {
    value as i16
}
