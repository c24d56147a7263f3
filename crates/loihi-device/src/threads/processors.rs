//! Processors for threads that wait for one another in every step: each should have one of its own from the first step on.
//!
//! A system may start a new thread on the processor of the thread that spawned it, and part the two only after milliseconds, in which
//! a step takes ten times as long.

/// Processors of this process besides the one on which the first thread runs.
pub(super) use system::Others;

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::fs;

    #[derive(Default)]
    pub(in super::super) struct Others {
        /// All processors that this process may use.
        allowed: CpuSet,
        /// All but that of the first thread, starting after it; those that share its core come last.
        others: Vec<usize>,
    }

    impl Others {
        /// To be called on the first thread. Empty if the system does not say.
        pub(in super::super) fn look_up() -> Self {
            let Ok(allowed) = sched_getaffinity(None) else { return Self::default() };
            let own = sched_getcpu();
            let after = (own + 1..CpuSet::MAX_CPU).chain(0..own);
            let mut others: Vec<usize> = after.filter(|at| allowed.is_set(*at)).collect();
            let list = format!("/sys/devices/system/cpu/cpu{own}/topology/thread_siblings_list");
            let siblings = fs::read_to_string(list).map(|list| numbers(&list)).unwrap_or_default();
            others.sort_by_key(|at| siblings.contains(at));
            Self { allowed, others }
        }

        /// Moves the calling thread to one of these processors, if it exists. The system is free to move it again later.
        pub(in super::super) fn settle_on(&self, number: usize) {
            let Some(processor) = self.others.get(number) else { return };
            let mut one = CpuSet::new();
            one.set(*processor);
            // If that is not allowed, the thread stays where it is.
            if sched_setaffinity(None, &one).is_ok() {
                let _as_before = sched_setaffinity(None, &self.allowed);
            }
        }
    }

    /// The numbers of a list such as `0-2,8`.
    fn numbers(list: &str) -> Vec<usize> {
        let ranges = list.trim().split(',').filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(first.parse().ok()?..=last.parse().ok()?)
        });
        ranges.flatten().collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_may_run_where_it_might_before() {
            let before = sched_getaffinity(None).unwrap();
            let others = Others::look_up();
            for number in 0..=others.others.len() {
                others.settle_on(number);
                assert_eq!(sched_getaffinity(None).unwrap(), before);
            }
        }

        #[test]
        fn lists_of_processors_are_read() {
            assert_eq!(numbers("0-2,8\n"), [0, 1, 2, 8]);
            assert_eq!(numbers("5"), [5]);
            assert!(numbers("").is_empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    #[derive(Default)]
    pub(in super::super) struct Others;

    impl Others {
        /// Nothing is known of other systems.
        pub(in super::super) fn look_up() -> Self {
            Self
        }

        pub(in super::super) fn settle_on(&self, _number: usize) {}
    }
}
