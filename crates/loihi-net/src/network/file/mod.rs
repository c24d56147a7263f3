//! The TOML form of a network.
//!
//! [`EVERY_KEY`] is a file with every key, and says what each means.
//!
//! What is not known, out of range or in a wrong unit is an error that shows the line.

mod connection;
mod drawn;
mod form;
mod input;
mod population;
mod probe;
mod values;
mod weights;
mod write;

pub use write::{SaveError, write_aside};

use super::connection::reads;
use super::units;
use super::{Element, Endpoint, Network, NetworkError, ReadBy, Readout, RunSections, Section};
use form::{NetworkForm, ReadoutForm};
use loihi_core::image::Variable;
use loihi_files::whole;
use loihi_image::rule;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A network with every key that there is, each with its meaning, range, unit and default.
pub const EVERY_KEY: &str = include_str!("every_key.toml");

/// Why a file gives no network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Invalid TOML, or an unknown key.
    #[error("{}: {error}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where, and what is wrong.
        error: Box<toml::de::Error>,
    },
    /// A value does not do.
    #[error("{}, line {line}, `{source_line}`: {what}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong, and what to do.
        what: String,
        /// The line.
        source_line: String,
    },
}

/// What is wrong with a value, and where in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InvalidValue {
    span: Range<usize>,
    what: String,
}

impl InvalidValue {
    fn new(span: Range<usize>, what: impl Into<String>) -> Self {
        Self { span, what: what.into() }
    }
}

/// Reads a network; arrays are looked for in the folder of the file.
///
/// # Errors
/// [`FileError`] points at the line.
pub fn read(path: &Path) -> Result<Network, FileError> {
    let text = whole::text(path).map_err(|error| FileError::Read { path: path.to_owned(), error })?;
    parse(&text, path)
}

/// Whether a text describes a network, rather than the parameters of an experiment.
pub fn describes_network(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("[[population]]") || is_key(line, "population"))
}

/// Whether a text describes a network that says what it learns: it has programs, a task, a plant or the like.
pub fn describes_learner(text: &str) -> bool {
    const TABLES: [&str; 7] = ["snip", "task", "stage", "spikes", "reward", "teacher", "plant"];
    let is_table = |line: &str| {
        let name = line.trim_start().trim_start_matches('[').split(']').next().unwrap_or("").trim();
        line.trim_start().starts_with('[') && TABLES.contains(&name)
    };
    describes_network(text) && text.lines().any(|line| is_table(line) || TABLES.iter().any(|name| is_key(line, name)))
}

/// Whether a line gives a list or a table to a key of the file.
fn is_key(line: &str, key: &str) -> bool {
    let value = line.strip_prefix(key).and_then(|rest| rest.trim_start().strip_prefix('='));
    value.is_some_and(|value| value.trim_start().starts_with(['[', '{']))
}

/// Reads a network from text; `path` is for errors, and says where arrays are.
///
/// # Errors
/// [`FileError`] points at the line.
pub fn parse(text: &str, path: &Path) -> Result<Network, FileError> {
    parse_with(text, path, &FileOptions::default())
}

/// What is not in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOptions {
    /// Added to the network's own seed, so that everything random is drawn anew.
    pub seed: u32,
    /// Shape of inputs that have none of their own: that of the data.
    pub input_shape: Option<Vec<usize>>,
    /// Classes of the data: neurons of populations without a shape.
    pub classes: u32,
}

impl FileOptions {
    /// The same with a seed that is added to the network's own.
    #[must_use]
    pub const fn seed(mut self, seed: u32) -> Self {
        self.seed = seed;
        self
    }

    /// The same for data of this shape and of this many classes.
    #[must_use]
    pub fn data(mut self, shape: Vec<usize>, classes: u32) -> Self {
        (self.input_shape, self.classes) = (Some(shape), classes);
        self
    }
}

/// The same with what is not in the file.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(text: &str, path: &Path, options: &FileOptions) -> Result<Network, FileError> {
    let form: NetworkForm =
        toml::from_str(text).map_err(|error| FileError::Toml { path: path.to_owned(), error: Box::new(error) })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let section = |form: &Spanned<toml::Table>| Section::read(form.get_ref().clone(), form.span(), text, path);
    let read = network(&form, stem, folder, options).map(|network| Network {
        snips: form.snip.iter().map(section).collect(),
        run: RunSections {
            task: form.task.as_ref().map(section),
            train: form.train.as_ref().map(section),
            scale: form.scale.as_ref().map(section),
            stages: form.stage.iter().map(section).collect(),
            reward: form.reward.as_ref().map(section),
            teacher: form.teacher.as_ref().map(section),
            plant: form.plant.as_ref().map(section),
            spikes: form.spikes.iter().map(section).collect(),
            measures: form.measure.iter().map(section).collect(),
        },
        ..network
    });
    read.map_err(|InvalidValue { span, what }| {
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let source_line = text.lines().nth(line - 1).unwrap_or_default().trim().to_owned();
        FileError::Value { path: path.to_owned(), line, what, source_line }
    })
}

fn network(form: &NetworkForm, name: String, folder: &Path, options: &FileOptions) -> Result<Network, InvalidValue> {
    let mut network = Network {
        name: form.name.clone().unwrap_or(name),
        about: form.about.clone().unwrap_or_default(),
        seed: form.seed.unwrap_or(0).wrapping_add(options.seed),
        classes: options.classes,
        dt_us: form.dt.as_ref().map(dt_us).transpose()?.unwrap_or(0),
        steps: form.steps.unwrap_or(0),
        late_steps: form.late_steps.unwrap_or(0),
        beyond_the_chip: form.beyond_the_chip.unwrap_or(false),
        ..Network::default()
    };
    for population in &form.population {
        let population = population::population(&network, population.get_ref(), folder)?;
        network.populations.push(population);
    }
    for input in &form.input {
        let input = input::input(&network, input.get_ref(), options.input_shape.as_deref(), folder)?;
        network.inputs.push(input);
    }
    for connection in &form.connection {
        let connection = connection::connection(&network, connection.get_ref(), folder)?;
        network.connections.push(connection);
    }
    for form in &form.probe {
        network.probes.push(probe::probe(form.get_ref())?);
    }
    network.readout = form.readout.as_ref().map(|form| readout(&network, form.get_ref())).transpose()?;
    network.check().map_err(|error| located(form, &error))?;
    rewards_are_given(form, &network)?;
    Ok(network)
}

/// A rule that reads the reward needs one that is given.
fn rewards_are_given(form: &NetworkForm, network: &Network) -> Result<(), InvalidValue> {
    if form.reward.is_some() {
        return Ok(());
    }
    for (connection, form) in network.connections.iter().zip(&form.connection) {
        let rule = connection.learning.as_ref().map(|learning| rule::parse(&learning.rule, &network.rule_limits()));
        let Some(Ok(products)) = rule else { continue };
        if reads(&products, Variable::R1) {
            let span = form.get_ref().span_of("rule").unwrap_or(form.span());
            let what = "it reads r1, but nothing gives a reward: add a table `[reward]`, or take out the terms with r1";
            return Err(InvalidValue::new(span, what));
        }
    }
    Ok(())
}

fn dt_us(text: &Spanned<String>) -> Result<u64, InvalidValue> {
    let us = units::microseconds(text.get_ref()).map_err(|error| InvalidValue::new(text.span(), error.to_string()))?;
    if us.fract() != 0.0 || !(1.0..=1e9).contains(&us) {
        return Err(InvalidValue::new(text.span(), "a step takes whole microseconds, 1 us to 1000 s"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    Ok(us as u64)
}

fn readout(network: &Network, form: &ReadoutForm) -> Result<Readout, InvalidValue> {
    let by = form.by.map_or(ReadBy::Spikes, Into::into);
    let population = population_of(network, &form.population)?;
    if let Some(key) = form.window_steps.as_ref().filter(|key| *key.get_ref() == 0) {
        return Err(InvalidValue::new(
            key.span(),
            "a window has 1 step or more: leave it out for one answer in all steps",
        ));
    }
    let [skip_steps, window_steps] =
        [&form.skip_steps, &form.window_steps].map(|key| key.as_ref().map_or(0, |steps| *steps.get_ref()));
    let per_pixel = form.per_pixel.as_ref().is_some_and(|key| *key.get_ref());
    Ok(Readout { population, by, skip_steps, window_steps, per_pixel })
}

/// The place of a population of this name.
fn population_of(network: &Network, name: &Spanned<String>) -> Result<usize, InvalidValue> {
    match network.find(name.get_ref()) {
        Some(Endpoint::Population(at)) => Ok(at),
        Some(Endpoint::Input(_)) => {
            Err(InvalidValue::new(name.span(), format!("`{}` is an input, a population is needed", name.get_ref())))
        }
        None => {
            let names: Vec<&str> = network.populations.iter().map(|population| population.name.as_str()).collect();
            let what = format!("unknown population `{}`; there are: {}", name.get_ref(), names.join(", "));
            Err(InvalidValue::new(name.span(), what))
        }
    }
}

/// Where in the text a network is invalid: at the key, if it is there, else at the element.
fn located(form: &NetworkForm, error: &NetworkError) -> InvalidValue {
    let span = match error.element {
        Element::Input(at) => form.input.get(at).map(|form| form.get_ref().span_of(error.key).unwrap_or(form.span())),
        Element::Population(at) => {
            form.population.get(at).map(|form| form.get_ref().span_of(error.key).unwrap_or(form.span()))
        }
        Element::Connection(at) => {
            form.connection.get(at).map(|form| form.get_ref().span_of(error.key).unwrap_or(form.span()))
        }
        Element::Probe(at) => form.probe.get(at).map(|form| form.get_ref().span_of(error.key).unwrap_or(form.span())),
        Element::Readout => form.readout.as_ref().map(|form| {
            let ReadoutForm { skip_steps, window_steps, per_pixel, .. } = form.get_ref();
            let key = match error.key {
                "skip_steps" => skip_steps.as_ref().map(Spanned::span),
                "window_steps" => window_steps.as_ref().map(Spanned::span),
                "per_pixel" => per_pixel.as_ref().map(Spanned::span),
                _ => None,
            };
            key.unwrap_or_else(|| form.span())
        }),
    };
    InvalidValue::new(span.unwrap_or(0..0), error.what.clone())
}

#[cfg(test)]
mod tests;
