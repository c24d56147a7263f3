//! What running costs.

pub mod kernels;
pub mod mesh;
pub mod networks;
pub mod rules;
