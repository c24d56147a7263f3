//! The blocks of e-prop: pre and post factors of ten steps, whose products are added up before weights are rounded.
//!
//! Without a filter of its own, a synapse's eligibility in a step is the product of its axon's trace and its post's ψ;
//! so nothing has to be kept per synapse, and a block costs only the synapses between an axon and a post that both had
//! a factor in it.

use crate::tools::Layer;
use crate::tools::fraction::{Fraction, Rounded};
use crate::tools::rank_one::{Cells, UpdateCounts};

/// Steps of a block.
pub(super) const STEPS: usize = 10;

/// Words that the factors of this many axons or posts take.
pub(super) const fn words(elements: usize) -> usize {
    elements.saturating_mul(STEPS / 2)
}

/// Σ over the block. Pre factors are at most 256 and post factors at most 32,767 in magnitude: 27 bits and sign.
#[inline(always)]
fn dot(pre: &[i16; STEPS], post: &[i16; STEPS]) -> i32 {
    let products = pre.iter().zip(post).map(|(a, b)| i32::from(*a).wrapping_mul(i32::from(*b)));
    products.fold(0, i32::wrapping_add)
}

/// Moves the factors of the posts that have one to the front, and lists these posts; returns how many.
pub(super) fn compact(factors: &mut [[i16; STEPS]], list: &mut [i32]) -> usize {
    let mut found = 0_usize;
    for (at, post) in (0..factors.len()).zip(0_i32..) {
        let Some(&factor) = factors.get(at) else { break };
        if factor != [0; STEPS]
            && let (Some(slot), Some(listed)) = (factors.get_mut(found), list.get_mut(found))
        {
            (*slot, *listed) = (factor, post);
            found = found.wrapping_add(1);
        }
    }
    found
}

/// An update of the weights of a layer by a block.
pub(super) struct Update<'b> {
    pub(super) layer: &'b Layer,
    pub(super) weights: &'b mut [i16],
    /// Per axon.
    pub(super) pre: &'b [[i16; STEPS]],
    /// Per listed post.
    pub(super) factors: &'b mut [[i16; STEPS]],
    /// Posts, ascending.
    pub(super) posts: &'b [i32],
    /// Whether axon i is that of post i, so that its synapse there is an autapse.
    pub(super) autapses: bool,
    pub(super) shift: u32,
    pub(super) tally: &'b mut UpdateCounts,
}

impl Rounded for Update<'_> {
    fn with(self, fraction: &impl Fraction) {
        let Self { layer, weights, pre, factors, posts, autapses, shift, tally } = self;
        for ((axon, pre), number) in pre.iter().enumerate().zip(0_i32..) {
            if *pre == [0; STEPS] {
                continue;
            }
            let own = if autapses { posts.binary_search(&number).ok() } else { None };
            // A factor of 0 changes nothing.
            let kept = own.and_then(|own| factors.get_mut(own)).map(core::mem::take);
            let row = layer.row(weights, axon);
            let mut cells = Cells::of(row);
            let first = layer.synapse_first.wrapping_add(axon.wrapping_mul(layer.posts));
            let mut element = u32::try_from(first).unwrap_or(u32::MAX);
            for (post, factor) in posts.iter().zip(&*factors) {
                // 27 bits of the sum, 28 of the fraction.
                let change = fraction.of(element).wrapping_sub(dot(pre, factor)).wrapping_shr(shift);
                cells.add_steps(*post, change);
                element = element.wrapping_add(1);
            }
            cells.report(posts.len(), tally);
            if let (Some(kept), Some(slot)) = (kept, own.and_then(|own| factors.get_mut(own))) {
                *slot = kept;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_with_a_factor_come_to_the_front_in_their_order() {
        let one = |step: usize| core::array::from_fn(|at| i16::from(at == step));
        let mut factors = [[0; STEPS], one(9), [0; STEPS], one(0)];
        let mut list = [0; 4];
        assert_eq!(compact(&mut factors, &mut list), 2);
        assert_eq!((&list[..2], &factors[..2]), (&[1, 3][..], &[one(9), one(0)][..]));
    }

    #[test]
    fn the_largest_sum_of_a_block_leaves_room_for_a_fraction() {
        let sum = dot(&[256; STEPS], &[-32_767; STEPS]);
        assert_eq!(i64::from(sum), -256 * 32_767 * 10);
        assert!(sum.unsigned_abs() < 1 << 27);
    }
}
