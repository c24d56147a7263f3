//! The network under way while a file is read: values by name, and the layers so far.

use super::attributes::Operator;
use super::message::ValueInfo;
use super::signal::{Kind, Part, Signal, Sum, Value};
use super::tensor::Constant;
use crate::ann::{Activation, Ann, ELEMENTS_MAX, Layer, Map, Source, Way};
use crate::error::GraphError;
use loihi_net::network::{SYNAPSES_MAX, size};
use std::collections::{BTreeMap, BTreeSet};

/// A network under way.
pub(super) struct Graph {
    values: BTreeMap<String, Value>,
    layers: Vec<Layer>,
    names: BTreeSet<String>,
    input: Vec<usize>,
    /// Weights so far.
    weights: usize,
}

impl Graph {
    pub(super) const fn new() -> Self {
        Self { values: BTreeMap::new(), layers: Vec::new(), names: BTreeSet::new(), input: Vec::new(), weights: 0 }
    }

    /// Gives a value a name.
    pub(super) fn name_value(&mut self, name: String, value: Value) {
        self.values.insert(name, value);
    }

    /// Takes the input.
    pub(super) fn begin(&mut self, input: &ValueInfo) -> Result<(), GraphError> {
        let wrong = |what: &str| GraphError::whole(format!("the input `{}` {what}", input.name.escape_debug()));
        let shape = input.r#type.as_ref().and_then(|own| own.tensor_type.as_ref()?.shape.as_ref());
        let dims = shape.ok_or_else(|| wrong("has no shape"))?.dim.iter().skip(1);
        let shape: Option<Vec<usize>> =
            dims.map(|dim| usize::try_from(dim.value).ok().filter(|extent| *extent > 0)).collect();
        let shape = shape.ok_or_else(|| wrong("has extents that are not numbers: export it with fixed sizes"))?;
        if !(1..=3).contains(&shape.len()) || size(&shape) > ELEMENTS_MAX {
            return Err(wrong(&format!("has the shape {shape:?} after samples: expected 1 to 3 extents")));
        }
        let part = Part { from: Source::Input, shape: shape.clone() };
        let signal = Signal { shape: shape.clone(), kind: Kind::Parts(vec![part]), ends: false };
        self.values.insert(input.name.clone(), Value::Signal(signal));
        self.input = shape;
        Ok(())
    }

    /// Ends with the output.
    pub(super) fn end(mut self, output: &str, name: &str) -> Result<Ann, GraphError> {
        let what = || GraphError::whole(format!("nothing gives the output `{}`", output.escape_debug()));
        let Some(Value::Signal(signal)) = self.values.remove(output) else { return Err(what()) };
        match signal.kind {
            Kind::Sum(sum) => {
                self.push(sum, Activation::Linear);
            }
            Kind::Parts(parts) => {
                // The scores are those of the layer that was made last, and nothing else follows it.
                let last = self.layers.len().checked_sub(1).map(Source::Layer);
                if parts.len() != 1 || parts.first().map(|part| part.from) != last {
                    return Err(GraphError::whole("the output is not that of the last layer"));
                }
            }
        }
        Ok(Ann { name: name.to_owned(), input: self.input, layers: self.layers })
    }

    fn name<'n>(operator: &'n Operator<'_>, at: usize) -> Result<&'n String, GraphError> {
        let name = operator.node.input.get(at).filter(|name| !name.is_empty());
        name.ok_or_else(|| operator.error(format!("it lacks what it takes at place {}", at + 1)))
    }

    /// Whether a node takes an array at a place.
    pub(super) fn is_constant(&self, operator: &Operator<'_>, at: usize) -> bool {
        let name = operator.node.input.get(at);
        name.is_some_and(|name| matches!(self.values.get(name), Some(Value::Constant(_))))
    }

    /// What a node takes at a place. Sums are taken once: they become a layer there.
    pub(super) fn take(&mut self, operator: &Operator<'_>, at: usize) -> Result<Value, GraphError> {
        let name = Self::name(operator, at)?;
        let value = self.values.remove(name).ok_or_else(|| {
            let name = name.escape_debug();
            operator.error(format!(
                "`{name}` is undefined: an initializer is missing, or two nodes use a sum before its Relu"
            ))
        })?;
        match &value {
            Value::Signal(Signal { ends: true, .. }) => {
                return Err(operator.error("it comes after a Softmax, which has to be the last"));
            }
            Value::Signal(Signal { kind: Kind::Sum(_), .. }) => {}
            other => drop(self.values.insert(name.clone(), other.clone())),
        }
        Ok(value)
    }

    /// The same, of what depends on the input.
    pub(super) fn signal(&mut self, operator: &Operator<'_>, at: usize) -> Result<Signal, GraphError> {
        match self.take(operator, at)? {
            Value::Signal(signal) => Ok(signal),
            Value::Constant(_) => Err(operator.error(format!("it takes an array at place {}, not a layer", at + 1))),
        }
    }

    /// The same, of an array.
    pub(super) fn constant(&mut self, operator: &Operator<'_>, at: usize) -> Result<Constant, GraphError> {
        match self.take(operator, at)? {
            Value::Constant(constant) => Ok(constant),
            Value::Signal(_) => {
                Err(operator.error(format!("it takes a layer at place {}, not an array of the file", at + 1)))
            }
        }
    }

    /// An array of real weights, counted.
    pub(super) fn weights(&mut self, operator: &Operator<'_>, at: usize) -> Result<Constant, GraphError> {
        let constant = self.constant(operator, at)?;
        let weights = constant.reals().ok_or_else(|| operator.error("its weights are whole numbers"))?.len();
        self.weights = self.weights.saturating_add(weights);
        if self.weights > SYNAPSES_MAX {
            return Err(operator.error(format!("more than {SYNAPSES_MAX} weights")));
        }
        Ok(constant)
    }

    /// The activations that a node takes: their shape and their sources.
    pub(super) fn parts(&mut self, operator: &Operator<'_>, at: usize) -> Result<(Vec<usize>, Vec<Part>), GraphError> {
        let signal = self.signal(operator, at)?;
        match signal.kind {
            Kind::Parts(parts) => Ok((signal.shape, parts)),
            Kind::Sum(sum) => {
                let before = sum.name.escape_debug();
                Err(operator.error(format!("a Relu or Clip must stand between `{before}` and it")))
            }
        }
    }

    /// What a node takes, as a sum.
    pub(super) fn as_sum(operator: &Operator<'_>, signal: Signal) -> Result<Sum, GraphError> {
        match signal.kind {
            Kind::Sum(sum) => Ok(sum),
            Kind::Parts(parts) => {
                let [part] = &*parts else {
                    return Err(operator.error("layers side by side cannot be added to"));
                };
                let way = Way { from: part.from, from_shape: part.shape.clone(), map: Map::Scale(vec![1.0]) };
                let name = operator.name.to_owned();
                Ok(Sum { name, shape: part.shape.clone(), ways: vec![way], bias: Vec::new() })
            }
        }
    }

    /// A sum that a node makes.
    pub(super) fn sum(
        operator: &Operator<'_>,
        shape: Vec<usize>,
        ways: Vec<Way>,
        bias: Vec<f32>,
    ) -> Result<Signal, GraphError> {
        fits(operator, &shape)?;
        let sum = Sum { name: operator.name.to_owned(), shape: shape.clone(), ways, bias };
        Ok(Signal { shape, kind: Kind::Sum(sum), ends: false })
    }

    /// Rectifies what a node takes.
    pub(super) fn rectified(&mut self, operator: &Operator<'_>, activation: Activation) -> Result<Signal, GraphError> {
        let signal = self.signal(operator, 0)?;
        let shape = signal.shape.clone();
        if matches!(signal.kind, Kind::Parts(_)) && activation == Activation::Relu {
            // What is rectified already stays.
            return Ok(signal);
        }
        let sum = Self::as_sum(operator, signal)?;
        let from = self.layer(operator, sum, activation)?;
        let part = Part { from, shape: shape.clone() };
        Ok(Signal { shape, kind: Kind::Parts(vec![part]), ends: false })
    }

    /// Makes a layer of a sum.
    pub(super) fn layer(
        &mut self,
        operator: &Operator<'_>,
        sum: Sum,
        activation: Activation,
    ) -> Result<Source, GraphError> {
        fits(operator, &sum.shape)?;
        Ok(self.push(sum, activation))
    }

    fn push(&mut self, sum: Sum, activation: Activation) -> Source {
        let letters = sum.name.chars().map(|own| if own.is_alphanumeric() { own } else { '_' });
        let plain: String = letters.collect();
        let plain = plain.trim_matches('_');
        let base: String = if plain.is_empty() { "layer".to_owned() } else { plain.chars().take(60).collect() };
        let (mut name, mut number) = (base.clone(), 2);
        while matches!(&*name, "input" | "pixels" | "start") || !self.names.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let Sum { shape, ways, bias, .. } = sum;
        self.layers.push(Layer { name, shape, ways, bias, activation });
        Source::Layer(self.layers.len() - 1)
    }
}

/// Whether a shape is of as many elements as can be.
pub(super) fn fits(operator: &Operator<'_>, shape: &[usize]) -> Result<(), GraphError> {
    let elements = size(shape);
    if elements == 0 || elements > ELEMENTS_MAX {
        return Err(operator.error(format!("its output has {elements} elements; 1 to {ELEMENTS_MAX} are possible")));
    }
    Ok(())
}
