//! The rule, for the synapses of one axon, sixteen at a time.

use super::Lesson;
use super::trace::{PreHistory, place};
use crate::image::{
    Dependency, Dialect, Factor, LearningRecord, ProductRecord, Rounding, Target, Variable, index,
};
use crate::num::{Purpose, RandomSource};
use crate::plastic::{HISTORY, Post};

/// Synapses that are evaluated together.
const LANES: usize = 16;
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
    /// Post trace of each lane.
    post: [usize; LANES],
    /// Whether the post traces follow one another.
    adjacent: bool,
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

impl<R: RandomSource + Copy> Row<'_, '_, '_, R> {
    /// Evaluates the rule for the synapses of an axon that last spiked at step `time` of the epoch, 0 for never.
    #[inline]
    pub(super) fn evaluate(&mut self, axon: usize, time: i16) {
        let active = |product: &ProductRecord| match product.dependency {
            Dependency::X0 => time > 0,
            Dependency::Y0 => self.fired,
            Dependency::U(k) => self.lesson.is_due(self.group, k),
        };
        // A bit per product whose traces of the axon let it be other than zero.
        let mut due = 0_u32;
        let mut only_fired = true;
        for (at, product) in self.products.iter().enumerate() {
            if active(product) && self.can_change(product, time) {
                due |= 1_u32.wrapping_shl(u32::try_from(at).unwrap_or(0));
                only_fired &= product.dependency == Dependency::Y0;
            }
        }
        if due == 0 {
            return;
        }
        let Some(record) = self.lesson.image.axon(self.group.axon_first.wrapping_add(axon)) else { return };
        let words = self.lesson.image.sparse.get(record.elements()).unwrap_or_default();
        let mut first = record.first.wrapping_sub(self.group.synapse_first);
        for words in words.chunks(LANES) {
            let chunk = self.read(first, words);
            if !only_fired || chunk.fired.iter().any(|time| *time > 0) {
                self.change(&chunk, due, time);
            }
            first = first.wrapping_add(LANES);
        }
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

    #[inline(always)]
    fn read(&self, first: usize, words: &[u32]) -> Chunk {
        let mut chunk = Chunk {
            first,
            count: words.len(),
            post: [0; LANES],
            adjacent: true,
            fired: [0; LANES],
            w: load(self.weights, first),
            t: load(self.tags, first),
            d: load(self.delays, first),
        };
        let at_synapse = self.group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE);
        for (lane, (post, word)) in chunk.post.iter_mut().zip(words).enumerate() {
            *post = if at_synapse {
                first.wrapping_add(lane)
            } else {
                index(*word & 0x3FF).wrapping_sub(self.group.post_first)
            };
        }
        let [begin, ..] = chunk.post;
        for (lane, post) in chunk.post.iter().enumerate().take(words.len()) {
            chunk.adjacent &= *post == begin.wrapping_add(lane);
        }
        self.post_values(&chunk.post, chunk.adjacent, place(1, HISTORY.wrapping_sub(1), self.posts.len()), &mut chunk.fired);
        for fired in chunk.fired.iter_mut().skip(words.len()) {
            *fired = 0;
        }
        chunk
    }

    /// Values of the history for the post traces of a chunk, from the plane that begins at `plane`.
    #[inline(always)]
    fn post_values(&self, post: &[usize; LANES], adjacent: bool, plane: usize, values: &mut Values) {
        let [begin, ..] = *post;
        let from = plane.wrapping_add(begin);
        if adjacent && let Some(run) = self.history.get(from..).and_then(<[i16]>::first_chunk::<LANES>) {
            for (value, trace) in values.iter_mut().zip(run) {
                *value = i32::from(*trace);
            }
            return;
        }
        for (value, post) in values.iter_mut().zip(post) {
            *value = self.history.get(plane.wrapping_add(*post)).copied().map_or(0, i32::from);
        }
    }

    /// Evaluates the products of a chunk and writes back what changes.
    #[inline(always)]
    fn change(&mut self, chunk: &Chunk, due: u32, time: i16) {
        for (target, of) in [(Target::Weight, 0), (Target::Tag, 1), (Target::Delay, 2)] {
            let mut sums = match of {
                0 => chunk.w,
                1 => chunk.t,
                _ => chunk.d,
            };
            let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
            for sum in &mut sums {
                *sum = if exact { 0 } else { sum.wrapping_shl(7) };
            }
            let mut any = false;
            for (at, product) in self.products.iter().enumerate() {
                let bit = 1_u32.wrapping_shl(u32::try_from(at).unwrap_or(0));
                if due & bit != 0 && product.target == target {
                    self.accumulate(chunk, product, time, &mut sums);
                    any = true;
                }
            }
            if any {
                self.write_back(chunk, target, &sums);
            }
        }
    }

    /// Adds a product to the sums of a chunk, in units of 2^-7.
    #[inline(always)]
    fn accumulate(&self, chunk: &Chunk, product: &ProductRecord, time: i16, sums: &mut Values) {
        let at = match product.dependency {
            Dependency::X0 => At::Step(index(u32::from(time.cast_unsigned()))),
            Dependency::Y0 => At::Fired,
            Dependency::U(_) => At::Step(index(self.group.epoch_steps)),
        };
        let mut values = [product.mantissa; LANES];
        for factor in product.factor.iter().take(product.factors) {
            let mut read = [0; LANES];
            self.read_factor(chunk, factor, at, time, &mut read);
            // At most 31 bits, as the check of the image guarantees.
            for (value, read) in values.iter_mut().zip(&read) {
                *value = value.wrapping_mul(*read);
            }
        }
        self.gate(chunk, product, &mut values);
        let exponent = product.exponent.wrapping_add(7);
        if self.group.dialect.has(Dialect::EXACT_PRODUCTS) {
            let scale = 1_i32.wrapping_shl(exponent.cast_unsigned());
            for (sum, value) in sums.iter_mut().zip(&values) {
                *sum = sum.saturating_add(value.saturating_mul(scale));
            }
            return;
        }
        let mantissa_bits = if self.group.dialect.has(Dialect::WIDE_MANTISSA) { 4 } else { 3 };
        let shift = product.width(mantissa_bits).saturating_sub(15);
        for (sum, value) in sums.iter_mut().zip(&values) {
            let scaled = value.wrapping_shr(shift).max(-32_769).min(32_767).wrapping_shl(exponent.cast_unsigned());
            *sum = sum.wrapping_add(scaled.max(-32_769).min(32_767)).max(-32_769).min(32_767);
        }
    }

    /// Leaves zero where the product does not count.
    #[inline(always)]
    fn gate(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        if product.dependency == Dependency::Y0 {
            for (value, fired) in values.iter_mut().zip(&chunk.fired) {
                *value = if *fired > 0 { *value } else { 0 };
            }
        }
        if product.profiles != 0xFF {
            for (value, post) in values.iter_mut().zip(&chunk.post) {
                let profile = self.posts.get(*post).map_or(0, |post| post.profile);
                let counts = product.profiles.wrapping_shr(u32::from(profile.cast_unsigned())) & 1 == 1;
                *value = if counts { *value } else { 0 };
            }
        }
    }

    /// A factor for every lane: the variable, a constant added, clipped to its width; or its sign.
    #[inline(always)]
    fn read_factor(&self, chunk: &Chunk, factor: &Factor, at: At, time: i16, values: &mut Values) {
        match factor.variable {
            Variable::Constant => {}
            Variable::X0 => *values = [i32::from(time > 0); LANES],
            Variable::X1 => self.pre_values(chunk, at, 0, values),
            Variable::X2 => self.pre_values(chunk, at, 1, values),
            Variable::Y0 => {
                for (value, fired) in values.iter_mut().zip(&chunk.fired) {
                    *value = i32::from(*fired > 0);
                }
            }
            Variable::Y1 => self.post_factor(chunk, at, 0, values),
            Variable::Y2 => self.post_factor(chunk, at, 1, values),
            Variable::Y3 => self.post_factor(chunk, at, 2, values),
            Variable::R1 => *values = [self.lesson.reward; LANES],
            Variable::W => *values = chunk.w,
            Variable::T => *values = chunk.t,
            Variable::D => *values = chunk.d,
        }
        let end = 1_i32.wrapping_shl(factor.variable.bits());
        let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
        for value in values.iter_mut() {
            let sum = value.wrapping_add(factor.constant);
            let sum = if factor.sign { sum.signum() } else { sum };
            *value = if exact { sum } else { sum.max(end.wrapping_neg()).min(end.wrapping_sub(1)) };
        }
    }

    #[inline(always)]
    fn pre_values(&self, chunk: &Chunk, at: At, trace: usize, values: &mut Values) {
        let read = |step: usize| self.x.get(step).and_then(|x| x.get(trace)).copied().map_or(0, i32::from);
        match at {
            At::Step(step) => *values = [read(step); LANES],
            At::Fired => {
                for (value, fired) in values.iter_mut().zip(&chunk.fired) {
                    *value = read(index(fired.cast_unsigned()));
                }
            }
        }
    }

    #[inline(always)]
    fn post_factor(&self, chunk: &Chunk, at: At, trace: usize, values: &mut Values) {
        let posts = self.posts.len();
        let single_step = self.group.epoch_steps == 1;
        match at {
            At::Step(step) => self.post_values(&chunk.post, chunk.adjacent, place(step, trace, posts), values),
            At::Fired if single_step => {
                self.post_values(&chunk.post, chunk.adjacent, place(1, trace, posts), values);
            }
            At::Fired => {
                for ((value, post), fired) in values.iter_mut().zip(&chunk.post).zip(&chunk.fired) {
                    let plane = place(index(fired.cast_unsigned()), trace, posts);
                    *value = self.history.get(plane.wrapping_add(*post)).copied().map_or(0, i32::from);
                }
            }
        }
    }

    /// Rounds the sums, holds them to their range, and writes those that changed.
    #[inline(always)]
    fn write_back(&mut self, chunk: &Chunk, target: Target, sums: &Values) {
        let lava = self.group.dialect.has(Dialect::LAVA_RANGES);
        let (old, (low, high), purpose, lost) = match target {
            Target::Weight => (&chunk.w, self.range, Purpose::Weight, self.group.lost_bits()),
            Target::Tag => (&chunk.t, if lava { (-257, 255) } else { (-256, 255) }, Purpose::Tag, 0),
            Target::Delay => (&chunk.d, if lava { (0, 255) } else { (0, 62) }, Purpose::Delay, 0),
        };
        let words = self.words(chunk, purpose, sums, lost);
        let mut new = *old;
        for (((new, sum), word), old) in new.iter_mut().zip(sums).zip(&words).zip(old) {
            let rounded = match self.group.rounding {
                Rounding::Stochastic => magnitude(*sum, lost, *word),
                Rounding::Nearest => magnitude(*sum, lost, u32::MAX >> 1),
                Rounding::FloorStochastic => {
                    // The sign mode holds before the rounding too.
                    let held = if low == 0 { (*sum).max(0) } else { *sum };
                    let held = if high == 0 { held.min(0) } else { held };
                    let up = (held & 127).cast_unsigned().wrapping_shl(25) > *word;
                    (held >> 7).wrapping_add(i32::from(up))
                }
                Rounding::AwayThenTruncate => old.wrapping_add(away_then_truncate(*sum, lost)),
            };
            *new = rounded.max(low).min(high);
        }
        let (mut changes, mut saturations) = (0_u64, 0_u64);
        for (new, old) in new.iter().zip(old).take(chunk.count) {
            changes = changes.wrapping_add(u64::from(new != old));
            saturations = saturations.wrapping_add(u64::from(new != old && (*new == low || *new == high)));
        }
        self.changes = self.changes.wrapping_add(changes);
        self.saturations = self.saturations.wrapping_add(saturations);
        let variables = match target {
            Target::Weight => &mut *self.weights,
            Target::Tag => &mut *self.tags,
            Target::Delay => &mut *self.delays,
        };
        let end = chunk.first.wrapping_add(chunk.count);
        for (variable, new) in variables.get_mut(chunk.first..end).unwrap_or_default().iter_mut().zip(&new) {
            *variable = i16::try_from(*new).unwrap_or(*variable);
        }
    }

    /// A random word per lane; 0 where nothing is left to round.
    #[inline(always)]
    fn words(&self, chunk: &Chunk, purpose: Purpose, sums: &Values, lost: u32) -> [u32; LANES] {
        let mut words = [0; LANES];
        let stochastic = matches!(self.group.rounding, Rounding::Stochastic | Rounding::FloorStochastic);
        let mask = 128_i32.wrapping_shl(lost).wrapping_sub(1);
        if stochastic && sums.iter().any(|sum| sum & mask != 0) {
            let [_, before, _] = self.group.before;
            let first = u32::try_from(before.wrapping_add(chunk.first)).unwrap_or(u32::MAX);
            for (word, element) in words.iter_mut().zip(first..) {
                *word = self.lesson.random.word(purpose, self.lesson.t, element);
            }
        }
        words
    }
}

/// Sixteen variables from `first` on; 0 behind the end.
#[inline(always)]
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
#[inline(always)]
fn magnitude(sum: i32, lost: u32, word: u32) -> i32 {
    let size = sum.unsigned_abs();
    let bits = lost.wrapping_add(7);
    let whole = size.wrapping_shr(bits);
    let left = size & 1_u32.wrapping_shl(bits).wrapping_sub(1);
    let up = left.wrapping_shl(32_u32.wrapping_sub(bits)) > word;
    let rounded = whole.wrapping_add(u32::from(up)).wrapping_shl(lost).cast_signed();
    if sum < 0 { rounded.wrapping_neg() } else { rounded }
}

/// A change in units of 2^-7 rounded away from zero to a whole one, and that toward zero to a multiple of 2^`lost`.
#[inline(always)]
fn away_then_truncate(sum: i32, lost: u32) -> i32 {
    let size = sum.unsigned_abs().wrapping_add(127) >> 7;
    let kept = size.wrapping_shr(lost).wrapping_shl(lost).cast_signed();
    if sum < 0 { kept.wrapping_neg() } else { kept }
}
