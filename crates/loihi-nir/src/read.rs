//! Reading of NIR files.

use super::parameter::Parameter as _;
use super::{Graph, NirNode};
use crate::import::{ImportError, NodeError};
use loihi_files::whole;
use loihi_hdf5::{self as h5, H5Item};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads a graph, with the nodes of inner graphs among its own: `outer.inner`.
///
/// # Errors
/// [`ImportError`] names file, node, and what is wrong.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
    let bytes = whole::bytes(path).map_err(|error| NodeError::whole(error.to_string()).of(path))?;
    let graph = parse(&bytes).and_then(|graph| graph.flat());
    graph.map_err(|wrong| wrong.of(path))
}

/// Reads a graph from the bytes of a file, as it lies there.
///
/// # Errors
/// [`NodeError`] names the node, and what is wrong.
pub fn parse(bytes: &[u8]) -> Result<Graph, NodeError> {
    let root = h5::parse(bytes).map_err(|error| NodeError::whole(error.to_string()))?;
    let node = root.get("node").ok_or_else(|| NodeError::whole("not a NIR file: it has no group `node`"))?;
    let mut graph = graph(node, "")?;
    graph.dt = number(&root, "dt")?;
    if graph.dt.is_some_and(|dt| dt <= 0.0) {
        return Err(NodeError::whole("`dt` is not a duration above 0"));
    }
    let late_steps = number(&root, "late_steps")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
    let late_steps = late_steps.map(|steps| steps.clamp(0.0, f64::from(u32::MAX)) as u32);
    graph.late_steps = late_steps;
    Ok(graph)
}

/// A single number beside the graph.
fn number(root: &H5Item, name: &str) -> Result<Option<f64>, NodeError> {
    let array = match root.get(name) {
        Some(H5Item::Array(array)) => array,
        Some(H5Item::Unread(reason)) => return Err(NodeError::whole(format!("`{name}`: {reason}"))),
        _ => return Ok(None),
    };
    match *array.real() {
        [number] if number.is_finite() => Ok(Some(number)),
        _ => Err(NodeError::whole(format!("`{name}` is not a single number"))),
    }
}

fn graph(item: &H5Item, path: &str) -> Result<Graph, NodeError> {
    let here = || if path.is_empty() { "node" } else { path };
    let Some(H5Item::Group(items)) = item.get("nodes") else {
        return Err(NodeError::at(here(), absent("it is a graph without `nodes`", item.get("nodes"))));
    };
    let mut nodes = BTreeMap::new();
    for (name, item) in named(items) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        nodes.insert(name, node(item, &path)?);
    }
    let Some(H5Item::Text { shape, words }) = item.get("edges") else {
        return Err(NodeError::at(here(), absent("it is a graph without `edges`", item.get("edges"))));
    };
    if !words.is_empty() && !matches!(**shape, [_, 2]) {
        return Err(NodeError::at(here(), format!("`edges` of shape {shape:?} are not pairs of names")));
    }
    let unread = words.iter().find_map(|name| Some(NodeError::at(name, items.get(name)?.unread()?)));
    unread.map_or(Ok(()), Err)?;
    let edges = words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    let mut graph = Graph { nodes, edges, ..Graph::default() };
    meet(&mut graph).map_err(|what| NodeError::at(here(), what))?;
    Ok(graph)
}

/// Nodes by name. A name with a slash in it is a group within a group to HDF5: those that are of no type and have
/// nothing but groups are parts of names.
fn named(items: &BTreeMap<String, H5Item>) -> Vec<(String, &H5Item)> {
    let mut found = Vec::new();
    for (name, item) in items {
        match item {
            H5Item::Group(inner) if is_part_of_names(inner) => {
                found.extend(named(inner).into_iter().map(|(rest, item)| (format!("{name}/{rest}"), item)));
            }
            // An edge that names it says so.
            H5Item::Unread(_) => {}
            _ => found.push((name.clone(), item)),
        }
    }
    found
}

fn is_part_of_names(items: &BTreeMap<String, H5Item>) -> bool {
    let mut items = items.values().filter(|item| !matches!(item, H5Item::Unread(_))).peekable();
    items.peek().is_some() && items.all(|item| matches!(item, H5Item::Group(_)))
}

/// What is missing, and why, if it is there and was not read.
fn absent(what: &str, item: Option<&H5Item>) -> String {
    match item.and_then(H5Item::unread) {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    }
}

/// Checks that edges name nodes. Some old writers rename the only other node of an inner graph, but not in its edges:
/// a single name without node is taken for a single node without edge.
fn meet(graph: &mut Graph) -> Result<(), String> {
    let named: BTreeSet<&String> = graph.edges.iter().flat_map(|(from, to)| [from, to]).collect();
    let missing: Vec<&String> = named.iter().filter(|name| !graph.nodes.contains_key(**name)).copied().collect();
    let unused: Vec<&String> = graph.nodes.keys().filter(|name| !named.contains(name)).collect();
    match (&*missing, &*unused) {
        ([], _) => Ok(()),
        ([missing], [unused]) => {
            let own = |name: &String| if name == *missing { (*unused).clone() } else { name.clone() };
            graph.edges = graph.edges.iter().map(|(from, to)| (own(from), own(to))).collect();
            Ok(())
        }
        ([missing, ..], _) => Err(graph.names_no_node(missing)),
    }
}

fn node(item: &H5Item, path: &str) -> Result<NirNode, NodeError> {
    let H5Item::Group(fields) = item else { return Err(NodeError::at(path, absent("it is not a group", Some(item)))) };
    let type_name = match item.get("type") {
        Some(H5Item::Text { words, .. }) => words.first().map_or("", String::as_str),
        other => return Err(NodeError::at(path, absent("it has no `type`", other))),
    };
    if type_name == "NIRGraph" {
        return graph(item, path).map(NirNode::Graph);
    }
    // Some writers give a matrix its bias without changing its type.
    let has_bias = matches!(item.get("bias"), Some(H5Item::Array(_)));
    let type_name = if type_name == "Linear" && has_bias { "Affine" } else { type_name };
    let read = NirNode::read(type_name, fields).and_then(|known| match known {
        Some(node) => Ok(node),
        // It is reported as unsupported, and not refused.
        None => unknown(type_name, fields),
    });
    read.map_err(|what| NodeError::at(path, what))
}

/// A node of a type that is not known, with everything of it that can be read.
fn unknown(type_name: &str, fields: &BTreeMap<String, H5Item>) -> Result<NirNode, String> {
    let (mut arrays, mut texts) = (BTreeMap::new(), BTreeMap::new());
    for (name, field) in fields {
        match field {
            H5Item::Array(array) => {
                array.check().map_err(|what| format!("`{name}` {what}"))?;
                arrays.insert(name.clone(), array.clone());
            }
            H5Item::Text { words, .. } if name != "type" => {
                texts.insert(name.clone(), words.first().cloned().unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(NirNode::Unknown { type_name: type_name.to_owned(), arrays, texts })
}
