//! Networks for a Loihi chip: described in Rust or in a TOML file, checked, placed on cores.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`probe`] | what is sampled, from text |
//! | [`network`] | networks: built, or from a TOML file |
//! | [`place`] | networks spread over cores, as images |
//! | [`neuron_map`] | which neuron each compartment is |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

pub mod network;
pub mod neuron_map;
pub mod place;
pub mod probe;
