//! `soel`: a head that the core teaches wherever it errs.

use super::by_the_core::{by_the_core, check_shift};
use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::rules::SoelParams;
use loihi_net::network::{Learning, SectionError};

/// A head.
#[derive(Debug)]
pub(super) struct Soel {
    population: usize,
    connection: usize,
    target_spikes: i16,
    rate_shift: u32,
    params: SoelParams,
}

impl SnipForm for Soel {
    const NAME: &'static str = "soel";
    const ABOUT: &'static str =
        "a head, a neuron a class, whose weights the core changes where it spikes too often or too rarely";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "soel"
population = "output"    # a neuron a class
# from = "hidden"        # of several connections into it, which one learns
target_spikes = 4        # of the right class in an epoch; default 4
rate_shift = 11          # every bit more halves the learning rate, 0..=7, to 16 with `beyond_the_chip`; default 11
burn_in_steps = 10       # steps of a sample before the first epoch; default 10
epoch_steps = 10         # steps of an epoch, 1..=65536; default 10
threshold = 0            # largest error that counts as 0, in spikes; default 0
gain = 16                # what an error of a spike amounts to in y1, 1..=127; default 16
slope = "flat"           # or { box = { half_width = 16000 } }; default "flat"
# voltage_shift = 6      # bits that the voltage loses in the answer, 0..=31; default: by the threshold
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let target_spikes = keys.take("target_spikes")?.unwrap_or(4);
        let rate_shift = keys.take("rate_shift")?.unwrap_or(11);
        check_shift(keys, "rate_shift", rate_shift)?;
        let voltage_shift = keys.take("voltage_shift")?;
        let params: SoelParams = keys.params(&["group", "posts", "target_first", "output_first"])?;
        // A few epochs of a whole threshold stay below what one spike counts.
        let v_th = keys.profile(population).map(|profile| profile.v_th);
        let of_threshold = v_th.map(|v_th| (v_th.unsigned_abs() / 128).max(1).ilog2() + 1);
        let voltage_shift = voltage_shift.or(of_threshold).unwrap_or(params.voltage_shift);
        Ok(Self { population, connection, target_spikes, rate_shift, params: SoelParams { voltage_shift, ..params } })
    }
}

impl Program for Soel {
    fn learns(&self) -> Vec<(usize, Learning)> {
        vec![(self.connection, by_the_core(self.rate_shift))]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let group = layout.group(self.connection)?;
        let teaching = Teaching::Classes { right: self.target_spikes, wrong: 0 };
        let port = layout.port(group.posts, group.posts, teaching);
        let params = SoelParams {
            group: group.first,
            posts: group.posts,
            target_first: port.target.start,
            output_first: port.output.start,
            ..self.params
        };
        let port = Port {
            rates: group.rates(),
            steps_least: self.params.burn_in_steps.saturating_add(self.params.epoch_steps),
            populations: vec![self.population],
            ..port
        };
        layout.taught(table, &params, port);
        Ok(())
    }
}
