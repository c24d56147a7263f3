//! Decoders of compartments that fire: their sum, and the moves that an error asks for.

use crate::image::index;
use core::cell::Cell;

/// Whether rows are visited two at a time: where an instruction adds to memory, unless wide registers add whole rows.
const fn in_pairs(learn: bool) -> bool {
    cfg!(any(target_arch = "x86", target_arch = "x86_64")) && (learn || cfg!(not(target_feature = "sse2")))
}

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
                    $($many if in_pairs(LEARN) => {
                        let sums = Cell::from_mut(sums).as_slice_of_cells();
                        let rows = Cell::from_mut(&mut *self.decoders).as_slice_of_cells().as_chunks().0;
                        let saturations = visit_pairs::<LEARN, $many>(rows, self.first, spikes, sums, moves);
                        self.saturations = self.saturations.wrapping_add(saturations);
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

/// Visits compartments of many outputs two rows at a time, which are added to a sum in one go and read a move once; returns how
/// many decoders saturated. Sums and decoders are in cells, so that the compiler works on them where they are: in registers, of
/// which there are too few, they would be moved about.
#[inline(never)]
fn visit_pairs<const LEARN: bool, const D: usize>(
    rows: &[[Cell<i32>; D]],
    first: u32,
    spikes: &[u32],
    sums: &[Cell<i32>],
    moves: &[i32],
) -> u32 {
    let (Some(sums), Some(moves)) = (sums.as_array::<D>(), moves.as_array::<D>()) else { return 0 };
    // A copy, since the compiler then knows that writing a decoder does not change it.
    let local_moves = *moves;
    let mut saturations = 0;
    let row_of = |spike: u32| rows.get(index(spike.wrapping_sub(first)));
    let (pairs, last) = spikes.as_chunks::<2>();
    for [a, b] in pairs {
        let (Some(a), Some(b)) = (row_of(*a), row_of(*b)) else { continue };
        // Written out: a loop with this many branches would stay one.
        macro_rules! visit_outputs {
            ($($d:literal)*) => {
                $(if let (Some(a), Some(b), Some(sum), Some(step)) =
                    (a.get($d), b.get($d), sums.get($d), local_moves.get($d))
                {
                    // The sum is read last, which makes it the one that an instruction adds to.
                    let both = a.get().wrapping_add(b.get());
                    sum.set(both.wrapping_add(sum.get()));
                    if LEARN {
                        move_in_place(a, *step, &mut saturations);
                        move_in_place(b, *step, &mut saturations);
                    }
                })*
            };
        }
        const { assert!(D <= 10, "no output is left out") };
        visit_outputs!(0 1 2 3 4 5 6 7 8 9);
    }
    if let Some(row) = last.first().and_then(|spike| row_of(*spike)) {
        visit_alone::<LEARN, D>(row, sums, &local_moves, &mut saturations);
    }
    saturations
}

/// What is done to a pair of rows, to one.
#[inline(never)]
fn visit_alone<const LEARN: bool, const D: usize>(
    row: &[Cell<i32>; D],
    sums: &[Cell<i32>; D],
    moves: &[i32; D],
    saturations: &mut u32,
) {
    for ((decoder, sum), step) in row.iter().zip(sums).zip(moves) {
        sum.set(sum.get().wrapping_add(decoder.get()));
        if LEARN {
            move_in_place(decoder, *step, saturations);
        }
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
        None => saturate(Cell::from_mut(decoder), step, saturations),
    }
}

/// The same, stored before it is known to fit, so that an instruction subtracts where the decoder is.
#[inline(always)]
fn move_in_place(decoder: &Cell<i32>, step: i32, saturations: &mut u32) {
    let (moved, overflows) = decoder.get().overflowing_sub(step);
    decoder.set(moved);
    if overflows {
        saturate(decoder, step, saturations);
    }
}

/// Holds a decoder at the end of its range toward which the step leads, which is not 0.
#[cold]
#[inline(never)]
fn saturate(decoder: &Cell<i32>, step: i32, saturations: &mut u32) {
    *saturations = saturations.wrapping_add(1);
    decoder.set((step >> 31) ^ i32::MIN);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    const COMPARTMENTS: usize = 7;
    const FIRST: u32 = 3;

    /// Decoders, sums and saturations.
    type After = (Vec<i32>, Vec<i32>, u32);

    /// What spikes do to them, output by output.
    fn expected(learn: bool, mut decoders: Vec<i32>, spikes: &[u32], moves: &[i32]) -> After {
        let (mut sums, mut saturations) = (vec![0_i32; moves.len()], 0);
        for spike in spikes {
            let row = decoders.chunks_exact_mut(moves.len()).nth(index(spike - FIRST)).unwrap();
            for ((decoder, sum), step) in row.iter_mut().zip(&mut sums).zip(moves) {
                *sum = sum.wrapping_add(*decoder);
                let moved = decoder.saturating_sub(if learn { *step } else { 0 });
                saturations += u32::from(learn && decoder.checked_sub(*step).is_none());
                *decoder = moved;
            }
        }
        (decoders, sums, saturations)
    }

    /// The same in each way that there is for so many outputs.
    fn visited<const LEARN: bool>(decoders: &[i32], spikes: &[u32], moves: &[i32]) -> Vec<(&'static str, After)> {
        let dimensions = moves.len();
        let after = |visit: &dyn Fn(&mut Decoding<'_>, &mut [i32])| {
            let (mut decoders, mut sums) = (decoders.to_vec(), vec![0; dimensions]);
            let mut decoding =
                Decoding { first: FIRST, decoders: &mut decoders, dimensions, updated: 0, saturations: 0 };
            visit(&mut decoding, &mut sums);
            let saturations = decoding.saturations;
            (decoders, sums, saturations)
        };
        let mut ways = vec![
            ("by dimensions", after(&|decoding, sums| decoding.visit::<LEARN>(spikes, sums, moves))),
            ("in slices", after(&|decoding, sums| decoding.visit_slices::<LEARN>(spikes, sums, moves))),
        ];
        if dimensions == 10 {
            let in_rows = |decoding: &mut Decoding<'_>, sums: &mut [i32]| {
                decoding.visit_rows::<LEARN, 10>(spikes, sums, moves);
            };
            let in_pairs = |decoding: &mut Decoding<'_>, sums: &mut [i32]| {
                let rows = Cell::from_mut(&mut *decoding.decoders).as_slice_of_cells().as_chunks().0;
                let sums = Cell::from_mut(sums).as_slice_of_cells();
                decoding.saturations = visit_pairs::<LEARN, 10>(rows, FIRST, spikes, sums, moves);
            };
            ways.extend([("in rows", after(&in_rows)), ("in pairs", after(&in_pairs))]);
        }
        ways
    }

    /// A value that is often near an end of its range.
    fn decoder() -> impl Strategy<Value = i32> {
        prop_oneof![any::<i32>(), (0..1 << 20).prop_map(|less| i32::MAX - less), i32::MIN..i32::MIN + (1 << 20)]
    }

    proptest! {
        #[test]
        fn every_way_of_visiting_does_the_same(
            dimensions in prop_oneof![1..=12_usize, Just(10)],
            fired in any::<[bool; COMPARTMENTS]>(),
            decoders in proptest::collection::vec(decoder(), 12 * COMPARTMENTS),
            moves in any::<[i32; 12]>(),
            shift in 0..24_u32,
        ) {
            let decoders = &decoders[..dimensions * COMPARTMENTS];
            let moves: Vec<i32> = moves.into_iter().take(dimensions).map(|step| step >> shift).collect();
            let spikes: Vec<u32> = (FIRST..).zip(fired).filter_map(|(at, fired)| fired.then_some(at)).collect();
            for (way, after) in visited::<true>(decoders, &spikes, &moves) {
                prop_assert_eq!(after, expected(true, decoders.to_vec(), &spikes, &moves), "{}, learning", way);
            }
            for (way, after) in visited::<false>(decoders, &spikes, &moves) {
                prop_assert_eq!(after, expected(false, decoders.to_vec(), &spikes, &moves), "{}", way);
            }
        }
    }
}
