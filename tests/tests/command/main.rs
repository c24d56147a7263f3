//! The `loihi` command as users run it.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/tree.rs"]
mod tree;

mod answers;
mod conversion;
mod data;
mod door;
mod endless;
mod examples;
mod few_shots;
mod finetuning;
mod image;
mod json;
mod kill;
mod learning;
mod measure;
mod mistakes;
mod net_files;
mod networks;
mod new_user;
mod numbered;
mod pages;
mod plants;
mod process;
mod reader;
mod recordings;
mod resume;
mod runs;
mod scale;
mod server;
mod stop;
mod sweep;
mod table;
mod training;
mod view;
