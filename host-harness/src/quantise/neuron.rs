//! Neurons of NIR as difference equations: what they keep, what input adds, when they fire.

use super::{Integrator, Options, Reset};
use crate::import::Wrong;
use crate::nir::{Graph, Node};

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

/// Duration of a step, and why.
///
/// A step that makes `r · dt / τ` 1 for all neurons is what simulators of discrete time write into files.
pub(super) fn time_step(graph: &Graph, options: Options) -> Result<(f64, Vec<String>), Wrong> {
    let integrator = match options.integrator {
        Integrator::Euler => "Integrator: Euler, v keeps 1 - dt/tau.",
        Integrator::Exp => "Integrator: exponential, v keeps exp(-dt/tau).",
        Integrator::Impulse => "Integrator: exponential, v keeps exp(-dt/tau), an input of 1 adds dt/tau.",
    };
    if let Some(dt) = options.dt {
        if !dt.is_finite() || dt <= 0.0 {
            return Err(Wrong::whole(format!("a step of {dt} is no duration above 0")));
        }
        return Ok((dt, vec![format!("dt = {dt:?}, as given."), integrator.to_owned()]));
    }
    let mut shares = Vec::new();
    for node in graph.nodes.values() {
        let tau = node.arrays.get("tau").or_else(|| node.arrays.get("tau_mem"));
        let (Some(tau), Some(r)) = (tau, node.arrays.get("r")) else { continue };
        let (tau, r) = (tau.real(), r.real());
        let elements = tau.len().max(r.len());
        let of = |values: &[f64], at: usize| values.get(at).or(values.first()).copied().unwrap_or(f64::NAN);
        shares.extend((0..elements).map(|at| (of(&tau, at) / of(&r, at), of(&tau, at))));
    }
    let Some((dt, _)) = shares.first().copied() else {
        return Ok((1.0, vec!["No node has a time constant: a step is a step.".to_owned()]));
    };
    let one = shares.iter().all(|(share, tau)| (share / dt - 1.0).abs() < 1e-3 && *share < 0.5 * tau && *share > 0.0);
    if !one {
        let shortest = shortest_tau(graph).ok_or_else(|| Wrong::whole("a time constant is not above 0: say --dt"))?;
        let dt = round_below(shortest / STEPS_LEAST);
        let said = format!(
            "dt = {dt:?}: the file does not say, and it is chosen as a power of ten, at least {STEPS_LEAST} of which make the \
             shortest time constant ({shortest:?}); --dt sets it."
        );
        return Ok((dt, vec![said, integrator.to_owned()]));
    }
    let (dt, why) = match (round(dt, 4), decayed(&shares)) {
        // Rockpool writes r · dt / τ = e^(−dt/τ).
        (_, Some(decayed)) if round(dt, 1).is_none() => (decayed, "exp(-dt/tau) tau / r"),
        (rounded, _) => (rounded.unwrap_or(dt), "tau / r"),
    };
    let said = format!("dt = {dt:?}: the file does not say, but {why} is this for all neurons; --dt sets it.");
    Ok((dt, vec![said, integrator.to_owned()]))
}

/// Steps of the shortest time constant, at least, where the step is chosen.
const STEPS_LEAST: f64 = 20.0;

/// The shortest time constant of all neurons, currents too; `None` if one is not above 0.
fn shortest_tau(graph: &Graph) -> Option<f64> {
    let fields = ["tau", "tau_mem", "tau_syn"];
    let arrays = graph.nodes.values().flat_map(|node| fields.iter().filter_map(|field| node.arrays.get(*field)));
    let shortest = arrays.flat_map(crate::npz::Array::real).fold(f64::INFINITY, f64::min);
    (shortest > 0.0 && shortest.is_finite()).then_some(shortest)
}

/// The largest power of ten that is not larger.
fn round_below(duration: f64) -> f64 {
    // Single precision falls short of a power of ten by up to 6e-8 of it.
    let exponent = (duration.log10() + 1e-6).floor();
    // Parsing gives the nearest number to the power, which `powi` does not.
    format!("1e{exponent}").parse().unwrap_or(duration)
}

/// A duration to so many digits after the first, if that is no more than what single precision has lost.
fn round(dt: f64, digits: usize) -> Option<f64> {
    let rounded: f64 = format!("{dt:.digits$e}").parse().ok()?;
    ((rounded / dt - 1.0).abs() < 1e-5).then_some(rounded)
}

/// The duration for which dt · e^(dt/τ) is τ / r in all neurons, given τ / r and τ, if there is a round one.
fn decayed(shares: &[(f64, f64)]) -> Option<f64> {
    let solution = |(share, tau): &(f64, f64)| {
        // It contracts, since dt is less than half of τ.
        let dt = (0..60).fold(*share, |dt, _| share * (-dt / tau).exp());
        round(dt, 1)
    };
    let first = solution(shares.first()?)?;
    let alike = |found: f64| (found / first - 1.0).abs() < 1e-9;
    shares.iter().all(|share| solution(share).is_some_and(alike)).then_some(first)
}

/// The neurons of a node with so many elements.
pub(super) fn neurons(name: &str, node: &Node, elements: usize, dt: f64, options: Options) -> Result<Neurons, Wrong> {
    let values = |field: &str| -> Result<Vec<f64>, Wrong> {
        let own = node.arrays.get(field).map(crate::npz::Array::real).unwrap_or_default();
        match own.len() {
            1 => Ok(vec![own[0]; elements]),
            length if length == elements => Ok(own),
            length => Err(Wrong::at(name, format!("`{field}` has {length} values for {elements} neurons"))),
        }
    };
    let or = |field: &str, default: f64| {
        if node.arrays.contains_key(field) { values(field) } else { Ok(vec![default; elements]) }
    };
    let mut unsupported = None;
    let mut keeps = |field: &str| -> Result<Vec<f64>, Wrong> {
        let keep = |tau: &f64| match options.integrator {
            Integrator::Euler => 1.0 - dt / tau,
            Integrator::Exp | Integrator::Impulse => (-dt / tau).exp(),
        };
        let taus = values(field)?;
        if let Some(tau) = taus.iter().find(|tau| **tau <= 0.0) {
            return Err(Wrong::at(name, format!("a `{field}` of {tau} is not above 0")));
        }
        let keeps: Vec<f64> = taus.iter().map(keep).collect();
        if keeps.iter().any(|keep| !(-1e-9..=1.0).contains(keep)) {
            unsupported = Some(format!("dt = {dt} is longer than a `{field}`, of which nothing is kept then"));
        }
        Ok(keeps.iter().map(|keep| keep.clamp(0.0, 1.0)).collect())
    };
    // What an input of 1 adds, of what it would be in the end.
    let shares = |field: &str, keeps: &[f64]| -> Result<Vec<f64>, Wrong> {
        match options.integrator {
            Integrator::Euler | Integrator::Exp => Ok(keeps.iter().map(|keep| 1.0 - keep).collect()),
            Integrator::Impulse => Ok(values(field)?.iter().map(|tau| dt / tau).collect()),
        }
    };
    let kind = node.kind_name();
    let (keep_v, mut gain) = match kind {
        "Threshold" => (vec![0.0; elements], vec![1.0; elements]),
        // Without a time constant an input of 1 is an impulse of area 1.
        "I" | "IF" => (vec![1.0; elements], values("r")?),
        _ => {
            let tau = if kind.starts_with("Cuba") { "tau_mem" } else { "tau" };
            let keep_v = keeps(tau)?;
            let gain = shares(tau, &keep_v)?.iter().zip(values("r")?).map(|(share, r)| share * r).collect();
            (keep_v, gain)
        }
    };
    let mut keep_u = vec![0.0; elements];
    if kind.starts_with("Cuba") {
        keep_u = keeps("tau_syn")?;
        for ((gain, share), w_in) in gain.iter_mut().zip(shares("tau_syn", &keep_u)?).zip(or("w_in", 1.0)?) {
            *gain *= share * w_in;
        }
    }
    let field = if kind == "Threshold" { "threshold" } else { "v_threshold" };
    let fires = matches!(kind, "Threshold" | "IF" | "LIF" | "CubaLIF");
    let reset = if options.reset == Reset::AsFile { or("v_reset", 0.0)? } else { vec![0.0; elements] };
    let leak =
        keep_v.iter().zip(or("v_leak", 0.0)?).zip(&reset).map(|((keep, leak), reset)| (1.0 - keep) * (leak - reset));
    let (leak, constant) = (leak.collect(), vec![0.0; elements]);
    let mut threshold = None;
    if fires {
        let own: Vec<f64> = values(field)?.iter().zip(&reset).map(|(threshold, reset)| threshold - reset).collect();
        if let Some(low) = own.iter().find(|own| **own <= 0.0 || !own.is_finite()) {
            return Err(Wrong::at(name, format!("a threshold of {low} above the reset: neurons would fire for ever")));
        }
        threshold = Some(own);
    }
    let shifted = reset.iter().any(|reset| *reset != 0.0);
    Ok(Neurons { keep_u, keep_v, gain, constant, leak, threshold, shifted, unsupported })
}
