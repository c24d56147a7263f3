//! A chip: many cores, the embedded CPU, the phases of a step.

mod keep;
mod sound;
mod state;
mod write;

use crate::arena::{Carver, Stack, TooSmall};
use crate::axon::{self, Arrivals};
use crate::compartment::{self, Compartments, Events, LANES, Moment};
use crate::dendrite::{self, SLOT, slot_start};
use crate::image::{CoreRecord, Image, Recorded};
use crate::learning::Lesson;
use crate::meter::CoreCounts;
use crate::num::{Drawn, RandomSource};
use crate::ops::OpCounts;
use crate::snip::{Cpu, Phase, ReplayBuffer, Snip as _, SnipKind};
use core::ops::Range;
use state::State;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub use keep::{HEADER_BYTES, Keep};
pub(crate) use state::registers;

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

/// What a chip remembers outside its memory; with the memory it is all of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Suspended {
    t: u32,
    /// Lengths of the lists.
    spikes: u32,
    resting: u32,
    arrived: u32,
    reward: i32,
    /// 0 or 1, as the next one.
    learning: u32,
    deep: u32,
    metering: u32,
    ops: OpCounts,
}

/// A chip that runs an image in the memory that it was given.
#[derive(Debug)]
pub struct Chip<'a> {
    image: Image<'a>,
    /// Compartments of all cores.
    compartments: usize,
    state: State<'a>,
    t: u32,
    /// Whether a voltage of a plain compartment may lie outside `[−SMALL, SMALL)`.
    deep: bool,
    learning: bool,
    /// What the cores' learning reads as r1.
    reward: i32,
    ops: OpCounts,
}

impl<'a> Chip<'a> {
    /// Bytes of memory that a chip with this image needs, if the memory starts at a multiple of eight.
    pub fn bytes_needed(image: &Image<'_>) -> usize {
        let mut counting = Carver::counting();
        // Counting never runs out of memory.
        let _slices = State::carve(image, &mut counting, [0; 3]);
        counting.used()
    }

    /// A chip at step 0.
    ///
    /// # Errors
    /// [`TooSmall`] with the bytes that [`Chip::bytes_needed`] asks for.
    pub fn new(image: Image<'a>, memory: &'a mut [u8]) -> Result<Self, TooSmall> {
        // What lies between the slices is kept with them.
        memory.fill(0);
        let mut chip = Self::resume(image, memory, Suspended::start())?;
        chip.reset(ResetScope::All);
        Ok(chip)
    }

    /// Goes on with a chip that was suspended, in the same memory.
    ///
    /// # Errors
    /// [`TooSmall`] as [`Chip::new`].
    pub fn resume(image: Image<'a>, memory: &'a mut [u8], from: Suspended) -> Result<Self, TooSmall> {
        let available = memory.len();
        let lists = [from.spikes, from.resting, from.arrived].map(crate::image::index);
        let state = State::carve(&image, &mut Carver::new(memory), lists);
        let mut state = state.map_err(|_| TooSmall { needed: Self::bytes_needed(&image), available })?;
        state.arrivals.meter.on = from.metering != 0;
        Ok(Self {
            image,
            compartments: image.compartments(),
            state,
            t: from.t,
            deep: from.deep != 0,
            learning: from.learning != 0,
            reward: from.reward,
            ops: from.ops,
        })
    }

    /// What [`Chip::resume`] goes on from in the same memory.
    pub fn suspended(&self) -> Suspended {
        // A list has fewer than 2^32 elements, since each has a number.
        let length = |list: &Stack<'_, u32>| u32::try_from(list.len()).unwrap_or(u32::MAX);
        Suspended {
            t: self.t,
            spikes: length(&self.state.spikes),
            resting: length(&self.state.resting),
            arrived: length(&self.state.arrivals.plastic.arrived),
            reward: self.reward,
            learning: u32::from(self.learning),
            deep: u32::from(self.deep),
            metering: u32::from(self.state.arrivals.meter.on),
            ops: self.ops,
        }
    }

    /// Takes state back; see [`ResetScope`].
    pub fn reset(&mut self, scope: ResetScope) {
        self.state.reset(&self.image);
        self.deep = !self.image.voltage_start.is_empty();
        self.reward = 0;
        let mut working_first = 0_usize;
        for snip in self.image.snips().filter_map(|record| SnipKind::from_record(&record)) {
            let end = working_first.saturating_add(snip.working_words());
            if let Some(working) = self.state.working.get_mut(working_first..end) {
                snip.reset(working);
            }
            working_first = end;
        }
        if scope == ResetScope::All {
            self.state.learned.fill(0);
            self.state.rates.fill(0);
            for [_, _, biases] in self.state.blocks.iter_mut() {
                biases.fill(0);
            }
            for (compartment, bias) in self.image.bias.iter().enumerate() {
                if let Some([_, _, register]) = registers(&self.image, self.state.blocks, compartment) {
                    *register = bias.wrapping_shl(8);
                }
            }
            self.state.arrivals.plastic.reset_synapses(&self.image);
            self.t = 0;
            self.learning = true;
            self.ops = OpCounts::default();
            self.state.arrivals.meter.cores.fill(CoreCounts::default());
        }
    }

    /// Computes one step, all five phases of [`Phase`]. Cannot fail.
    // Inlined, so that a host can compile it for the wide registers that it finds.
    #[inline(always)]
    pub fn step(&mut self) {
        self.run_snips(Phase::Spk);
        self.deliver_spikes();
        let drawn = Drawn { seed: self.image.seed };
        let image = self.image;
        if image.tapes().len() == 0 {
            self.update_cores(drawn);
        } else {
            self.update_cores(Recorded { image: &image, drawn });
        }
        self.run_snips(Phase::PreMgmt);
        self.run_snips(Phase::Lrn);
        if image.learning().len() > 0 {
            if image.tapes().len() == 0 {
                self.learn(drawn);
            } else {
                self.learn_as_recorded(Recorded { image: &image, drawn });
            }
        }
        self.run_snips(Phase::PostMgmt);
        self.run_snips(Phase::Host);
        self.t = self.t.wrapping_add(1);
        self.ops.steps = self.ops.steps.wrapping_add(1);
    }

    /// Sends a spike into an external input; it counts in the next step. Unknown inputs reach nothing.
    pub fn inject(&mut self, input: usize) {
        let source = self.compartments.saturating_add(input);
        if self.state.arrivals.meter.on {
            self.meter_input(source);
        }
        axon::deliver(&self.image, &mut self.state.arrivals, self.t, source, &mut self.ops);
        self.ops.input_spikes = self.ops.input_spikes.wrapping_add(1);
    }

    /// Lets rules learn, or not.
    pub fn set_learning(&mut self, on: bool) {
        self.learning = on;
    }

    /// Lets every core be metered, or not; a reset changes nothing about it.
    pub fn set_metering(&mut self, on: bool) {
        self.state.arrivals.meter.on = on;
    }

    /// What counts the executed instructions of the embedded CPU's programs, until the chip is suspended.
    pub fn set_clock(&mut self, clock: Option<fn() -> u64>) {
        self.state.arrivals.meter.clock = clock;
    }

    /// Instructions that the embedded CPU's programs took since the clock was set, while metered; `None` without clock.
    pub fn snip_instructions(&self) -> Option<u64> {
        let meter = &self.state.arrivals.meter;
        meter.clock.filter(|_| meter.on).map(|_| meter.snip_instructions)
    }

    /// The reward that the cores' learning reads as r1.
    pub fn reward(&self) -> i32 {
        self.reward
    }

    /// Keeps the sample in the mailboxes in a slot of the image's first [`ReplayBuffer`]; nothing without one, or
    /// without the slot.
    pub fn keep(&mut self, slot: usize) {
        if let Some((buffer, learned)) = self.replay_buffer() {
            let learned = self.state.learned.get_mut(learned).unwrap_or_default();
            buffer.keep(learned, slot, self.state.stimulus, self.state.target);
        }
    }

    /// Puts the sample of a slot back into the mailboxes, named by the step number; nothing as [`Chip::keep`].
    pub fn recall(&mut self, slot: usize) {
        if let Some((buffer, learned)) = self.replay_buffer() {
            let learned = self.state.learned.get_mut(learned).unwrap_or_default();
            buffer.recall(learned, slot, self.state.stimulus, self.state.target, self.t);
        }
    }

    /// The first replay buffer, and where its slots are.
    fn replay_buffer(&self) -> Option<(ReplayBuffer, Range<usize>)> {
        let mut first = 0_usize;
        for snip in self.image.snips().filter_map(|record| SnipKind::from_record(&record)) {
            let end = first.saturating_add(snip.learned_words());
            if let SnipKind::ReplayBuffer(buffer) = snip {
                return Some((buffer, first..end));
            }
            first = end;
        }
        None
    }

    /// The mailbox for encoders.
    pub fn stimulus_mut(&mut self) -> &mut [i16] {
        self.state.stimulus
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

    #[inline(always)]
    fn deliver_spikes(&mut self) {
        if self.state.arrivals.meter.on {
            self.meter_deliveries();
        }
        for &spike in self.state.spikes.as_slice() {
            let source = crate::image::index(spike);
            axon::deliver(&self.image, &mut self.state.arrivals, self.t, source, &mut self.ops);
        }
        self.state.spikes.clear();
        if self.image.sums().len() > 0 {
            self.join_sums();
        }
    }

    /// Lets the sums kept apart join those of their cores.
    #[cold]
    fn join_sums(&mut self) {
        let accumulators = &mut self.state.arrivals.accumulators;
        for sum in self.image.sums() {
            let Some(core) = self.image.core(sum.core) else { continue };
            let slots = |first: usize| {
                let begin = first.wrapping_mul(SLOT);
                begin..begin.wrapping_add(core.slots.wrapping_mul(SLOT))
            };
            let apart = accumulators.apart.get_mut(slots(sum.slot_first)).unwrap_or_default();
            let joining = accumulators.joining.get_mut(slots(core.slot_first)).unwrap_or_default();
            dendrite::join(&sum, apart, joining);
        }
    }

    #[inline(always)]
    fn update_cores<R: RandomSource + Copy>(&mut self, random: R) {
        let shallow = !core::mem::take(&mut self.deep);
        let mut block_first = 0_usize;
        let metering = self.state.arrivals.meter.on;
        for (number, core) in self.image.cores().enumerate() {
            if metering {
                self.meter_core(number, &core, block_first);
            }
            // The image's check guarantees that every slice of a core is there.
            let _all_there = self.update_core(random, shallow, &core, block_first);
            block_first = block_first.wrapping_add(core.blocks());
        }
        compartment::rest(&mut self.state.resting, self.state.blocks, self.state.refractory);
        self.ops.spikes = self.ops.spikes.wrapping_add(self.state.spikes.len() as u64);
        if metering {
            self.meter_spikes();
        }
    }

    /// Counts what a spike from outside does.
    #[cold]
    #[inline(never)]
    fn meter_input(&mut self, source: usize) {
        self.state.arrivals.meter.count_arrivals(&self.image, source);
    }

    /// Counts what the spikes of the last step do.
    #[cold]
    #[inline(never)]
    fn meter_deliveries(&mut self) {
        for &spike in self.state.spikes.as_slice() {
            self.state.arrivals.meter.count_arrivals(&self.image, crate::image::index(spike));
        }
    }

    /// Counts the compartments of a core that have something to do in this step.
    #[cold]
    #[inline(never)]
    fn meter_core(&mut self, number: usize, core: &CoreRecord, block_first: usize) {
        let blocks = block_first..block_first.wrapping_add(core.blocks());
        let blocks = self.state.blocks.get(blocks).unwrap_or_default();
        let slot = core.slot_first.wrapping_mul(SLOT).wrapping_add(slot_start(self.t, core.slots));
        let Arrivals { accumulators, meter, .. } = &mut self.state.arrivals;
        let sums_64 = accumulators.rings_64.get(slot..).unwrap_or_default();
        let joining = if core.sums == 0 { &[][..] } else { accumulators.joining.get(slot..).unwrap_or_default() };
        meter.count_active(&self.image, number, core, blocks, sums_64, joining);
    }

    /// Counts the spikes of every core.
    #[cold]
    #[inline(never)]
    fn meter_spikes(&mut self) {
        let mut spikes = self.state.spikes.as_slice();
        for (core, counts) in self.image.cores().zip(self.state.arrivals.meter.cores.iter_mut()) {
            let end = core.compartment_first.wrapping_add(core.compartments);
            let of_core = spikes.partition_point(|spike| crate::image::index(*spike) < end);
            counts.spikes = counts.spikes.wrapping_add(u32::try_from(of_core).unwrap_or(u32::MAX));
            spikes = spikes.get(of_core..).unwrap_or_default();
        }
    }

    #[inline(always)]
    fn update_core<R: RandomSource + Copy>(
        &mut self,
        random: R,
        shallow: bool,
        core: &CoreRecord,
        block_first: usize,
    ) -> Option<()> {
        let state = &mut self.state;
        let slot = core.slot_first.checked_mul(SLOT)?.checked_add(slot_start(self.t, core.slots))?;
        let place_first = block_first.checked_mul(LANES)?;
        let joining =
            if core.sums == 0 { Some(&mut [][..]) } else { state.arrivals.accumulators.joining.get_mut(slot..) };
        let mut compartments = Compartments {
            blocks: state.blocks.get_mut(block_first..block_first.checked_add(core.blocks())?)?,
            refractory: state.refractory.get_mut(place_first..)?,
            sums_64: state.arrivals.accumulators.rings_64.get_mut(slot..slot.checked_add(SLOT)?)?,
            joining: joining?,
            adaptations: state.adaptations.get_mut(place_first..).unwrap_or_default(),
        };
        let mut events = Events {
            spikes: &mut state.spikes,
            resting: &mut state.resting,
            deep: &mut self.deep,
            compartment_first: u32::try_from(core.compartment_first).ok()?,
            place_first: u32::try_from(place_first).ok()?,
        };
        let mut from = 0_usize;
        for group in self.image.groups(core) {
            let end = from.checked_add(group.compartments)?;
            let last = end == core.compartments;
            let moment = Moment { t: self.t, biased: !self.image.bias.is_empty(), shallow, last, random };
            let pattern = self.image.pattern(&group);
            compartment::update(&moment, &group, pattern, from, &mut compartments, &mut events);
            from = end;
        }
        self.ops.compartment_updates = self.ops.compartment_updates.wrapping_add(core.compartments as u64);
        Some(())
    }

    #[inline(always)]
    fn learn<R: RandomSource + Copy>(&mut self, random: R) {
        let spikes = self.state.spikes.as_slice();
        let lesson = Lesson {
            image: &self.image,
            t: self.t,
            spikes,
            reward: self.reward,
            learning: self.learning,
            rates: self.state.rates,
            random,
        };
        let Arrivals { plastic, meter, .. } = &mut self.state.arrivals;
        lesson.run(plastic, meter, &mut self.ops);
    }

    #[inline(never)]
    fn learn_as_recorded(&mut self, recorded: Recorded<'_, '_>) {
        self.learn(recorded);
    }

    fn run_snips(&mut self, phase: Phase) {
        if self.state.arrivals.meter.on {
            self.state.arrivals.meter.resume();
        }
        self.run_all_snips(phase);
        if self.state.arrivals.meter.on {
            self.state.arrivals.meter.stop();
        }
    }

    fn run_all_snips(&mut self, phase: Phase) {
        let (mut learned_first, mut working_first) = (0_usize, 0_usize);
        let rates = self.state.rates.get(self.image.learning().len()..).unwrap_or_default();
        for (record, rate) in self.image.snips().zip(rates) {
            // The check of the image knows every kind.
            let Some(snip) = SnipKind::from_record(&record) else { continue };
            let learned_end = learned_first.saturating_add(snip.learned_words());
            let working_end = working_first.saturating_add(snip.working_words());
            let mut cpu = Cpu {
                image: &self.image,
                t: self.t,
                spikes: self.state.spikes.as_slice(),
                stimulus: self.state.stimulus,
                target: self.state.target,
                output: self.state.output,
                learning: self.learning,
                rate: *rate,
                reward: &mut self.reward,
                learned: self.state.learned.get_mut(learned_first..learned_end).unwrap_or_default(),
                working: self.state.working.get_mut(working_first..working_end).unwrap_or_default(),
                ops: &mut self.ops,
                blocks: self.state.blocks,
                arrivals: &mut self.state.arrivals,
            };
            snip.run(phase, &mut cpu);
            (learned_first, working_first) = (learned_end, working_end);
        }
    }
}
