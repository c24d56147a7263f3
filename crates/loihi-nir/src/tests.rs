//! Graphs are read as they were written, and what is wrong in a file is said with its node.

use super::import::ImportError;
use super::*;
use loihi_files::npz::Values;
use loihi_hdf5::{self as h5, H5Item};

fn real(shape: &[usize], values: &[f64]) -> Array {
    Array::new(shape.to_vec(), Values::Real(values.to_vec())).unwrap()
}

fn extents(values: &[i64]) -> Array {
    Array::new(vec![values.len()], Values::Whole(values.to_vec())).unwrap()
}

/// A graph with an inner one, whose neurons feed themselves.
fn nested() -> Graph {
    let lif = Node::layer("LIF")
        .with("tau", real(&[2], &[0.01; 2]))
        .with("r", real(&[2], &[1.0; 2]))
        .with("v_leak", real(&[2], &[0.0; 2]))
        .with("v_threshold", real(&[2], &[1.0, 0.3]));
    let end = |kind: &str, size| Node::layer(kind).with("shape", extents(&[size]));
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let own = Graph {
        nodes: BTreeMap::from([
            ("input".to_owned(), end("Input", 2)),
            ("lif".to_owned(), lif),
            ("output".to_owned(), end("Output", 2)),
            ("w.rec".to_owned(), Node::layer("Linear").with("weight", real(&[2, 2], &[0.1, 0.2, 0.3, 0.4]))),
        ]),
        edges: vec![edge("input", "lif"), edge("lif", "output"), edge("lif", "w.rec"), edge("w.rec", "lif")],
        ..Graph::default()
    };
    let conv = Node::layer("Conv1d").with("weight", real(&[2, 1, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    let mut conv = conv.with("bias", real(&[2], &[0.5, 0.25]));
    conv.words.insert("padding".to_owned(), "same".to_owned());
    Graph {
        nodes: BTreeMap::from([
            ("a".to_owned(), conv),
            ("b".to_owned(), Node { kind: NodeKind::Graph(own), ..Node::layer("") }),
            ("in".to_owned(), end("Input", 1)),
            ("out".to_owned(), end("Output", 2)),
        ]),
        edges: vec![edge("a", "b"), edge("b", "out"), edge("in", "a")],
        dt: Some(0.001),
        late_steps: Some(2),
    }
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
    let NodeKind::Graph(own) = &mut graph.nodes.get_mut("b").unwrap().kind else { panic!("no graph") };
    let lif = own.nodes.remove("lif").unwrap();
    own.nodes.insert("b".to_owned(), lif);
    let flat = parse(&bytes(&graph).unwrap()).unwrap().flat().unwrap();
    assert!(flat.edges.contains(&("a".to_owned(), "b.b".to_owned())), "{:?}", flat.edges);
}

/// The inner graph with a way from its input straight to its output.
fn with_straight_way() -> Graph {
    let mut graph = nested();
    let NodeKind::Graph(own) = &mut graph.nodes.get_mut("b").unwrap().kind else { panic!("no graph") };
    own.edges.push(("input".to_owned(), "output".to_owned()));
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
    let doubled = |from: &str, to: &str| {
        let mut graph = graph.clone();
        graph.edges.push((from.to_owned(), to.to_owned()));
        graph.flat().unwrap_err().what
    };
    let twice = "a second way from `a` to `out` leads straight through it, but edges count once";
    assert!(doubled("a", "out").starts_with(twice), "{}", doubled("a", "out"));
    assert!(doubled("b", "b").starts_with("a path leads straight through it and back to its start"));
    let mut around = nested();
    around.edges.push(("b".to_owned(), "b".to_owned()));
    assert!(edges(&around.flat().unwrap()).contains(&"b.lif > b.lif".to_owned()));
}

/// No node takes the place of another one, whatever dots are in their names.
#[test]
fn names_that_nest_stay_apart() {
    let mut graph = nested();
    let outer = graph.nodes["a"].clone();
    graph.nodes.insert("b.lif".to_owned(), outer.clone());
    graph.edges.push(("b".to_owned(), "b.lif".to_owned()));
    let flat = graph.flat().unwrap();
    assert_eq!(flat.nodes["b.lif"], outer);
    assert_eq!(flat.nodes["b..lif"].kind_name(), "LIF");
    assert!(edges(&flat).contains(&"b..lif > b.lif".to_owned()), "{:?}", flat.edges);
}

/// HDF5 takes a slash in a name for a group.
#[test]
fn names_with_slashes_are_those_of_nodes() {
    let mut graph = nested();
    let outer = graph.nodes.remove("a").unwrap();
    graph.nodes.insert("block/conv".to_owned(), outer.clone());
    for name in graph.edges.iter_mut().flat_map(|(from, to)| [from, to]).filter(|name| *name == "a") {
        "block/conv".clone_into(name);
    }
    graph.edges.sort_unstable();
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
    let tau = half.nodes["lif"].arrays["tau"].real();
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

#[test]
fn what_is_wrong_is_named_with_its_node() {
    let said = |change: &dyn Fn(&mut Graph)| {
        let mut graph = nested();
        change(&mut graph);
        let wrong = parse(&bytes(&graph).unwrap()).unwrap_err();
        wrong.of(std::path::Path::new("a.nir")).to_string()
    };
    let conv = |graph: &mut Graph| graph.nodes.remove("a").unwrap();
    assert_eq!(
        said(&|graph| drop(conv(graph))),
        "a.nir, node `node`: an edge names `a`, which is not a node; nodes are: b, in, out"
    );
    let without = said(&|graph| drop(graph.nodes.get_mut("a").unwrap().arrays.remove("weight")));
    assert_eq!(without, "a.nir, node `a`: a Conv1d has `weight`, but this one has none");
    let nan = said(&|graph| {
        graph.nodes.get_mut("a").unwrap().arrays.insert("bias".to_owned(), real(&[2], &[0.0, f64::NAN]));
    });
    assert_eq!(nan, "a.nir, node `a`: `bias` has values that are not numbers");
    let endless = said(&|graph| {
        graph.nodes.get_mut("a").unwrap().arrays.insert("bias".to_owned(), real(&[2], &[0.0, f64::INFINITY]));
    });
    assert_eq!(endless, nan);
}

/// A node of unknown type is kept, so that it can be reported.
#[test]
fn a_node_of_another_type_is_read() {
    let mut graph = nested();
    graph.nodes.get_mut("a").unwrap().kind = NodeKind::Layer("GRU".to_owned());
    assert_eq!(parse(&bytes(&graph).unwrap()).unwrap(), graph);
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = bytes(&nested()).unwrap();
    for cut in (0..whole.len()).step_by(97) {
        assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
    }
}
