//! Per-delay accumulators of a core: a ring of slots, one per step ahead.
//!
//! A slot holds one 16-bit sum per compartment in units of 64, the least significant bit of a weight of exponent 0.
//! The chip's synaptic sum has 21 bits and sign, which is 16 bits in these units: letting the sum wrap *is* the
//! chip's overflow.

use crate::image::COMPARTMENTS_PER_CORE;

/// Most slots of a core; a delay is smaller than the number of slots.
pub const SLOTS_MAX: usize = 64;

/// Accumulators of one slot.
pub const SLOT: usize = COMPARTMENTS_PER_CORE;

/// Slots that a core needs for this longest delay in steps.
pub const fn slots_for(delay_max: usize) -> usize {
    delay_max.saturating_add(1).next_power_of_two()
}

/// Where in the ring the accumulators of step `t` start; `slots` is a power of two.
#[inline]
pub const fn slot_start(t: u32, slots: usize) -> usize {
    (crate::image::index(t) & slots.wrapping_sub(1)).wrapping_mul(SLOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_exceed_the_delay() {
        for delay in 0..=63 {
            let slots = slots_for(delay);
            assert!(slots.is_power_of_two() && slots > delay && slots <= SLOTS_MAX, "delay {delay}");
        }
    }

    #[test]
    fn slots_take_turns() {
        assert_eq!((0..5).map(|t| slot_start(t, 4) / SLOT).collect::<std::vec::Vec<_>>(), [0, 1, 2, 3, 0]);
        assert_eq!(slot_start(77, 1), 0);
    }
}
