//! Neurons of NIR as difference equations: what they keep, what input adds, when they fire.

use super::shape::{ShortRow, spread};
use super::step::Step;
use super::{Gain, Integrator, QuantiseOptions, Reset};
use loihi_net::network::size;
use loihi_nir::Node;
use loihi_nir::import::NodeError;

/// Neurons of a node: `u ← keep_u · u + gain · input + constant`, `v ← keep_v · v + u + leak`, a spike above `threshold`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Neurons {
    /// Share of the current that stays, one a neuron.
    pub(super) keep_u: Vec<f64>,
    /// Share of the voltage that stays.
    pub(super) keep_v: Vec<f64>,
    /// What an input of 1 adds.
    pub(super) gain: Vec<f64>,
    /// What every step adds to the current: the biases of the layers before, times `gain`.
    pub(super) constant: Vec<f64>,
    /// What every step adds to the voltage.
    pub(super) leak: Vec<f64>,
    /// Above what it fires; none if it never does.
    pub(super) threshold: Option<Vec<f64>>,
    /// Whether the voltage begins elsewhere than the file says, since it is counted from `v_reset`.
    pub(super) shifted: bool,
    /// Why they do something else than the node, if they do.
    pub(super) unsupported: Option<String>,
}

/// Whether a type of node has neurons.
pub(super) fn is_neuron(kind: &str) -> bool {
    matches!(kind, "I" | "IF" | "LI" | "LIF" | "CubaLI" | "CubaLIF" | "Threshold")
}

/// The neurons of a node of this shape.
pub(super) fn neurons(
    name: &str,
    node: &Node,
    shape: &[usize],
    step: &Step,
    options: QuantiseOptions,
) -> Result<Neurons, NodeError> {
    let (dt, elements) = (step.dt, size(shape));
    let values = |field: &str| -> Result<Vec<f64>, NodeError> {
        let array = node.arrays.get(field).ok_or_else(|| NodeError::at(name, format!("`{field}` is missing")))?;
        spread(array, shape, ShortRow::Either).map_err(|what| NodeError::at(name, format!("`{field}` {what}")))
    };
    let or = |field: &str, default: f64| {
        if node.arrays.contains_key(field) { values(field) } else { Ok(vec![default; elements]) }
    };
    let mut unsupported = None;
    let mut keeps = |field: &str| -> Result<Vec<f64>, NodeError> {
        let keep = |tau: &f64| match options.integrator {
            Integrator::Euler => 1.0 - dt / tau,
            Integrator::Exp | Integrator::Impulse => (-dt / tau).exp(),
        };
        let taus = values(field)?;
        if let Some(tau) = taus.iter().find(|tau| **tau <= 0.0) {
            return Err(NodeError::at(name, format!("a `{field}` of {tau} is not above 0")));
        }
        let keeps: Vec<f64> = taus.iter().map(keep).collect();
        if keeps.iter().any(|keep| !(-1e-9..=1.0).contains(keep)) {
            unsupported = Some(format!("dt = {dt} is longer than a `{field}`, so nothing of it is kept"));
        }
        Ok(keeps.iter().map(|keep| keep.clamp(0.0, 1.0)).collect())
    };
    // What an input of 1 adds, of what it would be in the end.
    let shares = |field: &str, keeps: &[f64]| -> Result<Vec<f64>, NodeError> {
        match options.integrator {
            Integrator::Euler | Integrator::Exp => Ok(keeps.iter().map(|keep| 1.0 - keep).collect()),
            Integrator::Impulse => Ok(values(field)?.iter().map(|tau| dt / tau).collect()),
        }
    };
    let kind = node.kind_name();
    let fires = matches!(kind, "Threshold" | "IF" | "LIF" | "CubaLIF");
    // Whether the voltage takes what comes whole.
    let whole = match options.gain {
        Gain::File | Gain::WholeCurrent => false,
        Gain::WholeSilent => !fires,
        Gain::Whole => true,
        Gain::Decayed => fires,
    };
    let (keep_v, mut gain) = match kind {
        "Threshold" => (vec![0.0; elements], vec![1.0; elements]),
        // Without a time constant an input of 1 is an impulse of area 1, unless it lasts for its step.
        "I" | "IF" => {
            let lasts = if step.if_by_time { dt } else { 1.0 };
            (vec![1.0; elements], values("r")?.iter().map(|r| r * lasts).collect())
        }
        _ => {
            let tau = if kind.starts_with("Cuba") { "tau_mem" } else { "tau" };
            let keep_v = keeps(tau)?;
            let gain = if whole {
                vec![1.0; elements]
            } else {
                shares(tau, &keep_v)?.iter().zip(values("r")?).map(|(share, r)| share * r).collect()
            };
            (keep_v, gain)
        }
    };
    let mut keep_u = vec![0.0; elements];
    if kind.starts_with("Cuba") {
        keep_u = keeps("tau_syn")?;
        let taken: Vec<f64> = match options.gain {
            Gain::File | Gain::WholeSilent => {
                shares("tau_syn", &keep_u)?.iter().zip(or("w_in", 1.0)?).map(|(share, w_in)| share * w_in).collect()
            }
            Gain::WholeCurrent => or("w_in", 1.0)?,
            Gain::Whole => vec![1.0; elements],
            Gain::Decayed => keep_u.clone(),
        };
        gain.iter_mut().zip(taken).for_each(|(gain, taken)| *gain *= taken);
    }
    let field = if kind == "Threshold" { "threshold" } else { "v_threshold" };
    let reset = if options.reset == Reset::AsFile { or("v_reset", 0.0)? } else { vec![0.0; elements] };
    let leak =
        keep_v.iter().zip(or("v_leak", 0.0)?).zip(&reset).map(|((keep, leak), reset)| (1.0 - keep) * (leak - reset));
    let (leak, constant) = (leak.collect(), vec![0.0; elements]);
    let mut threshold = None;
    if fires {
        let own: Vec<f64> = values(field)?.iter().zip(&reset).map(|(threshold, reset)| threshold - reset).collect();
        if let Some(low) = own.iter().find(|own| **own < 0.0 || !own.is_finite()) {
            return Err(NodeError::at(
                name,
                format!("a threshold of {low} above the reset: neurons would fire for ever"),
            ));
        }
        threshold = Some(own);
    }
    let shifted = reset.iter().any(|reset| *reset != 0.0);
    Ok(Neurons { keep_u, keep_v, gain, constant, leak, threshold, shifted, unsupported })
}
