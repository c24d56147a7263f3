//! For tests of devices, boards and rules: small networks, strategies, recorded vectors, and a device under test.
//!
//! | module | its one job |
//! |---|---|
//! | [`networks`], [`images`] | small networks and images that have much of what a chip has |
//! | [`decolle_net`], [`emstdp_net`] | networks whose learning was recorded, with the recorded draws |
//! | [`layers`] | what networks of plastic layers have in common: random spikes as input |
//! | [`eprop_net`] | a network that learns a pattern by e-prop |
//! | `strategies` (feature) | random ones for `proptest` |
//! | [`altered`] | a chip whose answers are altered on their way |
//! | [`suite`] | a device under test: whether it does, bit for bit, what a chip in this process does |
//! | [`replay`] | vectors that were recorded from other emulators and from the chip, compared in every step |
//!
//! [`parse`] reads the formats of vectors into a [`vector`], [`network`] makes an image of it, [`replay`] runs and compares
//! it:
//!
//! ```
//! use loihi_device::inproc::InProcess;
//! use loihi_run::runner::Runner;
//! use loihi_testkit::networks;
//!
//! let network = networks::relays(4);
//! let stimulus = networks::spikes(&network, 20, 1);
//! let mut runner = Runner::new(network, InProcess::default())?;
//! assert_eq!(runner.run(&stimulus)?.len(), stimulus.spikes.len());
//! # Ok::<(), loihi_run::runner::RunnerError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod altered;
pub mod decolle_net;
pub mod emstdp_net;
pub mod eprop_net;
pub mod images;
mod json;
pub mod layers;
mod learning;
pub mod network;
pub mod networks;
pub mod parse;
pub mod plastic;
pub mod replay;
#[cfg(feature = "strategies")]
pub mod strategies;
pub mod suite;
pub mod vector;
mod weights;

use loihi_device::session::SessionError;
use loihi_image::image::BuildError;

/// What came of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every register is equal in every step.
    Passed,
    /// A register differs.
    Failed(Difference),
    /// The vector cannot be replayed, and why.
    Skipped(String),
}

/// The first difference between a vector and a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Step, from 0.
    pub step: usize,
    /// Register, with the compartment: `u[3]`.
    pub register: String,
    /// Recorded value.
    pub expected: String,
    /// Value of the device.
    pub got: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "step {}, {}, expected {}, got {}", self.step, self.register, self.expected, self.got)
    }
}

/// Why a vector could not be compared at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Its network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The device did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
}
