//! Compartments with noise and dendritic trees, a block of equal neurons at a time: in wide registers, or, without them, with their
//! parameters decoded once a group. The same bits as [`super::general`], which computes all other compartments.

use super::lanes::WIDE;
use super::{Block, Compartments, Events, StepContext, general};
use crate::image::{Join, LANES, Noise, NoiseAt, Pattern, Profile, StackIn, StackOut, ThresholdMode};
use crate::num::{RandomSource, retain_scaled, retain_split, wrap_signed};
use core::ops::Range;

/// Whether this build has it. Not with `small-stack`: the lanes of a block lie on the stack.
pub const BUILT_IN: bool = WIDE || cfg!(not(feature = "small-stack"));

/// Advances compartments `range` of a core by one step; their profiles take turns in the order of `pattern`. `WIDE` says how, as
/// [`super::lanes::WIDE`] does for a build, and changes no bit.
#[inline(always)]
pub fn advance<const WIDE: bool, R: RandomSource>(
    context: &StepContext<R>,
    pattern: Pattern<'_>,
    range: Range<usize>,
    compartments: &mut Compartments<'_>,
    events: &mut Events<'_, '_>,
) {
    // A block begins with a neuron if the first block that is all of the group does.
    let (first, end) = (range.start.div_ceil(LANES), range.end / LANES);
    let whole_neurons = range.start.is_multiple_of(pattern.len().max(1));
    if first >= end || !whole_neurons || !compartments.auxiliary_input.is_empty() {
        return general::advance(context, pattern, range, compartments, events);
    }
    let blocks = first..end;
    let (head, tail) = (range.start..first.wrapping_mul(LANES), end.wrapping_mul(LANES)..range.end);
    // The check of the image guarantees that every register is there.
    let _all_there = if let Some([a]) = pattern.all().filter(are_alike) {
        general::advance(context, pattern, head, compartments, events);
        advance_blocks::<WIDE, 1, LANES, R>(context, &[a], blocks, compartments, events)
    } else if let Some(profiles) = pattern.all().filter(are_alike) {
        general::advance(context, pattern, head, compartments, events);
        advance_blocks::<WIDE, 2, { LANES / 2 }, R>(context, &profiles, blocks, compartments, events)
    } else {
        return general::advance(context, pattern, range, compartments, events);
    };
    general::advance(context, pattern, tail, compartments, events);
}

/// Whether all compartments share one threshold: with homeostasis each has its own.
fn are_alike<const P: usize>(profiles: &[Profile; P]) -> bool {
    profiles.iter().all(|profile| profile.homeostasis.is_none())
}

/// Advances whole blocks of `N` neurons of `P` compartments each, one or two.
#[inline(always)]
fn advance_blocks<const WIDE: bool, const P: usize, const N: usize, R: RandomSource>(
    context: &StepContext<R>,
    profiles: &[Profile; P],
    blocks: Range<usize>,
    all: &mut Compartments<'_>,
    events: &mut Events<'_, '_>,
) -> Option<()> {
    let turns = profiles.map(Turn::of);
    let mut at = blocks.start.wrapping_mul(LANES);
    let refractory = all.refractory.as_chunks_mut::<LANES>().0.get_mut(blocks.clone())?;
    let sums = all.sums_64.as_chunks_mut::<LANES>().0.get_mut(blocks.clone())?;
    for ((block, sums), refractory) in all.blocks.get_mut(blocks)?.iter_mut().zip(sums).zip(refractory) {
        let number = events.compartment_first.wrapping_add(u32::try_from(at).unwrap_or(u32::MAX));
        let mut neurons = Neurons::<N, R> { context, number, block, sums, refractory, operand: None };
        let mut fired = [[0; N]; P];
        // Written out, so that the lanes of each turn are constants.
        let mut any = 0;
        if let (Some(turn), Some(fired)) = (turns.first(), fired.first_mut()) {
            *fired = neurons.advance::<WIDE, P, 0>(turn);
            any |= any_of(fired);
        }
        if let (Some(turn), Some(fired)) = (turns.get(1), fired.get_mut(1)) {
            *fired = neurons.advance::<WIDE, P, 1>(turn);
            any |= any_of(fired);
        }
        *sums = [0; LANES];
        if any != 0 {
            fire(&fired, at, profiles, refractory, events);
        }
        at = at.wrapping_add(LANES);
    }
    Some(())
}

/// Lets compartments of a block fire, in the order of their numbers.
#[cold]
#[inline(never)]
fn fire<const P: usize, const N: usize>(
    fired: &[[i32; N]; P],
    mut at: usize,
    profiles: &[Profile; P],
    refractory: &mut [u8; LANES],
    events: &mut Events<'_, '_>,
) {
    let neurons = (0..N).flat_map(|neuron| fired.iter().zip(profiles).map(move |turn| (neuron, turn)));
    for ((neuron, (fired, profile)), refractory) in neurons.zip(refractory) {
        if fired.get(neuron).is_some_and(|fired| *fired != 0) {
            events.fire(at, refractory, profile.refractory);
        }
        at = at.wrapping_add(1);
    }
}

/// One compartment of every neuron: parameters in the form that the loops use.
#[derive(Clone, Copy)]
struct Turn {
    keep_u: i32,
    keep_v: i32,
    profile: Profile,
}

impl Turn {
    fn of(profile: Profile) -> Self {
        Self { keep_u: 4096_i32.wrapping_sub(profile.decay_u), keep_v: 4096_i32.wrapping_sub(profile.decay_v), profile }
    }
}

/// The operand that a compartment of each neuron pushes.
#[derive(Clone, Copy)]
struct Operands<const N: usize> {
    values: [i32; N],
    /// All bits set where it fired, or passed a voltage above its threshold.
    fired: [i32; N],
}

/// The neurons of a block in a step.
struct Neurons<'b, const N: usize, R> {
    context: &'b StepContext<R>,
    /// Of their first compartment, on the chip.
    number: u32,
    block: &'b mut Block,
    sums: &'b [i16; LANES],
    refractory: &'b [u8; LANES],
    /// Their stacks: of two compartments only the first can leave an operand, and only for the second.
    operand: Option<Operands<N>>,
}

impl<const N: usize, R: RandomSource> Neurons<'_, N, R> {
    /// Computes the step of compartment `K` of the `P` of each neuron; all bits are set where it fires.
    #[inline(always)]
    fn advance<const WIDE: bool, const P: usize, const K: usize>(&mut self, turn: &Turn) -> [i32; N] {
        let Turn { keep_u, keep_v, profile } = *turn;
        let [currents, voltages, biases] = &mut *self.block;
        let noise = noise::<P, K, N, R>(profile.noise, self.context, self.number);
        let at_voltage = matches!(profile.noise, Some(Noise { at: NoiseAt::Voltage, .. }));
        let (mask_u, mask_v) = if at_voltage { (0, -1) } else { (-1, 0) };

        let sums = taken::<P, K, N, i16>(self.sums);
        let u_256 = each(taken::<P, K, N, i32>(currents), |n, u_256| {
            let q = wrap_signed(of(&sums, n).wrapping_shl(6).wrapping_add(of(&noise, n) & mask_u), 21);
            retain::<WIDE>(u_256 >> 8, keep_u).wrapping_add(q).wrapping_shl(8)
        });
        put::<P, K, N>(currents, &u_256);
        let mut drive = each(taken::<P, K, N, i32>(biases), |n, bias_256| {
            let noise_256 = (of(&noise, n) & mask_v).wrapping_shl(8);
            of(&u_256, n).wrapping_add(bias_256).wrapping_add(noise_256) >> 8
        });
        if profile.tree.join != Join::Skip {
            drive = join(&profile, self.operand.as_ref(), drive);
        }

        let free = each(taken::<P, K, N, u8>(self.refractory), |_, steps| i32::from(steps > 1).wrapping_sub(1));
        let v = each(taken::<P, K, N, i32>(voltages), |n, v| {
            // Both terms have 23 bits and sign, so the sum cannot overflow.
            let sum = retain::<WIDE>(v, keep_v).wrapping_add(of(&drive, n));
            sum.max(profile.v_min).min(profile.v_max) & of(&free, n)
        });
        let above = each(v, |_, v| i32::from(v > profile.v_th).wrapping_neg());
        let resets = profile.tree.threshold == ThresholdMode::SpikeAndReset;
        let passes = if resets { -1 } else { 0 };
        let passed = each(v, |n, v| v & (of(&above, n) ^ passes));
        match profile.tree.threshold {
            ThresholdMode::SpikeAndReset => put::<P, K, N>(voltages, &passed),
            ThresholdMode::PassAbove => put::<P, K, N>(voltages, &v),
            ThresholdMode::PassAboveAndSaturate => put::<P, K, N>(voltages, &each(v, |_, v| v.min(profile.v_th))),
        }
        match profile.tree.stack_out {
            StackOut::Skip => {}
            StackOut::Push => self.operand = Some(Operands { values: passed, fired: above }),
            StackOut::PushU => self.operand = Some(Operands { values: each(u_256, |_, u| u >> 8), fired: above }),
        }
        if resets { above } else { [0; N] }
    }
}

/// What a decay leaves of `x`, 23 bits and sign, as [`decay_toward_zero`](crate::num::decay_toward_zero); `keep` is `4096 − decay`,
/// 0..=4096.
#[inline(always)]
fn retain<const WIDE: bool>(x: i32, keep: i32) -> i32 {
    if WIDE { retain_split(x, keep) } else { retain_scaled(x.wrapping_shl(8), keep.wrapping_shl(12)) }
}

/// What enters the voltages of the second compartments, whose own input is `x`; see [`super::tree`].
#[inline(always)]
fn join<const N: usize>(profile: &Profile, operand: Option<&Operands<N>>, x: [i32; N]) -> [i32; N] {
    let (a, b) = match profile.tree.stack_in {
        StackIn::Skip => (None, None),
        StackIn::PopB => (None, operand),
        StackIn::PopA | StackIn::PopAAndB => (operand, None),
    };
    let joined = match (profile.tree.join, a.or(b)) {
        (Join::Pass | Join::Block, _) => {
            let closed = if profile.tree.join == Join::Pass { 0 } else { -1 };
            let gate = a.map_or([0; N], |a| a.fired);
            let b = b.map_or([0; N], |b| b.values);
            each(x, |n, x| x.wrapping_add(of(&b, n)) & (of(&gate, n) ^ closed))
        }
        (Join::Add, Some(one)) => each(x, |n, x| x.wrapping_add(of(&one.values, n))),
        (Join::Max | Join::Or, Some(one)) => each(x, |n, x| x.max(of(&one.values, n))),
        (Join::Min | Join::And, Some(one)) => each(x, |n, x| x.min(of(&one.values, n))),
        (_, _) => x,
    };
    let lowest = if matches!(profile.tree.join, Join::Or | Join::And) { 0 } else { i32::MIN };
    each(joined, |_, x| wrap_signed(x.max(lowest), 23))
}

/// Noise of compartment `K` of each neuron in this step; zero without noise.
#[inline(always)]
fn noise<const P: usize, const K: usize, const N: usize, R: RandomSource>(
    noise: Option<Noise>,
    context: &StepContext<R>,
    number: u32,
) -> [i32; N] {
    let Some(noise) = noise else { return [0; N] };
    each([0; N], |n, _| {
        let lane = u32::try_from(n.wrapping_mul(P).wrapping_add(K)).unwrap_or(0);
        noise.scaled(context.random.noise(context.t, number.wrapping_add(lane)))
    })
}

// Loops over a counter, below which everything is there: iterators over several arrays at once are not inlined here, and
// leave the lanes apart.

/// Applies `value` to each lane.
#[inline(always)]
fn each<const N: usize>(mut elements: [i32; N], value: impl Fn(usize, i32) -> i32) -> [i32; N] {
    let mut n = 0_usize;
    while n < N {
        if let Some(element) = elements.get_mut(n) {
            *element = value(n, *element);
        }
        n = n.wrapping_add(1);
    }
    elements
}

/// The lane at an index.
#[inline(always)]
fn of<const N: usize>(elements: &[i32; N], n: usize) -> i32 {
    elements.get(n).copied().unwrap_or(0)
}

/// Bitwise or of all lanes.
#[inline(always)]
fn any_of<const N: usize>(elements: &[i32; N]) -> i32 {
    let (mut any, mut n) = (0, 0_usize);
    while n < N {
        any |= of(elements, n);
        n = n.wrapping_add(1);
    }
    any
}

/// Values of compartment `K` of each neuron.
#[inline(always)]
fn taken<const P: usize, const K: usize, const N: usize, T: Copy + Into<i32>>(row: &[T; LANES]) -> [i32; N] {
    each([0; N], |n, _| row.get(n.wrapping_mul(P).wrapping_add(K)).map_or(0, |value| (*value).into()))
}

/// Stores the values of compartment `K` of each neuron.
#[inline(always)]
fn put<const P: usize, const K: usize, const N: usize>(row: &mut [i32; LANES], values: &[i32; N]) {
    let mut n = 0_usize;
    while n < N {
        if let Some(register) = row.get_mut(n.wrapping_mul(P).wrapping_add(K)) {
            *register = of(values, n);
        }
        n = n.wrapping_add(1);
    }
}
