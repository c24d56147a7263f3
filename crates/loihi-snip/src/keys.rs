//! The keys of a table, taken one after the other; what is left over is an error.

use super::fields;
use loihi_core::image::Profile;
use loihi_files::names::unknown;
use loihi_net::network::{Each, Endpoint, Entry, Network, Section, SectionError};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// What `[teacher]` is called among programs.
pub const TEACHER: &str = "teacher";

/// The keys of a program's table that have not been read yet.
#[derive(Debug)]
pub struct Keys<'s> {
    network: &'s Network,
    section: &'s Section,
    /// Place of the table among the network's.
    number: usize,
    rest: Table,
    /// Keys that were asked for, for errors.
    asked: Vec<&'static str>,
}

impl<'s> Keys<'s> {
    /// Those of the network's table of this number; see [`table`].
    pub fn new(network: &'s Network, number: usize) -> Option<Self> {
        let section = table(network, number)?;
        let mut rest = section.keys.clone();
        rest.remove("kind");
        rest.remove("name");
        Some(Self { network, section, number, rest, asked: vec!["kind", "name"] })
    }

    /// The network.
    pub const fn network(&self) -> &'s Network {
        self.network
    }

    /// Tables of this kind before it.
    pub fn before(&self, kind: &str) -> u32 {
        let before = self.network.snips.iter().take(self.number);
        u32::try_from(before.filter(|own| own.text("kind") == Some(kind)).count()).unwrap_or(u32::MAX)
    }

    /// An error at a key.
    pub fn error(&self, key: &str, what: impl Into<String>) -> SectionError {
        self.section.error(&table_name(self.section), key, what)
    }

    /// The first of these keys that is still unread.
    pub(super) fn any_of(&self, keys: &[&'static str]) -> Option<&'static str> {
        keys.iter().copied().find(|key| self.rest.contains_key(*key))
    }

    /// The value of a key, if it is there.
    ///
    /// # Errors
    /// [`SectionError`] if it is of another type.
    pub fn take<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<Option<T>, SectionError> {
        self.asked.push(key);
        let Some(value) = self.rest.remove(key) else { return Ok(None) };
        value.try_into().map(Some).map_err(|error: toml::de::Error| self.error(key, error.message().to_owned()))
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn need<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<T, SectionError> {
        self.take(key)?.ok_or_else(|| self.error(key, format!("`{key}` is missing: add it")))
    }

    /// How errors come back, by the key `feedback`: whether by fixed random weights, and not by those that learn.
    ///
    /// # Errors
    /// [`SectionError`].
    pub(super) fn feedback(&mut self) -> Result<bool, SectionError> {
        match self.take::<String>("feedback")?.as_deref() {
            None | Some("symmetric") => Ok(false),
            Some("direct") => Ok(true),
            Some(other) => {
                let what = format!("unknown feedback `{other}`; there are: symmetric, direct");
                Err(self.error("feedback", what))
            }
        }
    }

    /// The number of classes: that of the key `classes`, or that of the data.
    ///
    /// # Errors
    /// [`SectionError`] if neither is there.
    pub fn classes(&mut self) -> Result<u32, SectionError> {
        match self.take("classes")? {
            Some(classes) => Ok(classes),
            None if self.network.classes > 0 => Ok(self.network.classes),
            None => Err(self
                .error("classes", "without `classes` it learns those of the data, and these have none: give them whole numbers in `y`, or say how many")),
        }
    }

    /// The keys `classes` and `dimensions`, of which a table has one at most.
    ///
    /// # Errors
    /// [`SectionError`] if it has both.
    pub(super) fn classes_or_dimensions(&mut self) -> Result<[Option<u32>; 2], SectionError> {
        let outputs = [self.take("classes")?, self.take("dimensions")?];
        if let [Some(_), Some(_)] = outputs {
            return Err(self.error("classes", "give either `classes` or `dimensions`"));
        }
        Ok(outputs)
    }

    /// The population that a key names, by its place in the network's list.
    ///
    /// # Errors
    /// [`SectionError`] lists the populations that there are.
    pub fn population(&mut self, key: &'static str) -> Result<usize, SectionError> {
        let name: String = self.need(key)?;
        self.population_of(key, &name)
    }

    /// The population of a name, by its place in the network's list.
    ///
    /// # Errors
    /// [`SectionError`] lists the populations that there are.
    pub fn population_of(&self, key: &str, name: &str) -> Result<usize, SectionError> {
        if let Some(Endpoint::Population(at)) = self.network.find(name) {
            return Ok(at);
        }
        let names = self.network.populations.iter().map(|own| own.name.as_str()).collect::<Vec<_>>();
        Err(self.error(key, format!("unknown population `{name}`; there are: {}", names.join(", "))))
    }

    /// The profile of a population's soma, if all its neurons have the same.
    pub fn profile(&self, population: usize) -> Option<Profile> {
        match self.network.populations.get(population)?.compartments.last()? {
            Each::Same(profile) => Some(*profile),
            Each::Every(_) => None,
        }
    }

    /// The input that the key `input` names, by its place in the network's list; without the key the only one.
    ///
    /// # Errors
    /// [`SectionError`] lists the inputs that there are.
    pub fn input(&mut self) -> Result<usize, SectionError> {
        let names = self.network.inputs.iter().map(|own| own.name.as_str()).collect::<Vec<_>>();
        let there = names.join(", ");
        let at = match self.take::<String>("input")? {
            Some(name) => {
                let found = names.iter().position(|own| *own == name);
                found.ok_or_else(|| self.error("input", format!("unknown input `{name}`; there are: {there}")))?
            }
            None if names.len() == 1 => 0,
            None => return Err(self.error("input", format!("say which input it is for: {there}"))),
        };
        if self.network.inputs.get(at).is_some_and(|input| input.entry == Entry::Spikes) {
            return Ok(at);
        }
        let name = names.get(at).copied().unwrap_or_default();
        Err(self.error("input", format!("`{name}` sets biases: take one without `bias_of` and `weighted_for`")))
    }

    /// The only connection into a population, by its place in the network's list; of several that from what the key `from`
    /// names.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn connection_into(&mut self, population: usize) -> Result<usize, SectionError> {
        self.connection_of(population, |_| true)
    }

    /// The same, among connections from elsewhere than the population itself.
    ///
    /// # Errors
    /// [`SectionError`].
    pub fn outer_connection_into(&mut self, population: usize) -> Result<usize, SectionError> {
        self.connection_of(population, |from| from != Endpoint::Population(population))
    }

    fn connection_of(&mut self, population: usize, among: impl Fn(Endpoint) -> bool) -> Result<usize, SectionError> {
        let name = self.network.name_of(Endpoint::Population(population)).to_owned();
        let from: Option<String> = self.take("from")?;
        let connections = self.network.connections.iter().enumerate();
        let connections = connections.filter(|(_, own)| own.to == population && among(own.from));
        let sources = connections.map(|(at, own)| (at, self.network.name_of(own.from))).collect::<Vec<_>>();
        let list = || sources.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
        match (from, &*sources) {
            (_, []) => {
                Err(self.error("population", format!("nothing is connected to `{name}`: add a `[[connection]]`")))
            }
            (Some(from), _) => {
                let found = sources.iter().find(|(_, name)| *name == from);
                let none = || format!("no connection from `{from}` to `{name}`; there are those from: {}", list());
                found.map(|(at, _)| *at).ok_or_else(|| self.error("from", none()))
            }
            (None, [(at, _)]) => Ok(*at),
            (None, _) => {
                Err(self.error("from", format!("say which connection to `{name}` learns, that from: {}", list())))
            }
        }
    }

    /// All other keys as parameters of a program; `placed` are those that placement sets, or that other keys stand for.
    ///
    /// # Errors
    /// [`SectionError`] at a key that is not known, is set by placement, or has a value of another type.
    pub fn params<P: DeserializeOwned>(&mut self, placed: &[&str]) -> Result<P, SectionError> {
        let own = fields::names::<P>();
        let rest = std::mem::take(&mut self.rest);
        if let Some(key) = rest.keys().find(|key| placed.contains(&key.as_str())) {
            return Err(self.error(key, format!("`{key}` is set by placement: leave it out")));
        }
        self.asked.extend(own.iter().filter(|name| !placed.contains(name)));
        if let Some(key) = rest.keys().find(|key| !own.contains(&key.as_str())) {
            return Err(self.unknown(key));
        }
        // One by one, so that an error is that of its key.
        for (key, value) in &rest {
            let alone = Table::from_iter([(key.clone(), value.clone())]);
            P::deserialize(Value::Table(alone)).map_err(|error| self.error(key, error.message().to_owned()))?;
        }
        P::deserialize(Value::Table(rest)).map_err(|error| self.error("kind", error.message().to_owned()))
    }

    fn unknown(&self, key: &str) -> SectionError {
        let mut seen = BTreeSet::new();
        let all = self.asked.iter().copied().filter(|name| seen.insert(*name)).collect::<Vec<_>>();
        self.error(key, format!("unknown key {}", unknown(key, &all, None)))
    }

    /// Refuses keys that have not been read.
    ///
    /// # Errors
    /// [`SectionError`] at the first such key.
    pub fn finish(&self) -> Result<(), SectionError> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.unknown(key)),
        }
    }
}

/// The table of a program: the `[[snip]]` tables in their order, then `[teacher]`.
pub fn table(network: &Network, number: usize) -> Option<&Section> {
    network.snips.iter().chain(&network.run.teacher).nth(number)
}

/// What a table is called where no file has it.
pub fn table_name(section: &Section) -> String {
    section.text("name").or(section.text("kind")).map_or_else(|| TEACHER.to_owned(), |name| format!("snip `{name}`"))
}
