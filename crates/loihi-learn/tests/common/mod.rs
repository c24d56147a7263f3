//! What tests of networks from files share: runs in this process, and changes that are refused.

#![allow(dead_code, reason = "every test uses its own part")]

use loihi_core::chip::SnapshotScope;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::Learner;
use loihi_run::record::RecordError;
use loihi_task::{Metrics, MetricsRow, Observer, Outcome, RunOptions, Task as _};
use std::path::Path;

/// What came of a run: rows of metrics with their passes, and what was learned.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) rows: Vec<(u32, Metrics)>,
    pub(crate) learned: Vec<u8>,
}

impl Ran {
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.outcome.metrics.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.outcome.metrics))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.outcome.metrics.iter().map(|(name, _)| name).collect()
    }
}

/// Keeps all rows of metrics.
#[derive(Default)]
struct Rows(Vec<(u32, Metrics)>);

impl Observer for Rows {
    fn row(&mut self, row: &MetricsRow) -> Result<(), RecordError> {
        self.0.push((row.pass, row.metrics.clone()));
        Ok(())
    }
}

/// Runs a network file; an error is what is said of it.
pub(crate) fn run(text: &str) -> Result<Ran, String> {
    run_with(text, &RunOptions::default())
}

pub(crate) fn run_with(text: &str, options: &RunOptions) -> Result<Ran, String> {
    let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap();
    let learner = Learner::parse(text, Path::new("net.toml")).map_err(|error| error.to_string())?;
    let mut rows = Rows::default();
    let outcome = learner.run(&mut session, options, &mut rows).map_err(|error| error.to_string())?;
    Ok(Ran { outcome, rows: rows.0, learned: session.save(SnapshotScope::Learned).unwrap() })
}

/// Runs a network file with each of these changes: what is replaced, by what, and what is said of it.
pub(crate) fn refused(text: &str, changes: &[(&str, &str, &str)]) {
    for (old, new, why) in changes {
        let changed = text.replacen(old, new, 1);
        assert_ne!(changed, text, "{old}");
        let said = run(&changed).map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{new}: {said}\n{why}");
    }
}

/// What is said of a network file that is read and not run; nothing if it can be.
pub(crate) fn said(text: &str) -> String {
    Learner::parse(text, Path::new("net.toml")).err().map_or_else(String::new, |error| error.to_string())
}
