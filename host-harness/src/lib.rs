//! The host's side: builds networks, drives devices, runs experiments, records what came out.
//!
//! Data goes one way:
//!
//! [`network`] (built, from a TOML file, or from [`nir`] by [`quantise`], or from [`lava_dl`]) → [`place`] → [`image`]
//! (within the chip's [`limits`]) → [`device`] → [`inference`] or [`experiment`] → [`record`] → [`report`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aside;
pub mod bench;
pub mod cli;
pub mod conform;
pub mod cost;
pub mod data;
pub mod device;
pub mod experiment;
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
mod words;
