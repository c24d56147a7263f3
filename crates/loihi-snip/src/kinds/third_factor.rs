//! `third-factor`: errors that the rule of a connection reads as y1.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::image::Variable;
use loihi_core::rules::ThirdFactorParams;
use loihi_net::network::SectionError;

/// Errors of a population, half of its neurons for each sign.
#[derive(Debug)]
pub(super) struct ThirdFactor {
    population: usize,
    connection: usize,
    params: ThirdFactorParams,
}

impl SnipForm for ThirdFactor {
    const NAME: &'static str = "third-factor";
    const ABOUT: &'static str = "errors that the rule of the connection into a `population` reads as y1";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "third-factor"
population = "pairs"     # of 2n neurons for n errors, which the targets are: the first half gets them negated; its rule has
                         # `signed_by_profile = true`
# from = "hidden"        # of several connections into it, whose rule reads y1
shift = 5                # bits that an error in Q3.12 loses to become y1, 0..=15: with 5, 1.0 is 127; default 5
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let params: ThirdFactorParams = keys.params(&["target_first", "dimensions", "post_first", "signed"])?;
        let network = keys.network();
        let from = network.name_of(network.connections[connection].from);
        let learning = network.connections[connection].learning.as_ref();
        let Some(learning) = learning.filter(|own| own.reads(Variable::Y1)) else {
            let what = format!(
                "nothing reads the factor that it writes: give the connection from `{from}` a rule with y1 in \
                 `[connection.learning]`"
            );
            return Err(keys.error("population", what));
        };
        let impulse = learning.traces[2].map_or(0, |trace| trace.impulse);
        if impulse != 0 {
            let what =
                format!("spikes write y1 of the connection from `{from}` too: take it out of `[connection.learning]`");
            return Err(keys.error("population", what));
        }
        if !learning.signed_by_profile {
            let what = format!(
                "the sign of an error goes into the profile: add `signed_by_profile = true` to the rule of the connection \
                 from `{from}`"
            );
            return Err(keys.error("population", what));
        }
        let parts = network.populations[population].compartments.len();
        let neurons = network.populations[population].neurons();
        if parts != 1 || !neurons.is_multiple_of(2) {
            let what = format!("{neurons} neurons of {parts} compartments: two of one compartment take each error");
            return Err(keys.error("population", what));
        }
        Ok(Self { population, connection, params })
    }
}

impl Program for ThirdFactor {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let group = layout.group(self.connection)?;
        let dimensions = group.posts / 2;
        let port = layout.port(dimensions, 0, Teaching::q12(false, 12));
        let post_first = group.post_trace_first;
        let params = ThirdFactorParams { target_first: port.target.start, dimensions, post_first, ..self.params };
        let port = Port { rates: group.rates(), populations: vec![self.population], ..port };
        layout.taught(table, &params, port);
        Ok(())
    }
}
