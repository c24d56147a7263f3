//! NIR, the intermediate representation in which simulators hand each other networks: graphs of layers in HDF5 files.
//!
//! A file has `/version`, if this project wrote it `/dt` and `/late_steps`, and `/node`, a graph: `nodes/NAME`, each with a `type` and its parameters, and `edges`, pairs of
//! names. Graphs nest. Source: NIR (Pedersen et al., Nature Communications 2024), and files of versions 0.1 to 1.0.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod export;
pub mod import;
mod read;
mod unsaid;
mod write;

use loihi_files::npz::Array;
use std::collections::BTreeMap;

pub use export::export;
pub use read::{parse, read};
pub use unsaid::unsaid;
pub use write::{bytes, save};

/// Names of the parameters of each type of node that are arrays of numbers; what follows a `?` may be missing.
pub const KINDS: [(&str, &[&str]); 18] = [
    ("Input", &["shape"]),
    ("Output", &["shape"]),
    ("Affine", &["weight", "bias"]),
    ("Linear", &["weight"]),
    ("Scale", &["scale"]),
    ("Conv1d", &["weight", "?bias", "?stride", "?padding", "?dilation", "?groups", "?input_shape"]),
    ("Conv2d", &["weight", "?bias", "?stride", "?padding", "?dilation", "?groups", "?input_shape"]),
    ("SumPool2d", &["kernel_size", "?stride", "?padding"]),
    ("AvgPool2d", &["kernel_size", "?stride", "?padding"]),
    ("Flatten", &["?input_type", "?start_dim", "?end_dim"]),
    ("Delay", &["delay"]),
    ("Threshold", &["threshold"]),
    ("I", &["r"]),
    ("IF", &["r", "v_threshold", "?v_reset"]),
    ("LI", &["tau", "r", "v_leak"]),
    ("LIF", &["tau", "r", "v_leak", "v_threshold", "?v_reset"]),
    ("CubaLI", &["tau_mem", "tau_syn", "r", "v_leak", "?w_in"]),
    ("CubaLIF", &["tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "?v_reset", "?w_in"]),
];

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A layer, by the name of its type.
    Layer(String),
    /// A graph of its own.
    Graph(Graph),
}

/// A node of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its parameters, by name.
    pub arrays: BTreeMap<String, Array>,
    /// Parameters that are words, such as a padding of `same`, by name.
    pub words: BTreeMap<String, String>,
}

/// A graph of nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The nodes by name.
    pub nodes: BTreeMap<String, Node>,
    /// From and to, by name, in ascending order.
    pub edges: Vec<(String, String)>,
    /// Duration of a step in the unit of the time constants, if the file says so: `/dt`, beside the graph, where readers
    /// that do not know it do not look.
    pub dt: Option<f64>,
    /// Steps after those of a sample, if the file says so: `/late_steps`.
    pub late_steps: Option<u32>,
}

impl Node {
    /// A layer without parameters.
    pub fn layer(kind: &str) -> Self {
        Self { kind: NodeKind::Layer(kind.to_owned()), arrays: BTreeMap::new(), words: BTreeMap::new() }
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, array: Array) -> Self {
        self.arrays.insert(name.to_owned(), array);
        self
    }

    /// The name of its type.
    pub fn kind_name(&self) -> &str {
        match &self.kind {
            NodeKind::Layer(name) => name,
            NodeKind::Graph(_) => "NIRGraph",
        }
    }
}

#[cfg(test)]
mod tests;
