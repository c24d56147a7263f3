//! Builds network images: what [`loihi_core::image`] reads.

use loihi_core::dendrite::slots_for;
use loihi_core::image::{
    COMPARTMENTS_PER_CORE, GroupRecord, HEADER_WORDS, Image, ImageError, MAGIC, Section, SnipRecord, SynapseFormat,
    VERSION,
};
use loihi_core::num::Fnv64;
use loihi_core::synapse::Synapse;
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
    groups: Vec<GroupRecord>,
    delay_max: usize,
}

#[derive(Debug)]
struct Axon {
    core: usize,
    format: SynapseFormat,
    first: usize,
    synapses: usize,
    compartment_base: usize,
}

/// Collects cores, compartments, axons and snips.
#[derive(Debug, Default)]
pub struct ImageBuilder {
    cores: Vec<Core>,
    bias: Vec<i32>,
    biased: bool,
    inputs: u32,
    axons: Vec<Axon>,
    routes: Vec<(Source, u32)>,
    sparse: Vec<u32>,
    dense: Vec<i16>,
    snips: Vec<SnipRecord>,
    data: Vec<i32>,
    mailboxes: [u32; 3],
}

impl ImageBuilder {
    /// An image with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words of the mailboxes: stimulus, target, output.
    pub fn mailboxes(&mut self, stimulus: u32, target: u32, output: u32) {
        self.mailboxes = [stimulus, target, output];
    }

    /// Begins another core and returns its number. Compartments are added to the last core.
    pub fn core(&mut self) -> usize {
        self.cores.push(Core::default());
        self.cores.len() - 1
    }

    /// Adds compartments with equal parameters to the last core; `group.compartments` says how many. Returns their
    /// numbers on the chip. Biases are 0.
    pub fn group(&mut self, group: GroupRecord) -> Range<u32> {
        if self.cores.is_empty() {
            self.core();
        }
        if let Some(core) = self.cores.last_mut() {
            core.compartments += group.compartments;
            core.groups.push(group);
        }
        let first = count(self.bias.len());
        self.bias.resize(self.bias.len() + group.compartments, 0);
        first..count(self.bias.len())
    }

    /// Sets initial biases from a compartment on; from now on every compartment has a bias register.
    pub fn bias(&mut self, first: u32, biases: &[i32]) {
        self.biased = true;
        for (at, bias) in self.bias.iter_mut().skip(first as usize).zip(biases) {
            *at = *bias;
        }
    }

    /// Adds external inputs and returns their numbers.
    pub fn inputs(&mut self, count: u32) -> Range<u32> {
        let first = self.inputs;
        self.inputs += count;
        first..self.inputs
    }

    /// Connects a source to a core by weights of consecutive compartments, in units of 64 ([`loihi_core::synapse::fold`]).
    pub fn dense(&mut self, source: Source, core: usize, compartment_base: usize, weights: &[i16]) {
        let first = self.dense.len();
        self.dense.extend_from_slice(weights);
        self.axon(
            source,
            Axon { core, format: SynapseFormat::Dense, first, synapses: weights.len(), compartment_base },
        );
    }

    /// Connects a source to a core by single synapses.
    pub fn sparse(&mut self, source: Source, core: usize, synapses: &[Synapse]) {
        let first = self.sparse.len();
        self.sparse.extend(synapses.iter().map(|synapse| synapse.word()));
        let longest = synapses.iter().map(|synapse| synapse.delay).max().unwrap_or(0);
        if let Some(core) = self.cores.get_mut(core) {
            core.delay_max = core.delay_max.max(longest);
        }
        let synapses = synapses.len();
        self.axon(source, Axon { core, format: SynapseFormat::Sparse, first, synapses, compartment_base: 0 });
    }

    fn axon(&mut self, source: Source, axon: Axon) {
        self.routes.push((source, count(self.axons.len())));
        self.axons.push(axon);
    }

    /// Adds constants for a snip and returns the number of the first.
    pub fn data(&mut self, constants: &[i32]) -> u32 {
        let first = count(self.data.len());
        self.data.extend_from_slice(constants);
        first
    }

    /// Adds a snip; snips run in the order in which they were added.
    pub fn snip(&mut self, kind: u32, params: [u32; 9]) {
        self.snips.push(SnipRecord { kind, params });
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
        let words = Sections::of(self)?.words()?;
        let image = ImageFile { words };
        image.open()?;
        Ok(image)
    }
}

/// The sections as words, before their places are known.
struct Sections {
    header: [u32; 4],
    sections: Vec<(Section, usize, Vec<u32>)>,
}

impl Sections {
    fn of(builder: ImageBuilder) -> Result<Self, BuildError> {
        let (fanout, routes) = fanout(builder.bias.len(), builder.inputs, builder.routes);
        let [stimulus, target, output] = builder.mailboxes;
        let groups: Vec<u32> = builder.cores.iter().flat_map(|core| &core.groups).flat_map(group_words).collect();
        let group_count = builder.cores.iter().map(|core| core.groups.len()).sum();
        let bias: Vec<u32> =
            if builder.biased { builder.bias.iter().map(|bias| bias.cast_unsigned()).collect() } else { Vec::new() };
        let dense = builder.dense.chunks(2).map(pair).collect();
        let snips: Vec<u32> = builder.snips.iter().flat_map(SnipRecord::words).collect();
        let axons: Vec<u32> = builder.axons.iter().map(axon_words).collect::<Result<Vec<_>, _>>()?.concat();
        let data: Vec<u32> = builder.data.iter().map(|word| word.cast_unsigned()).collect();
        Ok(Self {
            header: [stimulus, target, output, builder.inputs],
            sections: vec![
                (Section::Cores, builder.cores.len(), core_words(&builder.cores)?),
                (Section::Groups, group_count, groups),
                (Section::Bias, bias.len(), bias),
                (Section::Axons, builder.axons.len(), axons),
                (Section::Fanout, fanout.len(), fanout),
                (Section::Routes, routes.len(), routes),
                (Section::Sparse, builder.sparse.len(), builder.sparse),
                (Section::Dense, builder.dense.len(), dense),
                (Section::Snips, builder.snips.len(), snips),
                (Section::Data, data.len(), data),
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
    let (mut compartment, mut group, mut slot) = (0, 0, 0);
    let mut words = Vec::new();
    for core in cores {
        let slots = slots_for(core.delay_max);
        for field in [compartment, core.compartments, group, core.groups.len(), slots, slot] {
            words.push(number("a core", field)?);
        }
        compartment += core.compartments;
        group += core.groups.len();
        slot += slots;
    }
    Ok(words)
}

fn group_words(group: &GroupRecord) -> [u32; 8] {
    group.words(count(group.compartments))
}

fn axon_words(axon: &Axon) -> Result<[u32; 5], BuildError> {
    Ok([
        number("the cores", axon.core)?,
        axon.format.code(),
        number("the synapses", axon.first)?,
        number("an axon", axon.synapses)?,
        number("a core", axon.compartment_base)?,
    ])
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

    fn group(compartments: usize) -> GroupRecord {
        GroupRecord {
            compartments,
            decay_u: 4096,
            decay_v: 0,
            v_th: 640,
            v_min: -8_388_607,
            v_max: 8_388_607,
            refractory: 1,
        }
    }

    #[test]
    fn a_chain_over_two_cores_passes_a_spike_on() {
        let mut builder = ImageBuilder::new();
        let input = builder.inputs(1);
        let first = builder.core();
        builder.group(group(2));
        let second = builder.core();
        builder.group(group(1));
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
        builder.group(group(3));
        builder.dense(Source::Compartment(0), 0, 2, &[1, 1]);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("Axons, element 0"), "{error}");

        let mut builder = ImageBuilder::new();
        builder.group(group(1025));
        assert!(builder.build().unwrap_err().to_string().contains("1025 compartments"));
    }

    #[test]
    fn a_cut_or_changed_image_is_refused() {
        let mut builder = ImageBuilder::new();
        builder.group(group(3));
        let mut file = builder.build().unwrap();
        let words = file.words.len();
        file.words.truncate(words - 1);
        assert!(file.open().unwrap_err().to_string().contains("cut"));
        file.words[0] ^= 1;
        assert_eq!(file.open().unwrap_err(), ImageError::NotAnImage);
    }
}
