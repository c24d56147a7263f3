//! The duration of a step: as given, as the file says, inferred from its numbers, or chosen.

use super::{Gain, IfInput, Integrator, QuantiseOptions};
use loihi_files::npz::Array;
use loihi_nir::import::NodeError;
use loihi_nir::{Graph, NirNode};

/// The duration of a step, what of the file depends on it, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// In the unit of the file's time constants.
    pub(super) dt: f64,
    /// Whether an input of 1 adds `r · dt` to neurons without a time constant, and not `r`.
    pub(super) if_by_time: bool,
    /// What was chosen, and why, a sentence each.
    pub(super) said: Vec<String>,
}

/// Durations that simulators have by default: one, where time counts in steps (Sinabs, Spyx); a millisecond (Norse, Nengo,
/// Rockpool); a tenth of it (snnTorch, SpikingJelly, the scripts of NIR).
const USUAL: [f64; 3] = [1.0, 1e-3, 1e-4];

/// From this `r` on, neurons without a time constant are taken to integrate over time: `r` is one over a step of less than
/// ten milliseconds then.
const RATE_LEAST: f64 = 100.0;

/// How far ratios of numbers in single precision may be from each other.
const ALIKE: f64 = 1e-3;

/// The step of a graph.
///
/// # Errors
/// [`NodeError`] for a duration that is not above 0, and for numbers from which none can be inferred.
pub(super) fn step(graph: &Graph, options: QuantiseOptions) -> Result<Step, NodeError> {
    let ratios = ratios(graph)?;
    let rates = rates(graph);
    let if_by_time = match options.if_input {
        IfInput::Step => false,
        IfInput::Time => true,
        IfInput::Infer => !rates.is_empty() && rates.iter().all(|rate| *rate >= RATE_LEAST),
    };
    let (dt, why) = duration(graph, options, &ratios, if_by_time.then_some(&*rates))?;
    let mut said = vec![why];
    if !ratios.is_empty() {
        said.push(integrator(options.integrator).to_owned());
    }
    if !rates.is_empty() {
        said.push(without_time(&rates, dt, if_by_time, options.if_input));
    }
    Ok(Step { dt, if_by_time, said })
}

const fn integrator(integrator: Integrator) -> &'static str {
    match integrator {
        Integrator::Euler => "Integrator: Euler, v keeps 1 - dt/tau.",
        Integrator::Exp => "Integrator: exponential, v keeps exp(-dt/tau).",
        Integrator::Impulse => "Integrator: exponential, v keeps exp(-dt/tau), an input of 1 adds dt/tau.",
    }
}

/// What an input adds to neurons without a time constant.
fn without_time(rates: &[f64], dt: f64, by_time: bool, option: IfInput) -> String {
    let most = rates.iter().copied().fold(0.0, f64::max);
    let adds = if by_time { format!("r dt (up to {:?})", short(most * dt)) } else { format!("r (up to {most:?})") };
    let why = match (option, by_time) {
        (IfInput::Infer, true) => format!(", since r is {RATE_LEAST:?} or more; --if-input step adds r"),
        (IfInput::Infer, false) => "; --if-input time adds r dt".to_owned(),
        (IfInput::Step | IfInput::Time, _) => ", as given".to_owned(),
    };
    format!("Neurons without a time constant (IF, I): an input of 1 adds {adds} in a step{why}.")
}

/// The duration of a step, and why; `rates` are those of neurons that integrate over time without a time constant.
///
/// A step that makes `r · dt / τ`, or `r · dt`, 1 for all neurons is what simulators of discrete time write into files.
fn duration(
    graph: &Graph,
    options: QuantiseOptions,
    ratios: &[Ratio],
    rates: Option<&[f64]>,
) -> Result<(f64, String), NodeError> {
    if let Some(none) = [options.dt, options.dt_else].into_iter().flatten().find(|dt| !dt.is_finite() || *dt <= 0.0) {
        return Err(NodeError::whole(format!("a step of {none} is not a duration above 0")));
    }
    if let Some(dt) = options.dt {
        return Ok((dt, format!("dt = {dt:?}, as given.")));
    }
    if let Some(dt) = graph.dt {
        return Ok((dt, format!("dt = {dt:?}, as the file says; --dt sets it.")));
    }
    let inferred = |dt: f64, why: &str| {
        (dt, format!("dt = {dt:?}: the file does not say, but {why} is this for all neurons; --dt sets it."))
    };
    let rate = rates.and_then(one_value).map(|rate| 1.0 / rate);
    let Some(first) = ratios.first() else {
        return Ok(match (rate, rates) {
            (Some(rate), _) => inferred(round(rate, 4).unwrap_or(rate), "1 / r"),
            (None, Some(_)) => {
                return Err(NodeError::whole("its neurons integrate over time, by different r: say --dt"));
            }
            (None, None) => (1.0, "No node has a time constant: a step is a step.".to_owned()),
        });
    };
    // Spyx writes r = 1 - dt/τ, less than 1.
    let spyx: Vec<f64> = ratios.iter().map(|ratio| ratio.tau * (1.0 - ratio.r)).collect();
    // Of neurons that are all alike it is not evidence, unless they are known to be Spyx's.
    let differ = one_value(&ratios.iter().map(|ratio| ratio.tau).collect::<Vec<_>>()).is_none();
    let told = differ || options.gain == Gain::Whole;
    if let Some(dt) = one_value(&spyx).filter(|_| told).and_then(|dt| round(dt, 2)) {
        return Ok(inferred(dt, "tau (1 - r)"));
    }
    let shares: Vec<f64> = ratios.iter().map(|ratio| ratio.tau / ratio.r).collect();
    // An r of 1 everywhere scales nothing, and is not evidence.
    let scaled = ratios.iter().any(|ratio| (ratio.r - 1.0).abs() > ALIKE);
    if let Some(dt) = one_value(&shares).filter(|_| scaled && first.r > 0.0) {
        return Ok(match (round(dt, 4), decayed(ratios)) {
            // Rockpool writes r · dt / τ = e^(−dt/τ).
            (_, Some(decayed)) if round(dt, 1).is_none() => inferred(decayed, "exp(-dt/tau) tau / r"),
            (rounded, _) => inferred(rounded.unwrap_or(dt), "tau / r"),
        });
    }
    if let Some(dt) = options.dt_else {
        return Ok((
            dt,
            format!("dt = {dt:?}: the file does not say, and this is what its writer has by default; --dt sets it."),
        ));
    }
    let shortest = shortest_tau(graph).unwrap_or(first.tau);
    let usual = USUAL.into_iter().find(|dt| 2.0 * dt <= shortest * (1.0 + ALIKE));
    let dt = usual.unwrap_or_else(|| round_below(shortest / 2.0));
    let said = format!(
        "dt = {dt:?}: the file does not say, and it is chosen: of 1, 1e-3 and 1e-4, which simulators have by default, the largest \
         two of which make the shortest time constant ({shortest:?}); --dt sets it."
    );
    Ok((dt, said))
}

/// A time constant of the voltage and the resistance that goes with it.
#[derive(Clone, Copy, Debug)]
struct Ratio {
    tau: f64,
    r: f64,
}

/// Time constants and resistances of all neurons that have both.
fn ratios(graph: &Graph) -> Result<Vec<Ratio>, NodeError> {
    let mut ratios = Vec::new();
    for (name, node) in &graph.nodes {
        let tau = node.array("tau").or_else(|| node.array("tau_mem")).map(Array::real);
        let (Some(tau), Some(r)) = (tau, node.array("r").map(Array::real)) else { continue };
        if let Some(low) = tau.iter().find(|tau| **tau <= 0.0) {
            return Err(NodeError::at(name, format!("a time constant of {low} is not above 0")));
        }
        let at = |values: &[f64], at: usize| values.get(at).or(values.first()).copied().unwrap_or(f64::NAN);
        ratios.extend((0..tau.len().max(r.len())).map(|each| Ratio { tau: at(&tau, each), r: at(&r, each) }));
    }
    Ok(ratios)
}

/// `r` of all neurons without a time constant.
fn rates(graph: &Graph) -> Vec<f64> {
    let without = |node: &NirNode| match node {
        NirNode::I { r } | NirNode::If { r, .. } => r.real(),
        _ => Vec::new(),
    };
    graph.nodes.values().flat_map(without).collect()
}

/// The one value that all of these are, to single precision.
fn one_value(values: &[f64]) -> Option<f64> {
    let first = values.first().copied().filter(|first| first.is_finite() && *first > 0.0)?;
    values.iter().all(|value| (value / first - 1.0).abs() < ALIKE).then_some(first)
}

/// The shortest time constant of all neurons, currents too; `None` if one is not above 0.
fn shortest_tau(graph: &Graph) -> Option<f64> {
    let fields = ["tau", "tau_mem", "tau_syn"];
    let arrays = graph.nodes.values().flat_map(|node| fields.iter().filter_map(|field| node.array(field)));
    let shortest = arrays.flat_map(Array::real).fold(f64::INFINITY, f64::min);
    (shortest > 0.0 && shortest.is_finite()).then_some(shortest)
}

/// The largest power of ten that is not larger.
fn round_below(duration: f64) -> f64 {
    // Single precision falls short of a power of ten by up to 6e-8 of it.
    let exponent = (duration.log10() + 1e-6).floor();
    // Parsing gives the nearest number to the power, which `powi` does not.
    format!("1e{exponent}").parse().unwrap_or(duration)
}

/// A number to four digits, for a sentence.
pub(super) fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// A duration to this many digits after the first, if that is no more than what single precision has lost.
fn round(dt: f64, digits: usize) -> Option<f64> {
    let rounded: f64 = format!("{dt:.digits$e}").parse().ok()?;
    ((rounded / dt - 1.0).abs() < 1e-5).then_some(rounded)
}

/// The duration for which dt · e^(dt/τ) is τ / r in all neurons, if there is a round one.
fn decayed(ratios: &[Ratio]) -> Option<f64> {
    let solution = |ratio: &Ratio| {
        let share = ratio.tau / ratio.r;
        // It contracts as long as dt is less than half of τ.
        if share >= 0.5 * ratio.tau {
            return None;
        }
        let dt = (0..60).fold(share, |dt, _| share * (-dt / ratio.tau).exp());
        round(dt, 1)
    };
    let first = solution(ratios.first()?)?;
    let alike = |found: f64| (found / first - 1.0).abs() < 1e-9;
    ratios.iter().all(|ratio| solution(ratio).is_some_and(alike)).then_some(first)
}
