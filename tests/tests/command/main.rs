//! The `loihi` command as users run it.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod data;
mod endless;
mod measure;
mod networks;
mod process;
mod recordings;
mod runs;
mod server;
mod table;
mod view;
