//! Benchmarks of whole networks on this host.

pub mod lif;
