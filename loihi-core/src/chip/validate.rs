//! Whether registers hold what the chip can have left in them: asked after they came from outside.

use super::Chip;
use crate::image::{CoreRecord, Homeostasis, LANES, LearningRecord, index};
use crate::num::{ThresholdMantissa, Voltage};
use crate::plastic::{Post, Pre};
use crate::register::Register;

/// Longest refractory period in steps.
const REFRACTORY_MAX: u8 = 64;

impl Chip<'_> {
    /// Checks every register. The chip never fails, whatever they hold; but with values that it cannot reach it would
    /// no longer be a Loihi.
    ///
    /// # Errors
    /// The first register that holds what it cannot.
    pub fn check(&self) -> Result<(), Register> {
        require(self.lists_are_sound(), Register::Spikes)?;
        require(self.refractory_is_valid(), Register::Refractory)?;
        let mut block_first = 0_usize;
        for core in self.image.cores() {
            self.check_core(&core, block_first)?;
            block_first = block_first.saturating_add(core.blocks());
        }
        require(self.padding_is_zero(), Register::Dendrite)?;
        let thresholds = 0..=ThresholdMantissa::MAX << 6;
        let mut adaptations = self.state.adaptations.iter();
        require(adaptations.clone().all(|adaptation| thresholds.contains(&adaptation.v_th)), Register::Threshold)?;
        let activities = 0..=Homeostasis::ACTIVITY_MAX;
        require(adaptations.all(|adaptation| activities.contains(&adaptation.activity)), Register::Activity)?;
        for (at, rate) in self.state.rates.iter().enumerate() {
            require(self.holds(Register::Rate, at, *rate), Register::Rate)?;
        }
        self.image.learning().try_for_each(|group| self.check_group(&group))
    }

    /// Lists fit their places, and name what is there.
    fn lists_are_sound(&self) -> bool {
        let plastic = &self.state.plastic;
        let spikes = self.state.spikes.as_slice();
        let there = |list: &[u32], end: usize| list.iter().all(|number| index(*number) < end);
        self.state.spikes.fits()
            && self.state.in_refractory.fits()
            && plastic.arrived.fits()
            && there(spikes, self.compartments)
            && spikes.is_sorted_by(|a, b| a < b)
            && there(plastic.arrived.as_slice(), plastic.pre.len())
    }

    /// What lies behind the last ring is nobody's.
    fn padding_is_zero(&self) -> bool {
        let end = self.image.cores().map(|core| core.ring().end).max().unwrap_or(0);
        self.state.accumulators.rings_64.iter().skip(end).all(|sum| *sum == 0)
    }

    /// The list of resting compartments names those whose period runs, and no others.
    fn refractory_is_valid(&self) -> bool {
        let refractory = &*self.state.refractory;
        let in_refractory = self.state.in_refractory.as_slice();
        let runs = |place: &u32| refractory.get(index(*place)).is_some_and(|steps| *steps > 0);
        let running = refractory.iter().filter(|steps| **steps > 0).count();
        refractory.iter().all(|steps| *steps <= REFRACTORY_MAX)
            && in_refractory.iter().all(runs)
            && running == in_refractory.len()
    }

    /// Currents, voltages and biases are in range, and what belongs to no compartment is zero.
    fn check_core(&self, core: &CoreRecord, block_first: usize) -> Result<(), Register> {
        let blocks = self.state.blocks.get(block_first..block_first.saturating_add(core.blocks()));
        for (number, [currents, voltages, biases]) in blocks.unwrap_or_default().iter().enumerate() {
            let used = core.compartments.saturating_sub(number.saturating_mul(LANES)).min(LANES);
            let unused = |lanes: &[i32; LANES]| lanes.iter().skip(used).all(|lane| *lane == 0);
            let whole = |lanes: &[i32; LANES]| unused(lanes) && lanes.iter().all(|lane| lane.trailing_zeros() >= 8);
            require(whole(currents), Register::U)?;
            require(unused(voltages) && voltages.iter().all(|v| Voltage::new(*v).is_ok()), Register::V)?;
            require(whole(biases), Register::Bias)?;
        }
        let accumulators = &self.state.accumulators;
        require(unused_is_zero(core, core.accumulator_first, accumulators.rings_64), Register::Dendrite)?;
        if core.sums == 0 {
            return Ok(());
        }
        require(unused_is_zero(core, core.accumulator_first, accumulators.auxiliary_input), Register::Auxiliary)?;
        let mut sums = self.image.sums().skip(core.sum_first).take(core.sums);
        require(
            sums.all(|sum| unused_is_zero(core, sum.accumulator_first, accumulators.auxiliary)),
            Register::Auxiliary,
        )
    }

    /// The variables of plastic synapses, and the traces.
    fn check_group(&self, group: &LearningRecord) -> Result<(), Register> {
        let plastic = &self.state.plastic;
        let [axons, synapses, posts] = group.before;
        let of_group = |variables: &[i16], holds: &dyn Fn(i32) -> bool| {
            let variables = variables.get(synapses..synapses.saturating_add(group.synapses));
            variables.unwrap_or_default().iter().all(|value| holds(i32::from(*value)))
        };
        let (lowest, highest) = group.tag_range();
        let slots = self.image.core(group.core).map_or(0, |core| core.slots);
        require(of_group(plastic.weights, &|w| group.holds_weight(w)), Register::W)?;
        require(of_group(plastic.tags, &|t| (lowest..=highest).contains(&t)), Register::T)?;
        require(of_group(plastic.delays, &|d| group.holds_delay(d, slots)), Register::D)?;
        let in_epoch = |time: i16| u32::try_from(time).is_ok_and(|time| time <= group.epoch_steps);
        let pre = plastic.pre.get(axons..axons.saturating_add(group.axons)).unwrap_or_default();
        let post = plastic.post.get(posts..posts.saturating_add(group.posts)).unwrap_or_default();
        let traced = |Pre { x, .. }: &Pre| x.iter().all(|x| (0..=127).contains(x));
        require(pre.iter().all(traced), Register::X1)?;
        require(post.iter().all(|post| post.y.iter().all(|y| (-128..=127).contains(y))), Register::Y1)?;
        let timed = |post: &Post| in_epoch(post.time) && (0..=1).contains(&post.late);
        let arrived = |pre: &Pre| in_epoch(pre.time) && pre.reserved == 0;
        require(pre.iter().all(arrived) && post.iter().all(timed), Register::Epoch)?;
        require(post.iter().all(|post| (0..=7).contains(&post.profile)), Register::Profile)
    }
}

/// `Err` with the register unless `valid`.
const fn require(valid: bool, register: Register) -> Result<(), Register> {
    if valid { Ok(()) } else { Err(register) }
}

/// Whether the accumulators behind a core's last compartment are zero in every slot.
fn unused_is_zero<T: Default + PartialEq>(core: &CoreRecord, first: usize, ring: &[T]) -> bool {
    let ring = ring.get(first..first.saturating_add(core.accumulators())).unwrap_or_default();
    let slots = ring.chunks(core.slot_length().max(1));
    slots.flat_map(|slot| slot.iter().skip(core.compartments)).all(|sum| *sum == T::default())
}
