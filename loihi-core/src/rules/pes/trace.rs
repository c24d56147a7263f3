//! PES on filtered spikes: a trace per compartment says how much of its decoders' move the error brings about.
//!
//! Per step `s = (s · 53656 >> 16) + 5940 · z`, with `z` 1 for a compartment that fires: the low-pass filter of 5 steps
//! that Nengo puts before PES, 0 to 1 in UQ0.15. While learning, `D_d −= (e_d · s + half) >> (3 + rate_shift)` for every
//! trace above 16; `half` rounds half up. It costs as much as there are compartments, whether they fire or not.

use super::decoding::{Decoding, move_decoder};
use crate::image::index;

/// What a trace keeps in a step, `2^16 · exp(−1/5)`.
const KEEP: u32 = 53_656;
/// What a spike adds, `2^15 · (1 − exp(−1/5))`. A trace stays within 15 bits: one of 32,767 keeps 26,827.
const IMPULSE: u32 = 5_940;
/// Traces up to here move nothing.
const SMALLEST: u32 = 16;

impl Decoding<'_> {
    /// Follows the traces through a step and, if `learn`, moves the decoders. `errors` are Q3.12; a move loses `shift`
    /// bits, 1..=31, of error times trace.
    pub(super) fn follow(&mut self, spikes: &[u32], traces: &mut [i32], errors: &[i32], shift: u32, learn: bool) {
        // Traces decay before spikes count, all in one go: until then, a spike waits in the upper half of the word.
        for spike in spikes {
            if let Some(trace) = traces.get_mut(index(spike.wrapping_sub(self.first))) {
                *trace |= (IMPULSE << 16).cast_signed();
            }
        }
        if !learn {
            for trace in traces {
                *trace = advanced(*trace).cast_signed();
            }
            return;
        }
        // Rows of known length need no loop over the outputs.
        macro_rules! by_dimensions {
            ($($dimensions:literal)*) => {
                match self.dimensions {
                    $($dimensions => {
                        let rows = self.decoders.as_chunks_mut::<$dimensions>().0;
                        let Some(errors) = errors.as_array::<$dimensions>() else { return };
                        teach_rows(traces, rows, errors, shift, &mut self.saturations);
                    })*
                    width => {
                        for (trace, row) in traces.iter_mut().zip(self.decoders.chunks_exact_mut(width.max(1))) {
                            teach(trace, row, errors, shift, &mut self.saturations);
                        }
                    }
                }
            };
        }
        by_dimensions!(1 2 3 4);
        self.updated = u32::try_from(traces.len()).unwrap_or(u32::MAX);
    }
}

/// Follows all traces and moves the decoders.
// A function of its own keeps its few values in the few registers that there are.
#[inline(never)]
fn teach_rows<const D: usize>(
    traces: &mut [i32],
    rows: &mut [[i32; D]],
    errors: &[i32; D],
    shift: u32,
    saturations: &mut u32,
) {
    // A copy, since the compiler then knows that moving a decoder does not change it.
    let errors = *errors;
    for (trace, row) in traces.iter_mut().zip(rows) {
        teach(trace, row, &errors, shift, saturations);
    }
}

/// Follows a trace and moves the decoders of its compartment, unless it is too small.
#[inline(always)]
fn teach(trace: &mut i32, row: &mut [i32], errors: &[i32], shift: u32, saturations: &mut u32) {
    let s = advanced(*trace);
    *trace = s.cast_signed();
    if s > SMALLEST {
        let half = 1_i32.wrapping_shl(shift.wrapping_sub(1));
        for (decoder, error) in row.iter_mut().zip(errors) {
            // 15 × 15 bits, and half of at most 2^31: 31 bits and sign.
            let step = error.wrapping_mul(s.cast_signed()).wrapping_add(half).wrapping_shr(shift);
            move_decoder(decoder, step, saturations);
        }
    }
}

/// The trace after a step.
#[inline(always)]
fn advanced(trace: i32) -> u32 {
    let word = trace.cast_unsigned();
    ((word & 0xFFFF).wrapping_mul(KEEP) >> 16).wrapping_add(word >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_stays_in_fifteen_bits_and_comes_to_rest() {
        let mut traces = [0];
        let mut s = 0_u64;
        for step in 0..2_000 {
            let fires = step < 1_000;
            let mut decoders = [0];
            let mut decoding =
                Decoding { first: 7, decoders: &mut decoders, dimensions: 1, updated: 0, saturations: 0 };
            let spikes: &[u32] = if fires { &[3, 7, 9] } else { &[6, 8] };
            decoding.follow(spikes, &mut traces, &[0], 13, step % 2 == 0);
            s = ((s * 53_656) >> 16) + if fires { 5_940 } else { 0 };
            assert_eq!(u64::from(traces[0].cast_unsigned()), s, "step {step}");
            assert!(s <= 32_767, "step {step}");
            assert!(!fires || step < 100 || s > 32_000, "step {step}");
        }
        assert_eq!(s, 0);
    }
}
