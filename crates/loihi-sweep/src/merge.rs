//! The tables of shards as one, which are the bytes that a sweep without shards would have written.

use crate::results::Results;
use crate::shard::Shard;
use std::collections::BTreeSet;

/// Most runs that an error lists.
const LISTED_MAX: usize = 12;

/// Why tables are not one sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// No files.
    #[error("there is nothing to merge")]
    Nothing,
    /// Other text, keys, values, seeds, data or options.
    #[error("{other} is of another sweep than {one}: its parameters, keys, values, seeds, data or options differ")]
    OtherSweep {
        /// The first file.
        one: String,
        /// Another.
        other: String,
    },
    /// A run ended in two states.
    #[error(
        "run {run} has the digest {digest:016x} in {one}, and {other_digest:016x} in {other}: remove the file that is wrong, and \
         repeat its shard"
    )]
    Conflict {
        /// The run.
        run: u32,
        /// A file.
        one: String,
        /// The digest there.
        digest: u64,
        /// Another file.
        other: String,
        /// The digest there.
        other_digest: u64,
    },
    /// Not all runs are there.
    #[error(
        "{missing} of {runs} runs are missing ({what}): repeat the command of a shard, which computes what its file lacks"
    )]
    Missing {
        /// How many.
        missing: usize,
        /// Runs of the sweep.
        runs: u32,
        /// Shards or runs.
        what: String,
    },
}

/// Joins tables, each with the name of its file. A run may be in several with the same digest; then the first counts.
///
/// # Errors
/// [`MergeError`].
pub fn merge(tables: &[(String, Results)]) -> Result<Results, MergeError> {
    let ((first, one), others) = tables.split_first().ok_or(MergeError::Nothing)?;
    if let Some((other, _)) = others.iter().find(|(_, other)| !one.is_of(other)) {
        return Err(MergeError::OtherSweep { one: first.clone(), other: other.clone() });
    }
    let mut all = one.clone();
    for (name, table) in others {
        for (run, row) in table.rows() {
            match all.rows().get(run) {
                Some(there) if there.digest != row.digest => {
                    let holds = |(_, table): &&(String, Results)| table.rows().contains_key(run);
                    return Err(MergeError::Conflict {
                        run: *run,
                        one: tables.iter().find(holds).map(|(name, _)| name.clone()).unwrap_or_default(),
                        digest: there.digest,
                        other: name.clone(),
                        other_digest: row.digest,
                    });
                }
                Some(_) => {}
                None => all.insert(row.clone()),
            }
        }
    }
    let missing: Vec<u32> = all.missing().collect();
    if missing.is_empty() {
        return Ok(all);
    }
    let what = missing_shards(tables, &all, &missing).unwrap_or_else(|| some("run", missing.iter()));
    Err(MergeError::Missing { missing: missing.len(), runs: all.identity().runs, what })
}

/// The shards that are missing as a whole, if that is all. Files do not say which shard they are; the distance of their runs does.
fn missing_shards(tables: &[(String, Results)], all: &Results, missing: &[u32]) -> Option<String> {
    let of = tables.iter().fold(0, |of, (_, table)| {
        let runs: Vec<u32> = table.rows().keys().copied().collect();
        runs.windows(2).fold(of, |of, pair| greatest_divisor(of, pair[1] - pair[0]))
    });
    if of < 2 {
        return None;
    }
    let shards: BTreeSet<Shard> = missing.iter().map(|run| Shard::of_run(*run, of)).collect();
    let is_whole = |shard: &Shard| !all.rows().keys().any(|run| shard.contains(*run));
    shards.iter().all(is_whole).then(|| some("shard", shards.iter()))
}

/// Things one after the other, up to a number of them.
fn some<T: ToString>(noun: &str, things: impl ExactSizeIterator<Item = T>) -> String {
    let (plural, more) = (if things.len() == 1 { "" } else { "s" }, things.len().saturating_sub(LISTED_MAX));
    let first = things.take(LISTED_MAX).map(|thing| thing.to_string()).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{noun}{plural} {first}{more}")
}

const fn greatest_divisor(mut one: u32, mut two: u32) -> u32 {
    while two > 0 {
        (one, two) = (two, one % two);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grid, Row, Seeds};

    /// The table of a shard of four points and two seeds, whose later points have a metric more.
    fn table(shard: &str) -> (String, Results) {
        let seeds = Seeds { first: 0, count: 2 };
        let grid = Grid::new("seed = 1\n", vec!["seed=1..4".parse().unwrap()], seeds).unwrap();
        let mut results = Results::new(grid.identity(""), grid.columns());
        let shard: Shard = shard.parse().unwrap();
        for run in (0..grid.runs()).rev().filter(|run| shard.contains(*run)).map(|number| grid.run(number)) {
            let metrics = [("late", run.point > 1), ("accuracy", true), ("set.seed", run.point > 2)];
            let metrics = metrics.into_iter().filter(|(_, has)| *has);
            let metrics = metrics.map(|(name, _)| (name.to_owned(), format!("0.{}", run.number))).collect();
            let values = grid.values(run.point).map(str::to_owned).collect();
            results.insert(Row { run, values, steps: 10, digest: run.number.into(), metrics });
        }
        (format!("{shard}.csv"), results)
    }

    fn said(tables: &[(String, Results)]) -> String {
        merge(tables).unwrap_err().to_string()
    }

    #[test]
    fn shards_make_the_bytes_of_the_whole() {
        let (_, whole) = table("1/1");
        let bytes = whole.csv().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let header = "sweep,run,point,set.seed,seed,steps,digest,accuracy,late,metric.set.seed";
        assert_eq!(text.lines().next(), Some(header));
        assert_eq!(Results::parse(&bytes).unwrap().csv().unwrap(), bytes);
        for of in 1..=8 {
            let shards: Vec<_> = (1..=of).rev().map(|shard| table(&format!("{shard}/{of}"))).collect();
            let read =
                |(name, table): &(String, Results)| (name.clone(), Results::parse(&table.csv().unwrap()).unwrap());
            let shards: Vec<_> = shards.iter().map(read).collect();
            assert_eq!(merge(&shards).unwrap().csv().unwrap(), bytes, "{of} shards");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(said(&[table("1/3"), table("3/3")]).starts_with("3 of 8 runs are missing (shard 2/3): repeat"));
        assert!(said(&[table("2/4")]).contains("6 of 8 runs are missing (shards 1/4, 3/4, 4/4):"));
        assert!(said(&[table("1/8")]).contains("7 of 8 runs are missing (runs 1, 2, 3, 4, 5, 6, 7):"));
    }

    #[test]
    fn a_run_counts_once_and_has_one_result() {
        let (name, whole) = table("1/1");
        let half = table("2/2");
        assert_eq!(merge(&[half.clone(), (name.clone(), whole.clone())]), Ok(whole.clone()));
        let mut other = half.1;
        let row = Row { digest: 99, ..other.rows()[&3].clone() };
        other.insert(row);
        let said = said(&[(name, whole), ("b.csv".to_owned(), other)]);
        let digests = "run 3 has the digest 0000000000000003 in 1/1.csv, and 0000000000000063 in b.csv";
        assert!(said.starts_with(digests), "{said}");
    }

    #[test]
    fn sweeps_are_not_mixed() {
        let grid = Grid::new("seed = 1\n", vec!["seed=1..4".parse().unwrap()], Seeds { first: 1, count: 2 }).unwrap();
        let other = Results::new(grid.identity(""), grid.columns());
        assert!(
            said(&[table("1/1"), ("b.csv".to_owned(), other)]).starts_with("b.csv is of another sweep than 1/1.csv")
        );
        assert_eq!(merge(&[]), Err(MergeError::Nothing));
    }
}
