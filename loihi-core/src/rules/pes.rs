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

use crate::image::{Image, Parameter, index};
use crate::num::{Q3_12, Q4_20, Q8_24, shift_round_half_up};
use crate::snip::{Cpu, Field, Phase, Phases, Snip, SnipParams, WordReader, WordWriter, fits, require};
use core::ops::RangeInclusive;
use decoding::Decoding;
use delayed::Waiting;
use serde::{Deserialize, Serialize};

/// What stands for the activity of a compartment when its decoders learn; its discriminant is its code in a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreSynapse {
    /// Its spikes: a decoder is touched only when its compartment fires, without trace or multiplication.
    #[default]
    Raw = 0,
    /// A trace of its spikes that fades in 5 steps: every compartment costs in every step.
    Trace = 1,
    /// Its spikes, by an error that is filtered instead and comes 11 steps late.
    DelayedError = 2,
}

impl Field for PreSynapse {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(*self as u32);
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        let code = reader.take();
        [Self::Raw, Self::Trace, Self::DelayedError].into_iter().find(|kind| *kind as u32 == code)
    }
}

/// Decoders of a run of compartments onto `dimensions` outputs.
///
/// The decoders are its learned state, `dimensions` words per compartment, compartment after compartment. Its
/// working memory holds the readouts, the sums of the step, the errors or how far decoders move, and what
/// `pre_synapse` remembers: a trace per compartment, or the errors and spikes of 12 steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PesParams {
    /// First compartment that is decoded.
    pub compartment_first: u32,
    /// Number of compartments.
    pub count: u32,
    /// Number of outputs, at least 1.
    pub dimensions: u32,
    /// First target word, Q3.12.
    pub target_first: u32,
    /// First output word, Q4.20.
    pub output_first: u32,
    /// Binary logarithm of the inverse learning rate: `−log2(κ / (n · dt))`, 0..=31, and 0..=28 if anything is filtered.
    pub rate_shift: u32,
    /// What the readout loses of its distance to the sum in a step, in units of 1/256, 1..=256.
    pub decay_y: u32,
    /// What decoders learn from.
    pub pre_synapse: PreSynapse,
    /// False: the target words say what the readouts should be. True: they are the errors themselves, positive if the
    /// readout is too large, as where another controller's command says what is missing.
    pub error_given: bool,
}

impl Default for PesParams {
    /// One output of no compartments, whose readout follows the sum with a time constant of 5 steps.
    fn default() -> Self {
        Self {
            compartment_first: 0,
            count: 0,
            dimensions: 1,
            target_first: 0,
            output_first: 0,
            rate_shift: 10,
            decay_y: 46,
            pre_synapse: PreSynapse::Raw,
            error_given: false,
        }
    }
}

impl PesParams {
    /// Largest [`PesParams::rate_shift`].
    fn rate_shift_max(&self) -> i32 {
        if self.pre_synapse == PreSynapse::Raw { 31 } else { 28 }
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
        let first = index(self.compartment_first);
        let end = first.saturating_add(index(self.count));
        spikes.get(before(first)..before(end)).unwrap_or_default()
    }

    /// Fills in the errors, from the readouts of the step before.
    fn measure_error(&self, readouts: &[i32], targets: &[i16], errors: &mut [i32]) {
        for ((error, readout), target) in errors.iter_mut().zip(readouts).zip(targets) {
            let target = i32::from(Q3_12::from_bits(*target).to_bits());
            let distance = if self.error_given { target } else { (*readout >> 8).saturating_sub(target) };
            *error = distance.clamp(-32767, 32767);
        }
    }

    /// Moves the readouts toward the sums.
    fn filter(&self, readouts: &mut [i32], sums: &[i32]) {
        for (readout, sum) in readouts.iter_mut().zip(sums) {
            let decoded = Q8_24::from_bits(*sum).to_bits() >> (Q8_24::FRAC_NBITS.saturating_sub(Q4_20::FRAC_NBITS));
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
            PreSynapse::Raw if learn => {
                for error in &mut *errors {
                    *error = self.decoder_step(*error);
                }
                decoding.visit::<true>(spikes, sums, errors);
            }
            PreSynapse::Raw => decoding.visit::<false>(spikes, sums, errors),
            PreSynapse::Trace => {
                decoding.visit::<false>(spikes, sums, errors);
                decoding.follow(spikes, memory, errors, shift, learn);
            }
            PreSynapse::DelayedError => {
                decoding.visit::<false>(spikes, sums, errors);
                if let Some(mut waiting) = Waiting::of(memory, index(self.dimensions)) {
                    waiting.advance(decoding, spikes, errors, shift, learn);
                }
            }
        }
    }
}

impl Snip for PesParams {
    fn learned_words(&self) -> usize {
        index(self.count).saturating_mul(index(self.dimensions))
    }

    fn working_words(&self) -> usize {
        let remembered = match self.pre_synapse {
            PreSynapse::Trace => index(self.count),
            PreSynapse::DelayedError => delayed::words(index(self.count), index(self.dimensions)),
            PreSynapse::Raw => 0,
        };
        index(self.dimensions).saturating_mul(3).saturating_add(remembered)
    }

    /// The shift with the rate stays in the range that [`PesParams::rate_shift`] may have.
    fn rates(&self) -> RangeInclusive<i32> {
        let highest = i32::try_from(self.rate_shift).unwrap_or(0);
        highest.wrapping_sub(self.rate_shift_max())..=highest
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let dimensions = index(self.dimensions);
        let working = core::mem::take(&mut cpu.working);
        let Some((readouts, rest)) = working.split_at_mut_checked(dimensions) else { return };
        let Some((sums, rest)) = rest.split_at_mut_checked(dimensions) else { return };
        let Some((errors, memory)) = rest.split_at_mut_checked(dimensions) else { return };
        let mut decoding = Decoding {
            first: self.compartment_first,
            decoders: core::mem::take(&mut cpu.learned),
            dimensions,
            updated: 0,
            saturations: 0,
        };
        sums.fill(0);
        errors.fill(0);
        if cpu.learning {
            let targets = cpu.target.get(index(self.target_first)..).unwrap_or_default();
            self.measure_error(readouts, targets, errors);
        }
        let spikes = self.own(cpu.spikes);
        let with_rate = Self { rate_shift: self.rate_shift.saturating_add_signed(cpu.rate.wrapping_neg()), ..*self };
        with_rate.decode_and_learn(&mut decoding, spikes, cpu.learning, [sums, errors, memory]);
        let [read, updated] = [spikes.len() as u64, u64::from(decoding.updated)]
            .map(|rows| rows.wrapping_mul(u64::from(self.dimensions)));
        cpu.ops.decoder_reads = cpu.ops.decoder_reads.wrapping_add(read);
        cpu.ops.decoder_updates = cpu.ops.decoder_updates.wrapping_add(updated);
        cpu.ops.decoder_saturations = cpu.ops.decoder_saturations.wrapping_add(u64::from(decoding.saturations));
        self.filter(readouts, sums);
        let outputs = cpu.output.get_mut(index(self.output_first)..).unwrap_or_default();
        for (output, readout) in outputs.iter_mut().zip(readouts) {
            *output = Q4_20::from_bits(*readout).to_bits();
        }
    }
}

impl SnipParams for PesParams {
    const KIND: u32 = 3;
    const NAME: &'static str = "pes";
    const PHASES: Phases = Phases::only(Phase::PostMgmt);
    type Snip = Self;

    crate::snip_words!(
        compartment_first,
        count,
        dimensions,
        target_first,
        output_first,
        rate_shift,
        decay_y,
        pre_synapse,
        error_given
    );

    #[inline]
    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let rate_fits = i32::try_from(self.rate_shift).is_ok_and(|shift| shift <= self.rate_shift_max());
        require(self.dimensions > 0, "dimensions")?;
        require(rate_fits, "rate_shift")?;
        require((1..=256).contains(&self.decay_y), "decay_y")?;
        require(self.count.checked_mul(self.dimensions).is_some(), "count")?;
        require(fits(self.compartment_first, self.count, image.compartments()), "compartment_first")?;
        require(fits(self.target_first, self.dimensions, image.target_words), "target_first")?;
        require(fits(self.output_first, self.dimensions, image.output_words), "output_first")
    }
}
