//! Conversion of networks of rectified units (`ReLU`) into spiking networks whose rates follow the activations.
//!
//! 1. An ONNX file becomes an [`Ann`]: affine maps and rectifications, everything else folded into them ([`onnx`]).
//! 2. Samples show how far the activations of each layer reach ([`calibrate`]).
//! 3. Each layer becomes a population that integrates and fires, its largest activation a spike in every step, weights rounded to
//!    the chip's format ([`convert`]).
//! 4. The emulator answers test samples once, read after several numbers of steps, beside the ANN ([`curve`]).
//!
//! Networks of rectified units are trained here, too, from an ordinary network file ([`trainer`]).
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`error`] | why a network is not converted |
//! | [`ann`] | networks of rectified units, and their forward pass |
//! | [`onnx`] | the same in ONNX files |
//! | [`inputs`] | samples as activations, and what an ANN answers |
//! | [`calibrate`] | how far activations reach |
//! | [`scale`] | real weights in the chip's format |
//! | [`convert`] | the spiking network |
//! | [`curve`] | accuracy against steps, on the emulator |
//! | [`form`] | what a network file says of training |
//! | [`design`] | the ANN that a network file describes |
//! | [`gradient`] | the derivatives of the loss |
//! | [`trainer`] | training, epoch after epoch |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod ann;
pub mod calibrate;
pub mod convert;
pub mod curve;
pub mod design;
pub mod error;
pub mod form;
pub mod gradient;
pub mod inputs;
pub mod onnx;
pub mod scale;
pub mod trainer;

pub use ann::Ann;
pub use error::ConvertError;
