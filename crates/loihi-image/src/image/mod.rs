//! Builds network images: what [`loihi_core::image`] reads.

mod axon;
mod error;
mod file;
mod order;
mod plastic;
mod sections;

pub use axon::{AxonOptions, Synapses};
pub use error::BuildError;
pub use file::ImageFile;
pub use plastic::{DecayTable, Plasticity, decay_table, full_row};

use crate::limits;
use loihi_core::image::{
    AxonRecord, COMPARTMENTS_PER_CORE, LearningRecord, Name, ProductRecord, Profile, Route, SNIPS_MAX, SnipRecord,
    Synapse, SynapseFormat, TraceRecord,
};
use loihi_core::num::Purpose;
use loihi_core::snip::{SnipParams, SnipType};
use sections::Sections;
use std::ops::Range;

/// What sends spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A compartment, numbered over all cores.
    Compartment(u32),
    /// An external input.
    Input(u32),
}

/// A route: a source's spikes enter an axon as one of its atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    source: Source,
    axon: u32,
    atom: u16,
}

#[derive(Debug, Default)]
struct Core {
    compartments: usize,
    groups: Vec<[usize; 3]>,
    delay_max: usize,
    /// Right and left shift of its auxiliary accumulators.
    sums: Vec<[u32; 2]>,
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
    recorded_draws: Vec<u32>,
    draws: Vec<u32>,
    inputs: u32,
    axons: Vec<AxonRecord>,
    routes: Vec<Entry>,
    sparse: Vec<u32>,
    dense: Vec<i16>,
    snips: Vec<SnipRecord>,
    snip_types: Vec<SnipType>,
    data: Vec<i32>,
    mailboxes: [u32; 3],
    beyond_the_chip: bool,
    /// A core that was to have a sum and was not there.
    core_missing: Option<usize>,
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
    /// see [`loihi_core::image::DrawsRecord`].
    pub fn recorded(&mut self, purpose: Purpose, epoch_steps: u32, per_row: u32, words: &[u32]) {
        self.recorded_draws.extend([purpose as u32, epoch_steps, per_row, count(self.draws.len())]);
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

    /// Adds an auxiliary accumulator to a core and returns its number there; see
    /// [`loihi_core::image::AccumulatorRecord`]. If there is no such core yet, [`ImageBuilder::build`] says so.
    pub fn sum(&mut self, core: usize, shift_right: u32, shift_left: u32) -> usize {
        let Some(core) = self.cores.get_mut(core) else {
            self.core_missing = Some(core);
            return 0;
        };
        core.sums.push([shift_right, shift_left]);
        core.sums.len()
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
        // One that no axon can have stays one.
        self.routes.push(Entry { source, axon, atom: u16::try_from(atom).unwrap_or(u16::MAX) });
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

    /// Adds a program of the embedded CPU; they run in the order in which they were added.
    pub fn snip<P: SnipParams>(&mut self, params: &P) {
        self.snips.push(SnipRecord { kind: P::KIND, name: Name::new(P::NAME), params: params.words() });
        let program = SnipType::of::<P>();
        if !self.snip_types.contains(&program) {
            self.snip_types.push(program);
        }
    }

    /// Puts the image together and checks it as a device does.
    ///
    /// # Errors
    /// [`BuildError`] says what does not fit.
    pub fn build(mut self) -> Result<ImageFile, BuildError> {
        if let Some(core) = self.core_missing {
            return Err(BuildError::NoCore { core, cores: self.cores.len() });
        }
        for (number, core) in self.cores.iter().enumerate() {
            if core.compartments > COMPARTMENTS_PER_CORE {
                return Err(BuildError::CoreFull { core: number, compartments: core.compartments });
            }
        }
        // In the words of routes they would be other axons.
        let is_there = |entry: &Entry| {
            self.axons.get(entry.axon as usize).is_some_and(|axon| usize::from(entry.atom) < axon.atoms)
        };
        if let Some(Entry { axon, atom, .. }) = self.routes.iter().find(|entry| !is_there(entry)) {
            return Err(BuildError::NoAtom { axon: *axon, atom: *atom });
        }
        if self.axons.len() > Route::axons_max(self.atom_bits()) {
            return Err(BuildError::TooLong { what: "the list of axons", count: self.axons.len() });
        }
        if self.learning.len() > LearningRecord::GROUPS_MAX {
            return Err(BuildError::TooLong { what: "the list of plastic groups", count: self.learning.len() });
        }
        if self.snips.len() > SNIPS_MAX {
            return Err(BuildError::TooLong { what: "the list of programs", count: self.snips.len() });
        }
        let limited = !self.beyond_the_chip;
        self.order_axons();
        let snip_types = self.snip_types.clone();
        let file = ImageFile::new(Sections::of(self)?.words()?, snip_types);
        let image = file.open()?;
        if limited {
            limits::check(&image)?;
        }
        Ok(file)
    }
}

impl ImageBuilder {
    /// Bits that atoms take in routes.
    fn atom_bits(&self) -> u32 {
        Route::atom_bits(self.axons.iter().map(|axon| axon.atoms).max().unwrap_or(1))
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

/// Counts that stay far below 2^32, since a core holds 1,024 compartments and a chip 128 cores.
fn count(elements: usize) -> u32 {
    u32::try_from(elements).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::chip::Chip;
    use zerocopy::IntoBytes as _;

    const PROFILE: Profile = Profile { v_th: 640, ..Profile::DEFAULT };

    #[test]
    fn routes_to_axons_and_atoms_that_are_not_there_are_refused() {
        for (axon, atom, refused) in
            [(0, 0, false), (0, 1, true), (1, 0, true), (u32::MAX, 0, true), (0, 1 << 16, true)]
        {
            let mut builder = ImageBuilder::new();
            let input = builder.inputs(1);
            let core = builder.core();
            builder.group(2, PROFILE);
            builder.dense(Source::Input(input.start), core, 0, &[11]);
            builder.route(Source::Input(input.start), axon, atom);
            assert_eq!(matches!(builder.build(), Err(BuildError::NoAtom { .. })), refused, "axon {axon}, atom {atom}");
        }
    }

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
        let mut memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()) / 8];
        let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes()).unwrap();
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

        let mut builder = ImageBuilder::new();
        let core = builder.core();
        assert_eq!([builder.sum(core, 0, 0), builder.sum(core, 1, 6)], [1, 2]);
        builder.sum(core + 1, 0, 0);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("core 1") && error.contains("cores: 1"), "{error}");
    }
}
