//! Graphs made by hand, of whatever parts: a network or an error that names what is wrong, never a panic.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The example of the documentation before it has anything: an input alone.
#[test]
fn an_input_alone_is_an_error() {
    let alone = Graph::default().with_node("in", input(&[4]));
    assert_eq!(quantise(&alone, "n", QuantiseOptions::default()).unwrap_err().to_string(), "it has no neurons");
    assert!(quantise(&Graph::default(), "n", QuantiseOptions::default()).is_err());
    for shape in [&[][..], &[0], &[usize::MAX, 2], &[2, 2, 8, 8]] {
        let said =
            quantise(&Graph::default().with_node("in", input(shape)), "n", QuantiseOptions::default()).unwrap_err();
        assert!(said.to_string().starts_with("node `in`: invalid shape"), "{said}");
    }
}

/// `?` takes all errors of these crates, in other threads, too.
#[test]
fn errors_are_errors() {
    fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    is_error::<NodeError>();
    is_error::<nir::import::ImportError>();
    is_error::<nir::ExportError>();
    is_error::<loihi_hdf5::H5Error>();
    is_error::<loihi_files::npz::ArrayError>();
    is_error::<loihi_files::npz::NpzError>();
}

#[test]
fn an_edge_to_nothing_is_an_error() {
    let nodes = || vec![("in", input(&[1])), ("lif", lif(1, 0.01, 10.0, 1.0))];
    assert!(quantise(&graph(nodes(), &[("in", "lif")]), "n", QuantiseOptions::default()).is_ok());
    for edge in [("in", "none"), ("none", "lif"), ("none", "none")] {
        let said =
            quantise(&graph(nodes(), &[("in", "lif"), edge]), "n", QuantiseOptions::default()).unwrap_err().to_string();
        assert_eq!(said, "an edge names `none`, which is not a node; nodes are: in, lif");
    }
}

#[test]
fn durations_are_above_0() {
    let one = graph(vec![("in", input(&[1])), ("lif", lif(1, 0.01, 10.0, 1.0))], &[("in", "lif")]);
    for dt in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(quantise(&one, "n", QuantiseOptions::default().with_dt(dt)).is_err());
        assert!(quantise(&one, "n", QuantiseOptions { dt_else: Some(dt), ..QuantiseOptions::default() }).is_err());
        assert!(quantise(&one.clone().with_dt(dt), "n", QuantiseOptions::default()).is_err());
    }
}

/// Inner graphs are taken in.
#[test]
fn graphs_nest() {
    let inner = graph(
        vec![("i", input(&[1])), ("lif", lif(1, 0.01, 10.0, 1.0)), ("o", output(&[1]))],
        &[("i", "lif"), ("lif", "o")],
    );
    let outer = graph(
        vec![("in", input(&[1])), ("inner", NirNode::Graph(inner)), ("out", output(&[1]))],
        &[("in", "inner"), ("inner", "out")],
    );
    assert_eq!(quantise(&outer, "n", QuantiseOptions::default()).unwrap().network.populations[0].name, "inner.lif");
}

/// A chain of layers with names in the other order; the last one is of neurons.
fn chain(layers: usize, neurons: fn(usize) -> bool) -> Graph {
    let name = |at: usize| format!("n{:05}", layers - at);
    let node = |at: usize| {
        if neurons(at) { lif(1, 0.01, 10.0, 1.0) } else { NirNode::Scale { scale: Array::from(1.0) } }
    };
    let first = Graph::default().with_node("in", input(&[1])).with_edge("in", &name(0));
    let all =
        (0..layers).fold(first, |graph, at| graph.with_node(name(at), node(at)).with_edge(&name(at), &name(at + 1)));
    all.with_node(name(layers), lif(1, 0.01, 10.0, 1.0))
}

/// A long network is imported; a long chain without neurons is refused before it fills the stack.
#[test]
fn networks_can_be_deep() {
    let deep = quantise(&chain(1_000, |at| at % 2 == 1), "n", QuantiseOptions::default()).unwrap();
    assert_eq!(deep.network.populations.len(), 501);
    let said = quantise(&chain(20_000, |_| false), "n", QuantiseOptions::default()).unwrap_err().to_string();
    assert!(said.contains("more than 128 nodes in a row"), "{said}");
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![4 => -2.0..2.0, 2 => Just(1.0), 1 => Just(0.0), 1 => prop::num::f64::ANY].boxed()
}

/// Arrays of up to three small extents.
fn array() -> BoxedStrategy<Array> {
    let filled = |shape: Vec<usize>| {
        let elements = shape.iter().product::<usize>();
        vec(number(), elements).prop_map(move |values| Array::new(shape.clone(), Values::Real(values)).unwrap())
    };
    prop_oneof![3 => number().prop_map(Array::from), 2 => vec(1..4_usize, 1..5).prop_flat_map(filled), 1 => vec(0..3_usize, 0..3).prop_flat_map(filled)].boxed()
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![4 => vec(1..4_usize, 1..4), 1 => vec(prop_oneof![Just(0), Just(usize::MAX), 0..9_usize], 0..5)]
}

fn size_of() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..4_usize, 1 => Just(1 << 16), 1 => Just(usize::MAX)]
}

fn layer() -> BoxedStrategy<NirNode> {
    let some = || prop::option::of(array());
    let pair = || prop::option::of([size_of(), size_of()]);
    let single = || prop::option::of(size_of());
    let pool = || ([size_of(), size_of()], pair(), pair());
    let padding =
        prop_oneof![Just(Padding::Same), Just(Padding::Valid), [size_of(), size_of()].prop_map(Padding::Zeros)];
    let narrow = prop_oneof![Just(Padding::Same), Just(Padding::Valid), size_of().prop_map(Padding::Zeros)];
    prop_oneof![
        (array(), array()).prop_map(|(weight, bias)| NirNode::Affine { weight, bias }),
        array().prop_map(|weight| NirNode::Linear { weight }),
        array().prop_map(|scale| NirNode::Scale { scale }),
        array().prop_map(|delay| NirNode::Delay { delay }),
        (array(), some(), single(), prop::option::of(narrow), single(), single()).prop_map(
            |(weight, bias, stride, padding, dilation, groups)| NirNode::Conv1d {
                weight,
                bias,
                stride,
                padding,
                dilation,
                groups,
                input_shape: None
            }
        ),
        (array(), some(), pair(), prop::option::of(padding), pair(), single()).prop_map(
            |(weight, bias, stride, padding, dilation, groups)| NirNode::Conv2d {
                weight,
                bias,
                stride,
                padding,
                dilation,
                groups,
                input_shape: None
            }
        ),
        pool().prop_map(|(kernel_size, stride, padding)| NirNode::SumPool2d { kernel_size, stride, padding }),
        pool().prop_map(|(kernel_size, stride, padding)| NirNode::AvgPool2d { kernel_size, stride, padding }),
        (some(), prop::option::of(-4..4_i64), prop::option::of(prop_oneof![-4..4_i64, Just(i64::MIN)]))
            .prop_map(|(input_type, start_dim, end_dim)| NirNode::Flatten { input_type, start_dim, end_dim }),
        Just(NirNode::Unknown { type_name: "GRU".to_owned(), arrays: BTreeMap::new(), texts: BTreeMap::new() }),
    ]
    .boxed()
}

fn neurons() -> BoxedStrategy<NirNode> {
    let some = || prop::option::of(array());
    prop_oneof![
        array().prop_map(|threshold| NirNode::Threshold { threshold }),
        array().prop_map(|r| NirNode::I { r }),
        (array(), array(), some()).prop_map(|(r, v_threshold, v_reset)| NirNode::If { r, v_threshold, v_reset }),
        (array(), array(), array()).prop_map(|(tau, r, v_leak)| NirNode::Li { tau, r, v_leak }),
        (array(), array(), array(), array(), some()).prop_map(|(tau, r, v_leak, v_threshold, v_reset)| NirNode::Lif {
            tau,
            r,
            v_leak,
            v_threshold,
            v_reset
        }),
        (array(), array(), array(), array(), some()).prop_map(|(tau_mem, tau_syn, r, v_leak, w_in)| NirNode::CubaLi {
            tau_mem,
            tau_syn,
            r,
            v_leak,
            w_in
        }),
        (array(), array(), array(), array(), array(), some(), some()).prop_map(
            |(tau_mem, tau_syn, r, v_leak, v_threshold, v_reset, w_in)| NirNode::CubaLif {
                tau_mem,
                tau_syn,
                r,
                v_leak,
                v_threshold,
                v_reset,
                w_in
            }
        ),
    ]
    .boxed()
}

fn node() -> BoxedStrategy<NirNode> {
    prop_oneof![
        1 => shape().prop_map(|shape| NirNode::Input { shape }),
        1 => shape().prop_map(|shape| NirNode::Output { shape }),
        3 => layer(),
        3 => neurons(),
    ]
    .boxed()
}

/// Nodes in a row and some edges more.
fn any_graph() -> impl Strategy<Value = Graph> {
    let edges = vec((0..8_usize, 0..8_usize), 0..3);
    (shape(), vec(node(), 1..6), edges).prop_map(|(shape, nodes, edges)| {
        let name = |at: usize| format!("n{at}");
        let count = nodes.len();
        let row = nodes
            .into_iter()
            .enumerate()
            .fold(Graph::default().with_node("n0", NirNode::Input { shape }), |graph, (at, node)| {
                graph.with_node(name(at + 1), node).with_edge(&name(at), &name(at + 1))
            });
        edges
            .into_iter()
            .fold(row, |graph, (from, to)| graph.with_edge(&name(from % (count + 2)), &name(to % (count + 2))))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_of_any_parts_gives_a_network_or_an_error(graph in any_graph(), reset in 0..3_usize, values: bool) {
        let reset = [Reset::Zero, Reset::Subtract, Reset::AsFile][reset];
        let input = if values { InputAs::Values } else { InputAs::Spikes };
        let options = QuantiseOptions::default().with_reset(reset).with_input(input);
        match quantise(&graph, "n", options) {
            Ok(imported) => prop_assert!(imported.rows.len() >= imported.network.populations.len()),
            Err(wrong) => prop_assert!(!wrong.to_string().is_empty()),
        }
    }
}
