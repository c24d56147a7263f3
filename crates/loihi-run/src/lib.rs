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
//!
//! ```
//! use loihi_device::inproc::InProcess;
//! use loihi_net::network::{Connection, Network, Population};
//! use loihi_run::runner::{Runner, RunnerError};
//!
//! let mut network = Network::new("coincidence");
//! let pair = network.input("pair", 2);
//! let both = network.population(Population::new("both", 1).decay_v(512).v_th(100));
//! network.connect(Connection::new(pair, both, [60, 60]));
//!
//! let mut runner = Runner::new(network, InProcess::default())?;
//! assert_eq!(runner.step(&[(0, 0), (0, 1)])?.len(), 1);
//! # Ok::<(), RunnerError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod inference;
pub mod record;
pub mod runner;
pub mod samples;
