//! Current, voltage, bias, threshold and refractory period of a run of compartments with equal parameters.
//!
//! Per step, with `tz` = decay toward zero and `wrap_b` = wrap to b bits and sign:
//! `u = wrap_23(tz(u, decay_u) + wrap_21(q))`, `v = clip(tz(v, decay_v) + wrap_23(u + bias), v_min, v_max)`, 0 while
//! refractory; above `v_th` the compartment fires and `v = 0`.

use crate::arena::Stack;
use crate::image::GroupRecord;
use crate::num::retain_scaled;

/// Current and voltage of a compartment, side by side as the loop needs them.
///
/// The current is shifted left by 8: its 32-bit overflow is the chip's wrap at 23 bits and sign.
pub type Cell = [i32; 2];

/// The registers of a group, all of one length.
#[derive(Debug)]
pub struct Compartments<'a> {
    /// Current (shifted left by 8) and voltage.
    pub cells: &'a mut [Cell],
    /// Biases, shifted left by 8; empty if the chip has none.
    pub bias_256: &'a [i32],
    /// Steps for which the compartment stays refractory.
    pub refractory: &'a mut [u8],
    /// Synaptic sums of this step in units of 64; left at zero.
    pub sums_64: &'a mut [i16],
}

/// Where a step reports what happened.
#[derive(Debug)]
pub struct Events<'s, 'a> {
    /// Compartments that fired in this step, ascending.
    pub spikes: &'s mut Stack<'a, u32>,
    /// Compartments that are refractory after this step.
    pub resting: &'s mut Stack<'a, u32>,
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
    /// Number of the group's first compartment on the chip.
    first: u32,
}

/// Advances a group by one step. `first` is the number of its first compartment on the chip.
///
/// Refractory compartments are brought to zero afterwards by [`rest`].
#[inline]
pub fn update(group: &GroupRecord, first: u32, compartments: &mut Compartments<'_>, events: &mut Events<'_, '_>) {
    let kernel = Kernel {
        keep_u: 4096_i32.wrapping_sub(group.decay_u).wrapping_shl(12),
        keep_v: 4096_i32.wrapping_sub(group.decay_v).wrapping_shl(12),
        v_min: group.v_min,
        quiet_span: group.v_th.min(group.v_max).wrapping_sub(group.v_min).cast_unsigned(),
        group: *group,
        first,
    };
    if compartments.bias_256.is_empty() {
        kernel.run::<false>(compartments, events);
    } else {
        kernel.run::<true>(compartments, events);
    }
}

/// Compartments that are looked at together, so that one check tells that none of them has input.
const LANES: usize = 8;

impl Kernel {
    #[inline(never)]
    fn run<const BIASED: bool>(&self, compartments: &mut Compartments<'_>, events: &mut Events<'_, '_>) {
        let (cells, cells_rest) = compartments.cells.as_chunks_mut::<LANES>();
        let (sums, sums_rest) = compartments.sums_64.as_chunks_mut::<LANES>();
        let (biases, biases_rest) = compartments.bias_256.as_chunks::<LANES>();
        let mut group = Group { kernel: self, refractory: compartments.refractory, events, at: 0 };
        let mut biases = biases.iter();
        for (cells, sums) in cells.iter_mut().zip(sums) {
            let bias = if BIASED { biases.next().unwrap_or(&[0; LANES]) } else { &[0; LANES] };
            if is_silent(sums) {
                group.advance::<BIASED, false>(cells, sums, bias);
            } else {
                group.advance::<BIASED, true>(cells, sums, bias);
            }
            group.at = group.at.wrapping_add(LANES);
        }
        let bias = if BIASED { biases_rest } else { &[0; LANES] };
        group.advance::<BIASED, true>(cells_rest, sums_rest, bias);
    }

    /// Current and voltage of one compartment, before clip and threshold.
    #[inline(always)]
    fn advance<const BIASED: bool, const INPUT: bool>(&self, [u_256, v]: &mut Cell, sum: &mut i16, bias_256: i32) {
        *u_256 = retain_scaled(*u_256, self.keep_u).wrapping_shl(8);
        if INPUT {
            *u_256 = u_256.wrapping_add(i32::from(*sum).wrapping_shl(14));
            *sum = 0;
        }
        let drive = if BIASED { u_256.wrapping_add(bias_256) } else { *u_256 };
        // Both terms have 23 bits and sign, so the sum cannot overflow.
        *v = retain_scaled(v.wrapping_shl(8), self.keep_v).wrapping_add(drive >> 8);
    }

}

/// Whether no compartment of them has input; compares words instead of calling a library function.
#[inline(always)]
fn is_silent(sums: &[i16; LANES]) -> bool {
    sums.as_chunks::<4>().0.iter().all(|quarter| *quarter == [0; 4])
}

/// A group on its way through a step.
struct Group<'g, 's, 'a> {
    kernel: &'g Kernel,
    refractory: &'g mut [u8],
    events: &'g mut Events<'s, 'a>,
    /// Compartments that are done.
    at: usize,
}

impl Group<'_, '_, '_> {
    /// Advances the next compartments.
    #[inline(always)]
    fn advance<const BIASED: bool, const INPUT: bool>(&mut self, cells: &mut [Cell], sums: &mut [i16], biases: &[i32]) {
        let kernel = *self.kernel;
        for (((cell, sum), bias), lane) in cells.iter_mut().zip(sums).zip(biases).zip(0_usize..) {
            kernel.advance::<BIASED, INPUT>(cell, sum, *bias);
            if cell[1].wrapping_sub(kernel.v_min).cast_unsigned() > kernel.quiet_span {
                self.settle(lane, &mut cell[1]);
            }
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
        let number = self.kernel.first.wrapping_add(u32::try_from(at).unwrap_or(u32::MAX));
        self.events.spikes.push(number);
        let rest = u8::try_from(group.refractory.wrapping_sub(1)).unwrap_or(0);
        if rest > 0 {
            // Counts this step too: [`rest`] brings it to `rest` for the next one.
            *refractory = rest.wrapping_add(1);
            self.events.resting.push(number);
        }
    }
}

/// Holds refractory compartments at zero and counts their steps down; to be called once per step, after the updates.
///
/// `cells` and `refractory` are those of the whole chip.
#[inline]
pub fn rest(resting: &mut Stack<'_, u32>, cells: &mut [Cell], refractory: &mut [u8]) {
    resting.retain(|number| {
        let at = crate::image::index(number);
        let (Some([_, v]), Some(steps)) = (cells.get_mut(at), refractory.get_mut(at)) else { return false };
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
            let bias_256: Vec<i32> = if biased { std::vec![bias << 8] } else { Vec::new() };
            let (mut cells, mut refractory) = ([[0, 0]], [0_u8]);
            let (mut spikes, mut resting) = ([0_u32; 1], [0_u32; 1]);
            let mut spikes = Stack::with_len(&mut spikes, 0);
            let mut resting = Stack::with_len(&mut resting, 0);
            let mut expected = Obvious::default();
            for (t, q) in q.into_iter().enumerate() {
                let mut sums = [q];
                let mut registers = Compartments {
                    cells: &mut cells, bias_256: &bias_256, refractory: &mut refractory, sums_64: &mut sums,
                };
                spikes.clear();
                update(&p, 0, &mut registers, &mut Events { spikes: &mut spikes, resting: &mut resting });
                rest(&mut resting, &mut cells, &mut refractory);
                let fired = expected.step(&p, bias, i32::from(q) * 64);
                prop_assert_eq!(spikes.len(), usize::from(fired), "spike, step {}", t);
                prop_assert_eq!(cells[0][0] >> 8, expected.u, "u, step {}", t);
                prop_assert_eq!(cells[0][1], expected.v, "v, step {}", t);
                prop_assert_eq!(i32::from(refractory[0]), expected.refractory, "refractory, step {}", t);
            }
        }
    }
}
