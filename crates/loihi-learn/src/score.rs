//! The figures of stages of samples.

use crate::Metrics;
pub use loihi_run::record::score::Score;
pub use loihi_run::record::score::share;

/// Figures of the last of several epochs.
pub fn metrics_of_epochs(scores: &[Score]) -> Metrics {
    let [.., learned, tested] = scores else { return Vec::new() };
    let mut metrics = vec![("accuracy_test", tested.accuracy()), ("accuracy_online", learned.accuracy())];
    metrics.extend(learning_metrics(learned));
    metrics
}

/// What a stage of learning has cost, and whether it was in order.
pub fn learning_metrics(score: &Score) -> Metrics {
    vec![
        ("trigger_rate", score.trigger_rate()),
        ("updates_per_sample", score.updates_per_sample()),
        ("saturation_rate", score.saturation_rate()),
        ("spike_rate", score.spike_rate()),
    ]
}
