//! Programs known by their parameters alone: the names of the parameters say what placement has to fill in.

use crate::keys::Keys;
use crate::kind::{Program, SnipKind};
use crate::layout::{Group, Layout};
use crate::ports::{Port, Teaching};
use loihi_core::snip::SnipParams;
use loihi_net::network::{Learning, SectionError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use toml::{Table, Value};

impl SnipKind {
    /// The kind of a program known by its parameters alone. Of these, `compartment_first` and `count` come from the
    /// key `population`; `group`, `axons` and `posts` from `population` too, whose incoming connection it writes; `target_first`
    /// and `output_first` are a word for every neuron; `input_first`, `stimulus_first` and `count` come from `input`.
    pub const fn raw<P: SnipParams + Serialize + DeserializeOwned + Default + fmt::Debug + 'static>(
        about: &'static str,
    ) -> Self {
        Self { name: P::NAME, about, read: |keys| Ok(Box::new(Raw::<P>::read(keys)?)), example: example::<P> }
    }
}

/// A program with such parameters.
#[derive(Debug)]
pub(crate) struct Raw<P> {
    population: Option<usize>,
    connection: Option<usize>,
    input: Option<usize>,
    of: PhantomData<P>,
    /// All its parameters, with those that placement sets.
    all: Table,
}

/// Parameters that placement sets.
const PLACED: [&str; 9] = [
    "compartment_first",
    "count",
    "group",
    "axons",
    "posts",
    "target_first",
    "output_first",
    "input_first",
    "stimulus_first",
];

/// A table with all keys of such a program, with their defaults.
pub(crate) fn example<P: SnipParams + Serialize + Default>() -> String {
    let defaults = Table::try_from(P::default()).unwrap_or_default();
    let mut text = format!("[[snip]]\nkind = \"{}\"\n", P::NAME);
    let has = |names: &[&str]| names.iter().any(|name| defaults.contains_key(*name));
    if has(&["input_first", "stimulus_first"]) {
        text.push_str("input = \"pixels\"        # default: the only one\n");
    }
    if has(&["group", "compartment_first"]) {
        text.push_str("population = \"hidden\"\n");
    }
    if has(&["group"]) {
        text.push_str("# from = \"pixels\"       # of several connections into it, which one it writes\n");
    }
    let own = defaults.iter().filter(|(key, _)| !PLACED.contains(&key.as_str()));
    text.extend(own.map(|(key, value)| format!("{key} = {value}\n")));
    text
}

impl<P: SnipParams + Serialize + DeserializeOwned + Default + fmt::Debug + 'static> Raw<P> {
    pub(crate) fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let invalid = |error: toml::ser::Error| keys.error("kind", error.to_string());
        let defaults = Table::try_from(P::default()).map_err(invalid)?;
        let has = |names: &[&str]| names.iter().any(|name| defaults.contains_key(*name));
        let of_input = has(&["input_first", "stimulus_first"]);
        let of_group = has(&["group"]);
        let of_population = of_group || has(&["compartment_first"]);
        let input = if of_input { Some(keys.input()?) } else { None };
        let population = if of_population { Some(keys.population("population")?) } else { None };
        let connection = match population {
            Some(population) if of_group => Some(keys.connection_into(population)?),
            _ => None,
        };
        let placed: Vec<&str> = PLACED.into_iter().filter(|name| defaults.contains_key(*name)).collect();
        let params: P = keys.params(&placed)?;
        let all = Table::try_from(&params).map_err(|error| keys.error("kind", error.to_string()))?;
        Ok(Self { population, connection, input, of: PhantomData, all })
    }
}

impl<P: SnipParams + Serialize + DeserializeOwned + Default + fmt::Debug + 'static> Program for Raw<P> {
    fn learns(&self) -> Vec<(usize, Learning)> {
        self.connection.map(|connection| (connection, Learning::by_program())).into_iter().collect()
    }

    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let mut all = self.all.clone();
        let mut set = |key: &str, value: u32| {
            if let Some(own) = all.get_mut(key) {
                *own = Value::Integer(value.into());
            }
        };
        let compartments = self.population.map(|population| layout.compartments(population)).transpose()?;
        if let Some(Range { start, end }) = compartments.clone() {
            set("compartment_first", start);
            set("count", end - start);
            set("posts", end - start);
        }
        if let Some(connection) = self.connection {
            let Group { first, axons, posts, .. } = layout.group(connection)?;
            set("group", first);
            set("axons", axons);
            set("posts", posts);
        }
        if let Some(input) = self.input {
            let externals = layout.externals(input);
            set("input_first", externals.start);
            set("count", externals.end - externals.start);
            if self.all.contains_key("stimulus_first") {
                set("stimulus_first", layout.stimulus(input, false, false).start);
            }
        }
        let neurons = compartments.map_or(0, |Range { start, end }| end - start);
        let teaching = Teaching::Classes { right: 1, wrong: 0 };
        let words = |key: &str| if self.all.contains_key(key) { neurons } else { 0 };
        let port = layout.port(words("target_first"), words("output_first"), teaching);
        set("target_first", port.target.start);
        set("output_first", port.output.start);
        let params: P = Value::Table(all).try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        if port.target.is_empty() && port.output.is_empty() {
            layout.program(table, &params);
        } else {
            layout.taught(table, &params, Port { populations: self.population.into_iter().collect(), ..port });
        }
        Ok(())
    }
}
