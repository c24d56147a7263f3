//! All registers of a chip, as slices of one memory, in an order that does not depend on the target.

use crate::arena::{Carver, Stack, TooSmall};
use crate::compartment::{Adaptation, Block, set_registers};
use crate::dendrite::{Accumulators, Own};
use crate::image::{CoreRecord, Image, LANES};
use crate::meter::Meter;
use crate::plastic::{self, Lengths, Plastic};
use crate::snip::{Instance, Snips};
use crate::synapse::view_length;

/// The registers, core after core.
#[derive(Debug)]
pub(crate) struct State<'a> {
    /// What the snips have learned, in their order.
    pub(crate) learned: &'a mut [i32],
    /// What else the snips remember, in their order.
    pub(crate) working: &'a mut [i32],
    /// Currents, voltages and biases: per core whole blocks.
    pub(crate) blocks: &'a mut [Block],
    /// Refractory steps left, by place.
    pub(crate) refractory: &'a mut [u8],
    /// Thresholds and activities, by place; empty if no compartment has homeostasis.
    pub(crate) adaptations: &'a mut [Adaptation],
    /// Dendritic accumulators, in which spikes arrive.
    pub(crate) accumulators: Accumulators<'a>,
    /// Plastic synapses.
    pub(crate) plastic: Plastic<'a>,
    /// What is counted of every core.
    pub(crate) meter: Meter<'a>,
    /// Compartments that fired in the last step.
    pub(crate) spikes: Stack<'a, u32>,
    /// Places of the compartments that are refractory.
    pub(crate) in_refractory: Stack<'a, u32>,
    /// Powers of two by which what is learned is scaled: one per plastic group, then one per snip.
    pub(crate) rates: &'a mut [i32],
    /// Mailbox for encoders.
    pub(crate) stimulus: &'a mut [i16],
    /// Mailbox for learning rules.
    pub(crate) target: &'a mut [i16],
    /// Mailbox of readouts.
    pub(crate) output: &'a mut [i32],
    /// Bytes of all that is above: what can be kept of the memory.
    pub(crate) snapshot_bytes: usize,
    /// The programs, in their order: found again whenever the chip is resumed, and no state of its own.
    pub(crate) instances: &'a mut [Instance],
}

impl<'a> State<'a> {
    /// Carves the registers; the stacks begin with as many elements as they had.
    pub(crate) fn carve(
        image: &Image<'_>,
        snips: Snips<'_>,
        carver: &mut Carver<'a>,
        [spikes, in_refractory, arrived]: [usize; 3],
    ) -> Result<Self, TooSmall> {
        let compartments = image.compartments();
        let blocks = image.cores().map(|core| core.blocks()).fold(0, usize::saturating_add);
        let auxiliary_input = image.cores().map(|core| core.accumulators()).fold(0, usize::saturating_add);
        let auxiliary_input = if image.sums().len() == 0 { 0 } else { auxiliary_input };
        let auxiliary = image.sums().filter_map(|sum| image.core(sum.core)).map(|core| core.accumulators());
        let auxiliary = auxiliary.fold(0, usize::saturating_add);
        let adaptive = image.profiles().any(|profile| profile.homeostasis.is_some());
        let lengths = plastic::lengths(image);
        let places = blocks.saturating_mul(LANES);
        let (learned, [weights, tags, delays]) = Self::carve_learned(image, snips, carver)?;
        let [_, working] = snips.memory_words(image);
        Ok(Self {
            learned,
            working: carver.take(working)?,
            blocks: carver.take(blocks)?,
            refractory: carver.take(places)?,
            adaptations: carver.take(if adaptive { places } else { 0 })?,
            accumulators: Accumulators {
                rings_64: carver.take(ring_length(image))?,
                auxiliary_input: carver.take(auxiliary_input)?,
                auxiliary: carver.take(auxiliary)?,
                own: Own::ALL,
            },
            plastic: Plastic {
                weights,
                tags,
                delays,
                pre: carver.take(lengths.axons)?,
                post: carver.take(lengths.posts)?,
                history: carver.take(lengths.history)?,
                arrived: Stack::with_len(carver.take(lengths.axons.saturating_mul(2))?, arrived),
                before: [0; 3],
            },
            meter: Meter {
                on: false,
                clock: None,
                snip_instructions: 0,
                since: 0,
                cores: carver.take(image.cores().len())?,
            },
            spikes: Stack::with_len(carver.take(compartments)?, spikes),
            in_refractory: Stack::with_len(carver.take(compartments)?, in_refractory),
            rates: carver.take(image.learning().len().saturating_add(image.snips().len()))?,
            stimulus: carver.take(image.stimulus_words)?,
            target: carver.take(image.target_words)?,
            output: carver.take(image.output_words)?,
            snapshot_bytes: carver.used(),
            instances: carver.take(image.snips().len())?,
        })
    }

    /// No state at all.
    pub(super) fn nothing() -> Self {
        Self {
            learned: &mut [],
            working: &mut [],
            blocks: &mut [],
            refractory: &mut [],
            adaptations: &mut [],
            accumulators: Accumulators {
                rings_64: &mut [],
                auxiliary_input: &mut [],
                auxiliary: &mut [],
                own: Own::ALL,
            },
            plastic: Plastic::nothing(),
            meter: Meter { on: false, clock: None, snip_instructions: 0, since: 0, cores: &mut [] },
            spikes: Stack::with_len(&mut [], 0),
            in_refractory: Stack::with_len(&mut [], 0),
            rates: &mut [],
            stimulus: &mut [],
            target: &mut [],
            output: &mut [],
            snapshot_bytes: 0,
            instances: &mut [],
        }
    }

    /// What the cores have, lent out.
    pub(super) fn of_cores(&mut self) -> State<'_> {
        let Accumulators { rings_64, auxiliary_input, auxiliary, own } = &mut self.accumulators;
        let Plastic { weights, tags, delays, pre, post, history, arrived, before } = &mut self.plastic;
        State {
            blocks: self.blocks,
            refractory: self.refractory,
            adaptations: self.adaptations,
            accumulators: Accumulators { rings_64, auxiliary_input, auxiliary, own: *own },
            plastic: Plastic {
                weights,
                tags,
                delays,
                pre,
                post,
                history,
                arrived: arrived.reborrow(),
                before: *before,
            },
            spikes: self.spikes.reborrow(),
            in_refractory: self.in_refractory.reborrow(),
            rates: self.rates,
            ..State::nothing()
        }
    }

    /// Carves what is learned, which comes first, so that it can be kept in one piece: that of the snips, and weights,
    /// tags and delays as far as rules use them.
    pub(super) fn carve_learned(
        image: &Image<'_>,
        snips: Snips<'_>,
        carver: &mut Carver<'a>,
    ) -> Result<(&'a mut [i32], [&'a mut [i16]; 3]), TooSmall> {
        let Lengths { synapses, tags, delays, .. } = plastic::lengths(image);
        let [learned, _] = snips.memory_words(image);
        let learned = carver.take(learned)?;
        Ok((learned, [carver.take(synapses)?, carver.take(tags)?, carver.take(delays)?]))
    }

    /// Everything but what was learned, the rates, the biases and the snips' working memory to where the image begins.
    pub(crate) fn reset(&mut self, image: &Image<'_>) {
        for [currents, voltages, _] in self.blocks.iter_mut() {
            currents.fill(0);
            voltages.fill(0);
        }
        set_registers(image, self.blocks, image.current_start, |[register, _, _], u| *register = u.wrapping_shl(8));
        set_registers(image, self.blocks, image.voltage_start, |[_, register, _], v| *register = v);
        self.reset_adaptations(image);
        self.refractory.fill(0);
        self.accumulators.rings_64.fill(0);
        self.accumulators.auxiliary_input.fill(0);
        self.accumulators.auxiliary.fill(0);
        self.plastic.reset_traces();
        self.spikes.clear();
        self.in_refractory.clear();
        self.stimulus.fill(0);
        self.target.fill(0);
        self.output.fill(0);
    }

    /// Thresholds as in the profiles, no activity.
    fn reset_adaptations(&mut self, image: &Image<'_>) {
        let mut place_first = 0_usize;
        for core in image.cores() {
            let mut place = place_first;
            for group in image.groups(&core) {
                let pattern = image.pattern(&group);
                let profiles = (0..pattern.len()).filter_map(|at| pattern.get(at)).cycle();
                let adaptations = self.adaptations.get_mut(place..).unwrap_or_default();
                for (adaptation, profile) in adaptations.iter_mut().zip(profiles).take(group.compartments) {
                    *adaptation = Adaptation { v_th: profile.v_th, activity: 0 };
                }
                place = place.wrapping_add(group.compartments);
            }
            place_first = place_first.wrapping_add(core.blocks().wrapping_mul(LANES));
        }
    }
}

/// Accumulators of all cores, and what must be there to be looked at behind a ring of one slot.
fn ring_length(image: &Image<'_>) -> usize {
    let end = |core: CoreRecord| {
        let length = if core.slots == 1 { view_length(core.slot_length()) } else { core.accumulators() };
        core.accumulator_first.saturating_add(length)
    };
    image.cores().filter(|core| core.compartments > 0).map(end).max().unwrap_or(0)
}
