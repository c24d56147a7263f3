//! Writing of NIR files, as NIR 1.0 does.

use super::{Graph, NirNode};
use loihi_files::npz::Array;
use loihi_hdf5::{self as h5, H5Error, H5Item};
use loihi_net::network::{SaveError, write_aside};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The version whose layout is written.
const VERSION: &str = "1.0.8";

/// The bytes of a file.
///
/// # Errors
/// A name or an array is too large for the format.
pub fn bytes(graph: &Graph) -> Result<Vec<u8>, H5Error> {
    let mut root =
        BTreeMap::from([("version".to_owned(), H5Item::text(VERSION)), ("node".to_owned(), graph_item(graph))]);
    let late_steps = graph.late_steps.map(|steps| Array::from(i64::from(steps)));
    for (name, array) in [("dt", graph.dt.map(Array::from)), ("late_steps", late_steps)] {
        root.extend(array.map(|array| (name.to_owned(), H5Item::Array(array))));
    }
    h5::bytes(&H5Item::Group(root))
}

/// Writes a file, aside at first.
///
/// # Errors
/// [`SaveError`].
pub fn save(graph: &Graph, path: &Path) -> Result<(), SaveError> {
    let bytes = bytes(graph).map_err(|error| SaveError::new(path, io::Error::other(error)))?;
    write_aside(path, &bytes)
}

fn graph_item(graph: &Graph) -> H5Item {
    let nodes = graph.nodes.iter().map(|(name, node)| (name.clone(), node_item(node))).collect();
    let words: Vec<String> = graph.edges.iter().flat_map(|(from, to)| [from.clone(), to.clone()]).collect();
    H5Item::Group(BTreeMap::from([
        ("edges".to_owned(), H5Item::Text { shape: vec![words.len() / 2, 2], words }),
        ("nodes".to_owned(), H5Item::Group(nodes)),
        ("type".to_owned(), H5Item::text("NIRGraph")),
    ]))
}

fn node_item(node: &NirNode) -> H5Item {
    if let NirNode::Graph(inner) = node {
        return graph_item(inner);
    }
    let mut fields = node.fields();
    fields.insert("type".to_owned(), H5Item::text(node.type_name()));
    H5Item::Group(fields)
}
