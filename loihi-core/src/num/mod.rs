//! Numbers of the chip: registers with their ranges, rounding and wrapping by name, and a hash for reproducible draws.

mod arith;
mod hash;
mod register;

pub use arith::{decay_toward_zero, retain_scaled, shift_round_half_up, wrap_signed};
pub use hash::{Fnv64, lowbias32, word};
pub use register::{
    BiasExponent, BiasMantissa, Decay, Delay, OutOfRange, Refractory, ThresholdMantissa, Voltage, Weight,
    WeightExponent,
};
