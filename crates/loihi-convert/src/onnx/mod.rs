//! Networks in ONNX files: read into affine maps and rectifications, or refused in a sentence; and written.
//!
//! ```
//! use loihi_convert::onnx;
//!
//! assert!(onnx::read(b"no network", "n").unwrap_err().to_string().starts_with("it is not an ONNX file"));
//! ```
//!
//! | operator | becomes |
//! |---|---|
//! | `Conv`, `Gemm`, `MatMul` | weights |
//! | `Add` | a bias, or branches that meet |
//! | `BatchNormalization` | factors of weights, and biases |
//! | `Relu`, `Clip` from 0 | a layer of neurons |
//! | `AveragePool`, `GlobalAveragePool` | a layer of neurons with equal weights |
//! | `Concat` of channels | weights from several layers |
//! | `Flatten`, `Reshape` | nothing: neurons keep their order |
//! | `Dropout`, `Identity`, `Softmax` or `LogSoftmax` at the end | nothing |

mod attributes;
mod graph;
pub mod message;
mod operators;
mod read;
mod signal;
mod tensor;
mod windows;
mod write;

pub use read::{read, read_file};
pub use write::{bytes, save};
