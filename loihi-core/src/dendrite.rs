//! Per-delay accumulators of a core: a ring of slots, one per step ahead.
//!
//! A slot holds one 16-bit sum per compartment, in whole blocks of [`LANES`](crate::image::LANES), in units of 64, the least significant bit of a weight of exponent 0.
//! The chip's synaptic sum has 21 bits and sign, which is 16 bits in these units: letting the sum wrap *is* the
//! chip's overflow.
//!
//! Auxiliary accumulators ([`AccumulatorRecord`]) have rings of their own, in 32 bits. What they come to is collected
//! in units of the current in a second ring of the core, and added to its sum when the slot's step comes.

use crate::feature::PARTS;
use crate::image::{AccumulatorRecord, CoreRecord, index};
use core::ops::Range;

/// The accumulators of all cores.
#[derive(Debug)]
pub struct Accumulators<'a> {
    /// Synaptic sums: per core its slots.
    pub rings_64: &'a mut [i16],
    /// What the auxiliary accumulators add to them, in units of the current; empty if there are none.
    pub auxiliary_input: &'a mut [i32],
    /// The auxiliary accumulators: per sum the slots of its core. Zero but between the arrival of spikes and
    /// [`add_auxiliary`].
    pub auxiliary: &'a mut [i32],
    /// Which of a chip's accumulators these are.
    pub own: Own,
}

/// The cores of a chip, or of a part of it that is computed apart, and where their state begins among that of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The first core.
    pub core_first: usize,
    /// Number of cores, or more.
    pub cores: usize,
    /// The first of [`Accumulators::rings_64`].
    pub ring_first: usize,
    /// The first of [`Accumulators::auxiliary`].
    pub auxiliary_first: usize,
    /// The first core behind whose ring of one slot less is there than [`view_length`](crate::synapse::view_length): from it on,
    /// nothing is to be looked at behind a ring.
    pub short_first: usize,
}

impl Own {
    /// All cores.
    pub const ALL: Self =
        Self { core_first: 0, cores: usize::MAX, ring_first: 0, auxiliary_first: 0, short_first: usize::MAX };

    /// Whether a core is one of them.
    #[inline(always)]
    pub const fn has(&self, core: usize) -> bool {
        !PARTS || core.wrapping_sub(self.core_first) < self.cores
    }

    /// Whether there is enough behind the ring of a core to be looked at.
    #[inline(always)]
    pub const fn can_look_behind(&self, core: usize) -> bool {
        !PARTS || core < self.short_first
    }

    /// A core of them with the place of its rings among theirs.
    #[inline(always)]
    pub const fn placed(&self, core: CoreRecord) -> CoreRecord {
        if PARTS {
            CoreRecord { accumulator_first: core.accumulator_first.wrapping_sub(self.ring_first), ..core }
        } else {
            core
        }
    }

    /// The same of an auxiliary accumulator.
    #[inline(always)]
    pub const fn placed_sum(&self, sum: AccumulatorRecord) -> AccumulatorRecord {
        if PARTS {
            AccumulatorRecord { accumulator_first: sum.accumulator_first.wrapping_sub(self.auxiliary_first), ..sum }
        } else {
            sum
        }
    }
}

impl CoreRecord {
    /// Where the accumulators of step `t` are in the core's ring; [`CoreRecord::slots`] is a power of two.
    #[inline]
    pub const fn slot_start(&self, t: u32) -> usize {
        (index(t) & self.slots.wrapping_sub(1)).wrapping_mul(self.slot_length())
    }

    /// The core's ring among those of all cores.
    #[inline]
    pub const fn ring(&self) -> Range<usize> {
        self.accumulator_first..self.accumulator_first.wrapping_add(self.accumulators())
    }

    /// The ring of an auxiliary accumulator on this core, among those of all such sums.
    #[inline]
    pub const fn ring_of(&self, sum: &AccumulatorRecord) -> Range<usize> {
        sum.accumulator_first..sum.accumulator_first.wrapping_add(self.accumulators())
    }
}

impl Accumulators<'_> {
    /// Those of the first cores and those of the others: `cores` of them have `rings` and `auxiliary` accumulators, and from
    /// `short_first` on they have not enough behind them; `None` if there are fewer.
    pub fn split(self, [cores, rings, auxiliary]: [usize; 3], short_first: usize) -> Option<[Self; 2]> {
        let Self { rings_64, auxiliary_input, auxiliary: sums, own } = self;
        let (inputs, auxiliary) = (rings.min(auxiliary_input.len()), auxiliary.min(sums.len()));
        let (rings_64, rings_back) = rings_64.split_at_mut_checked(rings)?;
        let (auxiliary_input, input_back) = auxiliary_input.split_at_mut_checked(inputs)?;
        let (sums, sums_back) = sums.split_at_mut_checked(auxiliary)?;
        let back = Own {
            core_first: own.core_first.wrapping_add(cores),
            cores: own.cores.wrapping_sub(cores),
            ring_first: own.ring_first.wrapping_add(rings),
            auxiliary_first: own.auxiliary_first.wrapping_add(auxiliary),
            short_first: own.short_first,
        };
        let own = Own { cores, short_first: own.short_first.min(short_first), ..own };
        let front = Self { rings_64, auxiliary_input, auxiliary: sums, own };
        Some([front, Self { rings_64: rings_back, auxiliary_input: input_back, auxiliary: sums_back, own: back }])
    }
}

/// Shifts what an auxiliary accumulator has collected, adds it to the core's auxiliary input, and clears it.
///
/// The right shift floors. The addition wraps at 32 bits, which the wrap of the synaptic sum at 21 bits contains.
pub fn add_auxiliary(record: &AccumulatorRecord, auxiliary: &mut [i32], auxiliary_input: &mut [i32]) {
    for (sum, joined) in auxiliary.iter_mut().zip(auxiliary_input) {
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
    fn slots_take_turns_and_hold_whole_blocks_of_the_core() {
        let mut core = CoreRecord::from_words(&[0, 20, 0, 1, 4, 100, 0, 0]);
        assert_eq!((core.slot_length(), core.accumulators(), core.ring()), (32, 128, 100..228));
        assert_eq!((0..5).map(|t| core.slot_start(t)).collect::<std::vec::Vec<_>>(), [0, 32, 64, 96, 0]);
        core.slots = 1;
        assert_eq!(core.slot_start(77), 0);
    }

    #[test]
    fn an_auxiliary_accumulator_floors_as_a_whole() {
        let record = AccumulatorRecord { core: 0, shift_right: 2, shift_left: 6, accumulator_first: 0 };
        let (mut auxiliary, mut auxiliary_input) = ([7, -7, 3, 0], [1, 1, 1, 1]);
        add_auxiliary(&record, &mut auxiliary, &mut auxiliary_input);
        assert_eq!((auxiliary, auxiliary_input), ([0; 4], [65, -127, 1, 1]));
    }
}
