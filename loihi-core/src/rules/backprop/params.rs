//! The parameters of backpropagation, and their places in a record.

use super::{Backprop, Loss, Readout};
use crate::image::{Image, Parameter, index};
use crate::snip::{Phase, Phases, SnipParams, fits, require};
use crate::tools::Stack;
use crate::tools::local_error::LocalReadout;
use crate::tools::rank_one::Precision;
use serde::{Deserialize, Serialize};

/// Parameters of a [`Backprop`], in the order of its record.
///
/// 784 inputs, 512 hidden compartments and 10 outputs, with targets of 2,048 for the right class and −2,048 for the others:
///
/// ```
/// # use loihi_core::rules::BackpropParams;
/// # let data_first = 0;
/// let params = BackpropParams { data_first, inputs: 784, posts: 512 + 10, outputs: 10, ..BackpropParams::default() };
/// assert_eq!((params.layers, params.steps), (2, 16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackpropParams {
    /// Layers, 1..=16.
    pub layers: u32,
    /// First constant of the layers, the lowest first: of each the first plastic group and its posts on all cores. See
    /// [`Stack`].
    pub data_first: u32,
    /// Axons of the lowest layer.
    pub inputs: u32,
    /// Post compartments of all layers.
    pub posts: u32,
    /// Post compartments of the last layer.
    pub outputs: u32,
    /// First target word: what each output's readout should be, or
    /// [`NO_TARGET`](crate::tools::local_error::NO_TARGET).
    pub target_first: u32,
    /// First output word: the readout of each output, from the sample's last step on.
    pub output_first: u32,
    /// Steps of a sample, 1..=255.
    pub steps: u32,
    /// What is read of an output.
    pub readout: Readout,
    /// Bits that a readout loses, 0..=24.
    pub readout_shift: u32,
    /// When an output errs.
    pub loss: Loss,
    /// Bits that an output's error loses, 0..=24.
    pub error_shift: u32,
    /// Largest magnitude of an output's error, 1..=127.
    pub error_limit: u32,
    /// First constant of direct feedback, if that is what there is: a weight of 8 bits for each compartment below the
    /// last layer and each output, those of a compartment side by side, four to a word.
    pub direct_feedback: Option<u32>,
    /// Bits that errors lose on their way to a layer below, 0..=24.
    pub feedback_shift: u32,
    /// Most spikes of a compartment that learns, 1..=255; below the last layer.
    pub count_max: u32,
    /// Least voltage of a compartment that learns without a spike; below the last layer.
    pub v_min: i32,
    /// How weights are written; not [`Precision::Shadow`].
    pub precision: Precision,
    /// Bits of a change below the smallest step of a weight, 1..=16; below the last layer.
    pub shift: u32,
    /// The same for the last layer.
    pub shift_output: u32,
}

impl Default for BackpropParams {
    /// Two layers without compartments; all else as for handwritten digits.
    fn default() -> Self {
        Self {
            layers: 2,
            data_first: 0,
            inputs: 0,
            posts: 0,
            outputs: 0,
            target_first: 0,
            output_first: 0,
            steps: 16,
            readout: Readout::Voltage,
            readout_shift: 7,
            loss: Loss::Hinge,
            error_shift: 7,
            error_limit: 16,
            direct_feedback: None,
            feedback_shift: 4,
            count_max: 255,
            v_min: i32::MAX,
            precision: Precision::Stochastic,
            shift: 9,
            shift_output: 9,
        }
    }
}

impl SnipParams for BackpropParams {
    const KIND: u32 = 14;
    const NAME: &'static str = "backprop";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = Backprop;

    crate::snip_words!(
        layers,
        data_first,
        inputs,
        posts,
        outputs,
        target_first,
        output_first,
        steps,
        readout,
        readout_shift,
        loss,
        error_shift,
        error_limit,
        direct_feedback,
        feedback_shift,
        count_max,
        v_min,
        precision,
        shift,
        shift_output,
    );

    #[inline]
    fn snip(&self) -> Backprop {
        Backprop {
            layers: index(self.layers),
            data_first: index(self.data_first),
            inputs: index(self.inputs),
            posts: index(self.posts),
            outputs: index(self.outputs),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            steps: self.steps.cast_signed(),
            readout: self.readout,
            readout_shift: self.readout_shift,
            loss: self.loss,
            error_shift: self.error_shift,
            error_limit: self.error_limit.cast_signed(),
            feedback: self.direct_feedback.map(index),
            feedback_shift: self.feedback_shift,
            count_max: self.count_max.cast_signed(),
            v_min: self.v_min,
            precision: self.precision,
            shift: self.shift,
            shift_output: self.shift_output,
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require((1..=16).contains(&self.layers), "layers")?;
        let stack = Stack::checked(image, index(self.data_first), index(self.layers)).ok_or(Parameter("data_first"))?;
        let ends = [stack.iter().next(), stack.iter().next_back()];
        let [Some(lowest), Some(last)] = ends else { return Err(Parameter("layers")) };
        let posts: usize = stack.iter().fold(0, |posts, layer| posts.saturating_add(layer.posts));
        let constants = LocalReadout::words(posts.saturating_sub(last.posts), last.posts);
        let constants = u32::try_from(constants).unwrap_or(u32::MAX);
        let in_data = |first: u32| fits(first, constants, image.data.len());
        require(lowest.axons() == index(self.inputs), "inputs")?;
        require(posts == index(self.posts), "posts")?;
        require(last.posts == index(self.outputs), "outputs")?;
        require((1..=255).contains(&self.steps), "steps")?;
        require(self.readout_shift <= 24, "readout_shift")?;
        require(self.error_shift <= 24, "error_shift")?;
        require((1..=127).contains(&self.error_limit), "error_limit")?;
        require(self.direct_feedback.is_none_or(in_data), "direct_feedback")?;
        require(self.feedback_shift <= 24, "feedback_shift")?;
        require((1..=255).contains(&self.count_max), "count_max")?;
        require(self.precision != Precision::Shadow, "precision")?;
        require((1..=16).contains(&self.shift), "shift")?;
        require((1..=16).contains(&self.shift_output), "shift_output")?;
        require(fits(self.target_first, self.outputs, image.target_words), "target_first")?;
        require(fits(self.output_first, self.outputs, image.output_words), "output_first")
    }
}
