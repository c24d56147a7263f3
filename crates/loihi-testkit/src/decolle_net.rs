//! Networks of layers that each learn from a readout of their own ([`Decolle`](loihi_core::rules::Decolle)), with random spikes as input.

use crate::layers::{self, LayerNetwork};
use loihi_core::image::{Profile, Rounding};
use loihi_core::rules::DecolleParams;
use loihi_core::tools::local_error::Slope;
use loihi_core::tools::rank_one::Precision;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source};
use loihi_net::draw;

/// Who changes the weights of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackEnd {
    /// The embedded CPU, with stochastic rounding to 8 bits.
    Stochastic,
    /// The embedded CPU, rounding to the nearest.
    Nearest,
    /// The embedded CPU, rounding toward zero.
    Truncate,
    /// The embedded CPU, with 8 bits more of every weight.
    Shadow,
    /// The core, with stochastic rounding; the embedded CPU hands it the third factor.
    Core,
    /// The core, rounding to the nearest.
    CoreNearest,
}

/// Shape of the slope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlopeShape {
    /// 1 near the threshold, 0 elsewhere.
    Box,
    /// Falling from the threshold on both sides.
    Triangle,
}

/// Parameters of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct DecolleNet {
    /// Compartments of each layer, at most 1,024.
    pub layers: Vec<u32>,
    /// The value that spikes in every step.
    pub full_scale: u32,
    /// Steps of a sample.
    pub steps: u16,
    /// Steps of a sample before the first epoch.
    pub burn_in_steps: u32,
    /// Steps per epoch.
    pub epoch_steps: u32,
    /// Effective decay of the current, and of the synapse's trace.
    pub decay_u: u32,
    /// Decay of the voltage, and of the membrane's trace.
    pub decay_v: u32,
    /// Threshold in units of the voltage, a multiple of 64.
    pub v_th: i32,
    /// Standard deviation of the initial weights, in steps of the format.
    pub weight_deviation: f64,
    /// What the readout of the right class should be; also the largest error.
    pub target: u32,
    /// Bits that a readout loses.
    pub readout_shift: u32,
    /// Bits that an error loses: smaller ones count as 0.
    pub error_shift: u32,
    /// Bits that errors lose on their way back.
    pub feedback_shift: u32,
    /// Share of the epochs that are to learn, 0 to 1; 0 for a fixed threshold.
    pub trigger_share: f64,
    /// Shape of the slope.
    pub slope: SlopeShape,
    /// Half the width of the slope over the threshold.
    pub slope_width: f64,
    /// What is added to the factor of compartments that fire too often.
    pub homeostasis: u32,
    /// Most spikes per epoch that are not too many.
    pub count_max: u32,
    /// Who changes the weights.
    pub back_end: BackEnd,
    /// Learning rate: bits of a change below the smallest step of a weight, or the rule's negative exponent beyond the
    /// core's own nine.
    pub rate_shift: u32,
}

/// What does not belong to a task but to a recording of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recording<'w> {
    /// Whether the embedded CPU draws a word per synapse.
    pub word_per_synapse: bool,
    /// Words of the traces' decay, a step after the other, and of the weights' rounding, an epoch after the other.
    pub words: Option<[&'w [u32]; 2]>,
}

impl DecolleNet {
    /// A layer of 128 for ten classes of 8 × 8 pixels.
    pub fn digits() -> Self {
        Self {
            layers: vec![128],
            full_scale: 32,
            steps: 60,
            burn_in_steps: 10,
            epoch_steps: 5,
            decay_u: 819,
            decay_v: 410,
            v_th: 32_000,
            weight_deviation: 10.0,
            target: 64,
            readout_shift: 6,
            error_shift: 5,
            feedback_shift: 4,
            trigger_share: 0.0,
            slope: SlopeShape::Box,
            slope_width: 0.5,
            homeostasis: 2,
            count_max: 2,
            back_end: BackEnd::Stochastic,
            rate_shift: 11,
        }
    }

    /// The network. The stimulus holds the values and two words that name the sample; the target a word per class, and
    /// the output a readout per class, layer after layer.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(
        &self,
        inputs: u32,
        classes: u32,
        seed: u32,
        recording: Recording<'_>,
    ) -> Result<ImageFile, BuildError> {
        let layers = u32::try_from(self.layers.len()).unwrap_or(u32::MAX);
        let mut network = LayerNetwork::new(inputs, [classes * layers; 2], seed);
        self.stack(&mut network, classes, recording);
        network.builder.build()
    }

    /// Adds the encoder and all layers to a network, and returns the last layer's compartments.
    fn stack(&self, network: &mut LayerNetwork, classes: u32, recording: Recording<'_>) -> Vec<Source> {
        let mut sources = network.encoder(self.full_scale);
        for (number, posts) in (0_u32..).zip(&self.layers) {
            sources = self.layer(network, number, &sources, *posts, classes, recording);
        }
        sources
    }

    fn layer(
        &self,
        network: &mut LayerNetwork,
        number: u32,
        sources: &[Source],
        posts: u32,
        classes: u32,
        recording: Recording<'_>,
    ) -> Vec<Source> {
        let seed = network.seed;
        let plasticity = self.plasticity(&mut network.builder, sources.len(), posts, recording);
        // A step of the format is 2 in mixed mode, unless the exponent says so.
        let unit = if plasticity.wgt_exp == 0 { 2 } else { 1 };
        let weight = |axon, post| unit * draw::weight(self.weight_deviation, seed + 50 * number, post, axon, 1);
        let (group, compartments) = network.layer(self.profile(), sources, posts, &plasticity, weight);
        let readout: Vec<i8> = (0..posts)
            .flat_map(|post| (0..classes).map(move |class| draw::readout(seed + 7 * number, class, post)))
            .collect();
        let data_first = network.builder.data(&draw::pack(&readout));
        let params = DecolleParams {
            group,
            axons: u32::try_from(sources.len()).unwrap_or(u32::MAX),
            posts,
            data_first,
            classes,
            target_first: number * classes,
            output_first: number * classes,
            burn_in_steps: self.burn_in_steps,
            epoch_steps: self.epoch_steps,
            readout_shift: self.readout_shift,
            feedback_shift: self.feedback_shift,
            error_limit: self.target,
            error_shift: self.error_shift,
            trigger_share: share_256(self.trigger_share),
            slope: self.slope(),
            homeostasis: self.homeostasis,
            count_max: self.count_max,
            precision: self.precision(),
            shift: self.rate_shift,
            trace_decay_u: self.decay_u,
            trace_decay_v: self.decay_v,
            recorded_seed: if recording.word_per_synapse { (seed + 50 * number) ^ 0x5EED } else { 0 },
        };
        network.builder.snip(&params);
        compartments.map(Source::Compartment).collect()
    }

    /// Of the compartments of every layer.
    fn profile(&self) -> Profile {
        Profile {
            decay_u: self.decay_u.cast_signed(),
            decay_v: self.decay_v.cast_signed(),
            v_th: self.v_th,
            ..Profile::DEFAULT
        }
    }

    fn slope(&self) -> Slope {
        #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
        let half_width = (self.slope_width * f64::from(self.v_th)) as i32;
        match self.slope {
            SlopeShape::Box => Slope::Box { half_width },
            // The nearest power of two.
            SlopeShape::Triangle => {
                let shift = (f64::from(half_width.max(64)) / 64.0).log2().round().clamp(0.0, 16.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
                Slope::Triangle { shift: shift as u32 }
            }
        }
    }

    fn precision(&self) -> Option<Precision> {
        match self.back_end {
            BackEnd::Stochastic => Some(Precision::Stochastic),
            BackEnd::Nearest => Some(Precision::Nearest),
            BackEnd::Truncate => Some(Precision::Truncate),
            BackEnd::Shadow => Some(Precision::Shadow),
            BackEnd::Core | BackEnd::CoreNearest => None,
        }
    }

    /// The group's own rule: none, or that which the third factor needs.
    fn plasticity(&self, builder: &mut ImageBuilder, axons: usize, posts: u32, recording: Recording<'_>) -> Plasticity {
        if self.precision().is_some() {
            return Plasticity::default();
        }
        let mut plasticity = layers::by_the_core(builder, self.rate_shift);
        if self.back_end == BackEnd::CoreNearest {
            plasticity.rounding = Rounding::Nearest;
        }
        if let Some([decays, rounds]) = recording.words {
            // Recordings floor, and their weights are in steps of the format.
            plasticity.rounding = Rounding::FloorStochastic;
            plasticity.wgt_exp = 1;
            let axons = u32::try_from(axons).unwrap_or(u32::MAX);
            builder.recorded(loihi_core::num::Purpose::PreDecay, 1, 2 * axons, decays);
            builder.recorded(loihi_core::num::Purpose::Weight, self.epoch_steps, axons * posts, rounds);
        }
        plasticity
    }
}

/// A share in units of 1/256.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
fn share_256(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 256.0).round() as u32
}
