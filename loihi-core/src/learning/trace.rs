//! Traces through the steps of an epoch, sixteen axons or compartments at a time.

use super::LearningStep;
use super::sum::{LANES, computed, low_half};
use crate::compartment::lanes::WIDE;
use crate::image::{Dialect, Image, LearningRecord, TraceRecord, index};
use crate::num::{Purpose, RandomSource};
use crate::plastic::{HISTORY, Post, Pre};

/// Most steps of an epoch.
pub(super) const EPOCH_MAX: usize = 64;

/// The traces of a group, and what they need to be followed.
pub(super) struct Traces<'l, 'i, 'a, R> {
    learning_step: &'l LearningStep<'i, 'a, R>,
    group: &'l LearningRecord,
    records: [Option<TraceRecord>; 5],
}

/// The traces x1 and x2 of sixteen axons after a step of an epoch.
pub(super) type PreTraces = [[Kept; LANES]; 2];

/// A trace of an axon as the history keeps it, 0..=127: a byte where the stack is small.
#[cfg(feature = "small-stack")]
type Kept = u8;
#[cfg(not(feature = "small-stack"))]
type Kept = i16;

/// The trace as it is kept.
#[inline(always)]
fn kept(x: i16) -> Kept {
    // A trace is 0..=127, so nothing saturates.
    Kept::try_from(x).unwrap_or(Kept::MAX)
}

/// The traces of axons, or those of compartments: which records are theirs, and what their random numbers are for.
#[derive(Clone, Copy)]
struct Side {
    /// First record of the group's five.
    first: usize,
    /// Traces of an axon or of a compartment.
    each: u32,
    decay: Purpose,
    impulse: Purpose,
    again: Purpose,
}

const PRE: Side =
    Side { first: 0, each: 2, decay: Purpose::PreDecay, impulse: Purpose::PreImpulse, again: Purpose::PreAgain };
const POST: Side =
    Side { first: 2, each: 3, decay: Purpose::PostDecay, impulse: Purpose::PostImpulse, again: Purpose::PostAgain };

/// One trace on its way: the record, and where its random numbers are.
#[derive(Clone, Copy)]
struct Way<'r> {
    record: &'r TraceRecord,
    side: Side,
    element: u32,
}

impl<'l, 'i, 'a, R: RandomSource + Copy> Traces<'l, 'i, 'a, R> {
    pub(super) fn of(learning_step: &'l LearningStep<'i, 'a, R>, group: &'l LearningRecord) -> Self {
        let records = group.traces.map(|number| learning_step.image.trace(number.wrapping_sub(1)));
        Self { learning_step, group, records }
    }

    /// A further spike of an axon in the epoch: the traces at the epoch's beginning grow at once.
    pub(super) fn pre_again(&self, number: u32, pre: &mut Pre) {
        if !self.group.dialect.has(Dialect::JOINT_IMPULSE) {
            self.again(PRE, number, &mut pre.x);
        }
    }

    /// A further spike of a compartment in the epoch.
    pub(super) fn post_again(&self, number: u32, post: &mut Post) {
        if !self.group.dialect.has(Dialect::JOINT_IMPULSE | Dialect::POST_EXTERNAL) {
            self.again(POST, number, &mut post.y);
        }
    }

    fn again(&self, side: Side, number: u32, values: &mut [i16]) {
        for (value, way) in values.iter_mut().zip(self.ways(side, number)) {
            if let Some(way) = way {
                *value = self.impulse(*value, way, side.again, self.learning_step.t);
            }
        }
    }

    /// The ways of the traces of axon or post trace `number`; `None` for one that keeps what is written.
    fn ways(&self, side: Side, number: u32) -> impl Iterator<Item = Option<Way<'_>>> {
        let records = self.records.get(side.first..).unwrap_or_default();
        (0..side.each).zip(records).map(move |(trace, record)| {
            let element = number.wrapping_mul(side.each).wrapping_add(trace);
            record.as_ref().map(|record| Way { record, side, element })
        })
    }

    /// Follows the traces of sixteen axons, or fewer, through the epoch that ends, and leaves what stays for the next.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn follow_pre(&self, number: u32, pre: &mut [Pre], history: &mut [PreTraces]) {
        for (trace, way) in self.ways(PRE, number).enumerate() {
            let (mut start, mut times) = ([0; LANES], [0; LANES]);
            for ((start, time), pre) in start.iter_mut().zip(&mut times).zip(&*pre) {
                (*start, *time) = (pre.x.get(trace).copied().unwrap_or(0), pre.time);
            }
            let write = |step: usize, lanes: &[i16; LANES]| {
                if let Some(x) = history.get_mut(step).and_then(|x| x.get_mut(trace)) {
                    *x = lanes.map(kept);
                }
            };
            let stays = self.follow(&start, &times, pre.len(), way, write);
            for (pre, stays) in pre.iter_mut().zip(stays) {
                if let Some(x) = pre.x.get_mut(trace) {
                    *x = stays;
                }
            }
        }
    }

    /// Fills the history with the post traces of the epoch that ends; see [`HISTORY`]. What stays for the next epoch
    /// is written to the posts, their times stay until [`Traces::keep_posts`].
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    pub(super) fn follow_posts(&self, before: usize, posts: &mut [Post], history: &mut [i16]) {
        let count = posts.len();
        let mut first = 0_usize;
        for posts in posts.chunks_mut(LANES) {
            let number = u32::try_from(before.wrapping_add(first)).unwrap_or(u32::MAX);
            let mut times = [0; LANES];
            for (time, post) in times.iter_mut().zip(&*posts) {
                *time = post.time;
            }
            for (trace, way) in self.ways(POST, number).enumerate() {
                let mut start = [0; LANES];
                for (start, post) in start.iter_mut().zip(&*posts) {
                    *start = post.y.get(trace).copied().unwrap_or(0);
                }
                let write = |step: usize, lanes: &[i16; LANES]| {
                    put(history, place(step, trace, count).wrapping_add(first), lanes, posts.len());
                };
                let stays = self.follow(&start, &times, posts.len(), way, write);
                if !self.group.dialect.has(Dialect::POST_EXTERNAL) {
                    for (post, stays) in posts.iter_mut().zip(stays) {
                        if let Some(y) = post.y.get_mut(trace) {
                            *y = stays;
                        }
                    }
                }
            }
            put(history, place(1, HISTORY.wrapping_sub(1), count).wrapping_add(first), &times, posts.len());
            first = first.wrapping_add(LANES);
        }
    }

    /// Forgets the times of spikes of the posts from a place on.
    pub(super) fn keep_posts(&self, first: usize, posts: &mut [Post]) {
        for post in posts.iter_mut().skip(first).take(self.group.posts) {
            post.time = 0;
        }
    }

    /// Follows a trace of `count` axons or compartments, hands its values after every step to `write`, and returns what
    /// stays for the next epoch. `way` is that of the first.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn follow(
        &self,
        start: &[i16; LANES],
        times: &[i16; LANES],
        count: usize,
        way: Option<Way<'_>>,
        mut write: impl FnMut(usize, &[i16; LANES]),
    ) -> [i16; LANES] {
        let steps = 1..=index(self.group.epoch_steps);
        let resting = |way: &Way<'_>| {
            let idle = start.iter().chain(times).all(|value| *value == 0);
            idle && table(self.learning_step.image, way.record.decay_first).first() == Some(&[0; 2])
        };
        let Some(way) = way.filter(|way| !resting(way)) else {
            steps.for_each(|step| write(step, start));
            return *start;
        };
        let mut values = *start;
        if self.group.dialect.has(Dialect::IMPULSE_FIRST | Dialect::ONE_DECAY) {
            let mut stays = *start;
            for (((stays, value), time), way) in
                stays.iter_mut().zip(&mut values).zip(times).zip(way.lanes()).take(count)
            {
                (*value, *stays) = self.once(*value, *time, way);
            }
            steps.for_each(|step| write(step, &values));
            return stays;
        }
        let mut t = self.learning_step.t.wrapping_add(1).wrapping_sub(self.group.epoch_steps);
        for step in steps {
            self.decay_lanes(&mut values, count, way, t);
            for ((value, time), way) in computed(&mut values, count).iter_mut().zip(times).zip(way.lanes()) {
                if index(u32::from(time.cast_unsigned())) == step {
                    *value = self.impulse(*value, way, way.side.impulse, t);
                }
            }
            write(step, &values);
            t = t.wrapping_add(1);
        }
        values
    }

    /// What the rule reads of a trace that changes once an epoch, and what stays of it.
    #[inline(never)]
    fn once(&self, start: i16, time: i16, way: Way<'_>) -> (i16, i16) {
        let t = self.learning_step.t;
        if !self.group.dialect.has(Dialect::IMPULSE_FIRST) {
            let joint = self.group.dialect.has(Dialect::JOINT_IMPULSE) && time > 0;
            let first = if joint { way.record.joint_first } else { way.record.decay_first };
            let end = self.decay(start, first, way, t);
            return (end, end);
        }
        // The impulse, then the rule, then the decay; whether it rounds up is decided before the impulse.
        let table = table(self.learning_step.image, way.record.decay_first);
        let (_, chance) = left(table, start);
        let up = self.learning_step.random.word(way.side.decay, t, way.element) < chance;
        let value = if time > 0 { self.impulse(start, way, way.side.impulse, t) } else { start };
        let (kept, _) = left(table, value);
        (value, kept.saturating_add(i16::from(up)))
    }

    /// One decay of sixteen values, or fewer.
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn decay_lanes(&self, values: &mut [i16; LANES], count: usize, way: Way<'_>, t: u32) {
        if !WIDE {
            for (value, way) in computed(values, count).iter_mut().zip(way.lanes()) {
                *value = self.decay(*value, way.record.decay_first, way, t);
            }
            return;
        }
        let table = table(self.learning_step.image, way.record.decay_first);
        let (mut chances, mut words) = ([0; LANES], [0; LANES]);
        for (value, chance) in values.iter_mut().zip(&mut chances) {
            (*value, *chance) = left(table, *value);
        }
        for (word, way) in words.iter_mut().zip(way.lanes()) {
            *word = self.learning_step.random.word(way.side.decay, t, way.element);
        }
        for ((value, chance), word) in values.iter_mut().zip(&chances).zip(&words) {
            *value = value.saturating_add(i16::from(*word < *chance)).min(127);
        }
    }

    /// One decay, rounded stochastically and held to 127.
    #[inline]
    fn decay(&self, value: i16, table_first: usize, way: Way<'_>, t: u32) -> i16 {
        let (kept, chance) = left(table(self.learning_step.image, table_first), value);
        // A trace that decays to a whole number needs no random one.
        let up = chance > 0 && self.learning_step.random.word(way.side.decay, t, way.element) < chance;
        kept.saturating_add(i16::from(up)).min(127)
    }

    /// An impulse, rounded stochastically and held to 0..=127.
    fn impulse(&self, value: i16, way: Way<'_>, purpose: Purpose, t: u32) -> i16 {
        let chance = way.record.impulse_fraction;
        let up = chance > 0 && self.learning_step.random.word(purpose, t, way.element) < chance;
        let sum = i32::from(value).saturating_add(way.record.impulse).saturating_add(i32::from(up));
        i16::try_from(sum.clamp(0, 127)).unwrap_or(127)
    }
}

impl Way<'_> {
    /// The ways of this trace of sixteen that follow one another.
    #[inline(always)]
    fn lanes(self) -> impl Iterator<Item = Self> {
        (0..16_u32).map(move |lane| {
            let element = self.element.wrapping_add(lane.wrapping_mul(self.side.each));
            Self { element, ..self }
        })
    }
}

/// Writes the first `count` lanes into the history from `at` on.
#[inline(always)]
fn put(history: &mut [i16], at: usize, lanes: &[i16; LANES], count: usize) {
    let places = history.get_mut(at..).unwrap_or_default();
    if count == LANES
        && let Some(places) = places.first_chunk_mut::<LANES>()
    {
        *places = *lanes;
    } else {
        for (place, value) in places.iter_mut().zip(lanes).take(count) {
            *place = *value;
        }
    }
}

/// A table of decay.
#[inline(always)]
fn table<'a>(image: &Image<'a>, first: usize) -> &'a [[u32; 2]] {
    image.tables.get(first..first.wrapping_add(128)).unwrap_or_default()
}

/// What a table leaves of a value, and the chance of 1 more in units of 2^-32. Values outside 0..=127 stay.
#[inline(always)]
fn left(table: &[[u32; 2]], value: i16) -> (i16, u32) {
    let pair = table.get(index(u32::from(value.cast_unsigned())));
    pair.map_or((value, 0), |[kept, chance]| (low_half(kept.cast_signed()), *chance))
}

/// Where the history holds the first post's value of a trace after a step, from 1, of this many posts.
#[inline]
pub(super) const fn place(step: usize, trace: usize, posts: usize) -> usize {
    step.wrapping_sub(1).wrapping_mul(HISTORY).wrapping_add(trace).wrapping_mul(posts)
}
