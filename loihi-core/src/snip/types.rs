//! Which programs a device has.

use super::{Cpu, Mailboxes, Phase, Phases, Snip, SnipParams, Words};
use crate::image::{CheckSnip, Image, Parameter, SnipRecord, index};
use core::ops::{Range, RangeInclusive};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A program that a device has: how it is found, and what is called.
#[derive(Clone, Copy)]
pub struct SnipType {
    /// See [`SnipParams::KIND`].
    pub kind: u32,
    /// See [`SnipParams::NAME`].
    pub name: &'static str,
    phases: Phases,
    learned_words: fn(&Words) -> usize,
    working_words: fn(&Words) -> usize,
    rates: fn(&Words) -> RangeInclusive<i32>,
    reset: fn(&Words, &mut [i32]),
    run: fn(&Words, Phase, &mut Cpu<'_, '_>),
    keep_sample: fn(&Words, &mut [i32], usize, &Mailboxes<'_>) -> bool,
    recall_sample: fn(&Words, &mut [i32], usize, &mut Mailboxes<'_>, u32) -> bool,
    check: fn(&Words, &Image<'_>) -> Result<(), Parameter>,
}

impl core::fmt::Debug for SnipType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SnipType").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for SnipType {
    /// Programs of one kind and name are taken for the same.
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.name) == (other.kind, other.name)
    }
}

impl Eq for SnipType {}

impl SnipType {
    /// The program with such parameters.
    pub const fn of<P: SnipParams>() -> Self {
        Self {
            kind: P::KIND,
            name: P::NAME,
            phases: P::PHASES,
            learned_words: |words| P::from_words(words).map_or(0, |params| params.snip().learned_words()),
            working_words: |words| P::from_words(words).map_or(0, |params| params.snip().working_words()),
            rates: |words| P::from_words(words).map_or(0..=0, |params| params.snip().rates()),
            reset: |words, working| {
                if let Ok(params) = P::from_words(words) {
                    params.snip().reset(working);
                }
            },
            run: |words, phase, cpu| {
                if let Ok(params) = P::from_words(words) {
                    params.snip().run(phase, cpu);
                }
            },
            keep_sample: |words, learned, slot, sample| {
                P::from_words(words).is_ok_and(|params| params.snip().keep_sample(learned, slot, sample))
            },
            recall_sample: |words, learned, slot, sample, key| {
                P::from_words(words).is_ok_and(|params| params.snip().recall_sample(learned, slot, sample, key))
            },
            check: |words, image| P::from_words(words)?.check(image),
        }
    }
}

impl SnipType {
    /// Words that a program with these parameters learns.
    pub fn learned_words(&self, params: &[u32; SnipRecord::PARAMS]) -> usize {
        (self.learned_words)(params)
    }
}

/// The first kind that two of these programs share.
pub fn same_kind(types: &[SnipType]) -> Option<[&SnipType; 2]> {
    types.iter().enumerate().find_map(|(at, one)| {
        let other = types.iter().skip(at.saturating_add(1)).find(|other| other.kind == one.kind)?;
        Some([one, other])
    })
}

/// The programs of a device.
#[derive(Clone, Copy, Debug)]
pub struct Snips<'s>(pub &'s [SnipType]);

/// A program of an image as a chip runs it: which of the device's it is, and where its memory lies.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Instance {
    /// Place in the device's list.
    program: u32,
    learned_first: u32,
    learned_end: u32,
    working_first: u32,
    working_end: u32,
    reserved: u32,
}

impl Instance {
    /// Its words among what all programs have learned.
    #[inline]
    pub(crate) const fn learned(&self) -> Range<usize> {
        index(self.learned_first)..index(self.learned_end)
    }

    /// Its words among the working memory of all programs.
    #[inline]
    pub(crate) const fn working(&self) -> Range<usize> {
        index(self.working_first)..index(self.working_end)
    }
}

impl<'s> Snips<'s> {
    /// The programs of an image, in their order, until one that is not there.
    pub(crate) fn instances(self, image: &Image<'_>) -> impl Iterator<Item = Instance> {
        let (mut learned, mut working) = (0_u32, 0_u32);
        image.snips().map_while(move |SnipRecord { kind, params, .. }| {
            let (program, found) = (0_u32..).zip(self.0).find(|(_, program)| program.kind == kind)?;
            let [learned_first, working_first] = [learned, working];
            let after = |first: u32, words: usize| first.saturating_add(u32::try_from(words).unwrap_or(u32::MAX));
            learned = after(learned, (found.learned_words)(&params));
            working = after(working, (found.working_words)(&params));
            let (learned_end, working_end) = (learned, working);
            Some(Instance { program, learned_first, learned_end, working_first, working_end, reserved: 0 })
        })
    }

    /// Words that the programs of an image need: learned, working.
    pub(crate) fn memory_words(self, image: &Image<'_>) -> [usize; 2] {
        self.instances(image).last().map_or([0; 2], |slot| [slot.learned().end, slot.working().end])
    }

    /// The program of a slot.
    #[inline]
    pub(crate) fn program(self, slot: &Instance) -> Option<&'s SnipType> {
        self.0.get(index(slot.program))
    }

    /// Whether a rate is one of those that a program of an image takes.
    pub(crate) fn takes_rate(self, image: &Image<'_>, snip: usize, instance: &Instance, rate: i32) -> bool {
        let program = self.program(instance);
        program.zip(image.snip_params(snip)).is_some_and(|(program, words)| (program.rates)(words).contains(&rate))
    }
}

impl CheckSnip for Snips<'_> {
    fn check_snip(&self, record: &SnipRecord, image: &Image<'_>) -> Option<Result<(), Parameter>> {
        let program = self.0.iter().find(|program| program.kind == record.kind)?;
        Some((program.check)(&record.params, image))
    }
}

impl SnipType {
    /// When it runs.
    #[inline]
    pub(crate) const fn phases(&self) -> Phases {
        self.phases
    }

    pub(crate) fn reset(&self, words: &Words, working: &mut [i32]) {
        (self.reset)(words, working);
    }

    #[inline]
    pub(crate) fn run(&self, words: &Words, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        (self.run)(words, phase, cpu);
    }

    pub(crate) fn keep_sample(&self, words: &Words, learned: &mut [i32], slot: usize, sample: &Mailboxes<'_>) -> bool {
        (self.keep_sample)(words, learned, slot, sample)
    }

    pub(crate) fn recall_sample(
        &self,
        words: &Words,
        learned: &mut [i32],
        slot: usize,
        sample: &mut Mailboxes<'_>,
        key: u32,
    ) -> bool {
        (self.recall_sample)(words, learned, slot, sample, key)
    }
}
