//! Networks for a Loihi chip: described in Rust or in a TOML file, checked.
//!
//! ```
//! use loihi_net::network::{Connection, Network, Population, ReadBy};
//!
//! let mut network = Network::new("coincidence").steps(20);
//! let pair = network.input("pair", 2);
//! // The voltage loses an eighth a step; two spikes of 60 · 64 together exceed 100 · 64, one does not.
//! let both = network.population(Population::new("both", 1).decay_v(512).v_th(100));
//! network.connect(Connection::new(pair, both, [60, 60]));
//! network.read(both, ReadBy::Spikes);
//! network.check()?;
//! # Ok::<(), loihi_net::network::NetworkError>(())
//! ```
//!
//! The same as a file:
//!
//! ```
//! use loihi_net::network::file::parse;
//! use std::path::Path;
//!
//! let text = r#"
//!     steps = 20
//!
//!     [[input]]
//!     name = "pair"
//!     shape = [2]
//!
//!     [[population]]
//!     name = "both"
//!     shape = [1]
//!     decay_v = 512
//!     v_th = 100
//!
//!     [[connection]]
//!     from = "pair"
//!     to = "both"
//!     weights = 60
//!
//!     [readout]
//!     population = "both"
//! "#;
//! assert_eq!(parse(text, Path::new("coincidence.toml"))?.populations[0].neurons(), 1);
//! # Ok::<(), loihi_net::network::file::FileError>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`draw`] | random parameters, each from a seed and its place |
//! | [`probe`] | what is sampled, from text |
//! | [`network`] | networks: built, or from a TOML file |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod draw;
pub mod network;
pub mod probe;
