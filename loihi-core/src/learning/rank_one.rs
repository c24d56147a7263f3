//! Products of an axon's traces and at most one of a compartment's, for all synapses of an axon in a row: what a third
//! factor from the embedded CPU needs, and spike-timing-dependent plasticity in epochs of one step. The same bits as
//! [`super::row`] gives, in less time.

use super::chunk::{Axon, Readings};
use super::fired::Fired;
use super::sum::{Changed, Format, LANES, Scale, Values, computed, low_half, magnitude};
use super::trace::place;
use crate::image::{Dependency, Dialect, LearningRecord, ProductRecord, Rounding, Variable, index};
use crate::plastic::HISTORY;

/// Whether a product reads or changes a tag or a delay.
pub(super) fn needs_more(product: &ProductRecord) -> bool {
    product.uses_tags() || product.uses_delays()
}

/// Most products of a rule that is applied so.
const PRODUCTS_MAX: usize = 4;

/// A product of traces of an axon and at most one post trace: the part that all axons share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    mantissa: i32,
    /// How often x1 and x2 are factors.
    powers: [u32; 2],
    /// The post trace, from 0; `None`: the product has none.
    trace: Option<usize>,
    /// Step of the epoch at which traces are read; `None`: that of the axon's spike.
    step: Option<usize>,
    /// Whether it counts only where the compartment fired.
    gated: bool,
    scale: Scale,
}

/// The plans of a rule, in the order of its products; `None` if one of them has none.
pub(super) type Plans = Option<heapless::Vec<Plan, PRODUCTS_MAX>>;

/// The plans of a group's rule.
pub(super) fn plans(group: &LearningRecord, products: &[ProductRecord]) -> Plans {
    let plain = group.dense
        && group.rounding == Rounding::Stochastic
        && !group.dialect.has(Dialect::EXACT_PRODUCTS | Dialect::POST_TRACE_AT_SYNAPSE);
    let mut plans = heapless::Vec::new();
    for product in products.iter().filter(|_| plain) {
        plans.push(Plan::of(group, product)?).ok()?;
    }
    plain.then_some(plans)
}

impl Plan {
    fn of(group: &LearningRecord, product: &ProductRecord) -> Option<Self> {
        let end = index(group.epoch_steps);
        let (step, gated) = match product.dependency {
            Dependency::X0 => (None, false),
            // In a longer epoch each compartment would have a time of its own.
            Dependency::Y0 if end == 1 => (Some(end), true),
            Dependency::Y0 => return None,
            Dependency::U(_) => (Some(end), false),
        };
        let ([mut x1, mut x2], mut y) = ([0_u32; 2], None);
        for factor in product.factor.iter().take(product.factors) {
            match (factor.variable, y) {
                _ if factor.sign || factor.constant != 0 => return None,
                (Variable::X1, _) => x1 = x1.wrapping_add(1),
                (Variable::X2, _) => x2 = x2.wrapping_add(1),
                (Variable::Y1, None) => y = Some(0),
                (Variable::Y2, None) => y = Some(1),
                (Variable::Y3, None) => y = Some(2),
                _ => return None,
            }
        }
        let counts = product.profiles == 0xFF && !needs_more(product);
        let scale = Scale::of(product, group.dialect);
        let plan = Self { mantissa: product.mantissa, powers: [x1, x2], trace: y, step, gated, scale };
        counts.then_some(plan)
    }

    /// The product for an axon whose first synapse ends at the post trace `start`; `None` if it is zero by the axon's
    /// traces alone.
    #[inline(always)]
    pub(super) fn term<'h>(&self, readings: &Readings<'h>, axon: Axon, start: usize) -> Option<Term<'h>> {
        let step = self.step.unwrap_or_else(|| axon.step());
        let (mut factor, mut zero) = (self.mantissa, false);
        for (x, power) in readings.pre_at(axon, step).into_iter().zip(self.powers) {
            for _ in 0..power {
                factor = factor.wrapping_mul(x);
                zero |= x == 0;
            }
        }
        let plane = |trace: usize| {
            let first = place(step, trace, readings.posts.len()).wrapping_add(start);
            readings.history.get(first..).unwrap_or_default()
        };
        let fired = self.gated.then(|| plane(HISTORY.wrapping_sub(1)));
        (!zero).then_some(Term { factor, scale: self.scale, y: self.trace.map(plane), fired })
    }
}

/// Sixteen values of the history; it is as long as the last chunk, so that the trace of every lane is there.
#[inline(always)]
fn run(plane: &[i16], at: usize) -> Option<&[i16; LANES]> {
    plane.get(at..).and_then(<[i16]>::first_chunk)
}

/// The products of an axon.
pub(super) type Terms<'h> = heapless::Vec<Term<'h>, PRODUCTS_MAX>;

/// A product of an axon: the mantissa and the axon's traces as one number, times a post trace if it has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term<'h> {
    /// Mantissa times traces of the axon.
    pub(super) factor: i32,
    /// How it joins the sum.
    pub(super) scale: Scale,
    /// The post trace of each synapse, and whatever comes after.
    pub(super) y: Option<&'h [i16]>,
    /// Likewise, when each compartment fired, 0 for never: there the product is zero.
    pub(super) fired: Option<&'h [i16]>,
}

impl Term<'_> {
    /// The product at each of sixteen synapses from `at` on; `None` if a trace is missing.
    #[inline(always)]
    fn run(&self, at: usize) -> Option<Values> {
        let mut values = [self.factor; LANES];
        if let Some(y) = self.y {
            for (value, y) in values.iter_mut().zip(run(y, at)?) {
                *value = value.wrapping_mul(i32::from(*y));
            }
        }
        if let Some(fired) = self.fired {
            for (value, fired) in values.iter_mut().zip(run(fired, at)?) {
                *value = if *fired > 0 { *value } else { 0 };
            }
        }
        Some(values)
    }

    /// The product at some synapses of compartments that fired.
    #[inline(always)]
    fn picked(&self, places: &[usize]) -> Values {
        let mut values = [self.factor; LANES];
        if let Some(y) = self.y {
            for (value, place) in values.iter_mut().zip(places) {
                *value = value.wrapping_mul(y.get(*place).copied().map_or(0, i32::from));
            }
        }
        values
    }
}

/// Adds the terms to the weights of an axon, rounded stochastically, and counts what changed; `draw` gives the random
/// words of synapses from one on.
#[cfg_attr(not(feature = "small-code"), inline(always))]
pub(super) fn teach(
    row: &mut [i16],
    terms: &[Term<'_>],
    format: Format,
    changed: &mut Changed,
    draw: impl Fn(u32, &mut [u32]),
) {
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    let mut at = 0_usize;
    let mut element = 0_u32;
    let (mut old, mut new, mut words) = ([0; LANES], [0; LANES], [0; LANES]);
    for chunk in chunks {
        for (old, weight) in old.iter_mut().zip(&*chunk) {
            *old = i32::from(*weight);
        }
        draw(element, &mut words);
        if update(&old, &mut new, terms, |term| term.run(at), format, &words).is_none() {
            return;
        }
        changed.count(&old, &new, format, LANES);
        for (weight, new) in chunk.iter_mut().zip(&new) {
            *weight = low_half(*new);
        }
        at = at.wrapping_add(LANES);
        element = element.wrapping_add(16);
    }
    if !rest.is_empty() {
        for (old, weight) in old.iter_mut().zip(&*rest) {
            *old = i32::from(*weight);
        }
        draw(element, computed(&mut words, rest.len()));
        if update(&old, computed(&mut new, rest.len()), terms, |term| term.run(at), format, &words).is_none() {
            return;
        }
        changed.count(&old, &new, format, rest.len());
        for (weight, new) in rest.iter_mut().zip(&new) {
            *weight = low_half(*new);
        }
    }
}

/// The same where every term counts only at compartments that fired: their synapses are collected, sixteen at a time.
/// `start` is the compartment of the first synapse; `draw` gives the random word of one synapse.
#[cfg_attr(not(feature = "small-code"), inline(always))]
pub(super) fn teach_fired(
    row: &mut [i16],
    (fired, start): (&Fired, usize),
    terms: &[Term<'_>],
    format: Format,
    changed: &mut Changed,
    draw: impl Fn(u32) -> u32,
) {
    let mut posts = fired.iter(start, row.len());
    let mut places = [0_usize; LANES];
    let (mut old, mut new, mut words) = ([0; LANES], [0; LANES], [0; LANES]);
    loop {
        let mut count = 0_usize;
        for (place, post) in places.iter_mut().zip(posts.by_ref()) {
            *place = post.wrapping_sub(start);
            count = count.wrapping_add(1);
        }
        let places = places.get(..count).unwrap_or_default();
        if places.is_empty() {
            return;
        }
        for (old, place) in old.iter_mut().zip(places) {
            *old = row.get(*place).copied().map_or(0, i32::from);
        }
        for (word, place) in words.iter_mut().zip(places) {
            // A row has at most 1,024 synapses.
            *word = draw(u32::try_from(*place).unwrap_or(0));
        }
        let _all_there =
            update(&old, computed(&mut new, count), terms, |term| Some(term.picked(places)), format, &words);
        changed.count(&old, &new, format, count);
        for (new, place) in new.iter().zip(places) {
            if let Some(weight) = row.get_mut(*place) {
                *weight = low_half(*new);
            }
        }
    }
}

/// Makes `new` weights, at most sixteen, of `old` ones and the terms, whose products `values` gives; `None` if some are
/// not there.
#[cfg_attr(not(feature = "small-code"), inline(always))]
fn update<'t, 'h: 't>(
    old: &Values,
    new: &mut [i32],
    terms: &'t [Term<'h>],
    values: impl Fn(&'t Term<'h>) -> Option<Values>,
    format: Format,
    words: &[u32; LANES],
) -> Option<()> {
    for (sum, old) in new.iter_mut().zip(old) {
        *sum = old.wrapping_shl(7);
    }
    for term in terms {
        let values = values(term)?;
        for (sum, value) in new.iter_mut().zip(&values) {
            *sum = term.scale.add(*sum, *value);
        }
    }
    for (sum, word) in new.iter_mut().zip(words) {
        *sum = magnitude(*sum, format.lost, *word).max(format.low).min(format.high);
    }
    Some(())
}
