//! What threads exchange once a step: its start, its inputs, and the compartments that fired in it.
//!
//! Each list has one writer. Even and odd steps have lists of their own, so a writer never waits for readers: a step begins once
//! all parts have computed the one before, and by then they have read the lists of the step before that.

use super::list::List;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// How often a thread that waits looks before it gives its processor away: some tens of microseconds, longer than threads with
/// processors of their own wait in a small network.
const LOOKS: u32 = 2000;

/// In a pair of cache lines of its own, since some processors fetch lines in pairs.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// Where threads meet. Steps are numbered from 1.
pub(super) struct Exchange {
    /// The last step that may be computed and the number of its inputs; [`Exchange::END`] if there are no more.
    begun: Line<AtomicU64>,
    /// Whether a thread has gone.
    gone: AtomicBool,
    /// External inputs that spike in a step.
    inputs: [List; 2],
    parts: Vec<[Told; 2]>,
    /// See [`LOOKS`].
    looks: u32,
}

/// What a part tells of a step.
#[derive(Default)]
struct Told {
    /// The step and the number of spikes. A thread that reads the step can read the spikes.
    stamp: Line<AtomicU64>,
    /// Compartments that fired.
    spikes: List,
}

impl Exchange {
    const END: u64 = u64::MAX;

    /// For this many parts. If there are fewer processors than threads, a thread that waits yields at once.
    pub(super) fn of(parts: usize, processors: usize) -> Self {
        let looks = if parts > processors { 0 } else { LOOKS };
        Self {
            begun: Line::default(),
            gone: AtomicBool::new(false),
            inputs: Default::default(),
            parts: (0..parts).map(|_| Default::default()).collect(),
            looks,
        }
    }

    /// Starts a step with these inputs for all threads.
    pub(super) fn begin(&self, step: u32, inputs: &[u32]) {
        of_step(&self.inputs, step).write(inputs);
        self.begun.0.store(stamp(step, inputs.len()), Ordering::Release);
    }

    /// Waits until a step has begun, and reads its inputs; false if there are no more steps.
    pub(super) fn has_begun(&self, step: u32, inputs: &mut Vec<u32>) -> bool {
        let begun = || self.begun.0.load(Ordering::Acquire);
        self.wait(|| step_of(begun()) >= step);
        let begun = begun();
        inputs.clear();
        of_step(&self.inputs, step).read(length_of(begun), inputs);
        begun != Self::END
    }

    /// Publishes the spikes of a step of a part, and thereby that it is computed.
    pub(super) fn tell(&self, part: usize, step: u32, spikes: &[u32]) {
        if let Some(told) = self.parts.get(part) {
            let told = of_step(told, step);
            told.spikes.write(spikes);
            told.stamp.0.store(stamp(step, spikes.len()), Ordering::Release);
        }
    }

    /// Waits until all parts have computed a step, and reads their spikes in the order of the parts. Returns whether it had to yield;
    /// `None` if a thread has gone, or there are no more steps.
    pub(super) fn all_have_told(&self, step: u32, spikes: &mut Vec<u32>) -> Option<bool> {
        spikes.clear();
        let mut late = false;
        for told in self.parts.iter().map(|told| of_step(told, step)) {
            let stamp = || told.stamp.0.load(Ordering::Acquire);
            let is_over = || self.gone.load(Ordering::Relaxed) || self.begun.0.load(Ordering::Relaxed) == Self::END;
            late |= self.wait(|| step_of(stamp()) == step || is_over());
            let stamp = stamp();
            if step_of(stamp) != step {
                return None;
            }
            told.spikes.read(length_of(stamp), spikes);
        }
        Some(late)
    }

    /// Waits until a condition holds, and returns whether it yielded its processor.
    fn wait(&self, has_come: impl Fn() -> bool) -> bool {
        let mut looks = 0;
        while !has_come() {
            if looks < self.looks {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            looks = looks.saturating_add(1);
        }
        looks > self.looks
    }
}

/// That of a step.
const fn of_step<T>([even, odd]: &[T; 2], step: u32) -> &T {
    if step.is_multiple_of(2) { even } else { odd }
}

/// A step and a number of spikes, which are numbered by `u32`, in one word.
fn stamp(step: u32, length: usize) -> u64 {
    u64::from(step) << 32 | u64::from(u32::try_from(length).unwrap_or(u32::MAX))
}

/// The step in such a word.
const fn step_of(stamp: u64) -> u32 {
    (stamp >> 32) as u32
}

/// The number of spikes in such a word.
#[expect(clippy::cast_possible_truncation, reason = "less than 2^32")]
const fn length_of(stamp: u64) -> usize {
    (stamp & u32::MAX as u64) as usize
}

/// Ends the steps of all threads when it is dropped.
pub(super) struct End<'e>(pub(super) &'e Exchange);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.begun.0.store(Exchange::END, Ordering::Release);
    }
}

/// Says when it is dropped that a thread has gone.
pub(super) struct Gone<'e>(pub(super) &'e Exchange);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_of_all_parts_come_in_their_order() {
        let exchange = Exchange::of(3, 3);
        let (mut inputs, mut spikes) = (Vec::new(), Vec::new());
        for step in 1..5 {
            exchange.begin(step, &[step]);
            assert!(exchange.has_begun(step, &mut inputs));
            assert_eq!(inputs, [step]);
            exchange.tell(2, step, &[20 + step]);
            exchange.tell(0, step, &[]);
            exchange.tell(1, step, &[10, 11]);
            assert!(exchange.all_have_told(step, &mut spikes).is_some());
            assert_eq!(spikes, [10, 11, 20 + step]);
        }
    }

    #[test]
    fn a_thread_that_has_gone_is_not_waited_for() {
        let exchange = Exchange::of(3, 3);
        let (mut inputs, mut spikes) = (Vec::new(), Vec::new());
        exchange.begin(1, &[]);
        assert!(exchange.has_begun(1, &mut inputs));
        exchange.tell(0, 1, &[]);
        exchange.tell(1, 1, &[]);
        drop(Gone(&exchange));
        assert_eq!(exchange.all_have_told(1, &mut spikes), None, "two of three have told");
        drop(End(&exchange));
        assert!(!exchange.has_begun(2, &mut inputs));
    }
}
