//! A graph of NIR as the tests describe it: nodes in the order in which a step passes them, with parameters as in the file.

use std::collections::BTreeSet;
use std::fmt;

/// A node with what leads to it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) op: Op,
    /// Extents of what it puts out.
    pub(crate) shape: Vec<usize>,
    /// The nodes before it, by their places. From its own place or one behind it an edge is recurrent: it takes a step.
    pub(crate) from: Vec<usize>,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Input,
    Output,
    /// Weights `[outputs, inputs]`.
    Dense {
        weight: Vec<f64>,
        bias: Option<Vec<f64>>,
    },
    Conv(Conv),
    Pool(Pool),
    /// Factors, and their own extents, which are spread over those of the input.
    Scale {
        shape: Vec<usize>,
        factors: Vec<f64>,
    },
    /// From this extent on.
    Flatten {
        start: usize,
    },
    /// Steps of every element.
    Delay(Vec<u32>),
    Neurons(Neurons),
}

#[derive(Clone, Debug)]
pub(crate) struct Conv {
    /// Whether it has one dimension, whose height is 1 here.
    pub(crate) one: bool,
    /// Outputs, inputs of a group, height, width.
    pub(crate) shape: [usize; 4],
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Option<Vec<f64>>,
    pub(crate) stride: [usize; 2],
    pub(crate) padding: Padding,
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    Zeros([usize; 2]),
    Same,
    Valid,
}

#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) average: bool,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NeuronKind {
    If,
    Lif,
    CubaLif,
    Threshold,
    I,
    Li,
    CubaLi,
}

/// Neurons with the parameters of their kind, one value a neuron; of those that the kind has not, the vectors are empty.
#[derive(Clone, Debug)]
pub(crate) struct Neurons {
    pub(crate) kind: NeuronKind,
    pub(crate) tau: Vec<f64>,
    pub(crate) tau_syn: Vec<f64>,
    pub(crate) r: Vec<f64>,
    pub(crate) w_in: Vec<f64>,
    pub(crate) v_leak: Vec<f64>,
    pub(crate) v_threshold: Vec<f64>,
    /// Empty where the file does not say.
    pub(crate) v_reset: Vec<f64>,
}

/// A graph with what it is shown.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Duration of a step.
    pub(crate) dt: f64,
    /// Whether the import is told.
    pub(crate) says_dt: bool,
    /// Steps of the sample.
    pub(crate) steps: i64,
    /// What fires outside: node, step, element.
    pub(crate) shown: BTreeSet<(usize, i64, usize)>,
}

/// A chain of layers without neurons from an input or neurons to neurons.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) source: usize,
    /// The layers, first the source's neighbour.
    pub(crate) through: Vec<usize>,
    /// Whether it leads back.
    pub(crate) recurrent: bool,
}

impl NeuronKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::If => "IF",
            Self::Lif => "LIF",
            Self::CubaLif => "CubaLIF",
            Self::Threshold => "Threshold",
            Self::I => "I",
            Self::Li => "LI",
            Self::CubaLi => "CubaLI",
        }
    }

    pub(crate) const fn fires(self) -> bool {
        matches!(self, Self::If | Self::Lif | Self::CubaLif | Self::Threshold)
    }
}

impl Node {
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) const fn neurons(&self) -> Option<&Neurons> {
        if let Op::Neurons(neurons) = &self.op { Some(neurons) } else { None }
    }

    /// Whether spikes begin here.
    pub(crate) const fn is_source(&self) -> bool {
        matches!(self.op, Op::Input | Op::Neurons(_))
    }
}

impl Graph {
    /// The populations, by their places.
    pub(crate) fn populations(&self) -> impl Iterator<Item = (usize, &Node, &Neurons)> {
        self.nodes.iter().enumerate().filter_map(|(at, node)| Some((at, node, node.neurons()?)))
    }

    /// All ways that lead to a node.
    pub(crate) fn ways(&self, to: usize) -> Vec<Way> {
        let mut ways = Vec::new();
        for from in &self.nodes[to].from {
            let recurrent = *from >= to;
            if self.nodes[*from].is_source() {
                ways.push(Way { source: *from, through: Vec::new(), recurrent });
                continue;
            }
            for mut way in self.ways(*from) {
                way.through.push(*from);
                way.recurrent |= recurrent;
                ways.push(way);
            }
        }
        ways
    }

    /// Ways back from neurons to neurons: from, to.
    pub(crate) fn circles(&self) -> Vec<(usize, usize)> {
        let back = |(at, ..): (usize, &Node, &Neurons)| {
            self.ways(at).into_iter().filter(|way| way.recurrent).map(move |way| (way.source, at))
        };
        self.populations().flat_map(back).collect()
    }
}

/// Every node in a line, what leads to it, and what is shown.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = if self.says_dt { "as the import is told" } else { "which the import infers" };
        writeln!(f, "dt = {:?}, {told}; {} steps", self.dt, self.steps)?;
        for node in &self.nodes {
            let from: Vec<&str> = node.from.iter().map(|from| &*self.nodes[*from].name).collect();
            writeln!(f, "{} {:?} from [{}]: {}", node.name, node.shape, from.join(", "), node.op)?;
        }
        let shown = self
            .shown
            .iter()
            .map(|(node, step, element)| format!("{} {element} in step {step}", self.nodes[*node].name));
        write!(f, "fires outside: {}", shown.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => write!(f, "Input"),
            Self::Output => write!(f, "Output"),
            Self::Dense { weight, bias } => {
                write!(f, "Dense, weight {}", Numbers(weight))?;
                bias.as_ref().map_or(Ok(()), |bias| write!(f, ", bias {}", Numbers(bias)))
            }
            Self::Conv(Conv { one, shape, weight, bias, stride, padding, dilation, groups }) => {
                let name = if *one { "Conv1d" } else { "Conv2d" };
                write!(f, "{name}, weight {shape:?} {}", Numbers(weight))?;
                write!(f, ", stride {stride:?}, padding {padding:?}, dilation {dilation:?}, groups {groups}")?;
                bias.as_ref().map_or(Ok(()), |bias| write!(f, ", bias {}", Numbers(bias)))
            }
            Self::Pool(pool) => write!(f, "{pool:?}"),
            Self::Scale { shape, factors } => write!(f, "Scale, {shape:?} {}", Numbers(factors)),
            Self::Flatten { start } => write!(f, "Flatten from extent {start}"),
            Self::Delay(steps) => {
                let steps: Vec<f64> = steps.iter().map(|steps| f64::from(*steps)).collect();
                write!(f, "Delay, steps {}", Numbers(&steps))
            }
            Self::Neurons(Neurons { kind, tau, tau_syn, r, w_in, v_leak, v_threshold, v_reset }) => {
                let fields = [("tau", tau), ("tau_syn", tau_syn), ("r", r), ("w_in", w_in), ("v_leak", v_leak)];
                write!(f, "{}", kind.name())?;
                let fields = fields.into_iter().chain([("v_threshold", v_threshold), ("v_reset", v_reset)]);
                let mut own = fields.filter(|(_, values)| !values.is_empty());
                own.try_for_each(|(name, values)| write!(f, ", {name} {}", Numbers(values)))
            }
        }
    }
}

/// Numbers, equal ones behind each other once.
struct Numbers<'v>(&'v [f64]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = |run: &[f64]| match run {
            [only] => format!("{only:?}"),
            run => format!("{} x {:?}", run.len(), run[0]),
        };
        let runs: Vec<String> = self.0.chunk_by(|a, b| a.to_bits() == b.to_bits()).map(run).collect();
        write!(f, "[{}]", runs.join(", "))
    }
}
