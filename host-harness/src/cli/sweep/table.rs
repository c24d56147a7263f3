//! The file of a sweep: read when it resumes, locked and written while it runs.

use crate::cli::stop;
use anyhow::{Context as _, anyhow};
use host_harness::record::write_whole;
use host_harness::sweep::{Identity, Lock, Results, Row, Shard};
use host_harness::whole;
use loihi_files::plural::plural;
use std::io::ErrorKind;
use std::path::Path;

/// The table of a sweep on the disk, of which this process runs a shard.
pub(super) struct Table<'a> {
    path: &'a Path,
    results: Results,
    shard: Option<Shard>,
    /// Runs of the shard, and those that have a row.
    runs: usize,
    there: usize,
    _lock: Lock,
}

impl<'a> Table<'a> {
    /// Opens the table of the sweep of `empty`, which need not be there.
    pub(super) fn open(path: &'a Path, empty: Results, shard: Option<Shard>) -> anyhow::Result<Self> {
        let lock = Lock::of(path)?;
        let results = of_same_sweep(path, &empty)?.unwrap_or(empty);
        let mut table = Self { path, results, shard, runs: 0, there: 0, _lock: lock };
        table.runs = (0..table.results.identity().runs).filter(|run| table.has(*run)).count();
        table.there = table.runs - table.missing().count();
        table.tell_last_words();
        Ok(table)
    }

    fn has(&self, run: u32) -> bool {
        self.shard.is_none_or(|shard| shard.contains(run))
    }

    /// Runs of the shard that are yet to be made, from the first on.
    pub(super) fn missing(&self) -> impl Iterator<Item = u32> {
        self.results.missing().filter(|run| self.has(*run))
    }

    /// Number of runs of the shard.
    pub(super) const fn runs(&self) -> usize {
        self.runs
    }

    pub(super) const fn identity(&self) -> Identity {
        self.results.identity()
    }

    /// Takes what came out of a missing run.
    pub(super) fn insert(&mut self, row: Row) {
        self.results.insert(row);
        self.there += 1;
    }

    /// Writes the file, whole or not at all; no file if there are no rows.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        if !self.results.rows().is_empty() {
            write_whole(self.path, &self.results.csv()?)?;
        }
        self.tell_last_words();
        Ok(())
    }

    /// How many runs there are to be.
    pub(super) fn in_words(&self) -> String {
        let shard = self.shard.map_or_else(String::new, |shard| format!(" of shard {shard}"));
        format!("{}{shard}", plural(self.runs, "run"))
    }

    /// What is said of a sweep that ends before all runs are there.
    pub(super) fn said_of_the_rest(&self) -> String {
        if self.there == 0 {
            return "no run has come to its end".to_owned();
        }
        let (there, runs, path) = (self.there, self.in_words(), self.path.display());
        format!("{there} of {runs} in {path}, and the same command computes the others")
    }

    /// What to print if this process has to end at once.
    fn tell_last_words(&self) {
        stop::last_words(Some(self.said_of_the_rest()));
    }
}

/// The table in a file, if there is a file.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Results>> {
    let bytes = match whole::bytes(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    let results = Results::parse(&bytes).with_context(|| format!("{} is not the table of a sweep", path.display()))?;
    Ok(Some(results))
}

/// The table in a file, if there is a file, which must be of the same sweep as another.
pub(super) fn of_same_sweep(path: &Path, other: &Results) -> anyhow::Result<Option<Results>> {
    let there = read(path)?;
    if there.as_ref().is_some_and(|there| !there.is_of(other)) {
        return Err(anyhow!(
            "{} has another sweep (its parameters, keys, values, seeds, data or options differ): give another --out, or remove it",
            path.display()
        ));
    }
    Ok(there)
}
