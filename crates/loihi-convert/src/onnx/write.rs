//! A network of rectified units as an ONNX file of operator set 13.

use super::message::{
    Attribute, Extent, Extents, FLOAT, Graph, INT64, Model, Node, OF_INT, OF_INTS, OperatorSet, PRODUCER, Tensor,
    TensorType, Type, ValueInfo,
};
use crate::ann::{Activation, Ann, Layer, Map, Source, Way};
use crate::error::ConvertError;
use loihi_files::atomic_file;
use prost::Message as _;
use std::path::Path;

/// Writes a network, whole or not at all.
///
/// # Errors
/// [`ConvertError::Write`] names the file.
pub fn save(ann: &Ann, path: &Path) -> Result<(), ConvertError> {
    atomic_file::write(path, &bytes(ann)).map_err(|source| ConvertError::Write { path: path.to_owned(), source })
}

/// A network as bytes.
pub fn bytes(ann: &Ann) -> Vec<u8> {
    let mut graph = Graph { name: ann.name.clone(), input: vec![info("input", &ann.input)], ..Graph::default() };
    for at in 0..ann.layers.len() {
        layer(&mut graph, ann, at);
    }
    if let Some(last) = ann.layers.last() {
        graph.output.push(info(&last.name, &last.shape));
    }
    let opset_import = vec![OperatorSet { domain: String::new(), version: 13 }];
    Model { ir_version: 8, producer_name: PRODUCER.to_owned(), graph: Some(graph), opset_import }.encode_to_vec()
}

fn layer(graph: &mut Graph, ann: &Ann, at: usize) {
    let own = &ann.layers[at];
    let rectifier = match own.activation {
        Activation::Linear => None,
        Activation::Relu | Activation::Clip(_) => Some(format!("{}.sum", own.name)),
    };
    let sum = rectifier.clone().unwrap_or_else(|| own.name.clone());
    let several = own.ways.len() > 1;
    // Pools have no bias.
    let bearer = own.ways.iter().position(|way| !matches!(way.map, Map::Pool(..)));
    let mut branches: Vec<String> = Vec::new();
    for (number, way) in own.ways.iter().enumerate() {
        let output = if several { format!("{}.{number}", own.name) } else { sum.clone() };
        let bias = if Some(number) == bearer { &*own.bias } else { &[] };
        operator(graph, ann, own, way, bias, &output);
        branches.push(output);
    }
    let mut before = branches.first().cloned().unwrap_or_default();
    for (number, branch) in branches.iter().enumerate().skip(1) {
        let output = if number + 1 == branches.len() { sum.clone() } else { format!("{}.to{number}", own.name) };
        graph.node.push(node("Add", &[&before, branch], &output, Vec::new()));
        before = output;
    }
    match (own.activation, rectifier) {
        (Activation::Clip(most), Some(sum)) => {
            let bounds = ["min", "max"].map(|name| format!("{}.{name}", own.name));
            graph.initializer.push(reals(&bounds[0], &[], &[0.0]));
            graph.initializer.push(reals(&bounds[1], &[], &[most]));
            graph.node.push(node("Clip", &[&sum, &bounds[0], &bounds[1]], &own.name, Vec::new()));
        }
        (_, Some(sum)) => graph.node.push(node("Relu", &[&sum], &own.name, Vec::new())),
        (_, None) => {}
    }
}

/// A way with a bias.
fn operator(graph: &mut Graph, ann: &Ann, layer: &Layer, way: &Way, bias: &[f32], output: &str) {
    let mut from = match way.from {
        Source::Input => "input".to_owned(),
        Source::Layer(at) => ann.layers[at].name.clone(),
    };
    if ann.shape(way.from) != way.from_shape {
        // The same elements in another shape.
        let shape = format!("{output}.shape");
        let flat = format!("{output}.flat");
        let dims: Vec<i64> = std::iter::once(-1).chain(way.from_shape.iter().map(|extent| signed(*extent))).collect();
        let count = vec![signed(dims.len())];
        graph.initializer.push(Tensor {
            dims: count,
            data_type: INT64,
            int64_data: dims,
            name: shape.clone(),
            ..Tensor::default()
        });
        graph.node.push(node("Reshape", &[&from, &shape], &flat, Vec::new()));
        from = flat;
    }
    let [weights, bias_name] = ["weight", "bias"].map(|name| format!("{output}.{name}"));
    let mut inputs = vec![&*from, &weights];
    match &way.map {
        Map::Dense(values) => {
            let extents = [values.len() / layer.neurons().max(1), layer.neurons()];
            graph.initializer.push(reals(&weights, &extents, values));
        }
        Map::Conv(conv, values) => {
            let [outputs, channels, height, width] = conv.shape;
            let one = way.from_shape.len() == 2;
            let extents = if one { vec![outputs, channels, width] } else { vec![outputs, channels, height, width] };
            graph.initializer.push(reals(&weights, &extents, values));
        }
        Map::Pool(..) => inputs.truncate(1),
        Map::Scale(factors) => {
            // As a normalisation: its factors, and the bias.
            let zeros = vec![0.0; crate::ann::channels(&layer.shape)[0]];
            let factors: Vec<f32> =
                (0..zeros.len()).map(|at| factors.get(at).or(factors.first()).copied().unwrap_or(1.0)).collect();
            let names = ["weight", "bias", "mean", "variance"].map(|name| format!("{output}.{name}"));
            let bias = if bias.is_empty() { &*zeros } else { bias };
            let ones = vec![1.0; zeros.len()];
            for (name, values) in names.iter().zip([&*factors, bias, &zeros, &ones]) {
                graph.initializer.push(reals(name, &[values.len()], values));
            }
            let inputs: Vec<&str> = std::iter::once(&*from).chain(names.iter().map(String::as_str)).collect();
            let epsilon =
                Attribute { name: "epsilon".to_owned(), r#type: super::message::OF_FLOAT, ..Attribute::default() };
            graph.node.push(node("BatchNormalization", &inputs, output, vec![epsilon]));
            return;
        }
    }
    if !bias.is_empty() && inputs.len() > 1 {
        graph.initializer.push(reals(&bias_name, &[bias.len()], bias));
        inputs.push(&bias_name);
    }
    let (kind, attributes) = attributes(way, layer);
    graph.node.push(node(kind, &inputs, output, attributes));
}

/// Operator and parameters of a way.
fn attributes(way: &Way, layer: &Layer) -> (&'static str, Vec<Attribute>) {
    let axes = way.from_shape.len().saturating_sub(1);
    let of = |pair: [usize; 2]| pair[2 - axes.min(2)..].to_vec();
    match &way.map {
        Map::Conv(conv, _) => {
            let (kernel, stride, dilation) = (of([conv.shape[2], conv.shape[3]]), of(conv.stride), of(conv.dilation));
            let before = of(conv.padding);
            // As many zeros after as it takes for what comes out.
            let after = (0..axes).map(|axis| {
                let to = layer.shape.get(axis + 1).copied().unwrap_or(1);
                let reach = (to - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
                reach.saturating_sub(way.from_shape[axis + 1] + before[axis])
            });
            let pads: Vec<usize> = before.iter().copied().chain(after).collect();
            let groups =
                Attribute { name: "group".to_owned(), i: signed(conv.groups), r#type: OF_INT, ..Attribute::default() };
            let rows = [("kernel_shape", kernel), ("strides", stride), ("dilations", dilation), ("pads", pads)];
            ("Conv", rows.into_iter().map(|(name, values)| ints(name, &values)).chain([groups]).collect())
        }
        Map::Pool(pool, _) => {
            let padding = of(pool.padding);
            let pads = [&*padding, &*padding].concat();
            let all = Attribute { name: "count_include_pad".to_owned(), i: 1, r#type: OF_INT, ..Attribute::default() };
            let rows = [("kernel_shape", of(pool.kernel)), ("strides", of(pool.stride)), ("pads", pads)];
            ("AveragePool", rows.into_iter().map(|(name, values)| ints(name, &values)).chain([all]).collect())
        }
        Map::Dense(_) | Map::Scale(_) => ("Gemm", Vec::new()),
    }
}

fn signed(extent: usize) -> i64 {
    i64::try_from(extent).unwrap_or(i64::MAX)
}

fn ints(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|value| signed(*value)).collect();
    Attribute { name: name.to_owned(), ints, r#type: OF_INTS, ..Attribute::default() }
}

fn node(kind: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) -> Node {
    Node {
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: match kind {
            "Relu" | "Clip" => format!("{output}.{kind}"),
            // A layer is called like the node of its first way.
            _ => output.trim_end_matches(".sum").trim_end_matches(".0").to_owned(),
        },
        op_type: kind.to_owned(),
        attribute,
        domain: String::new(),
    }
}

fn reals(name: &str, extents: &[usize], values: &[f32]) -> Tensor {
    let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let dims = extents.iter().map(|extent| signed(*extent)).collect();
    Tensor { dims, data_type: FLOAT, name: name.to_owned(), raw_data, ..Tensor::default() }
}

/// Something of this shape, for any number of samples.
fn info(name: &str, shape: &[usize]) -> ValueInfo {
    let samples = Extent { value: 0, param: "samples".to_owned() };
    let others = shape.iter().map(|extent| Extent { value: signed(*extent), param: String::new() });
    let shape = Some(Extents { dim: std::iter::once(samples).chain(others).collect() });
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}
