//! Networks on the chip against the same networks in floating point.

use super::*;
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_files::npz::{Array, Values};
use loihi_net::network::{Each, Network, Weights};
use loihi_nir::import::{Fidelity, Imported};
use loihi_nir::{self as nir, NirNode, Padding};
use loihi_place::place::place;
use loihi_run::inference::{Inference, Stimulus};
use std::path::Path;

mod field;
mod graphs;
mod handmade;
mod single_neuron;

fn real(shape: &[usize], values: Vec<f64>) -> Array {
    Array::new(shape.to_vec(), Values::Real(values)).unwrap()
}

fn graph(nodes: Vec<(&str, NirNode)>, edges: &[(&str, &str)]) -> Graph {
    let all = |graph: Graph, (name, node)| Graph::with_node(graph, name, node);
    nodes.into_iter().fold(Graph::default(), all).with_edges(edges.iter().copied())
}

fn input(shape: &[usize]) -> NirNode {
    NirNode::Input { shape: shape.to_vec() }
}

fn output(shape: &[usize]) -> NirNode {
    NirNode::Output { shape: shape.to_vec() }
}

fn lif(neurons: usize, tau: f64, r: f64, threshold: f64) -> NirNode {
    let each = |value| real(&[neurons], vec![value; neurons]);
    NirNode::Lif { tau: each(tau), r: each(r), v_leak: each(0.0), v_threshold: each(threshold), v_reset: None }
}

fn charged(r: Array, v_threshold: Array) -> NirNode {
    NirNode::If { r, v_threshold, v_reset: None }
}

fn linear([outputs, inputs]: [usize; 2], values: Vec<f64>) -> NirNode {
    NirNode::Linear { weight: real(&[outputs, inputs], values) }
}

fn conv2d(weight: Array, padding: Padding<[usize; 2]>, dilation: [usize; 2]) -> NirNode {
    let dilation = Some(dilation);
    NirNode::Conv2d {
        weight,
        bias: None,
        stride: None,
        padding: Some(padding),
        dilation,
        groups: None,
        input_shape: None,
    }
}

/// Number of a draw, −1 to 1.
fn draw(purpose: u32, at: u32) -> f64 {
    f64::from(word(7, purpose, at, 0)) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// Spikes of the population that is read: step and neuron.
fn spikes(network: &Network, stimulus: &Stimulus) -> Vec<(u32, usize)> {
    let placed = place(network, loihi_place::place::PlacementOptions::default()).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(32 << 20)), RetryPolicy::default(), 1, || false).unwrap();
    let mut inference = Inference::new(&mut session, network, &placed).unwrap();
    let read = network.readout.unwrap().population;
    let mut spikes = Vec::new();
    let visit = |spike: loihi_run::inference::Spike| {
        if spike.population == read {
            spikes.push((spike.step, spike.neuron));
        }
    };
    inference.run(stimulus, visit).unwrap();
    spikes.sort_unstable();
    spikes
}

/// A trained network with biases, two hidden layers and a reset that subtracts fires as often as it does in floating
/// point, two steps later: 95 of 100 spikes over 50 steps, and each neuron to two.
#[test]
fn a_trained_network_fires_as_in_floating_point() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/nir/kws_fc128x2.nir");
    let graph = nir::read(&path).unwrap();
    let options = QuantiseOptions { reset: Reset::Subtract, input: InputAs::Values, ..QuantiseOptions::default() };
    let imported = quantise(&graph, "kws", options).unwrap();
    assert!(imported.said[0].starts_with("dt = 0.0001: the file does not say"), "{:?}", imported.said);
    assert_eq!(imported.fidelity(), Fidelity::Approximate);
    insta::assert_snapshot!(imported.table());
    let layers: Vec<[Vec<f64>; 2]> = ["0", "2", "4"]
        .iter()
        .map(|name| ["weight", "bias"].map(|field| graph.nodes[*name].array(field).unwrap().real()))
        .collect();
    let (mut off, mut worst, mut fired) = (0, 0, 0);
    for sample in 0..8_u32 {
        let level = |step: u32, at: u32| f64::midpoint(draw(sample, at + 20 * (step / 10)), 1.0);
        let mut wanted = vec![[false; 10]; 50];
        let mut states: Vec<(Vec<f64>, Vec<f64>)> =
            layers.iter().map(|[_, bias]| (vec![0.0; bias.len()], vec![0.0; bias.len()])).collect();
        for (step, wanted) in (0..).zip(&mut wanted) {
            let mut x: Vec<f64> = (0..20).map(|at| (level(step, at) * 4096.0).round() / 4096.0).collect();
            for ([weight, bias], (v, spike)) in layers.iter().zip(&mut states) {
                for at in 0..bias.len() {
                    let row = &weight[at * x.len()..(at + 1) * x.len()];
                    let sum: f64 = row.iter().zip(&x).map(|(weight, x)| weight * x).sum();
                    v[at] = 0.95 * v[at] + sum + bias[at] - spike[at];
                    spike[at] = f64::from(u8::from(v[at] > 1.0));
                }
                x.clone_from(spike);
            }
            x.iter().zip(wanted).for_each(|(x, wanted)| *wanted = *x > 0.5);
        }
        #[expect(clippy::cast_possible_truncation, reason = "0 to 4096")]
        let row = |step| (0..20).map(|at| (level(step, at) * 4096.0).round() as i16).collect();
        let values = (0..52).map(|step| (step, 0, row(step))).collect();
        let found = spikes(&imported.network, &Stimulus { steps: 52, values, ..Stimulus::default() });
        for neuron in 0..10 {
            let count = found.iter().filter(|(step, own)| *step >= 2 && *own == neuron).count();
            let expected = wanted.iter().filter(|step| step[neuron]).count();
            (off, fired) = (off + count.abs_diff(expected), fired + expected);
            worst = worst.max(count.abs_diff(expected));
        }
    }
    assert!(fired > 100, "{fired} spikes say little");
    assert!(worst <= 2 && off * 20 <= fired, "{off} spikes too many or too few of {fired}, {worst} at one neuron");
}

/// Pool, flatten, matrix and scale in a row are the weights that they make together.
#[test]
fn layers_without_neurons_are_folded() {
    let weights: Vec<f64> = (0..8).map(|at| draw(1, at)).collect();
    let pool = NirNode::AvgPool2d { kernel_size: [2; 2], stride: Some([2; 2]), padding: Some([0; 2]) };
    let graph = graph(
        vec![
            ("in", input(&[2, 2, 4])),
            ("pool", pool),
            ("flat", NirNode::Flatten { input_type: None, start_dim: None, end_dim: None }),
            ("fc", linear([2, 4], weights.clone())),
            ("scale", NirNode::Scale { scale: real(&[2], vec![1.0, -2.0]) }),
            ("lif", lif(2, 0.01, 10.0, 1.0)),
            ("out", output(&[2])),
        ],
        &[("in", "pool"), ("pool", "flat"), ("flat", "fc"), ("fc", "scale"), ("scale", "lif"), ("lif", "out")],
    );
    let imported = quantise(&graph, "n", QuantiseOptions::default()).unwrap();
    let [connection] = &*imported.network.connections else { panic!("{:?}", imported.network.connections) };
    let Weights::Dense(found) = &connection.weights else { panic!("{:?}", connection.weights) };
    for neuron in 0..2 {
        let v_th = imported.network.populations[0].compartments[0].get(neuron).unwrap().v_th / 64;
        for source in 0..16 {
            let pooled = source / 8 * 2 + source % 4 / 2;
            let wanted = weights[neuron * 4 + pooled] / 4.0 * [1.0, -2.0][neuron];
            let held = f64::from(connection.folded(found[neuron * 16 + source])) / f64::from(v_th);
            assert!((held - wanted).abs() < 0.003, "neuron {neuron}, source {source}: {held}, not {wanted}");
        }
    }
}

/// A pool before a convolution becomes part of its kernel: the same synapses as those of the two in a row.
#[test]
fn a_pool_before_a_convolution_is_part_of_its_kernel() {
    let weights: Vec<f64> = (0..2 * 2 * 9).map(|at| draw(4, at)).collect();
    let pool = NirNode::SumPool2d { kernel_size: [2, 3], stride: Some([2, 3]), padding: None };
    let conv = conv2d(real(&[2, 2, 3, 3], weights), Padding::Zeros([1; 2]), [1; 2]);
    let values = |value: f64| real(&[2, 3, 3], vec![value; 18]);
    let neurons = charged(values(1.0), values(2.0));
    let nodes = |shape: &[usize]| vec![("in", input(shape)), ("conv", conv.clone()), ("if", neurons.clone())];
    let one = quantise(&graph(nodes(&[2, 3, 3]), &[("in", "conv"), ("conv", "if")]), "n", QuantiseOptions::default())
        .unwrap();
    let mut with_pool = nodes(&[2, 6, 9]);
    with_pool.push(("pool", pool));
    let two = graph(with_pool, &[("in", "pool"), ("pool", "conv"), ("conv", "if")]);
    let two = quantise(&two, "n", QuantiseOptions::default()).unwrap();
    let [one, two] = [one, two].map(|imported| imported.network.connections[0].clone());
    assert!(matches!(two.weights, Weights::Conv2d(_)), "{:?}", two.weights);
    for source in 0..2 * 6 * 9 {
        let pooled = source / 54 * 9 + source / 9 % 6 / 2 * 3 + source % 9 / 3;
        let (mut wanted, mut found) = (Vec::new(), Vec::new());
        one.visit([&[2, 3, 3], &[2, 3, 3]], pooled, |neuron, weight, _| wanted.push((neuron, weight)));
        two.visit([&[2, 6, 9], &[2, 3, 3]], source, |neuron, weight, _| found.push((neuron, weight)));
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "source {source}");
    }
}

#[test]
fn what_is_exported_computes_the_same() {
    let weights = (0..12).map(|at| 0.2 + draw(2, at) / 2.0).collect();
    let nodes = vec![
        ("in", input(&[4])),
        ("fc", linear([3, 4], weights)),
        ("lif", lif(3, 0.01, 10.0, 1.0)),
        ("delay", NirNode::Delay { delay: real(&[3], vec![0.0, 0.003, 0.007]) }),
        ("back", linear([3, 3], (0..9).map(|at| draw(3, at) / 2.0).collect())),
        ("out", output(&[3])),
    ];
    let edges = [("in", "fc"), ("fc", "lif"), ("lif", "delay"), ("delay", "back"), ("back", "lif"), ("lif", "out")];
    let first = quantise(&graph(nodes, &edges), "n", QuantiseOptions::default()).unwrap().network;
    assert_eq!(first.dt_us, 1000);
    let exported = nir::export(&first).unwrap();
    assert_eq!(nir::parse(&nir::bytes(&exported).unwrap()).unwrap(), exported);
    let second =
        quantise(&exported, "n", QuantiseOptions { dt: Some(0.001), ..QuantiseOptions::default() }).unwrap().network;
    let spikes_in = (0..60).flat_map(|step| (0..4).map(move |at| (step, 0, at)));
    let spikes_in =
        spikes_in.filter(|(step, _, at)| word(5, *step, u32::try_from(*at).unwrap(), 0).is_multiple_of(3)).collect();
    let stimulus = Stimulus { steps: 60, spikes: spikes_in, ..Stimulus::default() };
    let found = spikes(&first, &stimulus);
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(spikes(&second, &stimulus), found);
}

/// Nine of ten sources fire in every step: their sum does not wrap, and what never fires does not leave its register.
#[test]
fn sums_of_many_spikes_stay_in_their_registers() {
    let weights: Vec<f64> = [0.5, 1.0].iter().flat_map(|weight| [*weight; 100]).collect();
    let two = |value| real(&[2], vec![value; 2]);
    let leaky = NirNode::Li { tau: two(0.02), r: two(1.0), v_leak: two(0.0) };
    let with_current =
        NirNode::CubaLi { tau_mem: two(0.02), tau_syn: two(0.02), r: two(1.0), v_leak: two(0.0), w_in: None };
    let sums = |node: Option<NirNode>| {
        let mut nodes = vec![("in", input(&[100])), ("fc", linear([2, 100], weights.clone()))];
        nodes.push(("out", output(&[2])));
        let edges: &[_] = match node {
            Some(node) => {
                nodes.push(("sums", node));
                &[("in", "fc"), ("fc", "sums"), ("sums", "out")]
            }
            None => &[("in", "fc"), ("fc", "out")],
        };
        let options = QuantiseOptions { dt: Some(0.001), steps: 50, ..QuantiseOptions::default() };
        quantise(&graph(nodes, edges), "n", options).unwrap()
    };
    let every: Vec<_> = (0..50).flat_map(|step| (0..90).map(move |at| (step, 0, at))).collect();
    let stimulus = Stimulus { steps: 50, spikes: every, ..Stimulus::default() };
    for node in [None, Some(leaky), Some(with_current)] {
        let network = sums(node).network;
        let placed = place(&network, loihi_place::place::PlacementOptions::default()).unwrap();
        let mut session =
            Session::open(Box::new(InProcess::new(1 << 20)), RetryPolicy::default(), 1, || false).unwrap();
        let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
        inference.run(&stimulus, |spike| panic!("step {}", spike.step)).unwrap();
        let read = network.readout.unwrap().population;
        let [half, all] = inference.read(Register::V, read).unwrap()[..] else { panic!("two neurons") };
        assert!(half > 1 << 16 && (all - 2 * half).abs() < half / 1000, "{half} and {all}");
    }
    let fires = sums(Some(charged(two(1.0), two(40.0))));
    let volley = Stimulus { steps: 1, ..stimulus };
    assert_eq!(spikes(&fires.network, &volley), [(0, 0), (0, 1)]);
}

/// Values without spikes drive neurons that never fire.
#[test]
fn values_add_up_in_neurons_that_never_fire() {
    let each = |value| real(&[2], vec![value; 2]);
    let node = NirNode::Li { tau: each(0.02), r: each(1.0), v_leak: each(0.0) };
    let nodes = vec![
        ("in", input(&[4])),
        ("fc", linear([2, 4], vec![0.1, 0.2, 0.3, -0.4, 0.2, 0.4, 0.6, -0.8])),
        ("li", node),
        ("out", output(&[2])),
    ];
    let options = QuantiseOptions { dt: Some(0.001), input: InputAs::Values, steps: 30, ..QuantiseOptions::default() };
    let network = quantise(&graph(nodes, &[("in", "fc"), ("fc", "li"), ("li", "out")]), "n", options).unwrap().network;
    let placed = place(&network, loihi_place::place::PlacementOptions::default()).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(1 << 20)), RetryPolicy::default(), 1, || false).unwrap();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let values = (0..30).map(|step| (step, 0, vec![4096, 4096, 4096, 0])).collect();
    let stimulus = Stimulus { steps: 30, values, ..Stimulus::default() };
    inference.run(&stimulus, |spike| panic!("step {}", spike.step)).unwrap();
    let [one, two] = inference.read(Register::V, 0).unwrap()[..] else { panic!("two neurons") };
    assert!(one > 1 << 16 && (two - 2 * one).abs() < one / 500, "{one} and {two}");
}

/// Neurons whose current lasts, with biases, values and spikes, and both resets: the spikes of their equations.
#[test]
fn currents_that_last_take_biases_and_values() {
    const NEURONS: usize = 8;
    let each = |value: f64| real(&[NEURONS], vec![value; NEURONS]);
    let weights: Vec<f64> = (0..NEURONS * 4).map(|at| 0.3 + draw(11, u32::try_from(at).unwrap())).collect();
    let bias: Vec<f64> = (0..NEURONS).map(|at| 0.4 + draw(12, u32::try_from(at).unwrap()) / 2.0).collect();
    let fc = NirNode::Affine { weight: real(&[NEURONS, 4], weights.clone()), bias: real(&[NEURONS], bias.clone()) };
    let cuba = NirNode::CubaLif {
        tau_mem: each(0.01),
        tau_syn: each(0.005),
        r: each(10.0),
        v_leak: each(0.0),
        v_threshold: each(1.5),
        v_reset: None,
        w_in: Some(each(1.0)),
    };
    let nodes = vec![("in", input(&[4])), ("fc", fc), ("cuba", cuba), ("out", output(&[NEURONS]))];
    let graph = graph(nodes, &[("in", "fc"), ("fc", "cuba"), ("cuba", "out")]);
    for (reset, input) in
        [(Reset::Zero, InputAs::Values), (Reset::Subtract, InputAs::Values), (Reset::Subtract, InputAs::Spikes)]
    {
        let options = QuantiseOptions { dt: Some(0.001), reset, input, ..QuantiseOptions::default() };
        let imported = quantise(&graph, "n", options).unwrap();
        let level = |step: u32, at: usize| {
            let level = f64::midpoint(draw(13, 4 * (step / 8) + u32::try_from(at).unwrap()), 1.0);
            if input == InputAs::Values { (level * 4096.0).round() / 4096.0 } else { f64::from(u8::from(level > 0.7)) }
        };
        let mut stimulus = Stimulus { steps: 200, ..Stimulus::default() };
        let (mut u, mut v, mut fired) = ([0.0; NEURONS], [0.0; NEURONS], [false; NEURONS]);
        let mut wanted = Vec::new();
        for step in 0..stimulus.steps {
            let x: Vec<f64> = (0..4).map(|at| level(step, at)).collect();
            for neuron in 0..NEURONS {
                let sum: f64 = weights[4 * neuron..].iter().zip(&x).map(|(weight, x)| weight * x).sum();
                u[neuron] = 0.8 * u[neuron] + 0.2 * (sum + bias[neuron]);
                v[neuron] = 0.9 * v[neuron] + u[neuron];
                if reset == Reset::Subtract && fired[neuron] {
                    v[neuron] -= 1.5;
                }
                fired[neuron] = v[neuron] > 1.5;
                if fired[neuron] {
                    wanted.push((step, neuron));
                    v[neuron] = if reset == Reset::Zero { 0.0 } else { v[neuron] };
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "0 to 4096")]
            if input == InputAs::Values {
                stimulus.values.push((step, 0, x.iter().map(|x| (x * 4096.0) as i16).collect()));
            } else {
                stimulus.spikes.extend((0..4).filter(|at| x[*at] > 0.5).map(|at| (step, 0, at)));
            }
        }
        let found = spikes(&imported.network, &stimulus);
        assert!(wanted.len() > 100, "{reset:?}, {input:?}: {} spikes say little", wanted.len());
        if reset == Reset::Zero {
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{input:?}");
        }
        // A reset that subtracts keeps what registers have rounded, and some spikes come a step sooner or later.
        let near =
            |(step, neuron): &&(u32, usize)| found.iter().any(|(own, of)| of == neuron && own.abs_diff(*step) <= 1);
        let nears = wanted.iter().filter(near).count();
        assert!(20 * nears >= 19 * wanted.len(), "{input:?}: {nears} of {} spikes in their steps", wanted.len());
        for neuron in 0..NEURONS {
            let [found, wanted] =
                [&found, &wanted].map(|spikes| spikes.iter().filter(|(_, own)| *own == neuron).count());
            assert!(found.abs_diff(wanted) <= 1, "{input:?}, neuron {neuron}: {found} spikes, not {wanted}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_with_its_node() {
    let plain = || {
        vec![
            ("in", input(&[4])),
            ("fc", linear([3, 4], vec![0.1; 12])),
            ("lif", lif(3, 0.01, 10.0, 1.0)),
            ("out", output(&[3])),
        ]
    };
    let edges = [("in", "fc"), ("fc", "lif"), ("lif", "out")];
    let said = |nodes: Vec<(&str, NirNode)>, edges: &[(&str, &str)]| {
        quantise(&graph(nodes, edges), "n", QuantiseOptions::default()).unwrap_err().of(Path::new("a.nir")).to_string()
    };
    let with = |name: &'static str, node: NirNode| {
        let mut nodes = plain();
        nodes.retain(|(own, _)| *own != name);
        nodes.push((name, node));
        nodes
    };
    let shape = said(with("fc", linear([3, 5], vec![0.1; 15])), &edges);
    assert_eq!(shape, "a.nir, node `fc`: `weight` of shape [3, 5] does not fit its input of shape [4]");
    let rows = said(with("fc", linear([2, 4], vec![0.1; 8])), &edges);
    assert_eq!(rows, "a.nir, node `lif`: it has neurons of shape [3], but `fc` gives [2]");
    let dt = said(with("lif", lif(3, -0.01, 1.0, 1.0)), &edges);
    assert_eq!(dt, "a.nir, node `lif`: a time constant of -0.01 is not above 0");
    let threshold = said(with("lif", lif(3, 0.01, 10.0, -1.0)), &edges);
    assert!(threshold.starts_with("a.nir, node `lif`: a threshold of -1 above the reset"), "{threshold}");
    let mut circle = plain();
    circle.push(("again", linear([4, 3], vec![0.1; 12])));
    let circle = said(circle, &[edges[0], edges[1], edges[2], ("fc", "again"), ("again", "fc")]);
    assert!(circle.contains("it waits for itself"), "{circle}");
    let none = said(plain(), &edges[1..]);
    assert_eq!(none, "a.nir, node `fc`: no edge leads to it");
}
