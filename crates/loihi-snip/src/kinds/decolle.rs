//! `decolle`: a layer that learns from a random readout of its own.

use super::by_the_core::{by_the_core, check_shift};
use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::DecolleParams;
use loihi_core::tools::rank_one::Precision;
use loihi_net::draw;
use loihi_net::network::{Learning, SectionError};

/// A layer, and its readout.
#[derive(Debug)]
pub(super) struct Decolle {
    population: usize,
    connection: usize,
    classes: u32,
    target: i16,
    /// Whether the core rounds to the nearest.
    to_nearest: bool,
    /// Layers of the network before this one.
    number: u32,
    params: DecolleParams,
}

impl SnipForm for Decolle {
    const NAME: &'static str = "decolle";
    const ABOUT: &'static str = "a `population` that learns `classes` from a random readout of its own";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "decolle"
population = "hidden"
# from = "pixels"        # of several connections into it, which one learns
classes = 10             # of its random readout, 1..=64
target = 64              # what the readout of the right class should be; default 64
back_end = "cpu"         # who changes the weights: the embedded CPU, the "core" by y1, or "core-nearest"; default "cpu"
burn_in_steps = 10       # steps of a sample before the first epoch; default 10
epoch_steps = 5          # steps of an epoch; default 5
readout_shift = 6        # bits that a readout loses, 0..=24; default 6
feedback_shift = 4       # bits that errors lose on their way back, 0..=24; default 4
error_limit = 32767      # largest error, 1..=32767; default 32767
error_shift = 5          # bits that an error loses, 0..=15; default 5
trigger_share = 0        # share of the epochs that are to learn, 256ths; default 0, a fixed threshold
slope = { box = { half_width = 16000 } } # or "flat", { triangle = { shift = 8 } }; default a box of 16000
homeostasis = 2          # what is added to the factor of a neuron that spikes too often, 0..=127; default 2
count_max = 2            # most spikes in an epoch that are not too many; default 2
precision = "stochastic" # "nearest", "truncate", "shadow": how the embedded CPU rounds weights; default "stochastic"
shift = 11               # bits of a change below the smallest step of a weight, 1..=16, to 7 by a core on the chip; default 11
# trace_decay_u = 819    # of the traces in 4096ths; default: the population's `decay_u`
# trace_decay_v = 410    # default: the population's `decay_v`
recorded_seed = 0        # of a word per synapse, as recorded runs draw them; default 0, the chip's own draws
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let classes = keys.classes()?;
        let target = keys.take("target")?.unwrap_or(64);
        let (by_core, to_nearest) = match keys.take::<String>("back_end")?.as_deref() {
            None | Some("cpu") => (false, false),
            Some("core") => (true, false),
            Some("core-nearest") => (true, true),
            Some(other) => {
                let what = format!("unknown back end `{other}`; there are: cpu, core, core-nearest");
                return Err(keys.error("back_end", what));
            }
        };
        let [decay_u, decay_v] = [keys.take("trace_decay_u")?, keys.take("trace_decay_v")?];
        let placed = ["group", "axons", "posts", "data_first", "classes", "target_first", "output_first"];
        let params: DecolleParams = keys.params(&placed)?;
        if by_core {
            check_shift(keys, "shift", params.shift)?;
        }
        // Traces follow the compartments, unless the table says otherwise.
        let profile = keys.profile(population);
        let register = |of: fn(&loihi_core::image::Profile) -> i32| profile.as_ref().map(|own| of(own).unsigned_abs());
        let params = DecolleParams {
            precision: if by_core { None } else { params.precision.or(Some(Precision::Stochastic)) },
            trace_decay_u: decay_u.or(register(|own| own.decay_u)).unwrap_or(params.trace_decay_u),
            trace_decay_v: decay_v.or(register(|own| own.decay_v)).unwrap_or(params.trace_decay_v),
            ..params
        };
        Ok(Self { population, connection, classes, target, to_nearest, number: keys.before(Self::NAME), params })
    }
}

impl Program for Decolle {
    fn learns(&self) -> Vec<(usize, Learning)> {
        let by_cpu = self.params.precision.is_some();
        let by_core = by_the_core(self.params.shift).rounds_to_nearest(self.to_nearest);
        vec![(self.connection, if by_cpu { Learning::by_program() } else { by_core })]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let group = layout.group(self.connection)?;
        let seed = layout.network().seed.wrapping_add(7_u32.wrapping_mul(self.number));
        let row = |post: u32| (0..self.classes).map(move |class| draw::readout(seed, class, post));
        let readout: Vec<i8> = (0..group.posts).flat_map(row).collect();
        let data_first = layout.data(&draw::pack(&readout));
        let teaching = Teaching::Classes { right: self.target, wrong: 0 };
        let port = layout.port(self.classes, self.classes, teaching);
        let params = DecolleParams {
            group: group.first,
            axons: group.axons,
            posts: group.posts,
            data_first,
            classes: self.classes,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let rates = if params.precision.is_some() { Vec::new() } else { group.rates() };
        let port = Port {
            rates,
            steps_least: self.params.burn_in_steps.saturating_add(self.params.epoch_steps),
            populations: vec![self.population],
            ..port
        };
        layout.taught(table, &params, port);
        Ok(())
    }
}
