//! Graphs are built by hand, checked, and take in their inner graphs.

use super::node::{Graph, NirNode};
use crate::import::NodeError;
use std::collections::{BTreeMap, BTreeSet};

impl Graph {
    /// Adds a node, or replaces the one of this name.
    #[must_use]
    pub fn with_node(mut self, name: impl Into<String>, node: NirNode) -> Self {
        self.nodes.insert(name.into(), node);
        self
    }

    /// Adds an edge.
    #[must_use]
    pub fn with_edge(mut self, from: &str, to: &str) -> Self {
        self.edges.insert((from.to_owned(), to.to_owned()));
        self
    }

    /// Adds edges, as pairs of source and target.
    #[must_use]
    pub fn with_edges<'n>(self, edges: impl IntoIterator<Item = (&'n str, &'n str)>) -> Self {
        edges.into_iter().fold(self, |graph, (from, to)| graph.with_edge(from, to))
    }

    /// Sets the duration of a step.
    #[must_use]
    pub const fn with_dt(mut self, dt: f64) -> Self {
        self.dt = Some(dt);
        self
    }

    /// Sets the number of steps after those of a sample.
    #[must_use]
    pub const fn with_late_steps(mut self, steps: u32) -> Self {
        self.late_steps = Some(steps);
        self
    }

    /// Checks a graph made by hand as a file is checked: edges name nodes, numbers are finite and in range. Whether shapes
    /// fit is checked where the graph is used.
    ///
    /// # Errors
    /// [`NodeError`] names the node, and what is wrong.
    pub fn check(&self) -> Result<(), NodeError> {
        if self.dt.is_some_and(|dt| !dt.is_finite() || dt <= 0.0) {
            return Err(NodeError::whole("`dt` is not a duration above 0"));
        }
        let missing = self.edges.iter().flat_map(|(from, to)| [from, to]).find(|name| !self.nodes.contains_key(*name));
        if let Some(missing) = missing {
            return Err(NodeError::whole(self.names_no_node(missing)));
        }
        for (name, node) in &self.nodes {
            node.check().map_err(|what| NodeError::at(name, what))?;
            if let NirNode::Graph(inner) = node {
                inner.check().map_err(|wrong| wrong.within(name))?;
            }
        }
        Ok(())
    }

    /// What is wrong with an edge to or from a node that is not there.
    pub(super) fn names_no_node(&self, missing: &str) -> String {
        let there: Vec<&str> = self.nodes.keys().map(String::as_str).collect();
        format!("an edge names `{missing}`, which is not a node; nodes are: {}", there.join(", "))
    }

    /// The same with the nodes of inner graphs among its own; their inputs and outputs become edges.
    ///
    /// # Errors
    /// [`NodeError`] if an inner graph lacks its one input or output, or if its way becomes one that is there
    /// already.
    pub fn flat(&self) -> Result<Self, NodeError> {
        let mut flat = Flat { names: self.nodes.keys().cloned().collect(), ..Flat::default() };
        flat.edges.extend(self.edges.iter().cloned());
        for (name, node) in &self.nodes {
            match node {
                NirNode::Graph(inner) => {
                    let inner = inner.flat().map_err(|wrong| wrong.within(name))?;
                    flat.take_in(name, inner)?;
                }
                _ => drop(flat.nodes.insert(name.clone(), node.clone())),
            }
        }
        Ok(Self { nodes: flat.nodes, edges: flat.edges, ..*self })
    }
}

/// A graph whose inner graphs are being taken in.
#[derive(Default)]
struct Flat {
    /// Those that nodes cannot be given: of the nodes that were there, and of those that were taken in.
    names: BTreeSet<String>,
    nodes: BTreeMap<String, NirNode>,
    edges: BTreeSet<(String, String)>,
}

impl Flat {
    /// Puts the nodes and edges of an inner graph, which is flat, in the place of the node of this name.
    fn take_in(&mut self, name: &str, inner: Graph) -> Result<(), NodeError> {
        let end = |kind: &str, is: fn(&NirNode) -> bool| {
            let mut ends = inner.nodes.iter().filter(|(_, node)| is(node)).map(|(name, _)| name);
            let end = ends.next().filter(|_| ends.next().is_none());
            end.cloned().ok_or_else(|| NodeError::at(name, format!("an inner graph has exactly one {kind}")))
        };
        let input = end("Input", |node| matches!(node, NirNode::Input { .. }))?;
        let output = end("Output", |node| matches!(node, NirNode::Output { .. }))?;
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
