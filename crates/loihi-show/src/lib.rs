//! Runs for the eye: a report as one HTML file, runs side by side, a live view in the terminal.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`samples`] | what data are, and a preview of the first sample |
//! | [`report`] | run folders as one HTML file |
//! | [`view`] | a run, live in the terminal |
//!
//! ```
//! use loihi_show::report::plot::{Mark, Plot};
//!
//! let plot = Plot::new("step", "spikes").with("hidden", Mark::Line, vec![(0.0, 3.0), (1.0, 5.0), (2.0, 4.0)]);
//! assert!(plot.svg().starts_with("<svg"));
//! ```
//!
//! | feature | for |
//! |---|---|
//! | `report` | [`report`] |
//! | `view` | [`view`] |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "report")]
pub mod report;
pub mod samples;
#[cfg(feature = "view")]
pub mod view;
