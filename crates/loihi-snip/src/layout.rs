//! What a program sees of a network that is being placed: where everything lies, and the image to which it is added.

use super::ports::{KnownWords, Port, Programs, StimulusPort, Teaching};
use loihi_core::snip::{Snip as _, SnipParams};
use loihi_image::image::ImageBuilder;
use loihi_net::network::{Endpoint, Network, Weights};
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
    /// Words that the programs so far learn; those before the tables' learn none.
    learned_words: usize,
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
                held: None,
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
            learned_words: 0,
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
        let shared = match own.weights {
            Weights::Conv2d(_) => Some("convolution"),
            Weights::Pool2d(_) => Some("pool"),
            _ => None,
        };
        if let Some(kind) = shared {
            let from = self.network.name_of(own.from);
            return Err(format!(
                "the connection from `{from}` is a {kind}, which does not learn: let a dense layer above it learn"
            ));
        }
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
        let port = StimulusPort { input, words: words.clone(), key_first, constant: None, held: None, is_q12 };
        self.programs.stimuli.push(port);
        words
    }

    /// The last element of the input whose words were given last always has this value.
    pub fn constant(&mut self, value: i16) {
        if let Some(port) = self.programs.stimuli.last_mut() {
            port.constant = Some(value);
        }
    }

    /// All elements of the input whose words were given last always have this value.
    pub fn hold(&mut self, value: i16) {
        if let Some(port) = self.programs.stimuli.last_mut() {
            port.held = Some(value);
        }
    }

    /// Makes the target mailbox at least this long, for a program that must name target words but is never taught.
    pub fn target_at_least(&mut self, words: u32) {
        self.programs.words[1] = self.programs.words[1].max(words);
    }

    /// Words of the target and of the output for this program, either of which may be 0. All else is as most programs have it:
    /// they answer after a sample, and write to no population.
    pub fn port(&mut self, target: u32, output: u32, teaching: Teaching) -> Port {
        let [_, targets, outputs] = &mut self.programs.words;
        let target_first = *targets;
        *targets += target;
        let target = target_first..*targets;
        let output_first = *outputs;
        *outputs += output;
        let (name, kind) = self.turn.clone();
        Port {
            name,
            kind,
            target,
            output: output_first..*outputs,
            teaching,
            words_per_target: 1,
            takes_errors: false,
            rate: None,
            rates: Vec::new(),
            rate_least: None,
            answers_first: false,
            steps_least: 0,
            populations: Vec::new(),
        }
    }

    /// Ports of the programs before this one.
    pub fn ports(&self) -> &[Port] {
        &self.programs.ports
    }

    /// Constants of this program; returns the number of the first.
    pub fn data(&mut self, constants: &[i32]) -> u32 {
        self.builder.data(constants)
    }

    /// Adds a program that is neither taught nor answers.
    pub fn program<P: SnipParams>(&mut self, table: usize, params: &P) {
        self.builder.snip(params);
        self.owners.push(table);
        self.learned_words = self.learned_words.saturating_add(params.snip().learned_words());
    }

    /// What the program that is added next knows from the start: its first words of what it learns.
    pub fn known(&mut self, words: Vec<i32>) {
        self.programs.known.push(KnownWords { first: self.learned_words, words });
    }

    /// Adds a program that is taught, or answers, by this port. If the port names no rates, learning is scaled by the
    /// program's own.
    pub fn taught<P: SnipParams>(&mut self, table: usize, params: &P, mut port: Port) {
        if port.rates.is_empty() {
            let number = u32::try_from(self.first_program + self.owners.len()).unwrap_or(u32::MAX);
            port.rates = vec![self.places.groups_total.saturating_add(number)];
            port.rate_least = Some(*params.snip().rates().start());
        }
        self.program(table, params);
        self.programs.ports.push(port);
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

impl Group {
    /// Words of [`Register::Rate`](loihi_core::register::Register::Rate) of a connection whose weights the cores change.
    pub fn rates(&self) -> Vec<u32> {
        (self.first..).take(self.count as usize).collect()
    }
}
