//! From a network in the chip's integers to a graph of NIR with the same values, so that others can replay it.
//!
//! A step is a time of `dt`, which the file says; neurons become `CubaLIF` with `r = τ_mem / dt` and `w_in = τ_syn / dt`, so that an input of 1
//! adds 1 by Euler's rule. Voltages and weights are in the chip's units.

use super::{Graph, NirNode, Padding};
use loihi_core::image::Profile;
use loihi_core::num::ThresholdMantissa;
use loihi_files::npz::{Array, Values};
use loihi_net::network::{Connection, Depths, Each, Edge, Endpoint, Entry, Network, Population, Weights, planes, size};

/// Why a network is not a graph of NIR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Neurons with more compartments than a reset or a current needs.
    #[error("`{population}` has neurons of {compartments} compartments, which NIR cannot say")]
    Compartments {
        /// The population.
        population: String,
        /// Compartments of a neuron.
        compartments: usize,
    },
    /// A connection to neurons with several extents that is not a convolution.
    #[error(
        "what leads from `{from}` to `{to}` is not a convolution of images, and NIR has no other layer of shape {shape:?}"
    )]
    NotAConvolution {
        /// The source.
        from: String,
        /// The population that it leads to.
        to: String,
        /// The shape of the population.
        shape: Vec<usize>,
    },
    /// A connection whose matrix would have more than 2^24 elements.
    #[error("what leads from `{from}` to `{to}` is too large for a matrix, and no convolution")]
    TooLarge {
        /// The source.
        from: String,
        /// The population that it leads to.
        to: String,
    },
    /// Synapses of one source with different delays.
    #[error("synapses from `{from}` to `{to}` have delays of their own, which NIR cannot say")]
    Delays {
        /// The source.
        from: String,
        /// The population that they lead to.
        to: String,
    },
    /// A connection with a learning rule.
    #[error("what leads from `{from}` to `{to}` learns, which NIR cannot say")]
    Learns {
        /// The source.
        from: String,
        /// The population that it leads to.
        to: String,
    },
}

/// The graph of a network.
///
/// # Errors
/// [`ExportError`] names what NIR cannot say. What a graph leaves out without another meaning, [`unsaid`](super::unsaid) says.
pub fn export(network: &Network) -> Result<Graph, ExportError> {
    let dt = if network.dt_us > 0 { f64::from(u32::try_from(network.dt_us).unwrap_or(u32::MAX)) / 1e6 } else { 1.0 };
    let mut graph = Graph::default().with_dt(dt).with_late_steps(network.late_steps);
    for population in &network.populations {
        let node = neurons(population, dt)?;
        graph.nodes.insert(population.name.clone(), node);
    }
    for input in &network.inputs {
        graph.nodes.insert(input.name.clone(), NirNode::Input { shape: input.shape.clone() });
        let (layer, to) = match &input.entry {
            Entry::Spikes => continue,
            Entry::Bias { population, gain_q16, .. } => {
                let scale = vec![f64::from(*gain_q16) / 65_536.0 * 255.0; size(&input.shape)];
                (NirNode::Scale { scale: real(&input.shape, scale) }, *population)
            }
            Entry::Weighted(weighted) => {
                let shape = [weighted.offsets.len(), size(&input.shape)];
                let weight = real(&shape, weighted.gains.iter().map(|gain| f64::from(*gain)).collect());
                let offsets = weighted.offsets.iter().map(|offset| f64::from(*offset)).collect();
                (NirNode::Affine { weight, bias: real(&shape[..1], offsets) }, weighted.population)
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
    if let Some(readout) = network.readout {
        let population = &network.populations[readout.population];
        let name = if graph.nodes.contains_key("output") { "output_" } else { "output" };
        graph.nodes.insert(name.to_owned(), NirNode::Output { shape: population.shape.clone() });
        link(&mut graph, &population.name, name);
    }
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

/// Whole numbers in a row.
fn whole(values: &[usize]) -> Array {
    Array::from(values.iter().map(|value| whole_number(*value)).collect::<Vec<i64>>())
}

fn whole_number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn link(graph: &mut Graph, from: &str, to: &str) {
    graph.edges.insert((from.to_owned(), to.to_owned()));
}

/// Whether it is the synapse by which a neuron takes off its own threshold: a reset, which NIR has no word for.
fn subtracts(network: &Network, connection: &Connection) -> bool {
    connection.from == Endpoint::Population(connection.to)
        && network.populations[connection.to].compartments.len() > 1
        && matches!(connection.weights, Weights::OneToOne(_))
}

/// Neurons: of several compartments the one that adds up, with the soma's threshold. Biases enter the voltage: they become a
/// leak voltage of the same effect.
fn neurons(population: &Population, dt: f64) -> Result<NirNode, ExportError> {
    let parts = population.compartments.len();
    if parts > 3 {
        return Err(ExportError::Compartments { population: population.name.clone(), compartments: parts });
    }
    let (soma, adds) = (&population.compartments[parts - 1], &population.compartments[parts.saturating_sub(2)]);
    let first = &population.compartments[0];
    let each = |of: &dyn Fn(usize) -> f64| real(&population.shape, (0..population.neurons()).map(of).collect());
    let register = |of: &Each<Profile>, at: usize| of.get(at).copied().unwrap_or(Profile::DEFAULT);
    let share = |decay: i32| f64::from(decay) / 4096.0;
    // A voltage that lasts for ever has a time constant beyond any run.
    let tau = |decay: i32| dt / share(decay).max(1e-9);
    let (mem, syn) = (|at| tau(register(adds, at).decay_v), |at| tau(register(first, at).decay_u));
    let bias = |at: usize| f64::from(population.bias.get(at).map_or(0, |bias| bias.value()));
    let (tau_mem, tau_syn) = (each(&mem), each(&syn));
    let (r, w_in) = (each(&|at| mem(at) / dt), Some(each(&|at| syn(at) / dt)));
    let v_leak = each(&|at| bias(at) * (mem(at) / dt));
    let never = (0..population.neurons()).all(|at| register(soma, at).v_th >> 6 == ThresholdMantissa::MAX);
    Ok(if never {
        NirNode::CubaLi { tau_mem, tau_syn, r, v_leak, w_in }
    } else {
        let v_threshold = each(&|at| f64::from(register(soma, at).v_th));
        NirNode::CubaLif { tau_mem, tau_syn, r, v_leak, v_threshold, v_reset: Some(each(&|_| 0.0)), w_in }
    })
}

/// The layer of a connection between these shapes, and a factor of all that it puts out, if it has none of its own.
fn synapses(
    connection: &Connection,
    shapes: [&[usize]; 2],
    [from, to]: [&str; 2],
) -> Result<(NirNode, Option<f64>), ExportError> {
    let added = |mantissa: i16| added(connection, mantissa);
    let plain = planes(shapes[0]).is_some_and(|_| shapes[0].len() == 3 && shapes[1].len() == 3);
    let rows = shapes[0].len() == 2 && shapes[1].len() == 2;
    let kernels = |shape: &[usize], weights: &[i16]| real(shape, weights.iter().map(|weight| added(*weight)).collect());
    let node = match &connection.weights {
        Weights::Conv2d(conv) if rows && conv.shape[2] == 1 => {
            let [outputs, inputs, _, width] = conv.shape;
            NirNode::Conv1d {
                weight: kernels(&[outputs, inputs, width], &conv.weights),
                bias: Some(real(&[outputs], vec![0.0; outputs])),
                stride: Some(conv.stride[1]),
                padding: Some(Padding::Zeros(conv.padding[1])),
                dilation: Some(conv.dilation[1]),
                groups: Some(conv.groups),
                input_shape: Some(Array::from(whole_number(shapes[0][1]))),
            }
        }
        Weights::Pool2d(pool) if plain => {
            let (kernel_size, stride, padding) = (pool.kernel, Some(pool.stride), Some(pool.padding));
            return Ok((NirNode::SumPool2d { kernel_size, stride, padding }, Some(added(pool.weight))));
        }
        Weights::Conv2d(conv) if plain => NirNode::Conv2d {
            weight: kernels(&conv.shape, &conv.weights),
            bias: Some(real(&[conv.shape[0]], vec![0.0; conv.shape[0]])),
            stride: Some(conv.stride),
            padding: Some(Padding::Zeros(conv.padding)),
            dilation: Some(conv.dilation),
            groups: Some(conv.groups),
            input_shape: Some(whole(&shapes[0][1..])),
        },
        Weights::OneToOne(weights) => {
            let values = (0..size(shapes[0])).map(|at| added(weights.get(at).copied().unwrap_or(0))).collect();
            NirNode::Scale { scale: real(shapes[0], values) }
        }
        _ => linear(connection, shapes, [from, to])?,
    };
    Ok((node, None))
}

/// The layer of a connection as one matrix.
fn linear(connection: &Connection, shapes: [&[usize]; 2], [from, to]: [&str; 2]) -> Result<NirNode, ExportError> {
    let own = str::to_owned;
    let (sources, neurons) = (size(shapes[0]), size(shapes[1]));
    if shapes[1].len() > 1 {
        return Err(ExportError::NotAConvolution { from: own(from), to: own(to), shape: shapes[1].to_vec() });
    }
    if sources.saturating_mul(neurons) > 1 << 24 {
        return Err(ExportError::TooLarge { from: own(from), to: own(to) });
    }
    let mut values = vec![0.0; sources * neurons];
    let mut delays = false;
    for source in 0..sources {
        let common = usize::try_from(connection.delay.get(source).map_or(0, |delay| delay.get())).unwrap_or(0);
        connection.visit(shapes, source, |neuron, weight, delay| {
            values[neuron * sources + source] += added(connection, weight);
            delays |= delay != common;
        });
    }
    if delays {
        return Err(ExportError::Delays { from: own(from), to: own(to) });
    }
    Ok(NirNode::Linear { weight: real(&[neurons, sources], values) })
}

/// What a spike adds to a current through a synapse of this mantissa.
fn added(connection: &Connection, mantissa: i16) -> f64 {
    64.0 * f64::from(connection.folded(mantissa))
}

fn layer(
    graph: &mut Graph,
    network: &Network,
    number: usize,
    connection: &Connection,
    more: i32,
) -> Result<(), ExportError> {
    let (from, to) = (network.name_of(connection.from).to_owned(), network.populations[connection.to].name.clone());
    if connection.learning.is_some() {
        return Err(ExportError::Learns { from, to });
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
        graph.nodes.insert(delay.clone(), NirNode::Delay { delay: real(shapes[0], values) });
        link(graph, &before, &delay);
        before = delay;
    }
    if matches!(node, NirNode::Linear { .. }) && shapes[0].len() > 1 {
        let flatten = format!("{name}_flatten");
        let node = NirNode::Flatten { input_type: Some(whole(shapes[0])), start_dim: Some(0), end_dim: Some(-1) };
        graph.nodes.insert(flatten.clone(), node);
        link(graph, &before, &flatten);
        before = flatten;
    }
    link(graph, &before, &name);
    let mut last = name.clone();
    if let Some(factor) = scale {
        last = format!("{name}_scale");
        link(graph, &name, &last);
        let scale = real(shapes[1], vec![factor; size(shapes[1])]);
        graph.nodes.insert(last.clone(), NirNode::Scale { scale });
    }
    link(graph, &last, &to);
    graph.nodes.insert(name, node);
    Ok(())
}
