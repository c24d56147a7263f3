//! What populations and weights lose in the chip's registers, as fidelity and in words.

use super::layer_plan::LayerPlan;
use super::mantissas::{Mantissas, SINGLE};
use super::neuron::decay;
use super::scale::Scale;
use loihi_core::num::BiasMantissa;
use loihi_files::plural::plural;
use loihi_nir::import::Fidelity;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What the registers of a population lose.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    /// Largest error of a share that stays.
    decay: f64,
    /// Largest error of a bias, in parts of the threshold.
    bias: f64,
    /// Biases beyond the largest one.
    biases_cut: usize,
    /// The most that biases have added too early, in parts of the threshold.
    early: f64,
}

impl Losses {
    /// Counts decays in their registers, and the shares that they should leave.
    pub(super) fn decays(&mut self, pairs: [(i32, f64); 2]) {
        for (decay, keep) in pairs {
            let error = (left(decay) - keep).abs();
            // A share of time constants in single precision is off by the last digits.
            if error > SINGLE {
                self.decay = self.decay.max(error);
            }
        }
    }

    /// Counts a bias in its register, what it should be, and the threshold in the same units.
    pub(super) fn bias(&mut self, held: i32, wanted: f64, unit: f64) {
        let error = (f64::from(held) - wanted).abs();
        if error > SINGLE * wanted.abs() {
            self.bias = self.bias.max(error / unit);
        }
        self.biases_cut += usize::from(wanted.abs() > f64::from(BiasMantissa::MAX << 7) + 64.0);
    }

    /// Counts what is left for a bias of something that comes by a synapse, in parts of the threshold, and the steps in which
    /// it is there too early.
    pub(super) fn early(&mut self, rest: f64, steps: f64) {
        self.early = self.early.max(rest.abs() * steps);
    }

    /// A population's fidelity, and why; `goes_on` if something leads from it to others.
    pub(super) fn fidelity(self, plan: &LayerPlan<'_>, found: &Scale, goes_on: bool) -> (Fidelity, String) {
        let own = &plan.population.neurons;
        let (threshold_error, mut note) = thresholds(plan, found);
        let decays = if self.decay == 0.0 { "exact".to_owned() } else { format!("off by {:.1e} a step", self.decay) };
        let _ = write!(note, "; decays {decays}");
        if plan.biases.iter().chain(&plan.delayed).any(|bias| *bias != 0.0) {
            let _ = write!(note, "; biases {}", off(self.bias));
        }
        if self.early > 0.0 {
            let _ = write!(
                note,
                "; what synapses round of them is early, by up to {} % of the threshold",
                percent(self.early)
            );
        }
        if self.biases_cut > 0 {
            let _ = write!(note, ", {} cut to the largest", self.biases_cut);
        }
        let (rounds, lasts) = rounding(plan, found);
        if rounds > 0.0 {
            let _ = write!(note, "; what decays is rounded, by up to {} % of the threshold", percent(rounds));
            if lasts {
                note += " a step, since voltages do not decay";
            }
        }
        let exact = self.decay + threshold_error + self.bias + self.early + rounds == 0.0;
        let mut fidelity = if exact { Fidelity::Exact } else { Fidelity::Approximate };
        if own.shifted {
            fidelity = Fidelity::Approximate;
            note += "; voltages count from v_reset, and start there";
        }
        if let Some(enters) = plan.early() {
            fidelity = Fidelity::Approximate;
            note += enters;
        }
        if found.share < 1.0 {
            fidelity = fidelity.max(Fidelity::Approximate);
            let _ = write!(note, "; its sums leave their registers if over {} % of", percent(found.share));
            note += " what has one sign comes in every step";
        }
        if let compartments @ 2.. = plan.structure.compartments() {
            let _ = write!(note, "; {compartments} compartments a neuron");
        }
        if plan.population.kind == "Output" {
            fidelity = fidelity.max(Fidelity::Approximate);
            note += "; adds up the input of a sample";
        }
        let silent = (own.threshold.is_none() && goes_on)
            .then(|| "its voltage is read by others, but only spikes leave a neuron of the chip".to_owned());
        for unsupported in own.unsupported.iter().chain(&silent) {
            fidelity = Fidelity::Unsupported;
            note = format!("{unsupported}; {note}");
        }
        (fidelity, note)
    }
}

/// The largest error of a threshold, as a share, and thresholds in words.
fn thresholds(plan: &LayerPlan<'_>, found: &Scale) -> (f64, String) {
    let own = plan.population.neurons.threshold.as_deref().unwrap_or_default();
    let error = |((own, held), units): ((&f64, &i32), &f64)| (f64::from(*held) / units / own - 1.0).abs();
    let errors = own.iter().zip(&found.thresholds).zip(&found.units).map(error);
    let most = errors.filter(|error| *error > SINGLE).fold(0.0, f64::max);
    let classes: BTreeSet<i32> = found.thresholds.iter().copied().collect();
    let note = match (classes.first(), classes.last()) {
        (Some(least), Some(largest)) if least < largest => {
            format!("v_th of {} values from {least} to {largest}, threshold {}", classes.len(), off(most))
        }
        (Some(only), _) => format!("v_th {only}, threshold {}", off(most)),
        (None, _) => format!("never fires, 1 is {:.1} of 64", found.units.first().copied().unwrap_or(0.0)),
    };
    (most, note)
}

/// By how much a voltage is off at most, in thresholds, since the chip cuts what a decay leaves to a whole number: each step
/// by less than one, and decays take their shares of that. Shares are those in the registers. Whether that holds for a step, and
/// adds up: some voltage that does not decay takes a current that does.
fn rounding(plan: &LayerPlan<'_>, found: &Scale) -> (f64, bool) {
    let own = &plan.population.neurons;
    let lasting = |keep: f64| if keep < 1.0 { 1.0 / (1.0 - keep) } else { 1.0 };
    let loses = |keep: f64| f64::from(u8::from(keep > 0.0 && keep < 1.0));
    let held = || own.keep_u.iter().zip(&own.keep_v).map(|(u, v)| [*u, *v].map(held));
    let of = |(at, [u, v]): (usize, [f64; 2])| {
        let current = loses(u) * lasting(u);
        (current + loses(v)) * lasting(v) / (64.0 * found.units[at] * plan.unit(at))
    };
    let lasts = held().any(|[u, v]| loses(u) > 0.0 && v >= 1.0);
    (held().enumerate().map(of).fold(0.0, f64::max), lasts)
}

/// The share that a decay leaves, and that which the register leaves of a share.
fn left(decay: i32) -> f64 {
    f64::from(4096 - decay) / 4096.0
}

fn held(keep: f64) -> f64 {
    left(decay(keep))
}

/// Fidelity and note of weights; `fan_in` of them lead to a neuron.
pub(super) fn weights(mantissas: &Mantissas, fan_in: usize) -> (Fidelity, String) {
    let mut note = plural(mantissas.values.len(), "weight");
    if mantissas.inexact == 0 {
        note += ", all exact";
        return (Fidelity::Exact, note);
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
    let drift = percent((fan_in as f64).sqrt() * mantissas.rms);
    let (most, rms) = (percent(mantissas.max), percent(mantissas.rms));
    let _ = write!(note, ", off by {most} % of the threshold at most, {rms} % rms");
    for (count, what) in [(mantissas.clipped, "clipped"), (mantissas.zeroed, "rounded to 0")] {
        if count > 0 {
            let _ = write!(note, ", {count} {what}");
        }
    }
    let _ = write!(note, "; drift of {drift} % a step, rms, if all fire");
    (Fidelity::Approximate, note)
}

/// How far something is off, as a share.
fn off(share: f64) -> String {
    if share == 0.0 { "exact".to_owned() } else { format!("off by {} %", percent(share)) }
}

/// A share in percent, with as many digits as it needs.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 0.0 || percent >= 0.01 { format!("{percent:.2}") } else { format!("{percent:.0e}") }
}
