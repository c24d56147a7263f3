//! Weights that the core changes by a third factor that a program hands to it.

use loihi_net::network::{Learning, TraceShape};

/// `±2^-rate_shift·x1·y1`, the sign by the profile, with a trace of 16 steps and an impulse of 16.
///
/// Epochs of one step: every spike counts in the trace, and weights change only when the embedded CPU has written y1.
pub(super) fn by_the_core(rate_shift: u32) -> Learning {
    let rule = format!("dw = 2^-{rate_shift}*u0*x1*y1");
    Learning::new(rule).x1(TraceShape::new(16, 16_000)).signed_by_profile()
}
