//! Files of arrays, whole or not at all.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`choice`] | enums whose values are chosen by name |
//! | [`plural`] | counts with their nouns |
//! | [`atomic_file`] | atomic files: complete, or as they were |
//! | [`whole`] | files read whole, up to a stated length |
//! | [`npz`] | arrays in files, by name |
//! | [`npy`] | arrays in files, row by row |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../../loihi-core/src/layers.rs"]
mod layers;

pub mod atomic_file;
pub mod choice;
pub mod npy;
pub mod npz;
pub mod plural;
pub mod whole;
