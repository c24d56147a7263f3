//! Writing weights: the product of a pre factor and a post factor, for every synapse between an axon and a post whose
//! factors are not 0.
//!
//! A change is `p · m / 2^shift` of the smallest step that the weights' format stores, rounded as the rule wants, and
//! the weight is held to its range. The posts with a factor come as a list, so that a synapse without one costs nothing.

use super::layer::Layer;
use crate::num::{Drawn, Purpose, RandomSource, word};

/// A post and its factor in one word: the factor in the high half, with sign, the post in the low one.
#[inline]
pub(super) const fn packed(post: u32, factor: i32) -> i32 {
    factor.wrapping_shl(16) | (post & 0xFFFF).cast_signed()
}

#[inline]
const fn unpacked(word: i32) -> (usize, i32) {
    (crate::image::index(word.cast_unsigned() & 0xFFFF), word >> 16)
}

/// How changes become weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// The floor of the change plus a uniform fraction: right on average, however small the change.
    Stochastic,
    /// To the nearest, ties upward.
    Nearest,
    /// Toward zero.
    Truncate,
    /// Into 8 bits more that the embedded CPU keeps of every weight; the weight is the sum rounded to the nearest.
    Shadow,
}

impl Precision {
    /// The one with this number.
    pub(super) const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Stochastic),
            1 => Some(Self::Nearest),
            2 => Some(Self::Truncate),
            3 => Some(Self::Shadow),
            _ => None,
        }
    }
}

/// Where the fractions of stochastic rounding come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Draws {
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

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taught {
    /// Synapses whose change was computed.
    pub(super) visited: u32,
    /// Weights that changed.
    pub(super) changed: u32,
    /// Those of them that came to an end of their range.
    pub(super) saturated: u32,
}

/// An update of a layer's weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Update<'l> {
    pub(super) layer: &'l Layer,
    pub(super) precision: Precision,
    /// Bits below the smallest step of a weight, 1..=16; for [`Precision::Shadow`] bits that the change loses, 0..=15.
    pub(super) shift: u32,
    pub(super) draws: Draws,
}

impl Update<'_> {
    /// Adds `p · m` to the synapses of one axon; `residues` are the layer's, for [`Precision::Shadow`] only.
    pub(super) fn axon(
        &self,
        weights: &mut [i16],
        residues: &mut [i16],
        axon: usize,
        p: i32,
        posts: &[i32],
        taught: &mut Taught,
    ) {
        let row = self.layer.row(weights, axon);
        let mut cells = Cells { row, low: self.layer.range.0, high: self.layer.range.1, lost: self.layer.lost_bits };
        taught.visited = taught.visited.wrapping_add(u32::try_from(posts.len()).unwrap_or(u32::MAX));
        let shift = self.shift;
        match (self.precision, self.draws) {
            (Precision::Stochastic, Draws::Shared { seed, t }) => {
                let first = self.layer.synapse_first.wrapping_add(axon.wrapping_mul(self.layer.posts));
                let first = u32::try_from(first).unwrap_or(u32::MAX);
                shared(&mut cells, posts, p, shift, taught, |at| {
                    Drawn { seed }.word(Purpose::Rule, t, first.wrapping_add(at))
                });
            }
            (Precision::Stochastic, Draws::Addressed { seed, update, axon_first }) => {
                let axon = u32::try_from(axon).unwrap_or(u32::MAX);
                for entry in posts {
                    let (post, m) = unpacked(*entry);
                    let at = u32::try_from(post).unwrap_or(u32::MAX);
                    let (a, b) = if axon_first { (axon, at) } else { (at, axon) };
                    let fraction = (word(seed, update, a, b) >> 16).wrapping_shr(16_u32.wrapping_sub(shift));
                    let change = m.wrapping_mul(p).wrapping_add(fraction.cast_signed()).wrapping_shr(shift);
                    cells.add(post, change, taught);
                }
            }
            (Precision::Nearest, _) => {
                let half = 1_i32.wrapping_shl(shift.wrapping_sub(1));
                for entry in posts {
                    let (post, m) = unpacked(*entry);
                    cells.add(post, m.wrapping_mul(p).wrapping_add(half).wrapping_shr(shift), taught);
                }
            }
            (Precision::Truncate, _) => {
                for entry in posts {
                    let (post, m) = unpacked(*entry);
                    let product = m.wrapping_mul(p);
                    let size = product.unsigned_abs().wrapping_shr(shift).cast_signed();
                    cells.add(post, if product < 0 { size.wrapping_neg() } else { size }, taught);
                }
            }
            (Precision::Shadow, _) => {
                let first = axon.wrapping_mul(self.layer.posts);
                let residues = residues.get_mut(first..first.wrapping_add(self.layer.posts)).unwrap_or_default();
                for entry in posts {
                    let (post, m) = unpacked(*entry);
                    if let Some(residue) = residues.get_mut(post) {
                        cells.add_fine(post, m.wrapping_mul(p).wrapping_shr(shift), residue, taught);
                    }
                }
            }
        }
    }
}

/// Stochastic rounding with a word for every two synapses. A product has at most 16 bits and sign.
#[inline(always)]
fn shared(cells: &mut Cells<'_>, posts: &[i32], p: i32, shift: u32, taught: &mut Taught, draw: impl Fn(u32) -> u32) {
    let unused = 16_u32.wrapping_sub(shift);
    let mut one = |entry: i32, half: u32| {
        let (post, m) = unpacked(entry);
        let fraction = half.wrapping_shr(unused).cast_signed();
        cells.add(post, m.wrapping_mul(p).wrapping_add(fraction).wrapping_shr(shift), taught);
    };
    let (pairs, rest) = posts.as_chunks::<2>();
    let mut at = 0_u32;
    for [a, b] in pairs {
        let word = draw(at);
        one(*a, word >> 16);
        one(*b, word & 0xFFFF);
        at = at.wrapping_add(2);
    }
    for entry in rest {
        one(*entry, draw(at) >> 16);
    }
}

/// The weights of an axon, and what they can be.
pub(super) struct Cells<'w> {
    pub(super) row: &'w mut [i16],
    pub(super) low: i32,
    pub(super) high: i32,
    pub(super) lost: u32,
}

impl Cells<'_> {
    /// Adds steps of the format to a weight and holds it to its range.
    #[inline(always)]
    pub(super) fn add(&mut self, post: usize, steps: i32, taught: &mut Taught) {
        if steps == 0 {
            return;
        }
        let Some(weight) = self.row.get_mut(post) else { return };
        let old = i32::from(*weight);
        let wanted = old.wrapping_add(steps.wrapping_shl(self.lost));
        let new = wanted.max(self.low).min(self.high);
        *weight = low_half(new);
        taught.changed = taught.changed.wrapping_add(1);
        if new != wanted {
            taught.saturated = taught.saturated.wrapping_add(1);
        }
    }

    /// Adds 256ths of a step to a weight and its residue.
    ///
    /// Weight and residue are one number in 256ths, held to ±32,767; the weight is it rounded half up, held to its
    /// range, and the residue is what is left, at most 255.
    #[inline(always)]
    fn add_fine(&mut self, post: usize, change: i32, residue: &mut i16, taught: &mut Taught) {
        let Some(weight) = self.row.get_mut(post) else { return };
        let old = i32::from(*weight);
        let fine = (old >> self.lost).wrapping_shl(8).wrapping_add(i32::from(*residue)).wrapping_add(change);
        let fine = fine.clamp(-32_767, 32_767);
        let wanted = (fine.wrapping_add(128) >> 8).wrapping_shl(self.lost);
        let new = wanted.max(self.low).min(self.high);
        *residue = low_half(fine.wrapping_sub((new >> self.lost).wrapping_shl(8)));
        *weight = low_half(new);
        taught.changed = taught.changed.wrapping_add(u32::from(new != old));
        taught.saturated = taught.saturated.wrapping_add(u32::from(new != wanted));
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "held to the range of a mantissa, or less than 256")]
const fn low_half(value: i32) -> i16 {
    value as i16
}
