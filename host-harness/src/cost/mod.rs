//! What running costs.

pub mod kernels;
