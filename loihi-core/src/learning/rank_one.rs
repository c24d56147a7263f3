//! Products of an axon's traces and one of a compartment's, for all synapses of an axon in a row: what a third factor
//! from the embedded CPU needs. The same bits as [`super::row`] gives, in less time.

use super::chunk::{Axon, Readings};
use super::sum::{Changed, Format, LANES, Scale, Values, computed, low_half, magnitude};
use super::trace::place;
use crate::image::{Dependency, Dialect, LearningRecord, ProductRecord, Rounding, Target, Variable, index};

/// Whether a product reads or changes a tag or a delay.
pub(super) fn needs_more(product: &ProductRecord) -> bool {
    let mut factors = product.factor.iter().take(product.factors);
    product.target != Target::Weight || factors.any(|factor| matches!(factor.variable, Variable::T | Variable::D))
}

/// Most products of a rule that is applied so.
const PRODUCTS_MAX: usize = 4;

/// A product of traces of an axon and one post trace: what of it is the same for all axons.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    mantissa: i32,
    /// How often x1 and x2 are factors.
    powers: [u32; 2],
    /// The post trace, from 0.
    trace: usize,
    /// Step of the epoch at which traces are read; `None`: that of the axon's spike.
    step: Option<usize>,
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
        let step = match product.dependency {
            Dependency::X0 => None,
            Dependency::Y0 => return None,
            Dependency::U(_) => Some(index(group.epoch_steps)),
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
        let plan = Self { mantissa: product.mantissa, powers: [x1, x2], trace: y?, step, scale };
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
        let plane = place(step, self.trace, readings.posts.len()).wrapping_add(start);
        let history = readings.history;
        let y = history.get(plane..)?;
        (!zero).then_some(Term { factor, scale: self.scale, y })
    }
}

/// The products of an axon.
pub(super) type Terms<'h> = heapless::Vec<Term<'h>, PRODUCTS_MAX>;

/// A product of an axon: the mantissa and the axon's traces as one number, times a post trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term<'h> {
    /// Mantissa times traces of the axon.
    pub(super) factor: i32,
    /// How it joins the sum.
    pub(super) scale: Scale,
    /// The post trace of each synapse, and whatever comes after.
    pub(super) y: &'h [i16],
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
        if !update(&old, &mut new, terms, at, format, &words) {
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
        if !update(&old, computed(&mut new, rest.len()), terms, at, format, &words) {
            return;
        }
        changed.count(&old, &new, format, rest.len());
        for (weight, new) in rest.iter_mut().zip(&new) {
            *weight = low_half(*new);
        }
    }
}

/// Makes `new` weights, at most sixteen, of `old` ones and the terms, from the synapse `at` of the row on; false, if a
/// trace is missing.
#[cfg_attr(not(feature = "small-code"), inline(always))]
fn update(old: &Values, new: &mut [i32], terms: &[Term<'_>], at: usize, format: Format, words: &[u32; LANES]) -> bool {
    for (sum, old) in new.iter_mut().zip(old) {
        *sum = old.wrapping_shl(7);
    }
    for term in terms {
        // The history is as long as the last chunk, so that the trace of every lane is there.
        let Some(y) = term.y.get(at..).and_then(<[i16]>::first_chunk::<LANES>) else { return false };
        for (sum, y) in new.iter_mut().zip(y) {
            *sum = term.scale.add(*sum, term.factor.wrapping_mul(i32::from(*y)));
        }
    }
    for (sum, word) in new.iter_mut().zip(words) {
        *sum = magnitude(*sum, format.lost, *word).max(format.low).min(format.high);
    }
    true
}
