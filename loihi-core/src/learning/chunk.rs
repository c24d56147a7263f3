//! Sixteen synapses of an axon, and what a rule reads of them: variables, traces, factors.

use super::sum::{LANES, Values, computed};
use super::trace::{PreTraces, place};
use crate::compartment::lanes::WIDE;
use crate::image::{Dialect, Factor, LearningRecord, ProductRecord, Variable, index};
use crate::plastic::{HISTORY, Post};

/// Sixteen synapses of an axon, or fewer: the lanes behind the last repeat nothing and are not written.
pub(super) struct Chunk {
    /// First synapse, counted in the group.
    pub(super) first: usize,
    /// Synapses.
    pub(super) count: usize,
    /// Post trace of the first lane; the others follow, if the group is dense.
    pub(super) start: usize,
    /// Post trace of each lane, if the group is not dense.
    pub(super) post: [usize; LANES],
    /// When each post trace last saw a spike, 0 for never.
    pub(super) fired: Values,
    pub(super) w: Values,
    pub(super) t: Values,
    pub(super) d: Values,
}

/// When traces are read.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// At this step of the epoch.
    Step(usize),
    /// When the compartment fired.
    Fired,
}

/// An axon under way: when it last spiked within the epoch, 0 for never, and its lane in the history of traces.
#[derive(Clone, Copy)]
pub(super) struct Axon {
    pub(super) time: i16,
    pub(super) lane: usize,
}

impl Axon {
    /// The step of its spike.
    #[inline(always)]
    pub(super) fn step(self) -> usize {
        index(u32::from(self.time.cast_unsigned()))
    }
}

/// What a rule reads besides the variables of the synapses.
pub(super) struct Readings<'r> {
    pub(super) group: &'r LearningRecord,
    /// Post traces through the epoch; see [`HISTORY`].
    pub(super) history: &'r [i16],
    pub(super) posts: &'r [Post],
    /// Traces of the axons under way after each step of the epoch, from 1.
    pub(super) x: &'r mut [PreTraces],
    pub(super) reward: i32,
}

impl Readings<'_> {
    /// The post traces of synapses, from the synapse `first` of the group on, and when they saw a spike.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn chunk<const DENSE: bool>(&self, first: usize, words: &[u32]) -> Chunk {
        let at_synapse = self.group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE);
        let post_of = |word: &u32| index(*word & 0x3FF).wrapping_sub(self.group.post_first);
        let mut chunk = Chunk {
            first,
            count: words.len(),
            start: if at_synapse { first } else { words.first().map_or(0, post_of) },
            post: [0; LANES],
            fired: [0; LANES],
            w: [0; LANES],
            t: [0; LANES],
            d: [0; LANES],
        };
        if !DENSE {
            for (lane, (post, word)) in chunk.post.iter_mut().zip(words).enumerate() {
                *post = if at_synapse { first.wrapping_add(lane) } else { post_of(word) };
            }
        }
        let mut fired = [0; LANES];
        let lanes = computed(&mut fired, words.len());
        self.post_values::<DENSE>(&chunk, place(1, HISTORY.wrapping_sub(1), self.posts.len()), lanes);
        for (lane, (kept, fired)) in chunk.fired.iter_mut().zip(lanes).enumerate() {
            *kept = if lane < words.len() { *fired } else { 0 };
        }
        chunk
    }

    /// The axon's traces x1 and x2 after a step of the epoch.
    #[inline(always)]
    pub(super) fn pre_at(&self, axon: Axon, step: usize) -> [i32; 2] {
        let Some([x1, x2]) = self.x.get(step) else { return [0; 2] };
        [x1.get(axon.lane), x2.get(axon.lane)].map(|x| x.copied().map_or(0, i32::from))
    }

    /// Multiplies every lane by a factor: the variable, a constant added, clipped to its width; or its sign.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn multiply<const DENSE: bool>(
        &self,
        chunk: &Chunk,
        factor: Factor,
        at: At,
        axon: Axon,
        values: &mut Values,
    ) {
        let mut variable = [0; LANES];
        let lanes = computed(&mut variable, chunk.count);
        match factor.variable {
            Variable::Constant => {}
            Variable::X0 => lanes.fill(i32::from(axon.time > 0)),
            Variable::X1 => self.pre_values(chunk, at, axon, 0, lanes),
            Variable::X2 => self.pre_values(chunk, at, axon, 1, lanes),
            Variable::Y0 => copy(lanes, &chunk.fired, |fired| i32::from(fired > 0)),
            Variable::Y1 => self.post_factor::<DENSE>(chunk, at, 0, lanes),
            Variable::Y2 => self.post_factor::<DENSE>(chunk, at, 1, lanes),
            Variable::Y3 => self.post_factor::<DENSE>(chunk, at, 2, lanes),
            Variable::R1 => lanes.fill(self.reward),
            Variable::W => copy(lanes, &chunk.w, |w| w),
            Variable::T => copy(lanes, &chunk.t, |t| t),
            Variable::D => copy(lanes, &chunk.d, |d| d),
        }
        let end = 1_i32.wrapping_shl(factor.variable.bits());
        let exact = self.group.dialect.has(Dialect::EXACT_PRODUCTS);
        let (low, high) = if exact { (i32::MIN, i32::MAX) } else { (end.wrapping_neg(), end.wrapping_sub(1)) };
        for variable in &mut *lanes {
            let sum = variable.wrapping_add(factor.constant);
            *variable = if factor.sign { sum.signum() } else { sum };
        }
        // At most 31 bits, as the check of the image guarantees.
        for (value, factor) in values.iter_mut().zip(lanes) {
            *value = value.wrapping_mul((*factor).max(low).min(high));
        }
    }

    /// Leaves zero where the product is not one of the compartment's profile.
    #[inline(never)]
    pub(super) fn gate_profiles(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        for (lane, value) in computed(values, chunk.count).iter_mut().enumerate() {
            let profile = self.posts.get(self.post_of(chunk, lane)).map_or(0, |post| post.profile);
            let counts = product.profiles.wrapping_shr(u32::from(profile.cast_unsigned())) & 1 == 1;
            *value = if counts { *value } else { 0 };
        }
    }

    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn pre_values(&self, chunk: &Chunk, at: At, axon: Axon, trace: usize, lanes: &mut [i32]) {
        let read = |step: usize| self.pre_at(axon, step).get(trace).copied().unwrap_or(0);
        match at {
            At::Step(step) => lanes.fill(read(step)),
            At::Fired if self.group.epoch_steps == 1 => lanes.fill(read(1)),
            At::Fired => self.pre_values_at_spikes(chunk, axon, trace, lanes),
        }
    }

    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn post_factor<const DENSE: bool>(&self, chunk: &Chunk, at: At, trace: usize, lanes: &mut [i32]) {
        let posts = self.posts.len();
        match at {
            At::Step(step) => self.post_values::<DENSE>(chunk, place(step, trace, posts), lanes),
            At::Fired if self.group.epoch_steps == 1 => {
                self.post_values::<DENSE>(chunk, place(1, trace, posts), lanes);
            }
            At::Fired => self.post_values_at_spikes(chunk, trace, lanes),
        }
    }

    /// Values of the history for the post traces of a chunk, from the plane that begins at `plane`.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn post_values<const DENSE: bool>(&self, chunk: &Chunk, plane: usize, lanes: &mut [i32]) {
        if DENSE {
            load(lanes, self.history, plane.wrapping_add(chunk.start));
        } else {
            self.scattered_values(chunk, plane, lanes);
        }
    }

    // Out of the way of what is fast, as the next ones.
    #[inline(never)]
    fn scattered_values(&self, chunk: &Chunk, plane: usize, lanes: &mut [i32]) {
        for (value, post) in lanes.iter_mut().zip(&chunk.post) {
            *value = self.history.get(plane.wrapping_add(*post)).copied().map_or(0, i32::from);
        }
    }

    /// Values of a post trace at the time at which each of them saw its last spike.
    #[inline(never)]
    fn post_values_at_spikes(&self, chunk: &Chunk, trace: usize, lanes: &mut [i32]) {
        let posts = self.posts.len();
        for (lane, (value, fired)) in lanes.iter_mut().zip(&chunk.fired).enumerate() {
            let plane = place(index(fired.cast_unsigned()), trace, posts);
            *value = self.history.get(plane.wrapping_add(self.post_of(chunk, lane))).copied().map_or(0, i32::from);
        }
    }

    /// Values of a trace of the axon at the time at which each post trace saw its last spike.
    #[inline(never)]
    fn pre_values_at_spikes(&self, chunk: &Chunk, axon: Axon, trace: usize, lanes: &mut [i32]) {
        copy(lanes, &chunk.fired, |fired| {
            self.pre_at(axon, index(fired.cast_unsigned())).get(trace).copied().unwrap_or(0)
        });
    }

    /// The post trace of a lane.
    fn post_of(&self, chunk: &Chunk, lane: usize) -> usize {
        if self.group.dense { chunk.start.wrapping_add(lane) } else { chunk.post.get(lane).copied().unwrap_or(0) }
    }
}

/// What `value` makes of each lane of `from`.
#[inline(always)]
fn copy(lanes: &mut [i32], from: &Values, value: impl Fn(i32) -> i32) {
    for (lane, from) in lanes.iter_mut().zip(from) {
        *lane = value(*from);
    }
}

/// A variable for each lane, from `first` on; behind their end lanes stay as they are.
#[cfg_attr(not(feature = "small-code"), inline(always))]
pub(super) fn load(lanes: &mut [i32], variables: &[i16], first: usize) {
    let rest = variables.get(first..).unwrap_or_default();
    // A length that is known lets the compiler take several at once.
    if WIDE && let Some(run) = rest.first_chunk::<LANES>() {
        for (lane, variable) in lanes.iter_mut().zip(run) {
            *lane = i32::from(*variable);
        }
    } else {
        for (lane, variable) in lanes.iter_mut().zip(rest) {
            *lane = i32::from(*variable);
        }
    }
}
