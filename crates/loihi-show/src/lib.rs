//! Runs for the eye: a report as one HTML file, a live view in the terminal.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`report`] | a run folder as one HTML file |
//! | [`view`] | a run, live in the terminal |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "view")]
pub mod view;
