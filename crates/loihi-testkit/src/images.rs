//! Small images, built register by register, that have much of what a chip has.

use loihi_core::image::{Homeostasis, Noise, NoiseAt, Profile, Synapse};
use loihi_core::rules::{PesParams, RateEncoderParams, ThirdFactorParams};
use loihi_core::synapse::SignMode;
use loihi_image::image::{AxonOptions, BuildError, ImageBuilder, ImageFile, Plasticity, Source, decay_table};
use loihi_image::rule::{Limits, RuleError, parse};

/// Why an image for tests was not built: a mistake in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestImageError {
    /// The image.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its learning rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// Words of the stimulus, target and output mailboxes of [`small`].
pub const SMALL_MAILBOX: usize = 2;

/// A bit of everything: two cores, both synapse formats, a delay, biases, an encoder, PES.
///
/// # Errors
/// None but those of [`TestImageError`], which do not happen.
pub fn small() -> Result<ImageFile, TestImageError> {
    let mut builder = ImageBuilder::new();
    let words = u32::try_from(SMALL_MAILBOX).unwrap_or_default();
    builder.mailboxes(words, words, words);
    let profile = Profile { decay_u: 1024, decay_v: 256, v_th: 20 << 6, refractory: 2, ..Profile::DEFAULT };
    let first = builder.core();
    let front = builder.group(6, profile);
    let second = builder.core();
    builder.group(3, profile);
    builder.bias(front.start, &[300, 200, 100, 0, -100, 250]);
    for input in builder.inputs(words) {
        builder.dense(Source::Input(input), first, 0, &[30, -20, 25, 40, 10, 5]);
    }
    let synapse = |compartment, delay| Synapse { compartment, delay, weight: 60 };
    builder.sparse(Source::Compartment(0), second, &[synapse(0, 0), synapse(2, 5)]);
    builder.snip(&RateEncoderParams { count: words, full_scale: 64, ..RateEncoderParams::default() });
    builder.snip(&PesParams {
        compartment_first: front.start,
        count: 9,
        dimensions: words,
        rate_shift: 8,
        decay_y: 40,
        ..PesParams::default()
    });
    Ok(builder.build()?)
}

/// Compartments of the first core of [`remembering`].
pub const REMEMBERING_FRONT: u32 = 21;

/// A bit of everything that remembers: noise, homeostasis, long refractory periods, an auxiliary accumulator, delays
/// that are learned, tags, traces of two groups in epochs of their own, snips. What it computes differs from seed to seed.
///
/// # Errors
/// None but those of [`TestImageError`], which do not happen.
pub fn remembering(seed: u32) -> Result<ImageFile, TestImageError> {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.seed(seed);
    builder.mailboxes(2, 2, 2);
    let first = builder.core();
    let noisy = Profile {
        decay_u: 800,
        decay_v: 300,
        v_th: 20 << 6,
        refractory: 9,
        noise: Some(Noise { at: NoiseAt::Voltage, exponent: 10, offset: 2 }),
        homeostasis: Some(Homeostasis { gain: 1, a_min: 10, a_max: 40, impulse: 30, decay: 400, epoch_steps: 5 }),
        ..Profile::DEFAULT
    };
    builder.group(REMEMBERING_FRONT as usize, noisy);
    let second = builder.core();
    let back =
        builder.group(5, Profile { decay_u: 1024, decay_v: 256, v_th: 9 << 6, refractory: 3, ..Profile::DEFAULT });
    builder.bias(back.start, &[90, 60, 40, 20, 0]);
    let sum = builder.sum(second, 1, 6);
    let inputs = builder.inputs(4);
    for input in inputs.clone().take(2) {
        let weights: Vec<i16> = (0..REMEMBERING_FRONT).map(|i| if (i + input) % 3 == 0 { 40 } else { 25 }).collect();
        builder.dense(Source::Input(input), first, 0, &weights);
    }
    let apart = builder.sparse_synapses(&[Synapse { compartment: 2, delay: 3, weight: 60 }], 1);
    let options = AxonOptions::default().sum(sum);
    let axon = builder.axon(second, &apart, options);
    builder.route(Source::Compartment(3), axon, 0);
    let traces = [50, 30, 40, 20, 10].map(|impulse| builder.trace(impulse, 1 << 30, &decay_table(0.83, 0.0), None));
    let mut plasticity = Plasticity::default()
        .products(parse("dw = 2^-2*x1*y0 - 2^-2*x0*y1\ndt = x1*y0\ndd = 2^-3*x2*y0 - 2^-4*u0*d*y2", &Limits::RELAXED)?)
        .traces(traces)
        .epoch_steps(4);
    let axons = (0..REMEMBERING_FRONT).map(|pre| {
        let delay = (pre % 7) as usize;
        let row = (0..5).map(|compartment| Synapse { compartment, delay, weight: 20 });
        (Source::Compartment(pre), row.collect())
    });
    builder.plastic_group(second, 0..5, &plasticity, axons);
    plasticity.products = parse("2^-4*u1*x1*y1", &Limits::RELAXED)?;
    plasticity.traces[2..].fill(0);
    plasticity.epoch_steps = 3;
    plasticity.sign_mode = SignMode::Excitatory;
    let row = [4, 6, 7].map(|compartment| Synapse { compartment, delay: 0, weight: 31 });
    let axons = inputs.skip(2).map(|input| (Source::Input(input), row.to_vec()));
    builder.plastic_group(first, 4..8, &plasticity, axons);
    builder.snip(&RateEncoderParams { count: 2, full_scale: 64, ..RateEncoderParams::default() });
    builder.snip(&ThirdFactorParams { dimensions: 2, post_first: 5, shift: 5, ..ThirdFactorParams::default() });
    builder.snip(&PesParams {
        count: REMEMBERING_FRONT,
        dimensions: 2,
        rate_shift: 8,
        decay_y: 40,
        ..PesParams::default()
    });
    Ok(builder.build()?)
}
