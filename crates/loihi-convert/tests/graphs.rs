//! ONNX graphs, made from messages: what is read, and what is refused.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_convert::ann::{Activation, Ann, Layer, Map, Ready, Source, Way};
use loihi_convert::onnx::message::{
    Attribute, Extent, Extents, FLOAT, Graph, INT64, Model, Node, Tensor, TensorType, Type, ValueInfo,
};
use loihi_convert::onnx::{bytes, read, save};
use loihi_net::network::{Conv2d, Pool2d};
use prost::Message as _;

/// What is said, the input's extents, nodes, arrays.
type Row<'r> = (&'r str, &'r [i64], Vec<Node>, Vec<Tensor>);

fn node(kind: &str, inputs: &[&str], output: &str) -> Node {
    Node {
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: kind.to_owned(),
        ..Node::default()
    }
}

fn with(mut node: Node, attributes: &[(&str, &[i64])]) -> Node {
    for (name, values) in attributes {
        let i = values.first().copied().unwrap_or(0);
        node.attribute.push(Attribute { name: (*name).to_owned(), i, ints: values.to_vec(), ..Attribute::default() });
    }
    node
}

fn array(name: &str, dims: &[i64], values: &[f32]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data_type: FLOAT,
        name: name.to_owned(),
        float_data: values.to_vec(),
        ..Tensor::default()
    }
}

fn info(name: &str, dims: &[i64]) -> ValueInfo {
    let dim = dims.iter().map(|value| Extent { value: *value, param: String::new() }).collect();
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape: Some(Extents { dim }) });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}

fn model(input: &[i64], node: Vec<Node>, initializer: Vec<Tensor>) -> Model {
    let output = node.last().map(|node| info(&node.output[0], &[1])).into_iter().collect();
    let graph = Graph { node, initializer, input: vec![info("x", input)], output, ..Graph::default() };
    Model { ir_version: 8, graph: Some(graph), ..Model::default() }
}

fn ann(input: &[i64], nodes: Vec<Node>, arrays: Vec<Tensor>) -> Ann {
    read(&model(input, nodes, arrays).encode_to_vec(), "test").unwrap()
}

fn scores(ann: &Ann, inputs: &[f32]) -> Vec<f32> {
    Ready::new(ann).unwrap().forward(inputs).pop().unwrap()
}

#[test]
fn a_normalisation_is_folded_into_a_convolution() {
    let mut normalise = node("BatchNormalization", &["c", "scale", "shift", "mean", "variance"], "n");
    normalise.attribute.push(Attribute { name: "epsilon".to_owned(), f: 0.0, ..Attribute::default() });
    let nodes = vec![
        node("Conv", &["x", "w", "b"], "c"),
        normalise,
        node("Relu", &["n"], "r"),
        node("GlobalAveragePool", &["r"], "p"),
        node("Flatten", &["p"], "f"),
        with(node("Gemm", &["f", "v"], "y"), &[("transB", &[1])]),
        with(node("Softmax", &["y"], "s"), &[("axis", &[1])]),
    ];
    let arrays = vec![
        array("w", &[2, 1, 1, 2], &[1.0, -1.0, 2.0, 0.5]),
        array("b", &[2], &[0.5, 1.0]),
        array("scale", &[2], &[2.0, 1.0]),
        array("shift", &[2], &[0.0, -1.0]),
        array("mean", &[2], &[0.5, 0.0]),
        array("variance", &[2], &[4.0, 0.25]),
        array("v", &[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, -1.0]),
    ];
    let found = ann(&[1, 1, 2, 3], nodes, arrays);
    assert_eq!(found.layers.iter().map(|layer| &*layer.name).collect::<Vec<_>>(), ["c", "p", "y"]);
    assert_eq!((found.layers[0].shape.clone(), found.layers[0].bias.clone()), (vec![2, 2, 2], vec![0.0, 1.0]));
    // Channel 0: (x0 - x1 + 0.5 - 0.5) · 2 / 2; channel 1: (2 x0 + x1 / 2 + 1) · 2 - 1.
    let y = scores(&found, &[3.0, 1.0, 0.0, 1.0, 2.0, 4.0]);
    let first = (2.0 + 1.0 + 0.0 + 0.0) / 4.0;
    let second = (14.0 + 5.0 + 7.0 + 13.0) / 4.0;
    assert_eq!(y, [first, second, first - second]);
}

#[test]
fn branches_are_added_and_stand_side_by_side() {
    let nodes = vec![
        node("MatMul", &["x", "w"], "m"),
        node("Add", &["b", "m"], "a"),
        node("Relu", &["a"], "r"),
        node("MatMul", &["x", "w"], "m2"),
        node("Add", &["m2", "r"], "sum"),
        node("Clip", &["sum", "zero", "six"], "c"),
        with(node("Concat", &["r", "c"], "both"), &[("axis", &[1])]),
        node("Dropout", &["both"], "d"),
        node("MatMul", &["d", "v"], "y"),
    ];
    let arrays = vec![
        array("w", &[2, 2], &[1.0, 2.0, -1.0, 1.0]),
        array("b", &[1, 2], &[0.0, 1.0]),
        array("zero", &[], &[0.0]),
        array("six", &[], &[6.0]),
        array("v", &[4, 1], &[1.0, 10.0, 100.0, 1000.0]),
    ];
    let found = ann(&[1, 2], nodes, arrays);
    assert_eq!(found.layers[1].activation, Activation::Clip(6.0));
    assert_eq!(found.depths(), [1, 2, 3]);
    // m = [x0 - x1, 2 x0 + x1] = [1, 5], r = [1, 6], c = [2, 6 of 11].
    assert_eq!(scores(&found, &[2.0, 1.0]), [1.0 + 60.0 + 200.0 + 6000.0]);
    let written = read(&bytes(&found), "test").unwrap();
    assert_eq!(scores(&written, &[2.0, 1.0]), [6261.0]);
}

/// Pools carry no bias: it stands at the way after it.
#[test]
fn the_bias_of_a_sum_that_begins_with_a_pool_is_written() {
    let way = |map| Way { from: Source::Input, from_shape: vec![1, 2, 2], map };
    let pool = way(Map::Pool(Pool2d::new([2, 2], 0), 0.25));
    let conv = way(Map::Conv(Conv2d::new([1, 1, 2, 2], Vec::new()), vec![1.0, 2.0, 3.0, 4.0]));
    let (name, shape, bias) = ("sum".to_owned(), vec![1, 1, 1], vec![0.5]);
    let sum = Layer { name, shape, ways: vec![pool, conv], bias, activation: Activation::Linear };
    let made = Ann { name: "test".to_owned(), input: vec![1, 2, 2], layers: vec![sum] };
    let written = read(&bytes(&made), "test").unwrap();
    for ann in [made, written] {
        assert_eq!(scores(&ann, &[1.0, 1.0, 1.0, 5.0]), [2.0 + 26.0 + 0.5]);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_called_so() {
    let found = ann(&[1, 2], vec![node("MatMul", &["x", "w"], "y")], vec![array("w", &[2, 1], &[1.0, 2.0])]);
    let folder = tempfile::tempdir().unwrap();
    let error = save(&found, &folder.path().join("nowhere/net.onnx")).unwrap_err();
    assert!(error.to_string().ends_with("net.onnx cannot be written"), "{error}");
    // Who prints the chain says why once.
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn padding_is_as_asked() {
    let arrays = || vec![array("w", &[1, 1, 3], &[1.0, 10.0, 100.0])];
    let mut same = with(node("Conv", &["x", "w"], "y"), &[("strides", &[2])]);
    same.attribute.push(Attribute { name: "auto_pad".to_owned(), s: b"SAME_UPPER".to_vec(), ..Attribute::default() });
    let found = ann(&[1, 1, 4], vec![same], arrays());
    // One zero after the last.
    assert_eq!(scores(&found, &[1.0, 2.0, 3.0, 4.0]), [321.0, 43.0]);
    let padded = with(node("Conv", &["x", "w"], "y"), &[("pads", &[1, 1])]);
    let found = ann(&[1, 1, 4], vec![padded], arrays());
    assert_eq!(scores(&found, &[1.0, 2.0, 3.0, 4.0]), [210.0, 321.0, 432.0, 43.0]);
    let written = read(&bytes(&found), "test").unwrap();
    assert_eq!(written, found);
}

#[test]
fn shapes_are_kept_through_reshape() {
    let shape =
        Tensor { dims: vec![2], data_type: INT64, int64_data: vec![-1, 4], name: "s".to_owned(), ..Tensor::default() };
    let nodes = vec![node("Reshape", &["x", "s"], "f"), node("MatMul", &["f", "w"], "y")];
    let found = ann(&[0, 1, 2, 2], nodes, vec![shape, array("w", &[4, 1], &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(found.layers[0].ways[0].from, Source::Input);
    assert!(matches!(found.layers[0].ways[0].map, Map::Dense(_)));
    assert_eq!(scores(&found, &[1.0, 1.0, 1.0, 2.0]), [14.0]);
}

#[test]
fn what_cannot_be_converted_is_named() {
    let w = || array("w", &[2, 2], &[1.0; 4]);
    let external = Tensor { data_location: 1, ..w() };
    let raw = Tensor { float_data: Vec::new(), raw_data: vec![0; 15], ..w() };
    let half = Tensor { data_type: 10, ..w() };
    let conv = |attributes: &[(&str, &[i64])]| vec![with(node("Conv", &["x", "k"], "y"), attributes)];
    let k = || array("k", &[1, 1, 2, 2], &[1.0; 4]);
    let planes: &[i64] = &[1, 1, 4, 4];
    let rows: Vec<Row<'_>> = vec![
        ("Tanh `y`: the operator is not supported; Conv", &[1, 2], vec![node("Tanh", &["x"], "y")], vec![]),
        ("MaxPool `y`: maxima of rates", planes, vec![node("MaxPool", &["x"], "y")], vec![]),
        (
            "MatMul `y`: `w` is undefined: an initializer is missing",
            &[1, 2],
            vec![node("MatMul", &["x", "w"], "y")],
            vec![],
        ),
        (
            "MatMul `y`: weights of shape [2, 2] do not fit what it takes, [3]",
            &[1, 3],
            vec![node("MatMul", &["x", "w"], "y")],
            vec![w()],
        ),
        (
            "the initializer `w`: its elements are in another file",
            &[1, 2],
            vec![node("MatMul", &["x", "w"], "y")],
            vec![external],
        ),
        ("the initializer `w`: its 15 bytes are not whole elements of 4", &[1, 2], vec![], vec![raw]),
        ("the initializer `w`: its elements are of type 10, not single", &[1, 2], vec![], vec![half]),
        (
            "the initializer `w`: it has 4 elements, and its extents [3, 2] take 6",
            &[1, 2],
            vec![],
            vec![Tensor { dims: vec![3, 2], ..w() }],
        ),
        ("the initializer `w`: element 0 is not finite", &[1, 2], vec![], vec![array("w", &[1], &[f32::NAN])]),
        (
            "MatMul `y`: a Relu or Clip must stand between `h` and it",
            &[1, 2],
            vec![node("MatMul", &["x", "w"], "h"), node("MatMul", &["h", "w"], "y")],
            vec![w()],
        ),
        (
            "Relu `y`: it comes after a Softmax",
            &[1, 2],
            vec![node("Softmax", &["x"], "h"), node("Relu", &["h"], "y")],
            vec![],
        ),
        (
            "Conv `y`: `strides` is [0, 1]: expected 2 sizes of 1 to 4096",
            planes,
            conv(&[("strides", &[0, 1])]),
            vec![k()],
        ),
        (
            "Conv `y`: its zeros, 1 before and 0 after, cannot be expressed",
            planes,
            conv(&[("pads", &[1, 1, 0, 0])]),
            vec![k()],
        ),
        (
            "Conv `y`: weights of shape [1, 1, 2, 2] in 2 groups do not fit 1 channels",
            planes,
            conv(&[("group", &[2])]),
            vec![k()],
        ),
        ("Conv `y`: windows of 7 do not fit into 4", planes, conv(&[("dilations", &[6, 6])]), vec![k()]),
        (
            "Relu `s`: `h` is undefined: an initializer is missing, or two nodes use a sum before its Relu",
            &[1, 2],
            vec![node("MatMul", &["x", "w"], "h"), node("Relu", &["h"], "r"), node("Relu", &["h"], "s")],
            vec![w()],
        ),
        (
            "Clip `y`: it clips to -1 to 6: the lower bound must be 0 and the upper one positive",
            &[1, 2],
            vec![node("Clip", &["x", "least", "most"], "y")],
            vec![array("least", &[], &[-1.0]), array("most", &[], &[6.0])],
        ),
        (
            "AveragePool `y`: its padding differs between the two sides",
            planes,
            vec![with(
                node("AveragePool", &["x"], "y"),
                &[("kernel_shape", &[2, 2]), ("pads", &[0, 0, 1, 1]), ("count_include_pad", &[1])],
            )],
            vec![],
        ),
        ("the input `x` has extents that are not numbers", &[1, 0], vec![node("Relu", &["x"], "y")], vec![]),
        ("the output is not that of the last layer", &[1, 2], vec![node("Relu", &["x"], "y")], vec![]),
    ];
    for (said, input, nodes, arrays) in rows {
        let found = read(&model(input, nodes, arrays).encode_to_vec(), "test");
        let found = found.expect_err(said).to_string();
        assert!(found.starts_with(said), "{found}\n{said}");
    }
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let w = array("w", &[2, 2], &[1.0; 4]);
    let whole = model(&[1, 2], vec![node("MatMul", &["x", "w"], "y")], vec![w]).encode_to_vec();
    for length in 0..whole.len() {
        assert!(read(&whole[..length], "test").is_err(), "cut to {length} bytes");
    }
}
