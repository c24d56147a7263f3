//! Spreads a network over cores, within what a Loihi core has, and makes its image.
//!
//! Every population is cut into parts of equal size, one a core, as few as its needs allow; what a part needs follows from
//! the lengths of its lists, and is what [`loihi_image::limits::usage()`] says of the finished image. Images of several channels
//! are cut into rows with all their channels, so that a convolution reaches few cores. Small parts can share cores
//! ([`PlacementOptions::pack`]).

mod assemble;
mod listed;
mod lists;
mod map;
mod needs;
mod row;
mod share;
mod stored;
mod table;

pub use map::Map;
pub use table::table;

use lists::Lists;
use loihi_core::image::COMPARTMENTS_PER_CORE;
use loihi_image::image::{BuildError, ImageFile};
use loihi_image::limits::usage::{CORES_PER_CHIP, SYNAPTIC_WORDS};
use loihi_image::limits::{self, CoreUsage, Resource, Unfit};
use loihi_image::rule::RuleError;
use loihi_net::network::{Endpoint, Network, NetworkError, Population, SectionError};
use loihi_snip::keys::table_name;
use loihi_snip::{KINDS, Program, Programs, SnipKind};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// How to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlacementOptions {
    /// Chips of 128 cores, at least 1.
    pub chips: usize,
    /// Lets parts of several populations share a core, for the fewest cores; else each has one of its own.
    pub pack: bool,
    /// Most compartments of a core, 1..=1024; fewer make steps faster on the chip, and take more cores.
    pub compartments_per_core: usize,
    /// Kinds of programs that `[[snip]]` tables can name.
    pub kinds: &'static [SnipKind],
}

impl Default for PlacementOptions {
    fn default() -> Self {
        Self { chips: 1, pack: false, compartments_per_core: COMPARTMENTS_PER_CORE, kinds: KINDS }
    }
}

impl PlacementOptions {
    /// Sets the number of chips of 128 cores; 0 counts as 1.
    #[must_use]
    pub const fn chips(mut self, chips: usize) -> Self {
        self.chips = chips;
        self
    }

    /// Says whether parts of several populations may share a core.
    #[must_use]
    pub const fn pack(mut self, pack: bool) -> Self {
        self.pack = pack;
        self
    }

    /// Sets the most compartments of a core; values beyond 1..=1024 are held there.
    #[must_use]
    pub const fn compartments_per_core(mut self, compartments: usize) -> Self {
        self.compartments_per_core = compartments;
        self
    }

    /// Sets the kinds of programs that `[[snip]]` tables can name: [`loihi_snip::with`] adds some of one's own to the built-in
    /// ones.
    #[must_use]
    pub const fn kinds(mut self, kinds: &'static [SnipKind]) -> Self {
        self.kinds = kinds;
        self
    }
}

/// Why a network cannot be placed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The network is invalid.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A program of the embedded CPU is invalid.
    #[error(transparent)]
    Snip(#[from] SectionError),
    /// A single neuron needs more than a core has.
    #[error(
        "a single neuron of `{population}` needs {needed} {resource}, a core has {available}: {}",
        advice(*.resource)
    )]
    Neuron {
        /// Its population.
        population: String,
        /// What it lacks.
        resource: Resource,
        /// How much it needs.
        needed: usize,
        /// How much there is.
        available: usize,
    },
    /// There are not enough cores.
    #[error("the network needs at least {needed} cores, {chips} {available}: {advice}; {largest}")]
    Cores {
        /// Cores that it needs, even if parts share them.
        needed: usize,
        /// Cores that there are.
        available: usize,
        /// The chips in words, with the verb.
        chips: String,
        /// What would do.
        advice: String,
        /// The populations that take most.
        largest: String,
    },
    /// The image cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A rule cannot be read.
    #[error("{0}")]
    Rule(#[from] RuleError),
    /// A register of the chip cannot hold a value.
    #[error("{0}, or set `beyond_the_chip = true`")]
    Unfit(Unfit),
}

fn advice(resource: Resource) -> &'static str {
    match resource {
        Resource::InputAxons => "let fewer sources reach it, or gather them in a population between",
        Resource::OutputAxons => "let it reach fewer populations, or repeat its spikes by a population between",
        Resource::SynapticWords => "let it have fewer synapses, or a smaller `weight_bits`",
        Resource::Profiles | Resource::Thresholds | Resource::NoiseRegisters => {
            "let its compartments share their parameters"
        }
    }
}

/// A run of neurons of a population, in the order of placement, on one core.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PopulationPart {
    /// The population, by its place in the network's list.
    pub population: usize,
    /// Its neurons, by their places in [`Map`]'s order.
    pub neurons: Range<usize>,
    /// The core.
    pub core: usize,
}

/// A network on cores.
#[derive(Debug)]
#[non_exhaustive]
pub struct Placed {
    /// What a device loads.
    pub image: ImageFile,
    /// Which compartment is whose.
    pub map: Map,
    /// The parts, by core.
    pub parts: Vec<PopulationPart>,
    /// What every core uses.
    pub usage: Vec<CoreUsage>,
    /// Where the programs of the embedded CPU take targets and give answers.
    pub programs: Programs,
    /// By connection: its plastic groups, one for each part of the population that it reaches; none if it does not learn.
    pub plastic_groups: Vec<Range<u32>>,
}

/// Spreads a network over cores.
///
/// # Errors
/// [`PlaceError`] says what does not fit, by how much, and what to do.
pub fn place(network: &Network, options: PlacementOptions) -> Result<Placed, PlaceError> {
    place_shown(network, options, &mut |_, _, _| {})
}

/// The same; `after` is called with what is done, and how much of how much: first needs of parts, from the start again for every
/// attempt until all parts fit; then the image.
///
/// # Errors
/// As [`place`].
pub fn place_shown(
    network: &Network,
    options: PlacementOptions,
    after: &mut dyn FnMut(&str, u64, u64),
) -> Result<Placed, PlaceError> {
    network.check()?;
    let programs = loihi_snip::programs(network, options.kinds)?;
    inputs_send(network, &programs)?;
    let network = &taught(network, &programs)?;
    let lists = Lists::of(network);
    let per_core = options.compartments_per_core.clamp(1, COMPARTMENTS_PER_CORE);
    let available = options.chips.max(1).saturating_mul(CORES_PER_CHIP);
    let limited = !network.beyond_the_chip;
    let mut counts: Vec<usize> =
        network.populations.iter().map(|population| parts_at_least(population, per_core)).collect();
    let mut parts = cut(network, &counts);
    let mut needs = needs::of(network, &lists, &parts, &mut |done, all| after("parts", done, all));
    let mut attempt = 1_u32;
    let least = cores_at_least(network, &parts, &needs);
    let all = least.iter().sum();
    if limited && all > available {
        return Err(too_many(network, &least, all, options));
    }
    while limited && refine(network, &parts, &needs, &mut counts)? {
        parts = cut(network, &counts);
        if parts.len() > available.saturating_mul(4) {
            // Far too many: the error says so without the finest cut.
            return Err(too_many(network, &counts, parts.len(), options));
        }
        attempt = attempt.saturating_add(1);
        let what = format!("parts, attempt {attempt}");
        needs = needs::of(network, &lists, &parts, &mut |done, all| after(&what, done, all));
    }
    if options.pack || (limited && parts.len() > available) {
        share::share(&mut parts, &needs);
    }
    let cores = parts.last().map_or(0, |part| part.core + 1);
    if limited && cores > available {
        return Err(too_many(network, &counts, cores, options));
    }
    let (image, programs, plastic_groups) =
        assemble::image(network, &lists, &parts, (&programs, options.kinds), &mut |done, all| {
            after("image", done, all);
        })?;
    let opened = image.open().map_err(BuildError::from)?;
    let usage = limits::usage(&opened);
    if limited {
        limits::check_with(&opened, &usage).map_err(PlaceError::Unfit)?;
    }
    let map = Map::of(network, &lists, &parts);
    Ok(Placed { image, map, parts, usage, programs, plastic_groups })
}

/// Refuses connections and encoders of spikes from an input whose values a program takes as they are.
fn inputs_send(network: &Network, programs: &[Box<dyn Program>]) -> Result<(), PlaceError> {
    for (table, program) in programs.iter().enumerate() {
        for input in program.values() {
            let from = Endpoint::Input(input);
            let Some(section) = loihi_snip::table(network, table) else { continue };
            if network.connections.iter().any(|connection| connection.from == from) {
                let name = network.name_of(from);
                let what =
                    format!("`{name}` sends no spikes here: connect the population, or give it an input of its own");
                return Err(section.error(&table_name(section), "input", what).into());
            }
        }
    }
    Ok(())
}

/// A network whose connections are stored as the programs want that write their weights.
fn taught<'n>(network: &'n Network, programs: &[Box<dyn Program>]) -> Result<Cow<'n, Network>, PlaceError> {
    let mut network = Cow::Borrowed(network);
    let mut written = BTreeSet::new();
    for (table, program) in programs.iter().enumerate() {
        for (number, learning) in program.learns() {
            let Some(connection) = network.to_mut().connections.get_mut(number) else { continue };
            let is_first = written.insert(number);
            if is_first && connection.learning.as_ref().is_none_or(|own| *own == learning) {
                connection.learning = Some(learning);
                continue;
            }
            let from = connection.from;
            let what = format!(
                "the connection from `{}` has a rule of its own, or another program writes its weights: let one of them learn",
                network.name_of(from)
            );
            let Some(section) = loihi_snip::table(&network, table) else { continue };
            return Err(section.error(&table_name(section), "kind", what).into());
        }
    }
    Ok(network)
}

/// Parts of at most this many compartments; a neuron's stay together.
fn parts_at_least(population: &Population, compartments_per_core: usize) -> usize {
    let neurons_per_core = (compartments_per_core / population.compartments.len().max(1)).max(1);
    population.neurons().div_ceil(neurons_per_core).max(1)
}

/// By population: cores that the memory of its synapses fills, which no cut makes smaller.
fn cores_at_least(network: &Network, parts: &[PopulationPart], needs: &[CoreUsage]) -> Vec<usize> {
    let mut words = vec![0; network.populations.len()];
    for (part, needs) in parts.iter().zip(needs) {
        words[part.population] += needs.synaptic_words;
    }
    words.iter().map(|words| words / SYNAPTIC_WORDS).collect()
}

/// Every population in parts of equal size, each on a core of its own.
fn cut(network: &Network, counts: &[usize]) -> Vec<PopulationPart> {
    let mut parts = Vec::new();
    for (population, count) in counts.iter().enumerate() {
        let neurons = network.populations.get(population).map_or(0, Population::neurons);
        for at in 0..*count {
            let neurons = neurons * at / count..neurons * (at + 1) / count;
            parts.push(PopulationPart { population, neurons, core: parts.len() });
        }
    }
    parts
}

/// Raises the number of parts of every population with a core that needs more than it has; whether there were any.
fn refine(
    network: &Network,
    parts: &[PopulationPart],
    needs: &[CoreUsage],
    counts: &mut [usize],
) -> Result<bool, PlaceError> {
    let mut wanted = counts.to_vec();
    for (part, needs) in parts.iter().zip(needs) {
        for (resource, needed, available) in needs.resources() {
            if needed <= available {
                continue;
            }
            let population = &network.populations[part.population];
            if part.neurons.len() <= 1 {
                let population = population.name.clone();
                return Err(PlaceError::Neuron { population, resource, needed, available });
            }
            let now = counts[part.population];
            // In proportion, but no more than twice as many at a time, since needs seldom grow with the part alone.
            let more = (now * needed).div_ceil(available).clamp(now + 1, 2 * now);
            let more = more.min(population.neurons());
            wanted[part.population] = wanted[part.population].max(more);
        }
    }
    let changed = wanted != counts;
    counts.copy_from_slice(&wanted);
    Ok(changed)
}

fn too_many(network: &Network, counts: &[usize], needed: usize, options: PlacementOptions) -> PlaceError {
    let chips = options.chips.max(1);
    let available = chips * CORES_PER_CHIP;
    let mut shares: Vec<(usize, &str)> =
        counts.iter().zip(&network.populations).map(|(count, population)| (*count, population.name.as_str())).collect();
    shares.sort_by_key(|(count, name)| (std::cmp::Reverse(*count), *name));
    let largest: Vec<String> = shares.iter().take(3).map(|(count, name)| format!("`{name}` takes {count}")).collect();
    PlaceError::Cores {
        needed,
        available,
        chips: if chips == 1 { "one chip has".to_owned() } else { format!("{chips} chips have") },
        advice: format!("give --chips {}, or fewer or smaller populations", needed.div_ceil(CORES_PER_CHIP)),
        largest: largest.join(", "),
    }
}
