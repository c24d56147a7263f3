//! Where the threads of a network wait for one another, once a step.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// How often a thread that waits looks without giving its processor away: longer than any wait of threads that have processors of
/// their own.
const LOOKS: u32 = 2000;

/// Where threads wait for one another.
pub(super) struct Meeting {
    /// The last step that may be computed, from 1; [`Meeting::END`] if there are no more.
    begun: Line<AtomicU64>,
    /// Steps computed by all but the first thread, together.
    done: Line<AtomicU64>,
    /// Whether one of them has gone.
    left: AtomicBool,
    others: u64,
    /// See [`LOOKS`].
    looks: u32,
}

/// In a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

impl Meeting {
    const END: u64 = u64::MAX;

    /// For this many threads. If they have to share processors, a waiting thread yields at once.
    pub(super) fn of(parts: usize, processors: usize) -> Self {
        let others = parts.saturating_sub(1) as u64;
        let looks = if parts > processors { 0 } else { LOOKS };
        Self { begun: Line::default(), done: Line::default(), left: AtomicBool::new(false), others, looks }
    }

    /// Lets everybody compute a step.
    pub(super) fn begin(&self, step: u64) {
        self.begun.0.store(step, Ordering::Release);
    }

    /// Waits until a step has begun; false if there are no more.
    pub(super) fn has_begun(&self, step: u64) -> bool {
        let begun = || self.begun.0.load(Ordering::Acquire);
        self.wait(|| begun() >= step);
        begun() != Self::END
    }

    /// One of the others has computed a step.
    pub(super) fn one_has_done(&self) {
        self.done.0.fetch_add(1, Ordering::Release);
    }

    /// Waits until all others have computed a step, and says whether that took long; `None` if one has gone.
    pub(super) fn all_have_done(&self, step: u64) -> Option<bool> {
        let done = || self.done.0.load(Ordering::Acquire) >= step * self.others;
        let waited = self.wait(|| done() || self.left.load(Ordering::Acquire));
        done().then_some(waited)
    }

    /// Waits for something that comes soon; says whether it gave its processor away.
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

/// Ends the steps of all threads when it is dropped.
pub(super) struct End<'m>(pub(super) &'m Meeting);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.begin(Meeting::END);
    }
}

/// Says when it is dropped that a thread has gone.
pub(super) struct Left<'m>(pub(super) &'m Meeting);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_gone_is_not_waited_for() {
        let meeting = Meeting::of(3, 3);
        meeting.begin(1);
        assert!(meeting.has_begun(1));
        meeting.one_has_done();
        drop(Left(&meeting));
        assert_eq!(meeting.all_have_done(1), None, "one of two has done it");
        drop(End(&meeting));
        assert!(!meeting.has_begun(2));
    }
}
