//! What running costs.

pub mod kernels;
pub mod networks;
