//! PES, the prescribed error sensitivity rule: decoders that follow an error, driven by raw spikes.
//!
//! Per step, for every dimension d, with `z` the compartments that fired:
//! `e_d = clip((y_d >> 8) − target_d)`, `y_d += ((Σ_z D_zd >> 4) − y_d) · decay_y >> 8`, and while learning
//! `D_zd −= e_d · 2^(12 − rate_shift)`. The error uses the readout of the step before, the sum uses the decoders
//! before they change. A decoder is touched only when its compartment fires: no trace, no multiplication.
//!
//! Source: Nengo's PES in the event-driven integer form; decoders Q8.24 (in units of 1/dt), readout Q4.20, error
//! and target Q3.12.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, index};
use crate::num::shift_round_half_up;
use crate::ops::OpCounts;
use fixed::types::extra::{U12, U20, U24};
use fixed::{FixedI16, FixedI32};

/// A decoder, already multiplied by the rate at which a spike per step counts.
pub type Decoder = FixedI32<U24>;
/// A decoded value.
pub type Readout = FixedI32<U20>;
/// What a decoded value should be; also its error.
pub type Target = FixedI16<U12>;

/// Decoders of a run of compartments onto `dimensions` outputs.
///
/// The decoders are its learned state, `dimensions` words per compartment, compartment after compartment. Its
/// working memory holds the readouts, the sums of the step and the steps that the decoders will take.
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
    /// Binary logarithm of the inverse learning rate: `−log2(κ / (n · dt))`, 0..=31.
    pub rate_shift: u32,
    /// What the readout loses of its distance to the sum in a step, in units of 1/256, 1..=256.
    pub decay_y: i32,
}

impl Pes {
    /// The kind in a [`crate::image::SnipRecord`].
    pub const KIND: u32 = 3;

    pub(super) fn from_params(
        &[compartment_first, count, dimensions, target_first, output_first, rate_shift, decay_y, ..]: &[u32; 9],
    ) -> Self {
        Self {
            compartment_first: index(compartment_first),
            count: index(count),
            dimensions: index(dimensions),
            target_first: index(target_first),
            output_first: index(output_first),
            rate_shift,
            decay_y: decay_y.cast_signed(),
        }
    }

    /// How far a decoder moves for this error: `e · 2^(12 − rate_shift)`, rounded half up where bits are lost.
    fn decoder_step(&self, error: Target) -> i32 {
        let error = i32::from(error.to_bits());
        match 12_u32.checked_sub(self.rate_shift) {
            Some(left) => error.wrapping_shl(left), // 15 + 12 bits
            None => shift_round_half_up(error, self.rate_shift.saturating_sub(12)),
        }
    }

    /// Fills in the steps that the decoders of a firing compartment take, from the readouts of the step before.
    fn measure_error(&self, readouts: &[i32], targets: &[i16], steps: &mut [i32]) {
        for ((step, readout), target) in steps.iter_mut().zip(readouts).zip(targets) {
            let distance = (*readout >> 8).saturating_sub(i32::from(*target));
            let clipped = i16::try_from(distance.clamp(-32767, 32767)).unwrap_or(i16::MAX);
            *step = self.decoder_step(Target::from_bits(clipped));
        }
    }

    /// Moves the readouts toward the sums.
    fn filter(&self, readouts: &mut [i32], sums: &[i32]) {
        for (readout, sum) in readouts.iter_mut().zip(sums) {
            let decoded = Decoder::from_bits(*sum).to_bits() >> (Decoder::FRAC_NBITS.saturating_sub(Readout::FRAC_NBITS));
            let distance = i64::from(decoded).wrapping_sub(i64::from(*readout));
            let change = distance.wrapping_mul(i64::from(self.decay_y)) >> 8;
            let moved = i64::from(*readout).wrapping_add(change);
            // A step of at most the whole distance stays between two 32-bit values.
            *readout = i32::try_from(moved).unwrap_or(*readout);
        }
    }

    /// Decodes and, while learning, moves the decoders of the compartments that fired.
    fn visit_spikes(&self, cpu: &mut Cpu<'_>, steps: &[i32], sums: &mut [i32]) -> Option<()> {
        let first = u32::try_from(self.compartment_first).ok()?;
        for spike in cpu.spikes {
            let neuron = index(spike.wrapping_sub(first));
            if neuron >= self.count {
                continue;
            }
            let at = neuron.checked_mul(self.dimensions)?;
            let row = cpu.learned.get_mut(at..)?.get_mut(..self.dimensions)?;
            if cpu.learning {
                learn_row(row, sums, steps, cpu.ops);
            } else {
                read_row(row, sums);
            }
            count(&mut cpu.ops.decoder_reads, self.dimensions);
            if cpu.learning {
                count(&mut cpu.ops.decoder_updates, self.dimensions);
            }
        }
        Some(())
    }
}

fn count(counter: &mut u64, events: usize) {
    *counter = counter.wrapping_add(events as u64);
}

/// Adds a row of decoders to the sums, which wrap.
#[inline]
fn read_row(row: &[i32], sums: &mut [i32]) {
    for (sum, decoder) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(*decoder);
    }
}

/// Adds a row of decoders to the sums, which wrap, then moves the decoders, which saturate.
#[inline]
fn learn_row(row: &mut [i32], sums: &mut [i32], steps: &[i32], ops: &mut OpCounts) {
    for ((decoder, sum), step) in row.iter_mut().zip(sums).zip(steps) {
        *sum = sum.wrapping_add(*decoder);
        *decoder = match decoder.checked_sub(*step) {
            Some(moved) => moved,
            None => saturated(*step, ops),
        };
    }
}

/// The end of the range toward which a step leads.
#[cold]
fn saturated(step: i32, ops: &mut OpCounts) -> i32 {
    ops.decoder_saturations = ops.decoder_saturations.wrapping_add(1);
    if step > 0 { i32::MIN } else { i32::MAX }
}

impl Snip for Pes {
    fn learned_words(&self) -> usize {
        self.count.saturating_mul(self.dimensions)
    }

    fn working_words(&self) -> usize {
        self.dimensions.saturating_mul(3)
    }

    fn reset(&self, working: &mut [i32]) {
        working.fill(0);
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_>) {
        if phase != Phase::PostMgmt {
            return;
        }
        let working = core::mem::take(&mut cpu.working);
        if let Some((readouts, rest)) = working.split_at_mut_checked(self.dimensions)
            && let Some((sums, steps)) = rest.split_at_mut_checked(self.dimensions)
        {
            let targets = cpu.target.get(self.target_first..).unwrap_or_default();
            if cpu.learning {
                self.measure_error(readouts, targets, steps);
            }
            sums.fill(0);
            let _all_there = self.visit_spikes(cpu, steps, sums);
            self.filter(readouts, sums);
            let outputs = cpu.output.get_mut(self.output_first..).unwrap_or_default();
            for (output, readout) in outputs.iter_mut().zip(readouts) {
                *output = Readout::from_bits(*readout).to_bits();
            }
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        self.dimensions > 0
            && self.rate_shift <= 31
            && (1..=256).contains(&self.decay_y)
            && self.count.checked_mul(self.dimensions).is_some()
            && fits(self.compartment_first, self.count, image.compartments())
            && fits(self.target_first, self.dimensions, image.target_words)
            && fits(self.output_first, self.dimensions, image.output_words)
    }
}
