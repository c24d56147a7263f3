//! Current, voltage, bias, threshold and refractory period of the compartments of a core.
//!
//! Per step, with `tz` = decay toward zero and `wrap_b` = wrap to b bits and sign:
//! `u = wrap_23(tz(u, decay_u) + wrap_21(q))`, `v = clip(tz(v, decay_v) + wrap_23(u + bias), v_min, v_max)`, 0 while
//! refractory; above `v_th` the compartment fires and `v = 0`.
//!
//! [`lanes`] does that for many compartments with equal parameters; [`general`] takes one compartment at a time and
//! knows noise, dendritic trees ([`tree`]) and homeostasis besides; [`neurons`] knows noise and trees, for many neurons.

pub mod general;
pub mod lanes;
pub mod neurons;
pub mod tree;

use crate::arena::Stack;
use crate::image::{GroupRecord, Image, LANES, Pattern, index};
use crate::num::RandomSource;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The registers of consecutive compartments of a core: currents, voltages, biases.
///
/// Together in one place, so that a step needs one address for all of them, and side by side for processors that have
/// wide registers. Currents and biases are shifted left by 8: their 32-bit overflow is the chip's wrap at
/// 23 bits and sign. The lanes after a core's last compartment stay at zero.
pub type Block = [[i32; LANES]; 3];

/// What homeostasis has made of a compartment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Adaptation {
    /// Threshold in units of the voltage.
    pub v_th: i32,
    /// Trace of its own spikes, 0..=127.
    pub activity: i32,
}

/// The registers of a core.
#[derive(Debug)]
pub struct Compartments<'a> {
    /// Currents, voltages and biases.
    pub blocks: &'a mut [Block],
    /// Refractory steps left of periods above 1, the step of the spike included; 1 more while a step is being
    /// computed, until [`count_refractory`].
    pub refractory: &'a mut [u8],
    /// Synaptic sums of this step in units of 64; those of the core's compartments are left at zero.
    pub sums_64: &'a mut [i16],
    /// What joins them, in units of the current; empty if nothing does.
    pub auxiliary_input: &'a mut [i32],
    /// Thresholds and activities; empty if no compartment of the chip has homeostasis.
    pub adaptations: &'a mut [Adaptation],
}

/// Where a step reports what happened.
#[derive(Debug)]
pub struct Events<'s, 'a> {
    /// Compartments that fired in this step, ascending.
    pub spikes: &'s mut Stack<'a, u32>,
    /// Places of the compartments that are refractory: block · [`LANES`] + lane, over all cores.
    pub in_refractory: &'s mut Stack<'a, u32>,
    /// Set when a voltage of a plain compartment may lie outside `[−SMALL, SMALL)`.
    pub large_v: &'s mut bool,
    /// Number of the core's first compartment on the chip.
    pub compartment_first: u32,
    /// Place of the core's first compartment.
    pub place_first: u32,
}

impl<'a> Events<'_, 'a> {
    /// The same place, lent out.
    const fn reborrow(&mut self) -> Events<'_, 'a> {
        Events { spikes: self.spikes, in_refractory: self.in_refractory, large_v: self.large_v, ..*self }
    }

    /// Compartment `at` of the core fires: it is refractory for `period` steps, this one included.
    ///
    /// `refractory` is its register, 0 or, in the last step of a refractory period, 1. A period of 1 ends with the
    /// step and leaves no mark.
    #[inline(always)]
    fn fire(&mut self, at: usize, refractory: &mut u8, period: i32) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if period > 1 {
            if *refractory == 0 {
                self.in_refractory.push(self.place_first.wrapping_add(at));
            }
            // [`count_refractory`] brings it to `period` before the step ends.
            *refractory = u8::try_from(period.wrapping_add(1)).unwrap_or(u8::MAX);
        }
        // Last, when nothing else is needed: processors have few registers.
        self.spikes.push(self.compartment_first.wrapping_add(at));
    }
}

/// What a step is given besides registers.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<R> {
    /// Number of the step, from 0.
    pub t: u32,
    /// Whether any bias can be other than zero.
    pub biased: bool,
    /// Whether every voltage of the plain compartments is in `[−SMALL, SMALL)`.
    pub small_v: bool,
    /// Whether the group is the last of its core, so that the lanes after it are nobody's.
    pub last: bool,
    /// Random numbers.
    pub random: R,
}

/// Advances a group by one step: its compartments are those of the core from `from` on.
///
/// Refractory compartments are brought to zero afterwards by [`count_refractory`].
#[inline(always)]
pub fn update<R: RandomSource>(
    context: &StepContext<R>,
    group: &GroupRecord,
    pattern: Pattern<'_>,
    from: usize,
    compartments: &mut Compartments<'_>,
    events: &mut Events<'_, '_>,
) {
    let range = from..from.wrapping_add(group.compartments);
    match pattern.only() {
        Some(profile) if profile.is_plain() && compartments.auxiliary_input.is_empty() => {
            let StepContext { biased, small_v, last, .. } = *context;
            let lanes = lanes::Lanes { biased, small_v, last, profile };
            lanes.advance::<{ lanes::WIDE }>(range, compartments, events);
        }
        _ if neurons::BUILT_IN => {
            neurons::advance::<{ lanes::WIDE }, R>(context, pattern, range, compartments, events);
        }
        _ => general::advance(context, pattern, range, compartments, events),
    }
}

/// Holds refractory compartments at zero and counts their steps down; to be called once per step, after the updates.
///
/// `blocks` and `refractory` are those of the whole chip.
#[inline]
pub fn count_refractory(in_refractory: &mut Stack<'_, u32>, blocks: &mut [Block], refractory: &mut [u8]) {
    in_refractory.retain(|place| {
        let at = index(place);
        let block = blocks.get_mut(at / LANES);
        let v = block.and_then(|[_, voltages, _]| voltages.get_mut(at % LANES));
        let (Some(v), Some(steps)) = (v, refractory.get_mut(at)) else { return false };
        if *steps > 1 {
            *v = 0;
        }
        *steps = steps.saturating_sub(1);
        *steps > 0
    });
}

/// Current, voltage and bias register of a compartment; `blocks` are those of the whole chip.
pub fn registers<'b>(image: &Image<'_>, blocks: &'b mut [Block], compartment: usize) -> Option<[&'b mut i32; 3]> {
    let mut block_first = 0_usize;
    for core in image.cores() {
        if let Some(at) = compartment.checked_sub(core.compartment_first)
            && at < core.compartments
        {
            return lane_of(blocks.get_mut(block_first.wrapping_add(at / LANES))?, at % LANES);
        }
        block_first = block_first.wrapping_add(core.blocks());
    }
    None
}

/// Hands a value for each compartment and its registers to `set`, in one walk over the cores; as [`registers`] does for
/// one compartment.
pub fn set_registers<T: Copy>(
    image: &Image<'_>,
    blocks: &mut [Block],
    values: &[T],
    mut set: impl FnMut([&mut i32; 3], T),
) {
    let (mut blocks, mut values) = (blocks.iter_mut(), values.iter());
    for core in image.cores() {
        let of_core = blocks.by_ref().take(core.blocks()).flat_map(|block| {
            let [currents, voltages, biases] = block;
            currents.iter_mut().zip(voltages).zip(biases)
        });
        for ((((u, v), bias), _), value) in of_core.zip(0..core.compartments).zip(values.by_ref()) {
            set([u, v, bias], *value);
        }
    }
}

fn lane_of(block: &mut Block, lane: usize) -> Option<[&mut i32; 3]> {
    let [currents, voltages, biases] = block;
    Some([currents.get_mut(lane)?, voltages.get_mut(lane)?, biases.get_mut(lane)?])
}

#[cfg(test)]
mod tests;
