//! From a network in the chip's integers to a graph of NIR with the same values, so that others can replay it.
//!
//! A step is a time of `dt`, which the file says; neurons become `CubaLIF` with `r = τ_mem / dt` and `w_in = τ_syn / dt`, so that an input of 1
//! adds 1 by Euler's rule. Voltages and weights are in the chip's units.

use super::{Graph, Node, NodeKind};
use loihi_core::num::ThresholdMantissa;
use loihi_files::npz::{Array, Values};
use loihi_net::network::{Connection, Depths, Each, Edge, Endpoint, Entry, Network, Population, Weights, planes, size};

/// The graph of a network.
///
/// # Errors
/// What NIR cannot say, in a sentence.
pub fn export(network: &Network) -> Result<Graph, String> {
    let dt = if network.dt_us > 0 { f64::from(u32::try_from(network.dt_us).unwrap_or(u32::MAX)) / 1e6 } else { 1.0 };
    let mut graph = Graph { dt: Some(dt), late_steps: Some(network.late_steps), ..Graph::default() };
    for population in &network.populations {
        neurons(&mut graph, population, dt)?;
    }
    for input in &network.inputs {
        graph.nodes.insert(input.name.clone(), end("Input", &input.shape));
        let (layer, to) = match &input.entry {
            Entry::Spikes => continue,
            Entry::Bias { population, gain_q16, .. } => {
                let scale = vec![f64::from(*gain_q16) / 65_536.0 * 255.0; size(&input.shape)];
                (Node::layer("Scale").with("scale", real(&input.shape, scale)), *population)
            }
            Entry::Weighted(weighted) => {
                let shape = [weighted.offsets.len(), size(&input.shape)];
                let weight = real(&shape, weighted.gains.iter().map(|gain| f64::from(*gain)).collect());
                let offsets = weighted.offsets.iter().map(|offset| f64::from(*offset)).collect();
                let layer = Node::layer("Affine").with("weight", weight);
                (layer.with("bias", real(&shape[..1], offsets)), weighted.population)
            }
        };
        let name = format!("{}_layer", input.name);
        link(&mut graph, &input.name, &name);
        link(&mut graph, &name, &network.populations[to].name);
        graph.nodes.insert(name, layer);
    }
    let more = more(network);
    for (number, connection) in network.connections.iter().enumerate() {
        if !subtracts(network, connection) {
            layer(&mut graph, network, number, connection, more[number])?;
        }
    }
    biases(&mut graph, network);
    if let Some(readout) = network.readout {
        let population = &network.populations[readout.population];
        let name = if graph.nodes.contains_key("output") { "output_" } else { "output" };
        graph.nodes.insert(name.to_owned(), end("Output", &population.shape));
        link(&mut graph, &population.name, name);
    }
    graph.edges.sort_unstable();
    graph.edges.dedup();
    Ok(graph)
}

/// By connection: how much more its delay is on the chip than in a file, whose layers take no step.
fn more(network: &Network) -> Vec<i32> {
    let from = |connection: &Connection| match connection.from {
        Endpoint::Input(_) => None,
        Endpoint::Population(at) => Some(at),
    };
    // A reader has populations in the order of their names.
    let mut order: Vec<usize> = (0..network.populations.len()).collect();
    order.sort_by_key(|at| &network.populations[*at].name);
    let place = |at: usize| order.iter().position(|own| *own == at).unwrap_or(at);
    let edge = |connection: &Connection| {
        let least = connection.delay.values().iter().map(|delay| delay.get()).min().unwrap_or(0);
        Edge {
            from: from(connection).map(place),
            to: place(connection.to),
            delay: u8::try_from(least).unwrap_or(u8::MAX),
        }
    };
    // A neuron that takes off its own threshold resets itself, which takes no step in a file.
    let counted: Vec<usize> =
        (0..network.connections.len()).filter(|at| !subtracts(network, &network.connections[*at])).collect();
    let edges: Vec<Edge> = counted.iter().map(|at| edge(&network.connections[*at])).collect();
    let depths = Depths::of_chip(network.populations.len(), &edges);
    let mut more = vec![0; network.connections.len()];
    for (number, (at, edge)) in counted.iter().zip(&edges).enumerate() {
        more[*at] = depths.more(number, *edge);
    }
    more
}

fn real(shape: &[usize], values: Vec<f64>) -> Array {
    let length = values.len();
    let array = Array::new(shape.to_vec(), Values::Real(values.clone()));
    array.or_else(|| Array::new(vec![length], Values::Real(values))).unwrap_or_else(|| real(&[0], Vec::new()))
}

fn whole(values: &[usize]) -> Array {
    let values: Vec<f64> = values.iter().map(|value| f64::from(u32::try_from(*value).unwrap_or(u32::MAX))).collect();
    let array = real(&[values.len()], values);
    Array::new(array.shape().to_vec(), Values::Whole(array.whole().unwrap_or_default())).unwrap_or(array)
}

/// A single whole number.
fn whole_number(value: usize) -> Array {
    Array::new(Vec::new(), Values::Whole(vec![i64::try_from(value).unwrap_or(i64::MAX)]))
        .unwrap_or_else(|| whole(&[value]))
}

fn end(kind: &str, shape: &[usize]) -> Node {
    Node::layer(kind).with("shape", whole(shape))
}

fn link(graph: &mut Graph, from: &str, to: &str) {
    graph.edges.push((from.to_owned(), to.to_owned()));
}

/// Whether it is the synapse by which a neuron takes off its own threshold: a reset, which NIR has no word for.
fn subtracts(network: &Network, connection: &Connection) -> bool {
    connection.from == Endpoint::Population(connection.to)
        && network.populations[connection.to].compartments.len() > 1
        && matches!(connection.weights, Weights::OneToOne(_))
}

/// Neurons: of several compartments the one that adds up, with the soma's threshold.
fn neurons(graph: &mut Graph, population: &Population, dt: f64) -> Result<(), String> {
    let parts = population.compartments.len();
    if parts > 3 {
        return Err(format!("`{}` has neurons of {parts} compartments, which NIR cannot say", population.name));
    }
    let (soma, adds) = (&population.compartments[parts - 1], &population.compartments[parts.saturating_sub(2)]);
    let first = &population.compartments[0];
    let each = |of: &dyn Fn(usize) -> f64| real(&population.shape, (0..population.neurons()).map(of).collect());
    let register = |of: &Each<loihi_core::image::Profile>, at: usize| {
        of.get(at).copied().unwrap_or(loihi_core::image::Profile::DEFAULT)
    };
    let share = |decay: i32| f64::from(decay) / 4096.0;
    // A voltage that lasts for ever has a time constant beyond any run.
    let tau = |decay: i32| dt / share(decay).max(1e-9);
    let decay_v = |at| register(adds, at).decay_v;
    let decay_u = |at| register(first, at).decay_u;
    let never = (0..population.neurons()).all(|at| register(soma, at).v_th >> 6 == ThresholdMantissa::MAX);
    let mut node = Node::layer(if never { "CubaLI" } else { "CubaLIF" })
        .with("tau_mem", each(&|at| tau(decay_v(at))))
        .with("tau_syn", each(&|at| tau(decay_u(at))))
        .with("r", each(&|at| tau(decay_v(at)) / dt))
        .with("w_in", each(&|at| tau(decay_u(at)) / dt))
        .with("v_leak", each(&|_| 0.0));
    if !never {
        node = node.with("v_threshold", each(&|at| f64::from(register(soma, at).v_th))).with("v_reset", each(&|_| 0.0));
    }
    graph.nodes.insert(population.name.clone(), node);
    Ok(())
}

/// The layer of a connection between these shapes, and a factor of all that it puts out, if it has none of its own.
fn synapses(
    connection: &Connection,
    shapes: [&[usize]; 2],
    [from, to]: [&str; 2],
) -> Result<(Node, Option<f64>), String> {
    let added = |mantissa: i16| 64.0 * f64::from(connection.folded(mantissa));
    let plain = planes(shapes[0]).is_some_and(|_| shapes[0].len() == 3 && shapes[1].len() == 3);
    let rows = shapes[0].len() == 2 && shapes[1].len() == 2;
    let node = match &connection.weights {
        Weights::Conv2d(conv) if rows && conv.shape[2] == 1 => {
            let [outputs, inputs, _, width] = conv.shape;
            let values = conv.weights.iter().map(|weight| added(*weight)).collect();
            Node::layer("Conv1d")
                .with("weight", real(&[outputs, inputs, width], values))
                .with("bias", real(&[outputs], vec![0.0; outputs]))
                .with("input_shape", whole_number(shapes[0][1]))
                .with("stride", whole_number(conv.stride[1]))
                .with("padding", whole_number(conv.padding[1]))
                .with("dilation", whole_number(conv.dilation[1]))
                .with("groups", whole_number(conv.groups))
        }
        Weights::Pool2d(pool) if plain => {
            let node = Node::layer("SumPool2d")
                .with("kernel_size", whole(&pool.kernel))
                .with("stride", whole(&pool.stride))
                .with("padding", whole(&pool.padding));
            return Ok((node, Some(added(pool.weight))));
        }
        Weights::Conv2d(conv) if plain => Node::layer("Conv2d")
            .with("weight", real(&conv.shape, conv.weights.iter().map(|weight| added(*weight)).collect()))
            .with("bias", real(&[conv.shape[0]], vec![0.0; conv.shape[0]]))
            .with("input_shape", whole(&shapes[0][1..]))
            .with("stride", whole(&conv.stride))
            .with("padding", whole(&conv.padding))
            .with("dilation", whole(&conv.dilation))
            .with("groups", whole_number(conv.groups)),
        Weights::OneToOne(weights) => {
            let values = (0..size(shapes[0])).map(|at| added(weights.get(at).copied().unwrap_or(0))).collect();
            Node::layer("Scale").with("scale", real(shapes[0], values))
        }
        _ => {
            let (sources, neurons) = (size(shapes[0]), size(shapes[1]));
            if shapes[1].len() > 1 {
                return Err(format!(
                    "what leads from `{from}` to `{to}` is not a convolution of images, and NIR has no other layer of shape {:?}",
                    shapes[1]
                ));
            }
            if sources.saturating_mul(neurons) > 1 << 24 {
                return Err(format!(
                    "what leads from `{from}` to `{to}` is too large for a matrix, and no convolution"
                ));
            }
            let mut values = vec![0.0; sources * neurons];
            let mut delays = false;
            for source in 0..sources {
                connection.visit(shapes, source, |neuron, weight, delay| {
                    values[neuron * sources + source] += added(weight);
                    delays |= delay
                        != usize::try_from(connection.delay.get(source).map_or(0, |delay| delay.get())).unwrap_or(0);
                });
            }
            if delays {
                return Err(format!("synapses from `{from}` to `{to}` have delays of their own, which NIR cannot say"));
            }
            Node::layer("Linear").with("weight", real(&[neurons, sources], values))
        }
    };
    Ok((node, None))
}

fn layer(
    graph: &mut Graph,
    network: &Network,
    number: usize,
    connection: &Connection,
    more: i32,
) -> Result<(), String> {
    let (from, to) = (network.name_of(connection.from).to_owned(), network.populations[connection.to].name.clone());
    if connection.learning.is_some() {
        return Err(format!("what leads from `{from}` to `{to}` learns, which NIR cannot say"));
    }
    let shapes = [network.shape_of(connection.from), network.shape_of(Endpoint::Population(connection.to))];
    let (node, scale) = synapses(connection, shapes, [&from, &to])?;
    let name = format!("{to}_from_{from}_{number}");
    let mut before = from;
    let steps: Vec<i32> =
        (0..size(shapes[0])).filter_map(|at| connection.delay.get(at).map(|delay| delay.get())).collect();
    if steps.iter().any(|steps| *steps > more) {
        let dt = graph.dt.unwrap_or(1.0);
        let delay = format!("{name}_delay");
        let values = steps.iter().map(|steps| f64::from(*steps - more) * dt).collect();
        graph.nodes.insert(delay.clone(), Node::layer("Delay").with("delay", real(shapes[0], values)));
        link(graph, &before, &delay);
        before = delay;
    }
    let matrix = node.kind_name() == "Linear";
    if matrix && shapes[0].len() > 1 {
        let flatten = format!("{name}_flatten");
        let node = Node::layer("Flatten")
            .with("input_type", whole(shapes[0]))
            .with("start_dim", whole_number(0))
            .with("end_dim", Array::new(Vec::new(), Values::Whole(vec![-1])).unwrap_or_else(|| whole(&[0])));
        graph.nodes.insert(flatten.clone(), node);
        link(graph, &before, &flatten);
        before = flatten;
    }
    link(graph, &before, &name);
    let mut last = name.clone();
    if let Some(factor) = scale {
        last = format!("{name}_scale");
        link(graph, &name, &last);
        graph
            .nodes
            .insert(last.clone(), Node::layer("Scale").with("scale", real(shapes[1], vec![factor; size(shapes[1])])));
    }
    link(graph, &last, &to);
    graph.nodes.insert(name, node);
    Ok(())
}

/// Biases enter the voltage: a leak voltage of the same effect.
fn biases(graph: &mut Graph, network: &Network) {
    for population in &network.populations {
        let Some(node) = graph.nodes.get_mut(&population.name).filter(|node| matches!(node.kind, NodeKind::Layer(_)))
        else {
            continue;
        };
        let bias = |at: usize| f64::from(population.bias.get(at).map_or(0, |bias| bias.value()));
        let Some(r) = node.arrays.get("r").map(Array::real) else { continue };
        let leak = r.iter().enumerate().map(|(at, r)| bias(at) * r).collect();
        node.arrays.insert("v_leak".to_owned(), real(&population.shape, leak));
    }
}
