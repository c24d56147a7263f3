//! Images of a Loihi chip, register by register: what `loihi-core` runs, built on the host.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`limits`] | what a Loihi holds |
//! | [`rule`] | learning rules from text |
//! | [`image`] | images in their words, built |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

pub mod image;
pub mod limits;
pub mod rule;
