//! `backprop`: layers that learn together from the counts of their spikes.

use super::stack::Stack;
use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::BackpropParams;
use loihi_net::draw;
use loihi_net::network::{Learning, SectionError};

/// Layers, the lowest first.
#[derive(Debug)]
pub(super) struct Backprop {
    stack: Stack,
    target: i16,
    direct: bool,
    params: BackpropParams,
}

impl SnipForm for Backprop {
    const NAME: &'static str = "backprop";
    const ABOUT: &'static str =
        "`populations`, the lowest layer first, that learn together from the counts of their spikes";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "backprop"
populations = ["hidden", "output"]
# from = "pixels"        # of several connections into the lowest, which one learns
target = 2048            # what the readout of the right class should be, and less 0 of the others; default 2048
feedback = "symmetric"   # errors come back by the weights to the layer above, or "direct", by random ones; default "symmetric"
steps = 16               # of a sample, 1..=255; default: the network's, or 16
readout = "voltage"      # of outputs that only integrate, or "count" of their spikes; default "voltage"
readout_shift = 7        # bits that a readout loses, 0..=24; default 7
loss = "hinge"           # outputs beyond their targets do not err, or "squared"; default "hinge"
error_shift = 7          # bits that an error loses, 0..=24; default 7
error_limit = 16         # the largest error, 1..=127; default 16
feedback_shift = 4       # bits that errors lose on their way back, 0..=24; default 4
count_max = 255          # most spikes of a neuron that learns, 1..=255; default 255
v_min = 2147483647       # least voltage of a neuron that learns without a spike; default 2147483647, none
precision = "stochastic" # "nearest", "truncate": how weights are rounded; default "stochastic"
shift = 9                # bits of a change below the smallest step of a weight, 1..=16; default 9
shift_output = 9         # the same of the last layer; default 9
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let stack = Stack::read(keys)?;
        let target = keys.take("target")?.unwrap_or(2048);
        let direct = keys.feedback()?;
        let steps = keys.take("steps")?.or(keys.network().sample_steps());
        let placed =
            ["layers", "data_first", "inputs", "posts", "outputs", "target_first", "output_first", "direct_feedback"];
        let params: BackpropParams = keys.params(&placed)?;
        let params = BackpropParams { steps: steps.unwrap_or(params.steps), ..params };
        Ok(Self { stack, target, direct, params })
    }
}

impl Program for Backprop {
    fn learns(&self) -> Vec<(usize, Learning)> {
        self.stack.learns()
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let placed = self.stack.placed(layout)?;
        let data_first = layout.data(&placed.words());
        let direct_feedback = self.direct.then(|| {
            let seed = layout.network().seed;
            layout.data(&draw::pack(&placed.feedback(|post, output| draw::readout(seed, output, post))))
        });
        let teaching = Teaching::Classes { right: self.target, wrong: self.target.saturating_neg() };
        let port = layout.port(placed.outputs, placed.outputs, teaching);
        let params = BackpropParams {
            layers: placed.layers(),
            data_first,
            inputs: placed.inputs,
            posts: placed.posts,
            outputs: placed.outputs,
            target_first: port.target.start,
            output_first: port.output.start,
            direct_feedback,
            ..self.params
        };
        let port = Port {
            answers_first: true,
            steps_least: self.params.steps,
            populations: self.stack.populations.clone(),
            ..port
        };
        layout.taught(table, &params, port);
        Ok(())
    }
}
