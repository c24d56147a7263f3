//! `eprop`: a recurrent layer that learns by eligibilities and the errors of its readouts.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::EpropParams;
use loihi_net::draw;
use loihi_net::network::{Endpoint, Learning, SectionError};

/// A recurrent layer, and its readouts.
#[derive(Debug)]
pub(super) struct Eprop {
    population: usize,
    /// Connections from outside, and of the population to itself.
    connections: [usize; 2],
    /// Whether its readouts tell classes apart.
    classes: bool,
    feedback_deviation: f64,
    params: EpropParams,
}

impl SnipForm for Eprop {
    const NAME: &'static str = "eprop";
    const ABOUT: &'static str =
        "a recurrent `population` with readouts for `classes`, or values of `dimensions`, that learns by eligibilities";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "eprop"
population = "hidden"    # with a connection to itself
# from = "pixels"        # of several connections from elsewhere into it, which one learns
dimensions = 1           # readouts, 1..=64, whose targets are values; default 1
# classes = 10           # instead: a readout for each class
feedback_deviation = 25.6 # standard deviation of the random feedback, of which weights have 8 bits; default 25.6
# decay = 200            # of the traces in 4096ths, 1..=4096; default: the population's `decay_v`
# slope_shift = 7        # ψ is 0 at 64 · 2^slope_shift from the threshold, 0..=16; default: at rest
readout_shift = 8        # bits that a readout loses, 0..=24; default 8
error_shift = 4          # bits that an error in Q3.12 loses, 0..=15; default 4
error_limit = 255        # largest error in what is left of it, 1..=32767; default 255
error_threshold = 0      # smallest error that is learned from; default 0, all
feedback_shift = 4       # bits that errors lose on their way back, 0..=24; default 4
shift = 20               # bits of a change of the layer's weights below their smallest step, 1..=28; default 20
readout_rate_shift = 16  # the same of the readouts' weights; default 16
precision = "stochastic" # or "nearest": how weights are rounded; default "stochastic"
rate_steps = 1000        # steps over which spikes are counted for the rate, 1..=65535; default 1000
rate_target = 20         # spikes in these steps that are neither too many nor too few, 0..=65535; default 20
rate_gain = 0            # how strongly the rate is held to it, eighths, 0..=255; default 0
kappa_shift = 0          # binary logarithm of the time constant of the eligibilities' filter, 1..=8; default 0, no filter
# adaptation = { strength = 100, tau_shift = 8 } # thresholds that rise with every spike, 4096ths; default: they stay
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let outer = keys.outer_connection_into(population)?;
        let network = keys.network();
        let own = Endpoint::Population(population);
        let inner = network.connections.iter().position(|found| found.from == own && found.to == population);
        let inner = inner.ok_or_else(|| {
            keys.error("population", format!("`{}` has no connection to itself: add one", network.name_of(own)))
        })?;
        let [classes, dimensions] = keys.classes_or_dimensions()?;
        let feedback_deviation = keys.take("feedback_deviation")?.unwrap_or(25.6);
        if !(0.0..=127.0).contains(&feedback_deviation) {
            return Err(keys.error("feedback_deviation", "give a `feedback_deviation` of 0 to 127"));
        }
        let [decay, slope_shift] = [keys.take("decay")?, keys.take("slope_shift")?];
        let placed = [
            "input_group",
            "recurrent_group",
            "inputs",
            "posts",
            "outputs",
            "data_first",
            "target_first",
            "output_first",
        ];
        let params: EpropParams = keys.params(&placed)?;
        let profile = keys.profile(population);
        // ψ is 0 at rest and at twice the threshold.
        let of_threshold = profile.and_then(|own| own.v_th.checked_ilog2()).map(|bits| bits.saturating_sub(6));
        let params = EpropParams {
            outputs: classes.or(dimensions).unwrap_or(params.outputs),
            decay: decay.or(profile.map(|own| own.decay_v.unsigned_abs())).unwrap_or(params.decay),
            slope_shift: slope_shift.or(of_threshold).unwrap_or(params.slope_shift),
            ..params
        };
        let connections = [outer, inner];
        Ok(Self { population, connections, classes: classes.is_some(), feedback_deviation, params })
    }
}

impl Eprop {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    fn feedback(&self, seed: u32, post: u32, output: u32) -> i8 {
        (draw::gauss(seed, post, output, 4) * self.feedback_deviation).round().clamp(-127.0, 127.0) as i8
    }
}

impl Program for Eprop {
    fn learns(&self) -> Vec<(usize, Learning)> {
        self.connections.map(|connection| (connection, Learning::by_program())).to_vec()
    }

    fn biased(&self) -> Vec<usize> {
        if self.params.adaptation.is_some() { vec![self.population] } else { Vec::new() }
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let [outer, inner] = [layout.group(self.connections[0])?, layout.group(self.connections[1])?];
        let (seed, outputs) = (layout.network().seed, self.params.outputs.min(64));
        let row = |post: u32| (0..outputs).map(move |output| self.feedback(seed, post, output));
        let feedback: Vec<i8> = (0..outer.posts).flat_map(row).collect();
        let data_first = layout.data(&draw::pack(&feedback));
        let port = layout.port(outputs, outputs, Teaching::q12(self.classes, 12));
        let params = EpropParams {
            input_group: outer.first,
            recurrent_group: inner.first,
            inputs: outer.axons,
            posts: outer.posts,
            data_first,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let port = Port { populations: vec![self.population], ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
