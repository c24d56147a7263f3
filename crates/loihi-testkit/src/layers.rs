//! What networks of plastic layers that were recorded have in common: random spikes as input, and layers in which every source
//! reaches every compartment.

use loihi_core::image::{Profile, Synapse};
use loihi_core::rules::BernoulliEncoderParams;
use loihi_image::image::{ImageBuilder, Plasticity, Source, decay_table};
use loihi_image::rule::{self, Limits};
use loihi_net::draw;
use std::ops::Range;

/// Adds inputs that spike at random, in proportion to the first words of the stimulus.
pub fn bernoulli_inputs(builder: &mut ImageBuilder, count: u32, full_scale: u32, seed: u32) -> Range<u32> {
    let inputs = builder.inputs(count);
    let params = BernoulliEncoderParams { count, full_scale, seed, ..BernoulliEncoderParams::default() };
    builder.snip(&BernoulliEncoderParams { input_first: inputs.start, ..params });
    inputs
}

/// A network under construction.
#[derive(Debug)]
pub(crate) struct LayerNetwork {
    pub(crate) builder: ImageBuilder,
    pub(crate) seed: u32,
    inputs: u32,
}

impl LayerNetwork {
    /// A network with `inputs` inputs, `targets` words in the target mailbox and `outputs` in the output mailbox. The stimulus holds the values and two
    /// words that name the sample.
    pub(crate) fn new(inputs: u32, [targets, outputs]: [u32; 2], seed: u32) -> Self {
        let mut builder = ImageBuilder::new();
        // Small learning rates take exponents beyond the core's, and wide layers more axons.
        builder.beyond_the_chip();
        builder.seed(seed);
        builder.mailboxes(inputs + 2, targets, outputs);
        Self { builder, seed, inputs }
    }

    /// Adds the encoder and returns its inputs.
    pub(crate) fn encoder(&mut self, full_scale: u32) -> Vec<Source> {
        self.encoder_with(full_scale, draw::encoder_seed(self.seed))
    }

    /// Adds an encoder whose spikes follow from a seed of their own, and returns its inputs.
    pub(crate) fn encoder_with(&mut self, full_scale: u32, seed: u32) -> Vec<Source> {
        bernoulli_inputs(&mut self.builder, self.inputs, full_scale, seed).map(Source::Input).collect()
    }

    /// Adds compartments on a core of their own and plastic synapses from every source to each; returns the group's
    /// number and the compartments. `weight` gives the mantissa for an axon and a post.
    pub(crate) fn layer(
        &mut self,
        profile: Profile,
        sources: &[Source],
        posts: u32,
        plasticity: &Plasticity,
        weight: impl Fn(u32, u32) -> i16,
    ) -> (u32, Range<u32>) {
        let core = self.builder.core();
        let compartments = self.builder.group(posts as usize, profile);
        let axons = (0_u32..).zip(sources).map(|(axon, source)| {
            let synapse = |post: u32| Synapse { compartment: post as usize, delay: 0, weight: weight(axon, post) };
            (*source, (0..posts).map(synapse).collect())
        });
        let group = self.builder.plastic_group(core, 0..posts as usize, plasticity, axons);
        (group, compartments)
    }
}

/// Weights that the core changes by `±2^-rate_shift·x1·y1`, the sign by the profile, with a trace of 16 steps and an
/// impulse of 16.
///
/// Epochs of one step: every spike counts in the trace, and weights change only when the embedded CPU has written y1.
pub(crate) fn by_the_core(builder: &mut ImageBuilder, rate_shift: u32) -> Plasticity {
    let keep = (4096.0 * (-1.0_f64 / 16.0).exp()).round() / 4096.0;
    let trace = builder.trace(16, 0, &decay_table(keep, 0.0), None);
    let mut plasticity = Plasticity::default().traces([trace, 0, 0, 0, 0]);
    for (sign, profiles) in [("-", 1), ("", 2)] {
        let text = format!("{sign}2^-{rate_shift}*u0*x1*y1");
        plasticity.products.extend(rule::parse_for_profiles(&text, &Limits::RELAXED, profiles).unwrap_or_default());
    }
    plasticity
}
