//! From networks in floating point to the chip's integers: choice of the time step, the integrator and the reset,
//! folding of layers without neurons, a joint search of the scales of weights and thresholds, and what each node loses.
//!
//! ```
//! use loihi_files::npz::Array;
//! use loihi_import::quantise::{QuantiseOptions, Reset, quantise};
//! use loihi_nir::{Graph, NirNode};
//!
//! let neurons = NirNode::Lif {
//!     tau: Array::from(vec![0.02; 2]),
//!     r: Array::from(20.0),
//!     v_leak: Array::from(0.0),
//!     v_threshold: Array::from(1.0),
//!     v_reset: None,
//! };
//! let graph = Graph::default()
//!     .with_node("in", NirNode::Input { shape: vec![2] })
//!     .with_node("w", NirNode::Scale { scale: Array::from(vec![0.5, 0.25]) })
//!     .with_node("lif", neurons)
//!     .with_node("out", NirNode::Output { shape: vec![2] })
//!     .with_edges([("in", "w"), ("w", "lif"), ("lif", "out")]);
//!
//! let options = QuantiseOptions::default().with_dt(0.001).with_reset(Reset::Zero);
//! let imported = quantise(&graph, "two-neurons", options)?;
//! assert_eq!(imported.network.neurons(), 2);
//! println!("{}", imported.table());
//!
//! // What cannot be had is an error, which names the node.
//! let missing = quantise(&graph.with_edge("out", "nowhere"), "none", options).unwrap_err();
//! assert!(missing.to_string().contains("`nowhere`, which is not a node"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! graph of NIR → `step` (its duration) → `fold` (populations and connections in floating point) → `align` (delays) →
//! `scale` (exponents, thresholds, `mantissas`) → `build` (a network), which looks at populations as `layer_plan`s, and
//! `fidelity` (what each node loses).

mod align;
mod build;
mod compose;
mod exporter;
mod fidelity;
mod fold;
mod input_range;
mod layer_plan;
mod linear;
mod mantissas;
mod neuron;
mod scale;
mod shape;
mod step;
mod ways;

pub use exporter::Exporter;

use loihi_nir::import::{Imported, NodeError};
use loihi_nir::{Graph, NirNode};

loihi_files::choices! {
    /// How differential equations become steps.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Integrator {
        /// Decay 1 − dt/τ
        #[default]
        Euler = "euler",
        /// Decay e^(−dt/τ); an input lasts for its step
        Exp = "exp",
        /// Decay e^(−dt/τ); an input arrives at once and adds dt/τ, as in Rockpool and Sinabs
        Impulse = "impulse",
    }
}

loihi_files::choices! {
    /// What a spike does to the voltage.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Reset {
        /// Reset voltage to zero
        Zero = "zero",
        /// It loses the threshold, a step later: two compartments a neuron
        Subtract = "subtract",
        /// It becomes the file's `v_reset`
        #[default]
        AsFile = "as-file",
    }
}

/// What an input of 1 adds to the current, and to the voltage, of what it would be in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gain {
    /// `r` and `w_in`, by the shares that are not kept: NIR's equations.
    #[default]
    File,
    /// The same, but that a current takes its input whole, times `w_in` (Norse, hxtorch).
    WholeCurrent,
    /// The same, but that neurons that never fire take theirs whole (Sinabs).
    WholeSilent,
    /// All is taken whole, whatever `r` and `w_in` are (Spyx).
    Whole,
    /// The same, but that a current decays in the step in which its input comes, and neurons that never fire have `r`
    /// (Rockpool).
    Decayed,
}

loihi_files::choices! {
    /// Input encoding.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum InputAs {
        /// Spikes
        #[default]
        Spikes = "spikes",
        /// Values of 0 to 255 for 0 to 1, whose weighted sums the embedded CPU computes
        Values = "values",
    }
}

loihi_files::choices! {
    /// What an input of 1 adds in a step to neurons without a time constant.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum IfInput {
        /// r · dt if r is at least 100 for all of them, as simulators write that integrate them over time, else r
        #[default]
        Infer = "infer",
        /// r: a spike is an impulse
        Step = "step",
        /// r · dt, as in NIR's equation: a spike is a current that lasts for its step
        Time = "time",
    }
}

/// What the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct QuantiseOptions {
    /// Duration of a step in the unit of the file's time constants; `None` to infer it.
    pub dt: Option<f64>,
    /// What it is if it is not given, the file does not say, and its numbers do not give it away; `None` to choose it.
    pub dt_else: Option<f64>,
    /// How equations become steps.
    pub integrator: Integrator,
    /// What an input adds.
    pub gain: Gain,
    /// What a spike does.
    pub reset: Reset,
    /// What an input adds to neurons without a time constant.
    pub if_input: IfInput,
    /// Input encoding.
    pub input: InputAs,
    /// Steps of a sample; 0 if the data say.
    pub steps: u32,
    /// Whether the writer of the file is known, so that other readings of it are not listed.
    pub known: bool,
}

impl QuantiseOptions {
    /// Sets the duration of a step, in the unit of the file's time constants.
    #[must_use]
    pub const fn with_dt(mut self, dt: f64) -> Self {
        self.dt = Some(dt);
        self
    }

    /// Sets the integrator.
    #[must_use]
    pub const fn with_integrator(mut self, integrator: Integrator) -> Self {
        self.integrator = integrator;
        self
    }

    /// Sets the gain of inputs.
    #[must_use]
    pub const fn with_gain(mut self, gain: Gain) -> Self {
        self.gain = gain;
        self
    }

    /// Sets the reset.
    #[must_use]
    pub const fn with_reset(mut self, reset: Reset) -> Self {
        self.reset = reset;
        self
    }

    /// Sets what an input adds to neurons without a time constant.
    #[must_use]
    pub const fn with_if_input(mut self, if_input: IfInput) -> Self {
        self.if_input = if_input;
        self
    }

    /// Sets the input encoding.
    #[must_use]
    pub const fn with_input(mut self, input: InputAs) -> Self {
        self.input = input;
        self
    }

    /// Sets the number of steps of a sample; 0: as in the data.
    #[must_use]
    pub const fn with_steps(mut self, steps: u32) -> Self {
        self.steps = steps;
        self
    }
}

/// The network of a graph, read from a file or made by hand.
///
/// # Errors
/// [`NodeError`] names the node that is invalid or cannot be had on the chip, and says why.
pub fn quantise(graph: &Graph, name: &str, options: QuantiseOptions) -> Result<Imported, NodeError> {
    graph.check()?;
    let flat;
    let graph = if graph.nodes.values().any(|node| matches!(node, NirNode::Graph(_))) {
        flat = graph.flat()?;
        &flat
    } else {
        graph
    };
    let step = step::step(graph, options)?;
    let folded = fold::fold(graph, &step, options)?;
    let mut said = step.said;
    said.push(match options.reset {
        Reset::Zero => "Reset: the voltage becomes 0.".to_owned(),
        Reset::Subtract => {
            "Reset: the voltage loses the threshold one step later, by a synapse of the neuron to itself.".to_owned()
        }
        Reset::AsFile => {
            "Reset: the voltage becomes v_reset, as the file says (0 where it says nothing); --reset subtract is for \
                          networks trained so, as snnTorch's are by default."
                .to_owned()
        }
    });
    let mut imported = build::build(&folded, name, step.dt, options, said)?;
    if !options.known {
        imported.said.extend(exporter::otherwise(graph, options)?);
    }
    Ok(imported)
}

#[cfg(test)]
mod tests;
