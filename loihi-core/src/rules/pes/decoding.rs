//! Decoders of compartments that fire: their sum, and the moves that an error asks for.

use crate::image::index;
use core::cell::Cell;

/// Whether an instruction adds to memory, so that sums need no registers.
const ADDS_IN_MEMORY: bool = cfg!(any(target_arch = "x86", target_arch = "x86_64"));

/// The decoders of all compartments, and what happened to them in a step.
#[derive(Debug)]
pub(super) struct Decoding<'a> {
    /// Number of the first compartment that is decoded.
    pub(super) first: u32,
    /// A row of `dimensions` decoders for every compartment.
    pub(super) decoders: &'a mut [i32],
    /// Number of outputs, at least 1.
    pub(super) dimensions: usize,
    /// Compartments whose decoders were moved, or would have been but for the size of their traces.
    pub(super) updated: u32,
    /// Decoders that stayed at an end of their range: each is moved once in a step.
    pub(super) saturations: u32,
}

impl Decoding<'_> {
    /// Decodes the compartments that fired, all its own, and, if `LEARN`, moves their decoders.
    pub(super) fn visit<const LEARN: bool>(&mut self, spikes: &[u32], sums: &mut [i32], moves: &[i32]) {
        // Rows of known length need one check per spike and no loop over the outputs.
        macro_rules! by_dimensions {
            ($($few:literal)*; $($many:literal)*) => {
                match self.dimensions {
                    $($few => self.visit_rows::<LEARN, $few>(spikes, sums, moves),)*
                    $($many if LEARN && ADDS_IN_MEMORY => {
                        let sums = Cell::from_mut(sums).as_slice_of_cells();
                        self.visit_and_move_rows::<$many>(spikes, sums, moves);
                    })*
                    $($many => self.visit_rows::<LEARN, $many>(spikes, sums, moves),)*
                    _ => self.visit_slices::<LEARN>(spikes, sums, moves),
                }
            };
        }
        by_dimensions!(1 2 3 4; 6 8 10);
        self.updated = if LEARN { u32::try_from(spikes.len()).unwrap_or(u32::MAX) } else { 0 };
    }

    /// Moves the decoders of compartments that fired some steps ago: a bit of `spikes` for each of 32 from `first` on.
    pub(super) fn teach(&mut self, first: usize, spikes: u32, moves: &[i32]) {
        let at = first.wrapping_mul(self.dimensions);
        let decoders = self.decoders.get_mut(at..).unwrap_or_default();
        macro_rules! by_dimensions {
            ($($dimensions:literal)*) => {
                match self.dimensions {
                    $($dimensions => {
                        let rows = decoders.as_chunks_mut::<$dimensions>().0;
                        let Some(moves) = moves.as_array::<$dimensions>() else { return };
                        teach_rows(rows, spikes, moves, &mut self.saturations);
                    })*
                    width => {
                        let mut left = spikes;
                        while left != 0 {
                            let row = decoders.chunks_exact_mut(width.max(1)).nth(index(left.trailing_zeros()));
                            for (decoder, step) in row.unwrap_or_default().iter_mut().zip(moves) {
                                move_decoder(decoder, *step, &mut self.saturations);
                            }
                            left &= left.wrapping_sub(1);
                        }
                    }
                }
            };
        }
        by_dimensions!(1 2 3 4);
        self.updated = self.updated.wrapping_add(spikes.count_ones());
    }

    // Functions of their own keep their few values in the few registers that there are.

    #[inline(never)]
    fn visit_rows<const LEARN: bool, const D: usize>(&mut self, spikes: &[u32], sums: &mut [i32], moves: &[i32]) {
        let (Some(sums), Some(moves)) = (sums.as_mut_array::<D>(), moves.as_array::<D>()) else { return };
        // Copies, since the compiler then knows that writing a decoder does not change them.
        let (mut local_sums, local_moves, first) = (*sums, *moves, self.first);
        let mut saturations = 0;
        let rows = self.decoders.as_chunks_mut::<D>().0;
        for spike in spikes {
            if let Some(row) = rows.get_mut(index(spike.wrapping_sub(first))) {
                visit_row::<LEARN>(row, &mut local_sums, &local_moves, &mut saturations);
            }
        }
        self.saturations = self.saturations.wrapping_add(saturations);
        *sums = local_sums;
    }

    /// Of many outputs, while learning. The sums are in cells, so that the compiler adds to them where they are: in registers, of
    /// which there are too few, they would be moved about.
    #[inline(never)]
    fn visit_and_move_rows<const D: usize>(&mut self, spikes: &[u32], sums: &[Cell<i32>], moves: &[i32]) {
        let (Some(sums), Some(moves)) = (sums.as_array::<D>(), moves.as_array::<D>()) else { return };
        // A copy, since the compiler then knows that writing a decoder does not change it.
        let (local_moves, first) = (*moves, self.first);
        let mut saturations = 0_u32;
        let rows = self.decoders.as_chunks_mut::<D>().0;
        for spike in spikes {
            let Some(row) = rows.get_mut(index(spike.wrapping_sub(first))) else { continue };
            for ((decoder, sum), step) in row.iter_mut().zip(sums).zip(&local_moves) {
                // Read once: the sum might be the decoder, for all that the compiler knows.
                let before = *decoder;
                sum.set(sum.get().wrapping_add(before));
                // No call, which would take registers from what does not saturate.
                *decoder = before.checked_sub(*step).unwrap_or_else(|| {
                    saturations = saturations.wrapping_add(1);
                    end_of_range(*step)
                });
            }
        }
        self.saturations = self.saturations.wrapping_add(saturations);
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
        }
    }
}

/// Moves the rows of decoders whose bits are set.
#[inline(never)]
fn teach_rows<const D: usize>(rows: &mut [[i32; D]], spikes: u32, moves: &[i32; D], saturations: &mut u32) {
    let moves = *moves;
    let mut left = spikes;
    while left != 0 {
        if let Some(row) = rows.get_mut(index(left.trailing_zeros())) {
            for (decoder, step) in row.iter_mut().zip(moves) {
                move_decoder(decoder, step, saturations);
            }
        }
        left &= left.wrapping_sub(1);
    }
}

/// Adds a row of decoders to the sums, which wrap; then, if `LEARN`, moves the decoders, which saturate.
#[inline(always)]
fn visit_row<const LEARN: bool>(row: &mut [i32], sums: &mut [i32], moves: &[i32], saturations: &mut u32) {
    for ((decoder, sum), step) in row.iter_mut().zip(sums).zip(moves) {
        *sum = sum.wrapping_add(*decoder);
        if LEARN {
            move_decoder(decoder, *step, saturations);
        }
    }
}

/// Moves a decoder against the error; it saturates.
#[inline(always)]
pub(super) fn move_decoder(decoder: &mut i32, step: i32, saturations: &mut u32) {
    match decoder.checked_sub(step) {
        Some(moved) => *decoder = moved,
        None => saturate(decoder, step, saturations),
    }
}

/// Holds a decoder at the end of its range toward which the step leads.
#[cold]
#[inline(never)]
fn saturate(decoder: &mut i32, step: i32, saturations: &mut u32) {
    *saturations = saturations.wrapping_add(1);
    *decoder = end_of_range(step);
}

/// The end of the range toward which a step leads, which is not 0.
#[inline(always)]
const fn end_of_range(step: i32) -> i32 {
    (step >> 31) ^ i32::MIN
}
