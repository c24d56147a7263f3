//! What is run at the points of a grid.

use crate::cli::progress::shown;
use anyhow::Context as _;
use host_harness::experiment::{Observer, Outcome, RunOptions};
use host_harness::sweep::{Grid, Row, Run};
use loihi_args::args::TaskArgs;
use loihi_args::jobs::run_on_host;
use loihi_args::task::Subject;
use loihi_args::what::What;
use std::sync::{Arc, Mutex, PoisonError};

/// The points of a grid.
pub(super) struct Points<'a> {
    name: &'a str,
    what: What,
    grid: &'a Grid,
    task: &'a TaskArgs,
    kept: Mutex<Vec<Kept>>,
}

/// What runs at a point, once it is made.
struct Kept {
    point: u32,
    subject: Arc<Mutex<Option<Arc<Subject>>>>,
}

/// Points of which networks and samples are kept for runs that are yet to start, which come point after point.
const KEPT_MAX: usize = 2;

impl<'a> Points<'a> {
    pub(super) const fn new(name: &'a str, what: What, grid: &'a Grid, task: &'a TaskArgs) -> Self {
        Self { name, what, grid, task, kept: Mutex::new(Vec::new()) }
    }

    /// Reads the text of every point, so that what is wrong with one shows before anything runs.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let points = self.grid.points();
        shown("reading every point", |after| {
            (0..points).try_for_each(|point| {
                after(point.into(), points.into());
                self.what_at(point).map(drop)
            })
        })
    }

    fn what_at(&self, point: u32) -> anyhow::Result<What> {
        self.what.with_text(self.grid.text(point)).with_context(|| match self.grid.describe(point) {
            values if values.is_empty() => self.name.to_owned(),
            values => format!("{} with {values}", self.name),
        })
    }

    /// What runs at a point; runs of the same point share it.
    pub(super) fn subject(&self, point: u32) -> anyhow::Result<Arc<Subject>> {
        let shared = self.shared(point);
        // Who wants the same at the same time waits until it is made.
        let mut subject = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subject) = &*subject {
            return Ok(Arc::clone(subject));
        }
        let made = Arc::new(self.task.subject(self.what_at(point)?, 1)?);
        *subject = Some(Arc::clone(&made));
        Ok(made)
    }

    /// The place of a point among those that are kept; the oldest makes room for it.
    fn shared(&self, point: u32) -> Arc<Mutex<Option<Arc<Subject>>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = kept.iter().find(|own| own.point == point) {
            return Arc::clone(&own.subject);
        }
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        let subject = Arc::default();
        kept.push(Kept { point, subject: Arc::clone(&subject) });
        subject
    }

    /// A run on a host device of its own.
    pub(super) fn run(&self, run: Run, observer: &mut dyn Observer) -> anyhow::Result<Outcome> {
        let subject = self.subject(run.point)?;
        run_on_host(&subject, &RunOptions { seed: run.seed, ..self.task.options() }, observer)
    }

    /// What came out of a run, for the table.
    pub(super) fn row(&self, run: Run, outcome: &Outcome) -> Row {
        let metric = |(name, value): (&str, f64)| (name.to_owned(), value.to_string());
        Row {
            run,
            values: self.grid.values(run.point).map(str::to_owned).collect(),
            steps: outcome.steps,
            digest: outcome.digest.total(),
            metrics: outcome.metrics.iter().map(metric).collect(),
        }
    }

    /// A run in words.
    pub(super) fn describe(&self, run: Run) -> String {
        match self.grid.describe(run.point) {
            values if values.is_empty() => format!("{} with seed {}", self.name, run.seed),
            values => format!("{} with {values}, seed {}", self.name, run.seed),
        }
    }
}
