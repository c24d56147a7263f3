//! Reading of NIR files.

use super::{Graph, KINDS, Kind, Node};
use crate::h5::{self, Item};
use crate::import::{ImportError, Wrong};
use crate::whole;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads a graph, with the nodes of inner graphs among its own: `outer.inner`.
///
/// # Errors
/// [`ImportError`] names file, node, and what is wrong.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
    let bytes = whole::bytes(path).map_err(|error| Wrong::whole(error.to_string()).of(path))?;
    let graph = parse(&bytes).and_then(|graph| graph.flat());
    graph.map_err(|wrong| wrong.of(path))
}

/// Reads a graph from the bytes of a file, as it lies there.
///
/// # Errors
/// [`Wrong`] names the node, and what is wrong.
pub fn parse(bytes: &[u8]) -> Result<Graph, Wrong> {
    let root = h5::parse(bytes).map_err(Wrong::whole)?;
    let node = root.get("node").ok_or_else(|| Wrong::whole("it has no group `node`: it is no NIR file"))?;
    let mut graph = graph(node, "")?;
    graph.dt = number(&root, "dt")?;
    if graph.dt.is_some_and(|dt| dt <= 0.0) {
        return Err(Wrong::whole("`dt` is no duration above 0"));
    }
    let late_steps = number(&root, "late_steps")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
    let late_steps = late_steps.map(|steps| steps.clamp(0.0, f64::from(u32::MAX)) as u32);
    graph.late_steps = late_steps;
    Ok(graph)
}

/// A single number beside the graph.
fn number(root: &Item, name: &str) -> Result<Option<f64>, Wrong> {
    let Some(Item::Array(array)) = root.get(name) else { return Ok(None) };
    match *array.real() {
        [number] if number.is_finite() => Ok(Some(number)),
        _ => Err(Wrong::whole(format!("`{name}` is not a single number"))),
    }
}

fn graph(item: &Item, path: &str) -> Result<Graph, Wrong> {
    let here = || if path.is_empty() { "node" } else { path };
    let Some(Item::Group(items)) = item.get("nodes") else {
        return Err(Wrong::at(here(), "it is a graph without `nodes`"));
    };
    let mut nodes = BTreeMap::new();
    for (name, item) in items {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        nodes.insert(name.clone(), node(item, &path)?);
    }
    let Some(Item::Text { shape, words }) = item.get("edges") else {
        return Err(Wrong::at(here(), "it is a graph without `edges`"));
    };
    if !words.is_empty() && !matches!(**shape, [_, 2]) {
        return Err(Wrong::at(here(), format!("`edges` of shape {shape:?} are no pairs of names")));
    }
    let mut edges: Vec<_> = words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    meet(&nodes, &mut edges, here())?;
    edges.sort_unstable();
    edges.dedup();
    Ok(Graph { nodes, edges, ..Graph::default() })
}

/// Checks that edges name nodes. Some old writers rename the only other node of an inner graph, but not in its edges:
/// a single name without node is taken for a single node without edge.
fn meet(nodes: &BTreeMap<String, Node>, edges: &mut [(String, String)], path: &str) -> Result<(), Wrong> {
    let named: BTreeSet<&String> = edges.iter().flat_map(|(from, to)| [from, to]).collect();
    let missing: Vec<String> =
        named.iter().filter(|name| !nodes.contains_key(**name)).map(ToString::to_string).collect();
    let unused: Vec<String> = nodes.keys().filter(|name| !named.contains(name)).cloned().collect();
    match (&*missing, &*unused) {
        ([], _) => Ok(()),
        ([missing], [unused]) => {
            for name in edges.iter_mut().flat_map(|(from, to)| [from, to]).filter(|name| *name == missing) {
                name.clone_from(unused);
            }
            Ok(())
        }
        ([missing, ..], _) => {
            let there: Vec<&str> = nodes.keys().map(String::as_str).collect();
            Err(Wrong::at(
                path,
                format!("an edge names `{missing}`, which is no node; there are: {}", there.join(", ")),
            ))
        }
    }
}

fn node(item: &Item, path: &str) -> Result<Node, Wrong> {
    let Item::Group(fields) = item else { return Err(Wrong::at(path, "it is no group")) };
    let kind = match item.get("type") {
        Some(Item::Text { words, .. }) => words.first().cloned().unwrap_or_default(),
        _ => return Err(Wrong::at(path, "it has no `type`")),
    };
    if kind == "NIRGraph" {
        let inner = graph(item, path)?;
        return Ok(Node { kind: Kind::Graph(inner), ..Node::layer("") });
    }
    // What is of no known type is rated, and not refused.
    let parameters = KINDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, parameters)| parameters);
    let mut node = Node::layer(&kind);
    for (name, field) in fields {
        match field {
            Item::Array(array) => {
                if !array.real().iter().all(|value| value.is_finite()) {
                    return Err(Wrong::at(path, format!("`{name}` has values that are no numbers")));
                }
                node.arrays.insert(name.clone(), array.clone());
            }
            Item::Text { words, .. } if name != "type" => {
                node.words.insert(name.clone(), words.first().cloned().unwrap_or_default());
            }
            // Nothing depends on what else writers add.
            Item::Text { .. } | Item::Group(_) | Item::Note(_) => {}
        }
    }
    let missing = parameters.iter().find(|name| !name.starts_with('?') && !node.arrays.contains_key(**name));
    if let Some(missing) = missing {
        return Err(Wrong::at(path, format!("a {kind} has `{missing}`, but this one has none")));
    }
    Ok(node)
}

impl Graph {
    /// The same with the nodes of inner graphs among its own; their inputs and outputs become edges.
    ///
    /// # Errors
    /// [`Wrong`] if an inner graph has not one input and one output.
    pub fn flat(&self) -> Result<Self, Wrong> {
        let mut flat = Self { nodes: BTreeMap::new(), ..self.clone() };
        for (name, node) in &self.nodes {
            let Kind::Graph(inner) = &node.kind else {
                flat.nodes.insert(name.clone(), node.clone());
                continue;
            };
            let inner = inner.flat()?;
            let end = |kind: &str| {
                let mut ends = inner.nodes.iter().filter(|(_, node)| node.kind_name() == kind).map(|(name, _)| name);
                let end = ends.next().filter(|_| ends.next().is_none());
                end.ok_or_else(|| Wrong::at(name, format!("an inner graph has one {kind}, but this one has not")))
            };
            let (input, output) = (end("Input")?, end("Output")?);
            let own = |inner: &String| format!("{name}.{inner}");
            let heads: Vec<String> =
                inner.edges.iter().filter(|(from, _)| from == input).map(|(_, to)| own(to)).collect();
            let tails: Vec<String> =
                inner.edges.iter().filter(|(_, to)| to == output).map(|(from, _)| own(from)).collect();
            let mut edges = Vec::new();
            for (from, to) in &flat.edges {
                let froms = if from == name { tails.clone() } else { vec![from.clone()] };
                let tos = if to == name { heads.clone() } else { vec![to.clone()] };
                edges.extend(froms.iter().flat_map(|from| tos.iter().map(move |to| (from.clone(), to.clone()))));
            }
            let within = inner.edges.iter().filter(|(from, to)| from != input && to != output);
            edges.extend(within.map(|(from, to)| (own(from), own(to))));
            flat.edges = edges;
            let nodes = inner.nodes.iter().filter(|(name, _)| *name != input && *name != output);
            flat.nodes.extend(nodes.map(|(name, node)| (own(name), node.clone())));
        }
        flat.edges.sort_unstable();
        flat.edges.dedup();
        Ok(flat)
    }
}
