//! What networks with random spikes as input have in common.

use loihi_core::rules::BernoulliEncoderParams;
use loihi_image::image::ImageBuilder;
use std::ops::Range;

/// Adds `count` inputs and an encoder from the first words of the stimulus; returns the inputs.
pub(super) fn encoder(builder: &mut ImageBuilder, count: u32, full_scale: u32, seed: u32) -> Range<u32> {
    let inputs = builder.inputs(count);
    builder.snip(&BernoulliEncoderParams {
        count,
        input_first: inputs.start,
        full_scale,
        seed,
        ..BernoulliEncoderParams::default()
    });
    inputs
}

/// The encoder's seed in a network of this seed.
pub(super) const fn encoder_seed(seed: u32) -> u32 {
    seed ^ 0x7121
}
