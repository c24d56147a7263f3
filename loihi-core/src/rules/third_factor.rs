//! Errors to the cores' learning: the embedded CPU writes them as the third factor before an epoch ends.
//!
//! Per error `e` of the target mailbox, Q3.12, with `m = clip(e >> shift, −127, 127)`: a compartment gets it, or a pair, the
//! first one negated. A target that says nothing is an error of 0. As on the chip, whose traces have no sign, |m| goes into y1
//! and the sign chooses the profile, 0 for a negative product and 1 for a positive one; or, signed, m itself goes into y1.
//!
//! Source: nengo-loihi's PES on the chip, two profiles `±u1·x1·y1·2^-7` and the error in y1.

use crate::image::{Image, Parameter, index};
use crate::plastic;
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use crate::tools::local_error::NO_TARGET;
use serde::{Deserialize, Serialize};

/// Hands errors to the post traces of a plastic group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThirdFactorParams {
    /// First target word, Q3.12.
    pub target_first: u32,
    /// Number of errors.
    pub dimensions: u32,
    /// First post trace, counted over all plastic groups; of pairs the traces of the negated errors, then those of the errors.
    pub post_first: u32,
    /// Bits that an error loses, 0..=15.
    pub shift: u32,
    /// Whether the sign goes into the trace, not into the profile.
    pub signed: bool,
    /// Whether every error goes to two compartments, to one of them negated.
    pub paired: bool,
}

impl Default for ThirdFactorParams {
    /// No errors, for pairs; an error of 1.0 would be 127.
    fn default() -> Self {
        Self { target_first: 0, dimensions: 0, post_first: 0, shift: 5, signed: false, paired: true }
    }
}

impl ThirdFactorParams {
    /// What an error comes to, -127..=127.
    fn factor(&self, error: i16) -> i32 {
        if error == NO_TARGET { 0 } else { i32::from(error).wrapping_shr(self.shift).clamp(-127, 127) }
    }

    fn write(&self, cpu: &mut Cpu<'_, '_>, post: u32, value: i32) {
        let post = index(post);
        if self.signed {
            cpu.set_post_trace(post, 0, value);
        } else {
            cpu.set_post_trace(post, 0, value.saturating_abs());
            cpu.set_profile(post, u8::from(value > 0));
        }
    }
}

impl Snip for ThirdFactorParams {
    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        for at in 0..self.dimensions {
            let error = cpu.target.get(index(self.target_first.wrapping_add(at))).copied().unwrap_or(NO_TARGET);
            let factor = self.factor(error);
            let post = self.post_first.wrapping_add(at);
            if self.paired {
                self.write(cpu, post, factor.wrapping_neg());
                self.write(cpu, post.wrapping_add(self.dimensions), factor);
            } else {
                self.write(cpu, post, factor);
            }
        }
    }
}

impl SnipParams for ThirdFactorParams {
    const KIND: u32 = 4;
    const NAME: &'static str = "third-factor";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = Self;

    crate::snip_words!(target_first, dimensions, post_first, shift, signed, paired);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let posts = plastic::lengths(image).posts;
        let own = self.dimensions.checked_mul(if self.paired { 2 } else { 1 });
        require(self.shift <= 15, "shift")?;
        require(fits(self.target_first, self.dimensions, image.target_words), "target_first")?;
        require(own.is_some_and(|own| fits(self.post_first, own, posts)), "post_first")
    }
}
