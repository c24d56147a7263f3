//! What came out of a sweep: a tidy CSV file, a row a run.
//!
//! | column | what |
//! |---|---|
//! | `sweep` | the same in every row of a sweep: a hash of all that its results depend on, and its number of runs |
//! | `run`, `point` | numbers from 0: `run` is `point` times the number of seeds, plus the place of the seed |
//! | a column a key | the value, headed by the key; `set.` stands before one that is called as a column of this table |
//! | `seed` | seed of the run |
//! | `steps`, `digest` | steps computed; hash of all state at the end, 16 hexadecimal digits |
//! | a column a metric | in the order in which runs first have them; empty where a run has none |
//!
//! Rows are in the order of their numbers, whatever the order in which they came.

use crate::run::{Identity, Run, hash};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

const BEFORE_KEYS: [&str; 3] = ["sweep", "run", "point"];
const AFTER_KEYS: [&str; 3] = ["seed", "steps", "digest"];

/// Headers of the columns of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<String>);

impl Columns {
    pub(crate) fn new(keys: impl Iterator<Item = String>) -> Self {
        let is_taken = |key: &str| BEFORE_KEYS.contains(&key) || AFTER_KEYS.contains(&key);
        Self(keys.map(|key| if is_taken(&key) { format!("set.{key}") } else { key }).collect())
    }
}

/// What came out of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The run.
    pub run: Run,
    /// Its values, one for each key.
    pub values: Vec<String>,
    /// Steps computed.
    pub steps: u64,
    /// Digest of all state at the end.
    pub digest: u64,
    /// Figures with their names; the names differ.
    pub metrics: Vec<(String, String)>,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    identity: Identity,
    columns: Columns,
    rows: BTreeMap<u32, Row>,
}

/// Why bytes are no table of a sweep.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// Not CSV, or rows of several lengths.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// Other columns.
    #[error("its columns are not those of a sweep, which begin with sweep, run, point")]
    Columns,
    /// No rows.
    #[error("it has no rows")]
    Empty,
    /// A value cannot be read.
    #[error("invalid {column} `{value}` in line {line}")]
    Value {
        /// Line, from 1.
        line: u64,
        /// Header of the column.
        column: &'static str,
        /// The cell.
        value: String,
    },
    /// Rows of several sweeps.
    #[error("line {line} is of another sweep than the first row")]
    OtherSweep {
        /// Line, from 1.
        line: u64,
    },
    /// Two rows for a run.
    #[error("line {line} has run {run} a second time")]
    Twice {
        /// Line, from 1.
        line: u64,
        /// The run.
        run: u32,
    },
}

impl Results {
    /// A table without rows.
    pub const fn new(identity: Identity, columns: Columns) -> Self {
        Self { identity, columns, rows: BTreeMap::new() }
    }

    /// The sweep.
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether another table is of the same sweep.
    pub fn is_of(&self, other: &Self) -> bool {
        self.identity == other.identity && self.columns == other.columns
    }

    /// The rows by the number of the run.
    pub const fn rows(&self) -> &BTreeMap<u32, Row> {
        &self.rows
    }

    /// Puts a row in its place; one that is there is replaced. A metric that is called as another column gets `metric.` before
    /// its name.
    pub fn insert(&mut self, mut row: Row) {
        for (name, _) in &mut row.metrics {
            let is_fixed = BEFORE_KEYS.contains(&&**name) || AFTER_KEYS.contains(&&**name);
            if is_fixed || self.columns.0.contains(name) {
                *name = format!("metric.{name}");
            }
        }
        self.rows.insert(row.run.number, row);
    }

    /// The runs without a row, from the first on.
    pub fn missing(&self) -> impl Iterator<Item = u32> {
        (0..self.identity.runs).filter(|run| !self.rows.contains_key(run))
    }

    /// Names of all metrics, in the order in which runs first have them.
    fn metrics(&self) -> Vec<&str> {
        let (mut names, mut known) = (Vec::new(), BTreeSet::new());
        for (name, _) in self.rows.values().flat_map(|row| &row.metrics) {
            if known.insert(name.as_str()) {
                names.push(name.as_str());
            }
        }
        names
    }

    /// The file.
    ///
    /// # Errors
    /// Of the writer of CSV; none is known.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let (metrics, keys) = (self.metrics(), self.columns.0.iter().map(String::as_str));
        writer.write_record(BEFORE_KEYS.into_iter().chain(keys).chain(AFTER_KEYS).chain(metrics.iter().copied()))?;
        let identity = self.identity.to_string();
        for Row { run, values, steps, digest, metrics: own } in self.rows.values() {
            let numbers = [identity.clone(), run.number.to_string(), run.point.to_string()];
            let ends = [run.seed.to_string(), steps.to_string(), format!("{digest:016x}")];
            writer.write_record(
                numbers
                    .iter()
                    .chain(values)
                    .chain(&ends)
                    .map(String::as_str)
                    .chain(metrics.iter().map(|name| own.iter().find(|(own, _)| own == name).map_or("", |(_, v)| v))),
            )?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ResultsError> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let form = Form::of(&header).ok_or(ResultsError::Columns)?;
        let mut results: Option<Self> = None;
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let (identity, row) = form.row(&record, line)?;
            let columns = || Columns(form.keys.to_vec());
            let results = results.get_or_insert_with(|| Self::new(identity, columns()));
            if results.identity != identity {
                return Err(ResultsError::OtherSweep { line });
            }
            let run = row.run.number;
            if results.rows.insert(run, row).is_some() {
                return Err(ResultsError::Twice { line, run });
            }
        }
        results.ok_or(ResultsError::Empty)
    }
}

/// Where the columns of a file are.
struct Form<'h> {
    keys: &'h [String],
    metrics: &'h [String],
}

impl<'h> Form<'h> {
    fn of(header: &'h [String]) -> Option<Self> {
        let after = header.windows(AFTER_KEYS.len()).position(|names| names == AFTER_KEYS)?;
        let keys =
            header.get(BEFORE_KEYS.len()..after).filter(|_| header.starts_with(&BEFORE_KEYS.map(String::from)))?;
        Some(Self { keys, metrics: header.get(after + AFTER_KEYS.len()..)? })
    }

    fn row(&self, record: &csv::StringRecord, line: u64) -> Result<(Identity, Row), ResultsError> {
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let invalid = |column, place| ResultsError::Value {
            line,
            column,
            value: record.get(place).unwrap_or_default().to_owned(),
        };
        let after = BEFORE_KEYS.len() + self.keys.len();
        let identity: Identity = cell(0).parse().map_err(|()| invalid("sweep", 0))?;
        let run = number(cell(1)).filter(|run| *run < identity.runs).ok_or_else(|| invalid("run", 1))?;
        let point = number(cell(2)).ok_or_else(|| invalid("point", 2))?;
        let seed = number(cell(after)).ok_or_else(|| invalid("seed", after))?;
        let steps = number(cell(after + 1)).ok_or_else(|| invalid("steps", after + 1))?;
        let digest = hash(cell(after + 2)).ok_or_else(|| invalid("digest", after + 2))?;
        let metric =
            |(place, name): (usize, &String)| (name.clone(), cell(after + AFTER_KEYS.len() + place).to_owned());
        let metrics = self.metrics.iter().enumerate().map(metric).filter(|(_, value)| !value.is_empty()).collect();
        let values = (BEFORE_KEYS.len()..after).map(|place| cell(place).to_owned()).collect();
        Ok((identity, Row { run: Run { number: run, point, seed }, values, steps, digest, metrics }))
    }
}

fn number<T: FromStr>(cell: &str) -> Option<T> {
    cell.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_of_a_sweep_is_refused() {
        let said = |text: &str| Results::parse(text.as_bytes()).unwrap_err().to_string();
        let header = "sweep,run,point,a,seed,steps,digest,m";
        let row = "00000000000000aa-4,0,0,x,1,10,00000000000000bb,0.5";
        let with = |row: &str| format!("{header}\n{row}\n");
        assert!(Results::parse(with(row).as_bytes()).is_ok());
        assert!(said("").contains("columns are not those of a sweep"));
        assert!(said("a,b\n1,2\n").contains("columns are not those of a sweep"));
        assert!(said("sweep,run,seed,steps,digest\n").contains("columns are not those of a sweep"));
        assert!(said(header).contains("it has no rows"));
        assert_eq!(said(&with(&row.replace("-4,0", "-4,4"))), "invalid run `4` in line 2");
        assert_eq!(said(&with(&row.replace("-4", "-0"))), "invalid sweep `00000000000000aa-0` in line 2");
        assert_eq!(said(&with(&row.replace("bb", "b"))), "invalid digest `00000000000000b` in line 2");
        assert_eq!(said(&with(&format!("{row}\n{row}"))), "line 3 has run 0 a second time");
        assert_eq!(
            said(&with(&format!("{row}\n{}", row.replace("aa", "ab")))),
            "line 3 is of another sweep than the first row"
        );
        assert!(said(&with("1,2")).contains("found record with 2 fields"));
    }
}
