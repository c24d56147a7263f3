//! PES, the prescribed error sensitivity rule: decoders that follow an error, driven by raw spikes.
//!
//! Per step, for every dimension d, with `z` the compartments that fired:
//! `e_d = clip((y_d >> 8) − target_d)`, `y_d += ((Σ_z D_zd >> 4) − y_d) · decay_y >> 8`, and while learning
//! `D_zd −= e_d · 2^(12 − rate_shift + rate)`. The error uses the readout of the step before, the sum uses the decoders
//! before they change. A decoder is touched only when its compartment fires: no trace, no multiplication.
//!
//! Source: Nengo's PES in the event-driven integer form; decoders Q8.24 (in units of 1/dt), readout Q4.20, error
//! and target Q3.12.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use crate::num::shift_round_half_up;
use core::ops::RangeInclusive;
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
/// working memory holds the readouts, the sums of the step, and how far decoders move.
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
        &[compartment_first, count, dimensions, target_first, output_first, rate_shift, decay_y, ..]: &[u32; SnipRecord::PARAMS],
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

    /// How far a decoder moves for an error: `e · 2^(12 − rate_shift)`, rounded half up where bits are lost.
    fn decoder_step(rate_shift: u32, error: Target) -> i32 {
        let error = i32::from(error.to_bits());
        match 12_u32.checked_sub(rate_shift) {
            Some(left) => error.wrapping_shl(left), // 15 + 12 bits
            None => shift_round_half_up(error, rate_shift.saturating_sub(12)),
        }
    }

    /// Fills in how far the decoders of a firing compartment move, from the readouts of the step before.
    fn measure_error(rate_shift: u32, readouts: &[i32], targets: &[i16], moves: &mut [i32]) {
        for ((step, readout), target) in moves.iter_mut().zip(readouts).zip(targets) {
            let distance = (*readout >> 8).saturating_sub(i32::from(*target));
            let clipped = i16::try_from(distance.clamp(-32767, 32767)).unwrap_or(i16::MAX);
            *step = Self::decoder_step(rate_shift, Target::from_bits(clipped));
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
}

/// The decoders of all compartments, and what happened to them in a step.
struct Decoding<'a> {
    /// Number of the first compartment that is decoded.
    first: u32,
    decoders: &'a mut [i32],
    dimensions: usize,
    /// Compartments that fired and are decoded.
    visited: u32,
    saturations: u64,
}

impl Decoding<'_> {
    /// Decodes the compartments that fired and, if `LEARN`, moves their decoders.
    fn visit<const LEARN: bool>(&mut self, spikes: &[u32], sums: &mut [i32], moves: &[i32]) {
        // Rows of known length need one check per spike and no loop over the outputs.
        macro_rules! by_dimensions {
            ($($dimensions:literal)*) => {
                match self.dimensions {
                    $($dimensions => self.visit_rows::<LEARN, $dimensions>(spikes, sums, moves),)*
                    _ => self.visit_slices::<LEARN>(spikes, sums, moves),
                }
            };
        }
        by_dimensions!(1 2 3 4 6 8 10);
    }

    fn visit_rows<const LEARN: bool, const D: usize>(&mut self, spikes: &[u32], sums: &mut [i32], moves: &[i32]) {
        let (Some(sums), Some(moves)) = (sums.as_mut_array::<D>(), moves.as_array::<D>()) else { return };
        // Copies, since the compiler then knows that writing a decoder does not change them.
        let (mut local_sums, local_moves) = (*sums, *moves);
        let rows = self.decoders.as_chunks_mut::<D>().0;
        for spike in spikes {
            if let Some(row) = rows.get_mut(index(spike.wrapping_sub(self.first))) {
                visit_row::<LEARN>(row, &mut local_sums, &local_moves, &mut self.saturations);
                self.visited = self.visited.wrapping_add(1);
            }
        }
        *sums = local_sums;
    }

    fn visit_slices<const LEARN: bool>(&mut self, spikes: &[u32], sums: &mut [i32], moves: &[i32]) {
        let width = self.dimensions.max(1);
        let (sum_blocks, sum_rest) = sums.as_chunks_mut::<4>();
        let (move_blocks, move_rest) = moves.as_chunks::<4>();
        for spike in spikes {
            let Some(row) = self.decoders.chunks_exact_mut(width).nth(index(spike.wrapping_sub(self.first))) else {
                continue;
            };
            let (blocks, rest) = row.as_chunks_mut::<4>();
            for ((block, sums), moves) in blocks.iter_mut().zip(&mut *sum_blocks).zip(move_blocks) {
                visit_row::<LEARN>(block, sums, moves, &mut self.saturations);
            }
            visit_row::<LEARN>(rest, sum_rest, move_rest, &mut self.saturations);
            self.visited = self.visited.wrapping_add(1);
        }
    }
}

/// Adds a row of decoders to the sums, which wrap; then, if `LEARN`, moves the decoders, which saturate.
#[inline(always)]
fn visit_row<const LEARN: bool>(row: &mut [i32], sums: &mut [i32], moves: &[i32], saturations: &mut u64) {
    for ((decoder, sum), step) in row.iter_mut().zip(sums).zip(moves) {
        *sum = sum.wrapping_add(*decoder);
        if LEARN {
            match decoder.checked_sub(*step) {
                Some(moved) => *decoder = moved,
                None => saturate(decoder, *step, saturations),
            }
        }
    }
}

/// Holds a decoder at the end of its range toward which the step leads.
#[cold]
#[inline(never)]
fn saturate(decoder: &mut i32, step: i32, saturations: &mut u64) {
    *saturations = saturations.wrapping_add(1);
    *decoder = if step > 0 { i32::MIN } else { i32::MAX };
}

impl Snip for Pes {
    fn learned_words(&self) -> usize {
        self.count.saturating_mul(self.dimensions)
    }

    fn working_words(&self) -> usize {
        self.dimensions.saturating_mul(3)
    }

    /// The shift with the rate stays in the range that [`Pes::rate_shift`] may have.
    fn rates(&self) -> RangeInclusive<i32> {
        let highest = i32::try_from(self.rate_shift).unwrap_or(0);
        highest.wrapping_sub(31)..=highest
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
        let Some((sums, moves)) = rest.split_at_mut_checked(self.dimensions) else { return };
        let mut decoding = Decoding {
            first: u32::try_from(self.compartment_first).unwrap_or(u32::MAX),
            decoders: cpu.learned,
            dimensions: self.dimensions,
            visited: 0,
            saturations: 0,
        };
        sums.fill(0);
        if cpu.learning {
            let targets = cpu.target.get(self.target_first..).unwrap_or_default();
            Self::measure_error(
                self.rate_shift.saturating_add_signed(cpu.rate.wrapping_neg()),
                readouts,
                targets,
                moves,
            );
            decoding.visit::<true>(cpu.spikes, sums, moves);
        } else {
            decoding.visit::<false>(cpu.spikes, sums, moves);
        }
        let (visited, saturations) = (u64::from(decoding.visited), decoding.saturations);
        let decoders = visited.wrapping_mul(self.dimensions as u64);
        cpu.ops.decoder_reads = cpu.ops.decoder_reads.wrapping_add(decoders);
        cpu.ops.decoder_updates = cpu.ops.decoder_updates.wrapping_add(if cpu.learning { decoders } else { 0 });
        cpu.ops.decoder_saturations = cpu.ops.decoder_saturations.wrapping_add(saturations);
        self.filter(readouts, sums);
        let outputs = cpu.output.get_mut(self.output_first..).unwrap_or_default();
        for (output, readout) in outputs.iter_mut().zip(readouts) {
            *output = Readout::from_bits(*readout).to_bits();
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
