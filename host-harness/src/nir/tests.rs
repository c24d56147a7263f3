//! Graphs are read as they were written, and what is wrong in a file is said with its node.

use super::*;
use crate::npz::Values;

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
            ("b".to_owned(), Node { kind: Kind::Graph(own), ..Node::layer("") }),
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
    let Kind::Graph(own) = &mut graph.nodes.get_mut("b").unwrap().kind else { panic!("no graph") };
    let lif = own.nodes.remove("lif").unwrap();
    own.nodes.insert("b".to_owned(), lif);
    let flat = parse(&bytes(&graph).unwrap()).unwrap().flat().unwrap();
    assert!(flat.edges.contains(&("a".to_owned(), "b.b".to_owned())), "{:?}", flat.edges);
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
        "a.nir, node `node`: an edge names `a`, which is no node; there are: b, in, out"
    );
    let without = said(&|graph| drop(graph.nodes.get_mut("a").unwrap().arrays.remove("weight")));
    assert_eq!(without, "a.nir, node `a`: a Conv1d has `weight`, but this one has none");
    let nan = said(&|graph| {
        graph.nodes.get_mut("a").unwrap().arrays.insert("bias".to_owned(), real(&[2], &[0.0, f64::NAN]));
    });
    assert_eq!(nan, "a.nir, node `a`: `bias` has values that are no numbers");
    let endless = said(&|graph| {
        graph.nodes.get_mut("a").unwrap().arrays.insert("bias".to_owned(), real(&[2], &[0.0, f64::INFINITY]));
    });
    assert_eq!(endless, nan);
}

/// What is of no known type is kept, so that it can be rated.
#[test]
fn a_node_of_another_type_is_read() {
    let mut graph = nested();
    graph.nodes.get_mut("a").unwrap().kind = Kind::Layer("GRU".to_owned());
    assert_eq!(parse(&bytes(&graph).unwrap()).unwrap(), graph);
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = bytes(&nested()).unwrap();
    for cut in (0..whole.len()).step_by(97) {
        assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
    }
}
