//! Weights that the core changes by a third factor that a program hands to it.

use crate::keys::Keys;
use loihi_net::network::{Learning, SectionError, TraceShape};

/// `±2^-rate_shift·x1·y1`, the sign by the profile, with a trace of 16 steps and an impulse of 16.
///
/// Epochs of one step: every spike counts in the trace, and weights change only when the embedded CPU has written y1.
pub(super) fn by_the_core(rate_shift: u32) -> Learning {
    let rule = format!("dw = 2^-{rate_shift}*u0*x1*y1");
    Learning::new(rule).x1(TraceShape::new(16, 16_000).in_4096ths()).signed_by_profile()
}

/// Refuses a shift that a product of the core's rules cannot have.
pub(super) fn check_shift(keys: &Keys<'_>, key: &str, rate_shift: u32) -> Result<(), SectionError> {
    let beyond = keys.network().beyond_the_chip;
    if rate_shift <= if beyond { 16 } else { 7 } {
        return Ok(());
    }
    let advice = if beyond { "give 0 to 16" } else { "give 0 to 7, or set `beyond_the_chip = true` for up to 16" };
    Err(keys.error(key, format!("a learning rate of 2^-{rate_shift} is too small for the cores: {advice}")))
}
