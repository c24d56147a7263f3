//! Writing of NIR files, as NIR 1.0 does.

use super::{Graph, Kind, Node};
use loihi_files::npz::{Array, Values};
use loihi_hdf5::{self as h5, Item};
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
        BTreeMap::from([("version".to_owned(), Item::text(VERSION)), ("node".to_owned(), graph_item(graph))]);
    let single = |values: Values| Array::new(Vec::new(), values).map(Item::Array);
    let dt = graph.dt.and_then(|dt| single(Values::Real(vec![dt])));
    let late_steps = graph.late_steps.and_then(|steps| single(Values::Whole(vec![steps.into()])));
    for (name, item) in [("dt", dt), ("late_steps", late_steps)] {
        root.extend(item.map(|item| (name.to_owned(), item)));
    }
    h5::bytes(&Item::Group(root))
}

/// Writes a file, aside at first.
///
/// # Errors
/// [`SaveError`].
pub fn save(graph: &Graph, path: &Path) -> Result<(), SaveError> {
    let bytes = bytes(graph).map_err(|error| SaveError::new(path, io::Error::other(error)))?;
    write_aside(path, &bytes)
}

fn graph_item(graph: &Graph) -> Item {
    let nodes = graph.nodes.iter().map(|(name, node)| (name.clone(), node_item(node))).collect();
    let words: Vec<String> = graph.edges.iter().flat_map(|(from, to)| [from.clone(), to.clone()]).collect();
    Item::Group(BTreeMap::from([
        ("edges".to_owned(), Item::Text { shape: vec![words.len() / 2, 2], words }),
        ("nodes".to_owned(), Item::Group(nodes)),
        ("type".to_owned(), Item::text("NIRGraph")),
    ]))
}

fn node_item(node: &Node) -> Item {
    if let Kind::Graph(inner) = &node.kind {
        return graph_item(inner);
    }
    let mut items: BTreeMap<String, Item> =
        node.arrays.iter().map(|(name, array)| (name.clone(), Item::Array(array.clone()))).collect();
    items.extend(node.words.iter().map(|(name, word)| (name.clone(), Item::text(word))));
    items.insert("type".to_owned(), Item::text(node.kind_name()));
    Item::Group(items)
}
