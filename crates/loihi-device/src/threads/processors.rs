//! Processors for threads that wait for one another in every step: each should have one of its own from the first step on.
//!
//! A system may put a new thread beside the one that has started it, and part the two only after milliseconds, in which a step takes
//! ten times as long.

/// Processors of this process besides the one on which the first thread runs.
pub(super) use system::Others;

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    #[derive(Default)]
    pub(in super::super) struct Others {
        /// All that this process may use.
        allowed: CpuSet,
        /// All but the first thread's, from the one after it.
        others: Vec<usize>,
    }

    impl Others {
        /// To be called on the first thread. None if they cannot be told.
        pub(in super::super) fn look_up() -> Self {
            let Ok(allowed) = sched_getaffinity(None) else { return Self::default() };
            let own = sched_getcpu();
            let after = (own + 1..CpuSet::MAX_CPU).chain(0..own);
            Self { allowed, others: after.filter(|at| allowed.is_set(*at)).collect() }
        }

        /// Moves the thread that calls it to the processor of this number, if there is one; later the system may move it as any other.
        pub(in super::super) fn move_to(&self, number: usize) {
            let Some(processor) = self.others.get(number) else { return };
            let mut one = CpuSet::new();
            one.set(*processor);
            // Where it is not allowed, the thread stays where it is.
            if sched_setaffinity(None, &one).is_ok() {
                let _as_before = sched_setaffinity(None, &self.allowed);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    #[derive(Default)]
    pub(in super::super) struct Others;

    impl Others {
        /// Other systems are left to choose.
        pub(in super::super) fn look_up() -> Self {
            Self
        }

        pub(in super::super) fn move_to(&self, _number: usize) {}
    }
}
