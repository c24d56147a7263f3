//! A graph as a file of NIR.

use crate::graph::{Conv, Graph, NeuronKind, Neurons, Node, Op, Padding};
use host_harness::nir::{self, NirNode};
use host_harness::npz::{Array, Values};

impl Graph {
    /// The graph that a reader finds in the file.
    pub(crate) fn file(&self) -> nir::Graph {
        let edges =
            self.nodes.iter().flat_map(|node| node.from.iter().map(|from| (&*self.nodes[*from].name, &*node.name)));
        let nodes = self.nodes.iter().map(|node| (&node.name, self.node(node)));
        nodes.fold(nir::Graph::default().with_edges(edges), |graph, (name, node)| graph.with_node(name, node))
    }

    fn node(&self, node: &Node) -> NirNode {
        let before = node.from.first().map_or(&[][..], |from| &self.nodes[*from].shape);
        match &node.op {
            Op::Input => NirNode::Input { shape: node.shape.clone() },
            Op::Output => NirNode::Output { shape: node.shape.clone() },
            Op::Dense { weight, bias } => {
                let weight = real(&[node.elements(), before.iter().product()], weight);
                match bias {
                    Some(bias) => NirNode::Affine { weight, bias: Array::from(bias.clone()) },
                    None => NirNode::Linear { weight },
                }
            }
            Op::Conv(conv) => convolution(conv),
            Op::Pool(pool) => {
                let (kernel_size, stride, padding) = (pool.kernel, Some(pool.stride), Some(pool.padding));
                if pool.average {
                    NirNode::AvgPool2d { kernel_size, stride, padding }
                } else {
                    NirNode::SumPool2d { kernel_size, stride, padding }
                }
            }
            Op::Scale { shape, factors } => NirNode::Scale { scale: real(shape, factors) },
            Op::Flatten { start } => NirNode::Flatten {
                input_type: Some(extents(before)),
                start_dim: Some(i64::try_from(*start).unwrap()),
                end_dim: Some(-1),
            },
            Op::Delay(steps) => {
                let delays: Vec<f64> = steps.iter().map(|steps| f64::from(*steps) * self.dt).collect();
                NirNode::Delay { delay: real(&node.shape, &delays) }
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

fn convolution(conv: &Conv) -> NirNode {
    let [outputs, inputs, height, width] = conv.shape;
    let bias = conv.bias.clone().map(Array::from);
    let (groups, input_shape) = (Some(conv.groups), None);
    if conv.one {
        let padding = match conv.padding {
            Padding::Zeros([_, zeros]) => nir::Padding::Zeros(zeros),
            Padding::Same => nir::Padding::Same,
            Padding::Valid => nir::Padding::Valid,
        };
        let (stride, dilation) = (Some(conv.stride[1]), Some(conv.dilation[1]));
        let (weight, padding) = (real(&[outputs, inputs, width], &conv.weight), Some(padding));
        return NirNode::Conv1d { weight, bias, stride, padding, dilation, groups, input_shape };
    }
    let padding = match conv.padding {
        Padding::Zeros(zeros) => nir::Padding::Zeros(zeros),
        Padding::Same => nir::Padding::Same,
        Padding::Valid => nir::Padding::Valid,
    };
    let (stride, dilation) = (Some(conv.stride), Some(conv.dilation));
    let (weight, padding) = (real(&[outputs, inputs, height, width], &conv.weight), Some(padding));
    NirNode::Conv2d { weight, bias, stride, padding, dilation, groups, input_shape }
}

fn population(neurons: &Neurons, shape: &[usize]) -> NirNode {
    let said = |values: &[f64]| (!values.is_empty()).then(|| real(shape, values));
    let [tau, tau_syn, r, v_leak, v_threshold] =
        [&neurons.tau, &neurons.tau_syn, &neurons.r, &neurons.v_leak, &neurons.v_threshold]
            .map(|values| said(values).unwrap_or_else(|| Array::from(Vec::<f64>::new())));
    let (v_reset, w_in) = (said(&neurons.v_reset), said(&neurons.w_in));
    match neurons.kind {
        NeuronKind::If => NirNode::If { r, v_threshold, v_reset },
        NeuronKind::Lif => NirNode::Lif { tau, r, v_leak, v_threshold, v_reset },
        NeuronKind::CubaLif => NirNode::CubaLif { tau_mem: tau, tau_syn, r, v_leak, v_threshold, v_reset, w_in },
        NeuronKind::Threshold => NirNode::Threshold { threshold: v_threshold },
        NeuronKind::I => NirNode::I { r },
        NeuronKind::Li => NirNode::Li { tau, r, v_leak },
        NeuronKind::CubaLi => NirNode::CubaLi { tau_mem: tau, tau_syn, r, v_leak, w_in },
    }
}
