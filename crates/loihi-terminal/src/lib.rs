//! How a command talks to people and to programs, and how it ends.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`out`] | lines, one result as an object, complaints |
//! | [`stop`] | Ctrl-C, and the end of the process where nothing looks at it |
//! | [`progress`] | a bar on a terminal |
//! | [`table`] | tables that fit a terminal |

pub mod out;
pub mod progress;
pub mod stop;
pub mod table;
