//! Augmentation: samples that are moved and thinned at random while they are learned.
//!
//! ```
//! use loihi_augment::shift::shifted;
//! use loihi_data::Sample;
//!
//! let sample = Sample::values("dot", &[1, 3], vec![0, 9, 0]);
//! let moved = shifted(&sample, [0, 1], 7, [0, 0]);
//! assert_eq!(moved.flat().unwrap_or_default().iter().sum::<u8>(), 9);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod distort;
pub mod dropout;
pub mod shift;
