//! The parameters of EMSTDP, and their places in a record.

use super::Emstdp;
use crate::image::{Image, Parameter, index};
use crate::snip::{Phase, Phases, SnipParams, fits, require};
use crate::tools::Stack;
use crate::tools::local_error::LocalReadout;
use crate::tools::rank_one::Precision;
use serde::{Deserialize, Serialize};

/// Most layers.
const LAYERS_MAX: u32 = 16;
/// Most posts of a layer: lists of them have numbers of 16 bits.
const POSTS_MAX: u32 = 1 << 16;
/// Largest drive, in steps of the weights.
const DRIVE_MAX: i32 = 4095;
/// Largest threshold of errors: so that an error never wraps.
const ERROR_THRESHOLD_MAX: i32 = 1 << 30;

/// Parameters of an [`Emstdp`], in the order of its record.
///
/// 64 inputs, two hidden layers of 100 and 50 compartments, 10 outputs:
///
/// ```
/// # use loihi_core::rules::EmstdpParams;
/// # let data_first = 0;
/// let params = EmstdpParams {
///     layers: 3,
///     data_first,
///     inputs: 64,
///     posts: 100 + 50 + 10,
///     posts_max: 100,
///     outputs: 10,
///     ..EmstdpParams::default()
/// };
/// // Two phases, and a step.
/// assert_eq!(2 * params.phase_steps + 1, 129);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmstdpParams {
    /// Layers, 1..=16; the last are the outputs.
    pub layers: u32,
    /// First constant of the layers, the lowest first: two words of each for a [`Stack`], its first plastic group and its
    /// posts on all cores. After all of those, two more of each: how much an error spike drives a compartment, in steps of the
    /// weights, 1..=4095; where its errors spike, 1..=2^30, in steps of the feedback's weights, of outputs in spikes.
    pub data_first: u32,
    /// Axons of the lowest layer.
    pub inputs: u32,
    /// Post compartments of all layers.
    pub posts: u32,
    /// Post compartments of the largest layer, at most 2^16.
    pub posts_max: u32,
    /// Post compartments of the last layer.
    pub outputs: u32,
    /// First target word: other than 0 for the right output; [`NO_TARGET`](crate::tools::local_error::NO_TARGET) for one
    /// that does not err, and in all of them nothing is learned.
    pub target_first: u32,
    /// First output word: counts of spikes, while learning those of phase 1.
    pub output_first: u32,
    /// Steps per phase, 1..=255.
    pub phase_steps: u32,
    /// How weights are written; not [`Precision::Shadow`].
    pub precision: Precision,
    /// Bits of a change below the smallest step of a weight, 1..=16.
    pub shift: u32,
    /// First constant of direct feedback, if that is what there is: a weight of 8 bits for each compartment below the
    /// last layer and each output, those of a compartment side by side, four to a word.
    pub direct_feedback: Option<u32>,
    /// Seed of a word per synapse, as recorded runs draw them; 0 for the chip's own draws.
    pub recorded_seed: u32,
}

impl Default for EmstdpParams {
    /// Two layers without compartments; all else as in the experiment with digits.
    fn default() -> Self {
        Self {
            layers: 2,
            data_first: 0,
            inputs: 0,
            posts: 0,
            posts_max: 0,
            outputs: 0,
            target_first: 0,
            output_first: 0,
            phase_steps: 64,
            precision: Precision::Stochastic,
            shift: 9,
            direct_feedback: None,
            recorded_seed: 0,
        }
    }
}

impl SnipParams for EmstdpParams {
    const KIND: u32 = 7;
    const NAME: &'static str = "emstdp";
    const PHASES: Phases = Phases::only(Phase::Spk).and(Phase::PreMgmt);
    type Snip = Emstdp;

    crate::snip_words!(
        layers,
        data_first,
        inputs,
        posts,
        posts_max,
        outputs,
        target_first,
        output_first,
        phase_steps,
        precision,
        shift,
        direct_feedback,
        recorded_seed,
    );

    #[inline]
    fn snip(&self) -> Emstdp {
        Emstdp {
            layers: index(self.layers),
            data_first: index(self.data_first),
            inputs: index(self.inputs),
            posts: index(self.posts),
            posts_max: index(self.posts_max),
            outputs: index(self.outputs),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            phase_steps: self.phase_steps.cast_signed(),
            precision: self.precision,
            shift: self.shift,
            feedback: self.direct_feedback.map(index),
            recorded_seed: self.recorded_seed,
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require((1..=LAYERS_MAX).contains(&self.layers), "layers")?;
        let (data_first, layers) = (index(self.data_first), index(self.layers));
        let stack = Stack::checked(image, data_first, layers).ok_or(Parameter("data_first"))?;
        let ends = [stack.iter().next(), stack.iter().next_back()];
        let [Some(lowest), Some(last)] = ends else { return Err(Parameter("layers")) };
        let posts: usize = stack.iter().fold(0, |posts, layer| posts.saturating_add(layer.posts));
        let posts_max = stack.iter().fold(0, |most, layer| layer.posts.max(most));
        let errors = Emstdp::error_words_of(image, data_first, layers);
        let is_driven = |[drive, threshold]: &[i32; 2]| {
            (1..=DRIVE_MAX).contains(drive) && (1..=ERROR_THRESHOLD_MAX).contains(threshold)
        };
        let constants = LocalReadout::words(posts.saturating_sub(last.posts), last.posts);
        let constants = u32::try_from(constants).unwrap_or(u32::MAX);
        let in_data = |first: u32| fits(first, constants, image.data.len());
        require(errors.len() == layers && errors.iter().all(is_driven), "data_first")?;
        require(lowest.axons() == index(self.inputs), "inputs")?;
        require(posts == index(self.posts), "posts")?;
        require(posts_max == index(self.posts_max) && self.posts_max <= POSTS_MAX, "posts_max")?;
        require(last.posts == index(self.outputs), "outputs")?;
        require((1..=255).contains(&self.phase_steps), "phase_steps")?;
        require(self.precision != Precision::Shadow, "precision")?;
        require((1..=16).contains(&self.shift), "shift")?;
        require(self.direct_feedback.is_none_or(in_data), "direct_feedback")?;
        require(fits(self.target_first, self.outputs, image.target_words), "target_first")?;
        require(fits(self.output_first, self.outputs, image.output_words), "output_first")?;
        // The drives are biases.
        require(!image.bias.is_empty(), "data_first")
    }
}
