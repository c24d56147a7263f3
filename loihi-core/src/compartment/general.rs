//! The compartment with everything, one at a time: noise, auxiliary accumulators, dendritic trees, homeostasis.

use super::tree::{Operand, OperandStack, join};
use super::{Adaptation, Compartments, Events, StepContext};
use crate::image::{Homeostasis, LANES, Noise, NoiseAt, Pattern, Profile, StackOut, ThresholdMode};
use crate::num::{Decay, Purpose, RandomSource, ThresholdMantissa, decay_toward_zero, wrap_signed};
use core::ops::Range;

/// Profiles of a pattern that are kept decoded: few neurons have more compartments.
const DECODED: usize = 2;

/// Advances compartments `range` of a core by one step; their profiles take turns in the order of `pattern`.
#[inline(never)]
pub fn advance<R: RandomSource>(
    context: &StepContext<R>,
    pattern: Pattern<'_>,
    range: Range<usize>,
    compartments: &mut Compartments<'_>,
    events: &mut Events<'_, '_>,
) {
    let mut stack = OperandStack::default();
    let mut turn = 0_usize;
    // Once for all compartments; the others of a longer pattern are decoded for each.
    let mut decoded = [Profile::DEFAULT; DECODED];
    for (profile, at) in decoded.iter_mut().zip(0..pattern.len()) {
        let Some(read) = pattern.get(at) else { return };
        *profile = read;
    }
    for at in range {
        let read;
        let profile = if let Some(profile) = decoded.get(turn) {
            profile
        } else {
            let Some(profile) = pattern.get(turn) else { return };
            read = profile;
            &read
        };
        turn = turn.wrapping_add(1);
        if turn == pattern.len() {
            turn = 0;
        }
        // The check of the image guarantees that every register is there.
        let Some(mut one) = Compartment::of(compartments, at) else { return };
        let number = events.compartment_first.wrapping_add(u32::try_from(at).unwrap_or(u32::MAX));
        if one.advance(context, profile, number, &mut stack) {
            events.fire(at, one.refractory, profile.refractory);
        }
    }
}

/// The registers of one compartment.
struct Compartment<'c> {
    u_256: &'c mut i32,
    v: &'c mut i32,
    bias_256: i32,
    refractory: &'c mut u8,
    sum_64: &'c mut i16,
    auxiliary_input: Option<&'c mut i32>,
    adaptation: Option<&'c mut Adaptation>,
}

impl<'c> Compartment<'c> {
    fn of(all: &'c mut Compartments<'_>, at: usize) -> Option<Self> {
        let [currents, voltages, biases] = all.blocks.get_mut(at / LANES)?;
        let lane = at % LANES;
        Some(Self {
            u_256: currents.get_mut(lane)?,
            v: voltages.get_mut(lane)?,
            bias_256: biases.get(lane).copied()?,
            refractory: all.refractory.get_mut(at)?,
            sum_64: all.sums_64.get_mut(at)?,
            auxiliary_input: all.auxiliary_input.get_mut(at),
            adaptation: all.adaptations.get_mut(at),
        })
    }

    /// Computes the step of this compartment; whether it fires.
    fn advance<R: RandomSource>(
        &mut self,
        context: &StepContext<R>,
        profile: &Profile,
        number: u32,
        stack: &mut OperandStack,
    ) -> bool {
        let (at_current, at_voltage) = noise(profile.noise, context, number);
        let u = self.integrate(profile, at_current);
        let x = wrap_signed(u.wrapping_add(self.bias_256 >> 8).wrapping_add(at_voltage), 23);
        let tree = &profile.tree;
        let drive = join(tree.join, x, &stack.take(tree.stack_in));
        let kept = decay_toward_zero(*self.v, Decay::saturating(profile.decay_v));
        // Both terms have 23 bits and sign, so the sum cannot overflow.
        *self.v = kept.wrapping_add(drive).max(profile.v_min).min(profile.v_max);
        if *self.refractory > 1 {
            *self.v = 0;
        }
        let v_th = profile.homeostasis.and(self.adaptation.as_deref()).map_or(profile.v_th, |adapted| adapted.v_th);
        let above = *self.v > v_th;
        let passed = self.pass(tree.threshold, above, v_th);
        match tree.stack_out {
            StackOut::Skip => {}
            StackOut::Push => stack.push(Operand { value: passed, fired: above }),
            StackOut::PushU => stack.push(Operand { value: u, fired: above }),
        }
        let fires = above && tree.threshold == ThresholdMode::SpikeAndReset;
        if let (Some(homeostasis), Some(adaptation)) = (&profile.homeostasis, self.adaptation.as_deref_mut()) {
            adaptation.follow(homeostasis, fires, context, number);
        }
        fires
    }

    /// The current after this step's input. The synaptic sum wraps at 21 bits and sign, the current at 23.
    fn integrate(&mut self, profile: &Profile, noise: i32) -> i32 {
        let joined = self.auxiliary_input.as_deref_mut().map_or(0, core::mem::take);
        let sum = i32::from(core::mem::take(self.sum_64)).wrapping_shl(6);
        let q = wrap_signed(sum.wrapping_add(joined).wrapping_add(noise), 21);
        let kept = decay_toward_zero(*self.u_256 >> 8, Decay::saturating(profile.decay_u));
        let u = wrap_signed(kept.wrapping_add(q), 23);
        *self.u_256 = u.wrapping_shl(8);
        u
    }

    /// Leaves the voltage as the threshold mode does, and gives what passes to the parent.
    fn pass(&mut self, mode: ThresholdMode, above: bool, v_th: i32) -> i32 {
        match mode {
            ThresholdMode::SpikeAndReset => {
                if above {
                    *self.v = 0;
                }
                *self.v
            }
            ThresholdMode::PassAbove | ThresholdMode::PassAboveAndSaturate => {
                let passed = if above { *self.v } else { 0 };
                if above && mode == ThresholdMode::PassAboveAndSaturate {
                    *self.v = v_th;
                }
                passed
            }
        }
    }
}

/// Noise of a compartment in this step: what it adds to the synaptic sum, and to what enters the voltage.
fn noise<R: RandomSource>(noise: Option<Noise>, context: &StepContext<R>, number: u32) -> (i32, i32) {
    let Some(noise) = noise else { return (0, 0) };
    let scaled = noise.scaled(context.random.noise(context.t, number));
    match noise.at {
        NoiseAt::Current => (scaled, 0),
        NoiseAt::Voltage => (0, scaled),
    }
}

impl Adaptation {
    /// Counts a spike and, at the end of an epoch, lets the activity decay and moves the threshold by
    /// `gain · (max(a − a_max, 0) + min(a − a_min, 0))` of its mantissa, held to the register's range.
    ///
    /// Source: the chip's register names (gain, minimal and maximal activity, impulse, time constant, epoch). Whether
    /// the chip moves the threshold before or after the activity decays is not known; here it is after.
    fn follow<R: RandomSource>(&mut self, h: &Homeostasis, fired: bool, context: &StepContext<R>, number: u32) {
        if fired {
            self.activity = self.activity.saturating_add(h.impulse).min(Homeostasis::ACTIVITY_MAX);
        }
        if context.t.wrapping_add(1).checked_rem(h.epoch_steps) != Some(0) {
            return;
        }
        // 7 + 12 bits.
        let kept = self.activity.wrapping_mul(4096_i32.wrapping_sub(h.decay));
        let draw = context.random.word(Purpose::Activity, context.t, number) >> 20;
        let up = (kept & 0xFFF).cast_unsigned() > draw;
        self.activity = (kept >> 12).wrapping_add(i32::from(up));
        let excess = self.activity.wrapping_sub(h.a_max).max(0);
        let lack = self.activity.wrapping_sub(h.a_min).min(0);
        // At most 127 · 127 << 6.
        let change = h.gain.wrapping_mul(excess.wrapping_add(lack)).wrapping_shl(6);
        let highest = ThresholdMantissa::MAX << 6;
        self.v_th = self.v_th.saturating_add(change).max(0).min(highest);
    }
}
