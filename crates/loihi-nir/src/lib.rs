//! NIR, the neuromorphic intermediate representation in which simulators hand each other networks: graphs of layers in HDF5
//! files.
//!
//! [`read`] and [`parse`] give a [`Graph`] of typed nodes, [`bytes`] and [`save`] write one, [`export`] makes one of a network
//! in the chip's integers.
//!
//! ```
//! use loihi_files::npz::Array;
//! use loihi_nir::{Graph, NirNode, bytes, parse};
//!
//! let one = || Array::from(1.0);
//! let weight = Array::from(vec![0.5, -0.25]);
//! let graph = Graph::default()
//!     .with_node("in", NirNode::Input { shape: vec![2] })
//!     .with_node("w", NirNode::Scale { scale: weight })
//!     .with_node(
//!         "lif",
//!         NirNode::Lif { tau: Array::from(0.02), r: one(), v_leak: Array::from(0.0), v_threshold: one(), v_reset: None },
//!     )
//!     .with_node("out", NirNode::Output { shape: vec![2] })
//!     .with_edges([("in", "w"), ("w", "lif"), ("lif", "out")])
//!     .with_dt(0.001);
//!
//! let read = parse(&bytes(&graph)?)?;
//! assert_eq!(read, graph);
//! let NirNode::Lif { tau, .. } = &read.nodes["lif"] else { panic!("another node") };
//! assert_eq!(tau.real(), [0.02]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file has `/version`, if this project wrote it `/dt` and `/late_steps`, and `/node`, a graph: `nodes/NAME`, each with a
//! `type` and its parameters, and `edges`, pairs of names. Graphs nest. Nodes of types that NIR 1.0 does not have are kept as
//! [`NirNode::Unknown`]. Source: NIR (Pedersen et al., Nature Communications 2024), and files of versions 0.1 to 1.0.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod export;
mod graph;
pub mod import;
mod node;
mod parameter;
mod read;
mod unsaid;
mod write;

pub use export::{ExportError, export};
pub use node::{Graph, NirNode};
pub use parameter::Padding;
pub use read::{parse, read};
pub use unsaid::unsaid;
pub use write::{bytes, save};

#[cfg(test)]
mod tests;
