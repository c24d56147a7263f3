//! The host's side: builds networks, drives devices, runs experiments, records what came out.
//!
//! # Layers
//! A module uses only what stands above it, which a test keeps so. Data go down the table:
//!
//! | module | its one job |
//! |---|---|
//! | `words` | counts in words |
//! | `aside` | files written aside, so that what can be seen is whole |
//! | `whole` | files read whole, up to a stated length |
//! | [`limits`] | what a Loihi holds |
//! | [`npz`] | arrays in files, by name |
//! | [`npy`] | arrays in files, row by row |
//! | [`h5`] | HDF5 files |
//! | [`data`] | samples: formats, data sets, encoders |
//! | [`rule`] | learning rules from text |
//! | [`probe`] | what is sampled, from text |
//! | [`image`] | images in their words, built |
//! | [`network`] | networks: built, or from a TOML file |
//! | [`place`] | networks spread over cores, as images |
//! | [`roster`] | who is on the chip |
//! | [`device`] | requests to a chip in this process, or behind a line |
//! | [`inference`] | a placed network on a device, sample by sample |
//! | [`record`] | the run folder |
//! | [`samples`] | its files that are sampled |
//! | [`experiment`] | the built-in experiments |
//! | [`import`] | what becomes of each part of an imported file |
//! | [`nir`] | NIR files |
//! | [`quantise`] | networks of real numbers in the chip's integers |
//! | [`lava_dl`] | networks of lava-dl |
//! | [`conform`] | recorded vectors, replayed |
//! | [`cost`] | what a run costs on the chip |
//! | `bench` | what a run costs on this host |
//! | [`report`] | a run folder as one HTML file |
//! | [`view`] | a run in the terminal, while it goes on |
//! | [`cli`] | the command `loihi` |

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
#[path = "../../loihi-core/src/layers.rs"]
mod layers;

mod aside;
pub mod bench;
pub mod cli;
pub mod conform;
pub mod cost;
pub mod data;
pub mod device;
pub mod experiment;
pub mod h5;
pub mod image;
pub mod import;
pub mod inference;
pub mod lava_dl;
pub mod limits;
pub mod network;
pub mod nir;
pub mod npy;
pub mod npz;
pub mod place;
pub mod probe;
pub mod quantise;
pub mod record;
pub mod report;
pub mod roster;
pub mod rule;
pub mod samples;
pub mod view;
mod whole;
mod words;
