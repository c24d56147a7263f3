//! `third-factor`: errors that the rule of a connection reads as y1; and `[teacher]`, which hands them in after a sample.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use crate::ports::{Port, Teaching};
use loihi_core::image::Variable;
use loihi_core::rules::ThirdFactorParams;
use loihi_net::network::{Endpoint, SectionError};

/// Errors of a population, of which each goes to a neuron, or to two.
#[derive(Debug)]
pub(super) struct ThirdFactor {
    population: usize,
    connection: usize,
    /// Neurons, or pairs of them, that take the same error.
    places: u32,
    params: ThirdFactorParams,
}

impl SnipForm for ThirdFactor {
    const NAME: &'static str = "third-factor";
    const ABOUT: &'static str = "errors that the rule of the connection into a `population` reads as y1";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "third-factor"
population = "pairs"     # whose errors the targets are; its rule has `signed_by_profile = true`
# from = "hidden"        # of several connections into it, whose rule reads y1
paired = true            # 2n neurons for n errors, the first half gets them negated; false for a neuron an error; default true
# dimensions = 1         # errors, each for as many of these in a row; default: one for each
shift = 5                # bits that an error in Q3.12 loses to become y1, 0..=15: with 5, 1.0 is 127; default 5
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let connection = keys.connection_into(population)?;
        let dimensions: Option<u32> = keys.take("dimensions")?;
        let params: ThirdFactorParams = keys.params(&["target_first", "dimensions", "post_first", "signed"])?;
        check_rule(keys, connection)?;
        check_neurons(keys, population, params.paired)?;
        let neurons = u32::try_from(keys.network().populations[population].neurons()).unwrap_or(u32::MAX);
        let most = if params.paired { neurons / 2 } else { neurons };
        let dimensions = dimensions.unwrap_or(most);
        if dimensions == 0 || !most.is_multiple_of(dimensions) {
            let what = format!("{dimensions} errors cannot share {most} places: give a divisor of that");
            return Err(keys.error("dimensions", what));
        }
        Ok(Self { population, connection, places: most / dimensions, params })
    }
}

impl Program for ThirdFactor {
    fn third_factors(&self) -> Vec<usize> {
        vec![self.connection]
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let teaching = Teaching::q12(false, 12);
        add(layout, table, [self.population, self.connection], self.params, (teaching, self.places))
    }
}

/// `[teacher]`: a third factor for each neuron of a population, after the answer to a sample.
#[derive(Debug)]
pub(crate) struct Teacher {
    population: usize,
    /// Connections whose rules read it.
    connections: Vec<usize>,
    /// Whether a program of the user's own writes it.
    is_own: bool,
}

impl Teacher {
    /// Takes the keys of the table; those that say when and how much are of the run.
    ///
    /// # Errors
    /// [`SectionError`] at the offending key.
    pub(crate) fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let population = keys.population("population")?;
        let is_own = keys.take::<toml::Value>("from")?.is_some_and(|from| from.as_str() == Some("snip"));
        for key in ["right", "wrong", "always", "steps"] {
            keys.take::<toml::Value>(key)?;
        }
        let network = keys.network();
        let reads = |at: &usize| {
            let own = &network.connections[*at];
            own.to == population && own.learning.as_ref().is_some_and(|own| own.reads(Variable::Y1))
        };
        let connections: Vec<usize> = (0..network.connections.len()).filter(reads).collect();
        if connections.is_empty() {
            let name = network.name_of(Endpoint::Population(population));
            let what = format!(
                "no rule reads the third factors of `{name}`: give a connection into it a rule with y1 in `[connection.learning]`"
            );
            return Err(keys.error("population", what));
        }
        for connection in &connections {
            check_rule(keys, *connection)?;
        }
        check_neurons(keys, population, false)?;
        Ok(Self { population, connections, is_own })
    }
}

impl Program for Teacher {
    fn third_factors(&self) -> Vec<usize> {
        self.connections.clone()
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        if self.is_own {
            return Ok(());
        }
        let params = ThirdFactorParams { shift: 0, paired: false, ..ThirdFactorParams::default() };
        let mut connections = self.connections.iter();
        connections.try_for_each(|at| add(layout, table, [self.population, *at], params, (Teaching::Afterwards, 1)))
    }
}

/// A program for the post traces of a connection into a population, taught by targets for as many words each.
fn add(
    layout: &mut Layout<'_>,
    table: usize,
    [population, connection]: [usize; 2],
    params: ThirdFactorParams,
    (teaching, words_per_target): (Teaching, u32),
) -> Result<(), String> {
    let group = layout.group(connection)?;
    let dimensions = if params.paired { group.posts / 2 } else { group.posts };
    let port = layout.port(dimensions, 0, teaching);
    let post_first = group.post_trace_first;
    let params = ThirdFactorParams { target_first: port.target.start, dimensions, post_first, ..params };
    let (rates, populations) = (group.rates(), vec![population]);
    let port = Port { rates, populations, words_per_target, takes_errors: true, ..port };
    layout.taught(table, &params, port);
    Ok(())
}

/// Whether the rule of a connection reads y1, which nothing else writes, with the sign of the profile.
fn check_rule(keys: &Keys<'_>, connection: usize) -> Result<(), SectionError> {
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
    Ok(())
}

/// Whether a population has a neuron of one compartment for each error, or two.
fn check_neurons(keys: &Keys<'_>, population: usize, paired: bool) -> Result<(), SectionError> {
    let population = &keys.network().populations[population];
    let parts = population.compartments.len();
    let neurons = population.neurons();
    let (fits, each) = if paired { (neurons.is_multiple_of(2), "two") } else { (true, "one") };
    if parts == 1 && fits {
        return Ok(());
    }
    let what = format!("{neurons} neurons of {parts} compartments: {each} of one compartment take each error");
    Err(keys.error("population", what))
}
