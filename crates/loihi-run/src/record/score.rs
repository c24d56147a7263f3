//! What came out of a stage of samples: right answers, and what learning has cost.

use loihi_core::ops::OpCounts;
use serde::{Deserialize, Serialize};

/// What came out of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Right answers of every readout that was asked.
    pub right: Vec<u32>,
    /// Counts of the stage alone.
    pub ops: OpCounts,
    /// Samples shown.
    pub samples: usize,
    /// Squares of what values were off, in units of 2^-20, saturating.
    #[serde(default)]
    pub squared_error_q20: u64,
    /// Answers by class (rows) and answer (columns); empty if nothing tells classes apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<u32>,
}

impl Score {
    /// Share of right answers of the last readout.
    pub fn accuracy(&self) -> f64 {
        share(self.right.last().copied().unwrap_or(0) as usize, self.samples)
    }

    /// Shares of right answers of all readouts.
    pub fn accuracies(&self) -> impl Iterator<Item = f64> + '_ {
        self.right.iter().map(|right| share(*right as usize, self.samples))
    }

    /// Share of the opportunities to learn that had an error large enough.
    pub fn trigger_rate(&self) -> f64 {
        ratio(self.ops.rule_triggers, self.ops.rule_opportunities)
    }

    /// Weights for which a change was computed, by the embedded CPU or by the cores, per sample.
    pub fn updates_per_sample(&self) -> f64 {
        ratio(self.ops.rule_updates + self.ops.learning_updates + self.ops.decoder_updates, self.samples as u64)
    }

    /// Share of the changed weights that would have left their range.
    pub fn saturation_rate(&self) -> f64 {
        let saturated = self.ops.rule_saturations + self.ops.learning_saturations + self.ops.decoder_saturations;
        ratio(saturated, self.ops.rule_changes + self.ops.learning_updates + self.ops.decoder_updates)
    }

    /// Spikes per compartment and step.
    pub fn spike_rate(&self) -> f64 {
        ratio(self.ops.spikes, self.ops.compartment_updates)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Share of right answers.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn share(right: usize, seen: usize) -> f64 {
    right as f64 / seen.max(1) as f64
}
