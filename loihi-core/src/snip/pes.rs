//! PES, the prescribed error sensitivity rule: decoders that follow an error.
//!
//! Per step, for every dimension d, with `z` the compartments that fired:
//! `e_d = clip((y_d >> 8) − target_d)`, or `e_d = target_d` if errors are given;
//! `y_d += ((Σ_z D_zd >> 4) − y_d) · decay_y >> 8`; and while learning the decoders move by [`PreSynapse`], raw spikes by
//! `D_zd −= e_d · 2^(12 − rate_shift + rate)`. The error uses the readout of the step before, the sum uses the decoders
//! before they change.
//!
//! Source: Nengo's PES in integers; decoders Q8.24 (in units of 1/dt), readout Q4.20, error and target Q3.12.

mod decoding;
mod delayed;
mod trace;

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use crate::num::shift_round_half_up;
use core::ops::RangeInclusive;
use decoding::Decoding;
use delayed::Waiting;
use fixed::types::extra::{U12, U20, U24};
use fixed::{FixedI16, FixedI32};

/// A decoder, already multiplied by the rate at which a spike per step counts.
pub type Decoder = FixedI32<U24>;
/// A decoded value.
pub type Readout = FixedI32<U20>;
/// What a decoded value should be; also its error.
pub type Target = FixedI16<U12>;

/// What stands for the activity of a compartment when its decoders learn; its discriminant is its code in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreSynapse {
    /// Its spikes: a decoder is touched only when its compartment fires, without trace or multiplication.
    Raw = 0,
    /// A trace of its spikes that fades in 5 steps: every compartment costs in every step.
    Trace = 1,
    /// Its spikes, by an error that is filtered instead and comes 11 steps late.
    DelayedError = 2,
}

impl PreSynapse {
    fn from_code(code: u32) -> Option<Self> {
        [Self::Raw, Self::Trace, Self::DelayedError].into_iter().find(|kind| *kind as u32 == code)
    }
}

/// Decoders of a run of compartments onto `dimensions` outputs.
///
/// The decoders are its learned state, `dimensions` words per compartment, compartment after compartment. Its
/// working memory holds the readouts, the sums of the step, the errors or how far decoders move, and what
/// `pre_synapse` remembers: a trace per compartment, or the errors and spikes of 12 steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pes {
    /// First compartment that is decoded.
    pub compartment_first: usize,
    /// Number of compartments.
    pub count: usize,
    /// Number of outputs, at least 1.
    pub dimensions: usize,
    /// First target word, Q3.12.
    pub target_first: usize,
    /// First output word, Q4.20.
    pub output_first: usize,
    /// Binary logarithm of the inverse learning rate: `−log2(κ / (n · dt))`, 0..=31, and 0..=28 if anything is filtered.
    pub rate_shift: u32,
    /// What the readout loses of its distance to the sum in a step, in units of 1/256, 1..=256.
    pub decay_y: i32,
    /// What decoders learn from; `None` if the record's code is unknown.
    pub pre_synapse: Option<PreSynapse>,
    /// 0: the target words say what the readouts should be. 1: they are the errors themselves, positive if the readout is
    /// too large, as where another controller's command says what is missing.
    pub error_given: u32,
}

impl Pes {
    /// The kind in a [`crate::image::SnipRecord`].
    pub const KIND: u32 = 3;

    pub(super) fn from_params(
        &[
            compartment_first,
            count,
            dimensions,
            target_first,
            output_first,
            rate_shift,
            decay_y,
            pre_synapse,
            error_given,
            ..,
        ]: &[u32; SnipRecord::PARAMS],
    ) -> Self {
        Self {
            compartment_first: index(compartment_first),
            count: index(count),
            dimensions: index(dimensions),
            target_first: index(target_first),
            output_first: index(output_first),
            rate_shift,
            decay_y: decay_y.cast_signed(),
            pre_synapse: PreSynapse::from_code(pre_synapse),
            error_given,
        }
    }

    /// Largest [`Pes::rate_shift`].
    fn rate_shift_max(&self) -> i32 {
        if self.pre_synapse == Some(PreSynapse::Raw) { 31 } else { 28 }
    }

    /// How far a decoder moves for an error: `e · 2^(12 − rate_shift)`, rounded half up where bits are lost.
    fn decoder_step(&self, error: i32) -> i32 {
        match 12_u32.checked_sub(self.rate_shift) {
            Some(left) => error.wrapping_shl(left), // 15 + 12 bits
            None => shift_round_half_up(error, self.rate_shift.saturating_sub(12)),
        }
    }

    /// The spikes of its compartments among all, which are ascending.
    fn own<'s>(&self, spikes: &'s [u32]) -> &'s [u32] {
        let before = |end: usize| spikes.partition_point(|spike| index(*spike) < end);
        let end = self.compartment_first.saturating_add(self.count);
        spikes.get(before(self.compartment_first)..before(end)).unwrap_or_default()
    }

    /// Fills in the errors, from the readouts of the step before.
    fn measure_error(&self, readouts: &[i32], targets: &[i16], errors: &mut [i32]) {
        for ((error, readout), target) in errors.iter_mut().zip(readouts).zip(targets) {
            let target = i32::from(Target::from_bits(*target).to_bits());
            let distance = if self.error_given == 1 { target } else { (*readout >> 8).saturating_sub(target) };
            *error = distance.clamp(-32767, 32767);
        }
    }

    /// Moves the readouts toward the sums.
    fn filter(&self, readouts: &mut [i32], sums: &[i32]) {
        for (readout, sum) in readouts.iter_mut().zip(sums) {
            let decoded =
                Decoder::from_bits(*sum).to_bits() >> (Decoder::FRAC_NBITS.saturating_sub(Readout::FRAC_NBITS));
            let distance = i64::from(decoded).wrapping_sub(i64::from(*readout));
            let change = distance.wrapping_mul(i64::from(self.decay_y)) >> 8;
            let moved = i64::from(*readout).wrapping_add(change);
            // A step of at most the whole distance stays between two 32-bit values.
            *readout = i32::try_from(moved).unwrap_or(*readout);
        }
    }
    /// Adds up what the spikes decode to and moves the decoders.
    fn decode_and_learn(
        &self,
        decoding: &mut Decoding<'_>,
        spikes: &[u32],
        learn: bool,
        [sums, errors, memory]: [&mut [i32]; 3],
    ) {
        // What error times trace, or errors times taps, loses besides the learning rate.
        let shift = self.rate_shift.saturating_add(3);
        match self.pre_synapse {
            Some(PreSynapse::Raw) if learn => {
                for error in &mut *errors {
                    *error = self.decoder_step(*error);
                }
                decoding.visit::<true>(spikes, sums, errors);
            }
            Some(PreSynapse::Raw) | None => decoding.visit::<false>(spikes, sums, errors),
            Some(PreSynapse::Trace) => {
                decoding.visit::<false>(spikes, sums, errors);
                decoding.follow(spikes, memory, errors, shift, learn);
            }
            Some(PreSynapse::DelayedError) => {
                decoding.visit::<false>(spikes, sums, errors);
                if let Some(mut waiting) = Waiting::of(memory, self.dimensions) {
                    waiting.advance(decoding, spikes, errors, shift, learn);
                }
            }
        }
    }
}

impl Snip for Pes {
    fn learned_words(&self) -> usize {
        self.count.saturating_mul(self.dimensions)
    }

    fn working_words(&self) -> usize {
        let remembered = match self.pre_synapse {
            Some(PreSynapse::Trace) => self.count,
            Some(PreSynapse::DelayedError) => delayed::words(self.count, self.dimensions),
            Some(PreSynapse::Raw) | None => 0,
        };
        self.dimensions.saturating_mul(3).saturating_add(remembered)
    }

    /// The shift with the rate stays in the range that [`Pes::rate_shift`] may have.
    fn rates(&self) -> RangeInclusive<i32> {
        let highest = i32::try_from(self.rate_shift).unwrap_or(0);
        highest.wrapping_sub(self.rate_shift_max())..=highest
    }

    fn reset(&self, working: &mut [i32]) {
        working.fill(0);
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if phase != Phase::PostMgmt {
            return;
        }
        let working = core::mem::take(&mut cpu.working);
        let Some((readouts, rest)) = working.split_at_mut_checked(self.dimensions) else { return };
        let Some((sums, rest)) = rest.split_at_mut_checked(self.dimensions) else { return };
        let Some((errors, memory)) = rest.split_at_mut_checked(self.dimensions) else { return };
        let mut decoding = Decoding {
            first: u32::try_from(self.compartment_first).unwrap_or(u32::MAX),
            decoders: core::mem::take(&mut cpu.learned),
            dimensions: self.dimensions,
            taught: 0,
            saturations: 0,
        };
        sums.fill(0);
        errors.fill(0);
        if cpu.learning {
            let targets = cpu.target.get(self.target_first..).unwrap_or_default();
            self.measure_error(readouts, targets, errors);
        }
        let spikes = self.own(cpu.spikes);
        let with_rate = Self { rate_shift: self.rate_shift.saturating_add_signed(cpu.rate.wrapping_neg()), ..*self };
        with_rate.decode_and_learn(&mut decoding, spikes, cpu.learning, [sums, errors, memory]);
        let [read, taught] =
            [spikes.len() as u64, u64::from(decoding.taught)].map(|rows| rows.wrapping_mul(self.dimensions as u64));
        cpu.ops.decoder_reads = cpu.ops.decoder_reads.wrapping_add(read);
        cpu.ops.decoder_updates = cpu.ops.decoder_updates.wrapping_add(taught);
        cpu.ops.decoder_saturations = cpu.ops.decoder_saturations.wrapping_add(decoding.saturations);
        self.filter(readouts, sums);
        let outputs = cpu.output.get_mut(self.output_first..).unwrap_or_default();
        for (output, readout) in outputs.iter_mut().zip(readouts) {
            *output = Readout::from_bits(*readout).to_bits();
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        self.dimensions > 0
            && self.pre_synapse.is_some()
            && i32::try_from(self.rate_shift).is_ok_and(|shift| shift <= self.rate_shift_max())
            && self.error_given <= 1
            && (1..=256).contains(&self.decay_y)
            && self.count.checked_mul(self.dimensions).is_some()
            && fits(self.compartment_first, self.count, image.compartments())
            && fits(self.target_first, self.dimensions, image.target_words)
            && fits(self.output_first, self.dimensions, image.output_words)
    }
}
