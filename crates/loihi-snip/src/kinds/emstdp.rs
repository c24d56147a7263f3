//! `emstdp`: two layers that see a sample twice, then with their errors as spikes.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::EmstdpParams;
use loihi_net::draw;
use loihi_net::network::{Learning, SectionError};

/// A hidden layer and an output layer.
#[derive(Debug)]
pub(super) struct Emstdp {
    hidden: usize,
    output: usize,
    /// Connections into the hidden layer and from it to the outputs.
    connections: [usize; 2],
    direct: bool,
    params: EmstdpParams,
}

impl SnipForm for Emstdp {
    const NAME: &'static str = "emstdp";
    const ABOUT: &'static str = "populations `hidden` and `output` that learn from spikes of their errors";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "emstdp"
hidden = "hidden"        # integrators without leak: `decay_v` 0
output = "output"        # a neuron a class, connected from `hidden`
# from = "pixels"        # of several connections into `hidden`, which one learns
feedback = "symmetric"   # errors come back by the weights to the outputs, or "direct", by random ones; default "symmetric"
phase_steps = 64         # steps of a phase, 1..=255; a sample takes two and one step; default 64
drive_hidden = 256       # what an error spike adds to a hidden neuron, in steps of the weights, 1..=4095; default 256
drive_output = 256       # the same of an output; default 256
error_threshold_hidden = 16 # where a hidden error spikes, in steps of the feedback, 1 or more; default 16
error_threshold_output = 1  # where an output's error spikes, 1 or more; default 1
precision = "stochastic" # "nearest", "truncate": how weights are rounded; default "stochastic"
shift = 9                # bits of a change below the smallest step of a weight, 1..=16; default 9
recorded_seed = 0        # of a word per synapse, as recorded runs draw them; default 0, the chip's own draws
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let (hidden, output) = (keys.population("hidden")?, keys.population("output")?);
        let into = keys.connection_into(hidden)?;
        let network = keys.network();
        let between = network
            .connections
            .iter()
            .position(|own| own.from == loihi_net::network::Endpoint::Population(hidden) && own.to == output);
        let between = between.ok_or_else(|| keys.error("output", "it has no connection from `hidden`: add one"))?;
        let direct = keys.feedback()?;
        let placed =
            ["group_hidden", "group_output", "inputs", "outputs", "target_first", "output_first", "direct_feedback"];
        Ok(Self { hidden, output, connections: [into, between], direct, params: keys.params(&placed)? })
    }
}

impl Program for Emstdp {
    fn learns(&self) -> Vec<(usize, Learning)> {
        self.connections.map(|connection| (connection, Learning::by_program())).to_vec()
    }

    fn biased(&self) -> Vec<usize> {
        vec![self.hidden, self.output]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let [into, between] = [layout.group(self.connections[0])?, layout.group(self.connections[1])?];
        let seed = layout.network().seed;
        let direct_feedback = self.direct.then(|| {
            let word = |post: u32, output: u32| draw::whole((2.0 * draw::uniform(seed, post, output, 3) - 1.0) * 127.0);
            let row = |post| (0..between.posts).map(move |output| word(post, output));
            layout.data(&(0..into.posts).flat_map(row).collect::<Vec<_>>())
        });
        let teaching = Teaching::Classes { right: 1, wrong: 0 };
        let port = layout.port(between.posts, between.posts, teaching);
        let params = EmstdpParams {
            group_hidden: into.first,
            group_output: between.first,
            inputs: into.axons,
            hidden: into.posts,
            outputs: between.posts,
            target_first: port.target.start,
            output_first: port.output.start,
            direct_feedback,
            ..self.params
        };
        let port = Port {
            answers_first: true,
            steps_least: self.params.phase_steps.saturating_mul(2).saturating_add(1),
            populations: vec![self.hidden, self.output],
            ..port
        };
        layout.taught(table, &params, port);
        Ok(())
    }
}
