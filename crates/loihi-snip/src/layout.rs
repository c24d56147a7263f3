//! What a program sees of a network that is being placed: where everything lies, and the image to which it is added.

use super::ports::{Port, Programs, StimulusPort, Teaching};
use loihi_core::snip::{Snip as _, SnipParams};
use loihi_image::image::ImageBuilder;
use loihi_net::network::{Endpoint, Network};
use std::ops::Range;

/// Where the parts of a network lie, and the image under construction.
#[derive(Debug)]
pub struct Layout<'p> {
    network: &'p Network,
    builder: &'p mut ImageBuilder,
    places: &'p Places,
    programs: Programs,
    /// The program whose turn it is: its name and kind.
    turn: (String, &'static str),
    /// Programs of the image before those of `[[snip]]` tables, and by table, for errors.
    owners: Vec<usize>,
    first_program: usize,
    /// Word of the rates of the last program, and the least one that it takes.
    last_rate: Option<(u32, i32)>,
}

/// Where populations, connections and inputs lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Places {
    /// By population: its compartments on the chip; `None` if others lie between them.
    pub compartments: Vec<Option<Range<u32>>>,
    /// By connection: its plastic groups.
    pub groups: Vec<Range<u32>>,
    /// By connection: its post traces, counted over all groups.
    pub post_traces: Vec<Range<u32>>,
    /// By input: its external inputs.
    pub inputs: Vec<Range<u32>>,
    /// By input: its words of the stimulus, if the embedded CPU computes sums of it.
    pub weighted: Vec<Option<Range<u32>>>,
    /// Programs that are in the image already.
    pub programs: usize,
    /// Plastic groups of the image.
    pub groups_total: u32,
}

impl<'p> Layout<'p> {
    /// For the programs of a network.
    pub fn new(network: &'p Network, builder: &'p mut ImageBuilder, places: &'p Places) -> Self {
        let mut programs = Programs::default();
        for (input, words) in places.weighted.iter().enumerate() {
            let Some(words) = words else { continue };
            programs.words[0] = programs.words[0].max(words.end);
            programs.stimuli.push(StimulusPort {
                input,
                words: words.clone(),
                key_first: None,
                constant: None,
                is_q12: true,
            });
        }
        let first_program = places.programs;
        Self {
            network,
            builder,
            places,
            programs,
            turn: (String::new(), ""),
            owners: Vec::new(),
            first_program,
            last_rate: None,
        }
    }

    /// Says whose turn it is.
    pub(super) fn turn(&mut self, name: &str, kind: &'static str) {
        self.turn = (name.to_owned(), kind);
    }

    /// The network.
    pub const fn network(&self) -> &'p Network {
        self.network
    }

    /// All programs, and by program of the image the `[[snip]]` table that it comes from.
    pub fn finish(self) -> (Programs, Vec<(usize, usize)>) {
        let [stimulus, target, output] = self.programs.words;
        self.builder.mailboxes(stimulus, target, output);
        let owners = (self.first_program..).zip(self.owners).collect();
        (self.programs, owners)
    }

    /// Compartments of a population, in the order of its neurons.
    ///
    /// # Errors
    /// What is in the way.
    pub fn compartments(&self, population: usize) -> Result<Range<u32>, String> {
        let name = self.network.name_of(Endpoint::Population(population));
        let found = self.places.compartments.get(population).cloned().flatten();
        found.ok_or_else(|| {
            format!("the compartments of `{name}` do not lie one after the other: place it without --pack, or connect it by dense weights")
        })
    }

    /// First plastic group of a connection, its axons and its post compartments.
    ///
    /// # Errors
    /// What is in the way.
    pub fn group(&self, connection: usize) -> Result<Group, String> {
        let own = self.network.connections.get(connection).ok_or("unknown connection")?;
        let groups = self.places.groups.get(connection).cloned().unwrap_or_default();
        let compartments = self.compartments(own.to)?;
        let sources = loihi_net::network::size(self.network.shape_of(own.from));
        if groups.is_empty() {
            return Err(format!("the connection from `{}` does not learn", self.network.name_of(own.from)));
        }
        Ok(Group {
            first: groups.start,
            count: groups.end - groups.start,
            axons: u32::try_from(sources).unwrap_or(u32::MAX),
            posts: compartments.end - compartments.start,
            post_trace_first: self.places.post_traces.get(connection).map_or(0, |traces| traces.start),
        })
    }

    /// External inputs of an input.
    pub fn externals(&self, input: usize) -> Range<u32> {
        self.places.inputs.get(input).cloned().unwrap_or_default()
    }

    /// Words of the stimulus for an input: one for every element, then two that name the sample if `keyed`. Values in Q3.12
    /// or as they are.
    pub fn stimulus(&mut self, input: usize, keyed: bool, is_q12: bool) -> Range<u32> {
        let elements = loihi_net::network::size(self.network.inputs.get(input).map_or(&[], |own| &own.shape));
        let first = self.programs.words[0];
        let words = first..first + u32::try_from(elements).unwrap_or(u32::MAX - first);
        self.programs.words[0] = words.end + if keyed { 2 } else { 0 };
        let key_first = keyed.then_some(words.end);
        self.programs.stimuli.push(StimulusPort { input, words: words.clone(), key_first, constant: None, is_q12 });
        words
    }

    /// The last element of the input whose words were given last always has this value.
    pub fn constant(&mut self, value: i16) {
        if let Some(port) = self.programs.stimuli.last_mut() {
            port.constant = Some(value);
        }
    }

    /// Words of the target for this program. Programs of the same number of words that are taught alike share them.
    pub fn target(&mut self, count: u32, teaching: Teaching) -> Range<u32> {
        let alike = |port: &&Port| port.target.len() == count as usize && port.teaching == teaching;
        if let Some(port) = self.programs.ports.iter().find(alike) {
            return port.target.clone();
        }
        let first = self.programs.words[1];
        self.programs.words[1] = first + count;
        first..first + count
    }

    /// Words of the output for this program.
    pub fn output(&mut self, count: u32) -> Range<u32> {
        let first = self.programs.words[2];
        self.programs.words[2] = first + count;
        first..first + count
    }

    /// Constants of this program; returns the number of the first.
    pub fn data(&mut self, constants: &[i32]) -> u32 {
        self.builder.data(constants)
    }

    /// Adds a program; returns its word of the rates.
    pub fn program<P: SnipParams>(&mut self, table: usize, params: &P) -> u32 {
        self.builder.snip(params);
        self.owners.push(table);
        let number = self.first_program + self.owners.len() - 1;
        let word = self.places.groups_total + u32::try_from(number).unwrap_or(u32::MAX);
        self.last_rate = Some((word, *params.snip().rates().start()));
        word
    }

    /// Says where this program is taught and answers.
    pub fn port(&mut self, port: Ported) {
        let Ported { target, output, teaching, rates, answers_first, steps_least, populations } = port;
        let (name, kind) = self.turn.clone();
        let rate_least = self.last_rate.filter(|(word, _)| *rates == [*word]).map(|(_, least)| least);
        self.programs.ports.push(Port {
            name,
            kind,
            target,
            output,
            teaching,
            rates,
            rate_least,
            answers_first,
            steps_least,
            populations,
        });
    }

    /// Values and targets of a sample, if all are of the first input that an encoder takes, and of programs before this one.
    ///
    /// # Errors
    /// What is in the way.
    pub fn sample_words(&self) -> Result<(u32, u32), String> {
        let first = self.programs.stimuli.iter().find(|port| port.words.start == 0 && port.key_first.is_some());
        let port = first.ok_or("put it behind a `bernoulli-encoder` of the samples that are kept")?;
        Ok((port.words.end, self.programs.words[1]))
    }

    /// Says how many samples the device can keep.
    pub fn replay(&mut self, slots: u32) {
        self.programs.replay_slots = slots;
    }
}

/// A port without the name of its program.
#[derive(Clone, Debug)]
pub struct Ported {
    /// See [`Port::target`].
    pub target: Range<u32>,
    /// See [`Port::output`].
    pub output: Range<u32>,
    /// See [`Port::teaching`].
    pub teaching: Teaching,
    /// See [`Port::rates`].
    pub rates: Vec<u32>,
    /// See [`Port::answers_first`].
    pub answers_first: bool,
    /// See [`Port::steps_least`].
    pub steps_least: u32,
    /// See [`Port::populations`].
    pub populations: Vec<usize>,
}

/// Plastic synapses of a connection: consecutive groups, one a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// First of them.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Axons of each.
    pub axons: u32,
    /// Post compartments of all.
    pub posts: u32,
    /// First post trace.
    pub post_trace_first: u32,
}
