//! What EMSTDP remembers of the compartments of a layer: errors, error spikes, counts.

use crate::tools::rank_one::packed;

/// What is remembered of a layer's compartments.
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
const DRIVEN: i32 = 1 << 18;

impl Units<'_> {
    /// Words for this many.
    pub(super) const fn words(count: usize) -> usize {
        count.saturating_mul(3)
    }

    /// What the first of a memory's units have sent, if those are this many.
    pub(super) fn first_sent(memory: &[i32], count: usize) -> &[i32] {
        memory.get(count..).and_then(|rest| rest.get(..count)).unwrap_or_default()
    }

    /// What the last of a memory's units have sent, if those are this many.
    pub(super) fn last_sent(memory: &[i32], count: usize) -> &[i32] {
        Self::first_sent(memory.get(memory.len().saturating_sub(Self::words(count))..).unwrap_or_default(), count)
    }

    /// What has been seen of the last of a memory's units, if those are this many.
    pub(super) fn last_seen(memory: &[i32], count: usize) -> &[i32] {
        memory.get(memory.len().saturating_sub(count)..).unwrap_or_default()
    }
}

impl<'w> Units<'w> {
    /// Cuts those of this many off a working memory; `None` if there is not enough.
    pub(super) fn carve(memory: &'w mut [i32], count: usize) -> Option<(Self, &'w mut [i32])> {
        let (errors, rest) = memory.split_at_mut_checked(count)?;
        let (sent, rest) = rest.split_at_mut_checked(count)?;
        let (seen, rest) = rest.split_at_mut_checked(count)?;
        Some((Self { errors, sent, seen }, rest))
    }

    /// Begins a step in which outputs may spike.
    pub(super) fn forget_last(&mut self) {
        for seen in self.seen.iter_mut() {
            *seen &= !LAST;
        }
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

/// Whether a compartment's drive is written: that of its error spike, ±1, or none after one.
#[inline(always)]
pub(super) const fn is_to_drive(sent: i32, seen: &mut i32) -> bool {
    let is = sent != 0 || *seen & DRIVEN != 0;
    *seen = if sent == 0 { *seen & !DRIVEN } else { *seen | DRIVEN };
    is
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
