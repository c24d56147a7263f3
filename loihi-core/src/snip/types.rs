//! Which programs a device has.

use super::{Cpu, Phase, Phases, Sample, Snip, SnipParams, Words};
use crate::image::{CheckSnip, Image, Parameter, SnipRecord};
use core::ops::RangeInclusive;

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
    keep_sample: fn(&Words, &mut [i32], usize, &Sample<'_>) -> bool,
    recall_sample: fn(&Words, &mut [i32], usize, &mut Sample<'_>, u32) -> bool,
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

/// A program of an image, and what a device has for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'s> {
    record: SnipRecord,
    program: &'s SnipType,
}

impl<'s> Snips<'s> {
    /// The program of a record; `None` if there is none of its kind.
    #[inline]
    pub(crate) fn find(self, record: SnipRecord) -> Option<Found<'s>> {
        let program = self.0.iter().find(|program| program.kind == record.kind)?;
        Some(Found { record, program })
    }
}

impl CheckSnip for Snips<'_> {
    fn check_snip(&self, record: &SnipRecord, image: &Image<'_>) -> Option<Result<(), Parameter>> {
        let Found { record, program } = self.find(*record)?;
        Some((program.check)(&record.params, image))
    }
}

impl Found<'_> {
    #[inline]
    pub(crate) fn learned_words(&self) -> usize {
        (self.program.learned_words)(&self.record.params)
    }

    #[inline]
    pub(crate) fn working_words(&self) -> usize {
        (self.program.working_words)(&self.record.params)
    }

    pub(crate) fn rates(&self) -> RangeInclusive<i32> {
        (self.program.rates)(&self.record.params)
    }

    pub(crate) fn reset(&self, working: &mut [i32]) {
        (self.program.reset)(&self.record.params, working);
    }

    /// Runs the program, if this is a phase of its.
    #[inline]
    pub(crate) fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if self.program.phases.has(phase) {
            (self.program.run)(&self.record.params, phase, cpu);
        }
    }

    pub(crate) fn keep_sample(&self, learned: &mut [i32], slot: usize, sample: &Sample<'_>) -> bool {
        (self.program.keep_sample)(&self.record.params, learned, slot, sample)
    }

    pub(crate) fn recall_sample(&self, learned: &mut [i32], slot: usize, sample: &mut Sample<'_>, key: u32) -> bool {
        (self.program.recall_sample)(&self.record.params, learned, slot, sample, key)
    }
}
