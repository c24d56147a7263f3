//! Writing of NIR files, as NIR 1.0 does.

use super::{Graph, Node, NodeKind};
use loihi_files::npz::{Array, Values};
use loihi_hdf5::{self as h5, H5Item};
use loihi_net::network::{SaveError, write_aside};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The version whose layout is written.
const VERSION: &str = "1.0.8";

/// The bytes of a file.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn bytes(graph: &Graph) -> Result<Vec<u8>, String> {
    let mut root =
        BTreeMap::from([("version".to_owned(), H5Item::text(VERSION)), ("node".to_owned(), graph_item(graph))]);
    let single = |values: Values| Array::new(Vec::new(), values).map(H5Item::Array);
    let dt = graph.dt.and_then(|dt| single(Values::Real(vec![dt])));
    let late_steps = graph.late_steps.and_then(|steps| single(Values::Whole(vec![steps.into()])));
    for (name, item) in [("dt", dt), ("late_steps", late_steps)] {
        root.extend(item.map(|item| (name.to_owned(), item)));
    }
    h5::bytes(&H5Item::Group(root))
}

/// Writes a file, aside at first.
///
/// # Errors
/// [`SaveError`].
pub fn save(graph: &Graph, path: &Path) -> Result<(), SaveError> {
    let bytes = bytes(graph).map_err(|error| SaveError { path: path.to_owned(), error: io::Error::other(error) })?;
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

fn node_item(node: &Node) -> H5Item {
    if let NodeKind::Graph(inner) = &node.kind {
        return graph_item(inner);
    }
    let mut items: BTreeMap<String, H5Item> =
        node.arrays.iter().map(|(name, array)| (name.clone(), H5Item::Array(array.clone()))).collect();
    items.extend(node.words.iter().map(|(name, word)| (name.clone(), H5Item::text(word))));
    items.insert("type".to_owned(), H5Item::text(node.kind_name()));
    H5Item::Group(items)
}
