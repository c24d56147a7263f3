//! Numbers of the chip: registers with their ranges, rounding and wrapping by name, random numbers, hashes.

mod arith;
mod format;
mod hash;
mod random;
mod register;

pub use arith::{
    SMALL, decay_toward_zero, retain_and_add, retain_scaled, retain_small, retain_split, shift_round_half_up,
    wrap_signed,
};
pub use format::{Q3_12, Q4_20, Q8_24};
pub use hash::{Fnv64, lowbias32, word};
pub use random::{Drawn, Purpose, RandomSource, keyed};
pub use register::{
    BiasExponent, BiasMantissa, Decay, Delay, OutOfRange, Refractory, ThresholdMantissa, Voltage, Weight,
    WeightExponent,
};
