//! From networks in floating point to the chip's integers: choice of the time step, the integrator and the reset,
//! folding of layers without neurons, a joint search of the scales of weights and thresholds, and what each node loses.
//!
//! graph of NIR → `fold` (populations and connections in floating point) → `scale` (mantissas, exponents,
//! thresholds) → `build` (a network, and a rating for each node), which looks at populations as `site`s.

mod build;
mod compose;
mod fold;
mod linear;
mod neuron;
mod reach;
mod scale;
mod site;

use crate::import::{Imported, Wrong};
use crate::nir::Graph;

/// How differential equations become steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Integrator {
    /// Decay 1 − dt/τ
    #[default]
    Euler,
    /// Decay e^(−dt/τ); an input lasts for its step
    Exp,
    /// Decay e^(−dt/τ); an input arrives at once and adds dt/τ, as in Rockpool and Sinabs
    Impulse,
}

/// What a spike does to the voltage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Reset {
    /// It becomes 0
    Zero,
    /// It loses the threshold, a step later: two compartments a neuron
    Subtract,
    /// It becomes the file's `v_reset`
    #[default]
    AsFile,
}

/// What comes in from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum InputAs {
    /// Spikes
    #[default]
    Spikes,
    /// Values of 0 to 255 for 0 to 1, whose weighted sums the embedded CPU computes
    Values,
}

/// What the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Duration of a step in the unit of the file's time constants; `None` to infer it.
    pub dt: Option<f64>,
    /// How equations become steps.
    pub integrator: Integrator,
    /// What a spike does.
    pub reset: Reset,
    /// What comes in.
    pub input: InputAs,
    /// Steps of a sample; 0 if the data say.
    pub steps: u32,
}

/// The network of a graph without inner graphs.
///
/// # Errors
/// [`Wrong`] names the node that cannot be had on the chip, and says why.
pub fn quantise(graph: &Graph, name: &str, options: Options) -> Result<Imported, Wrong> {
    let (dt, mut said) = neuron::time_step(graph, options)?;
    let folded = fold::fold(graph, dt, options)?;
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
    build::build(&folded, name, dt, options, said)
}

#[cfg(test)]
mod tests;
