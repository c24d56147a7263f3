//! The rule, for the synapses of one axon, sixteen at a time.

use super::LearningStep;
use super::chunk::{At, Axon, Chunk, Readings, load};
use super::fired::Fired;
use super::rank_one;
use super::sum::{Changed, Format, LANES, Scale, Values, away_then_truncate, computed, floor, low_half, magnitude};
use super::trace::place;
use crate::image::{Dependency, Dialect, LearningRecord, ProductRecord, Rounding, Target, Variable, index};
use crate::num::{Purpose, RandomSource};

/// The bits of products, in their order.
fn bits() -> impl Iterator<Item = u32> {
    (0..32_u32).map(|at| 1_u32.wrapping_shl(at))
}

/// Products by what they depend on, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due {
    /// On a spike of the axon.
    x0: u32,
    /// On a spike of the compartment.
    y0: u32,
    /// On the number of the epoch, and this is one of theirs.
    u: u32,
}

impl Due {
    pub(super) fn of(products: &[ProductRecord], is_due: impl Fn(u32) -> bool) -> Self {
        let mut due = Self::default();
        for (product, bit) in products.iter().zip(bits()) {
            match product.dependency {
                Dependency::X0 => due.x0 |= bit,
                Dependency::Y0 => due.y0 |= bit,
                Dependency::U(k) if is_due(k) => due.u |= bit,
                Dependency::U(_) => {}
            }
        }
        due
    }
}

/// A group at the end of its epoch, with what the rule reads and writes.
pub(super) struct PlasticRow<'r, 'i, 'a, R> {
    pub(super) learning_step: &'r LearningStep<'i, 'a, R>,
    pub(super) group: &'r LearningRecord,
    /// What weights can be.
    pub(super) format: Format,
    pub(super) readings: Readings<'r>,
    pub(super) weights: &'r mut [i16],
    pub(super) tags: &'r mut [i16],
    pub(super) delays: &'r mut [i16],
    pub(super) products: &'r [ProductRecord],
    /// The rule, if it needs no more than [`rank_one`].
    pub(super) plans: rank_one::Plans,
    /// Whether the rule reads or changes tags or delays.
    pub(super) has_more: bool,
    pub(super) due: Due,
    /// Products that are 0 where the tag is.
    pub(super) of_tags: u32,
    /// Post traces that saw a spike.
    pub(super) fired: Fired,
    pub(super) changed: Changed,
}

impl<R: RandomSource + Copy> PlasticRow<'_, '_, '_, R> {
    /// Evaluates the rule for the synapses of axon `number` of the group. `DENSE`: whether the synapses of every axon
    /// end at compartments that follow one another.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn evaluate<const DENSE: bool>(&mut self, number: usize, axon: Axon) {
        let spiked = if axon.time > 0 { self.due.x0 } else { 0 };
        let fired = if self.fired.any() { self.due.y0 } else { 0 };
        let mut due = self.due.u | spiked | fired;
        if due == 0 || (DENSE && self.teach_in_a_row(number, due, axon)) {
            return;
        }
        for (product, bit) in self.products.iter().zip(bits()) {
            if due & bit != 0 && !self.can_change(product, axon) {
                due &= !bit;
            }
        }
        if due == 0 {
            return;
        }
        let Some(record) = self.learning_step.image.axon(self.group.axon_first.wrapping_add(number)) else { return };
        let words = self.learning_step.image.sparse.get(record.elements()).unwrap_or_default();
        let mut first = record.first.wrapping_sub(self.group.synapse_first);
        for words in words.chunks(LANES) {
            let tags = self.tags.get(first..first.wrapping_add(words.len())).unwrap_or_default();
            let no_tags = due & self.of_tags != 0 && tags.iter().all(|tag| *tag == 0);
            let due = if no_tags { due & !self.of_tags } else { due };
            if due & !self.due.y0 != 0 || (due != 0 && self.may_have_fired::<DENSE>(words)) {
                let mut chunk = self.readings.chunk::<DENSE>(first, words);
                if due & !self.due.y0 != 0 || chunk.fired.iter().any(|time| *time > 0) {
                    load(computed(&mut chunk.w, chunk.count), self.weights, first);
                    if self.has_more {
                        load(computed(&mut chunk.t, chunk.count), self.tags, first);
                        load(computed(&mut chunk.d, chunk.count), self.delays, first);
                    }
                    self.change::<DENSE>(&chunk, due, axon);
                }
            }
            first = first.wrapping_add(LANES);
        }
    }

    /// Whether any of these posts may have fired; true if each would have to be looked at.
    #[inline(always)]
    fn may_have_fired<const DENSE: bool>(&self, words: &[u32]) -> bool {
        if !DENSE || self.group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE) {
            return true;
        }
        self.fired.any_of(self.post_of_first(words), words.len())
    }

    /// The post trace of the first of some synapses, where compartments have them.
    #[inline(always)]
    fn post_of_first(&self, words: &[u32]) -> usize {
        words.first().map_or(0, |word| index(*word & 0x3FF).wrapping_sub(self.group.post_first))
    }

    /// Takes those products off what is due at the end of the epoch that are 0 at every synapse, because the reward or
    /// one of their post traces is, and finds those that are 0 where the tag is.
    pub(super) fn drop_products_of_nothing(&mut self) {
        let (step, posts) = (index(self.group.epoch_steps), self.readings.posts.len());
        let is_zero_trace = |trace: usize| {
            let first = place(step, trace, posts);
            let plane = self.readings.history.get(first..first.wrapping_add(posts)).unwrap_or_default();
            plane.iter().all(|y| *y == 0)
        };
        // Lava brings a tag of -257, which only a host writes, into the accumulator's range where a product is evaluated. A
        // reward of 0 drops no product for its sake; other factors of 0 do.
        let holds_tags = self.group.dialect.has(Dialect::LAVA_RANGES)
            && self.products.iter().any(|product| product.target == Target::Tag);
        for (product, bit) in self.products.iter().zip(bits()) {
            let plain = || product.factor.iter().take(product.factors).filter(|factor| factor.constant == 0);
            let is_zero = || {
                plain().any(|factor| match factor.variable {
                    Variable::Y1 => is_zero_trace(0),
                    Variable::Y2 => is_zero_trace(1),
                    Variable::Y3 => is_zero_trace(2),
                    Variable::R1 => self.readings.reward == 0 && !holds_tags,
                    _ => false,
                })
            };
            if self.due.u & bit != 0 && is_zero() {
                self.due.u &= !bit;
            }
            if plain().any(|factor| factor.variable == Variable::T) {
                self.of_tags |= bit;
            }
        }
    }

    /// Evaluates the rule for all synapses of an axon at once, if every product is one of the axon's traces and at most one
    /// post trace; whether it is.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn teach_in_a_row(&mut self, number: usize, due: u32, axon: Axon) -> bool {
        let Some(plans) = &self.plans else { return false };
        let Some(record) = self.learning_step.image.axon(self.group.axon_first.wrapping_add(number)) else {
            return true;
        };
        let words = self.learning_step.image.sparse.get(record.elements()).unwrap_or_default();
        let start = self.post_of_first(words);
        let mut terms = rank_one::Terms::new();
        for (plan, _) in plans.iter().zip(bits()).filter(|(_, bit)| due & bit != 0) {
            if let Some(term) = plan.term(&self.readings, axon, start) {
                // There is room for as many as there are plans.
                let _fits = terms.push(term);
            }
        }
        if terms.is_empty() {
            return true;
        }
        let first = record.first.wrapping_sub(self.group.synapse_first);
        let element = self.element(first);
        let (random, t) = (self.learning_step.random, self.learning_step.t);
        let row = self.weights.get_mut(first..first.wrapping_add(words.len())).unwrap_or_default();
        if due & !self.due.y0 == 0 {
            let word = |at: u32| random.word_of_run(Purpose::Weight, t, element, at);
            rank_one::teach_fired(row, (&self.fired, start), &terms, self.format, &mut self.changed, word);
        } else {
            let words = |at: u32, words: &mut [u32]| random.words(Purpose::Weight, t, element.wrapping_add(at), words);
            rank_one::teach(row, &terms, self.format, &mut self.changed, words);
        }
        true
    }

    /// Whether a product can be other than zero, by the traces of the axon alone.
    fn can_change(&self, product: &ProductRecord, axon: Axon) -> bool {
        let at = match product.dependency {
            Dependency::X0 => axon.step(),
            // At every step a trace is at most what it is at its largest; the end alone would not tell.
            Dependency::Y0 => return true,
            Dependency::U(_) => index(self.group.epoch_steps),
        };
        let [x1, x2] = self.readings.pre_at(axon, at);
        product.factor.iter().take(product.factors).all(|factor| match factor.variable {
            Variable::X0 => axon.time > 0 || factor.constant != 0,
            Variable::X1 => x1.wrapping_add(factor.constant) != 0,
            Variable::X2 => x2.wrapping_add(factor.constant) != 0,
            _ => true,
        })
    }

    /// Evaluates the products of a chunk and writes back what changes.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn change<const DENSE: bool>(&mut self, chunk: &Chunk, due: u32, axon: Axon) {
        self.change_one::<DENSE>(chunk, due, axon, Target::Weight, &chunk.w);
        if self.has_more {
            self.change_one::<DENSE>(chunk, due, axon, Target::Tag, &chunk.t);
            self.change_one::<DENSE>(chunk, due, axon, Target::Delay, &chunk.d);
        }
    }

    /// Evaluates the products of a chunk that change one variable.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn change_one<const DENSE: bool>(&mut self, chunk: &Chunk, due: u32, axon: Axon, target: Target, old: &Values) {
        let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
        let mine = |(product, bit): &(&ProductRecord, u32)| due & bit != 0 && product.target == target;
        if !self.products.iter().zip(bits()).any(|product| mine(&product)) {
            return;
        }
        let mut sums = [0; LANES];
        for (sum, old) in computed(&mut sums, chunk.count).iter_mut().zip(old) {
            *sum = if exact { 0 } else { old.wrapping_shl(7) };
        }
        for (product, _) in self.products.iter().zip(bits()).filter(mine) {
            self.accumulate::<DENSE>(chunk, product, axon, &mut sums);
        }
        self.write_back(chunk, target, old, &sums);
    }

    /// Adds a product to the sums of a chunk.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn accumulate<const DENSE: bool>(&self, chunk: &Chunk, product: &ProductRecord, axon: Axon, sums: &mut Values) {
        let at = match product.dependency {
            Dependency::X0 => At::Step(axon.step()),
            Dependency::Y0 => At::Fired,
            Dependency::U(_) => At::Step(index(self.group.epoch_steps)),
        };
        let mut values = [product.mantissa; LANES];
        for factor in product.factor.iter().take(product.factors) {
            self.readings.multiply::<DENSE>(chunk, *factor, at, axon, &mut values);
        }
        self.gate(chunk, product, &mut values);
        let scale = Scale::of(product, self.group.dialect);
        let added = computed(sums, chunk.count).iter_mut().zip(&values);
        if self.group.dialect.has(Dialect::EXACT_PRODUCTS) {
            added.for_each(|(sum, value)| *sum = scale.add_exact(*sum, *value));
        } else {
            added.for_each(|(sum, value)| *sum = scale.add(*sum, *value));
        }
    }

    /// Leaves zero where the product does not count.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn gate(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        if product.dependency == Dependency::Y0 {
            for (value, fired) in computed(values, chunk.count).iter_mut().zip(&chunk.fired) {
                *value = if *fired > 0 { *value } else { 0 };
            }
        }
        if product.profiles != 0xFF {
            self.readings.gate_profiles(chunk, product, values);
        }
    }

    /// Rounds the sums, holds them to their range, and writes those that changed.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn write_back(&mut self, chunk: &Chunk, target: Target, old: &Values, sums: &Values) {
        let whole = |(low, high)| Format { lost: 0, low, high };
        let (format, purpose) = match target {
            Target::Weight => (self.format, Purpose::Weight),
            Target::Tag => (whole(self.group.tag_range()), Purpose::Tag),
            Target::Delay => (whole(self.group.delay_range()), Purpose::Delay),
        };
        let mut words = [0; LANES];
        self.draw(chunk, purpose, sums, format.lost, computed(&mut words, chunk.count));
        let mut new = [0; LANES];
        let lanes = computed(&mut new, chunk.count);
        let rounded = lanes.iter_mut().zip(sums).zip(&words);
        match self.group.rounding {
            Rounding::Stochastic => {
                rounded.for_each(|((new, sum), word)| *new = magnitude(*sum, format.lost, *word));
            }
            Rounding::Nearest => {
                rounded.for_each(|((new, sum), _)| *new = magnitude(*sum, format.lost, u32::MAX >> 1));
            }
            Rounding::FloorStochastic => {
                rounded.for_each(|((new, sum), word)| *new = floor(*sum, format, *word));
            }
            Rounding::AwayThenTruncate => {
                let changed = rounded.zip(old);
                changed.for_each(|(((new, sum), _), old)| {
                    *new = old.wrapping_add(away_then_truncate(*sum, format.lost));
                });
            }
        }
        for new in lanes {
            *new = (*new).max(format.low).min(format.high);
        }
        self.changed.count(old, &new, format, chunk.count);
        let variables = match target {
            Target::Weight => &mut *self.weights,
            Target::Tag => &mut *self.tags,
            Target::Delay => &mut *self.delays,
        };
        let run = variables.get_mut(chunk.first..).unwrap_or_default();
        if chunk.count == LANES
            && let Some(run) = run.first_chunk_mut::<LANES>()
        {
            for (variable, new) in run.iter_mut().zip(&new) {
                *variable = low_half(*new);
            }
        } else {
            for (variable, new) in run.iter_mut().zip(&new).take(chunk.count) {
                *variable = low_half(*new);
            }
        }
    }

    /// A random word per lane, unless nothing is left to round.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn draw(&self, chunk: &Chunk, purpose: Purpose, sums: &Values, lost: u32, words: &mut [u32]) {
        let stochastic = matches!(self.group.rounding, Rounding::Stochastic | Rounding::FloorStochastic);
        let mask = 128_i32.wrapping_shl(lost).wrapping_sub(1);
        if stochastic && sums.iter().any(|sum| sum & mask != 0) {
            self.learning_step.random.words(purpose, self.learning_step.t, self.element(chunk.first), words);
        }
    }

    /// The element of the random numbers of a synapse of the group.
    #[inline(always)]
    fn element(&self, synapse: usize) -> u32 {
        let [_, before, _] = self.group.before;
        u32::try_from(before.wrapping_add(synapse)).unwrap_or(u32::MAX)
    }
}
