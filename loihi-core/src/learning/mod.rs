//! The cores' own learning: once an epoch, sums of products of traces change weights, tags and delays.
//!
//! In every step spikes leave their time within the epoch at axons and compartments. At the end of an epoch
//! `trace` follows the traces through the steps of the epoch, and `row` evaluates the rule, axon by axon, sixteen
//! synapses at a time (`chunk` is what it reads, `fired` which compartments fired, `sum` its arithmetic, `rank_one` a short
//! cut for plain products); products are read at the time of the spike that they depend on, or at the end of the epoch.
//! An axon without an active product costs nothing but its traces.

mod chunk;
mod fired;
mod rank_one;
mod row;
mod sum;
mod trace;

use crate::dendrite::Own;
use crate::image::{Dialect, Image, LearningRecord, ProductRecord, Synapse, Target, index};
use crate::meter::Meter;
use crate::num::RandomSource;
use crate::ops::OpCounts;
use crate::plastic::{Plastic, Post};
use chunk::{Axon, Readings};
use fired::Fired;
use row::{Due, PlasticRow};
use sum::{Changed, Format, LANES};
use trace::{EPOCH_MAX, PreTraces, Traces};

/// An epoch of fewer steps than this is short.
const SHORT: usize = 5;

/// What learning is given in a step.
#[derive(Clone, Copy, Debug)]
pub struct LearningStep<'i, 'a, R> {
    /// The network.
    pub image: &'i Image<'a>,
    /// Number of the step, from 0.
    pub t: u32,
    /// Compartments that fired in this step, ascending.
    pub spikes: &'i [u32],
    /// The reward that is broadcast.
    pub reward: i32,
    /// Whether synapses may change; traces do in any case.
    pub learning: bool,
    /// What is added to the exponents of the products that change weights, per plastic group.
    pub rates: &'i [i32],
    /// Random numbers.
    pub random: R,
    /// Whose groups learn.
    pub own: Own,
}

impl<R: RandomSource + Copy> LearningStep<'_, '_, R> {
    /// The learning phase of a step.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub fn run(&self, plastic: &mut Plastic<'_>, meter: &mut Meter<'_>, ops: &mut OpCounts) {
        for (group, rate) in self.image.learning().zip(self.rates) {
            if group.is_of_the_cpu() || !self.own.has(group.core) {
                continue;
            }
            self.count_arrivals(&group, plastic);
            self.count_spikes(&group, plastic);
            if self.t.wrapping_add(1).checked_rem(group.epoch_steps) == Some(0) {
                let [traces, updates] = [ops.trace_updates, ops.learning_updates];
                self.end_epoch(&group, *rate, plastic, ops);
                let [traces, updates] =
                    [ops.trace_updates.wrapping_sub(traces), ops.learning_updates.wrapping_sub(updates)];
                meter.count_learning(group.core, traces, updates);
            }
        }
        plastic.arrived.clear();
    }

    /// The step within the group's epoch, from 1.
    fn time(&self, group: &LearningRecord) -> u32 {
        self.t.checked_rem(group.epoch_steps).unwrap_or(0).wrapping_add(1)
    }

    /// Leaves the time of this step's spikes at the axons that they reached.
    fn count_arrivals(&self, group: &LearningRecord, plastic: &mut Plastic<'_>) {
        let ([first, _, _], [place, _, _]) = (group.before, plastic.first_of(group));
        let time = self.time(group);
        for &number in plastic.arrived.as_slice() {
            let Some(at) = index(number).checked_sub(first).filter(|at| *at < group.axons) else { continue };
            let Some(pre) = plastic.pre.get_mut(place.wrapping_add(at)) else { continue };
            if pre.time > 0 {
                Traces::of(self, group).pre_again(number, pre);
            }
            pre.time = i16::try_from(time).unwrap_or(i16::MAX);
        }
    }

    /// Leaves the time of this step's spikes, or of the last step's, at the post traces.
    fn count_spikes(&self, group: &LearningRecord, plastic: &mut Plastic<'_>) {
        let Some(core) = self.image.core(group.core) else { return };
        let ([_, _, before], [_, _, place]) = (group.before, plastic.first_of(group));
        let Some(posts) = plastic.post.get_mut(place..place.wrapping_add(group.posts)) else { return };
        let late = group.dialect.has(Dialect::POST_LATE);
        if late {
            for (at, post) in posts.iter_mut().enumerate().filter(|(_, post)| post.late != 0) {
                post.late = 0;
                self.mark(group, before.wrapping_add(at), post);
            }
        }
        let first = core.compartment_first.wrapping_add(group.post_first);
        let end = core.compartment_first.wrapping_add(core.compartments);
        let from = self.spikes.partition_point(|spike| index(*spike) < first);
        for &spike in self.spikes.get(from..).unwrap_or_default() {
            if index(spike) >= end {
                break;
            }
            let compartment = index(spike).wrapping_sub(core.compartment_first);
            let see = |at: usize, post: &mut Post| {
                if late {
                    post.late = 1;
                } else {
                    self.mark(group, before.wrapping_add(at), post);
                }
            };
            if group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE) {
                let words = self.image.sparse.get(group.synapse_first..).unwrap_or_default();
                for (at, (post, word)) in posts.iter_mut().zip(words).enumerate() {
                    if Synapse::from_word(*word).compartment == compartment {
                        see(at, post);
                    }
                }
            } else {
                let at = compartment.wrapping_sub(group.post_first);
                if let Some(post) = posts.get_mut(at) {
                    see(at, post);
                }
            }
        }
    }

    /// Leaves the time of a spike at a post trace.
    fn mark(&self, group: &LearningRecord, number: usize, post: &mut Post) {
        if post.time > 0 {
            Traces::of(self, group).post_again(u32::try_from(number).unwrap_or(u32::MAX), post);
        }
        post.time = i16::try_from(self.time(group)).unwrap_or(i16::MAX);
    }

    /// Whether a product that depends on `u_k` is evaluated at the end of this epoch.
    fn is_due(&self, group: &LearningRecord, k: u32) -> bool {
        let count = if group.dialect.has(Dialect::COUNT_FROM_ZERO) {
            self.t
        } else {
            self.t.wrapping_add(1).checked_div(group.epoch_steps).unwrap_or(0)
        };
        count & 1_u32.wrapping_shl(k).wrapping_sub(1) == 0
    }

    /// Applies the rule at the end of an epoch. A short epoch gets a short history, which is cleared in less time.
    #[cfg_attr(feature = "small-stack", inline(never))]
    fn end_epoch(&self, group: &LearningRecord, rate: i32, plastic: &mut Plastic<'_>, ops: &mut OpCounts) {
        if index(group.epoch_steps) < SHORT {
            self.apply(group, rate, plastic, ops, &mut [[[0; LANES]; 2]; SHORT]);
        } else {
            self.apply(group, rate, plastic, ops, &mut [[[0; LANES]; 2]; EPOCH_MAX + 1]);
        }
    }

    /// Applies the rule; `x` has room for the traces after each step.
    #[inline(never)]
    fn apply(
        &self,
        group: &LearningRecord,
        rate: i32,
        plastic: &mut Plastic<'_>,
        ops: &mut OpCounts,
        x: &mut [PreTraces],
    ) {
        let traces = Traces::of(self, group);
        let [axons_before, _, posts_before] = group.before;
        let [axon_first, synapse_first, post_first] = plastic.first_of(group);
        let synapses = synapse_first..synapse_first.wrapping_add(group.synapses);
        let Some(posts) = plastic.post.get_mut(post_first..post_first.wrapping_add(group.posts)) else { return };
        let Some(pre) = plastic.pre.get_mut(axon_first..axon_first.wrapping_add(group.axons)) else { return };
        traces.follow_posts(posts_before, posts, plastic.history);
        // Borrowed by the row: a copy would take the stack twice.
        let mut products = heapless::Vec::<ProductRecord, { LearningRecord::PRODUCTS_MAX }>::new();
        for mut product in self.image.products(group) {
            if product.target == Target::Weight {
                product.exponent = product.exponent.wrapping_add(rate);
            }
            // The check of the image has counted them.
            let _fits = products.push(product);
        }
        let (low, high) = group.weight_range();
        let fired = Fired::of(posts);
        let mut row = PlasticRow {
            learning_step: self,
            group,
            format: Format { lost: group.lost_bits(), low, high },
            readings: Readings { group, history: plastic.history, posts, x, reward: self.reward },
            weights: plastic.weights.get_mut(synapses.clone()).unwrap_or_default(),
            tags: plastic.tags.get_mut(synapses.clone()).unwrap_or_default(),
            delays: plastic.delays.get_mut(synapses).unwrap_or_default(),
            plans: rank_one::plans(group, &products),
            products: &products,
            has_more: products.iter().any(rank_one::needs_more),
            due: Due::default(),
            of_tags: 0,
            fired,
            changed: Changed::default(),
        };
        row.due = Due::of(row.products, |k| self.is_due(group, k));
        row.drop_products_of_nothing();
        let mut first = 0_usize;
        for pre in pre.chunks_mut(LANES) {
            let number = u32::try_from(axons_before.wrapping_add(first)).unwrap_or(u32::MAX);
            traces.follow_pre(number, pre, row.readings.x);
            for (lane, pre) in pre.iter_mut().enumerate() {
                let axon = Axon { time: core::mem::take(&mut pre.time), lane };
                if self.learning && group.dense {
                    row.evaluate::<true>(first.wrapping_add(lane), axon);
                } else if self.learning {
                    row.evaluate::<false>(first.wrapping_add(lane), axon);
                }
            }
            first = first.wrapping_add(LANES);
        }
        ops.trace_updates = ops.trace_updates.wrapping_add(group.axons.wrapping_add(group.posts) as u64);
        let [changes, saturations] = row.changed.totals();
        ops.learning_updates = ops.learning_updates.wrapping_add(changes);
        ops.learning_saturations = ops.learning_saturations.wrapping_add(saturations);
        traces.keep_posts(post_first, plastic.post);
    }
}
