//! Networks of a hidden layer and an output layer that learn by [`Emstdp`](loihi_core::rules::Emstdp), with random spikes as input.

use crate::layers::LayerNetwork;
use loihi_core::image::Profile;
use loihi_core::rules::EmstdpParams;
use loihi_core::tools::rank_one::Precision;
use loihi_image::image::{BuildError, ImageFile, Plasticity, Source};
use loihi_net::draw::{gauss, pack, uniform};

/// How the outputs' errors come to the hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// By the weights from the hidden layer to the outputs.
    Symmetric,
    /// By fixed random weights.
    Direct,
}

/// Parameters of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct EmstdpNet {
    /// Hidden compartments, at most 1,024.
    pub hidden: u32,
    /// The value that spikes in every step.
    pub full_scale: u32,
    /// Steps per phase, at most 255.
    pub phase_steps: u32,
    /// Threshold of the hidden layer: share of what all inputs together are expected to reach.
    pub threshold_hidden: f64,
    /// The same for the outputs.
    pub threshold_output: f64,
    /// Errors of an output until it sends an error spike.
    pub error_threshold: u32,
    /// How errors come to the hidden layer.
    pub feedback: Feedback,
    /// Rounding of the weights.
    pub precision: Precision,
    /// Learning rate: bits of a change below the smallest step of a weight, 1..=16.
    pub rate_shift: u32,
}

impl EmstdpNet {
    /// A hidden layer of 100 for ten classes of 8 × 8 pixels.
    pub const fn digits() -> Self {
        Self {
            hidden: 100,
            full_scale: 16,
            phase_steps: 49,
            threshold_hidden: 0.5,
            threshold_output: 0.1,
            error_threshold: 3,
            feedback: Feedback::Symmetric,
            precision: Precision::Stochastic,
            rate_shift: 8,
        }
    }

    /// Steps of a sample.
    pub fn steps(&self) -> u16 {
        u16::try_from(2 * self.phase_steps + 1).unwrap_or(u16::MAX)
    }

    /// The network. The stimulus holds the values and two words that name the sample; the target a word per class, other
    /// than 0 for the right one; the output counts of spikes. `recorded_seed` draws a word per synapse, as recordings do.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, inputs: u32, classes: u32, seed: u32, recorded_seed: u32) -> Result<ImageFile, BuildError> {
        let mut network = LayerNetwork::new(inputs, [classes, classes], seed);
        let sources = network.encoder_with(self.full_scale, seed);
        let hidden = Fresh::draw(seed, 1, inputs, self.hidden);
        let output = Fresh::draw(seed, 2, self.hidden, classes);
        let (of_inputs, of_hidden) = (f64::from(inputs), f64::from(self.hidden));
        let drive_hidden = hidden.steps((3.0 * of_inputs).sqrt() / 4.0 * self.threshold_hidden);
        let drive_output = output.steps((3.0 * of_hidden).sqrt() / 2.0 * self.threshold_output);
        let of_outputs = f64::from(classes);
        let spread = (of_outputs / 4.0) * self.threshold_hidden;
        let (error_threshold_hidden, fixed) = match self.feedback {
            Feedback::Symmetric => (output.steps(spread * (3.0 / of_hidden).sqrt()), None),
            Feedback::Direct => {
                let (threshold, fixed) = direct(seed, self.hidden, classes, spread * (3.0 / of_outputs).sqrt());
                (threshold, Some(fixed))
            }
        };
        let (group_hidden, compartments) = layer(&mut network, &sources, &hidden, drive_hidden);
        let sources: Vec<Source> = compartments.map(Source::Compartment).collect();
        let (group_output, _) = layer(&mut network, &sources, &output, drive_output);
        let words = [
            [group_hidden, self.hidden],
            [group_output, classes],
            [drive_hidden, error_threshold_hidden],
            [drive_output, self.error_threshold],
        ];
        let words: Vec<i32> = words.as_flattened().iter().map(|word| word.cast_signed()).collect();
        let params = EmstdpParams {
            layers: 2,
            data_first: network.builder.data(&words),
            inputs,
            posts: self.hidden + classes,
            posts_max: self.hidden.max(classes),
            outputs: classes,
            target_first: 0,
            output_first: 0,
            phase_steps: self.phase_steps,
            precision: self.precision,
            shift: self.rate_shift,
            direct_feedback: fixed.map(|fixed| network.builder.data(&pack(&fixed))),
            recorded_seed,
        };
        network.builder.snip(&params);
        network.builder.build()
    }
}

/// Random weights, and how large one step of them is.
struct Fresh {
    posts: u32,
    unit: f64,
    /// In steps, those of an axon side by side.
    weights: Vec<i16>,
}

impl Fresh {
    /// Normal weights whose sum over all axons has a variance of 3; the largest becomes 127 steps.
    #[expect(clippy::cast_possible_truncation, reason = "at most 127 steps")]
    fn draw(seed: u32, layer: u32, axons: u32, posts: u32) -> Self {
        let deviation = (3.0 / f64::from(axons)).sqrt();
        let weights: Vec<f64> = (0..axons)
            .flat_map(|axon| (0..posts).map(move |post| gauss(seed, axon, post, layer) * deviation))
            .collect();
        let unit = weights.iter().fold(0.0_f64, |most, weight| most.max(weight.abs())) / 127.0;
        Self { posts, unit, weights: weights.iter().map(|weight| (weight / unit).round_ties_even() as i16).collect() }
    }

    /// A float value in steps of the weights, at least 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    fn steps(&self, value: f64) -> u32 {
        (value / self.unit).round_ties_even().max(1.0) as u32
    }
}

/// Fixed feedback of 8 bits, and the threshold in its steps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 127 steps, or saturating")]
fn direct(seed: u32, hidden: u32, outputs: u32, threshold: f64) -> (u32, Vec<i8>) {
    let unit = (1.0 / f64::from(outputs)).sqrt() / 127.0;
    let weight = |post, output| ((2.0 * uniform(seed, post, output, 3) - 1.0) * 127.0).round_ties_even() as i8;
    let words = (0..hidden).flat_map(|post| (0..outputs).map(move |output| weight(post, output))).collect();
    ((threshold / unit).round_ties_even().max(1.0) as u32, words)
}

/// A layer of integrators without leak that fire at `threshold` steps; returns its group and its compartments.
fn layer(network: &mut LayerNetwork, sources: &[Source], fresh: &Fresh, threshold: u32) -> (u32, std::ops::Range<u32>) {
    // A step is 2 mantissas of 64. Sums are multiples of it, so that this is the same as reaching the threshold.
    let v_th = (i32::try_from(threshold).unwrap_or(i32::MAX).saturating_mul(2) - 1).saturating_mul(64);
    let profile = Profile { decay_u: 4096, decay_v: 0, v_th, ..Profile::DEFAULT };
    let weight = |axon, post| 2 * fresh.weights.get((axon * fresh.posts + post) as usize).copied().unwrap_or(0);
    let (group, compartments) = network.layer(profile, sources, fresh.posts, &Plasticity::default(), weight);
    network.builder.bias(compartments.start, &vec![0; fresh.posts as usize]);
    (group, compartments)
}
