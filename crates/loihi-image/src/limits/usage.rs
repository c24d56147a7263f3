//! What a network takes of each core of a Loihi 1, and how much there is.
//!
//! Source: limits and the layout of synaptic memory as collected from the chip's publications and from public user
//! code (the allocation of `NxTF` and of nengo-loihi).

use loihi_core::image::{AxonRecord, CoreRecord, Image, Profile, Synapse, SynapseFormat};
use std::collections::BTreeSet;
use std::fmt;

/// Cores of a chip.
pub const CORES_PER_CHIP: usize = 128;
/// Input axons of a core.
pub const INPUT_AXONS: usize = 4096;
/// Entries for output axons of a core.
pub const OUTPUT_AXONS: usize = 4096;
/// Words of 64 bits of a core's synaptic memory.
pub const SYNAPTIC_WORDS: usize = 16_384;
/// Profiles of a core.
pub const PROFILES: usize = 32;
/// Thresholds of a core.
pub const THRESHOLDS: usize = 16;

/// Most synapses of one entry of the synaptic memory.
const SYNAPSES_PER_ENTRY: usize = 60;
/// Bits of an entry besides its synapses: number of the format, number of synapses.
const ENTRY_BITS: usize = 4 + 6;
/// Bits of a compartment's number in an entry.
const INDEX_BITS: usize = 10;

/// A limited resource of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Input axons.
    InputAxons,
    /// Entries for output axons: one for a discrete axon and for a population axon of up to 512 atoms, two for a
    /// larger one, and one more if the target is on another chip.
    OutputAxons,
    /// Words of synaptic memory; synapses that several axons share count once.
    SynapticWords,
    /// Different profiles.
    Profiles,
    /// Different thresholds.
    Thresholds,
    /// Different noise registers; a core has one.
    NoiseRegisters,
}

impl fmt::Display for Resource {
    /// In the plural, as after a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InputAxons => "input axons",
            Self::OutputAxons => "entries for output axons",
            Self::SynapticWords => "words of synaptic memory",
            Self::Profiles => "profiles",
            Self::Thresholds => "thresholds",
            Self::NoiseRegisters => "settings of noise",
        })
    }
}

/// A core does not have what the network needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exceeded {
    /// The core.
    pub core: usize,
    /// What it lacks.
    pub resource: Resource,
    /// How much is needed.
    pub needed: usize,
    /// How much there is.
    pub available: usize,
}

impl Exceeded {
    /// Of a core that needs more than it has.
    pub const fn new(core: usize, resource: Resource, needed: usize, available: usize) -> Self {
        Self { core, resource, needed, available }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { core, resource, needed, available } = self;
        let advice = match resource {
            Resource::InputAxons => "put fewer compartments on it, or use population axons",
            Resource::OutputAxons => "put fewer compartments on it",
            Resource::SynapticWords => "put fewer compartments on it, or share weights",
            Resource::Profiles => "let compartments share parameters",
            Resource::Thresholds => "let compartments share thresholds",
            Resource::NoiseRegisters => "give all its compartments the same noise, or none",
        };
        write!(f, "core {core} needs {needed} {resource}, a Loihi core has {available}: {advice}")
    }
}

impl std::error::Error for Exceeded {}

/// What a network takes of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoreUsage {
    /// Compartments.
    pub compartments: usize,
    /// Input axons.
    pub input_axons: usize,
    /// Entries for output axons.
    pub output_axons: usize,
    /// Words of synaptic memory.
    pub synaptic_words: usize,
    /// Different profiles.
    pub profiles: usize,
    /// Different thresholds.
    pub thresholds: usize,
    /// Different settings of noise.
    pub noise_registers: usize,
}

impl CoreUsage {
    /// Of a core with `compartments` compartments of these profiles and no connections.
    pub fn of_profiles(compartments: usize, profiles: impl Iterator<Item = Profile>) -> Self {
        let (mut words, mut thresholds, mut noise) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for profile in profiles {
            words.insert(profile.words());
            thresholds.insert(profile.v_th);
            noise.extend(profile.noise.map(|noise| (noise.at.code(), noise.exponent, noise.offset)));
        }
        let [profiles, thresholds, noise_registers] = [words.len(), thresholds.len(), noise.len()];
        Self { compartments, profiles, thresholds, noise_registers, ..Self::default() }
    }

    /// What is needed and available of each resource.
    pub fn resources(&self) -> [(Resource, usize, usize); 6] {
        [
            (Resource::InputAxons, self.input_axons, INPUT_AXONS),
            (Resource::OutputAxons, self.output_axons, OUTPUT_AXONS),
            (Resource::SynapticWords, self.synaptic_words, SYNAPTIC_WORDS),
            (Resource::Profiles, self.profiles, PROFILES),
            (Resource::Thresholds, self.thresholds, THRESHOLDS),
            (Resource::NoiseRegisters, self.noise_registers, 1),
        ]
    }
}

impl std::ops::Add for CoreUsage {
    type Output = Self;

    /// Of both on one core, if they share nothing.
    fn add(self, other: Self) -> Self {
        Self {
            compartments: self.compartments + other.compartments,
            input_axons: self.input_axons + other.input_axons,
            output_axons: self.output_axons + other.output_axons,
            synaptic_words: self.synaptic_words + other.synaptic_words,
            profiles: self.profiles + other.profiles,
            thresholds: self.thresholds + other.thresholds,
            noise_registers: self.noise_registers + other.noise_registers,
        }
    }
}

/// What a network takes of each core, in their order.
pub fn usage(image: &Image<'_>) -> Vec<CoreUsage> {
    let mut usages: Vec<CoreUsage> = image.cores().map(|core| of_compartments(image, &core)).collect();
    let mut lists = vec![BTreeSet::new(); usages.len()];
    for axon in image.axons() {
        let list = (axon.format.code(), axon.first, axon.synapses, axon.atoms, axon.weight_bits);
        if let (Some(usage), Some(lists)) = (usages.get_mut(axon.core), lists.get_mut(axon.core)) {
            usage.input_axons += 1;
            if lists.insert(list) {
                usage.synaptic_words += (0..axon.atoms).map(|atom| words_of(image, &axon, atom)).sum::<usize>();
            }
        }
    }
    for (number, core) in image.cores().enumerate() {
        let sources = core.compartment_first..core.compartment_first + core.compartments;
        let routes = sources.flat_map(|source| image.routes(source));
        let axons = routes.filter_map(|word| image.axon(image.route(*word).axon));
        let entries: usize = axons.map(|axon| output_entries(number, axon.core, axon.atoms)).sum();
        if let Some(usage) = usages.get_mut(number) {
            usage.output_axons = entries;
        }
    }
    usages
}

fn of_compartments(image: &Image<'_>, core: &CoreRecord) -> CoreUsage {
    let patterns = image.groups(core).map(|group| image.pattern(&group));
    let profiles = patterns.flat_map(|pattern| (0..pattern.len()).filter_map(move |at| pattern.get(at)));
    CoreUsage::of_profiles(core.compartments, profiles)
}

/// Entries for the output axon of a core by which a spike enters an axon of another core, or of the same.
pub fn output_entries(from: usize, to: usize, atoms: usize) -> usize {
    1 + usize::from(atoms > 512) + usize::from(from / CORES_PER_CHIP != to / CORES_PER_CHIP)
}

fn words_of(image: &Image<'_>, axon: &AxonRecord, atom: usize) -> usize {
    // Dense weights have no delays; their places in their section say nothing about sparse ones.
    let sparse = if axon.format == SynapseFormat::Sparse { image.sparse.get(axon.atom(atom)) } else { None };
    let delays = sparse.unwrap_or_default().iter().map(|word| Synapse::from_word(*word).delay);
    list_words(axon.format, axon.synapses, axon.weight_bits, delays.max().unwrap_or(0))
}

/// Words of a list of synapses: entries of up to 60 synapses, the list rounded up to whole words.
pub fn list_words(format: SynapseFormat, synapses: usize, weight_bits: u32, delay_max: usize) -> usize {
    let delay_bits = (usize::BITS - delay_max.leading_zeros()) as usize;
    let entries = synapses.div_ceil(SYNAPSES_PER_ENTRY);
    let synapse_bits = weight_bits as usize + delay_bits;
    let bits = match format {
        SynapseFormat::Sparse => entries * ENTRY_BITS + synapses * (synapse_bits + INDEX_BITS),
        SynapseFormat::Dense => entries * (ENTRY_BITS + INDEX_BITS) + synapses * synapse_bits,
    };
    // A list that leaves no room for its end mark in the last word takes another one.
    let over = bits % 64;
    bits.div_ceil(64) + usize::from(bits > 0 && (over == 0 || over >= 59))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{AxonOptions, BuildError, ImageBuilder, Source};
    use crate::limits::Unfit;

    fn refusal(builder: ImageBuilder) -> String {
        match builder.build() {
            Err(BuildError::Unfit(Unfit::Exceeded(exceeded))) => exceeded.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_core_has_so_many_input_axons() {
        let network = |inputs: u32| {
            let mut builder = ImageBuilder::new();
            builder.group(1, Profile::DEFAULT);
            for input in builder.inputs(inputs) {
                builder.dense(Source::Input(input), 0, 0, &[1]);
            }
            builder
        };
        assert!(network(4096).build().is_ok());
        assert!(refusal(network(4097)).contains("core 0 needs 4097 input axons, a Loihi core has 4096"));
        let mut beyond = network(4097);
        beyond.beyond_the_chip();
        assert!(beyond.build().is_ok());
    }

    #[test]
    fn a_core_has_so_many_output_axons() {
        let network = |fan_out: usize| {
            let mut builder = ImageBuilder::new();
            builder.group(2, Profile::DEFAULT);
            let synapses = builder.dense_synapses(&[1], 1);
            let axon = builder.axon(0, &synapses, AxonOptions::default());
            (0..fan_out).for_each(|_| builder.route(Source::Compartment(0), axon, 0));
            builder
        };
        assert!(network(4096).build().is_ok());
        assert!(refusal(network(4097)).contains("4097 entries for output axons"));
    }

    #[test]
    fn synaptic_memory_counts_shared_weights_once() {
        let image = |shared: bool| {
            let mut builder = ImageBuilder::new();
            builder.group(1000, Profile::DEFAULT);
            let once = builder.dense_synapses(&[1; 500], 1);
            for (input, base) in builder.inputs(2).zip([0, 500]) {
                let synapses = if shared { once } else { builder.dense_synapses(&[1; 500], 1) };
                let axon = builder.axon(0, &synapses, AxonOptions { compartment_base: base, ..AxonOptions::default() });
                builder.route(Source::Input(input), axon, 0);
            }
            builder.beyond_the_chip();
            builder.build().unwrap()
        };
        // 9 entries of 20 bits and 500 weights of 8: 4,180 bits, 65 words and 20 bits.
        assert_eq!(usage(&image(true).open().unwrap())[0].synaptic_words, 66);
        assert_eq!(usage(&image(false).open().unwrap())[0].synaptic_words, 2 * 66);
    }

    #[test]
    fn dense_weights_take_no_delay_of_sparse_ones() {
        let mut builder = ImageBuilder::new();
        builder.group(10, Profile::DEFAULT);
        builder.core();
        builder.group(10, Profile::DEFAULT);
        builder.inputs(2);
        builder.sparse(Source::Input(0), 0, &[Synapse { compartment: 0, delay: 60, weight: 1 }]);
        builder.dense(Source::Input(1), 1, 0, &[1; 4]);
        let image = builder.build().unwrap();
        // An entry of 20 bits and 4 weights of 8; with the 6 bits of a delay for each it would take another word.
        assert_eq!(usage(&image.open().unwrap())[1].synaptic_words, 1);
    }

    #[test]
    fn compartments_share_profiles() {
        let mut builder = ImageBuilder::new();
        for refractory in 1..=33 {
            builder.group(2, Profile { refractory, ..Profile::DEFAULT });
        }
        assert!(refusal(builder).contains("core 0 needs 33 profiles, a Loihi core has 32"));
    }
}
