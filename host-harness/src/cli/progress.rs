//! Shows the progress of a run: a bar on a terminal, nothing in a pipe or with `--quiet`.

use super::out;
use host_harness::experiment::{Observer, Running};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// A progress bar, or none.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        if out::is_quiet() || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} % {msg} (left {eta})") {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(super) fn show(&self, done: u64, total: u64, running: &str) {
        self.bar.set_length(total);
        self.bar.set_message(running.to_owned());
        self.bar.set_position(done);
    }

    /// Prints a line above the bar; in a pipe, nothing.
    pub(super) fn line(&self, text: &str) {
        self.bar.println(text);
    }

    /// Takes the bar away while something is printed.
    pub(super) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Does something and shows how far it is.
pub(super) fn shown<R>(what: &str, run: impl FnOnce(&mut dyn FnMut(u64, u64)) -> R) -> R {
    let progress = Progress::new();
    progress.show(0, 1, what);
    let done = run(&mut |done, total| progress.show(done, total, what));
    progress.finish();
    done
}

/// Shows how far a run is, and does nothing else about it.
pub(super) struct Showing<'p>(pub(super) &'p Progress);

impl Observer for Showing<'_> {
    fn progress(&mut self, running: &Running<'_>) {
        self.0.show(running.done, running.total, &running.to_string());
    }
}
