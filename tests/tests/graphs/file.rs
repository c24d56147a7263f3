//! A graph as a file of NIR.

use crate::graph::{Conv, Graph, NeuronKind, Neurons, Node, Op, Padding};
use host_harness::nir;
use host_harness::npz::{Array, Values};

impl Graph {
    /// The graph that a reader finds in the file.
    pub(crate) fn file(&self) -> nir::Graph {
        let edges = self
            .nodes
            .iter()
            .flat_map(|node| node.from.iter().map(|from| (self.nodes[*from].name.clone(), node.name.clone())));
        let mut edges: Vec<(String, String)> = edges.collect();
        edges.sort_unstable();
        let mut file = nir::Graph { edges, ..nir::Graph::default() };
        file.nodes.extend(self.nodes.iter().map(|node| (node.name.clone(), self.node(node))));
        file
    }

    fn node(&self, node: &Node) -> nir::Node {
        let before = node.from.first().map_or(&[][..], |from| &self.nodes[*from].shape);
        match &node.op {
            Op::Input => nir::Node::layer("Input").with("shape", extents(&node.shape)),
            Op::Output => nir::Node::layer("Output").with("shape", extents(&node.shape)),
            Op::Dense { weight, bias } => {
                let own = nir::Node::layer(if bias.is_some() { "Affine" } else { "Linear" });
                let own = own.with("weight", real(&[node.elements(), before.iter().product()], weight));
                with_bias(own, bias.as_ref())
            }
            Op::Conv(conv) => convolution(conv),
            Op::Pool(pool) => {
                let own = nir::Node::layer(if pool.average { "AvgPool2d" } else { "SumPool2d" });
                own.with("kernel_size", extents(&pool.kernel))
                    .with("stride", extents(&pool.stride))
                    .with("padding", extents(&pool.padding))
            }
            Op::Scale { shape, factors } => nir::Node::layer("Scale").with("scale", real(shape, factors)),
            Op::Flatten { start } => {
                let dim = |dim: i64| Array::new(Vec::new(), Values::Whole(vec![dim])).unwrap();
                nir::Node::layer("Flatten")
                    .with("input_type", extents(before))
                    .with("start_dim", dim(i64::try_from(*start).unwrap()))
                    .with("end_dim", dim(-1))
            }
            Op::Delay(steps) => {
                let delays: Vec<f64> = steps.iter().map(|steps| f64::from(*steps) * self.dt).collect();
                nir::Node::layer("Delay").with("delay", real(&node.shape, &delays))
            }
            Op::Neurons(neurons) => population(neurons, &node.shape),
        }
    }
}

fn real(shape: &[usize], values: &[f64]) -> Array {
    Array::new(shape.to_vec(), Values::Real(values.to_vec())).unwrap()
}

fn extents(values: &[usize]) -> Array {
    let whole = values.iter().map(|value| i64::try_from(*value).unwrap()).collect();
    Array::new(vec![values.len()], Values::Whole(whole)).unwrap()
}

fn with_bias(node: nir::Node, bias: Option<&Vec<f64>>) -> nir::Node {
    match bias {
        Some(bias) => node.with("bias", real(&[bias.len()], bias)),
        None => node,
    }
}

fn convolution(conv: &Conv) -> nir::Node {
    let own = nir::Node::layer(if conv.one { "Conv1d" } else { "Conv2d" });
    let [outputs, inputs, height, width] = conv.shape;
    let shape: &[usize] = if conv.one { &[outputs, inputs, width] } else { &[outputs, inputs, height, width] };
    // Of one dimension the numbers are single ones.
    let numbers = |both: &[usize; 2]| if conv.one { extents(&both[1..]) } else { extents(both) };
    let mut own = with_bias(own.with("weight", real(shape, &conv.weight)), conv.bias.as_ref())
        .with("stride", numbers(&conv.stride))
        .with("dilation", numbers(&conv.dilation))
        .with("groups", extents(&[conv.groups]));
    match conv.padding {
        Padding::Zeros(zeros) => own = own.with("padding", numbers(&zeros)),
        Padding::Same => drop(own.words.insert("padding".to_owned(), "same".to_owned())),
        Padding::Valid => drop(own.words.insert("padding".to_owned(), "valid".to_owned())),
    }
    own
}

fn population(neurons: &Neurons, shape: &[usize]) -> nir::Node {
    let cuba = matches!(neurons.kind, NeuronKind::CubaLif | NeuronKind::CubaLi);
    let threshold = if neurons.kind == NeuronKind::Threshold { "threshold" } else { "v_threshold" };
    let parameters = [
        (if cuba { "tau_mem" } else { "tau" }, &neurons.tau),
        ("tau_syn", &neurons.tau_syn),
        ("r", &neurons.r),
        ("w_in", &neurons.w_in),
        ("v_leak", &neurons.v_leak),
        (threshold, &neurons.v_threshold),
        ("v_reset", &neurons.v_reset),
    ];
    let own = parameters.into_iter().filter(|(_, values)| !values.is_empty());
    own.fold(nir::Node::layer(neurons.kind.name()), |node, (name, values)| node.with(name, real(shape, values)))
}
