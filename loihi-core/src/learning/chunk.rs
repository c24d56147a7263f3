//! Sixteen synapses of an axon, and what a rule reads of them: variables, traces, factors.

use super::sum::{LANES, Values};
use super::trace::{PreHistory, place};
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
    /// Traces of the axons under way through the epoch.
    pub(super) x: &'r mut PreHistory,
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
        chunk.fired = self.post_values::<DENSE>(&chunk, place(1, HISTORY.wrapping_sub(1), self.posts.len()));
        for (lane, fired) in chunk.fired.iter_mut().enumerate() {
            *fired = if lane < words.len() { *fired } else { 0 };
        }
        chunk
    }

    /// The axon's traces x1 and x2 after a step of the epoch.
    #[inline(always)]
    pub(super) fn pre_at(&self, axon: Axon, step: usize) -> [i32; 2] {
        let [x1, x2] = self.x.get(step).copied().unwrap_or([[0; LANES]; 2]);
        [x1, x2].map(|lanes| lanes.get(axon.lane).copied().map_or(0, i32::from))
    }

    /// A factor for every lane: the variable, a constant added, clipped to its width; or its sign.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn factor<const DENSE: bool>(&self, chunk: &Chunk, factor: Factor, at: At, axon: Axon) -> Values {
        let mut values = match factor.variable {
            Variable::Constant => [0; LANES],
            Variable::X0 => [i32::from(axon.time > 0); LANES],
            Variable::X1 => self.pre_values(chunk, at, axon, 0),
            Variable::X2 => self.pre_values(chunk, at, axon, 1),
            Variable::Y0 => chunk.fired.map(|fired| i32::from(fired > 0)),
            Variable::Y1 => self.post_factor::<DENSE>(chunk, at, 0),
            Variable::Y2 => self.post_factor::<DENSE>(chunk, at, 1),
            Variable::Y3 => self.post_factor::<DENSE>(chunk, at, 2),
            Variable::R1 => [self.reward; LANES],
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

    /// Leaves zero where the product is not one of the compartment's profile.
    #[inline(never)]
    pub(super) fn gate_profiles(&self, chunk: &Chunk, product: &ProductRecord, values: &mut Values) {
        for (lane, value) in values.iter_mut().enumerate() {
            let profile = self.posts.get(self.post_of(chunk, lane)).map_or(0, |post| post.profile);
            let counts = product.profiles.wrapping_shr(u32::from(profile.cast_unsigned())) & 1 == 1;
            *value = if counts { *value } else { 0 };
        }
    }

    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn pre_values(&self, chunk: &Chunk, at: At, axon: Axon, trace: usize) -> Values {
        let read = |step: usize| self.pre_at(axon, step).get(trace).copied().unwrap_or(0);
        match at {
            At::Step(step) => [read(step); LANES],
            At::Fired if self.group.epoch_steps == 1 => [read(1); LANES],
            At::Fired => self.pre_values_at_spikes(chunk, axon, trace),
        }
    }

    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn post_factor<const DENSE: bool>(&self, chunk: &Chunk, at: At, trace: usize) -> Values {
        let posts = self.posts.len();
        match at {
            At::Step(step) => self.post_values::<DENSE>(chunk, place(step, trace, posts)),
            At::Fired if self.group.epoch_steps == 1 => self.post_values::<DENSE>(chunk, place(1, trace, posts)),
            At::Fired => self.post_values_at_spikes(chunk, trace),
        }
    }

    /// Values of the history for the post traces of a chunk, from the plane that begins at `plane`.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn post_values<const DENSE: bool>(&self, chunk: &Chunk, plane: usize) -> Values {
        if DENSE {
            return load(self.history, plane.wrapping_add(chunk.start));
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
    fn pre_values_at_spikes(&self, chunk: &Chunk, axon: Axon, trace: usize) -> Values {
        chunk.fired.map(|fired| self.pre_at(axon, index(fired.cast_unsigned())).get(trace).copied().unwrap_or(0))
    }

    /// The post trace of a lane.
    fn post_of(&self, chunk: &Chunk, lane: usize) -> usize {
        if self.group.dense { chunk.start.wrapping_add(lane) } else { chunk.post.get(lane).copied().unwrap_or(0) }
    }
}

/// Sixteen variables from `first` on; 0 behind the end.
#[cfg_attr(not(feature = "small-code"), inline(always))]
pub(super) fn load(variables: &[i16], first: usize) -> Values {
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
