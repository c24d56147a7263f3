//! Per-delay accumulators of a core: a ring of slots, one per step ahead.
//!
//! A slot holds one 16-bit sum per compartment in units of 64, the least significant bit of a weight of exponent 0.
//! The chip's synaptic sum has 21 bits and sign, which is 16 bits in these units: letting the sum wrap *is* the
//! chip's overflow.
//!
//! Sums that are kept apart ([`SumRecord`]) have rings of their own, in 32 bits. What they come to is collected in
//! units of the current in a second ring of the core, and added to its sum when the slot's step comes.

use crate::image::{COMPARTMENTS_PER_CORE, SumRecord};

/// Most slots of a core; a delay is smaller than the number of slots.
pub const SLOTS_MAX: usize = 64;

/// Accumulators of one slot.
pub const SLOT: usize = COMPARTMENTS_PER_CORE;

/// The accumulators of all cores.
#[derive(Debug)]
pub struct Accumulators<'a> {
    /// Synaptic sums: per core its slots.
    pub rings_64: &'a mut [i16],
    /// What joins them from the sums kept apart, in units of the current; empty if there are none.
    pub joining: &'a mut [i32],
    /// The sums kept apart: per sum the slots of its core. Zero but between the arrival of spikes and [`join`].
    pub apart: &'a mut [i32],
}

/// Slots that a core needs for this longest delay in steps.
pub const fn slots_for(delay_max: usize) -> usize {
    delay_max.saturating_add(1).next_power_of_two()
}

/// Where in the ring the accumulators of step `t` start; `slots` is a power of two.
#[inline]
pub const fn slot_start(t: u32, slots: usize) -> usize {
    (crate::image::index(t) & slots.wrapping_sub(1)).wrapping_mul(SLOT)
}

/// Shifts what a sum kept apart has collected, adds it to what joins the core's sum, and clears it.
///
/// The right shift floors. The addition wraps at 32 bits, which the wrap of the synaptic sum at 21 bits contains.
pub fn join(record: &SumRecord, apart: &mut [i32], joining: &mut [i32]) {
    for (sum, joined) in apart.iter_mut().zip(joining) {
        if *sum != 0 {
            let shifted = sum.wrapping_shr(record.shift_right).wrapping_shl(record.shift_left);
            *joined = joined.wrapping_add(shifted);
            *sum = 0;
        }
    }
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

    #[test]
    fn a_sum_apart_floors_as_a_whole() {
        let record = SumRecord { core: 0, shift_right: 2, shift_left: 6, slot_first: 0 };
        let (mut apart, mut joining) = ([7, -7, 3, 0], [1, 1, 1, 1]);
        join(&record, &mut apart, &mut joining);
        assert_eq!((apart, joining), ([0; 4], [65, -127, 1, 1]));
    }
}
