//! The parameters of EMSTDP, and their places in a record.

use super::super::rank_one::Precision;
use super::Emstdp;
use crate::image::{SnipRecord, index};

/// Parameters of an [`Emstdp`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// First target word: other than 0 for the right output.
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

impl EmstdpParams {
    /// The words of a record.
    pub fn words(&self) -> [u32; 16] {
        [
            self.group_hidden,
            self.group_output,
            self.inputs,
            self.hidden,
            self.outputs,
            self.target_first,
            self.output_first,
            self.phase_steps,
            self.drive_hidden,
            self.drive_output,
            self.error_threshold_hidden,
            self.error_threshold_output,
            self.precision as u32,
            self.shift,
            self.direct_feedback.map_or(0, |first| first.saturating_add(1)),
            self.recorded_seed,
        ]
    }
}

impl Emstdp {
    /// The layers that a record's words describe.
    pub(in super::super) fn from_params(params: &[u32; SnipRecord::PARAMS]) -> Self {
        let &[group_hidden, group_output, inputs, hidden, outputs, target_first, output_first, rest @ ..] = params;
        let [phase_steps, drive_hidden, drive_output, threshold_hidden, threshold_output, rest @ ..] = rest;
        let [precision, shift, feedback, recorded_seed, ..] = rest;
        Self {
            group_hidden: index(group_hidden),
            group_output: index(group_output),
            inputs: index(inputs),
            hidden: index(hidden),
            outputs: index(outputs),
            target_first: index(target_first),
            output_first: index(output_first),
            phase_steps: phase_steps.cast_signed(),
            drive_hidden: drive_hidden.cast_signed(),
            drive_output: drive_output.cast_signed(),
            error_threshold_hidden: threshold_hidden.cast_signed(),
            error_threshold_output: threshold_output.cast_signed(),
            precision: Precision::from_code(precision),
            shift,
            feedback: index(feedback),
            recorded_seed,
        }
    }
}
