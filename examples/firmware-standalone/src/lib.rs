//! A board that learns without a host: it finds a network in its flash, learns the samples that come over its line, answers
//! each, and keeps what it has learned over a reset.
//!
//! | module | its one job |
//! |---|---|
//! | [`store`] | what was learned, in flash: whole as it was, or whole as it is, wherever the power goes |
//! | [`ram_flash`] | RAM that is erased and written like flash, for emulators |
//! | [`lines`] | lines of text as samples and commands |
//! | [`student`] | the network: it answers, and learns one sample at a time |
//! | [`session`] | all of it together, without hardware |
//! | `program` | the same on a board |

#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod lines;
#[cfg(target_os = "none")]
pub mod program;
pub mod ram_flash;
pub mod session;
pub mod store;
pub mod student;
