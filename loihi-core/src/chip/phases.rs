//! The phases of a step: spikes arrive, cores update and learn, programs of the embedded CPU run; and what metering counts
//! of them.

use super::Chip;
use super::state::State;
use crate::axon::{self, Prefetch};
use crate::compartment::{self, Compartments, Events, StepContext};
use crate::dendrite;
use crate::feature::Feature;
use crate::image::{CoreRecord, LANES, Recorded, index};
use crate::learning::LearningStep;
use crate::num::RandomSource;
use crate::snip::{Cpu, Phase};

impl Chip<'_> {
    #[inline(always)]
    pub(super) fn deliver_spikes<P: Prefetch>(&mut self, prefetch: P) {
        if self.state.meter.on {
            self.meter_deliveries();
        }
        let State { accumulators, plastic, spikes, .. } = &mut self.state;
        axon::deliver_all(&self.image, accumulators, plastic, self.t, (0, spikes.as_slice()), &mut self.ops, prefetch);
        self.state.spikes.clear();
        if self.image.sums().len() > 0 {
            self.join_sums();
        }
    }

    /// Adds auxiliary accumulators to the synaptic sums of their cores.
    #[cold]
    pub(super) fn join_sums(&mut self) {
        let accumulators = &mut self.state.accumulators;
        let own = accumulators.own;
        for sum in self.image.sums().filter(|sum| own.has(sum.core)).map(|sum| own.placed_sum(sum)) {
            let Some(core) = self.image.core(sum.core).map(|core| own.placed(core)) else { continue };
            let auxiliary = accumulators.auxiliary.get_mut(core.ring_of(&sum)).unwrap_or_default();
            let auxiliary_input = accumulators.auxiliary_input.get_mut(core.ring()).unwrap_or_default();
            dendrite::add_auxiliary(&sum, auxiliary, auxiliary_input);
        }
    }

    #[inline(always)]
    pub(super) fn update_cores<R: RandomSource + Copy>(&mut self, random: R, cores: impl Iterator<Item = CoreRecord>) {
        let small_v = !core::mem::take(&mut self.large_v);
        let mut block_first = 0_usize;
        let metering = self.state.meter.on;
        for (number, core) in cores.enumerate() {
            if metering {
                self.meter_core(number, &core, block_first);
            }
            // The image's check guarantees that every slice of a core is there.
            let _all_there = self.update_core(random, small_v, &core, block_first);
            block_first = block_first.wrapping_add(core.blocks());
        }
        compartment::count_refractory(&mut self.state.in_refractory, self.state.blocks, self.state.refractory);
        self.ops.spikes = self.ops.spikes.wrapping_add(self.state.spikes.len() as u64);
        if metering {
            self.meter_spikes();
        }
    }

    /// Counts what a spike from outside does.
    #[cold]
    #[inline(never)]
    pub(super) fn meter_input(&mut self, source: usize) {
        self.state.meter.count_arrivals(&self.image, source);
    }

    /// Counts what the spikes of the last step do.
    #[cold]
    #[inline(never)]
    fn meter_deliveries(&mut self) {
        for &spike in self.state.spikes.as_slice() {
            self.state.meter.count_arrivals(&self.image, index(spike));
        }
    }

    /// Counts the compartments of a core that have something to do in this step.
    #[cold]
    #[inline(never)]
    fn meter_core(&mut self, number: usize, core: &CoreRecord, block_first: usize) {
        let blocks = block_first..block_first.wrapping_add(core.blocks());
        let slot = core.accumulator_first.wrapping_add(core.slot_start(self.t));
        let State { blocks: all, accumulators, meter, .. } = &mut self.state;
        let blocks = all.get(blocks).unwrap_or_default();
        let sums_64 = accumulators.rings_64.get(slot..).unwrap_or_default();
        let auxiliary_input =
            if core.sums == 0 { &[][..] } else { accumulators.auxiliary_input.get(slot..).unwrap_or_default() };
        meter.count_active(&self.image, number, core, blocks, sums_64, auxiliary_input);
    }

    /// Counts the spikes of every core.
    #[cold]
    #[inline(never)]
    fn meter_spikes(&mut self) {
        let mut spikes = self.state.spikes.as_slice();
        for (core, counts) in self.image.cores().zip(self.state.meter.cores.iter_mut()) {
            let end = core.compartment_first.wrapping_add(core.compartments);
            let of_core = spikes.partition_point(|spike| index(*spike) < end);
            counts.spikes = counts.spikes.wrapping_add(u32::try_from(of_core).unwrap_or(u32::MAX));
            spikes = spikes.get(of_core..).unwrap_or_default();
        }
    }

    #[inline(always)]
    fn update_core<R: RandomSource + Copy>(
        &mut self,
        random: R,
        small_v: bool,
        core: &CoreRecord,
        block_first: usize,
    ) -> Option<()> {
        let state = &mut self.state;
        let slot = core.accumulator_first.checked_add(core.slot_start(self.t))?;
        let place_first = block_first.checked_mul(LANES)?;
        let auxiliary_input =
            if core.sums == 0 { Some(&mut [][..]) } else { state.accumulators.auxiliary_input.get_mut(slot..) };
        let mut compartments = Compartments {
            blocks: state.blocks.get_mut(block_first..block_first.checked_add(core.blocks())?)?,
            refractory: state.refractory.get_mut(place_first..)?,
            sums_64: state.accumulators.rings_64.get_mut(slot..slot.checked_add(core.slot_length())?)?,
            auxiliary_input: auxiliary_input?,
            adaptations: state.adaptations.get_mut(place_first..).unwrap_or_default(),
        };
        let mut events = Events {
            spikes: &mut state.spikes,
            in_refractory: &mut state.in_refractory,
            large_v: &mut self.large_v,
            compartment_first: u32::try_from(core.compartment_first).ok()?,
            place_first: u32::try_from(place_first).ok()?,
        };
        let mut from = 0_usize;
        for group in self.image.groups(core) {
            let end = from.checked_add(group.compartments)?;
            let last = end == core.compartments;
            let context = StepContext { t: self.t, biased: !self.image.bias.is_empty(), small_v, last, random };
            let pattern = self.image.pattern(&group);
            compartment::update(&context, &group, pattern, from, &mut compartments, &mut events);
            from = end;
        }
        self.ops.compartment_updates = self.ops.compartment_updates.wrapping_add(core.compartments as u64);
        Some(())
    }

    /// Without the learning engine, only the embedded CPU changes the image's groups, and they have no traces.
    #[inline(always)]
    pub(super) fn learn<R: RandomSource + Copy>(&mut self, random: R) {
        let State { spikes, rates, plastic, meter, accumulators, .. } = &mut self.state;
        let learning_step = LearningStep {
            image: &self.image,
            t: self.t,
            spikes: spikes.as_slice(),
            reward: self.reward,
            learning: self.learning,
            rates,
            random,
            own: accumulators.own,
        };
        if Feature::Learning.is_built_in() {
            learning_step.run(plastic, meter, &mut self.ops);
        } else {
            plastic.arrived.clear();
        }
    }

    #[inline(never)]
    pub(super) fn learn_as_recorded(&mut self, recorded: Recorded<'_, '_>) {
        self.learn(recorded);
    }

    #[inline]
    pub(super) fn run_snips(&mut self, phase: Phase) {
        if self.phases.has(phase) {
            self.run_snips_of(phase);
        }
    }

    #[inline(never)]
    fn run_snips_of(&mut self, phase: Phase) {
        if self.state.meter.on {
            self.state.meter.resume();
        }
        let mut own = 1_u32;
        let rates = self.state.rates.get(self.image.learning().len()..).unwrap_or_default();
        for ((slot, rate), number) in self.state.instances.iter().zip(rates).zip(0_usize..) {
            let program = self.snips.program(slot).filter(|program| program.phases().has(phase));
            if let (Some(program), Some(words)) = (program, self.image.snip_params(number)) {
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
                    learned: self.state.learned.get_mut(slot.learned()).unwrap_or_default(),
                    working: self.state.working.get_mut(slot.working()).unwrap_or_default(),
                    ops: &mut self.ops,
                    blocks: self.state.blocks,
                    plastic: &mut self.state.plastic,
                    accumulators: &mut self.state.accumulators,
                    meter: &mut self.state.meter,
                    settled: &mut self.settled,
                    own,
                };
                program.run(words, phase, &mut cpu);
            }
            own <<= 1;
        }
        if self.state.meter.on {
            self.state.meter.stop();
        }
    }
}
