//! Builds network images: what [`loihi_core::image`] reads.

use crate::limits::{self, Unfit};
use loihi_core::dendrite::slots_for;
use loihi_core::image::{
    AxonRecord, COMPARTMENTS_PER_CORE, Dialect, HEADER_WORDS, Image, ImageError, LearningRecord, MAGIC, ProductRecord,
    Profile, Rounding, Route, Section, SnipRecord, SynapseFormat, Target, TraceRecord, VERSION,
};
use loihi_core::num::{Fnv64, Purpose};
use loihi_core::synapse::{SignMode, Synapse};
use std::ops::Range;
use zerocopy::IntoBytes as _;

/// What sends spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A compartment, numbered over all cores.
    Compartment(u32),
    /// An external input.
    Input(u32),
}

/// What cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A core has more compartments than the chip's.
    #[error("core {core} would have {compartments} compartments, a core has {COMPARTMENTS_PER_CORE}: add another core")]
    CoreFull {
        /// The core.
        core: usize,
        /// Compartments that it would have.
        compartments: usize,
    },
    /// Something is longer than an image can say.
    #[error("{what} has {count} elements, more than an image can number")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its elements.
        count: usize,
    },
    /// The chip cannot hold it; [`ImageBuilder::beyond_the_chip`] allows it.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// The image that was built is refused; a connection points to something that is not there.
    #[error("the network is not sound: {0}")]
    Unsound(#[from] ImageError),
}

/// A finished image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    words: Vec<u32>,
}

impl ImageFile {
    /// The bytes that are loaded.
    pub fn bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }

    /// The network in it.
    ///
    /// # Errors
    /// None for an image that [`ImageBuilder::build`] made.
    pub fn open(&self) -> Result<Image<'_>, ImageError> {
        Image::open(self.bytes())
    }

    /// FNV-1a 64 of the bytes: the image's name in manifests.
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv64::new();
        hash.bytes(self.bytes());
        hash.finish()
    }
}

#[derive(Debug, Default)]
struct Core {
    compartments: usize,
    groups: Vec<[usize; 3]>,
    delay_max: usize,
    /// Right and left shift of its sums kept apart.
    sums: Vec<[u32; 2]>,
}

/// Synapses that are stored once; any number of axons can use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapses {
    format: SynapseFormat,
    first: usize,
    per_atom: usize,
    atoms: usize,
    delay_max: usize,
}

/// What an axon has besides its synapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxonOptions {
    /// The compartment of the core that the synapses count from.
    pub compartment_base: usize,
    /// 0 for the core's own synaptic sum, else what [`ImageBuilder::sum`] returned.
    pub sum: usize,
    /// Precision of the weights, 0..=8 without 7: what they take of the chip's memory.
    pub weight_bits: u32,
}

impl Default for AxonOptions {
    fn default() -> Self {
        Self { compartment_base: 0, sum: 0, weight_bits: 8 }
    }
}

/// What is left of each value of a trace after a decay, and the chance of 1 more in units of 2^-32.
pub type DecayTable = [[u32; 2]; 128];

/// The table of a trace that keeps `keep` of its value in a decay, 0 to 1, and has `added` added in it.
pub fn decay_table(keep: f64, added: f64) -> DecayTable {
    std::array::from_fn(|value| {
        let left = keep * f64::from(u8::try_from(value).unwrap_or(u8::MAX)) + added;
        let whole = left.floor().clamp(0.0, 127.0);
        let chance = ((left - left.floor()) * 2_f64.powi(32)).ceil().min(f64::from(u32::MAX));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
        [whole as u32, if left >= 127.0 { 0 } else { chance as u32 }]
    })
}

/// How the axons of a plastic group learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plasticity {
    /// The rule: what [`crate::rule::parse`] gives.
    pub products: Vec<ProductRecord>,
    /// Traces x1, x2, y1, y2, y3: what [`ImageBuilder::trace`] returned, or 0 for one that keeps what is written.
    pub traces: [usize; 5],
    /// Steps per epoch, 1..=64.
    pub epoch_steps: u32,
    /// Exponent of the weights, −8..=7.
    pub wgt_exp: i32,
    /// Precision of the weights, 0..=8 without 7.
    pub weight_bits: u32,
    /// Signs of the weights.
    pub sign_mode: SignMode,
    /// Rounding of what is written back.
    pub rounding: Rounding,
    /// In what it differs from the chip.
    pub dialect: Dialect,
}

/// Collects cores, compartments, axons and snips.
#[derive(Debug, Default)]
pub struct ImageBuilder {
    seed: u32,
    cores: Vec<Core>,
    profiles: Vec<Profile>,
    compartments: usize,
    bias: Vec<i32>,
    current_start: Vec<i32>,
    voltage_start: Vec<i32>,
    learning: Vec<LearningRecord>,
    traces: Vec<TraceRecord>,
    products: Vec<ProductRecord>,
    tables: Vec<[u32; 2]>,
    tapes: Vec<u32>,
    draws: Vec<u32>,
    inputs: u32,
    axons: Vec<AxonRecord>,
    routes: Vec<(Source, u32)>,
    sparse: Vec<u32>,
    dense: Vec<i16>,
    snips: Vec<SnipRecord>,
    data: Vec<i32>,
    mailboxes: [u32; 3],
    beyond_the_chip: bool,
}

impl ImageBuilder {
    /// An image with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the network go beyond what a Loihi has of axons, profiles and synaptic memory, and beyond what its registers
    /// can express; see [`limits`].
    pub fn beyond_the_chip(&mut self) {
        self.beyond_the_chip = true;
    }

    /// Words of the mailboxes: stimulus, target, output.
    pub fn mailboxes(&mut self, stimulus: u32, target: u32, output: u32) {
        self.mailboxes = [stimulus, target, output];
    }

    /// Seed of all random numbers of the chip; 0 if never set.
    pub fn seed(&mut self, seed: u32) {
        self.seed = seed;
    }

    /// Replays random words of a purpose instead of drawing them: rows of `per_row` words, one for `epoch_steps` steps;
    /// see [`loihi_core::image::TapeRecord`].
    pub fn recorded(&mut self, purpose: Purpose, epoch_steps: u32, per_row: u32, words: &[u32]) {
        self.tapes.extend([purpose as u32, epoch_steps, per_row, count(self.draws.len())]);
        self.draws.extend_from_slice(words);
    }

    /// Replays noise: a value in −127..=127 per compartment of the chip and step, step after step.
    pub fn recorded_noise(&mut self, compartments: u32, noise: &[i32]) {
        // The smallest word that stands for the value.
        let word = |noise: &i32| u64::from((noise + 127).clamp(0, 254).unsigned_abs()) << 32;
        let words: Vec<u32> =
            noise.iter().map(|noise| u32::try_from(word(noise).div_ceil(255)).unwrap_or(u32::MAX)).collect();
        self.recorded(Purpose::Noise, 1, compartments, &words);
    }

    /// Adds a trace and returns its number for [`Plasticity::traces`].
    pub fn trace(
        &mut self,
        impulse: i32,
        impulse_fraction: u32,
        decay: &DecayTable,
        joint: Option<&DecayTable>,
    ) -> usize {
        let decay_first = self.tables.len();
        self.tables.extend(decay);
        let joint_first = joint.map_or(decay_first, |joint| {
            let first = self.tables.len();
            self.tables.extend(joint);
            first
        });
        self.traces.push(TraceRecord { impulse, impulse_fraction, decay_first, joint_first });
        self.traces.len()
    }

    /// Begins a plastic group on a core and returns its number; its axons are added by [`ImageBuilder::plastic_axon`]
    /// before those of the next group. Its post traces are those of the compartments `posts` of the core.
    pub fn plastic_group(&mut self, core: usize, posts: Range<usize>, plasticity: &Plasticity) -> usize {
        let before = self.learning.last().map_or([0; 3], |last| {
            [last.before[0] + last.axons, last.before[1] + last.synapses, last.before[2] + last.posts]
        });
        if plasticity.products.iter().any(|product| product.target == Target::Delay)
            && !plasticity.dialect.has(Dialect::LAVA_RANGES)
            && let Some(core) = self.cores.get_mut(core)
        {
            core.delay_max = 62;
        }
        self.learning.push(LearningRecord {
            core,
            axon_first: self.axons.len(),
            axons: 0,
            synapse_first: self.sparse.len(),
            synapses: 0,
            before,
            post_first: posts.start,
            posts: posts.len(),
            product_first: self.products.len(),
            products: plasticity.products.len(),
            epoch_steps: plasticity.epoch_steps,
            wgt_exp: plasticity.wgt_exp,
            weight_bits: plasticity.weight_bits,
            sign_mode: plasticity.sign_mode as u32,
            rounding: plasticity.rounding,
            dialect: plasticity.dialect,
            dense: true,
            traces: plasticity.traces,
        });
        self.products.extend_from_slice(&plasticity.products);
        self.learning.len() - 1
    }

    /// Adds an axon to the last plastic group and returns its number. The weights of the synapses are mantissas.
    pub fn plastic_axon(&mut self, source: Source, synapses: &[Synapse]) -> u32 {
        let stored = self.sparse_synapses(synapses, 1);
        let group = self.learning.len();
        let Some(record) = self.learning.last_mut() else { return 0 };
        record.dense &= synapses.windows(2).all(|pair| pair[0].compartment + 1 == pair[1].compartment);
        record.axons += 1;
        record.synapses += synapses.len();
        if record.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE) {
            record.posts = record.synapses;
        }
        let (core, weight_bits) = (record.core, record.weight_bits);
        let axon = self.axon(core, &stored, AxonOptions { weight_bits, ..AxonOptions::default() });
        if let Some(axon) = self.axons.last_mut() {
            axon.learning = group;
        }
        self.route(source, axon, 0);
        axon
    }

    /// Begins another core and returns its number. Compartments are added to the last core.
    pub fn core(&mut self) -> usize {
        self.cores.push(Core::default());
        self.cores.len() - 1
    }

    /// Adds compartments with equal parameters to the last core and returns their numbers on the chip.
    pub fn group(&mut self, compartments: usize, profile: Profile) -> Range<u32> {
        self.neurons(compartments, &[profile])
    }

    /// Adds neurons of several compartments each to the last core, leaves first, and returns the numbers of all their
    /// compartments: neuron n has `tree.len()` of them, from the first plus `n · tree.len()` on.
    pub fn neurons(&mut self, neurons: usize, tree: &[Profile]) -> Range<u32> {
        if self.cores.is_empty() {
            self.core();
        }
        let profile_first = self.share_profiles(tree);
        let compartments = neurons * tree.len();
        if let Some(core) = self.cores.last_mut() {
            core.compartments += compartments;
            core.groups.push([compartments, profile_first, tree.len()]);
        }
        let first = count(self.compartments);
        self.compartments += compartments;
        first..count(self.compartments)
    }

    /// Where these profiles are in the table, in this order; adds them if they are not.
    fn share_profiles(&mut self, tree: &[Profile]) -> usize {
        let found = self.profiles.windows(tree.len().max(1)).position(|profiles| profiles == tree);
        found.unwrap_or_else(|| {
            self.profiles.extend_from_slice(tree);
            self.profiles.len() - tree.len()
        })
    }

    /// Sets initial biases from a compartment on; from now on every compartment has a bias register.
    pub fn bias(&mut self, first: u32, biases: &[i32]) {
        set(&mut self.bias, first, biases);
    }

    /// Sets initial currents and voltages from a compartment on.
    pub fn start(&mut self, first: u32, currents: &[i32], voltages: &[i32]) {
        set(&mut self.current_start, first, currents);
        set(&mut self.voltage_start, first, voltages);
    }

    /// Adds external inputs and returns their numbers.
    pub fn inputs(&mut self, count: u32) -> Range<u32> {
        let first = self.inputs;
        self.inputs += count;
        first..self.inputs
    }

    /// Adds a synaptic sum to a core that is kept apart from its own, and returns its number there; see
    /// [`loihi_core::image::SumRecord`].
    pub fn sum(&mut self, core: usize, shift_right: u32, shift_left: u32) -> usize {
        self.cores.get_mut(core).map_or(0, |core| {
            core.sums.push([shift_right, shift_left]);
            core.sums.len()
        })
    }

    /// Stores weights of consecutive compartments, in units of 64 ([`loihi_core::synapse::fold`]). With several atoms
    /// they are a list per atom, all of the same length, one after the other.
    pub fn dense_synapses(&mut self, weights: &[i16], atoms: usize) -> Synapses {
        let first = self.dense.len();
        self.dense.extend_from_slice(weights);
        let per_atom = weights.len() / atoms.max(1);
        Synapses { format: SynapseFormat::Dense, first, per_atom, atoms, delay_max: 0 }
    }

    /// Stores single synapses; with several atoms a list per atom, as [`ImageBuilder::dense_synapses`].
    pub fn sparse_synapses(&mut self, synapses: &[Synapse], atoms: usize) -> Synapses {
        let first = self.sparse.len();
        self.sparse.extend(synapses.iter().map(|synapse| synapse.word()));
        let delay_max = synapses.iter().map(|synapse| synapse.delay).max().unwrap_or(0);
        let per_atom = synapses.len() / atoms.max(1);
        Synapses { format: SynapseFormat::Sparse, first, per_atom, atoms, delay_max }
    }

    /// Adds an input axon to a core and returns its number.
    pub fn axon(&mut self, core: usize, synapses: &Synapses, options: AxonOptions) -> u32 {
        if let Some(core) = self.cores.get_mut(core) {
            core.delay_max = core.delay_max.max(synapses.delay_max);
        }
        let Synapses { format, first, per_atom: synapses, atoms, .. } = *synapses;
        let AxonOptions { compartment_base, sum, weight_bits } = options;
        self.axons.push(AxonRecord {
            core,
            format,
            sum,
            first,
            synapses,
            compartment_base,
            atoms,
            weight_bits,
            learning: 0,
        });
        count(self.axons.len() - 1)
    }

    /// Lets the spikes of a source enter an axon, as one of its atoms.
    pub fn route(&mut self, source: Source, axon: u32, atom: usize) {
        self.routes.push((source, Route { axon: axon as usize, atom }.word()));
    }

    /// Connects a source to a core by weights of consecutive compartments: an axon of its own.
    pub fn dense(&mut self, source: Source, core: usize, compartment_base: usize, weights: &[i16]) {
        let synapses = self.dense_synapses(weights, 1);
        let axon = self.axon(core, &synapses, AxonOptions { compartment_base, ..AxonOptions::default() });
        self.route(source, axon, 0);
    }

    /// Connects a source to a core by single synapses: an axon of its own.
    pub fn sparse(&mut self, source: Source, core: usize, synapses: &[Synapse]) {
        let synapses = self.sparse_synapses(synapses, 1);
        let axon = self.axon(core, &synapses, AxonOptions::default());
        self.route(source, axon, 0);
    }

    /// Adds constants for a snip and returns the number of the first.
    pub fn data(&mut self, constants: &[i32]) -> u32 {
        let first = count(self.data.len());
        self.data.extend_from_slice(constants);
        first
    }

    /// Adds a snip with its first parameters; the others are 0. Snips run in the order in which they were added.
    pub fn snip<const N: usize>(&mut self, kind: u32, params: [u32; N]) {
        const { assert!(N <= SnipRecord::PARAMS, "a snip has no more parameters") };
        let mut all = [0; SnipRecord::PARAMS];
        all[..N].copy_from_slice(&params);
        self.snips.push(SnipRecord { kind, params: all });
    }

    /// Puts the image together and checks it as a device does.
    ///
    /// # Errors
    /// [`BuildError`] says what does not fit.
    pub fn build(self) -> Result<ImageFile, BuildError> {
        for (number, core) in self.cores.iter().enumerate() {
            if core.compartments > COMPARTMENTS_PER_CORE {
                return Err(BuildError::CoreFull { core: number, compartments: core.compartments });
            }
        }
        if self.axons.len() > Route::AXONS_MAX {
            return Err(BuildError::TooLong { what: "the list of axons", count: self.axons.len() });
        }
        let limited = !self.beyond_the_chip;
        let words = Sections::of(self)?.words()?;
        let file = ImageFile { words };
        let image = file.open()?;
        if limited {
            limits::check(&image)?;
        }
        Ok(file)
    }
}

/// Sets elements from `first` on; later ones that are missing until then are 0.
fn set(registers: &mut Vec<i32>, first: u32, values: &[i32]) {
    let end = first as usize + values.len();
    if registers.len() < end {
        registers.resize(end, 0);
    }
    for (register, value) in registers.iter_mut().skip(first as usize).zip(values) {
        *register = *value;
    }
}

/// The sections as words, before their places are known.
struct Sections {
    header: [u32; 5],
    sections: Vec<(Section, usize, Vec<u32>)>,
}

impl Sections {
    fn of(mut builder: ImageBuilder) -> Result<Self, BuildError> {
        let (fanout, routes) = fanout(builder.compartments, builder.inputs, builder.routes);
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
            header: [stimulus, target, output, builder.inputs, builder.seed],
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
                (Section::Tapes, builder.tapes.len() / 4, builder.tapes),
                (Section::Draws, builder.draws.len(), builder.draws),
                (Section::Snips, builder.snips.len(), snips),
                (Section::Data, builder.data.len(), unsigned(&builder.data)),
            ],
        })
    }

    fn words(self) -> Result<Vec<u32>, BuildError> {
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
        out.extend(self.sections.into_iter().flat_map(|(_, _, words)| words));
        Ok(out)
    }
}

/// Routes by source: where each source's begin, and the axons.
fn fanout(compartments: usize, inputs: u32, mut routes: Vec<(Source, u32)>) -> (Vec<u32>, Vec<u32>) {
    routes.sort_unstable();
    let sources = compartments + inputs as usize;
    let place = |source| match source {
        Source::Compartment(number) => number as usize,
        Source::Input(number) => compartments + number as usize,
    };
    let mut starts = vec![0_u32; sources + 1];
    for (source, _) in &routes {
        // A source that is not there is left to the check of the finished image, which then misses a route.
        if let Some(start) = starts.get_mut(place(*source) + 1) {
            *start += 1;
        }
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    (starts, routes.into_iter().map(|(_, axon)| axon).collect())
}

fn core_words(cores: &[Core]) -> Result<Vec<u32>, BuildError> {
    let [mut compartment, mut group, mut slot, mut sum] = [0; 4];
    let mut words = Vec::new();
    for core in cores {
        let slots = slots_for(core.delay_max);
        for field in [compartment, core.compartments, group, core.groups.len(), slots, slot, sum, core.sums.len()] {
            words.push(number("a core", field)?);
        }
        compartment += core.compartments;
        group += core.groups.len();
        slot += slots;
        sum += core.sums.len();
    }
    Ok(words)
}

fn sum_words(cores: &[Core]) -> Result<Vec<u32>, BuildError> {
    let mut slot = 0;
    let mut words = Vec::new();
    for (at, core) in cores.iter().enumerate() {
        for [shift_right, shift_left] in &core.sums {
            words.extend([number("the cores", at)?, *shift_right, *shift_left, number("the slots", slot)?]);
            slot += slots_for(core.delay_max);
        }
    }
    Ok(words)
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

/// Counts that stay far below 2^32, since a core holds 1,024 compartments and a chip 128 cores.
fn count(elements: usize) -> u32 {
    u32::try_from(elements).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::chip::Chip;

    const PROFILE: Profile = Profile { v_th: 640, ..Profile::DEFAULT };

    #[test]
    fn a_chain_over_two_cores_passes_a_spike_on() {
        let mut builder = ImageBuilder::new();
        let input = builder.inputs(1);
        let first = builder.core();
        builder.group(2, PROFILE);
        let second = builder.core();
        builder.group(1, PROFILE);
        builder.dense(Source::Input(input.start), first, 1, &[11]);
        builder.sparse(Source::Compartment(1), second, &[Synapse { compartment: 0, delay: 2, weight: 11 }]);
        let file = builder.build().unwrap();
        let image = file.open().unwrap();
        let mut memory = vec![0_u64; Chip::bytes_needed(&image) / 8];
        let mut chip = Chip::new(image, memory.as_mut_bytes()).unwrap();
        chip.inject(0);
        let spikes: Vec<Vec<u32>> = (0..5)
            .map(|_| {
                chip.step();
                chip.spikes().to_vec()
            })
            .collect();
        assert_eq!(spikes, [vec![1], vec![], vec![], vec![2], vec![]]);
        assert_eq!((chip.ops().synaptic_events, chip.ops().spikes, chip.ops().compartment_updates), (2, 2, 15));
    }

    #[test]
    fn what_points_nowhere_is_refused() {
        let mut builder = ImageBuilder::new();
        builder.group(3, PROFILE);
        builder.dense(Source::Compartment(0), 0, 2, &[1, 1]);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("Axons, element 0"), "{error}");

        let mut builder = ImageBuilder::new();
        builder.group(1025, PROFILE);
        assert!(builder.build().unwrap_err().to_string().contains("1025 compartments"));
    }

    #[test]
    fn a_cut_or_changed_image_is_refused() {
        let mut builder = ImageBuilder::new();
        builder.group(3, PROFILE);
        let mut file = builder.build().unwrap();
        let words = file.words.len();
        file.words.truncate(words - 1);
        assert!(file.open().unwrap_err().to_string().contains("cut"));
        file.words[0] ^= 1;
        assert_eq!(file.open().unwrap_err(), ImageError::NotAnImage);
    }
}
