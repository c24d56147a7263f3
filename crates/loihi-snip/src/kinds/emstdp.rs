//! `emstdp`: layers that see a sample twice, then with their errors as spikes.

use super::stack::Stack;
use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::EmstdpParams;
use loihi_net::draw;
use loihi_net::network::{Learning, SectionError};
use serde::Deserialize;

/// Layers, the lowest first.
#[derive(Debug)]
pub(super) struct Emstdp {
    stack: Stack,
    direct: bool,
    /// Of every layer: what an error spike adds, and where its errors spike.
    errors: Vec<[u32; 2]>,
    params: EmstdpParams,
}

impl SnipForm for Emstdp {
    const NAME: &'static str = "emstdp";
    const ABOUT: &'static str =
        "`populations`, the lowest layer first, that learn together from spikes of their errors";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "emstdp"
populations = ["hidden", "output"] # 1 to 16, integrators without leak (`decay_v` 0); the last has a neuron a class
# from = "pixels"        # of several connections into the lowest, which one learns
feedback = "symmetric"   # errors come back by the weights of the layer above, or "direct", by random ones; default "symmetric"
phase_steps = 64         # steps of a phase, 1..=255; a sample takes two and one step; default 64
drive_hidden = 256       # what an error spike adds to a hidden neuron, in weight steps, 1..=4095; or a list, one per layer; default 256
drive_output = 256       # the same of an output; default 256
error_threshold_hidden = 16 # where a hidden error spikes, in steps of the feedback, 1 to 2^30; or a list, one per layer; default 16
error_threshold_output = 1  # where an output's error spikes, 1 to 2^30; default 1
precision = "stochastic" # "nearest", "truncate": how weights are rounded; default "stochastic"
shift = 9                # bits of a change below the smallest step of a weight, 1..=16; default 9
recorded_seed = 0        # of a word per synapse, as recorded runs draw them; default 0, the chip's own draws
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let stack = Stack::read(keys)?;
        let direct = keys.feedback()?;
        let hidden = stack.populations.len() - 1;
        let drives = of_layers(keys, hidden, ["drive_hidden", "drive_output"], [256, 256], 4095)?;
        let thresholds =
            of_layers(keys, hidden, ["error_threshold_hidden", "error_threshold_output"], [16, 1], 1 << 30)?;
        let errors = drives.into_iter().zip(thresholds).map(|(drive, threshold)| [drive, threshold]).collect();
        let placed = [
            "layers",
            "data_first",
            "inputs",
            "posts",
            "posts_max",
            "outputs",
            "target_first",
            "output_first",
            "direct_feedback",
        ];
        Ok(Self { stack, direct, errors, params: keys.params(&placed)? })
    }
}

/// One number for all hidden layers, or one for each, the lowest first.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a whole number, or a list with one for each hidden layer")]
enum Hidden {
    All(u32),
    Each(Vec<u32>),
}

/// A number for every layer, by the keys of the hidden layers and of the outputs; 1 to `most`.
fn of_layers(
    keys: &mut Keys<'_>,
    hidden: usize,
    names: [&'static str; 2],
    defaults: [u32; 2],
    most: u32,
) -> Result<Vec<u32>, SectionError> {
    let [hidden_key, output_key] = names;
    let mut numbers = match keys.take(hidden_key)?.unwrap_or(Hidden::All(defaults[0])) {
        Hidden::All(number) => vec![number; hidden],
        Hidden::Each(numbers) if numbers.len() == hidden => numbers,
        Hidden::Each(numbers) => {
            let what = format!("{} numbers for {hidden} hidden layers: give one for each", numbers.len());
            return Err(keys.error(hidden_key, what));
        }
    };
    numbers.push(keys.take(output_key)?.unwrap_or(defaults[1]));
    match numbers.iter().position(|number| !(1..=most).contains(number)) {
        Some(at) => {
            let key = if at < hidden { hidden_key } else { output_key };
            Err(keys.error(key, format!("{} is out of its range: give 1 to {most}", numbers[at])))
        }
        None => Ok(numbers),
    }
}

impl Program for Emstdp {
    fn learns(&self) -> Vec<(usize, Learning)> {
        self.stack.learns()
    }

    fn biased(&self) -> Vec<usize> {
        self.stack.populations.clone()
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let placed = self.stack.placed(layout)?;
        let mut words = placed.words();
        words.extend(self.errors.as_flattened().iter().map(|word| word.cast_signed()));
        let data_first = layout.data(&words);
        let direct_feedback = self.direct.then(|| {
            let seed = layout.network().seed;
            let word = |post, output| draw::whole((2.0 * draw::uniform(seed, post, output, 3) - 1.0) * 127.0);
            let weight = |post, output| i8::try_from(word(post, output)).unwrap_or(i8::MAX);
            layout.data(&draw::pack(&placed.feedback(weight)))
        });
        let teaching = Teaching::Classes { right: 1, wrong: 0 };
        let port = layout.port(placed.outputs, placed.outputs, teaching);
        let params = EmstdpParams {
            layers: placed.layers(),
            data_first,
            inputs: placed.inputs,
            posts: placed.posts,
            posts_max: placed.posts_max(),
            outputs: placed.outputs,
            target_first: port.target.start,
            output_first: port.output.start,
            direct_feedback,
            ..self.params
        };
        let port = Port {
            answers_first: true,
            steps_least: self.params.phase_steps.saturating_mul(2).saturating_add(1),
            populations: self.stack.populations.clone(),
            ..port
        };
        layout.taught(table, &params, port);
        Ok(())
    }
}
