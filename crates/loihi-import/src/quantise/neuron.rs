//! Neurons of NIR as difference equations: what they keep, what input adds, when they fire.

use super::shape::{ShortRow, spread};
use super::step::Step;
use super::{Gain, Integrator, QuantiseOptions, Reset};
use loihi_files::npz::Array;
use loihi_net::network::size;
use loihi_nir::NirNode;
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

/// A parameter with its name in files.
type Named<'n> = (&'static str, &'n Array);

/// The parameters of neurons of any type.
struct Parameters<'n> {
    /// Time constant of the voltage; none if all or nothing of it is kept.
    tau: Option<Named<'n>>,
    /// Time constant of the current, if it has one.
    tau_syn: Option<Named<'n>>,
    /// None if the input is the voltage.
    r: Option<Named<'n>>,
    w_in: Option<Named<'n>>,
    v_leak: Option<Named<'n>>,
    /// None if they never fire.
    threshold: Option<Named<'n>>,
    v_reset: Option<Named<'n>>,
}

impl<'n> Parameters<'n> {
    /// Those of a node, if it has neurons.
    fn of(node: &'n NirNode) -> Option<Self> {
        let none = Self { tau: None, tau_syn: None, r: None, w_in: None, v_leak: None, threshold: None, v_reset: None };
        let reset = |array: &'n Option<Array>| array.as_ref().map(|array| ("v_reset", array));
        let w_in = |array: &'n Option<Array>| array.as_ref().map(|array| ("w_in", array));
        Some(match node {
            NirNode::Threshold { threshold } => Self { threshold: Some(("threshold", threshold)), ..none },
            NirNode::I { r } => Self { r: Some(("r", r)), ..none },
            NirNode::If { r, v_threshold, v_reset } => Self {
                r: Some(("r", r)),
                threshold: Some(("v_threshold", v_threshold)),
                v_reset: reset(v_reset),
                ..none
            },
            NirNode::Li { tau, r, v_leak } => {
                Self { tau: Some(("tau", tau)), r: Some(("r", r)), v_leak: Some(("v_leak", v_leak)), ..none }
            }
            NirNode::Lif { tau, r, v_leak, v_threshold, v_reset } => Self {
                tau: Some(("tau", tau)),
                r: Some(("r", r)),
                v_leak: Some(("v_leak", v_leak)),
                threshold: Some(("v_threshold", v_threshold)),
                v_reset: reset(v_reset),
                ..none
            },
            NirNode::CubaLi { tau_mem, tau_syn, r, v_leak, w_in: factor } => Self {
                tau: Some(("tau_mem", tau_mem)),
                tau_syn: Some(("tau_syn", tau_syn)),
                r: Some(("r", r)),
                v_leak: Some(("v_leak", v_leak)),
                w_in: w_in(factor),
                ..none
            },
            NirNode::CubaLif { tau_mem, tau_syn, r, v_leak, v_threshold, v_reset, w_in: factor } => Self {
                tau: Some(("tau_mem", tau_mem)),
                tau_syn: Some(("tau_syn", tau_syn)),
                r: Some(("r", r)),
                v_leak: Some(("v_leak", v_leak)),
                threshold: Some(("v_threshold", v_threshold)),
                v_reset: reset(v_reset),
                w_in: w_in(factor),
            },
            _ => return None,
        })
    }
}

/// Whether a node has neurons.
pub(super) fn is_neuron(node: &NirNode) -> bool {
    Parameters::of(node).is_some()
}

/// The neurons of a node of this shape; `None` if it has none.
pub(super) fn neurons(
    name: &str,
    node: &NirNode,
    shape: &[usize],
    step: &Step,
    options: QuantiseOptions,
) -> Result<Option<Neurons>, NodeError> {
    let Some(own) = Parameters::of(node) else { return Ok(None) };
    let (dt, elements) = (step.dt, size(shape));
    let values = |(field, array): Named<'_>| -> Result<Vec<f64>, NodeError> {
        spread(array, shape, ShortRow::Either).map_err(|what| NodeError::at(name, format!("`{field}` {what}")))
    };
    let or = |parameter: Option<Named<'_>>, default: f64| parameter.map_or_else(|| Ok(vec![default; elements]), values);
    let mut unsupported = None;
    let mut keeps = |tau: Named<'_>| -> Result<Vec<f64>, NodeError> {
        let field = tau.0;
        let keep = |tau: &f64| match options.integrator {
            Integrator::Euler => 1.0 - dt / tau,
            Integrator::Exp | Integrator::Impulse => (-dt / tau).exp(),
        };
        let taus = values(tau)?;
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
    let shares = |tau: Named<'_>, keeps: &[f64]| -> Result<Vec<f64>, NodeError> {
        match options.integrator {
            Integrator::Euler | Integrator::Exp => Ok(keeps.iter().map(|keep| 1.0 - keep).collect()),
            Integrator::Impulse => Ok(values(tau)?.iter().map(|tau| dt / tau).collect()),
        }
    };
    let fires = own.threshold.is_some();
    // Whether the voltage takes what comes whole.
    let whole = match options.gain {
        Gain::File | Gain::WholeCurrent => false,
        Gain::WholeSilent => !fires,
        Gain::Whole => true,
        Gain::Decayed => fires,
    };
    let (keep_v, mut gain) = match (own.tau, own.r) {
        (None, None) => (vec![0.0; elements], vec![1.0; elements]),
        // Without a time constant an input of 1 is an impulse of area 1, unless it lasts for its step.
        (None, Some(r)) => {
            let lasts = if step.if_by_time { dt } else { 1.0 };
            (vec![1.0; elements], values(r)?.iter().map(|r| r * lasts).collect())
        }
        (Some(tau), r) => {
            let keep_v = keeps(tau)?;
            let gain = if whole {
                vec![1.0; elements]
            } else {
                shares(tau, &keep_v)?.iter().zip(or(r, 1.0)?).map(|(share, r)| share * r).collect()
            };
            (keep_v, gain)
        }
    };
    let mut keep_u = vec![0.0; elements];
    if let Some(tau_syn) = own.tau_syn {
        keep_u = keeps(tau_syn)?;
        let taken: Vec<f64> = match options.gain {
            Gain::File | Gain::WholeSilent => {
                shares(tau_syn, &keep_u)?.iter().zip(or(own.w_in, 1.0)?).map(|(share, w_in)| share * w_in).collect()
            }
            Gain::WholeCurrent => or(own.w_in, 1.0)?,
            Gain::Whole => vec![1.0; elements],
            Gain::Decayed => keep_u.clone(),
        };
        gain.iter_mut().zip(taken).for_each(|(gain, taken)| *gain *= taken);
    }
    let reset = if options.reset == Reset::AsFile { or(own.v_reset, 0.0)? } else { vec![0.0; elements] };
    let leak =
        keep_v.iter().zip(or(own.v_leak, 0.0)?).zip(&reset).map(|((keep, leak), reset)| (1.0 - keep) * (leak - reset));
    let (leak, constant) = (leak.collect(), vec![0.0; elements]);
    let mut threshold = None;
    if let Some(own) = own.threshold {
        let own: Vec<f64> = values(own)?.iter().zip(&reset).map(|(threshold, reset)| threshold - reset).collect();
        if let Some(low) = own.iter().find(|own| **own < 0.0 || !own.is_finite()) {
            return Err(NodeError::at(
                name,
                format!("a threshold of {low} above the reset: neurons would fire for ever"),
            ));
        }
        threshold = Some(own);
    }
    let shifted = reset.iter().any(|reset| *reset != 0.0);
    Ok(Some(Neurons { keep_u, keep_v, gain, constant, leak, threshold, shifted, unsupported }))
}

/// The decay register that keeps nearest to a share.
pub(super) fn decay(keep: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range by the conversion")]
    let nearest = ((1.0 - keep) * 4096.0).round() as i32;
    nearest.clamp(0, 4096)
}
