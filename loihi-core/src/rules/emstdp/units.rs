//! What EMSTDP remembers of compartments and outputs: errors, error spikes, counts.

use crate::tools::rank_one::packed;

/// What is remembered of a hidden compartment or an output.
#[derive(Debug)]
pub(super) struct Units<'w> {
    /// Errors that are integrated.
    pub(super) errors: &'w mut [i32],
    /// Error spikes of the last step, −1, 0 or 1.
    pub(super) sent: &'w mut [i32],
    /// Spikes of phase 1 in the low 8 bits, of phase 2 in the next 8; then whether it spiked early in phase 1, whether
    /// in the last step, whether it is driven.
    pub(super) seen: &'w mut [i32],
}

const COUNT_2: i32 = 1 << 8;
pub(super) const EARLY: i32 = 1 << 16;
pub(super) const LAST: i32 = 1 << 17;
pub(super) const DRIVEN: i32 = 1 << 18;

impl<'w> Units<'w> {
    /// Cuts those of this many off a working memory; `None` if there is not enough.
    pub(super) fn carve(memory: &'w mut [i32], count: usize) -> Option<(Self, &'w mut [i32])> {
        let (errors, rest) = memory.split_at_mut_checked(count)?;
        let (sent, rest) = rest.split_at_mut_checked(count)?;
        let (seen, rest) = rest.split_at_mut_checked(count)?;
        Some((Self { errors, sent, seen }, rest))
    }

    /// Counts the spikes of a step.
    pub(super) fn count(&mut self, fired: impl Iterator<Item = usize>, t: i32, phase_steps: i32) {
        let first_ends = phase_steps.wrapping_add(1);
        for post in fired {
            let Some(seen) = self.seen.get_mut(post) else { continue };
            let counted = if t < 2 {
                0
            } else if t <= first_ends {
                1
            } else {
                COUNT_2
            };
            *seen = seen.wrapping_add(counted) | LAST;
            if t < phase_steps {
                *seen |= EARLY;
            }
        }
    }

    /// Lists the compartments whose counts differ, with phase 2 less phase 1; returns how many.
    pub(super) fn list_changes(&self, list: &mut [i32]) -> usize {
        let mut listed = 0_usize;
        for (seen, number) in self.seen.iter().zip(0_u32..) {
            let difference = (seen >> 8 & 0xFF).wrapping_sub(seen & 0xFF);
            if difference != 0
                && let Some(slot) = list.get_mut(listed)
            {
                *slot = packed(number, difference);
                listed = listed.wrapping_add(1);
            }
        }
        listed
    }
}

/// An error that is integrated becomes a spike at its threshold.
#[inline(always)]
pub(super) const fn spike_of(error: &mut i32, threshold: i32) -> i32 {
    if *error >= threshold {
        *error = 0;
        1
    } else if *error <= threshold.wrapping_neg() {
        *error = 0;
        -1
    } else {
        0
    }
}
