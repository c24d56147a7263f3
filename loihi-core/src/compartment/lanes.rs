//! The plain compartment, many at a time: equal parameters, no noise, no tree, no homeostasis.

use super::{Block, Compartments, Events};
use crate::image::{LANES, Profile, index};
use crate::num::{SMALL, retain_and_add, retain_scaled, retain_small, retain_split};
use core::mem;
use core::ops::Range;

/// Whether the processor has registers that hold several lanes. Both ways of computing give the same bits.
pub const WIDE: bool = cfg!(any(target_feature = "sse2", target_feature = "neon", target_feature = "simd128"));

/// Blocks that are advanced without a look at them after one that was not at rest.
const UNSEEN_BLOCKS: usize = 16;

/// Whether a step leaves a block as it is: no current, no voltage, no input and no bias. Thresholds are not below 0, and
/// limits of the voltage not beyond it.
#[inline(always)]
fn is_at_rest<const BIASED: bool>([currents, voltages, biases]: &Block, sums: &[i16; LANES]) -> bool {
    let lanes = currents.iter().zip(voltages).zip(biases).zip(sums);
    let any = lanes.fold(0, |any, (((u_256, v), bias_256), sum)| {
        any | u_256 | v | i32::from(*sum) | if BIASED { *bias_256 } else { 0 }
    });
    any == 0
}

/// A population of plain compartments.
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    /// Whether any bias can be other than zero.
    pub biased: bool,
    /// Whether every voltage is in `[−SMALL, SMALL)`.
    pub small_v: bool,
    /// Whether no other compartment of the core comes after them.
    pub last: bool,
    /// Their parameters.
    pub profile: Profile,
}

impl Lanes {
    /// Advances compartments `range` of a core by one step.
    #[inline(always)]
    pub fn advance<const WIDE: bool>(
        &self,
        range: Range<usize>,
        all: &mut Compartments<'_>,
        events: &mut Events<'_, '_>,
    ) {
        let profile = &self.profile;
        let events = events.reborrow();
        // Voltages that are not small need a check, too, where one step in a hurry relies on small ones.
        let (lowest, highest) = if WIDE { (i32::MIN, i32::MAX) } else { (-SMALL, SMALL - 1) };
        let unchecked_min = profile.v_min.max(lowest);
        let scale = if WIDE { 0 } else { 12 };
        let kernel = Kernel {
            keep_u: 4096_i32.wrapping_sub(profile.decay_u).wrapping_shl(scale),
            keep_v: 4096_i32.wrapping_sub(profile.decay_v).wrapping_shl(scale),
            unchecked_min,
            unchecked_span: profile.v_th.min(profile.v_max).min(highest).wrapping_sub(unchecked_min).cast_unsigned(),
        };
        let fires_above = if profile.v_max > profile.v_th { profile.v_th } else { i32::MAX };
        let mut run = Run { kernel, fires_above, profile: *profile, refractory: all.refractory, events, at: 0 };
        let sums = all.sums_64.as_chunks_mut::<LANES>().0;
        if self.biased {
            run.advance::<WIDE, true>(self, range, all.blocks, sums);
        } else {
            run.advance::<WIDE, false>(self, range, all.blocks, sums);
        }
    }
}

/// Parameters in the form that the loop uses.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    /// `4096 − decay`, and `<< 12` where registers are not wide.
    keep_u: i32,
    keep_v: i32,
    unchecked_min: i32,
    /// A voltage whose distance from `unchecked_min` is not larger needs no second look.
    unchecked_span: u32,
}

impl Kernel {
    /// Advances one compartment, before clip and threshold; whether its voltage needs them.
    #[inline(always)]
    fn advance<const WIDE: bool, const BIASED: bool, const SMALL_V: bool>(
        &self,
        u_256: &mut i32,
        v: &mut i32,
        bias_256: i32,
        sum: i16,
    ) -> bool {
        let u = if WIDE {
            retain_split(*u_256 >> 8, self.keep_u).wrapping_add(i32::from(sum).wrapping_shl(6))
        } else {
            retain_and_add(*u_256, self.keep_u, sum)
        };
        *u_256 = u.wrapping_shl(8);
        let drive = if BIASED { u_256.wrapping_add(bias_256) } else { *u_256 } >> 8;
        let kept = if WIDE {
            retain_split(*v, self.keep_v)
        } else if SMALL_V {
            retain_small(v.wrapping_shl(8), self.keep_v)
        } else {
            retain_scaled(v.wrapping_shl(8), self.keep_v)
        };
        // Both terms have 23 bits and sign, so the sum cannot overflow.
        *v = kept.wrapping_add(drive);
        self.needs_check(*v)
    }

    /// Whether a voltage is above the threshold, beyond a clip or not small.
    #[inline(always)]
    fn needs_check(&self, v: i32) -> bool {
        v.wrapping_sub(self.unchecked_min).cast_unsigned() > self.unchecked_span
    }
}

/// A population on its way through a step.
struct Run<'g, 's, 'a> {
    kernel: Kernel,
    /// The threshold, or what no voltage exceeds if it cannot be exceeded.
    fires_above: i32,
    profile: Profile,
    refractory: &'g mut [u8],
    events: Events<'s, 'a>,
    /// First compartment of the block under way.
    at: usize,
}

impl Run<'_, '_, '_> {
    /// Whole blocks at once; what the population has of the first and the last block, lane by lane.
    #[inline(always)]
    fn advance<const WIDE: bool, const BIASED: bool>(
        &mut self,
        lanes: &Lanes,
        range: Range<usize>,
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
    ) {
        let first = range.start.div_ceil(LANES);
        // Nobody's lanes are zero and stay so: there is no bias, no input, and 0 is never above the threshold.
        let end = if lanes.last { range.end.div_ceil(LANES) } else { range.end / LANES };
        // The population may lie in the middle of one block: then the head is all of it.
        let head_end = first.wrapping_mul(LANES).min(range.end);
        if range.start < head_end {
            self.advance_some::<WIDE, BIASED>(blocks, sums, range.start..head_end);
        }
        self.at = first.wrapping_mul(LANES);
        if let (Some(blocks), Some(sums)) = (blocks.get_mut(first..end), sums.get_mut(first..end)) {
            if WIDE {
                self.advance_wide::<BIASED>(blocks, sums);
            } else if lanes.small_v {
                Self::advance_narrow::<BIASED, true>(blocks, sums, self);
            } else {
                Self::advance_narrow::<BIASED, false>(blocks, sums, self);
            }
        }
        let tail = end.wrapping_mul(LANES).max(head_end)..range.end;
        if tail.start < tail.end {
            self.advance_some::<WIDE, BIASED>(blocks, sums, tail);
        }
    }

    /// Advances whole blocks on processors with wide registers; passes over those at rest.
    ///
    /// To look whether a block is at rest takes a fifth of what it takes to advance it. So after one that is not, the next ones
    /// are advanced without a look: a network at rest is cheap, and one that is busy pays a sixtieth.
    #[inline(always)]
    fn advance_wide<const BIASED: bool>(&mut self, mut blocks: &mut [Block], mut sums: &mut [[i16; LANES]]) {
        while let (Some(block), Some(block_sums)) = (blocks.first(), sums.first()) {
            let at_rest = is_at_rest::<BIASED>(block, block_sums);
            let count = if at_rest { 1 } else { UNSEEN_BLOCKS.min(blocks.len()).min(sums.len()) };
            let parted =
                (mem::take(&mut blocks).split_at_mut_checked(count), mem::take(&mut sums).split_at_mut_checked(count));
            let (Some((own, other_blocks)), Some((own_sums, other_sums))) = parted else { return };
            if at_rest {
                self.at = self.at.wrapping_add(LANES);
            } else {
                self.advance_run::<BIASED>(own, own_sums);
            }
            (blocks, sums) = (other_blocks, other_sums);
        }
    }

    /// Advances blocks with no branch per lane, all lanes alike.
    #[inline(always)]
    fn advance_run<const BIASED: bool>(&mut self, blocks: &mut [Block], sums: &mut [[i16; LANES]]) {
        for (block, sums) in blocks.iter_mut().zip(sums) {
            let [currents, voltages, biases] = block;
            let mut needs_check = false;
            for (((u_256, v), bias_256), sum) in currents.iter_mut().zip(&mut *voltages).zip(biases).zip(&*sums) {
                needs_check |= self.kernel.advance::<true, BIASED, false>(u_256, v, *bias_256, *sum);
            }
            *sums = [0; LANES];
            if needs_check {
                self.settle_block(voltages);
            }
            self.at = self.at.wrapping_add(LANES);
        }
    }

    /// Advances whole blocks lane after lane. What only rare lanes need comes last, where no register is spent on it.
    // Not inlined: with nothing else to remember, what the lanes share stays close. The lanes are written out, since
    // the compiler leaves the loop rolled on some targets. Blocks without input are not told apart: to look for them
    // costs as much as it saves.
    #[inline(never)]
    fn advance_narrow<const BIASED: bool, const SMALL_V: bool>(
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
        run: &mut Self,
    ) {
        let kernel = run.kernel;
        // Counting down, since the loop does that anyway.
        let mut left = blocks.len().min(sums.len());
        let end = run.at.wrapping_add(left.wrapping_mul(LANES));
        for ([currents, voltages, biases], sums) in blocks.iter_mut().zip(sums) {
            macro_rules! lanes {
                ($($at:literal)*) => {$(
                    let (u_256, v) = (&mut currents[$at], &mut voltages[$at]);
                    if kernel.advance::<false, BIASED, SMALL_V>(u_256, v, biases[$at], sums[$at]) {
                        run.at = end.wrapping_sub(left.wrapping_mul(LANES));
                        run.settle($at, v);
                    }
                )*};
            }
            lanes!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
            *sums = [0; LANES];
            left = left.wrapping_sub(1);
        }
    }

    /// Advances some compartments of the core, lane by lane.
    #[inline(never)]
    fn advance_some<const WIDE: bool, const BIASED: bool>(
        &mut self,
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
        compartments: Range<usize>,
    ) {
        for at in compartments {
            let block = blocks.get_mut(at / LANES).zip(sums.get_mut(at / LANES));
            let Some(([currents, voltages, biases], sums)) = block else { return };
            let lane = at % LANES;
            let registers = currents.iter_mut().zip(voltages).zip(biases).zip(sums).nth(lane);
            let Some((((u_256, v), bias_256), sum)) = registers else { return };
            self.at = at.wrapping_sub(lane);
            if self.kernel.advance::<WIDE, BIASED, false>(u_256, v, *bias_256, *sum) {
                self.settle(lane, v);
            }
            *sum = 0;
        }
    }

    /// Settles the lanes of the block under way that need it.
    // Inlined, so that it is compiled for the same registers.
    #[inline(always)]
    fn settle_block(&mut self, voltages: &mut [i32; LANES]) {
        let lanes = voltages.iter().enumerate();
        let mut left = lanes.fold(0, |mask, (lane, v)| mask | u32::from(self.kernel.needs_check(*v)) << lane);
        while left != 0 {
            let lane = index(left.trailing_zeros());
            left &= left.wrapping_sub(1);
            if let Some(v) = voltages.get_mut(lane) {
                self.settle(lane, v);
            }
        }
    }

    /// Clips the voltage of a lane of the block under way, and fires if it is above the threshold.
    #[cold]
    #[inline(never)]
    fn settle(&mut self, lane: usize, v: &mut i32) {
        let at = self.at.wrapping_add(lane);
        // What lies below the lower clip is below any threshold.
        if *v > self.fires_above
            && let Some(refractory) = self.refractory.get_mut(at)
            && *refractory <= 1
        {
            *v = 0;
            return self.events.fire(at, refractory, self.profile.refractory);
        }
        *v = (*v).max(self.profile.v_min).min(self.profile.v_max);
        if !(-SMALL..SMALL).contains(v) {
            *self.events.large_v = true;
        }
    }
}
