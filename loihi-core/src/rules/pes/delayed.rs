//! PES with a filtered error: spikes stay raw and wait until the error that they are learned from is known.
//!
//! A spike of step t moves the decoders of its compartment at the end of step t + 11, by the errors of the twelve steps
//! from t on: `F_d = Σ_k tap_k · e_d(t + k)`, then `D_d −= (F_d + half) >> (3 + rate_shift)`; `half` rounds half up. That
//! is the filtered spike's rule ([`super::trace`]) with the filter moved from the compartments to the error, so that a
//! step costs what fires. In a step without learning the error counts as 0, and nothing moves.

use super::decoding::Decoding;
use crate::image::index;
use crate::num::shift_round_half_up;

/// Steps that a spike waits, its own and the last included.
pub(super) const STEPS: usize = 12;
/// `exp(−k/5)` over their sum, Q15; they add up to 1.
const TAPS: [i32; STEPS] = [6532, 5348, 4379, 3585, 2935, 2403, 1968, 1611, 1319, 1080, 884, 724];

/// Words that remember the errors and spikes of the last steps.
pub(super) const fn words(compartments: usize, dimensions: usize) -> usize {
    let a_step = dimensions.saturating_add(compartments.div_ceil(32));
    STEPS.saturating_mul(a_step).saturating_add(1)
}

/// The errors and spikes of the last steps, a ring.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    /// Place of the step that is being computed.
    at: &'a mut i32,
    /// A row per step.
    errors: &'a mut [i32],
    /// A bit per compartment, 32 to a word, a row of words per step.
    spikes: &'a mut [i32],
}

impl<'a> Waiting<'a> {
    /// What such words hold; `None` if they are too few.
    pub(super) fn of(memory: &'a mut [i32], dimensions: usize) -> Option<Self> {
        let (at, rest) = memory.split_first_mut()?;
        let (errors, spikes) = rest.split_at_mut_checked(STEPS.checked_mul(dimensions)?)?;
        Some(Self { at, errors, spikes })
    }

    /// Keeps the step's errors and spikes, all of decoded compartments; if `learn`, moves the decoders of those that have waited long enough.
    /// `moves` is room for a move per dimension, which loses `shift` bits, 1..=31.
    pub(super) fn advance(
        &mut self,
        decoding: &mut Decoding<'_>,
        spikes: &[u32],
        moves: &mut [i32],
        shift: u32,
        learn: bool,
    ) {
        let now = index(self.at.cast_unsigned());
        let oldest = now.wrapping_add(1).checked_rem(STEPS).unwrap_or(0);
        *self.at = i32::try_from(oldest).unwrap_or(0);
        let dimensions = decoding.dimensions;
        let row = now.wrapping_mul(dimensions);
        let errors = self.errors.get_mut(row..row.wrapping_add(dimensions)).unwrap_or_default();
        errors.iter_mut().zip(&*moves).for_each(|(error, step)| *error = *step);
        let width = self.spikes.len() / STEPS;
        let row = now.wrapping_mul(width);
        let fired = self.spikes.get_mut(row..row.wrapping_add(width)).unwrap_or_default();
        for spike in spikes {
            let compartment = index(spike.wrapping_sub(decoding.first));
            if let Some(word) = fired.get_mut(compartment / 32) {
                *word |= bit(compartment);
            }
        }
        if learn {
            self.filter(oldest, moves, shift);
        }
        let row = oldest.wrapping_mul(width);
        let due = self.spikes.get_mut(row..row.wrapping_add(width)).unwrap_or_default();
        for (place, word) in due.iter_mut().enumerate() {
            let spikes = core::mem::take(word).cast_unsigned();
            if learn && spikes != 0 {
                decoding.teach(place.wrapping_mul(32), spikes, moves);
            }
        }
    }

    /// How far decoders move whose compartments fired in the oldest step.
    fn filter(&self, oldest: usize, moves: &mut [i32], shift: u32) {
        let rows = self.errors.chunks_exact(moves.len().max(1));
        let (before, after) = (rows.clone().take(oldest), rows.skip(oldest));
        moves.fill(0);
        for (tap, errors) in TAPS.into_iter().zip(after.chain(before)) {
            for (sum, error) in moves.iter_mut().zip(errors) {
                // The taps add up to 2^15, so 30 bits and sign are enough.
                *sum = sum.wrapping_add(tap.wrapping_mul(*error));
            }
        }
        for step in moves {
            *step = shift_round_half_up(*step, shift);
        }
    }
}

/// The bit of a compartment in its word.
fn bit(compartment: usize) -> i32 {
    1_i32.wrapping_shl(u32::try_from(compartment % 32).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    /// One compartment, learned step by step from all errors and spikes at once.
    fn expected(errors: &[i32], fires: &[bool], shift: u32) -> i32 {
        let mut decoder = 0;
        for (t, _) in fires.iter().enumerate().filter(|(t, fires)| **fires && t + STEPS <= errors.len()) {
            let sum: i32 = TAPS.iter().zip(&errors[t..]).map(|(tap, error)| tap * error).sum();
            decoder -= (sum + (1 << (shift - 1))) >> shift;
        }
        decoder
    }

    #[test]
    fn a_spike_is_learned_from_the_errors_of_twelve_steps() {
        let errors: Vec<i32> = (0..80).map(|t| (t * 7919) % 65_535 - 32_767).collect();
        let fires: Vec<bool> = (0..80).map(|t| t % 3 == 0 || t % 7 == 1).collect();
        // Compartment 33 of 40: the second word, its second bit.
        let mut memory = vec![0; words(40, 1)];
        let mut decoders = [0; 40];
        for (error, fires) in errors.iter().zip(&fires) {
            let mut decoding =
                Decoding { first: 5, decoders: &mut decoders, dimensions: 1, updated: 0, saturations: 0 };
            let spikes: &[u32] = if *fires { &[38] } else { &[] };
            let mut waiting = Waiting::of(&mut memory, 1).unwrap();
            waiting.advance(&mut decoding, spikes, &mut [*error], 13, true);
        }
        assert_eq!(decoders[33], expected(&errors, &fires, 13));
        assert_eq!(decoders.iter().filter(|decoder| **decoder != 0).count(), 1);
    }

    #[test]
    fn the_taps_add_up_to_one() {
        assert_eq!(TAPS.iter().sum::<i32>(), 1 << 15);
    }

    use std::vec::Vec;
}
