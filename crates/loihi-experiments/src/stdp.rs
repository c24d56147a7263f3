//! What the experiments with spike-timing-dependent plasticity share: compartments that fire on command, groups of
//! plastic synapses, means over them.

use loihi_core::image::{Dialect, Rounding};
use loihi_core::synapse::SignMode;
use loihi_image::image::{DecayTable, ImageBuilder, Plasticity, decay_table};
use loihi_image::rule::{self, Limits, RuleError};

/// Plasticity with rounding as on the chip. `traces` are those of x1, x2, y1, y2, y3, each an impulse and a time
/// constant in steps, or nothing.
///
/// # Errors
/// The rule cannot be read.
pub(super) fn plasticity(
    builder: &mut ImageBuilder,
    rule: &str,
    traces: [Option<(i32, f64)>; 5],
    epoch_steps: u32,
    sign_mode: SignMode,
) -> Result<Plasticity, RuleError> {
    let products = rule::parse(rule, &Limits::LOIHI)?;
    let traces =
        traces.map(|trace| trace.map_or(0, |(impulse, tau_steps)| builder.trace(impulse, 0, &decay(tau_steps), None)));
    let (weight_bits, rounding, dialect) = (8, Rounding::Stochastic, Dialect::default());
    Ok(Plasticity::default()
        .products(products)
        .traces(traces)
        .epoch_steps(epoch_steps)
        .weight_bits(weight_bits)
        .sign_mode(sign_mode)
        .rounding(rounding)
        .dialect(dialect))
}

/// Exponential decay with this time constant.
pub(super) fn decay(tau_steps: f64) -> DecayTable {
    decay_table((-1.0 / tau_steps).exp(), 0.0)
}

/// The mean of integers; 0 of none.
pub(super) fn mean(values: &[i32]) -> f64 {
    let count = u32::try_from(values.len().max(1)).unwrap_or(u32::MAX);
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / f64::from(count)
}
