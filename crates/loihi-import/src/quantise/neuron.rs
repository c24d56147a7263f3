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
    let Some(parameters) = Parameters::of(node) else { return Ok(None) };
    let reading = Reading { name, parameters, shape, step, options };
    let (keep_v, mut gain) = reading.voltage()?;
    let mut keep_u = vec![0.0; size(shape)];
    if let Some(tau_syn) = reading.parameters.tau_syn {
        keep_u = reading.keeps(tau_syn)?;
        let taken = reading.current(tau_syn, &keep_u)?;
        gain.iter_mut().zip(taken).for_each(|(gain, taken)| *gain *= taken);
    }
    let v_reset = reading.parameters.v_reset.filter(|_| options.reset == Reset::AsFile);
    let reset = reading.values_or(v_reset, 0.0)?;
    let v_leak = reading.values_or(reading.parameters.v_leak, 0.0)?;
    let leak = keep_v.iter().zip(v_leak).zip(&reset).map(|((keep, leak), reset)| (1.0 - keep) * (leak - reset));
    let leak = leak.collect();
    let threshold = reading.threshold(&reset)?;
    let shifted = reset.iter().any(|reset| *reset != 0.0);
    let (constant, unsupported) = (vec![0.0; size(shape)], reading.unsupported()?);
    Ok(Some(Neurons { keep_u, keep_v, gain, constant, leak, threshold, shifted, unsupported }))
}

/// A node with neurons, and how its equations become steps.
struct Reading<'n> {
    name: &'n str,
    parameters: Parameters<'n>,
    shape: &'n [usize],
    step: &'n Step,
    options: QuantiseOptions,
}

impl Reading<'_> {
    /// A parameter of every neuron.
    fn values(&self, (field, array): Named<'_>) -> Result<Vec<f64>, NodeError> {
        spread(array, self.shape, ShortRow::Either).map_err(|what| self.error(format!("`{field}` {what}")))
    }

    fn error(&self, what: impl Into<String>) -> NodeError {
        NodeError::at(self.name, what)
    }

    /// A parameter that the file need not have.
    fn values_or(&self, parameter: Option<Named<'_>>, default: f64) -> Result<Vec<f64>, NodeError> {
        parameter.map_or_else(|| Ok(vec![default; size(self.shape)]), |parameter| self.values(parameter))
    }

    /// What a step leaves, as the integrator has it, in or out of the range of a share.
    fn decays(&self, tau: Named<'_>) -> Result<Vec<f64>, NodeError> {
        let taus = self.values(tau)?;
        if let Some(below) = taus.iter().find(|tau| **tau <= 0.0) {
            return Err(self.error(format!("a `{}` of {below} is not above 0", tau.0)));
        }
        let dt = self.step.dt;
        let decay = |tau: &f64| match self.options.integrator {
            Integrator::Euler => 1.0 - dt / tau,
            Integrator::Exp | Integrator::Impulse => (-dt / tau).exp(),
        };
        Ok(taus.iter().map(decay).collect())
    }

    /// Shares that a step leaves.
    fn keeps(&self, tau: Named<'_>) -> Result<Vec<f64>, NodeError> {
        Ok(self.decays(tau)?.iter().map(|keep| keep.clamp(0.0, 1.0)).collect())
    }

    /// Why nothing of a current or a voltage is kept, if a step is too long for it.
    fn unsupported(&self) -> Result<Option<String>, NodeError> {
        for tau in [self.parameters.tau_syn, self.parameters.tau].into_iter().flatten() {
            let decays = self.decays(tau)?;
            if decays.iter().any(|keep| !(-1e-9..=1.0).contains(keep)) {
                let (dt, field) = (self.step.dt, tau.0);
                // Norse up to 1.1 writes `dt * tau` for `tau`, with a dt of a millisecond: about 10 us.
                let is_product = decays.iter().all(|keep| *keep < -10.0);
                let hint = if is_product { ": if Norse 1.1 wrote it, give --dt 1e-6" } else { "" };
                return Ok(Some(format!("dt = {dt} is longer than a `{field}`, so nothing of it is kept{hint}")));
            }
        }
        Ok(None)
    }

    /// What an input of 1 adds, of what it would be in the end.
    fn shares(&self, tau: Named<'_>, kept: &[f64]) -> Result<Vec<f64>, NodeError> {
        match self.options.integrator {
            Integrator::Euler | Integrator::Exp => Ok(kept.iter().map(|kept| 1.0 - kept).collect()),
            Integrator::Impulse => Ok(self.values(tau)?.iter().map(|tau| self.step.dt / tau).collect()),
        }
    }

    /// What is kept of the voltage, and what an input of 1 adds to it.
    fn voltage(&self) -> Result<(Vec<f64>, Vec<f64>), NodeError> {
        let elements = size(self.shape);
        match (self.parameters.tau, self.parameters.r) {
            (None, None) => Ok((vec![0.0; elements], vec![1.0; elements])),
            // Without a time constant an input of 1 is an impulse of area 1, unless it lasts for its step.
            (None, Some(r)) => {
                let lasts = if self.step.if_by_time { self.step.dt } else { 1.0 };
                Ok((vec![1.0; elements], self.values(r)?.iter().map(|r| r * lasts).collect()))
            }
            (Some(tau), r) => {
                let keep = self.keeps(tau)?;
                let gain = if self.takes_whole() {
                    vec![1.0; elements]
                } else {
                    self.shares(tau, &keep)?.iter().zip(self.values_or(r, 1.0)?).map(|(share, r)| share * r).collect()
                };
                Ok((keep, gain))
            }
        }
    }

    /// Whether the voltage takes what comes whole.
    const fn takes_whole(&self) -> bool {
        let fires = self.parameters.threshold.is_some();
        match self.options.gain {
            Gain::File | Gain::WholeCurrent => false,
            Gain::WholeSilent => !fires,
            Gain::Whole => true,
            Gain::Decayed => fires,
        }
    }

    /// What an input of 1 adds to the current.
    fn current(&self, tau_syn: Named<'_>, kept: &[f64]) -> Result<Vec<f64>, NodeError> {
        match self.options.gain {
            Gain::File | Gain::WholeSilent => {
                let w_in = self.values_or(self.parameters.w_in, 1.0)?;
                Ok(self.shares(tau_syn, kept)?.iter().zip(w_in).map(|(share, w_in)| share * w_in).collect())
            }
            Gain::WholeCurrent => self.values_or(self.parameters.w_in, 1.0),
            Gain::Whole => Ok(vec![1.0; kept.len()]),
            Gain::Decayed => Ok(kept.to_vec()),
        }
    }

    /// Thresholds above the reset, for neurons that fire.
    fn threshold(&self, reset: &[f64]) -> Result<Option<Vec<f64>>, NodeError> {
        let Some(threshold) = self.parameters.threshold else { return Ok(None) };
        let above: Vec<f64> =
            self.values(threshold)?.iter().zip(reset).map(|(threshold, reset)| threshold - reset).collect();
        match above.iter().find(|above| **above < 0.0 || !above.is_finite()) {
            Some(low) => Err(self.error(format!("a threshold of {low} above the reset: neurons would fire for ever"))),
            None => Ok(Some(above)),
        }
    }
}

/// The decay register that keeps nearest to a share.
pub(super) fn decay(keep: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range by the conversion")]
    let nearest = ((1.0 - keep) * 4096.0).round() as i32;
    nearest.clamp(0, 4096)
}
