//! Current, voltage, bias, threshold and refractory period of a run of compartments with equal parameters.
//!
//! Per step, with `tz` = decay toward zero and `wrap_b` = wrap to b bits and sign:
//! `u = wrap_23(tz(u, decay_u) + wrap_21(q))`, `v = clip(tz(v, decay_v) + wrap_23(u + bias), v_min, v_max)`, 0 while
//! refractory; above `v_th` the compartment fires and `v = 0`.

use crate::arena::Stack;
use crate::image::GroupRecord;
use crate::num::retain_scaled;
use core::ops::Range;

/// Compartments that are advanced together.
pub const LANES: usize = 8;

/// The registers of eight consecutive compartments of a core: currents, voltages, biases.
///
/// Together in one place, so that a step needs one address for all of them, and eight lanes of each for processors
/// that have wide registers. Currents and biases are shifted left by 8: their 32-bit overflow is the chip's wrap at
/// 23 bits and sign. The lanes after a core's last compartment stay at zero.
pub type Block = [[i32; LANES]; 3];

/// The registers of a core.
#[derive(Debug)]
pub struct Compartments<'a> {
    /// Currents, voltages and biases.
    pub blocks: &'a mut [Block],
    /// Steps for which each compartment stays refractory.
    pub refractory: &'a mut [u8],
    /// Synaptic sums of this step in units of 64; those of the blocks are left at zero.
    pub sums_64: &'a mut [i16],
}

/// Where a step reports what happened.
#[derive(Debug)]
pub struct Events<'s, 'a> {
    /// Compartments that fired in this step, ascending.
    pub spikes: &'s mut Stack<'a, u32>,
    /// Places of the compartments that are refractory after this step: block · [`LANES`] + lane, over all cores.
    pub resting: &'s mut Stack<'a, u32>,
    /// Number of the core's first compartment on the chip.
    pub compartment_first: u32,
    /// Place of the core's first compartment.
    pub place_first: u32,
}

/// Advances a group by one step: its compartments are those of the core from `from` on. `biased`: whether any bias
/// can be other than zero.
///
/// Refractory compartments are brought to zero afterwards by [`rest`].
#[inline]
pub fn update(
    group: &GroupRecord,
    biased: bool,
    from: usize,
    compartments: &mut Compartments<'_>,
    events: &mut Events<'_, '_>,
) {
    let kernel = Kernel {
        keep_u: 4096_i32.wrapping_sub(group.decay_u).wrapping_shl(12),
        keep_v: 4096_i32.wrapping_sub(group.decay_v).wrapping_shl(12),
        v_min: group.v_min,
        quiet_span: group.v_th.min(group.v_max).wrapping_sub(group.v_min).cast_unsigned(),
        group: *group,
    };
    let to = from.wrapping_add(group.compartments);
    if biased {
        kernel.run::<true>(from, to, compartments, events);
    } else {
        kernel.run::<false>(from, to, compartments, events);
    }
}

/// Parameters of a group in the form that the loop uses.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    keep_u: i32,
    keep_v: i32,
    v_min: i32,
    /// `min(v_th, v_max) − v_min`: a voltage whose distance from `v_min` is not larger needs no second look.
    quiet_span: u32,
    group: GroupRecord,
}

impl Kernel {
    /// Whole blocks at once; what the group has of the first and the last block, lane by lane.
    fn run<const BIASED: bool>(&self, from: usize, to: usize, all: &mut Compartments<'_>, events: &mut Events<'_, '_>) {
        let sums = all.sums_64.as_chunks_mut::<LANES>().0;
        let (first, end) = (from.div_ceil(LANES), to / LANES);
        let mut core = Core { kernel: *self, refractory: all.refractory, events, at: 0 };
        // The group may lie in the middle of one block: then the head is all of it.
        let head_end = first.wrapping_mul(LANES).min(to);
        core.advance_some::<BIASED>(all.blocks, sums, from..head_end);
        core.at = head_end;
        if let (Some(blocks), Some(sums)) = (all.blocks.get_mut(first..end), sums.get_mut(first..end)) {
            core.advance_blocks::<BIASED>(blocks, sums);
        }
        core.advance_some::<BIASED>(all.blocks, sums, end.wrapping_mul(LANES).max(head_end)..to);
    }

    /// Current and voltage of one compartment, before clip and threshold.
    #[inline(always)]
    fn advance<const BIASED: bool, const INPUT: bool>(&self, u_256: &mut i32, v: &mut i32, bias_256: i32, sum: i16) {
        *u_256 = retain_scaled(*u_256, self.keep_u).wrapping_shl(8);
        if INPUT {
            *u_256 = u_256.wrapping_add(i32::from(sum).wrapping_shl(14));
        }
        let drive = if BIASED { u_256.wrapping_add(bias_256) } else { *u_256 };
        // Both terms have 23 bits and sign, so the sum cannot overflow.
        *v = retain_scaled(v.wrapping_shl(8), self.keep_v).wrapping_add(drive >> 8);
    }
}

/// A core on its way through a step.
struct Core<'g, 's, 'a> {
    kernel: Kernel,
    refractory: &'g mut [u8],
    events: &'g mut Events<'s, 'a>,
    /// First compartment of the block under way.
    at: usize,
}

impl Core<'_, '_, '_> {
    /// Advances whole blocks.
    fn advance_blocks<const BIASED: bool>(&mut self, blocks: &mut [Block], sums: &mut [[i16; LANES]]) {
        for (block, sums) in blocks.iter_mut().zip(sums) {
            if is_silent(sums) {
                self.advance_silent::<BIASED>(block);
            } else {
                self.advance_block::<BIASED>(block, sums);
            }
            self.at = self.at.wrapping_add(LANES);
        }
    }

    /// Advances a whole block that has no input.
    // Not inlined, as the next one: with nothing else to remember, all that the lanes share stays in registers. The
    // lanes are written out, since the compiler leaves the loop rolled on some targets.
    #[inline(never)]
    fn advance_silent<const BIASED: bool>(&mut self, [currents, voltages, biases]: &mut Block) {
        macro_rules! lanes {
            ($($at:literal)*) => {
                $(self.advance::<BIASED, false>($at, &mut currents[$at], &mut voltages[$at], biases[$at], 0);)*
            };
        }
        lanes!(0 1 2 3 4 5 6 7);
    }

    /// Advances a whole block.
    #[inline(never)]
    fn advance_block<const BIASED: bool>(&mut self, [currents, voltages, biases]: &mut Block, sums: &mut [i16; LANES]) {
        macro_rules! lanes {
            ($($at:literal)*) => {
                $(self.advance::<BIASED, true>($at, &mut currents[$at], &mut voltages[$at], biases[$at], sums[$at]);)*
            };
        }
        lanes!(0 1 2 3 4 5 6 7);
        *sums = [0; LANES];
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
            let lane = at % LANES;
            let registers = currents.iter_mut().zip(voltages).zip(biases).zip(sums).nth(lane);
            let Some((((u_256, v), bias_256), sum)) = registers else { return };
            self.at = at.wrapping_sub(lane);
            self.advance::<BIASED, true>(lane, u_256, v, *bias_256, *sum);
            *sum = 0;
        }
    }

    #[inline(always)]
    fn advance<const BIASED: bool, const INPUT: bool>(
        &mut self,
        lane: usize,
        u_256: &mut i32,
        v: &mut i32,
        bias_256: i32,
        sum: i16,
    ) {
        self.kernel.advance::<BIASED, INPUT>(u_256, v, bias_256, sum);
        if v.wrapping_sub(self.kernel.v_min).cast_unsigned() > self.kernel.quiet_span {
            self.settle(lane, v);
        }
    }

    /// Clips a voltage that left the quiet span, and fires if it is above the threshold.
    #[cold]
    #[inline(never)]
    fn settle(&mut self, lane: usize, v: &mut i32) {
        let group = &self.kernel.group;
        let at = self.at.wrapping_add(lane);
        *v = (*v).max(group.v_min).min(group.v_max);
        let Some(refractory) = self.refractory.get_mut(at) else { return };
        if *v <= group.v_th || *refractory > 0 {
            return;
        }
        *v = 0;
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.events.spikes.push(self.events.compartment_first.wrapping_add(at));
        let rest = u8::try_from(group.refractory.wrapping_sub(1)).unwrap_or(0);
        if rest > 0 {
            // Counts this step too: [`rest`] brings it to `rest` for the next one.
            *refractory = rest.wrapping_add(1);
            self.events.resting.push(self.events.place_first.wrapping_add(at));
        }
    }
}

/// Whether no compartment of them has input; compares words instead of calling a library function.
#[inline(always)]
fn is_silent(sums: &[i16; LANES]) -> bool {
    sums.as_chunks::<4>().0.iter().all(|half| *half == [0; 4])
}

/// Holds refractory compartments at zero and counts their steps down; to be called once per step, after the updates.
///
/// `blocks` and `refractory` are those of the whole chip.
#[inline]
pub fn rest(resting: &mut Stack<'_, u32>, blocks: &mut [Block], refractory: &mut [u8]) {
    resting.retain(|place| {
        let at = crate::image::index(place);
        let block = blocks.get_mut(at / LANES);
        let v = block.and_then(|[_, voltages, _]| voltages.get_mut(at % LANES));
        let (Some(v), Some(steps)) = (v, refractory.get_mut(at)) else { return false };
        *v = 0;
        *steps = steps.saturating_sub(1);
        *steps > 0
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::{Decay, decay_toward_zero, wrap_signed};
    use proptest::prelude::*;
    use std::vec::Vec;

    /// One compartment, written as the equations are.
    #[derive(Clone, Copy, Default)]
    struct Obvious {
        u: i32,
        v: i32,
        refractory: i32,
    }

    impl Obvious {
        fn step(&mut self, p: &GroupRecord, bias: i32, q: i32) -> bool {
            let q = wrap_signed(q, 21);
            self.u = wrap_signed(decay_toward_zero(self.u, Decay::new(p.decay_u).unwrap()) + q, 23);
            let drive = wrap_signed(self.u + bias, 23);
            let v = decay_toward_zero(self.v, Decay::new(p.decay_v).unwrap()) + drive;
            self.v = v.max(p.v_min).min(p.v_max);
            if self.refractory > 0 {
                self.v = 0;
            }
            let fired = self.v > p.v_th;
            if fired {
                self.v = 0;
                self.refractory = p.refractory;
            }
            self.refractory = (self.refractory - 1).max(0);
            fired
        }
    }

    fn group() -> impl Strategy<Value = GroupRecord> {
        (0..=4096_i32, 0..=4096_i32, 0..3000_i32, 0..=23_u32, 0..=7_u32, 1..=64_i32).prop_map(
            |(decay_u, decay_v, v_th_mantissa, low, high, refractory)| GroupRecord {
                compartments: 1,
                decay_u,
                decay_v,
                v_th: v_th_mantissa << 6,
                v_min: 1 - (1 << low),
                v_max: (1 << (9 + 2 * high)) - 1,
                refractory,
            },
        )
    }

    proptest! {
        #[test]
        fn kernel_follows_the_equations(
            p in group(),
            bias in -524_160..=524_160_i32,
            biased: bool,
            q in proptest::collection::vec(any::<i16>(), 1..80),
        ) {
            let bias = if biased { bias } else { 0 };
            // Of three blocks, the group has the last two lanes of the first and the first lane of the last.
            let p = GroupRecord { compartments: 11, ..p };
            let (from, to) = (6, 17);
            let mut blocks = [[[0; LANES], [0; LANES], [bias << 8; LANES]]; 3];
            let mut refractory = [0_u8; 3 * LANES];
            let (mut spikes, mut resting) = ([0_u32; 24], [0_u32; 24]);
            let mut spikes = Stack::with_len(&mut spikes, 0);
            let mut resting = Stack::with_len(&mut resting, 0);
            let mut expected = Obvious::default();
            for (t, q) in q.into_iter().enumerate() {
                let mut sums = [q; 3 * LANES];
                let mut registers =
                    Compartments { blocks: &mut blocks, refractory: &mut refractory, sums_64: &mut sums };
                spikes.clear();
                let mut events =
                    Events { spikes: &mut spikes, resting: &mut resting, compartment_first: 100, place_first: 0 };
                update(&p, biased, from, &mut registers, &mut events);
                rest(&mut resting, &mut blocks, &mut refractory);
                let fired = expected.step(&p, bias, i32::from(q) * 64);
                let all: Vec<u32> = (106..117).filter(|_| fired).collect();
                prop_assert_eq!(spikes.as_slice(), all, "spikes, step {}", t);
                for i in 0..3 * LANES {
                    let got = (blocks[i / LANES][0][i % LANES] >> 8, blocks[i / LANES][1][i % LANES], refractory[i]);
                    let inside = (expected.u, expected.v, u8::try_from(expected.refractory).unwrap());
                    let expected = if (from..to).contains(&i) { inside } else { (0, 0, 0) };
                    prop_assert_eq!(got, expected, "u, v, refractory of {}, step {}", i, t);
                }
            }
        }
    }
}
