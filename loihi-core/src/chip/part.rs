//! Parts of a chip that are computed apart, each by a thread of its own: runs of cores with all their state.
//!
//! In a step a part needs nothing of the others but which of their compartments fired in the step before. Random numbers are drawn
//! for compartments, axons and synapses as they are numbered on the chip, so the bits do not depend on the division.

use super::Chip;
use super::room::Room;
use super::state::State;
use crate::arena::{Carver, TooSmall};
use crate::axon::{self, NoPrefetch, Prefetch};
use crate::feature::{Feature, PARTS};
use crate::image::{CoreRecord, Image, LANES, Recorded, index};
use crate::num::Drawn;
use crate::ops::OpCounts;
use crate::plastic;
use crate::snip::{Phases, Snips};
use crate::synapse::view_length;
use core::mem;

/// Where the state of a chip can be divided: before a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    core: usize,
    compartments: usize,
    blocks: usize,
    rings: usize,
    auxiliary: usize,
    /// The first core before it behind whose ring of one slot there is too little before the cut.
    short_first: usize,
    /// Axons, synapses and post traces.
    plastic: [usize; 3],
}

impl Cut {
    /// Before a core; `None` if the state of the cores before it does not lie before that of the others, or if there are no others.
    pub fn before(image: &Image<'_>, core: usize) -> Option<Self> {
        let filled = || image.cores().enumerate().filter(|(_, record)| record.compartments > 0);
        let (front, back) =
            (|| filled().take_while(|(at, _)| *at < core), || filled().skip_while(|(at, _)| *at < core));
        let (_, first) = back().next()?;
        let rings = back().map(|(_, record)| record.accumulator_first).min()?;
        let sums = || image.sums().skip_while(|sum| sum.core < core);
        let auxiliary = sums().map(|sum| sum.accumulator_first).min().unwrap_or(usize::MAX);
        let groups = || image.learning().skip_while(|group| group.core < core);
        let all = plastic::lengths(image);
        let plastic = groups().next().map_or([all.axons, all.synapses, all.posts], |group| group.before);
        let in_order = front().all(|(_, record)| {
            let end = record.compartment_first.saturating_add(record.compartments);
            record.ring().end <= rings && end <= first.compartment_first
        });
        let cores_in_order = sums().all(|sum| sum.core >= core) && groups().all(|group| group.core >= core);
        let sums_in_order = image.sums().take_while(|sum| sum.core < core).all(|sum| sum.accumulator_first < auxiliary);
        let blocks = image.cores().take(core).map(|record| record.blocks()).fold(0, usize::saturating_add);
        let is_short = |record: &CoreRecord| {
            let view = view_length(record.slot_length()).saturating_add(record.accumulator_first);
            record.slots == 1 && view > rings
        };
        let short_first = front().find(|(_, record)| is_short(record)).map_or(usize::MAX, |(at, _)| at);
        let compartments = first.compartment_first;
        (in_order && cores_in_order && sums_in_order).then_some(Self {
            core,
            compartments,
            blocks,
            rings,
            auxiliary,
            short_first,
            plastic,
        })
    }

    /// Counted from another one before it.
    const fn since(&self, first: &Self) -> Self {
        let [axons, synapses, posts] = self.plastic;
        let [axons_before, synapses_before, posts_before] = first.plastic;
        Self {
            core: self.core.wrapping_sub(first.core),
            compartments: self.compartments.wrapping_sub(first.compartments),
            blocks: self.blocks.wrapping_sub(first.blocks),
            rings: self.rings.wrapping_sub(first.rings),
            auxiliary: self.auxiliary.wrapping_sub(first.auxiliary),
            short_first: self.short_first,
            plastic: [
                axons.wrapping_sub(axons_before),
                synapses.wrapping_sub(synapses_before),
                posts.wrapping_sub(posts_before),
            ],
        }
    }
}

/// Memory of a part besides its share of the chip's: [`Spare::lengths`] elements each, zeros.
#[derive(Debug)]
pub struct Spare<'p> {
    /// Room for post traces.
    pub history: &'p mut [i16],
    /// Room for the numbers of axons.
    pub arrived: &'p mut [u32],
    /// Room for the rates of what is learned.
    pub rates: &'p mut [i32],
}

impl Spare<'_> {
    /// Elements of `history`, `arrived` and `rates`.
    pub fn lengths(image: &Image<'_>) -> [usize; 3] {
        let plastic::Lengths { axons, history, .. } = plastic::lengths(image);
        [history, axons.saturating_mul(2), image.learning().len().saturating_add(image.snips().len())]
    }
}

/// A run of cores with all their state.
#[derive(Debug)]
pub struct Part<'p> {
    first: Cut,
    /// A chip of these cores alone, whose compartments are numbered as those of the whole.
    chip: Chip<'p>,
    /// The memory that it came from, while it is in a room of its own.
    home: Option<Room<'p>>,
    /// [`Own::short_first`](crate::dendrite::Own) of that place.
    short_first: usize,
}

/// What a part has computed: what [`Chip::join`] has to know of it.
#[derive(Clone, Copy, Debug)]
pub struct Computed {
    first: Cut,
    spikes: usize,
    in_refractory: usize,
    large_v: bool,
    ops: OpCounts,
}

impl Chip<'_> {
    /// The whole chip as one part, to be split. `None` if the network has programs of the embedded CPU, which see all of it in
    /// every step, if it is metered, or on small processors. The first step takes [`Chip::spikes`]. After the first step of a
    /// part, the chip is invalid until [`Chip::join`].
    pub fn whole(&mut self) -> Option<Part<'_>> {
        if !PARTS || self.phases != Phases::NONE || self.state.meter.on {
            return None;
        }
        // Sorted, the entries of a part are adjacent.
        self.state.in_refractory.as_mut_slice().sort_unstable();
        let chip = Chip {
            image: self.image,
            snips: Snips(&[]),
            phases: Phases::NONE,
            compartments: self.compartments,
            state: self.state.of_cores(),
            t: self.t,
            large_v: self.large_v,
            learning: self.learning,
            reward: self.reward,
            settled: 0,
            ops: OpCounts::default(),
        };
        Some(Part { first: Cut::default(), chip, home: None, short_first: usize::MAX })
    }

    /// Takes up what all of its parts have computed, in their order: `steps` steps, 1 or more, into which `inputs` spikes came from
    /// outside.
    pub fn join(&mut self, parts: &[Computed], steps: u32, inputs: u64) {
        let State { spikes, in_refractory, plastic, .. } = &mut self.state;
        spikes.clear();
        in_refractory.clear();
        plastic.arrived.clear();
        self.large_v = false;
        for part in parts {
            // They fit, as each part had room for its own compartments.
            let _fits = spikes.append_own(part.first.compartments, part.spikes);
            let from = in_refractory.len();
            let _fits = in_refractory.append_own(part.first.compartments, part.in_refractory);
            let place_first = u32::try_from(part.first.blocks.saturating_mul(LANES)).unwrap_or(u32::MAX);
            let own = in_refractory.as_mut_slice().get_mut(from..).unwrap_or_default();
            for place in own {
                *place = place.wrapping_add(place_first);
            }
            self.large_v |= part.large_v;
            self.ops = self.ops.plus(&part.ops);
        }
        self.t = self.t.wrapping_add(steps);
        self.ops.steps = self.ops.steps.wrapping_add(u64::from(steps));
        self.ops.input_spikes = self.ops.input_spikes.wrapping_add(inputs);
    }
}

impl<'p> Part<'p> {
    /// The cores before a cut and those after it, which take `spare`; `None` if there are none on one side, or if it is of another
    /// chip.
    pub fn split(mut self, cut: &Cut, spare: Spare<'p>) -> Option<[Self; 2]> {
        self.move_back();
        let Self { first, chip, .. } = self;
        let Chip { image, compartments, state, t, large_v, learning, reward, ops, .. } = chip;
        let [front, back] = state.split(&cut.since(&first), spare)?;
        let part = |first, state| {
            let (snips, phases) = (Snips(&[]), Phases::NONE);
            let chip =
                Chip { image, snips, phases, compartments, state, t, large_v, learning, reward, settled: 0, ops };
            Self { first, chip, home: None, short_first: usize::MAX }
        };
        Some([part(first, front), part(*cut, back)])
    }

    /// Bytes of a room of its own.
    pub fn room_bytes(&self) -> usize {
        let mut counting = Carver::counting();
        // Counting needs no memory.
        let _nothing = Room::carve(&self.chip.image, &self.chip.state, &mut counting);
        counting.used()
    }

    /// Moves its state to a room, from which [`Part::computed`] moves it back.
    ///
    /// # Errors
    /// [`TooSmall`] if the room has less than [`Part::room_bytes`] from its first multiple of [`ALIGNMENT`](crate::arena::ALIGNMENT)
    /// on; the part then stays where it is.
    pub fn move_to_room(&mut self, room: &'p mut [u8]) -> Result<(), TooSmall> {
        let room = Room::carve(&self.chip.image, &self.chip.state, &mut Carver::new(room))?;
        self.move_back();
        let state = &mut self.chip.state;
        self.home = Some(room.take_in(state));
        self.short_first = mem::replace(&mut state.accumulators.own.short_first, usize::MAX);
        Ok(())
    }

    /// Moves its state to where it came from.
    fn move_back(&mut self) {
        if let Some(home) = self.home.take() {
            let _room = home.take_in(&mut self.chip.state);
            self.chip.state.accumulators.own.short_first = self.short_first;
        }
    }

    /// Computes a step: `spikes` are the compartments of the whole chip that fired in the step before, `inputs` the external inputs
    /// that spike. Counts neither steps nor spikes from outside.
    // Inlined as a step of a chip is.
    #[inline(always)]
    pub fn step(&mut self, spikes: &[u32], inputs: &[u32]) {
        self.step_with(spikes, inputs, NoPrefetch);
    }

    /// The same; large networks' memory is asked for ahead.
    #[inline(always)]
    pub fn step_with<P: Prefetch>(&mut self, spikes: &[u32], inputs: &[u32], prefetch: P) {
        let chip = &mut self.chip;
        let image = chip.image;
        let State { accumulators, plastic, .. } = &mut chip.state;
        for arrivals in [(chip.compartments, inputs), (0, spikes)] {
            axon::deliver_all(&image, accumulators, plastic, chip.t, arrivals, &mut chip.ops, prefetch);
        }
        let own = accumulators.own;
        chip.state.spikes.clear();
        if image.sums().len() > 0 {
            chip.join_sums();
        }
        let cores = image.cores().skip(own.core_first).take(own.cores).map(|core| own.placed(core));
        let drawn = Drawn { seed: image.seed };
        if Feature::RecordedDraws.is_built_in() && image.recorded_draws().len() > 0 {
            let recorded = Recorded { image: &image, drawn };
            chip.update_cores(recorded, cores);
            if image.learning().len() > 0 {
                chip.learn_as_recorded(recorded);
            }
        } else {
            chip.update_cores(drawn, cores);
            if image.learning().len() > 0 {
                chip.learn(drawn);
            }
        }
        chip.t = chip.t.wrapping_add(1);
    }

    /// Compartments of the whole chip.
    pub const fn compartments(&self) -> usize {
        self.chip.compartments
    }

    /// For each compartment of the chip in turn, whether its spikes enter this part. Other spikes need not be passed to it.
    pub fn hears(&self) -> impl Iterator<Item = bool> + use<'p> {
        axon::reach(&self.chip.image, self.chip.state.accumulators.own).take(self.chip.compartments)
    }

    /// Compartments of the part that fired in the last step, ascending.
    pub fn spikes(&self) -> &[u32] {
        self.chip.spikes()
    }

    /// Gives its state back to the chip, and returns what [`Chip::join`] needs to know.
    pub fn computed(mut self) -> Computed {
        self.move_back();
        let State { spikes, in_refractory, .. } = &self.chip.state;
        let (large_v, ops) = (self.chip.large_v, self.chip.ops);
        Computed { first: self.first, spikes: spikes.len(), in_refractory: in_refractory.len(), large_v, ops }
    }
}

impl<'p> State<'p> {
    /// The state of the cores before a cut and that of the others; `at` is counted from the first core of this state.
    fn split(self, at: &Cut, spare: Spare<'p>) -> Option<[Self; 2]> {
        let Spare { history, arrived, rates } = spare;
        let places = at.blocks.checked_mul(LANES)?;
        let [accumulators, accumulators_back] =
            self.accumulators.split([at.core, at.rings, at.auxiliary], at.short_first)?;
        let [plastic, plastic_back] = self.plastic.split(at.plastic, history, arrived)?;
        let adapted = places.min(self.adaptations.len());
        let (blocks, blocks_back) = self.blocks.split_at_mut_checked(at.blocks)?;
        let (refractory, refractory_back) = self.refractory.split_at_mut_checked(places)?;
        let (adaptations, adaptations_back) = self.adaptations.split_at_mut_checked(adapted)?;
        let mut spikes = self.spikes;
        spikes.clear();
        let [spikes, spikes_back] = spikes.split(at.compartments, 0)?;
        let kept = self.in_refractory.as_slice().partition_point(|place| index(*place) < places);
        let [in_refractory, mut in_refractory_back] = self.in_refractory.split(at.compartments, kept)?;
        let place_first = u32::try_from(places).ok()?;
        for place in in_refractory_back.as_mut_slice() {
            *place = place.wrapping_sub(place_first);
        }
        for (to, from) in rates.iter_mut().zip(self.rates.iter()) {
            *to = *from;
        }
        let back = Self {
            blocks: blocks_back,
            refractory: refractory_back,
            adaptations: adaptations_back,
            accumulators: accumulators_back,
            plastic: plastic_back,
            spikes: spikes_back,
            in_refractory: in_refractory_back,
            rates,
            ..Self::nothing()
        };
        let front = Self {
            blocks,
            refractory,
            adaptations,
            accumulators,
            plastic,
            spikes,
            in_refractory,
            rates: self.rates,
            ..Self::nothing()
        };
        Some([front, back])
    }
}
