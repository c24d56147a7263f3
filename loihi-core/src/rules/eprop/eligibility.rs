//! e-prop with a filter per synapse: eligibilities that last as long as the readout's memory.
//!
//! `ē += (ψ_j·z̄_i − ē) >> kappa_shift` in 16 bits, and `A += L_j·ē` in 32, for every synapse and step; a block ends
//! with `A` rounded into the weights. An eligibility comes to rest at 0, since the shift floors.

use crate::tools::Layer;
use crate::tools::fraction::{Fraction, Rounded};
use crate::tools::rank_one::{Cells, UpdateCounts};

/// The eligibilities of a layer.
#[derive(Debug)]
pub(super) struct Eligibilities<'e> {
    /// Filtered, at most 16,384 in magnitude, axon after axon; not negative where thresholds do not adapt.
    pub(super) filtered: &'e mut [i16],
    /// Their products with the learning signals, summed over the block.
    pub(super) sums: &'e mut [i32],
}

impl Eligibilities<'_> {
    /// Follows the synapses of every axon through a step; `factors` are ψ and L of every post. ψ is 0..=64, L is at most
    /// 4095 in magnitude, a pre factor at most 256: so the product of ψ has 15 bits, and a sum over ten steps 30 and
    /// sign.
    pub(super) fn follow(&mut self, posts: usize, pre: impl Iterator<Item = i16>, factors: &[[i16; 2]], shift: u32) {
        let rows = self.filtered.chunks_exact_mut(posts.max(1)).zip(self.sums.chunks_exact_mut(posts.max(1)));
        for ((filtered, sums), pre) in rows.zip(pre) {
            let pre = i32::from(pre);
            for ((filtered, sum), [psi, signal]) in filtered.iter_mut().zip(sums).zip(factors) {
                let old = i32::from(*filtered);
                let new = old.wrapping_add(i32::from(*psi).wrapping_mul(pre).wrapping_sub(old).wrapping_shr(shift));
                *filtered = low_half(new);
                *sum = sum.wrapping_add(i32::from(*signal).wrapping_mul(new));
            }
        }
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "between the old one and the new, both at most 16,384 in magnitude"
)]
pub(super) const fn low_half(filtered: i32) -> i16 {
    filtered as i16
}

/// An update of the weights of a layer by what its synapses have summed up, which then is 0.
pub(super) struct Update<'b> {
    pub(super) layer: &'b Layer,
    pub(super) weights: &'b mut [i16],
    pub(super) sums: &'b mut [i32],
    /// Whether axon i is that of post i, so that its synapse there is an autapse.
    pub(super) autapses: bool,
    pub(super) shift: u32,
    pub(super) tally: &'b mut UpdateCounts,
}

impl Rounded for Update<'_> {
    fn with(self, fraction: &impl Fraction) {
        let Self { layer, weights, sums, autapses, shift, tally } = self;
        for (axon, sums) in sums.chunks_exact_mut(layer.posts.max(1)).enumerate() {
            let own = if autapses { sums.get_mut(axon) } else { None };
            if let Some(own) = own {
                *own = 0;
            }
            let row = layer.row(weights, axon);
            let mut cells = Cells::of(row);
            let first = layer.synapse_first.wrapping_add(axon.wrapping_mul(layer.posts));
            let mut element = u32::try_from(first).unwrap_or(u32::MAX);
            for (sum, post) in sums.iter_mut().zip(0_i32..) {
                // 30 bits of the sum, 28 of the fraction.
                let change = fraction.of(element).wrapping_sub(*sum).wrapping_shr(shift);
                cells.add_steps(post, change);
                *sum = 0;
                element = element.wrapping_add(1);
            }
            // What the synapses of a filter compute in every step is counted there.
            cells.report(0, tally);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eligibility_rises_to_its_product_and_comes_to_rest() {
        let (mut filtered, mut sums) = ([0; 2], [0; 2]);
        let mut both = Eligibilities { filtered: &mut filtered, sums: &mut sums };
        for _ in 0..400 {
            both.follow(2, [256].into_iter(), &[[64, 4095], [1, -4095]], 5);
            assert!(both.filtered.iter().all(|filtered| (0..=16_384).contains(filtered)));
            both.sums.fill(0);
        }
        assert!(both.filtered[0] > 16_384 - 32 && both.filtered[1] > 256 - 32, "{:?}", both.filtered);
        for _ in 0..10 {
            both.follow(2, [256].into_iter(), &[[64, 4095], [64, -4095]], 5);
        }
        assert!(both.sums[0] > 1 << 28 && both.sums[0].unsigned_abs() < 1 << 30, "{:?}", both.sums);
        for _ in 0..400 {
            both.follow(2, [256].into_iter(), &[[0, 0], [0, 0]], 5);
        }
        assert_eq!(both.filtered, [0, 0]);
    }
}
