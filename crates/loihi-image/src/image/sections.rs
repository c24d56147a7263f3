//! What a builder has collected, as the words of an image.

use super::{BuildError, Core, Entry, ImageBuilder, Source, count};
use loihi_core::image::{
    AxonRecord, HEADER_WORDS, LANES, LearningRecord, MAGIC, ProductRecord, Profile, Route, Section, SnipRecord,
    TraceRecord, VERSION, blocks_for, slots_for,
};

/// The sections as words, before their places are known.
pub(super) struct Sections {
    header: [u32; 6],
    sections: Vec<(Section, usize, Vec<u32>)>,
}

impl Sections {
    /// The sections of what was collected.
    ///
    /// # Errors
    /// [`BuildError::TooLong`].
    pub(super) fn of(mut builder: ImageBuilder) -> Result<Self, BuildError> {
        let atom_bits = builder.atom_bits();
        let (fanout, routes) = fanout(builder.compartments, builder.inputs, builder.routes, atom_bits);
        let [stimulus, target, output] = builder.mailboxes;
        for registers in [&mut builder.bias, &mut builder.current_start, &mut builder.voltage_start] {
            if !registers.is_empty() && registers.len() < builder.compartments {
                registers.resize(builder.compartments, 0);
            }
        }
        let groups = builder.cores.iter().flat_map(|core| &core.groups);
        let group_words = groups.clone().flatten().map(|field| number("a group", *field)).collect::<Result<_, _>>()?;
        let profiles = builder.profiles.iter().flat_map(Profile::words).collect();
        let dense = builder.dense.chunks(2).map(pair).collect();
        let snips = builder.snips.iter().flat_map(SnipRecord::words).collect();
        let axons = builder.axons.iter().map(axon_words).collect::<Result<Vec<_>, _>>()?.concat();
        let sums = sum_words(&builder.cores)?;
        let learning = builder.learning.iter().map(learning_words).collect::<Result<Vec<_>, _>>()?.concat();
        let products = builder.products.iter().flat_map(ProductRecord::words).collect();
        Ok(Self {
            header: [stimulus, target, output, builder.inputs, builder.seed, atom_bits],
            sections: vec![
                (Section::Cores, builder.cores.len(), core_words(&builder.cores)?),
                (Section::Profiles, builder.profiles.len(), profiles),
                (Section::Groups, groups.count(), group_words),
                (Section::Bias, builder.bias.len(), unsigned(&builder.bias)),
                (Section::CurrentStart, builder.current_start.len(), unsigned(&builder.current_start)),
                (Section::VoltageStart, builder.voltage_start.len(), unsigned(&builder.voltage_start)),
                (Section::Axons, builder.axons.len(), axons),
                (Section::Fanout, fanout.len(), fanout),
                (Section::Routes, routes.len(), routes),
                (Section::Sparse, builder.sparse.len(), builder.sparse),
                (Section::Dense, builder.dense.len(), dense),
                (Section::Sums, sums.len() / 4, sums),
                (Section::Learning, builder.learning.len(), learning),
                (Section::Traces, builder.traces.len(), builder.traces.iter().flat_map(trace_words).collect()),
                (Section::Products, builder.products.len(), products),
                (Section::Tables, builder.tables.len(), builder.tables.concat()),
                (Section::RecordedDraws, builder.recorded_draws.len() / 4, builder.recorded_draws),
                (Section::Draws, builder.draws.len(), builder.draws),
                (Section::Snips, builder.snips.len(), snips),
                (Section::Data, builder.data.len(), unsigned(&builder.data)),
            ],
        })
    }

    /// All words of the image: the header, the table of the sections, the sections.
    ///
    /// # Errors
    /// [`BuildError::TooLong`].
    pub(super) fn words(mut self) -> Result<Vec<u32>, BuildError> {
        let table_words = HEADER_WORDS + 2 * self.sections.len();
        let body: usize = self.sections.iter().map(|(_, _, words)| words.len()).sum();
        let mut out = vec![MAGIC, VERSION, number("the image", table_words + body)?];
        out.extend(self.header);
        out.push(number("the section table", self.sections.len())?);
        let mut first = table_words;
        for (section, elements, words) in &self.sections {
            debug_assert_eq!(*section as usize, (out.len() - HEADER_WORDS) / 2, "sections are in the table's order");
            out.push(number("the image", first)?);
            out.push(number("a section", *elements)?);
            first += words.len();
        }
        // The longest section stays where it is, and all before it is put in front: no large image is there twice.
        let longest = (0..self.sections.len()).max_by_key(|at| self.sections[*at].2.len()).unwrap_or(0);
        let behind = self.sections.split_off(self.sections.len().min(longest + 1));
        let mut image = self.sections.pop().map(|(_, _, words)| words).unwrap_or_default();
        for (_, _, words) in self.sections {
            out.extend_from_slice(&words);
        }
        image.reserve_exact(table_words + body - image.len());
        image.splice(0..0, out);
        for (_, _, words) in behind {
            image.extend_from_slice(&words);
        }
        Ok(image)
    }
}

/// Routes by source: where those of each source start, and the axons.
fn fanout(compartments: usize, inputs: u32, mut routes: Vec<Entry>, atom_bits: u32) -> (Vec<u32>, Vec<u32>) {
    routes.sort_unstable();
    let sources = compartments + inputs as usize;
    let place = |source| match source {
        Source::Compartment(number) => number as usize,
        Source::Input(number) => compartments + number as usize,
    };
    let mut starts = vec![0_u32; sources + 1];
    for entry in &routes {
        // A source that is not there is left to the check of the finished image, which then misses a route.
        if let Some(start) = starts.get_mut(place(entry.source) + 1) {
            *start += 1;
        }
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let route = |Entry { axon, atom, .. }| Route { axon: axon as usize, atom: usize::from(atom) }.word(atom_bits);
    (starts, routes.into_iter().map(route).collect())
}

fn core_words(cores: &[Core]) -> Result<Vec<u32>, BuildError> {
    let [mut compartment, mut group, mut accumulator, mut sum] = [0; 4];
    let mut words = Vec::new();
    for core in cores {
        let slots = slots_for(core.delay_max);
        let fields =
            [compartment, core.compartments, group, core.groups.len(), slots, accumulator, sum, core.sums.len()];
        for field in fields {
            words.push(number("a core", field)?);
        }
        compartment += core.compartments;
        group += core.groups.len();
        accumulator += accumulators(core);
        sum += core.sums.len();
    }
    Ok(words)
}

fn sum_words(cores: &[Core]) -> Result<Vec<u32>, BuildError> {
    let mut accumulator = 0;
    let mut words = Vec::new();
    for (at, core) in cores.iter().enumerate() {
        for [shift_right, shift_left] in &core.sums {
            words.extend([
                number("the cores", at)?,
                *shift_right,
                *shift_left,
                number("the accumulators", accumulator)?,
            ]);
            accumulator += accumulators(core);
        }
    }
    Ok(words)
}

/// Dendritic accumulators of a core.
fn accumulators(core: &Core) -> usize {
    slots_for(core.delay_max) * blocks_for(core.compartments) * LANES
}

fn learning_words(group: &LearningRecord) -> Result<[u32; 24], BuildError> {
    group.words().ok_or(BuildError::TooLong { what: "a plastic group", count: group.synapses })
}

fn trace_words(trace: &TraceRecord) -> [u32; 4] {
    [trace.impulse.cast_unsigned(), trace.impulse_fraction, count(trace.decay_first), count(trace.joint_first)]
}

fn unsigned(words: &[i32]) -> Vec<u32> {
    words.iter().map(|word| word.cast_unsigned()).collect()
}

fn axon_words(axon: &AxonRecord) -> Result<[u32; 4], BuildError> {
    axon.words().ok_or(BuildError::TooLong { what: "an axon", count: axon.synapses.max(axon.atoms) })
}

fn pair(weights: &[i16]) -> u32 {
    let half = |at: usize| u32::from(weights.get(at).copied().unwrap_or(0).cast_unsigned());
    half(0) | half(1) << 16
}

fn number(what: &'static str, count: usize) -> Result<u32, BuildError> {
    u32::try_from(count).map_err(|_| BuildError::TooLong { what, count })
}
