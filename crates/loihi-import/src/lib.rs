//! Networks of real numbers in the integers of a Loihi chip.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`quantise`] | networks of real numbers in the chip's integers |
//! | [`lava_dl`] | networks of lava-dl |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

pub mod lava_dl;
pub mod quantise;
