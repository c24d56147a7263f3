//! Samples that are kept on the device, to be shown again.
//!
//! A slot holds the values of a sample and its targets. `Chip::keep` fills one from the mailboxes,
//! `Chip::recall` fills the mailboxes from one. Of itself the snip does nothing in any phase.

use crate::image::{Image, Parameter, index};
use crate::snip::{Cpu, Mailboxes, Phase, Phases, Snip, SnipParams, fits, require};
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Slots for samples. They are its learned state, so that they are saved and restored with the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayBufferParams {
    /// Values of a sample: the first words of the stimulus. Two more follow there, its key.
    pub values: u32,
    /// Targets of a sample: the first words of the target mailbox.
    pub targets: u32,
    /// Number of slots, at most 65,535.
    pub slots: u32,
}

impl ReplayBufferParams {
    fn slot<'l>(&self, learned: &'l mut [i32], slot: usize) -> (&'l mut [i16], &'l mut [i16]) {
        let values = index(self.values);
        let width = values.saturating_add(index(self.targets));
        let halves = <[i16]>::mut_from_bytes(learned.as_mut_bytes()).unwrap_or_default();
        let first = slot.saturating_mul(width);
        let end = if slot < index(self.slots) { first.saturating_add(width) } else { first };
        let words = halves.get_mut(first..end).unwrap_or_default();
        words.split_at_mut_checked(values).unwrap_or_default()
    }
}

impl Snip for ReplayBufferParams {
    fn learned_words(&self) -> usize {
        index(self.values).saturating_add(index(self.targets)).saturating_mul(index(self.slots)).div_ceil(2)
    }

    fn run(&self, _phase: Phase, _cpu: &mut Cpu<'_, '_>) {}

    /// A slot that is not there takes nothing.
    fn keep_sample(&self, learned: &mut [i32], slot: usize, sample: &Mailboxes<'_>) -> bool {
        let (values, targets) = self.slot(learned, slot);
        values.iter_mut().zip(&*sample.stimulus).for_each(|(to, from)| *to = *from);
        targets.iter_mut().zip(&*sample.target).for_each(|(to, from)| *to = *from);
        true
    }

    /// A slot that is not there changes nothing.
    fn recall_sample(&self, learned: &mut [i32], slot: usize, sample: &mut Mailboxes<'_>, key: u32) -> bool {
        let (values, targets) = self.slot(learned, slot);
        if values.is_empty() {
            return true;
        }
        sample.stimulus.iter_mut().zip(&*values).for_each(|(to, from)| *to = *from);
        sample.target.iter_mut().zip(&*targets).for_each(|(to, from)| *to = *from);
        let [a, b, c, d] = key.to_le_bytes();
        let key = [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])];
        sample.stimulus.iter_mut().skip(index(self.values)).zip(key).for_each(|(to, from)| *to = from);
        true
    }
}

impl SnipParams for ReplayBufferParams {
    const KIND: u32 = 11;
    const NAME: &'static str = "replay-buffer";
    const PHASES: Phases = Phases::NONE;
    type Snip = Self;

    crate::snip_words!(values, targets, slots);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require(self.slots <= 0xFFFF, "slots")?;
        let has_key = self.values.checked_add(2).is_some_and(|words| fits(0, words, image.stimulus_words));
        require(self.values > 0 && has_key, "values")?;
        require(fits(0, self.targets, image.target_words), "targets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_comes_back_with_a_key_of_its_own() {
        let buffer = ReplayBufferParams { values: 3, targets: 2, slots: 2 };
        let mut learned = [0; 5];
        assert_eq!(buffer.learned_words(), learned.len());
        let kept = Mailboxes { stimulus: &mut [1, 2, 3, 9, 9], target: &mut [4, 5] };
        assert!(buffer.keep_sample(&mut learned, 0, &kept));
        let kept = Mailboxes { stimulus: &mut [6, 7, 8, 9, 9], target: &mut [-1, i16::MIN] };
        assert!(buffer.keep_sample(&mut learned, 1, &kept));
        let kept = Mailboxes { stimulus: &mut [99; 5], target: &mut [99; 2] };
        assert!(buffer.keep_sample(&mut learned, 2, &kept));
        let (mut stimulus, mut target) = ([0; 5], [0; 2]);
        let mut sample = Mailboxes { stimulus: &mut stimulus, target: &mut target };
        assert!(buffer.recall_sample(&mut learned, 1, &mut sample, 0x0002_0001));
        assert_eq!((stimulus, target), ([6, 7, 8, 1, 2], [-1, i16::MIN]));
        let mut sample = Mailboxes { stimulus: &mut stimulus, target: &mut target };
        assert!(buffer.recall_sample(&mut learned, 0, &mut sample, 5));
        assert_eq!((stimulus, target), ([1, 2, 3, 5, 0], [4, 5]));
        let mut sample = Mailboxes { stimulus: &mut stimulus, target: &mut target };
        assert!(buffer.recall_sample(&mut learned, 2, &mut sample, 7));
        assert_eq!((stimulus, target), ([1, 2, 3, 5, 0], [4, 5]), "a slot that is not there");
    }
}
