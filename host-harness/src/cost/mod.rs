//! What running costs.

pub mod kernels;
pub mod networks;
pub mod rules;
