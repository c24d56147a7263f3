//! `urbanczik-senn`: dendrites that learn to predict their somata.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, RateFunction, Teaching};
use loihi_core::rules::UrbanczikSennParams;
use loihi_net::draw;
use loihi_net::network::{Learning, SectionError};

/// Dendrites.
#[derive(Debug)]
pub(super) struct UrbanczikSenn {
    population: usize,
    connection: usize,
    /// What the voltage is per unit of the potential.
    volt: f64,
    /// Largest rate, spikes per step.
    rate_max: f64,
    params: UrbanczikSennParams,
}

impl SnipForm for UrbanczikSenn {
    const NAME: &'static str = "urbanczik-senn";
    const ABOUT: &'static str = "a `population` of dendrites that learn to predict somata which a teacher nudges";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "urbanczik-senn"
population = "hidden"    # dendrites: their `v_th` is out of reach, 131071
# from = "pixels"        # of several connections into it, which one learns
# volt = 1280.0          # what the voltage is per unit of the potential; default 20 · 2^table_shift
rate_max = 0.3           # largest rate of a soma, spikes per step, to 1.0; default 0.3
target_shift = 0         # targets, the teacher's potentials, are in units of 2^target_shift of the voltage, 0..=8; default 0
nudge_256 = 64           # how far the teacher draws the soma away from the dendrite, 256ths, 0..=256; default 64
table_shift = 6          # the tables of the rate have an entry every 2^table_shift of the voltage, 0..=16; default 6
precision = "stochastic" # or "nearest": how weights are rounded; default "stochastic"
shift = 20               # bits of a change below the smallest step of a weight, 1..=28; default 20
# decay_u = 819          # of the current in 4096ths; default: the population's
# decay_v = 410          # of the voltage in 4096ths; default: the population's
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let (volt, rate_max): (Option<f64>, Option<f64>) = (keys.take("volt")?, keys.take("rate_max")?);
        let [decay_u, decay_v] = [keys.take("decay_u")?, keys.take("decay_v")?];
        let params: UrbanczikSennParams =
            keys.params(&["group", "axons", "posts", "data_first", "target_first", "output_first"])?;
        let volt = volt.unwrap_or_else(|| 20.0 * f64::from(1_u32 << params.table_shift.min(16)));
        if !(1.0..=1e9).contains(&volt) {
            return Err(keys.error("volt", "give a `volt` of 1 to 1e9"));
        }
        let rate_max = rate_max.unwrap_or(0.3);
        if !(0.0..=1.0).contains(&rate_max) {
            return Err(keys.error("rate_max", "give a `rate_max` of 0 to 1 spikes per step"));
        }
        let profile = keys.profile(population);
        let decay_u = decay_u.or(profile.map(|own| own.decay_u.unsigned_abs())).unwrap_or(params.decay_u);
        let decay_v = decay_v.or(profile.map(|own| own.decay_v.unsigned_abs())).unwrap_or(params.decay_v);
        let params = UrbanczikSennParams { decay_u, decay_v, ..params };
        Ok(Self { population, connection, volt, rate_max, params })
    }
}

impl UrbanczikSenn {
    /// φ in Q12, then φ'/φ in Q8.
    fn tables(&self) -> Vec<i32> {
        let potential = |entry: i32| f64::from(entry << self.params.table_shift.min(16)) / self.volt;
        let rate = |potential: f64| self.rate_max / (1.0 + (-potential).exp());
        let phi = (-128..=128).map(|entry| draw::whole(rate(potential(entry)) * 4096.0));
        let h = (-128..=128).map(|entry| draw::whole(256.0 / (1.0 + potential(entry).exp())));
        phi.chain(h).collect()
    }
}

impl Program for UrbanczikSenn {
    fn learns(&self) -> Vec<(usize, Learning)> {
        vec![(self.connection, Learning::by_program())]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let group = layout.group(self.connection)?;
        let data_first = layout.data(&self.tables());
        let teaching = Teaching::Values { target_fraction_bits: 0, output_fraction_bits: 12 };
        let port = layout.port(group.posts, group.posts, teaching);
        let params = UrbanczikSennParams {
            group: group.first,
            axons: group.axons,
            posts: group.posts,
            data_first,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let unit = self.volt / f64::from(1_u32 << self.params.target_shift.min(16));
        let rate = Some(RateFunction { unit, rate_max: self.rate_max });
        let port = Port { populations: vec![self.population], rate, ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
