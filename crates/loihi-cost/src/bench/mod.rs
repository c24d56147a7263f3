//! Benchmarks of whole networks on this host.

pub mod clock;
pub mod learn;
pub mod lif;
