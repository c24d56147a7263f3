//! Shapes of what nodes put out: those of their parameters, or of what leads to them.

use super::super::linear::Linear;
use super::super::neuron;
use super::super::shape::{self, fits};
use super::{Fold, NODES_MAX, too_deep};
use loihi_net::network::size;
use loihi_nir::NirNode;
use loihi_nir::import::NodeError;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl<'g> Fold<'g> {
    /// Finds shapes from the inputs on, so that few nodes wait for others; what is wrong is found again, in the order of names.
    pub(super) fn shapes_from_inputs(&mut self) {
        let graph = self.graph;
        let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in &graph.edges {
            after.entry(from).or_default().push(to);
        }
        let inputs = graph.nodes.iter().filter(|(_, node)| matches!(node, NirNode::Input { .. }));
        let mut waiting: VecDeque<&str> = inputs.map(|(name, _)| name.as_str()).collect();
        let mut seen: BTreeSet<&str> = waiting.iter().copied().collect();
        while let Some(name) = waiting.pop_front() {
            if self.shape(name, &mut Vec::new()).is_err() {
                return;
            }
            waiting.extend(after.get(name).into_iter().flatten().copied().filter(|to| seen.insert(to)));
        }
    }

    fn node(&self, name: &str) -> Result<&'g NirNode, NodeError> {
        self.graph.nodes.get(name).ok_or_else(|| NodeError::at(name, "unknown node"))
    }

    /// Shape of what a node puts out; `above` are the nodes that wait for it.
    pub(super) fn shape(&mut self, name: &str, above: &mut Vec<String>) -> Result<Vec<usize>, NodeError> {
        if let Some(shape) = self.shapes.get(name) {
            return Ok(shape.clone());
        }
        if above.iter().any(|other| other == name) {
            let circle = above.join(" < ");
            return Err(NodeError::at(
                name,
                format!("it waits for itself ({circle} < {name}): a circle needs a neuron or delay"),
            ));
        }
        if above.len() > NODES_MAX {
            return Err(too_deep(name));
        }
        let node = self.node(name)?;
        let shape = match node {
            NirNode::Input { shape } => shape::valid(name, shape)?,
            _ if neuron::is_neuron(node) => self.shape_of_neurons(name, node, above)?,
            _ => {
                let from = self.shape_before(name, above)?;
                if let NirNode::Output { shape: own } = node {
                    let own = shape::valid(name, own)?;
                    if !fits(&from, &own) {
                        return Err(NodeError::at(name, format!("its shape is {own:?}, but {from:?} comes to it")));
                    }
                }
                let linear = Linear::new(name, node, &from, self.step.dt)?;
                let to = linear.to.clone();
                self.linears.insert(name.to_owned(), linear);
                to
            }
        };
        self.shapes.insert(name.to_owned(), shape.clone());
        Ok(shape)
    }

    /// Shape of a node of neurons: that of its parameters, unless they have a single value for several neurons, whose
    /// number then is that of what comes in. Ways that lead back to it do not tell it.
    fn shape_of_neurons(
        &mut self,
        name: &str,
        node: &NirNode,
        above: &mut Vec<String>,
    ) -> Result<Vec<usize>, NodeError> {
        let own = own_shape(node).map(|shape| shape::valid(name, &shape)).transpose()?;
        if let Some(own) = own.as_ref().filter(|own| !own.contains(&1)) {
            return Ok(own.clone());
        }
        above.push(name.to_owned());
        let ways: Vec<String> = self.before(name).into_iter().filter(|way| !self.comes_round(way, above)).collect();
        let mut found = None;
        for way in ways {
            found = found.or(Some(self.shape(&way, above)?));
        }
        above.pop();
        match (found, own) {
            (Some(found), Some(own)) if fits(&found, &own) => Ok(own),
            (Some(found), _) => Ok(found),
            (None, Some(own)) => Ok(own),
            (None, None) => self.shape_before(name, above),
        }
    }

    /// Whether the shape of a node waits for that of one of these.
    fn comes_round(&self, name: &str, above: &[String]) -> bool {
        let (mut waiting, mut seen) = (vec![name.to_owned()], BTreeSet::new());
        while let Some(name) = waiting.pop() {
            if above.contains(&name) {
                return true;
            }
            let own = self.graph.nodes.get(&name).filter(|node| neuron::is_neuron(node)).and_then(own_shape);
            let known = self.shapes.contains_key(&name) || own.is_some_and(|own| !own.contains(&1));
            if !known && seen.insert(name.clone()) {
                waiting.extend(self.before(&name));
            }
        }
        false
    }

    /// Shape of what comes into a node.
    fn shape_before(&mut self, name: &str, above: &mut Vec<String>) -> Result<Vec<usize>, NodeError> {
        above.push(name.to_owned());
        let mut shape: Option<Vec<usize>> = None;
        for before in self.before(name) {
            let own = self.shape(&before, above)?;
            if let Some(shape) = shape.as_ref().filter(|shape| !fits(&own, shape)) {
                return Err(NodeError::at(
                    name,
                    format!("what leads to it has shapes {shape:?} and {own:?}, which do not add up"),
                ));
            }
            shape = shape.or(Some(own));
        }
        above.pop();
        shape.ok_or_else(|| NodeError::at(name, "no edge leads to it"))
    }
}

/// The shape of a node's parameters, unless all of them are single numbers.
fn own_shape(node: &NirNode) -> Option<Vec<usize>> {
    let shapes = node.arrays().into_iter().map(|(_, array)| array.shape()).filter(|shape| !shape.is_empty());
    shapes.max_by_key(|shape| size(shape)).map(<[usize]>::to_vec)
}
