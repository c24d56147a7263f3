//! The plain compartment, many at a time: equal parameters, no noise, no tree, no homeostasis.

use super::{Block, Compartments, Events, LANES};
use crate::image::Profile;
use crate::num::retain_scaled;
use core::ops::Range;

/// Whether the processor has registers that hold several lanes. Both ways of computing give the same bits.
pub const WIDE: bool = cfg!(any(target_feature = "sse2", target_feature = "neon", target_feature = "simd128"));

/// A population of plain compartments.
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    /// Whether any bias can be other than zero.
    pub biased: bool,
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
        let kernel = Kernel {
            keep_u: 4096_i32.wrapping_sub(profile.decay_u).wrapping_shl(12),
            keep_v: 4096_i32.wrapping_sub(profile.decay_v).wrapping_shl(12),
            v_min: profile.v_min,
            quiet_span: profile.v_th.min(profile.v_max).wrapping_sub(profile.v_min).cast_unsigned(),
        };
        let mut run = Run { kernel, profile, refractory: all.refractory, events };
        let sums = all.sums_64.as_chunks_mut::<LANES>().0;
        if self.biased {
            run.advance::<WIDE, true>(range, self.last, all.blocks, sums);
        } else {
            run.advance::<WIDE, false>(range, self.last, all.blocks, sums);
        }
    }
}

/// Parameters in the form that the loop uses.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    keep_u: i32,
    keep_v: i32,
    v_min: i32,
    /// `min(v_th, v_max) − v_min`: a voltage whose distance from `v_min` is not larger needs no second look.
    quiet_span: u32,
}

impl Kernel {
    /// Advances one compartment, before clip and threshold; whether its voltage needs them.
    #[inline(always)]
    fn advance<const BIASED: bool, const FED: bool>(
        &self,
        u_256: &mut i32,
        v: &mut i32,
        bias_256: i32,
        sum: i16,
    ) -> bool {
        let kept = retain_scaled(*u_256, self.keep_u);
        *u_256 = kept.wrapping_shl(8);
        if FED {
            *u_256 = u_256.wrapping_add(i32::from(sum).wrapping_shl(14));
        }
        let drive = match (BIASED, FED) {
            (true, _) => u_256.wrapping_add(bias_256) >> 8,
            (false, true) => *u_256 >> 8,
            (false, false) => kept,
        };
        // Both terms have 23 bits and sign, so the sum cannot overflow.
        *v = retain_scaled(v.wrapping_shl(8), self.keep_v).wrapping_add(drive);
        self.is_loud(*v)
    }

    /// Whether a voltage is above the threshold or beyond a clip.
    #[inline(always)]
    fn is_loud(&self, v: i32) -> bool {
        v.wrapping_sub(self.v_min).cast_unsigned() > self.quiet_span
    }

    /// Advances a block for processors with wide registers: no branch, all lanes alike.
    #[inline(always)]
    fn advance_wide<const BIASED: bool>(
        &self,
        [currents, voltages, biases]: &mut Block,
        sums: &mut [i16; LANES],
    ) -> bool {
        let mut loud = false;
        for (((u_256, v), bias_256), sum) in currents.iter_mut().zip(voltages).zip(biases).zip(&*sums) {
            loud |= self.advance::<BIASED, true>(u_256, v, *bias_256, *sum);
        }
        *sums = [0; LANES];
        loud
    }

    /// Advances a block lane after lane.
    // The lanes are written out, since the compiler leaves the loop rolled on some targets.
    #[inline(always)]
    fn advance_narrow<const BIASED: bool, const FED: bool>(
        &self,
        [currents, voltages, biases]: &mut Block,
        sums: &[i16; LANES],
    ) -> bool {
        let mut loud = false;
        macro_rules! lanes {
            ($($at:literal)*) => {
                $(if self.advance::<BIASED, FED>(&mut currents[$at], &mut voltages[$at], biases[$at], sums[$at]) {
                    raise(&mut loud);
                })*
            };
        }
        lanes!(0 1 2 3 4 5 6 7);
        loud
    }
}

/// Sets a flag, far from the loop: the loop then pays a jump that is not taken, and no arithmetic.
#[cold]
#[inline(never)]
fn raise(flag: &mut bool) {
    *flag = true;
}

/// A population on its way through a step.
struct Run<'g, 's, 'a> {
    kernel: Kernel,
    profile: &'g Profile,
    refractory: &'g mut [u8],
    events: &'g mut Events<'s, 'a>,
}

impl Run<'_, '_, '_> {
    /// Whole blocks at once; what the population has of the first and the last block, lane by lane.
    #[inline(always)]
    fn advance<const WIDE: bool, const BIASED: bool>(
        &mut self,
        range: Range<usize>,
        last: bool,
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
    ) {
        let first = range.start.div_ceil(LANES);
        // Nobody's lanes are zero and stay so: there is no bias, no input, and 0 is never above the threshold.
        let end = if last { range.end.div_ceil(LANES) } else { range.end / LANES };
        // The population may lie in the middle of one block: then the head is all of it.
        let head_end = first.wrapping_mul(LANES).min(range.end);
        if range.start < head_end {
            self.advance_some::<BIASED>(blocks, sums, range.start..head_end);
        }
        if let (Some(blocks), Some(sums)) = (blocks.get_mut(first..end), sums.get_mut(first..end)) {
            self.advance_blocks::<WIDE, BIASED>(first.wrapping_mul(LANES), blocks, sums);
        }
        let tail = end.wrapping_mul(LANES).max(head_end)..range.end;
        if tail.start < tail.end {
            self.advance_some::<BIASED>(blocks, sums, tail);
        }
    }

    /// Advances whole blocks, the first of which begins with compartment `at`.
    #[inline(always)]
    fn advance_blocks<const WIDE: bool, const BIASED: bool>(
        &mut self,
        mut at: usize,
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
    ) {
        let kernel = self.kernel;
        for (block, sums) in blocks.iter_mut().zip(sums) {
            let loud = if WIDE {
                kernel.advance_wide::<BIASED>(block, sums)
            } else if is_silent(sums) {
                kernel.advance_narrow::<BIASED, false>(block, sums)
            } else {
                let loud = kernel.advance_narrow::<BIASED, true>(block, sums);
                *sums = [0; LANES];
                loud
            };
            if loud {
                self.settle_block(at, block);
            }
            at = at.wrapping_add(LANES);
        }
    }

    /// Advances some compartments of the core, lane by lane.
    #[inline(never)]
    fn advance_some<const BIASED: bool>(
        &mut self,
        blocks: &mut [Block],
        sums: &mut [[i16; LANES]],
        compartments: Range<usize>,
    ) {
        for at in compartments {
            let block = blocks.get_mut(at / LANES).zip(sums.get_mut(at / LANES));
            let Some(([currents, voltages, biases], sums)) = block else { return };
            let registers = currents.iter_mut().zip(voltages).zip(biases).zip(sums).nth(at % LANES);
            let Some((((u_256, v), bias_256), sum)) = registers else { return };
            if self.kernel.advance::<BIASED, true>(u_256, v, *bias_256, *sum) {
                self.settle(at, v);
            }
            *sum = 0;
        }
    }

    /// Settles the lanes of a block of which at least one needs it.
    #[cold]
    #[inline(never)]
    fn settle_block(&mut self, at: usize, [_, voltages, _]: &mut Block) {
        for (lane, v) in voltages.iter_mut().enumerate() {
            if self.kernel.is_loud(*v) {
                self.settle(at.wrapping_add(lane), v);
            }
        }
    }

    /// Clips the voltage of a compartment, and fires if it is above the threshold.
    #[inline(always)]
    fn settle(&mut self, at: usize, v: &mut i32) {
        *v = (*v).max(self.profile.v_min).min(self.profile.v_max);
        let Some(refractory) = self.refractory.get_mut(at) else { return };
        if *v > self.profile.v_th && *refractory <= 1 {
            *v = 0;
            self.events.fire(at, refractory, self.profile.refractory);
        }
    }
}

/// Whether no compartment of them has input; compares words instead of calling a library function.
#[inline(always)]
fn is_silent(sums: &[i16; LANES]) -> bool {
    sums.as_chunks::<4>().0.iter().all(|half| *half == [0; 4])
}
