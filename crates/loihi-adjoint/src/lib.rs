//! Compartments in the chip's integers for many samples at once, forward and backward.
//!
//! A step of neurons, and a step back from the derivative of a loss by their spikes to that by their sums:
//!
//! ```
//! use loihi_adjoint::arithmetic::{Registers, Row, State, step};
//! use loihi_core::image::Profile;
//!
//! let profile = Profile { decay_u: 4096, v_th: 640, ..Profile::DEFAULT };
//! let registers = Registers::of([&profile, &profile].into_iter());
//! let mut state = State::default();
//! state.rest(1, &[0, 0]);
//! let mut spikes = [0.0; 2];
//! // Sums in units of 64: 11 is above the threshold, and 10 is not.
//! let (sums, biases) = ([11.0, 10.0], [0, 0]);
//! let mut row = Row { sums: &sums, biases: &biases, spikes: &mut spikes, slopes: &mut [], keeps: &mut [] };
//! step(&registers, &mut state, &mut row, None);
//! assert_eq!(spikes, [1.0, 0.0]);
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`surrogate`] | derivatives of a spike |
//! | [`arithmetic`] | a step of neurons, forward |
//! | [`adjoint`] | a step of neurons, backward |
//! | [`rate`] | derivatives by the number of spikes |
//! | [`join`] | what compartments hand on to one another, forward and backward |
//! | [`branches`] | compartments of neurons: what each takes, pushes and leaves |
//! | [`tree`] | neurons of several compartments, forward and backward |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod adjoint;
pub mod arithmetic;
pub mod branches;
pub mod join;
pub mod rate;
pub mod surrogate;
pub mod tree;
