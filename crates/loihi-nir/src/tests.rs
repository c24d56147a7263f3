//! Graphs are read as they were written, and what is wrong in a file is said with its node.

use super::import::ImportError;
use super::*;
use loihi_files::npz::{Array, Values};
use loihi_hdf5::{self as h5, H5Item};
use std::collections::BTreeMap;

fn real(shape: &[usize], values: &[f64]) -> Array {
    Array::new(shape.to_vec(), Values::Real(values.to_vec())).unwrap()
}

/// A graph with an inner one, whose neurons feed themselves.
fn nested() -> Graph {
    let lif = NirNode::Lif {
        tau: real(&[2], &[0.01; 2]),
        r: real(&[2], &[1.0; 2]),
        v_leak: real(&[2], &[0.0; 2]),
        v_threshold: real(&[2], &[1.0, 0.3]),
        v_reset: None,
    };
    let inner = Graph::default()
        .with_node("input", NirNode::Input { shape: vec![2] })
        .with_node("lif", lif)
        .with_node("output", NirNode::Output { shape: vec![2] })
        .with_node("w.rec", NirNode::Linear { weight: real(&[2, 2], &[0.1, 0.2, 0.3, 0.4]) })
        .with_edges([("input", "lif"), ("lif", "output"), ("lif", "w.rec"), ("w.rec", "lif")]);
    let conv = NirNode::Conv1d {
        weight: real(&[2, 1, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        bias: Some(real(&[2], &[0.5, 0.25])),
        stride: None,
        padding: Some(Padding::Same),
        dilation: None,
        groups: Some(1),
        input_shape: None,
    };
    Graph::default()
        .with_node("a", conv)
        .with_node("b", NirNode::Graph(inner))
        .with_node("in", NirNode::Input { shape: vec![1] })
        .with_node("out", NirNode::Output { shape: vec![2] })
        .with_edges([("a", "b"), ("b", "out"), ("in", "a")])
        .with_dt(0.001)
        .with_late_steps(2)
}

fn inner(graph: &mut Graph) -> &mut Graph {
    let Some(NirNode::Graph(inner)) = graph.nodes.get_mut("b") else { panic!("no graph") };
    inner
}

#[test]
fn a_graph_is_read_as_it_was_written() {
    let graph = nested();
    assert_eq!(parse(&bytes(&graph).unwrap()).unwrap(), graph);
    let flat = graph.flat().unwrap();
    let edges: Vec<String> = flat.edges.iter().map(|(from, to)| format!("{from} > {to}")).collect();
    assert_eq!(edges, ["a > b.lif", "b.lif > b.w.rec", "b.lif > out", "b.w.rec > b.lif", "in > a"]);
    assert_eq!(flat.nodes.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b.lif", "b.w.rec", "in", "out"]);
}

#[test]
fn a_node_that_an_old_writer_renamed_is_found() {
    let mut graph = nested();
    // In a file alone: no graph can have such an edge.
    let lif = inner(&mut graph).nodes.remove("lif").unwrap();
    inner(&mut graph).nodes.insert("b".to_owned(), lif);
    assert!(graph.check().is_err());
    let flat = parse(&bytes(&graph).unwrap()).unwrap().flat().unwrap();
    assert!(flat.edges.contains(&("a".to_owned(), "b.b".to_owned())), "{:?}", flat.edges);
}

/// The inner graph with a way from its input straight to its output.
fn with_straight_way() -> Graph {
    let mut graph = nested();
    inner(&mut graph).edges.insert(("input".to_owned(), "output".to_owned()));
    graph
}

fn edges(graph: &Graph) -> Vec<String> {
    graph.edges.iter().map(|(from, to)| format!("{from} > {to}")).collect()
}

#[test]
fn a_way_leads_straight_through_an_inner_graph() {
    let graph = with_straight_way();
    let flat = graph.flat().unwrap();
    assert_eq!(edges(&flat), ["a > b.lif", "a > out", "b.lif > b.w.rec", "b.lif > out", "b.w.rec > b.lif", "in > a"]);
    let doubled = |from: &str, to: &str| graph.clone().with_edge(from, to).flat().unwrap_err().what;
    let twice = "a second way from `a` to `out` leads straight through it, but edges count once";
    assert!(doubled("a", "out").starts_with(twice), "{}", doubled("a", "out"));
    assert!(doubled("b", "b").starts_with("a path leads straight through it and back to its start"));
    let around = nested().with_edge("b", "b");
    assert!(edges(&around.flat().unwrap()).contains(&"b.lif > b.lif".to_owned()));
}

/// No node takes the place of another one, whatever dots are in their names.
#[test]
fn names_that_nest_stay_apart() {
    let outer = nested().nodes["a"].clone();
    let graph = nested().with_node("b.lif", outer.clone()).with_edge("b", "b.lif");
    let flat = graph.flat().unwrap();
    assert_eq!(flat.nodes["b.lif"], outer);
    assert_eq!(flat.nodes["b..lif"].type_name(), "LIF");
    assert!(edges(&flat).contains(&"b..lif > b.lif".to_owned()), "{:?}", flat.edges);
}

/// HDF5 takes a slash in a name for a group.
#[test]
fn names_with_slashes_are_those_of_nodes() {
    let mut graph = nested();
    let outer = graph.nodes.remove("a").unwrap();
    graph.nodes.insert("block/conv".to_owned(), outer.clone());
    let renamed = |name: &String| if name == "a" { "block/conv".to_owned() } else { name.clone() };
    graph.edges = graph.edges.iter().map(|(from, to)| (renamed(from), renamed(to))).collect();
    let mut tree = h5::parse(&bytes(&nested()).unwrap()).unwrap();
    let H5Item::Group(root) = &mut tree else { panic!() };
    let Some(H5Item::Group(node)) = root.get_mut("node") else { panic!() };
    let words = graph.edges.iter().flat_map(|(from, to)| [from.clone(), to.clone()]).collect();
    node.insert("edges".to_owned(), H5Item::Text { shape: vec![graph.edges.len(), 2], words });
    let Some(H5Item::Group(nodes)) = node.get_mut("nodes") else { panic!() };
    let conv = nodes.remove("a").unwrap();
    nodes.insert("block".to_owned(), H5Item::Group(BTreeMap::from([("conv".to_owned(), conv)])));
    assert_eq!(parse(&h5::bytes(&tree).unwrap()).unwrap(), graph);
}

/// Files as other programs write them.
fn field(name: &str) -> Result<Graph, ImportError> {
    read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/field/nir").join(name))
}

#[test]
fn files_of_the_field_are_read_or_say_why_not() {
    let plain = field("plain.nir").unwrap();
    for name in ["newest_layout.nir", "foreign_arrays.nir"] {
        assert_eq!(field(name).unwrap(), plain, "{name}");
    }
    let half = field("half_precision.nir").unwrap();
    assert_eq!(half.nodes["fc"], plain.nodes["fc"]);
    let tau = half.nodes["lif"].array("tau").unwrap().real();
    assert!(tau.iter().all(|tau| (0.019_99..0.020_01).contains(tau)), "{tau:?}");
    for (name, sentence) in [
        (
            "soft_link.nir",
            "soft_link.nir: the group `/node/nodes/fc` has a soft link, which is not read: store the array itself",
        ),
        ("soft_link_newest_layout.nir", "node `lif`: `v_reset`: it is a link to `/shared/r`, and links are not read"),
        ("layout_of_hdf5_2.nir", "node `fc`: `weight`: it is damaged, or stored in a way that is not read"),
    ] {
        let said = field(name).unwrap_err().to_string();
        assert!(said.contains(sentence), "{said}");
    }
}

/// The fields of a node in the tree of a file.
fn fields<'t>(tree: &'t mut H5Item, name: &str) -> &'t mut BTreeMap<String, H5Item> {
    let inner = |item: &'t mut H5Item, name: &str| {
        let H5Item::Group(items) = item else { panic!("no group") };
        items.get_mut(name).unwrap()
    };
    let H5Item::Group(fields) = ["node", "nodes", name].into_iter().fold(tree, inner) else { panic!("no node") };
    fields
}

#[test]
fn what_is_wrong_is_named_with_its_node() {
    let mut graph = nested();
    graph.nodes.remove("a");
    let said = parse(&bytes(&graph).unwrap()).unwrap_err().of(std::path::Path::new("a.nir")).to_string();
    assert_eq!(said, "a.nir, node `node`: an edge names `a`, which is not a node; nodes are: b, in, out");
    let said = |change: &dyn Fn(&mut BTreeMap<String, H5Item>)| {
        let mut tree = h5::parse(&bytes(&nested()).unwrap()).unwrap();
        change(fields(&mut tree, "a"));
        parse(&h5::bytes(&tree).unwrap()).unwrap_err().to_string()
    };
    let array = |values: &[f64]| H5Item::Array(Array::from(values.to_vec()));
    let set = |name: &str, item: H5Item| said(&|fields| drop(fields.insert(name.to_owned(), item.clone())));
    let without = said(&|fields| drop(fields.remove("weight")));
    assert_eq!(without, "node `a`: a Conv1d needs `weight`, which is missing");
    assert_eq!(set("weight", H5Item::text("none")), without);
    for value in [f64::NAN, f64::INFINITY] {
        assert_eq!(set("bias", array(&[0.0, value])), "node `a`: `bias` has values that are not numbers");
    }
    assert_eq!(
        set("padding", H5Item::text("full")),
        "node `a`: `padding` is `full`: there are numbers, same and valid"
    );
    for number in [array(&[1.0, 2.0]), array(&[0.5]), array(&[-1.0]), array(&[65_537.0])] {
        assert_eq!(set("stride", number), "node `a`: `stride` is not a number from 0 to 65,536");
    }
}

/// A graph made by hand is held to what a file is held to.
#[test]
fn a_graph_made_by_hand_is_checked() {
    let said = |name: &str, node: NirNode| nested().with_node(name, node).check().unwrap_err().to_string();
    assert_eq!(nested().check(), Ok(()));
    let delay = |value: f64| NirNode::Delay { delay: Array::from(value) };
    assert_eq!(said("d", delay(f64::NAN)), "node `d`: `delay` has values that are not numbers");
    let pool = NirNode::SumPool2d { kernel_size: [2, usize::MAX], stride: None, padding: None };
    assert_eq!(said("p", pool), "node `p`: `kernel_size` is not two numbers from 0 to 65,536");
    let unknown = NirNode::Unknown { type_name: "LIF".to_owned(), arrays: BTreeMap::new(), texts: BTreeMap::new() };
    assert!(said("u", unknown).starts_with("node `u`: a LIF is a known type of node"));
    let edge = nested().with_edge("a", "none").check().unwrap_err().to_string();
    assert_eq!(edge, "an edge names `none`, which is not a node; nodes are: a, b, in, out");
    let mut graph = nested();
    inner(&mut graph).nodes.insert("d".to_owned(), delay(f64::INFINITY));
    assert!(graph.check().unwrap_err().to_string().starts_with("node `b.d`: `delay`"));
    assert!(nested().with_dt(0.0).check().is_err());
}

/// A node of no known type is kept, so that it can be reported.
#[test]
fn a_node_of_another_type_is_read() {
    let arrays = BTreeMap::from([("w".to_owned(), real(&[2], &[0.5, 1.0]))]);
    let texts = BTreeMap::from([("gate".to_owned(), "tanh".to_owned())]);
    let graph = nested().with_node("a", NirNode::Unknown { type_name: "GRU".to_owned(), arrays, texts });
    assert_eq!(parse(&bytes(&graph).unwrap()).unwrap(), graph);
    assert_eq!((graph.nodes["a"].type_name(), graph.nodes["a"].arrays().len()), ("GRU", 1));
}

/// A matrix with a bias is an affine layer, whatever its type says.
#[test]
fn a_linear_layer_with_a_bias_is_affine() {
    let graph = nested().with_node("a", NirNode::Linear { weight: real(&[2, 1], &[1.0, 2.0]) });
    let mut tree = h5::parse(&bytes(&graph).unwrap()).unwrap();
    fields(&mut tree, "a").insert("bias".to_owned(), H5Item::Array(Array::from(vec![0.5, 0.25])));
    let read = parse(&h5::bytes(&tree).unwrap()).unwrap();
    assert!(matches!(&read.nodes["a"], NirNode::Affine { bias, .. } if bias.real() == [0.5, 0.25]));
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = bytes(&nested()).unwrap();
    for cut in (0..whole.len()).step_by(97) {
        assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
    }
}
