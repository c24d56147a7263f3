//! What makes a rule short: layers of plastic synapses, pre and post factors, rank-one updates, rounding.
//!
//! Most rules of three factors are `Δw_ij = p_j · m_i / 2^shift`: a *pre factor* per axon ([`pre_trace`]), a *post factor*
//! per compartment ([`local_error`]: what a readout got wrong, led back and scaled by the slope at the voltage), and an
//! update that visits only the synapses whose factors are not 0 ([`rank_one`]), rounded as the rule wants ([`fraction`]
//! where changes are wider). [`Layer`] is the group of plastic synapses that they meet in, [`Parts`] a layer that lies on
//! several cores, [`Stack`] layers one upon the other.

pub mod fraction;
mod layer;
pub mod local_error;
mod packed;
mod parts;
pub mod pre_trace;
pub mod rank_one;
mod stack;

pub use layer::Layer;
pub use parts::{Part, Parts};
pub use stack::Stack;

/// Whether an epoch ends with a step of a sample, counted from 0: every `epoch_steps` after the burn-in; never with epochs
/// of 0 steps.
#[inline]
pub fn ends_epoch(step: i32, burn_in_steps: i32, epoch_steps: i32) -> bool {
    let after = step.wrapping_sub(burn_in_steps);
    after >= 0 && after.wrapping_add(1).checked_rem(epoch_steps) == Some(0)
}
