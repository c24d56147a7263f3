//! Networks on the cores of a Loihi chip.
//!
//! ```
//! use loihi_net::network::{Connection, Network, Population, ReadBy};
//! use loihi_place::place::{PlacementOptions, place};
//!
//! let mut network = Network::new("coincidence").steps(20);
//! let pair = network.input("pair", 2);
//! let both = network.population(Population::new("both", 1).decay_v(512).v_th(100));
//! network.connect(Connection::new(pair, both, [60, 60]));
//! network.read(both, ReadBy::Spikes);
//!
//! let placed = place(&network, PlacementOptions::default())?;
//! assert_eq!(placed.usage.len(), 1, "cores");
//! assert_eq!(placed.usage[0].synaptic_words, 1);
//! // What a device loads.
//! assert!(!placed.image.bytes().is_empty());
//! # Ok::<(), loihi_place::place::PlaceError>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`place`] | networks spread over cores, as images |
//! | [`neuron_map`] | which neuron each compartment is |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod neuron_map;
pub mod place;
