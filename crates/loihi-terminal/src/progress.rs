//! Shows the progress of a run: a bar on a terminal, nothing in a pipe or with `--quiet`.

use crate::{out, stop};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loihi_task::{Observer, Running};
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Time between two pictures of what does not say how far it is.
const TICK: Duration = Duration::from_millis(120);

/// Whether several runs share one bar, so that none draws its own.
static TOGETHER: AtomicBool = AtomicBool::new(false);

/// A progress bar, or none.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A bar, unless standard error is a file or a pipe, `--quiet` is given, or several runs share one.
    pub fn new() -> Self {
        let bar = ProgressBar::no_length();
        if out::is_quiet() || TOGETHER.load(Ordering::Relaxed) || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} % {msg} (left {eta})") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows how far it is, with a text.
    pub fn show(&self, done: u64, total: u64, running: &str) {
        self.bar.set_length(total);
        self.bar.set_message(running.to_owned());
        self.bar.set_position(done);
    }

    /// Prints a line above the bar; in a pipe, nothing.
    pub fn line(&self, text: &str) {
        self.bar.println(text);
    }

    /// Takes the bar away while something is printed.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Does something and shows how far it is.
pub fn shown<R>(what: &str, run: impl FnOnce(&mut dyn FnMut(u64, u64)) -> R) -> R {
    let progress = Progress::new();
    progress.show(0, 1, what);
    let done = run(&mut |done, total| progress.show(done, total, what));
    progress.finish();
    done
}

/// The same in stages, each of which starts at 0 and is named in the text.
pub fn shown_in_stages<R>(what: &str, run: impl FnOnce(&mut dyn FnMut(&str, u64, u64)) -> R) -> R {
    let progress = Progress::new();
    progress.show(0, 1, what);
    let done = run(&mut |stage, done, total| progress.show(done, total, &format!("{what}: {stage}")));
    progress.finish();
    done
}

/// Runs something that reports from any thread how many of `total` pieces are done, and shows that meanwhile. A report returns
/// whether to stop.
pub fn told<R: Send>(what: &str, total: usize, run: impl FnOnce(&(dyn Fn(u64) -> bool + Sync)) -> R + Send) -> R {
    shown(what, |progress| {
        let (sender, done) = mpsc::channel();
        thread::scope(|scope| {
            let running = scope.spawn(move || run(&|done: u64| sender.send(done).is_err() || stop::requested()));
            for done in done {
                progress(done, total as u64);
            }
            running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// Does something whose end is not known, and shows that it is going on.
pub fn waiting<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let progress = Progress::new();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        progress.bar.set_style(style);
    }
    progress.bar.set_message(what.to_owned());
    progress.bar.enable_steady_tick(TICK);
    let done = run();
    progress.finish();
    done
}

/// Shows how far a run is, and does nothing else about it.
#[derive(Debug)]
pub struct Showing<'p> {
    progress: &'p Progress,
    /// What runs.
    name: &'p str,
}

impl<'p> Showing<'p> {
    /// Of a run that is one of several; the name may be empty.
    pub const fn new(progress: &'p Progress, name: &'p str) -> Self {
        Self { progress, name }
    }
}

impl Observer for Showing<'_> {
    fn progress(&mut self, running: &Running<'_>) {
        let colon = if self.name.is_empty() { "" } else { ": " };
        self.progress.show(running.done, running.total, &format!("{}{colon}{running}", self.name));
    }
}

/// How far several runs at a time are, which share a bar.
#[derive(Debug)]
pub struct Together {
    progress: Progress,
    /// Of each run, of [`WHOLE`].
    shares: Vec<AtomicU64>,
}

/// A run that is at its end.
const WHOLE: u64 = 1000;

impl Together {
    /// A bar for this many runs; from now on none draws its own bar.
    pub fn new(runs: usize) -> Self {
        let together = Self { progress: Progress::new(), shares: (0..runs).map(|_| AtomicU64::new(0)).collect() };
        TOGETHER.store(true, Ordering::Relaxed);
        together.show();
        together
    }

    /// The observer of one of the runs.
    pub const fn run(&self, number: usize) -> OneOf<'_> {
        OneOf { all: self, number }
    }

    /// A run is at its end.
    pub fn done(&self, number: usize) {
        self.set(number, WHOLE);
    }

    /// Takes the bar away, after the last run.
    pub fn finish(&self) {
        TOGETHER.store(false, Ordering::Relaxed);
        self.progress.finish();
    }

    /// A run that starts again, with its float twin, does not move the bar back, which is that of all runs.
    fn set(&self, number: usize, share: u64) {
        if let Some(own) = self.shares.get(number) {
            own.fetch_max(share, Ordering::Relaxed);
            self.show();
        }
    }

    fn show(&self) {
        let shares: Vec<u64> = self.shares.iter().map(|share| share.load(Ordering::Relaxed)).collect();
        let done = shares.iter().filter(|share| **share == WHOLE).count();
        let text = format!("{done} of {} runs", shares.len());
        self.progress.show(shares.iter().sum(), WHOLE * shares.len() as u64, &text);
    }
}

/// One of the runs of a [`Together`].
#[derive(Debug)]
pub struct OneOf<'t> {
    all: &'t Together,
    number: usize,
}

impl Observer for OneOf<'_> {
    fn progress(&mut self, running: &Running<'_>) {
        // A run is at its end once its result is there.
        let share = running.done.saturating_mul(WHOLE - 1) / running.total.max(1);
        self.all.set(self.number, share.min(WHOLE - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_of_several_runs_never_runs_backwards() {
        let together = Together::new(2);
        let mut reached = 0;
        let mut tell = |number: usize, done: u64| {
            together.run(number).progress(&Running { done, total: 10, ..Running::default() });
            let position = together.progress.bar.position();
            assert!(position >= reached, "{position} after {reached}");
            reached = position;
        };
        // The first run begins at nothing again while the second is under way.
        for (number, done) in [(0, 5), (0, 10), (1, 3), (0, 0), (1, 4), (0, 10)] {
            tell(number, done);
        }
        assert_eq!(reached, 999 + 399);
        together.done(0);
        together.done(1);
        assert_eq!(together.progress.bar.position(), 2 * WHOLE);
        together.finish();
    }
}
