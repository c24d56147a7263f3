//! What a network costs on a Loihi, in a few lines: for benchmarks.

use super::activity::Activity;
use super::event::CostEvent;
use super::format::{figure, range};
use super::model::{CostBreakdown, EnergyKind, Model};
use super::units::{Energy, Range};
use serde_json::{Value, json};

/// What a step and a synaptic event cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Time of a step.
    pub us_per_step: Range<f64>,
    /// Energy of a step, for what happens.
    pub dynamic_nj_per_step: Range<f64>,
    /// All energy of a step, with what is spent on being powered and ready.
    pub nj_per_step: Range<f64>,
    /// Energy for what happens, per synaptic event; none without events.
    pub dynamic_pj_per_event: Option<Range<f64>>,
    /// All energy, per synaptic event.
    pub pj_per_event: Option<Range<f64>>,
}

impl Summary {
    /// Of the steps of an activity, by a model.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn of(activity: &Activity, model: &Model<'_>) -> Self {
        let breakdown: CostBreakdown = model.breakdown(activity);
        let steps = breakdown.steps.max(1) as f64;
        let counts = activity.total();
        let formats = [CostEvent::SynapseDense, CostEvent::SynapseSparse, CostEvent::SynapseShared];
        let events: u64 = formats.into_iter().map(|format| counts.of(format)).sum();
        let dynamic = breakdown.of(EnergyKind::Dynamic);
        let per_event = |energy: Range<Energy>| (events > 0).then(|| energy.map(|energy| energy.pj() / events as f64));
        Self {
            us_per_step: breakdown.times.total().map(|time| 1e-3 * time.ns() / steps),
            dynamic_nj_per_step: dynamic.map(|energy| 1e-3 * energy.pj() / steps),
            nj_per_step: breakdown.total.map(|energy| 1e-3 * energy.pj() / steps),
            dynamic_pj_per_event: per_event(dynamic),
            pj_per_event: per_event(breakdown.total),
        }
    }

    /// Names and figures in their order.
    fn figures(&self) -> Vec<(&'static str, Range<f64>)> {
        let always = [
            ("us_per_step", Some(self.us_per_step)),
            ("dynamic_nj_per_step", Some(self.dynamic_nj_per_step)),
            ("nj_per_step", Some(self.nj_per_step)),
            ("dynamic_pj_per_event", self.dynamic_pj_per_event),
            ("pj_per_event", self.pj_per_event),
        ];
        always.into_iter().filter_map(|(name, figure)| Some((name, figure?))).collect()
    }

    /// Lines to show, each a name and a typical figure with its range.
    pub fn lines(&self) -> Vec<String> {
        let line = |(name, values): (&str, Range<f64>)| format!("{name:<21} {}", range(values.map(figure)));
        self.figures().into_iter().map(line).collect()
    }

    /// The same for programs: by name, low, typical, high.
    pub fn json(&self) -> Value {
        let figures = self.figures().into_iter();
        figures.map(|(name, Range { low, typical, high })| (name.to_owned(), json!([low, typical, high]))).collect()
    }
}
