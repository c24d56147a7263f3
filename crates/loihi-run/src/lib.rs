//! Runs of placed networks, sample by sample, and the folders that record them.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`inference`] | a placed network on a device, sample by sample |
//! | [`record`] | the run folder |
//! | [`samples`] | its files that are sampled |
//! | [`runner`] | a network, its placement and its device in one value |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

pub mod inference;
pub mod record;
pub mod runner;
pub mod samples;
