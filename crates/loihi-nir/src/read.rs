//! Reading of NIR files.

use super::{Graph, KINDS, Node, NodeKind};
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
    let root = h5::parse(bytes).map_err(NodeError::whole)?;
    let node = root.get("node").ok_or_else(|| NodeError::whole("it has no group `node`: it is no NIR file"))?;
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
    let mut edges: Vec<_> = words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    meet(&nodes, &mut edges, here())?;
    edges.sort_unstable();
    edges.dedup();
    Ok(Graph { nodes, edges, ..Graph::default() })
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
fn meet(nodes: &BTreeMap<String, Node>, edges: &mut [(String, String)], path: &str) -> Result<(), NodeError> {
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
            Err(NodeError::at(
                path,
                format!("an edge names `{missing}`, which is not a node; nodes are: {}", there.join(", ")),
            ))
        }
    }
}

fn node(item: &H5Item, path: &str) -> Result<Node, NodeError> {
    let H5Item::Group(fields) = item else { return Err(NodeError::at(path, absent("it is not a group", Some(item)))) };
    let kind = match item.get("type") {
        Some(H5Item::Text { words, .. }) => words.first().cloned().unwrap_or_default(),
        other => return Err(NodeError::at(path, absent("it has no `type`", other))),
    };
    if kind == "NIRGraph" {
        let inner = graph(item, path)?;
        return Ok(Node { kind: NodeKind::Graph(inner), ..Node::layer("") });
    }
    // A node of unknown type is reported as unsupported, not refused.
    let parameters = KINDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, parameters)| parameters);
    let mut node = Node::layer(&kind);
    for (name, field) in fields {
        match field {
            H5Item::Array(array) => {
                if !array.real().iter().all(|value| value.is_finite()) {
                    return Err(NodeError::at(path, format!("`{name}` has values that are not numbers")));
                }
                node.arrays.insert(name.clone(), array.clone());
            }
            H5Item::Text { words, .. } if name != "type" => {
                node.words.insert(name.clone(), words.first().cloned().unwrap_or_default());
            }
            H5Item::Unread(reason) if parameters.iter().any(|own| own.trim_start_matches('?') == name) => {
                return Err(NodeError::at(path, format!("`{name}`: {reason}")));
            }
            // Nothing depends on what else writers add.
            H5Item::Text { .. } | H5Item::Group(_) | H5Item::Note(_) | H5Item::Unread(_) => {}
        }
    }
    let missing = parameters.iter().find(|name| !name.starts_with('?') && !node.arrays.contains_key(**name));
    if let Some(missing) = missing {
        return Err(NodeError::at(path, format!("a {kind} has `{missing}`, but this one has none")));
    }
    Ok(node)
}

impl Graph {
    /// The same with the nodes of inner graphs among its own; their inputs and outputs become edges.
    ///
    /// # Errors
    /// [`NodeError`] if an inner graph has not one input and one output, or if its way becomes one that is there
    /// already.
    pub fn flat(&self) -> Result<Self, NodeError> {
        let mut flat = Flat { names: self.nodes.keys().cloned().collect(), ..Flat::default() };
        flat.edges.extend(self.edges.iter().cloned());
        for (name, node) in &self.nodes {
            match &node.kind {
                NodeKind::Layer(_) => drop(flat.nodes.insert(name.clone(), node.clone())),
                NodeKind::Graph(inner) => {
                    let inner = inner.flat().map_err(|NodeError { node, what }| {
                        let node = node.map_or_else(|| name.clone(), |node| format!("{name}.{node}"));
                        NodeError { node: Some(node), what }
                    })?;
                    flat.take_in(name, inner)?;
                }
            }
        }
        Ok(Self { nodes: flat.nodes, edges: flat.edges.into_iter().collect(), ..*self })
    }
}

/// A graph whose inner graphs are being taken in.
#[derive(Default)]
struct Flat {
    /// Those that nodes cannot be given: of the nodes that were there, and of those that were taken in.
    names: BTreeSet<String>,
    nodes: BTreeMap<String, Node>,
    edges: BTreeSet<(String, String)>,
}

impl Flat {
    /// Puts the nodes and edges of an inner graph, which is flat, in the place of the node of this name.
    fn take_in(&mut self, name: &str, inner: Graph) -> Result<(), NodeError> {
        let end = |kind: &str| {
            let mut ends = inner.nodes.iter().filter(|(_, node)| node.kind_name() == kind).map(|(name, _)| name);
            let end = ends.next().filter(|_| ends.next().is_none());
            end.cloned().ok_or_else(|| NodeError::at(name, format!("an inner graph has exactly one {kind}")))
        };
        let (input, output) = (end("Input")?, end("Output")?);
        // Names of others may have dots in them, too.
        let mut prefix = format!("{name}.");
        while inner.nodes.keys().any(|own| self.names.contains(&format!("{prefix}{own}"))) {
            prefix.push('.');
        }
        let own = |inner: &String| format!("{prefix}{inner}");
        let (mut heads, mut tails, mut straight, mut edges) = (Vec::new(), Vec::new(), false, Vec::new());
        for (from, to) in &inner.edges {
            match (*from == input, *to == output) {
                (true, true) => straight = true,
                (true, false) => heads.push(own(to)),
                (false, true) => tails.push(own(from)),
                (false, false) => edges.push((own(from), own(to))),
            }
        }
        let (mut before, mut after, mut around) = (Vec::new(), Vec::new(), false);
        for (from, to) in self.edges.extract_if(.., |(from, to)| from == name || to == name) {
            match (from == name, to == name) {
                (true, true) => around = true,
                (true, false) => after.push(to),
                _ => before.push(from),
            }
        }
        if straight && around {
            return Err(NodeError::at(
                name,
                "a path leads straight through it and back to its start, with nothing between",
            ));
        }
        edges.extend(pairs(&before, &heads).chain(pairs(&tails, &after)));
        edges.extend(pairs(&before, &after).filter(|_| straight));
        edges.extend(pairs(&tails, &heads).filter(|_| around));
        for edge in edges {
            if let Some((from, to)) = self.edges.get(&edge) {
                return Err(NodeError::at(
                    name,
                    format!(
                        "a second way from `{from}` to `{to}` leads straight through it, but edges count once: put a layer into one \
                     of them"
                    ),
                ));
            }
            self.edges.insert(edge);
        }
        let nodes = inner.nodes.into_iter().filter(|(name, _)| *name != input && *name != output);
        for (name, node) in nodes {
            self.names.insert(own(&name));
            self.nodes.insert(own(&name), node);
        }
        Ok(())
    }
}

/// An edge from each to each.
fn pairs<'n>(froms: &'n [String], tos: &'n [String]) -> impl Iterator<Item = (String, String)> + 'n {
    froms.iter().flat_map(move |from| tos.iter().map(move |to| (from.clone(), to.clone())))
}
