//! Whole networks, timed on this host.
//!
//! ```
//! use loihi_bench::lif::{Drive, Lif};
//!
//! let lif = Lif { compartments: 200, steps: 20, drive: Drive::Bias, ..Lif::DEFAULT };
//! let timing = lif.time(&lif.build()?, &mut |_, _| {})?;
//! assert_eq!((timing.counts.steps, timing.cores), (20, 1));
//! # Ok::<(), loihi_bench::clock::BenchError>(())
//! ```
//!
//! A module uses only what stands above it:
//!
//! | module | its one job |
//! |---|---|
//! | `steps` | steps one by one, or on several threads |
//! | [`clock`] | a network stepped in parts that are timed apart |
//! | [`lif`] | recurrent networks of leaky integrate-and-fire compartments |
//! | [`learn`] | plastic synapses |
//! | [`scale`] | what the time of a step depends on |
//! | [`peers`] | other emulators: how they are set up, and the same networks here |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod clock;
pub mod learn;
pub mod lif;
pub mod peers;
pub mod scale;
mod steps;
