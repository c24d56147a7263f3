//! The rule, for the synapses of one axon, sixteen at a time.

use super::Lesson;
use super::rank_one::{self, Format, Term};
use super::trace::{PreHistory, place};
use crate::image::{Dependency, Dialect, Factor, LearningRecord, ProductRecord, Rounding, Target, Variable, index};
use crate::num::{Purpose, RandomSource};
use crate::plastic::{HISTORY, Post};

/// Synapses that are evaluated together.
const LANES: usize = 16;
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

/// Whether a product reads or changes a tag or a delay.
pub(super) fn needs_more(product: &ProductRecord) -> bool {
    let mut factors = product.factor.iter().take(product.factors);
    product.target != Target::Weight || factors.any(|factor| matches!(factor.variable, Variable::T | Variable::D))
}

/// A value per synapse.
type Values = [i32; LANES];

/// A group at the end of its epoch, with what the rule reads and writes.
pub(super) struct Row<'r, 'i, 'a, R> {
    pub(super) lesson: &'r Lesson<'i, 'a, R>,
    pub(super) group: &'r LearningRecord,
    /// Smallest and largest weight.
    pub(super) range: (i32, i32),
    pub(super) history: &'r [i16],
    pub(super) posts: &'r [Post],
    pub(super) weights: &'r mut [i16],
    pub(super) tags: &'r mut [i16],
    pub(super) delays: &'r mut [i16],
    /// Traces of the axon under way.
    pub(super) x: PreHistory,
    pub(super) products: heapless::Vec<ProductRecord, { LearningRecord::PRODUCTS_MAX }>,
    /// Whether the rule reads or changes tags or delays.
    pub(super) has_more: bool,
    pub(super) due: Due,
    /// Whether any post trace saw a spike.
    pub(super) fired: bool,
    pub(super) changes: u64,
    pub(super) saturations: u64,
}

/// Sixteen synapses of an axon, or fewer: the lanes behind the last repeat nothing and are not written.
struct Chunk {
    /// First synapse, counted in the group.
    first: usize,
    /// Synapses.
    count: usize,
    /// Post trace of the first lane; the others follow, if the group is dense.
    begin: usize,
    /// Post trace of each lane, if the group is not dense.
    post: [usize; LANES],
    /// When each post trace last saw a spike, 0 for never.
    fired: Values,
    w: Values,
    t: Values,
    d: Values,
}

/// When traces are read.
#[derive(Clone, Copy)]
enum At {
    /// At this step of the epoch.
    Step(usize),
    /// When the compartment fired.
    Fired,
}

impl<'r, R: RandomSource + Copy> Row<'r, '_, '_, R> {
    /// Evaluates the rule for the synapses of an axon that last spiked at step `time` of the epoch, 0 for never.
    /// `DENSE`: whether the synapses of every axon end at compartments that follow one another.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn evaluate<const DENSE: bool>(&mut self, axon: usize, time: i16) {
        let spiked = if time > 0 { self.due.x0 } else { 0 };
        let fired = if self.fired { self.due.y0 } else { 0 };
        let mut due = self.due.u | spiked | fired;
        if due == 0 {
            return;
        }
        for (product, bit) in self.products.iter().zip(bits()) {
            if due & bit != 0 && !self.can_change(product, time) {
                due &= !bit;
            }
        }
        if due == 0 {
            return;
        }
        let only_fired = due & !self.due.y0 == 0;
        let Some(record) = self.lesson.image.axon(self.group.axon_first.wrapping_add(axon)) else { return };
        let words = self.lesson.image.sparse.get(record.elements()).unwrap_or_default();
        let mut first = record.first.wrapping_sub(self.group.synapse_first);
        if DENSE && self.teach_in_a_row(first, words, due, time) {
            return;
        }
        for words in words.chunks(LANES) {
            let chunk = self.read::<DENSE>(first, words);
            if !only_fired || chunk.fired.iter().any(|time| *time > 0) {
                self.change::<DENSE>(&chunk, due, time);
            }
            first = first.wrapping_add(LANES);
        }
    }

    /// Takes those products off what is due at the end of the epoch that are 0 at every post, because one of their post
    /// traces is.
    pub(super) fn drop_products_without_posts(&mut self) {
        let (step, posts) = (index(self.group.epoch_steps), self.posts.len());
        let is_zero = |trace: usize| {
            let first = place(step, trace, posts);
            let plane = self.history.get(first..first.wrapping_add(posts)).unwrap_or_default();
            plane.iter().all(|y| *y == 0)
        };
        let zero = [is_zero(0), is_zero(1), is_zero(2)];
        for (product, bit) in self.products.iter().zip(bits()) {
            let mut factors = product.factor.iter().take(product.factors);
            let is_zero = factors.any(|factor| match factor.variable {
                Variable::Y1 => zero[0] && factor.constant == 0,
                Variable::Y2 => zero[1] && factor.constant == 0,
                Variable::Y3 => zero[2] && factor.constant == 0,
                _ => false,
            });
            if is_zero {
                self.due.u &= !bit;
            }
        }
    }

    /// Evaluates the rule for all synapses of an axon at once if every product that is due is one of the axon's traces
    /// and a post trace; whether it did.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn teach_in_a_row(&mut self, first: usize, words: &[u32], due: u32, time: i16) -> bool {
        let plain = self.group.rounding == Rounding::Stochastic
            && !self.group.dialect.has(Dialect::EXACT_PRODUCTS | Dialect::POST_TRACE_AT_SYNAPSE);
        if !plain || self.has_more {
            return false;
        }
        let begin = words.first().map_or(0, |word| index(*word & 0x3FF).wrapping_sub(self.group.post_first));
        let mut terms: heapless::Vec<Term<'_>, 4> = heapless::Vec::new();
        for (product, bit) in self.products.iter().zip(bits()) {
            if due & bit != 0 {
                let Some(term) = self.term(product, begin, time) else { return false };
                if terms.push(term).is_err() {
                    return false;
                }
            }
        }
        let (low, high) = self.range;
        let format = Format { lost: self.group.lost_bits(), low, high };
        let [_, before, _] = self.group.before;
        let element = u32::try_from(before.wrapping_add(first)).unwrap_or(u32::MAX);
        let (random, t) = (self.lesson.random, self.lesson.t);
        let end = first.wrapping_add(words.len());
        let row = self.weights.get_mut(first..end).unwrap_or_default();
        let changed =
            rank_one::teach(row, &terms, format, |at| random.word(Purpose::Weight, t, element.wrapping_add(at)));
        self.changes = self.changes.wrapping_add(u64::from(changed.all));
        self.saturations = self.saturations.wrapping_add(u64::from(changed.saturated));
        true
    }

    /// A product as one number of the axon times one post trace, if it is that.
    fn term(&self, product: &ProductRecord, begin: usize, time: i16) -> Option<Term<'r>> {
        let step = match product.dependency {
            Dependency::X0 => index(u32::from(time.cast_unsigned())),
            Dependency::Y0 => return None,
            Dependency::U(_) => index(self.group.epoch_steps),
        };
        let [x1, x2] = self.x.get(step).copied().unwrap_or_default();
        let (mut scale, mut y) = (product.mantissa, None);
        for factor in product.factor.iter().take(product.factors) {
            if factor.sign || factor.constant != 0 {
                return None;
            }
            match (factor.variable, y) {
                (Variable::X1, _) => scale = scale.wrapping_mul(i32::from(x1)),
                (Variable::X2, _) => scale = scale.wrapping_mul(i32::from(x2)),
                (Variable::Y1, None) => y = Some(0),
                (Variable::Y2, None) => y = Some(1),
                (Variable::Y3, None) => y = Some(2),
                _ => return None,
            }
        }
        if product.profiles != 0xFF {
            return None;
        }
        let mantissa_bits = if self.group.dialect.has(Dialect::WIDE_MANTISSA) { 4 } else { 3 };
        let plane = place(step, y?, self.posts.len()).wrapping_add(begin);
        Some(Term {
            scale,
            shift: product.width(mantissa_bits).saturating_sub(15).saturating_add(product.finer_bits()),
            exponent: product.exponent.wrapping_add(7).max(0).cast_unsigned(),
            y: { self.history }.get(plane..)?,
        })
    }

    /// Whether a product can be other than zero, by the traces of the axon alone.
    fn can_change(&self, product: &ProductRecord, time: i16) -> bool {
        let at = match product.dependency {
            Dependency::X0 => index(u32::from(time.cast_unsigned())),
            // At every step a trace is at most what it is at its largest; the end alone would not tell.
            Dependency::Y0 => return true,
            Dependency::U(_) => index(self.group.epoch_steps),
        };
        let [x1, x2] = self.x.get(at).copied().unwrap_or_default();
        product.factor.iter().take(product.factors).all(|factor| match factor.variable {
            Variable::X0 => time > 0 || factor.constant != 0,
            Variable::X1 => i32::from(x1).wrapping_add(factor.constant) != 0,
            Variable::X2 => i32::from(x2).wrapping_add(factor.constant) != 0,
            _ => true,
        })
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn read<const DENSE: bool>(&self, first: usize, words: &[u32]) -> Chunk {
        let at_synapse = self.group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE);
        let post_of = |word: &u32| index(*word & 0x3FF).wrapping_sub(self.group.post_first);
        let mut chunk = Chunk {
            first,
            count: words.len(),
            begin: if at_synapse { first } else { words.first().map_or(0, post_of) },
            post: [0; LANES],
            fired: [0; LANES],
            w: load(self.weights, first),
            t: if self.has_more { load(self.tags, first) } else { [0; LANES] },
            d: if self.has_more { load(self.delays, first) } else { [0; LANES] },
        };
        if !DENSE {
            for (lane, (post, word)) in chunk.post.iter_mut().zip(words).enumerate() {
                *post = if at_synapse { first.wrapping_add(lane) } else { post_of(word) };
            }
        }
        chunk.fired = self.post_values::<DENSE>(&chunk, place(1, HISTORY.wrapping_sub(1), self.posts.len()));
        for (lane, fired) in chunk.fired.iter_mut().enumerate() {
            *fired = if lane < words.len() { *fired } else { 0 };
        }
        chunk
    }

    /// Values of the history for the post traces of a chunk, from the plane that begins at `plane`.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn post_values<const DENSE: bool>(&self, chunk: &Chunk, plane: usize) -> Values {
        if DENSE {
            return load(self.history, plane.wrapping_add(chunk.begin));
        }
        self.scattered_values(chunk, plane)
    }

    // Out of the way of what is fast, as the next ones.
    #[inline(never)]
    fn scattered_values(&self, chunk: &Chunk, plane: usize) -> Values {
        chunk.post.map(|post| self.history.get(plane.wrapping_add(post)).copied().map_or(0, i32::from))
    }

    /// Values of a post trace at the time at which each of them saw its last spike.
    #[inline(never)]
    fn post_values_at_spikes(&self, chunk: &Chunk, trace: usize) -> Values {
        let posts = self.posts.len();
        let mut values = [0; LANES];
        for (lane, (value, fired)) in values.iter_mut().zip(&chunk.fired).enumerate() {
            let plane = place(index(fired.cast_unsigned()), trace, posts);
            *value = self.history.get(plane.wrapping_add(self.post_of(chunk, lane))).copied().map_or(0, i32::from);
        }
        values
    }

    /// Values of a trace of the axon at the time at which each post trace saw its last spike.
    #[inline(never)]
    fn pre_values_at_spikes(&self, chunk: &Chunk, trace: usize) -> Values {
        chunk.fired.map(|fired| {
            let at = self.x.get(index(fired.cast_unsigned()));
            at.and_then(|x| x.get(trace)).copied().map_or(0, i32::from)
        })
    }

    /// The post trace of a lane.
    fn post_of(&self, chunk: &Chunk, lane: usize) -> usize {
        if self.group.dense { chunk.begin.wrapping_add(lane) } else { chunk.post.get(lane).copied().unwrap_or(0) }
    }

    /// Leaves zero where the product is not one of the compartment's profile.
    #[inline(never)]
    fn gate_profiles(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        for (lane, value) in values.iter_mut().enumerate() {
            let profile = self.posts.get(self.post_of(chunk, lane)).map_or(0, |post| post.profile);
            let counts = product.profiles.wrapping_shr(u32::from(profile.cast_unsigned())) & 1 == 1;
            *value = if counts { *value } else { 0 };
        }
    }

    /// Evaluates the products of a chunk and writes back what changes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn change<const DENSE: bool>(&mut self, chunk: &Chunk, due: u32, time: i16) {
        self.change_one::<DENSE>(chunk, due, time, Target::Weight, &chunk.w);
        if self.has_more {
            self.change_one::<DENSE>(chunk, due, time, Target::Tag, &chunk.t);
            self.change_one::<DENSE>(chunk, due, time, Target::Delay, &chunk.d);
        }
    }

    /// Evaluates the products of a chunk that change one variable.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn change_one<const DENSE: bool>(&mut self, chunk: &Chunk, due: u32, time: i16, target: Target, old: &Values) {
        let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
        let mut sums = *old;
        for sum in &mut sums {
            *sum = if exact { 0 } else { sum.wrapping_shl(7) };
        }
        let mut any = false;
        for (product, bit) in self.products.iter().zip(bits()) {
            if due & bit != 0 && product.target == target {
                self.accumulate::<DENSE>(chunk, product, time, &mut sums);
                any = true;
            }
        }
        if any {
            self.write_back(chunk, target, old, &sums);
        }
    }

    /// Adds a product to the sums of a chunk, in units of 2^-7.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn accumulate<const DENSE: bool>(&self, chunk: &Chunk, product: &ProductRecord, time: i16, sums: &mut Values) {
        let at = match product.dependency {
            Dependency::X0 => At::Step(index(u32::from(time.cast_unsigned()))),
            Dependency::Y0 => At::Fired,
            Dependency::U(_) => At::Step(index(self.group.epoch_steps)),
        };
        let mut values = [product.mantissa; LANES];
        for factor in product.factor.iter().take(product.factors) {
            let read = self.read_factor::<DENSE>(chunk, *factor, at, time);
            // At most 31 bits, as the check of the image guarantees.
            for (value, read) in values.iter_mut().zip(&read) {
                *value = value.wrapping_mul(*read);
            }
        }
        self.gate(chunk, product, &mut values);
        let exponent = product.exponent.wrapping_add(7).max(0);
        if self.group.dialect.has(Dialect::EXACT_PRODUCTS) {
            let scale = 1_i32.wrapping_shl(exponent.cast_unsigned());
            for (sum, value) in sums.iter_mut().zip(&values) {
                *sum = sum.saturating_add(value.saturating_mul(scale));
            }
            return;
        }
        let mantissa_bits = if self.group.dialect.has(Dialect::WIDE_MANTISSA) { 4 } else { 3 };
        let shift = product.width(mantissa_bits).saturating_sub(15).saturating_add(product.finer_bits());
        for (sum, value) in sums.iter_mut().zip(&values) {
            let scaled = value.wrapping_shr(shift).clamp(-32_769, 32_767).wrapping_shl(exponent.cast_unsigned());
            *sum = sum.wrapping_add(scaled.clamp(-32_769, 32_767)).clamp(-32_769, 32_767);
        }
    }

    /// Leaves zero where the product does not count.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn gate(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        if product.dependency == Dependency::Y0 {
            for (value, fired) in values.iter_mut().zip(&chunk.fired) {
                *value = if *fired > 0 { *value } else { 0 };
            }
        }
        if product.profiles != 0xFF {
            self.gate_profiles(chunk, product, values);
        }
    }

    /// A factor for every lane: the variable, a constant added, clipped to its width; or its sign.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn read_factor<const DENSE: bool>(&self, chunk: &Chunk, factor: Factor, at: At, time: i16) -> Values {
        let mut values = match factor.variable {
            Variable::Constant => [0; LANES],
            Variable::X0 => [i32::from(time > 0); LANES],
            Variable::X1 => self.pre_values(chunk, at, 0),
            Variable::X2 => self.pre_values(chunk, at, 1),
            Variable::Y0 => chunk.fired.map(|fired| i32::from(fired > 0)),
            Variable::Y1 => self.post_factor::<DENSE>(chunk, at, 0),
            Variable::Y2 => self.post_factor::<DENSE>(chunk, at, 1),
            Variable::Y3 => self.post_factor::<DENSE>(chunk, at, 2),
            Variable::R1 => [self.lesson.reward; LANES],
            Variable::W => chunk.w,
            Variable::T => chunk.t,
            Variable::D => chunk.d,
        };
        let end = 1_i32.wrapping_shl(factor.variable.bits());
        let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
        let (low, high) = if exact { (i32::MIN, i32::MAX) } else { (end.wrapping_neg(), end.wrapping_sub(1)) };
        for value in &mut values {
            *value = value.wrapping_add(factor.constant);
        }
        if factor.sign {
            values = values.map(i32::signum);
        }
        values.map(|value| value.max(low).min(high))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn pre_values(&self, chunk: &Chunk, at: At, trace: usize) -> Values {
        let read = |step: usize| self.x.get(step).and_then(|x| x.get(trace)).copied().map_or(0, i32::from);
        match at {
            At::Step(step) => [read(step); LANES],
            At::Fired if self.group.epoch_steps == 1 => [read(1); LANES],
            At::Fired => self.pre_values_at_spikes(chunk, trace),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn post_factor<const DENSE: bool>(&self, chunk: &Chunk, at: At, trace: usize) -> Values {
        let posts = self.posts.len();
        match at {
            At::Step(step) => self.post_values::<DENSE>(chunk, place(step, trace, posts)),
            At::Fired if self.group.epoch_steps == 1 => self.post_values::<DENSE>(chunk, place(1, trace, posts)),
            At::Fired => self.post_values_at_spikes(chunk, trace),
        }
    }

    /// Rounds the sums, holds them to their range, and writes those that changed.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn write_back(&mut self, chunk: &Chunk, target: Target, old: &Values, sums: &Values) {
        let lava = self.group.dialect.has(Dialect::LAVA_RANGES);
        let ((low, high), purpose, lost) = match target {
            Target::Weight => (self.range, Purpose::Weight, self.group.lost_bits()),
            Target::Tag => (if lava { (-257, 255) } else { (-256, 255) }, Purpose::Tag, 0),
            Target::Delay => (if lava { (0, 255) } else { (0, 62) }, Purpose::Delay, 0),
        };
        let words = self.words(chunk, purpose, sums, lost);
        let mut new = *old;
        match self.group.rounding {
            Rounding::Stochastic => {
                for ((new, sum), word) in new.iter_mut().zip(sums).zip(&words) {
                    *new = magnitude(*sum, lost, *word);
                }
            }
            Rounding::Nearest => {
                for (new, sum) in new.iter_mut().zip(sums) {
                    *new = magnitude(*sum, lost, u32::MAX >> 1);
                }
            }
            Rounding::FloorStochastic => {
                for ((new, sum), word) in new.iter_mut().zip(sums).zip(&words) {
                    // The sign mode holds before the rounding too.
                    let held = if low == 0 { (*sum).max(0) } else { *sum };
                    let held = if high == 0 { held.min(0) } else { held };
                    let up = (held & 127).cast_unsigned().wrapping_shl(25) > *word;
                    *new = (held >> 7).wrapping_add(i32::from(up));
                }
            }
            Rounding::AwayThenTruncate => {
                for (new, sum) in new.iter_mut().zip(sums) {
                    *new = new.wrapping_add(away_then_truncate(*sum, lost));
                }
            }
        }
        for new in &mut new {
            *new = (*new).max(low).min(high);
        }
        let (mut changes, mut saturations) = (0_u32, 0_u32);
        for (lane, (new, old)) in new.iter().zip(old).enumerate() {
            let changed = u32::from(new != old) & u32::from(lane < chunk.count);
            changes = changes.wrapping_add(changed);
            saturations = saturations.wrapping_add(changed & (u32::from(*new == low) | u32::from(*new == high)));
        }
        self.changes = self.changes.wrapping_add(u64::from(changes));
        self.saturations = self.saturations.wrapping_add(u64::from(saturations));
        let variables = match target {
            Target::Weight => &mut *self.weights,
            Target::Tag => &mut *self.tags,
            Target::Delay => &mut *self.delays,
        };
        if chunk.count == LANES
            && let Some(run) = variables.get_mut(chunk.first..).and_then(<[i16]>::first_chunk_mut::<LANES>)
        {
            for (variable, new) in run.iter_mut().zip(&new) {
                *variable = low_half(*new);
            }
            return;
        }
        let end = chunk.first.wrapping_add(chunk.count);
        for (variable, new) in variables.get_mut(chunk.first..end).unwrap_or_default().iter_mut().zip(&new) {
            *variable = low_half(*new);
        }
    }

    /// A random word per lane; 0 where nothing is left to round.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn words(&self, chunk: &Chunk, purpose: Purpose, sums: &Values, lost: u32) -> [u32; LANES] {
        let mut words = [0; LANES];
        let stochastic = matches!(self.group.rounding, Rounding::Stochastic | Rounding::FloorStochastic);
        let mask = 128_i32.wrapping_shl(lost).wrapping_sub(1);
        if stochastic && sums.iter().any(|sum| sum & mask != 0) {
            let [_, before, _] = self.group.before;
            let first = u32::try_from(before.wrapping_add(chunk.first)).unwrap_or(u32::MAX);
            for (word, lane) in words.iter_mut().zip(0..16_u32) {
                *word = self.lesson.random.word(purpose, self.lesson.t, first.wrapping_add(lane));
            }
        }
        words
    }
}

/// A variable of at most 9 bits and sign in 16 bits.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[expect(clippy::cast_possible_truncation, reason = "held to the range of the variable")]
pub(super) const fn low_half(value: i32) -> i16 {
    value as i16
}

/// Sixteen variables from `first` on; 0 behind the end.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn load(variables: &[i16], first: usize) -> Values {
    let mut values = [0; LANES];
    let rest = variables.get(first..).unwrap_or_default();
    if let Some(run) = rest.first_chunk::<LANES>() {
        for (value, variable) in values.iter_mut().zip(run) {
            *value = i32::from(*variable);
        }
    } else {
        for (value, variable) in values.iter_mut().zip(rest) {
            *value = i32::from(*variable);
        }
    }
    values
}

/// The magnitude of a sum in units of 2^-7, rounded to a multiple of 2^`lost` units of 1: up if what is left exceeds
/// the word, as fractions of one.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(super) fn magnitude(sum: i32, lost: u32, word: u32) -> i32 {
    let size = sum.unsigned_abs();
    let bits = lost.wrapping_add(7);
    let whole = size.wrapping_shr(bits);
    let left = size & 1_u32.wrapping_shl(bits).wrapping_sub(1);
    let up = left.wrapping_shl(32_u32.wrapping_sub(bits)) > word;
    let rounded = whole.wrapping_add(u32::from(up)).wrapping_shl(lost).cast_signed();
    if sum < 0 { rounded.wrapping_neg() } else { rounded }
}

/// A change in units of 2^-7 rounded away from zero to a whole one, and that toward zero to a multiple of 2^`lost`.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn away_then_truncate(sum: i32, lost: u32) -> i32 {
    let size = sum.unsigned_abs().wrapping_add(127) >> 7;
    let kept = size.wrapping_shr(lost).wrapping_shl(lost).cast_signed();
    if sum < 0 { kept.wrapping_neg() } else { kept }
}
