//! What the arguments of a command name: networks, samples, devices, runs.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`choice`] | names of values, boards and devices as arguments; which name a misspelt one means |
//! | [`args`] | arguments that several commands share |
//! | [`open`] | the device that is named |
//! | [`what`] | an experiment or a network file, told from files that are something else |
//! | [`untrained`] | networks that are still to be trained offline, and what to do first |
//! | [`network`] | networks from files: placed, with the samples of each input |
//! | [`task`] | what is going to run: a network that learns, or one that is tested |
//! | [`jobs`] | runs on several threads |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod args;
pub mod choice;
pub mod jobs;
pub mod network;
pub mod open;
pub mod task;
pub mod untrained;
pub mod what;
