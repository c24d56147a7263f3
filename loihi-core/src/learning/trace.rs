//! Traces through the steps of an epoch.

use super::Lesson;
use crate::image::{Dialect, Image, LearningRecord, TraceRecord, index};
use crate::num::{Purpose, RandomSource};
use crate::plastic::{HISTORY, Post, Pre};

/// Most steps of an epoch.
pub(super) const EPOCH_MAX: usize = 64;

/// The traces of a group, and what they need to be followed.
pub(super) struct Traces<'l, 'i, 'a, R> {
    lesson: &'l Lesson<'i, 'a, R>,
    group: &'l LearningRecord,
    records: [Option<TraceRecord>; 5],
}

/// The traces x1 and x2 of an axon after every step of an epoch, from 1.
pub(super) type PreHistory = [[i16; 2]; EPOCH_MAX + 1];

/// One trace on its way: the record, and where its random numbers are.
#[derive(Clone, Copy)]
struct Way<'r> {
    record: &'r TraceRecord,
    decay: Purpose,
    impulse: Purpose,
    element: u32,
}

impl<'l, 'i, 'a, R: RandomSource + Copy> Traces<'l, 'i, 'a, R> {
    pub(super) fn of(lesson: &'l Lesson<'i, 'a, R>, group: &'l LearningRecord) -> Self {
        let records = group.traces.map(|number| lesson.image.trace(number.wrapping_sub(1)));
        Self { lesson, group, records }
    }

    /// A further spike of an axon in the epoch: the traces at the epoch's beginning grow at once.
    pub(super) fn pre_again(&self, number: u32, pre: &mut Pre) {
        if !self.group.dialect.has(Dialect::JOINT_IMPULSE) {
            let elements = elements(number, 2);
            for ((x, record), element) in pre.x.iter_mut().zip(self.pre_records()).zip(elements) {
                *x = self.impulse(*x, record.as_ref(), Purpose::PreAgain, self.lesson.t, element);
            }
        }
    }

    /// A further spike of a compartment in the epoch.
    pub(super) fn post_again(&self, number: u32, post: &mut Post) {
        if !self.group.dialect.has(Dialect::JOINT_IMPULSE | Dialect::POST_EXTERNAL) {
            let elements = elements(number, 3);
            for ((y, record), element) in post.y.iter_mut().zip(self.post_records()).zip(elements) {
                *y = self.impulse(*y, record.as_ref(), Purpose::PostAgain, self.lesson.t, element);
            }
        }
    }

    /// Follows the traces of an axon through the epoch that ends, and returns what stays for the next one.
    #[inline(never)]
    pub(super) fn follow_pre(&self, number: u32, pre: Pre, history: &mut PreHistory) -> [i16; 2] {
        let mut stays = pre.x;
        for (trace, (record, element)) in self.pre_records().iter().zip(elements(number, 2)).enumerate() {
            let begin = pre.x.get(trace).copied().unwrap_or(0);
            let way = record.as_ref().map(|record| Way {
                record,
                decay: Purpose::PreDecay,
                impulse: Purpose::PreImpulse,
                element,
            });
            let write = |step: usize, value: i16| {
                if let Some(x) = history.get_mut(step).and_then(|x| x.get_mut(trace)) {
                    *x = value;
                }
            };
            let end = self.follow(begin, pre.time, way, write);
            if let Some(kept) = stays.get_mut(trace) {
                *kept = end;
            }
        }
        stays
    }

    /// Fills the history with the post traces of the epoch that ends; see [`HISTORY`]. What stays for the next epoch
    /// is written to the posts, their times stay until [`Traces::keep_posts`].
    pub(super) fn follow_posts(&self, before: usize, posts: &mut [Post], history: &mut [i16]) {
        let count = posts.len();
        for (at, post) in posts.iter_mut().enumerate() {
            let number = u32::try_from(before.wrapping_add(at)).unwrap_or(u32::MAX);
            let mut kept = post.y;
            for (trace, (record, element)) in self.post_records().iter().zip(elements(number, 3)).enumerate() {
                let begin = post.y.get(trace).copied().unwrap_or(0);
                let way = record.as_ref().map(|record| Way {
                    record,
                    decay: Purpose::PostDecay,
                    impulse: Purpose::PostImpulse,
                    element,
                });
                let write = |step: usize, value: i16| {
                    if let Some(y) = history.get_mut(place(step, trace, count).wrapping_add(at)) {
                        *y = value;
                    }
                };
                let end = self.follow(begin, post.time, way, write);
                if let Some(kept) = kept.get_mut(trace) {
                    *kept = end;
                }
            }
            if let Some(time) = history.get_mut(place(1, HISTORY - 1, count).wrapping_add(at)) {
                *time = post.time;
            }
            if !self.group.dialect.has(Dialect::POST_EXTERNAL) {
                post.y = kept;
            }
        }
    }

    /// Forgets the times of spikes.
    pub(super) fn keep_posts(&self, before: usize, posts: &mut [Post]) {
        for post in posts.iter_mut().skip(before).take(self.group.posts) {
            post.time = 0;
        }
    }

    /// Follows one trace, hands its value after every step to `write`, and returns what stays for the next epoch.
    #[inline]
    fn follow(&self, begin: i16, time: i16, way: Option<Way<'_>>, mut write: impl FnMut(usize, i16)) -> i16 {
        let steps = index(self.group.epoch_steps);
        let Some(way) = way else {
            (1..=steps).for_each(|step| write(step, begin));
            return begin;
        };
        let dialect = self.group.dialect;
        if dialect.has(Dialect::IMPULSE_FIRST) {
            return self.impulse_first(begin, time, way, write);
        }
        if dialect.has(Dialect::ONE_DECAY) {
            let joint = dialect.has(Dialect::JOINT_IMPULSE) && time > 0;
            let first = if joint { way.record.joint_first } else { way.record.decay_first };
            let end = self.decay(begin, first, way, self.lesson.t);
            (1..=steps).for_each(|step| write(step, end));
            return end;
        }
        let epoch_first = self.lesson.t.wrapping_add(1).wrapping_sub(self.group.epoch_steps);
        let mut value = begin;
        let mut t = epoch_first;
        for step in 1..=steps {
            value = self.decay(value, way.record.decay_first, way, t);
            if index(u32::from(time.cast_unsigned())) == step {
                value = self.impulse(value, Some(way.record), way.impulse, t, way.element);
            }
            write(step, value);
            t = t.wrapping_add(1);
        }
        value
    }

    /// The impulse, then the rule, then the decay; whether it rounds up is decided before the impulse.
    fn impulse_first(&self, begin: i16, time: i16, way: Way<'_>, mut write: impl FnMut(usize, i16)) -> i16 {
        let t = self.lesson.t;
        let (_, chance) = left(self.lesson.image, way.record.decay_first, begin);
        let up = self.lesson.random.word(way.decay, t, way.element) < chance;
        let value = if time > 0 { self.impulse(begin, Some(way.record), way.impulse, t, way.element) } else { begin };
        write(1, value);
        let (kept, _) = left(self.lesson.image, way.record.decay_first, value);
        kept.saturating_add(i16::from(up))
    }

    /// One decay, rounded stochastically and held to 127.
    #[inline]
    fn decay(&self, value: i16, table: usize, way: Way<'_>, t: u32) -> i16 {
        let (kept, chance) = left(self.lesson.image, table, value);
        // A trace that decays to a whole number needs no random one.
        let up = chance > 0 && self.lesson.random.word(way.decay, t, way.element) < chance;
        kept.saturating_add(i16::from(up)).min(127)
    }

    /// An impulse, rounded stochastically and held to 0..=127.
    fn impulse(&self, value: i16, record: Option<&TraceRecord>, purpose: Purpose, t: u32, element: u32) -> i16 {
        let Some(record) = record else { return value };
        let chance = record.impulse_fraction;
        let up = chance > 0 && self.lesson.random.word(purpose, t, element) < chance;
        let sum = i32::from(value).saturating_add(record.impulse).saturating_add(i32::from(up));
        i16::try_from(sum.clamp(0, 127)).unwrap_or(127)
    }

    fn pre_records(&self) -> &[Option<TraceRecord>] {
        self.records.get(..2).unwrap_or_default()
    }

    fn post_records(&self) -> &[Option<TraceRecord>] {
        self.records.get(2..).unwrap_or_default()
    }
}

/// The elements of the random numbers of an axon's or a compartment's traces, of which there are `each`.
fn elements(number: u32, each: u32) -> impl Iterator<Item = u32> {
    (0..each).map(move |trace| number.wrapping_mul(each).wrapping_add(trace))
}

/// What a table leaves of a value, and the chance of 1 more in units of 2^-32. Values outside 0..=127 stay.
#[inline]
fn left(image: &Image<'_>, table: usize, value: i16) -> (i16, u32) {
    let at = u32::try_from(value).ok().filter(|value| *value < 128);
    let pair = at.and_then(|at| image.tables.get(table.wrapping_add(index(at))));
    pair.map_or((value, 0), |[kept, chance]| (i16::try_from(*kept).unwrap_or(127), *chance))
}

/// Where the history holds the first post's value of a trace after a step, from 1, of so many posts.
#[inline]
pub(super) const fn place(step: usize, trace: usize, posts: usize) -> usize {
    step.wrapping_sub(1).wrapping_mul(HISTORY).wrapping_add(trace).wrapping_mul(posts)
}
