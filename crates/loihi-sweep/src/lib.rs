//! Sweeps: a grid over some values of a TOML file, times seeds, and the table of what came out.
//!
//! ```
//! use loihi_sweep::{Grid, Results, Row, Seeds};
//!
//! let text = "name = \"net\"\n\n[[population]]\nname = \"hidden\"\nv_th = 100  # mantissa\n";
//! let settings = vec!["population.hidden.v_th=80,90".parse()?];
//! let grid = Grid::new(text, settings, Seeds { first: 11, count: 2 })?;
//! assert_eq!((grid.points(), grid.runs()), (2, 4));
//! assert_eq!(grid.text(1), text.replace("100", "90"), "comments and lines stay");
//!
//! let mut results = Results::new(grid.identity("no data"), grid.columns());
//! let run = grid.run(3);
//! let accuracy = vec![("accuracy".to_owned(), "0.5".to_owned())];
//! let values = grid.values(run.point).map(str::to_owned).collect();
//! results.insert(Row { run, values, steps: 100, digest: 7, metrics: accuracy });
//! let csv = String::from_utf8(results.csv()?)?;
//! assert_eq!(csv.lines().next(), Some("sweep,run,point,population.hidden.v_th,seed,steps,digest,accuracy"));
//! assert!(csv.ends_with(",3,1,90,12,100,0000000000000007,0.5\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | `run` | runs, and what tells a sweep from others |
//! | `key_error` | why a path leads to no value |
//! | `key` | a path into a TOML file, and where its value stands |
//! | `setting` | a path with the values that it takes |
//! | `shard` | the part of a sweep that one machine runs |
//! | `results` | the table, as a CSV file |
//! | `grid` | points, runs, and the text of each point |
//! | `merge` | tables of shards as one |
//! | `lock` | one process at a time writes a table |

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod grid;
mod key;
mod key_error;
mod lock;
mod merge;
mod results;
mod run;
mod setting;
mod shard;

pub use grid::{Grid, GridError, Seeds};
pub use key::Key;
pub use key_error::KeyError;
pub use lock::{Lock, LockError};
pub use merge::{MergeError, merge};
pub use results::{Columns, Results, ResultsError, Row};
pub use run::{Identity, RUNS_MAX, Run};
pub use setting::{Setting, SettingError, Value};
pub use shard::{Shard, ShardError};
