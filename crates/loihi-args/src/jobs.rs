//! Work on several threads: runs, each on a host device of its own.

use crate::choice::one_or_more;
use crate::task::Subject;
use clap::Args;
use loihi_device::inproc::{ARENA_BYTES_DEFAULT, InProcess};
use loihi_device::session::{RetryPolicy, Session};
use loihi_task::{Observer, Outcome, RunOptions};
use loihi_terminal::progress::Together;
use loihi_terminal::stop;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many runs at a time.
#[derive(Clone, Copy, Debug, Args)]
pub struct JobsArgs {
    /// Runs at a time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
}

/// Threads as they are asked for, or one for each processor.
pub fn threads(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

impl JobsArgs {
    /// Runs the numbers below `count`, and hands on what has ended, which comes in any order; once a stop is requested no run
    /// is begun.
    pub fn run<T: Send>(
        self,
        count: usize,
        run: impl Fn(usize, &mut dyn Observer) -> T + Sync,
        mut take: impl FnMut(Vec<(usize, T)>),
    ) {
        let workers = threads(self.jobs).get();
        let (next, progress) = (AtomicUsize::new(0), Together::new(count));
        let (sender, ended) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..workers.min(count) {
                let (sender, next, progress, run) = (sender.clone(), &next, &progress, &run);
                scope.spawn(move || {
                    while !stop::requested() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return;
                        }
                        let outcome = run(number, &mut progress.run(number));
                        progress.done(number);
                        if sender.send((number, outcome)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            while let Ok(first) = ended.recv() {
                // What has come meanwhile is taken with it.
                take(std::iter::once(first).chain(ended.try_iter()).collect());
            }
        });
        progress.finish();
    }
}

/// One run on a host device of its own.
pub fn run_on_host(subject: &Subject, options: &RunOptions, observer: &mut dyn Observer) -> anyhow::Result<Outcome> {
    let device = Box::new(InProcess::new(ARENA_BYTES_DEFAULT));
    let mut session = Session::open(device, RetryPolicy::default(), options.seed, stop::requested)?;
    Ok(subject.task().run(&mut session, options, observer)?)
}
