//! The parameters of EMSTDP, and their places in a record.

use super::Emstdp;
use crate::image::{Image, Parameter, index};
use crate::snip::{Phase, Phases, SnipParams, fits, require};
use crate::tools::Layer;
use crate::tools::rank_one::Precision;
use serde::{Deserialize, Serialize};

/// Parameters of an [`Emstdp`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmstdpParams {
    /// The plastic group from the inputs to the hidden layer.
    pub group_hidden: u32,
    /// The plastic group from the hidden layer to the outputs; its axons are the hidden compartments, in their order.
    pub group_output: u32,
    /// Axons of the first group.
    pub inputs: u32,
    /// Hidden compartments.
    pub hidden: u32,
    /// Outputs.
    pub outputs: u32,
    /// First target word: other than 0 for the right output; [`NO_TARGET`](crate::tools::local_error::NO_TARGET) for one
    /// that does not err, and in all of them nothing is learned.
    pub target_first: u32,
    /// First output word: counts of spikes, while learning those of phase 1.
    pub output_first: u32,
    /// Steps per phase, 1..=255.
    pub phase_steps: u32,
    /// Drive of a hidden compartment by an error spike, in steps of the weights, 1..=4095.
    pub drive_hidden: u32,
    /// Drive of an output by an error spike, in steps of the weights, 1..=4095.
    pub drive_output: u32,
    /// Where a hidden error spikes, in steps of the feedback's weights, at least 1.
    pub error_threshold_hidden: u32,
    /// Where an output error spikes, at least 1.
    pub error_threshold_output: u32,
    /// How weights are written; not [`Precision::Shadow`].
    pub precision: Precision,
    /// Bits of a change below the smallest step of a weight, 1..=16.
    pub shift: u32,
    /// First constant of direct feedback, if that is what there is.
    pub direct_feedback: Option<u32>,
    /// Seed of a word per synapse, as recorded runs draw them; 0 for the chip's own draws.
    pub recorded_seed: u32,
}

impl Default for EmstdpParams {
    /// The first two groups of the image without compartments; all else as in the experiment with digits.
    fn default() -> Self {
        Self {
            group_hidden: 0,
            group_output: 1,
            inputs: 0,
            hidden: 0,
            outputs: 0,
            target_first: 0,
            output_first: 0,
            phase_steps: 64,
            drive_hidden: 256,
            drive_output: 256,
            error_threshold_hidden: 16,
            error_threshold_output: 1,
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
        group_hidden,
        group_output,
        inputs,
        hidden,
        outputs,
        target_first,
        output_first,
        phase_steps,
        drive_hidden,
        drive_output,
        error_threshold_hidden,
        error_threshold_output,
        precision,
        shift,
        direct_feedback,
        recorded_seed,
    );

    #[inline]
    fn snip(&self) -> Emstdp {
        Emstdp {
            group_hidden: index(self.group_hidden),
            group_output: index(self.group_output),
            inputs: index(self.inputs),
            hidden: index(self.hidden),
            outputs: index(self.outputs),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            phase_steps: self.phase_steps.cast_signed(),
            drive_hidden: self.drive_hidden.cast_signed(),
            drive_output: self.drive_output.cast_signed(),
            error_threshold_hidden: self.error_threshold_hidden.cast_signed(),
            error_threshold_output: self.error_threshold_output.cast_signed(),
            precision: self.precision,
            shift: self.shift,
            feedback: self.direct_feedback.map(index),
            recorded_seed: self.recorded_seed,
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        let hidden = Layer::checked(image, index(self.group_hidden)).ok_or(Parameter("group_hidden"))?;
        let output = Layer::checked(image, index(self.group_output)).ok_or(Parameter("group_output"))?;
        let constants = self.hidden.saturating_mul(self.outputs);
        let in_data = |first: u32| fits(first, constants, image.data.len());
        let positive = |value: u32| i32::try_from(value).is_ok_and(|value| value > 0);
        require(hidden.axons == index(self.inputs), "inputs")?;
        require(hidden.posts == index(self.hidden) && output.axons == index(self.hidden), "hidden")?;
        require(output.posts == index(self.outputs), "outputs")?;
        require((1..=255).contains(&self.phase_steps), "phase_steps")?;
        require((1..=4095).contains(&self.drive_hidden), "drive_hidden")?;
        require((1..=4095).contains(&self.drive_output), "drive_output")?;
        require(positive(self.error_threshold_hidden), "error_threshold_hidden")?;
        require(positive(self.error_threshold_output), "error_threshold_output")?;
        require(self.precision != Precision::Shadow, "precision")?;
        require((1..=16).contains(&self.shift), "shift")?;
        require(self.direct_feedback.is_none_or(in_data), "direct_feedback")?;
        require(fits(self.target_first, self.outputs, image.target_words), "target_first")?;
        require(fits(self.output_first, self.outputs, image.output_words), "output_first")?;
        // The drives are biases.
        require(!image.bias.is_empty(), "drive_hidden")
    }
}
