//! The decay of a trace.

use loihi_image::image::{DecayTable, decay_table};

/// Exponential decay with this time constant.
pub(super) fn decay(tau_steps: f64) -> DecayTable {
    decay_table((-1.0 / tau_steps).exp(), 0.0)
}
