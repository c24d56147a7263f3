//! From a graph to populations and what leads from one to the next, with all layers without neurons folded into weights
//! and biases.

mod shapes;

use super::compose::{Weights, compose};
use super::linear::{Linear, LinearLayer};
use super::neuron::{self, Neurons};
use super::shape::fits;
use super::step::Step;
use super::{InputAs, QuantiseOptions};
use loihi_net::network::size;
use loihi_nir::import::{Fidelity, FidelityRow, NodeError};
use loihi_nir::{Graph, NirNode};
use std::collections::BTreeMap;

/// Most ways between two populations; layers that branch and join again make more and more of them.
const PATHS_MAX: usize = 256;

/// Most nodes in a row that are looked through for a shape, or for what leads to a population.
const NODES_MAX: usize = 128;

/// Neurons, with what is read of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoldedPopulation {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) shape: Vec<usize>,
    pub(super) neurons: Neurons,
}

/// What leads from an input or a population to a population.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// The name of the source.
    pub(super) from: String,
    /// The population, by its place.
    pub(super) to: usize,
    /// The nodes between, first the source's neighbour.
    pub(super) through: Vec<String>,
    pub(super) weights: Weights,
    /// Steps of delay of every source.
    pub(super) delays: Vec<u8>,
}

/// A network in floating point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folded {
    /// Name and shape.
    pub(super) inputs: Vec<(String, Vec<usize>)>,
    pub(super) populations: Vec<FoldedPopulation>,
    pub(super) paths: Vec<Path>,
    /// The population of the answer, by its place.
    pub(super) readout: Option<usize>,
    /// All other nodes whose fidelity is reported.
    pub(super) others: Vec<FidelityRow>,
    /// What is delayed so that spikes of the same step meet, in words.
    pub(super) waits: Vec<String>,
    /// By node: that spikes come late on a way through it, in words.
    pub(super) late: BTreeMap<String, String>,
    /// By population: steps by which it is later on the chip than in the file.
    pub(super) depths: Vec<i32>,
    /// Steps after those of a sample, if the file says how many.
    pub(super) late_steps: Option<u32>,
}

struct Fold<'g> {
    graph: &'g Graph,
    before: BTreeMap<&'g str, Vec<&'g str>>,
    step: &'g Step,
    shapes: BTreeMap<String, Vec<usize>>,
    linears: BTreeMap<String, Linear>,
}

/// Folds a graph without inner graphs.
pub(super) fn fold(graph: &Graph, step: &Step, options: QuantiseOptions) -> Result<Folded, NodeError> {
    let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in &graph.edges {
        before.entry(to).or_default().push(from);
    }
    let mut fold = Fold { graph, before, step, shapes: BTreeMap::new(), linears: BTreeMap::new() };
    let folded = fold.all(options);
    folded.map_err(|wrong| wrong.after(&fold.linear_rows()))
}

impl Fold<'_> {
    /// All of it: layers, neurons, what leads to them.
    fn all(&mut self, options: QuantiseOptions) -> Result<Folded, NodeError> {
        let mut folded = Folded {
            inputs: Vec::new(),
            populations: Vec::new(),
            paths: Vec::new(),
            readout: None,
            others: Vec::new(),
            waits: Vec::new(),
            late: BTreeMap::new(),
            depths: Vec::new(),
            late_steps: self.graph.late_steps,
        };
        self.shapes_from_inputs();
        for (name, node) in &self.graph.nodes {
            let kind = node.type_name();
            let shape = self.shape(name, &mut Vec::new())?;
            if matches!(node, NirNode::Input { .. }) {
                folded.inputs.push((name.clone(), shape));
            } else if let Some(neurons) = neuron::neurons(name, node, &shape, self.step, options)? {
                folded.populations.push(FoldedPopulation { name: name.clone(), kind: kind.to_owned(), shape, neurons });
            } else {
                folded.others.push(FidelityRow::new(name, kind, Fidelity::Exact, "folded"));
            }
        }
        folded.others.extend(self.linear_rows());
        self.outputs(&mut folded)?;
        for to in 0..folded.populations.len() {
            self.paths_to(&mut folded, to, options)?;
        }
        folded.align()?;
        if folded.populations.is_empty() {
            return Err(NodeError::whole("it has no neurons"));
        }
        Ok(folded)
    }

    /// Layers that do not quite what their nodes do.
    fn linear_rows(&self) -> Vec<FidelityRow> {
        let row = |(name, linear): (&String, &Linear)| {
            let kind = self.graph.nodes.get(name).map_or("", NirNode::type_name);
            let (fidelity, note) = linear.fidelity.as_ref()?;
            Some(FidelityRow::new(name, kind, *fidelity, note))
        };
        self.linears.iter().filter_map(row).collect()
    }

    fn before(&self, name: &str) -> Vec<String> {
        self.before.get(name).into_iter().flatten().map(ToString::to_string).collect()
    }

    /// Finds the readout; sums of layers without neurons at the end get a population that adds them up.
    fn outputs(&mut self, folded: &mut Folded) -> Result<(), NodeError> {
        let outputs: Vec<String> = self
            .graph
            .nodes
            .iter()
            .filter(|(_, node)| matches!(node, NirNode::Output { .. }))
            .map(|(name, _)| name.clone())
            .collect();
        if let [others @ .., read] = &*outputs {
            for other in others {
                let what = format!("not read: a network has one answer, and it is `{read}`");
                folded.others.push(FidelityRow::new(other, "Output", Fidelity::Unsupported, what));
            }
        }
        if let Some(output) = outputs.into_iter().next_back() {
            let mut before = self.before(&output);
            // A layer that changes nothing, or only when, leaves what is read to the one before it.
            while let [only] = &*before
                && let Some(Linear { layer: layer @ (LinearLayer::Same | LinearLayer::Delay(_)), .. }) =
                    self.linears.get(only)
            {
                if matches!(layer, LinearLayer::Delay(_)) {
                    folded.others.push(FidelityRow::new(
                        only,
                        "Delay",
                        Fidelity::Approximate,
                        "the answer is read before it",
                    ));
                }
                before = self.before(only);
            }
            let place = folded.populations.iter().position(|population| before == [population.name.clone()]);
            folded.readout = place;
            if place.is_none() {
                let shape = self.shape(&output, &mut Vec::new())?;
                let elements = size(&shape);
                let of = |value: f64| vec![value; elements];
                let (keep_u, keep_v, gain) = (of(0.0), of(1.0), of(1.0));
                let (constant, leak) = (of(0.0), of(0.0));
                let neurons = Neurons {
                    keep_u,
                    keep_v,
                    gain,
                    constant,
                    leak,
                    threshold: None,
                    shifted: false,
                    unsupported: None,
                };
                folded.others.retain(|row| row.node != output);
                folded.readout = Some(folded.populations.len());
                folded.populations.push(FoldedPopulation { name: output, kind: "Output".to_owned(), shape, neurons });
            }
        }
        Ok(())
    }

    /// Rates delays through which a constant goes, which is there from the first step.
    fn undelayed(&self, name: &str, folded: &mut Folded) {
        let mut waiting = vec![name.to_owned()];
        while let Some(name) = waiting.pop() {
            let Some(linear) = self.linears.get(&name) else { continue };
            if matches!(linear.layer, LinearLayer::Delay(_)) && self.constant(&name).iter().any(|own| *own != 0.0) {
                let note = "biases before it are there from the first step";
                folded.others.push(FidelityRow::new(&name, "Delay", Fidelity::Approximate, note));
            }
            waiting.extend(self.before(&name));
        }
    }

    fn paths_to(&self, folded: &mut Folded, to: usize, options: QuantiseOptions) -> Result<(), NodeError> {
        let FoldedPopulation { name, neurons, shape, .. } = folded.populations[to].clone();
        // First, since it ends where there are too many ways.
        let mut found = Vec::new();
        self.walk(&name, &mut Vec::new(), &mut found)?;
        let elements = neurons.gain.len();
        let mut constant = vec![0.0; elements];
        for before in self.before(&name) {
            if let Some(linear) = self.linears.get(&before) {
                if !fits(&linear.to, &shape) {
                    let what = format!("it has neurons of shape {shape:?}, but `{before}` gives {:?}", linear.to);
                    return Err(NodeError::at(&name, what));
                }
                let own = self.constant(&before);
                if own.iter().any(|own| *own != 0.0) {
                    self.undelayed(&before, folded);
                }
                constant.iter_mut().zip(own).zip(&neurons.gain).for_each(|((sum, own), gain)| *sum += own * gain);
            }
        }
        folded.populations[to].neurons.constant = constant;
        for (from, through) in found {
            let layers: Vec<&Linear> = through.iter().filter_map(|name| self.linears.get(name)).collect();
            let sources = self.shapes.get(&from).map(Vec::as_slice).unwrap_or_default();
            if layers.is_empty() && !fits(sources, &shape) {
                let what = format!("it has neurons of shape {shape:?}, but `{from}` is of shape {sources:?}");
                return Err(NodeError::at(&name, what));
            }
            let whole = options.input == InputAs::Values && folded.inputs.iter().any(|(input, _)| *input == from);
            let (weights, delays) = compose(&layers, [sources, &shape], &neurons.gain, whole);
            folded.paths.push(Path { from, to, through, weights, delays });
        }
        Ok(())
    }

    /// All ways to a node from neurons and inputs.
    fn walk(
        &self,
        name: &str,
        through: &mut Vec<String>,
        found: &mut Vec<(String, Vec<String>)>,
    ) -> Result<(), NodeError> {
        if through.len() > NODES_MAX {
            return Err(too_deep(name));
        }
        for before in self.before(name) {
            if self.linears.contains_key(&before) {
                through.insert(0, before.clone());
                self.walk(&before, through, found)?;
                through.remove(0);
            } else {
                found.push((before, through.clone()));
            }
            if found.len() > PATHS_MAX {
                return Err(NodeError::at(name, format!("more than {PATHS_MAX} ways lead to it")));
            }
        }
        Ok(())
    }

    /// What a layer puts out when nothing fires.
    fn constant(&self, name: &str) -> Vec<f64> {
        let Some(linear) = self.linears.get(name) else { return Vec::new() };
        let mut input = vec![0.0; size(&linear.from)];
        for before in self.before(name) {
            input.iter_mut().zip(self.constant(&before)).for_each(|(sum, own)| *sum += own);
        }
        linear.constant(&input)
    }
}

/// What is wrong with a node behind too many others.
fn too_deep(name: &str) -> NodeError {
    NodeError::at(name, format!("it is one of more than {NODES_MAX} nodes in a row"))
}
