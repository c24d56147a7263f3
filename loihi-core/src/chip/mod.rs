//! A chip: many cores, the embedded CPU, and the mailboxes between it and the host.

mod part;
mod phases;
mod room;
mod snapshot;
mod state;
mod validate;
mod write;

use crate::arena::{Carver, Stack, TooSmall, aligned};
use crate::axon::{self, NoPrefetch, Prefetch};
use crate::compartment::set_registers;
use crate::feature::Feature;
use crate::image::{Image, Recorded, index};
use crate::meter::CoreCounts;
use crate::num::Drawn;
use crate::ops::OpCounts;
use crate::snip::{Mailboxes, Phase, Phases, SnipType, Snips};
use state::State;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub use part::{Computed, Cut, Part, Spare};
pub use snapshot::{HEADER_BYTES, SnapshotScope};

/// How much a reset takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
pub enum ResetScope {
    /// Currents, voltages, refractory periods, spikes under way, mailboxes, readouts. What was learned, the
    /// rates, the biases, the step number and the counts stay.
    State,
    /// Everything is as after loading: nothing learned, rates 0, biases of the image, step 0, counts 0, learning
    /// on.
    All,
}

/// Registers of a chip outside its memory; with the memory, all of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SnapshotHeader {
    t: u32,
    /// Lengths of the lists.
    spikes: u32,
    in_refractory: u32,
    arrived: u32,
    reward: i32,
    /// 0 or 1, as the next one.
    learning: u32,
    large_v: u32,
    metering: u32,
    settled: u32,
    reserved: u32,
    ops: OpCounts,
}

/// A chip that runs an image in the memory that it was given.
///
/// # Example
/// Two neurons: the first fires every third step from a bias, the second when it hears of it.
///
/// ```
/// use loihi_core::chip::Chip;
/// use loihi_core::image::{AxonRecord, Image, Profile, Section, Synapse, SynapseFormat, write};
/// use loihi_core::snip::Snips;
///
/// let profile = Profile { decay_v: 0, v_th: 640, ..Profile::DEFAULT };
/// let axon = AxonRecord {
///     core: 0,
///     format: SynapseFormat::Sparse,
///     sum: 0,
///     first: 0,
///     synapses: 1,
///     compartment_base: 0,
///     atoms: 1,
///     weight_bits: 8,
///     learning: 0,
/// };
/// let synapse = Synapse { compartment: 1, delay: 0, weight: 11 };
/// let sections = [
///     // One core of two compartments, in one group, with one slot.
///     (Section::Cores, &[0, 2, 0, 1, 1, 0, 0, 0][..]),
///     (Section::Profiles, &profile.words()),
///     (Section::Groups, &[2, 0, 1]),
///     (Section::Bias, &[300, 0]),
///     (Section::Axons, &axon.words().expect("every field fits")),
///     // Compartment 0 has a route, compartment 1 has none.
///     (Section::Fanout, &[0, 1, 1]),
///     (Section::Routes, &[0]),
///     (Section::Sparse, &[synapse.word()]),
/// ];
/// let mut words = [0; 100];
/// let length = write(&mut words, [0; 5], &sections).expect("it fits");
/// let image = Image::open(zerocopy::IntoBytes::as_bytes(&words[..length]), &Snips(&[])).expect("it is valid");
///
/// let mut memory = [0_u64; 128];
/// let mut chip = Chip::new(image, &[], zerocopy::IntoBytes::as_mut_bytes(&mut memory)).expect("it fits");
/// let fired: [Option<u32>; 5] = core::array::from_fn(|_| {
///     chip.step();
///     chip.spikes().first().copied()
/// });
/// assert_eq!(fired, [None, None, Some(0), Some(1), None]);
/// ```
#[derive(Debug)]
pub struct Chip<'a> {
    image: Image<'a>,
    /// Programs that its image may name.
    snips: Snips<'a>,
    /// Phases in which any of them runs.
    phases: Phases,
    /// Compartments of all cores.
    compartments: usize,
    state: State<'a>,
    t: u32,
    /// Whether a voltage of a plain compartment may lie outside `[−SMALL, SMALL)`.
    large_v: bool,
    learning: bool,
    /// What the cores' learning reads as r1.
    reward: i32,
    /// Programs whose biases stand; see [`Cpu::settle`].
    settled: u32,
    ops: OpCounts,
}

impl<'a> Chip<'a> {
    /// Bytes of memory that a chip with this image needs, if the memory starts at a multiple of eight; `snips` are the
    /// programs that the image may name.
    pub fn bytes_needed(image: &Image<'_>, snips: &[SnipType]) -> usize {
        let mut counting = Carver::counting();
        // Counting never runs out of memory.
        let _slices = State::carve(image, Snips(snips), &mut counting, [0; 3]);
        counting.used()
    }

    /// A chip at step 0. `snips` are the programs with which the image was opened.
    ///
    /// # Errors
    /// [`TooSmall`] with the bytes that [`Chip::bytes_needed`] asks for.
    pub fn new(image: Image<'a>, snips: &'a [SnipType], memory: &'a mut [u8]) -> Result<Self, TooSmall> {
        // What lies between the slices is kept with them.
        let needed = Self::bytes_needed(&image, snips).min(memory.len());
        aligned(memory).iter_mut().take(needed).for_each(|byte| *byte = 0);
        let mut chip = Self::resume(image, snips, memory, SnapshotHeader::start())?;
        chip.reset(ResetScope::All);
        Ok(chip)
    }

    /// Resumes a chip from its header, in the same memory and with the same programs.
    ///
    /// # Errors
    /// [`TooSmall`] as [`Chip::new`].
    pub fn resume(
        image: Image<'a>,
        snips: &'a [SnipType],
        memory: &'a mut [u8],
        from: SnapshotHeader,
    ) -> Result<Self, TooSmall> {
        let available = memory.len();
        let lists = [from.spikes, from.in_refractory, from.arrived].map(index);
        let state = State::carve(&image, Snips(snips), &mut Carver::new(memory), lists);
        let mut state = state.map_err(|_| TooSmall { needed: Self::bytes_needed(&image, snips), available })?;
        state.meter.on = from.metering != 0;
        let mut phases = Phases::NONE;
        for (to, slot) in state.instances.iter_mut().zip(Snips(snips).instances(&image)) {
            phases = phases.or(Snips(snips).program(&slot).map_or(Phases::NONE, SnipType::phases));
            *to = slot;
        }
        Ok(Self {
            image,
            snips: Snips(snips),
            phases,
            compartments: image.compartments(),
            state,
            t: from.t,
            large_v: from.large_v != 0,
            learning: from.learning != 0,
            reward: from.reward,
            settled: from.settled,
            ops: from.ops,
        })
    }

    /// What [`Chip::resume`] resumes from in the same memory.
    pub fn snapshot_header(&self) -> SnapshotHeader {
        // A list has fewer than 2^32 elements, since each has a number.
        let length = |list: &Stack<'_, u32>| u32::try_from(list.len()).unwrap_or(u32::MAX);
        SnapshotHeader {
            t: self.t,
            spikes: length(&self.state.spikes),
            in_refractory: length(&self.state.in_refractory),
            arrived: length(&self.state.plastic.arrived),
            reward: self.reward,
            learning: u32::from(self.learning),
            large_v: u32::from(self.large_v),
            metering: u32::from(self.state.meter.on),
            settled: self.settled,
            reserved: 0,
            ops: self.ops,
        }
    }

    /// Takes state back; see [`ResetScope`].
    pub fn reset(&mut self, scope: ResetScope) {
        self.state.reset(&self.image);
        self.large_v = !self.image.voltage_start.is_empty();
        self.reward = 0;
        self.settled = 0;
        for (number, slot) in self.state.instances.iter().enumerate() {
            let program = self.snips.program(slot).zip(self.image.snip_params(number));
            if let (Some((program, words)), Some(working)) = (program, self.state.working.get_mut(slot.working())) {
                program.reset(words, working);
            }
        }
        if scope == ResetScope::All {
            self.state.learned.fill(0);
            self.state.rates.fill(0);
            for [_, _, biases] in self.state.blocks.iter_mut() {
                biases.fill(0);
            }
            set_registers(&self.image, self.state.blocks, self.image.bias, |[_, _, register], bias| {
                *register = bias.wrapping_shl(8);
            });
            self.state.plastic.reset_synapses(&self.image);
            self.t = 0;
            self.learning = true;
            self.ops = OpCounts::default();
            self.state.meter.cores.fill(CoreCounts::default());
        }
    }

    /// Computes one step, all five phases of [`Phase`]. Cannot fail.
    // Inlined, so that a host can compile it for the wide registers that it finds.
    #[inline(always)]
    pub fn step(&mut self) {
        self.step_with(NoPrefetch);
    }

    /// The same; large networks' memory is asked for ahead.
    #[inline(always)]
    pub fn step_with<P: Prefetch>(&mut self, prefetch: P) {
        self.run_snips(Phase::Spk);
        self.deliver_spikes(prefetch);
        let drawn = Drawn { seed: self.image.seed };
        let image = self.image;
        let recorded = Feature::RecordedDraws.is_built_in() && image.recorded_draws().len() > 0;
        if recorded {
            self.update_cores(Recorded { image: &image, drawn }, image.cores());
        } else {
            self.update_cores(drawn, image.cores());
        }
        self.run_snips(Phase::PreMgmt);
        self.run_snips(Phase::Lrn);
        if image.learning().len() > 0 {
            if recorded {
                self.learn_as_recorded(Recorded { image: &image, drawn });
            } else {
                self.learn(drawn);
            }
        }
        self.run_snips(Phase::PostMgmt);
        self.run_snips(Phase::Host);
        self.t = self.t.wrapping_add(1);
        self.ops.steps = self.ops.steps.wrapping_add(1);
    }

    /// Sends a spike into an external input; it counts in the next step. Unknown inputs reach nothing.
    // Inlined for the same reason as a step.
    #[inline(always)]
    pub fn inject(&mut self, input: usize) {
        let source = self.compartments.saturating_add(input);
        if self.state.meter.on {
            self.meter_input(source);
        }
        let State { accumulators, plastic, .. } = &mut self.state;
        axon::deliver(&self.image, accumulators, plastic, self.t, source, &mut self.ops);
        self.ops.input_spikes = self.ops.input_spikes.wrapping_add(1);
    }

    /// Lets rules learn, or not.
    pub fn set_learning(&mut self, on: bool) {
        self.learning = on;
    }

    /// Lets every core be metered, or not; a reset changes nothing about it.
    pub fn set_metering(&mut self, on: bool) {
        self.state.meter.on = on;
    }

    /// What counts the executed instructions of the embedded CPU's programs, until the chip is suspended.
    pub fn set_clock(&mut self, clock: Option<fn() -> u64>) {
        self.state.meter.clock = clock;
    }

    /// Instructions that the embedded CPU's programs took since the clock was set, while metered; `None` without clock.
    pub fn snip_instructions(&self) -> Option<u64> {
        let meter = &self.state.meter;
        meter.clock.filter(|_| meter.on).map(|_| meter.snip_instructions)
    }

    /// The reward that the cores' learning reads as r1.
    pub fn reward(&self) -> i32 {
        self.reward
    }

    /// Keeps the sample in the mailboxes in a slot of the first program that keeps samples; nothing without one, or
    /// without the slot.
    pub fn keep(&mut self, slot: usize) {
        let State { instances, learned, stimulus, target, .. } = &mut self.state;
        for (number, own) in instances.iter().enumerate() {
            let Some((program, words)) = self.snips.program(own).zip(self.image.snip_params(number)) else { return };
            let learned = learned.get_mut(own.learned()).unwrap_or_default();
            if program.keep_sample(words, learned, slot, &Mailboxes { stimulus, target }) {
                return;
            }
        }
    }

    /// Puts the sample of a slot back into the mailboxes, named by the step number; nothing as [`Chip::keep`].
    pub fn recall(&mut self, slot: usize) {
        self.settled = 0;
        let State { instances, learned, stimulus, target, .. } = &mut self.state;
        for (number, own) in instances.iter().enumerate() {
            let Some((program, words)) = self.snips.program(own).zip(self.image.snip_params(number)) else { return };
            let learned = learned.get_mut(own.learned()).unwrap_or_default();
            if program.recall_sample(words, learned, slot, &mut Mailboxes { stimulus, target }, self.t) {
                return;
            }
        }
    }

    /// The mailbox for encoders.
    pub fn stimulus_mut(&mut self) -> &mut [i16] {
        // The caller may change it.
        self.settled = 0;
        self.state.stimulus
    }

    /// Words of the mailboxes: stimulus, target, output.
    pub fn mailbox_words(&self) -> [usize; 3] {
        [self.state.stimulus.len(), self.state.target.len(), self.state.output.len()]
    }

    /// The mailbox for learning rules.
    pub fn target_mut(&mut self) -> &mut [i16] {
        self.state.target
    }

    /// The mailbox of readouts.
    pub fn output(&self) -> &[i32] {
        self.state.output
    }

    /// The network.
    pub fn image(&self) -> &Image<'a> {
        &self.image
    }

    /// Steps computed since the last full reset; wraps at 2^32.
    pub fn t(&self) -> u32 {
        self.t
    }

    /// Whether rules may learn.
    pub fn learning(&self) -> bool {
        self.learning
    }

    /// Exact counts since the last full reset.
    pub fn ops(&self) -> &OpCounts {
        &self.ops
    }

    /// Compartments that fired in the last step, ascending.
    pub fn spikes(&self) -> &[u32] {
        self.state.spikes.as_slice()
    }

    /// What the snips have learned, in the order of the snips.
    pub fn learned(&self) -> &[i32] {
        self.state.learned
    }

    pub(crate) fn state(&self) -> &State<'a> {
        &self.state
    }
}
