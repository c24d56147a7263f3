//! The image of a network whose parts have their cores.

use super::lists::{Lists, Piece};
use super::row::SynapseRow;
use super::stored::{Repeated, Stored};
use super::{PlaceError, PopulationPart};
use loihi_core::image::{ImageError, ProductRecord, Rounding};
use loihi_core::image::{Profile, Synapse, SynapseFormat};
use loihi_core::rules::{BiasEncoderParams, PeriodicResetParams};
use loihi_core::synapse::SignMode;
use loihi_image::image::BuildError;
use loihi_image::image::{AxonOptions, ImageBuilder, ImageFile, Plasticity, Source, Synapses, decay_table};
use loihi_image::rule;
use loihi_net::network::{Connection, Endpoint, Entry, Learning, Network, PeriodicReset, Population, size};
use loihi_snip::keys::table_name;
use loihi_snip::layout::Places;
use loihi_snip::{Layout, Program, Programs, SnipKind};
use std::ops::Range;

struct Assembly<'n> {
    network: &'n Network,
    builder: ImageBuilder,
    /// Brief marks of rows that may be equal, and what is stored of these.
    repeated: Repeated,
    stored: Stored<'n, Synapses>,
    /// Per part: its first compartment on its core, and on the chip.
    firsts: Vec<[usize; 2]>,
    /// By input: its first external input.
    inputs: Vec<u32>,
    places: Places,
}

/// The image; parts are sorted by core. `after` is told how many parts of connections of how many are done.
pub(super) fn image<'n>(
    network: &'n Network,
    lists: &'n Lists<'n>,
    parts: &[PopulationPart],
    (programs, kinds): (&[Box<dyn Program>], &[SnipKind]),
    after: &mut dyn FnMut(u64, u64),
) -> Result<(ImageFile, Programs, Vec<Range<u32>>), PlaceError> {
    let mut builder = ImageBuilder::new();
    builder.seed(network.seed);
    // Whether it keeps to the chip is for the caller to see.
    builder.beyond_the_chip();
    let pieces: Vec<Vec<Vec<Piece>>> = lists.lists.iter().map(|list| list.pieces(parts)).collect();
    let mut assembly = Assembly {
        network,
        builder,
        repeated: repeated(lists, &pieces),
        stored: Stored::new(),
        firsts: Vec::new(),
        inputs: Vec::new(),
        places: Places::default(),
    };
    let valued: Vec<usize> = programs.iter().flat_map(|program| program.values()).collect();
    assembly.add_inputs(&valued);
    let biased: Vec<usize> = programs.iter().flat_map(|program| program.biased()).collect();
    assembly.add_compartments(lists, parts, &biased);
    assembly.add_encoders(lists, parts);
    assembly.add_resets(parts);
    for (number, pieces) in pieces.iter().enumerate() {
        assembly.add_connection(lists, (parts, pieces), number, after)?;
    }
    drop(pieces);
    let Assembly { mut builder, places, .. } = assembly;
    let mut layout = Layout::new(network, &mut builder, &places);
    loihi_snip::of_network::add(programs, kinds, &mut layout)?;
    let (programs, owners) = layout.finish();
    let groups = places.groups;
    let image = builder.build().map_err(|error| of_table(network, &owners, error))?;
    Ok((image, programs, groups))
}

/// Brief marks that several rows of connections that do not learn have; `pieces` are those of each connection by part.
fn repeated(lists: &Lists<'_>, pieces: &[Vec<Vec<Piece>>]) -> Repeated {
    let of = lists.lists.iter().zip(pieces).filter(|(list, _)| !list.learns);
    Repeated::of(of.flat_map(|(list, own)| own.iter().flatten().map(|piece| list.row(*piece).brief_mark())).collect())
}

/// An invalid parameter of a program, with the line of its table.
fn of_table(network: &Network, owners: &[(usize, usize)], error: BuildError) -> PlaceError {
    let BuildError::InvalidImage(ImageError::Snip { snip, parameter, name }) = &error else { return error.into() };
    let table = owners
        .iter()
        .find(|(program, _)| u32::try_from(*program) == Ok(*snip))
        .and_then(|(_, table)| loihi_snip::table(network, *table));
    match table {
        None => error.into(),
        Some(section) => {
            let what = format!("`{parameter}` of `{name}` is out of its range, or does not fit what it names");
            section.error(&table_name(section), &parameter.to_string(), what).into()
        }
    }
}

impl<'n> Assembly<'n> {
    fn add_inputs(&mut self, valued: &[usize]) {
        for (at, input) in self.network.inputs.iter().enumerate() {
            let sends = input.entry == Entry::Spikes && !valued.contains(&at);
            let elements = if sends { size(&input.shape) } else { 0 };
            let externals = self.builder.inputs(u32::try_from(elements).unwrap_or(u32::MAX));
            self.inputs.push(externals.start);
            self.places.inputs.push(externals);
        }
    }

    fn add_compartments(&mut self, lists: &Lists, parts: &[PopulationPart], biased: &[usize]) {
        let network = self.network;
        let driven = |at| biased.contains(&at) || network.inputs.iter().any(|input| input.entry.driven() == Some(at));
        let (mut core, mut on_core) = (usize::MAX, 0);
        let mut has_bias = false;
        for part in parts {
            if part.core != core {
                (core, on_core) = (part.core, 0);
                self.builder.core();
            }
            let population = &self.network.populations[part.population];
            let neurons = &lists.orders[part.population][part.neurons.clone()];
            let first = self.add_neurons(population, neurons);
            self.firsts.push([on_core, first as usize]);
            self.start(population, neurons, first);
            self.add_place(part.population, first, neurons.len() * population.compartments.len());
            on_core += neurons.len() * population.compartments.len();
            let biases: Vec<i32> = neurons.iter().flat_map(|neuron| biases(population, *neuron)).collect();
            if has_bias || driven(part.population) || biases.iter().any(|bias| *bias != 0) {
                has_bias = true;
                self.builder.bias(first, &biases);
            }
        }
    }

    /// Sets the voltages with which neurons start, the first compartment of which lies here.
    fn start(&mut self, population: &Population, neurons: &[u32], first: u32) {
        let start = |neuron: &u32| population.v_start.get(*neuron as usize).copied().unwrap_or(0);
        if neurons.iter().all(|neuron| start(neuron) == 0) {
            return;
        }
        let others = population.compartments.len().saturating_sub(1);
        let of = |neuron| std::iter::repeat_n(0, others).chain([start(neuron)]);
        let voltages: Vec<i32> = neurons.iter().flat_map(of).collect();
        self.builder.start(first, &[], &voltages);
    }

    /// Notes where a part of a population lies: right behind the one before, or the population does not lie in a row.
    fn add_place(&mut self, population: usize, first: u32, compartments: usize) {
        let own = first..first + u32::try_from(compartments).unwrap_or(u32::MAX - first);
        let places = &mut self.places.compartments;
        if places.len() < self.network.populations.len() {
            places.resize(self.network.populations.len(), Some(0..0));
        }
        if let Some(place) = places.get_mut(population) {
            *place = match place.take() {
                Some(before) if before.is_empty() => Some(own),
                Some(before) if before.end == own.start => Some(before.start..own.end),
                _ => None,
            };
        }
    }

    /// Adds the programs of the embedded CPU that set biases to weighted sums: one for all parts whose compartments follow
    /// one another on the chip, all of them with the values of their input in the stimulus mailbox, input after input.
    fn add_encoders(&mut self, lists: &Lists, parts: &[PopulationPart]) {
        let mut stimulus = 0;
        for input in &self.network.inputs {
            let Entry::Weighted(weighted) = &input.entry else {
                self.places.weighted.push(None);
                continue;
            };
            let values = size(&input.shape);
            let words = [stimulus, stimulus + values].map(|word| u32::try_from(word).unwrap_or(u32::MAX));
            self.places.weighted.push(Some(words[0]..words[1]));
            let stride = self.network.populations[weighted.population].compartments.len();
            let own = parts.iter().zip(&self.firsts).filter(|(part, _)| part.population == weighted.population);
            let own: Vec<(&PopulationPart, usize)> = own.map(|(part, [_, first])| (part, *first)).collect();
            let follows = |(before, first): &(&PopulationPart, usize), (_, next): &(&PopulationPart, usize)| {
                first + before.neurons.len() * stride == *next
            };
            for run in own.chunk_by(follows) {
                let mut constants = Vec::new();
                let neurons = run.iter().flat_map(|(part, _)| &lists.orders[part.population][part.neurons.clone()]);
                for neuron in neurons.map(|neuron| *neuron as usize) {
                    constants.push(weighted.offsets[neuron]);
                    constants.extend_from_slice(&weighted.gains[neuron * values..(neuron + 1) * values]);
                }
                let data = self.builder.data(&constants);
                let (first, neurons) = (run[0].1, run.iter().map(|(part, _)| part.neurons.len()).sum::<usize>());
                let words = [stimulus, values, first, neurons, stride];
                let [stimulus, values, first, neurons, stride] =
                    words.map(|word| u32::try_from(word).unwrap_or(u32::MAX));
                self.places.programs += 1;
                self.builder.snip(&BiasEncoderParams {
                    stimulus_first: stimulus,
                    dimensions: values,
                    compartment_first: first,
                    count: neurons,
                    data_first: data,
                    exponent: weighted.exponent.get().unsigned_abs(),
                    stride,
                });
            }
            stimulus += values;
        }
    }

    /// Adds the programs of the embedded CPU that reset populations periodically: one for each run of parts with the same reset.
    fn add_resets(&mut self, parts: &[PopulationPart]) {
        let mut runs: Vec<(PeriodicReset, Range<usize>)> = Vec::new();
        for (part, [_, first]) in parts.iter().zip(&self.firsts) {
            let population = &self.network.populations[part.population];
            let Some(reset) = population.reset else { continue };
            let end = first + part.neurons.len() * population.compartments.len();
            match runs.last_mut().filter(|(own, run)| *own == reset && run.end == *first) {
                Some((_, run)) => run.end = end,
                None => runs.push((reset, *first..end)),
            }
        }
        for (PeriodicReset { interval_steps, offset_steps }, run) in runs {
            let [first, count] = [run.start, run.len()].map(|word| u32::try_from(word).unwrap_or(u32::MAX));
            let params = PeriodicResetParams { compartment_first: first, count, interval_steps, offset_steps };
            self.places.programs += 1;
            self.builder.snip(&params);
        }
    }

    /// Adds neurons in runs of equal parameters; returns their first compartment.
    fn add_neurons(&mut self, population: &Population, neurons: &[u32]) -> u32 {
        let tree = |neuron: u32| -> Vec<Profile> {
            let of = |profiles: &loihi_net::network::Each<Profile>| profiles.get(neuron as usize).copied();
            population.compartments.iter().filter_map(of).collect()
        };
        let mut first = None;
        let mut run = 0;
        for (at, neuron) in neurons.iter().enumerate() {
            let last = neurons.get(at + 1).is_none_or(|next| tree(*next) != tree(*neuron));
            run += 1;
            if last {
                let added = self.builder.neurons(run, &tree(*neuron));
                first = first.or(Some(added.start));
                run = 0;
            }
        }
        first.unwrap_or(0)
    }

    fn add_connection(
        &mut self,
        lists: &'n Lists<'n>,
        (parts, pieces): (&[PopulationPart], &[Vec<Piece>]),
        number: usize,
        after: &mut dyn FnMut(u64, u64),
    ) -> Result<(), PlaceError> {
        let connection = &self.network.connections[number];
        let sources = self.sources(lists, parts, connection);
        let list = &lists.lists[number];
        let all = (self.network.connections.len() * parts.len()) as u64;
        let [group, trace] = [self.places.groups_total, self.places.post_traces.last().map_or(0, |before| before.end)];
        self.places.groups.push(group..group);
        self.places.post_traces.push(trace..trace);
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| part.population == connection.to) {
            after((number * parts.len() + at) as u64, all);
            let rows = pieces[at].iter().map(|piece| (sources[list.source(*piece)], list.row(*piece)));
            if let Some(learning) = &connection.learning {
                self.add_plastic(connection, learning, part, at, rows)?;
            } else {
                for (source, row) in rows {
                    let compartment_base = self.base(connection, part, at, &row);
                    let weight_bits = connection.weight_bits;
                    let options = AxonOptions::default().compartment_base(compartment_base).weight_bits(weight_bits);
                    let stored = self.store(row);
                    let axon = self.builder.axon(part.core, &stored, options);
                    self.builder.route(source, axon, 0);
                }
            }
        }
        Ok(())
    }

    /// What sends the spikes of every element of a connection's source.
    fn sources(&self, lists: &Lists, parts: &[PopulationPart], connection: &Connection) -> Vec<Source> {
        let population = match connection.from {
            Endpoint::Input(at) => {
                let elements = size(&self.network.inputs[at].shape);
                return (self.inputs[at]..).take(elements).map(Source::Input).collect();
            }
            Endpoint::Population(at) => at,
        };
        let compartments = self.network.populations[population].compartments.len();
        let mut sources = vec![Source::Compartment(0); lists.orders[population].len()];
        for (part, [_, first]) in parts.iter().zip(&self.firsts).filter(|(part, _)| part.population == population) {
            for (at, place) in part.neurons.clone().enumerate() {
                let soma = first + (at + 1) * compartments - 1;
                let neuron = lists.orders[population][place] as usize;
                sources[neuron] = Source::Compartment(u32::try_from(soma).unwrap_or(u32::MAX));
            }
        }
        sources
    }

    /// The compartment of its core from which a row counts.
    fn base(&self, connection: &Connection, part: &PopulationPart, number: usize, row: &SynapseRow<'_>) -> usize {
        let compartments = self.network.populations[connection.to].compartments.len();
        let [on_core, _] = self.firsts[number];
        on_core + row.first() - part.neurons.start * compartments + connection.compartment
    }

    /// Stores a row once.
    fn store(&mut self, row: SynapseRow<'n>) -> Synapses {
        let Self { builder, repeated, stored, .. } = self;
        let mut of = |row: &SynapseRow<'n>| match row.format() {
            SynapseFormat::Dense => {
                let mut weights = vec![0; row.span()];
                for (at, _, weight) in row.synapses() {
                    weights[at] = weight;
                }
                builder.dense_synapses(&weights, 1)
            }
            SynapseFormat::Sparse => builder.sparse_synapses(&synapses(row, 0), 1),
        };
        if repeated.has(row.brief_mark()) { stored.of(row, of).0 } else { of(&row) }
    }

    fn add_plastic(
        &mut self,
        connection: &Connection,
        learning: &Learning,
        part: &PopulationPart,
        number: usize,
        rows: impl Iterator<Item = (Source, SynapseRow<'n>)>,
    ) -> Result<(), PlaceError> {
        let mut plasticity = Plasticity::default()
            .products(self.products(learning)?)
            .epoch_steps(learning.epoch_steps)
            .wgt_exp(connection.wgt_exp.get())
            .weight_bits(connection.weight_bits)
            .sign_mode(match connection.signs {
                loihi_net::network::Signs::Excitatory => SignMode::Excitatory,
                loihi_net::network::Signs::Inhibitory => SignMode::Inhibitory,
                loihi_net::network::Signs::Mixed | loihi_net::network::Signs::Split => SignMode::Mixed,
            });
        if learning.rounds_to_nearest {
            plasticity.rounding = Rounding::Nearest;
        }
        for (trace, shape) in plasticity.traces.iter_mut().zip(&learning.traces) {
            if let Some(shape) = shape {
                *trace = self.builder.trace(shape.impulse, 0, &decay_table(shape.keep(), 0.0), None);
            }
        }
        let axons: Vec<(Source, Vec<Synapse>)> =
            rows.map(|(source, row)| (source, synapses(&row, self.base(connection, part, number, &row)))).collect();
        let compartments = part.neurons.len() * self.network.populations[connection.to].compartments.len();
        let [on_core, _] = self.firsts[number];
        self.builder.plastic_group(part.core, on_core..on_core + compartments, &plasticity, axons);
        self.places.groups_total += 1;
        if let (Some(groups), Some(traces)) = (self.places.groups.last_mut(), self.places.post_traces.last_mut()) {
            groups.end += 1;
            traces.end += u32::try_from(compartments).unwrap_or(u32::MAX);
        }
        Ok(())
    }

    /// The products of a rule; none if only a program writes the weights.
    fn products(&self, learning: &Learning) -> Result<Vec<ProductRecord>, PlaceError> {
        let limits = self.network.rule_limits();
        if learning.rule.is_empty() {
            return Ok(Vec::new());
        }
        if !learning.signed_by_profile {
            return Ok(rule::parse(&learning.rule, &limits)?);
        }
        let mut products = rule::parse_for_profiles(&learning.rule, &limits, 1)?;
        for product in &mut products {
            product.mantissa = -product.mantissa;
        }
        products.extend(rule::parse_for_profiles(&learning.rule, &limits, 2)?);
        products.sort_by_key(|product| product.target as u8);
        Ok(products)
    }
}

/// The synapses of a row that counts from a compartment.
fn synapses(row: &SynapseRow<'_>, base: usize) -> Vec<Synapse> {
    let synapse = |(at, delay, weight)| Synapse { compartment: base + at, delay: usize::from(delay), weight };
    row.synapses().map(synapse).collect()
}

fn biases(population: &Population, neuron: u32) -> Vec<i32> {
    let mut biases = vec![0; population.compartments.len()];
    if let (Some(first), Some(bias)) = (biases.first_mut(), population.bias.get(neuron as usize)) {
        *first = bias.value();
    }
    biases
}
