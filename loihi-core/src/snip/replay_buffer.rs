//! Samples that are kept on the device, to be shown again.
//!
//! A slot holds the values of a sample and its targets. [`crate::chip::Chip::keep`] fills one from the mailboxes,
//! [`crate::chip::Chip::recall`] fills the mailboxes from one. Of itself the snip does nothing in any phase.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Slots for samples. They are its learned state, so that they are saved and restored with the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayBuffer {
    /// Values of a sample: the first words of the stimulus. Two more follow there, its key.
    pub values: usize,
    /// Targets of a sample: the first words of the target mailbox.
    pub targets: usize,
    /// Number of slots, at most 65,535.
    pub slots: usize,
}

impl ReplayBuffer {
    /// The kind in a [`SnipRecord`].
    pub const KIND: u32 = 11;

    pub(super) fn from_params(&[values, targets, slots, ..]: &[u32; SnipRecord::PARAMS]) -> Self {
        Self { values: index(values), targets: index(targets), slots: index(slots) }
    }

    fn slot<'l>(&self, learned: &'l mut [i32], slot: usize) -> (&'l mut [i16], &'l mut [i16]) {
        let width = self.values.saturating_add(self.targets);
        let halves = <[i16]>::mut_from_bytes(learned.as_mut_bytes()).unwrap_or_default();
        let first = slot.saturating_mul(width);
        let end = if slot < self.slots { first.saturating_add(width) } else { first };
        let words = halves.get_mut(first..end).unwrap_or_default();
        words.split_at_mut_checked(self.values).unwrap_or_default()
    }

    /// Puts what is in the mailboxes into a slot. A slot that is not there takes nothing.
    pub(crate) fn keep(&self, learned: &mut [i32], slot: usize, stimulus: &[i16], target: &[i16]) {
        let (values, targets) = self.slot(learned, slot);
        values.iter_mut().zip(stimulus).for_each(|(to, from)| *to = *from);
        targets.iter_mut().zip(target).for_each(|(to, from)| *to = *from);
    }

    /// Puts a slot into the mailboxes, with `key` as the sample's key. A slot that is not there changes nothing.
    pub(crate) fn recall(&self, learned: &mut [i32], slot: usize, stimulus: &mut [i16], target: &mut [i16], key: u32) {
        let (values, targets) = self.slot(learned, slot);
        if values.is_empty() {
            return;
        }
        stimulus.iter_mut().zip(&*values).for_each(|(to, from)| *to = *from);
        target.iter_mut().zip(&*targets).for_each(|(to, from)| *to = *from);
        let [a, b, c, d] = key.to_le_bytes();
        let key = [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])];
        stimulus.iter_mut().skip(self.values).zip(key).for_each(|(to, from)| *to = from);
    }
}

impl Snip for ReplayBuffer {
    fn learned_words(&self) -> usize {
        self.values.saturating_add(self.targets).saturating_mul(self.slots).div_ceil(2)
    }

    fn working_words(&self) -> usize {
        0
    }

    fn reset(&self, _working: &mut [i32]) {}

    fn run(&self, _phase: Phase, _cpu: &mut Cpu<'_, '_>) {}

    fn is_sound(&self, image: &Image<'_>) -> bool {
        self.slots <= 0xFFFF
            && self.values > 0
            && fits(0, self.values.saturating_add(2), image.stimulus_words)
            && fits(0, self.targets, image.target_words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_comes_back_with_a_key_of_its_own() {
        let buffer = ReplayBuffer { values: 3, targets: 2, slots: 2 };
        let mut learned = [0; 5];
        assert_eq!(buffer.learned_words(), learned.len());
        buffer.keep(&mut learned, 0, &[1, 2, 3, 9, 9], &[4, 5]);
        buffer.keep(&mut learned, 1, &[6, 7, 8, 9, 9], &[-1, i16::MIN]);
        buffer.keep(&mut learned, 2, &[99; 5], &[99; 2]);
        let (mut stimulus, mut target) = ([0; 5], [0; 2]);
        buffer.recall(&mut learned, 1, &mut stimulus, &mut target, 0x0002_0001);
        assert_eq!((stimulus, target), ([6, 7, 8, 1, 2], [-1, i16::MIN]));
        buffer.recall(&mut learned, 0, &mut stimulus, &mut target, 5);
        assert_eq!((stimulus, target), ([1, 2, 3, 5, 0], [4, 5]));
        buffer.recall(&mut learned, 2, &mut stimulus, &mut target, 7);
        assert_eq!((stimulus, target), ([1, 2, 3, 5, 0], [4, 5]), "a slot that is not there");
    }
}
