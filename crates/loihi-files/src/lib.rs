//! Files of arrays, whole or not at all.
//!
//! ```
//! use loihi_files::{atomic_file, npy, npz};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! // An array that grows, and can be read at any time.
//! let path = folder.join("voltage.npy");
//! let mut writer = npy::NpyWriter::create(&path, npy::I32, npy::RowShape::Items)?;
//! for step in 0..3_i32 {
//!     writer.add(&[step, -step].map(i32::to_le_bytes).concat())?;
//! }
//! let bytes = writer.sync()?;
//! assert_eq!(npy::words(&path)?, (vec![3, 2], vec![0, 0, 1, -1, 2, -2]));
//!
//! // Continued where it was, after whatever happened.
//! drop(writer);
//! let mut writer = npy::NpyWriter::go_on(&path, npy::I32, npy::RowShape::Items, bytes)?;
//! writer.add(&[3, -3].map(i32::to_le_bytes).concat())?;
//! assert_eq!(writer.rows(), 4);
//!
//! // A file that is replaced as a whole, or not at all.
//! atomic_file::write(&folder.join("weights.npz"), &npz::bytes(&[("w".to_owned(), vec![1.0, 0.5].into())])?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`choice`] | enums whose values are chosen by name |
//! | [`names`] | names that are not there, and which one is meant |
//! | [`plural`] | counts with their nouns |
//! | [`atomic_file`] | atomic files: complete, or as they were |
//! | [`whole`] | files read whole, up to a stated length |
//! | [`npz`] | arrays in files, by name |
//! | [`npy`] | arrays in files, row by row |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod atomic_file;
pub mod choice;
pub mod names;
pub mod npy;
pub mod npz;
pub mod plural;
pub mod whole;
