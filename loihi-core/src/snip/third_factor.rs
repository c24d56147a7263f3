//! Errors to the cores' learning: the embedded CPU writes them as the third factor before an epoch ends.
//!
//! Per error `e` of the target mailbox, Q3.12, with `m = clip(e >> shift, −127, 127)`: a pair of compartments gets it,
//! the first one negated. As on the chip, whose traces have no sign, |m| goes into y1 and the sign chooses the
//! profile, 0 for a negative product and 1 for a positive one; or, signed, m itself goes into y1.
//!
//! Source: nengo-loihi's PES on the chip, two profiles `±u1·x1·y1·2^-7` and the error in y1.

use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};

/// Hands errors to the post traces of a plastic group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThirdFactor {
    /// First target word, Q3.12.
    pub target_first: usize,
    /// Number of errors.
    pub dimensions: usize,
    /// First post trace, counted over all plastic groups; the traces of the negated errors, then those of the errors.
    pub post_first: usize,
    /// Bits that an error loses, 0..=15.
    pub shift: u32,
    /// Whether the sign goes into the trace, not into the profile.
    pub signed: bool,
}

impl ThirdFactor {
    /// The kind in a [`crate::image::SnipRecord`].
    pub const KIND: u32 = 4;

    pub(super) fn from_params(
        &[target_first, dimensions, post_first, shift, signed, ..]: &[u32; SnipRecord::PARAMS],
    ) -> Self {
        Self {
            target_first: index(target_first),
            dimensions: index(dimensions),
            post_first: index(post_first),
            shift,
            signed: signed != 0,
        }
    }

    fn write(&self, cpu: &mut Cpu<'_, '_>, post: usize, value: i32) {
        if self.signed {
            cpu.set_post_trace(post, 0, value);
        } else {
            cpu.set_post_trace(post, 0, value.saturating_abs());
            cpu.set_profile(post, u8::from(value > 0));
        }
    }
}

impl Snip for ThirdFactor {
    fn learned_words(&self) -> usize {
        0
    }

    fn working_words(&self) -> usize {
        0
    }

    fn reset(&self, _working: &mut [i32]) {}

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        if phase != Phase::PreMgmt {
            return;
        }
        for at in 0..self.dimensions {
            let error = cpu.target.get(self.target_first.wrapping_add(at)).copied().map_or(0, i32::from);
            let scaled = error.wrapping_shr(self.shift).clamp(-127, 127);
            let negated = self.post_first.wrapping_add(at);
            self.write(cpu, negated, scaled.wrapping_neg());
            self.write(cpu, negated.wrapping_add(self.dimensions), scaled);
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        let [_, _, posts, _] = crate::plastic::lengths(image);
        let pairs = self.dimensions.checked_mul(2);
        self.shift <= 15
            && fits(self.target_first, self.dimensions, image.target_words)
            && pairs.is_some_and(|pairs| fits(self.post_first, pairs, posts))
    }
}
