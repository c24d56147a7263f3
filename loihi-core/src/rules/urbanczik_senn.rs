//! The rule of Urbanczik and Senn: a dendrite learns to predict what its soma does.
//!
//! A post compartment of the core is the dendrite; its voltage V is `Σ w·PSP`. The embedded CPU is the soma. Per step,
//! for every post: `U = V + λ·(U_teach − V)` with `U_teach` from the target mailbox; a spike S with the probability φ(U);
//! `Δw_i = (S − φ(V))·h(V)·PSP_i / 2^shift`, `h = φ'/φ`. PSP is the trace P of [`crate::tools::pre_trace`] in all its 16 bits,
//! which is the form that a spike has in V. The output mailbox holds φ(V), Q12, per post.
//!
//! φ (Q12) and h (Q8) are tables of 257 entries, for voltages −128, −127, …, 128 in units of `2^table_shift`, of which
//! the nearest counts.
//!
//! Source: Urbanczik, Senn 2014, in integers.

use crate::image::{Image, Parameter, index};
use crate::num::{Drawn, Purpose, RandomSource as _, shift_round_half_up};
use crate::snip::{Cpu, Phase, Phases, Snip, SnipParams, fits, require};
use crate::tools::fraction::{Fraction, Rounded, Rounding};
use crate::tools::pre_trace::PreTrace;
use crate::tools::rank_one::{Cells, Precision, UpdateCounts, packed};
use crate::tools::{Layer, Parts};
use serde::{Deserialize, Serialize};

/// Entries of a table.
const ENTRIES: usize = 257;

/// Dendrites that learn to predict their somata. They have learned nothing but their weights.
///
/// The image's constants hold the table of φ, then that of h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrbanczikSenn {
    group: usize,
    axons: usize,
    posts: usize,
    data_first: usize,
    target_first: usize,
    output_first: usize,
    target_shift: u32,
    nudge_256: i32,
    table_shift: u32,
    rounding: Rounding,
    trace: PreTrace,
}

/// Parameters of an [`UrbanczikSenn`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UrbanczikSennParams {
    /// The plastic group; every axon reaches every post compartment, all of one plain profile whose threshold is out of
    /// reach. Of a layer on several cores the first; the others follow it, with the same sources.
    pub group: u32,
    /// Axons of the layer.
    pub axons: u32,
    /// Post compartments of the layer, on all cores.
    pub posts: u32,
    /// First constant of the tables.
    pub data_first: u32,
    /// First target word: `U_teach` of each post, in units of `2^target_shift` of the voltage.
    pub target_first: u32,
    /// First output word.
    pub output_first: u32,
    /// Binary logarithm of the target's unit, 0..=8.
    pub target_shift: u32,
    /// λ in units of 1/256, 0..=256.
    pub nudge_256: u32,
    /// Binary logarithm of the distance of two entries of the tables in units of the voltage, 0..=16.
    pub table_shift: u32,
    /// How weights are rounded: [`Precision::Stochastic`] or [`Precision::Nearest`].
    pub precision: Precision,
    /// Bits of a change below the smallest step of a weight, 1..=28.
    pub shift: u32,
    /// Decay of the dendrite's current.
    pub decay_u: u32,
    /// Decay of the dendrite's voltage.
    pub decay_v: u32,
}

impl Default for UrbanczikSennParams {
    /// The first group of the image without axons and compartments, nudged by a quarter.
    fn default() -> Self {
        Self {
            group: 0,
            axons: 0,
            posts: 0,
            data_first: 0,
            target_first: 0,
            output_first: 0,
            target_shift: 0,
            nudge_256: 64,
            table_shift: 6,
            precision: Precision::Stochastic,
            shift: 20,
            decay_u: 819,
            decay_v: 410,
        }
    }
}

impl SnipParams for UrbanczikSennParams {
    const KIND: u32 = 10;
    const NAME: &'static str = "urbanczik-senn";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = UrbanczikSenn;

    crate::snip_words!(
        group,
        axons,
        posts,
        data_first,
        target_first,
        output_first,
        target_shift,
        nudge_256,
        table_shift,
        precision,
        shift,
        decay_u,
        decay_v,
    );

    #[inline]
    fn snip(&self) -> UrbanczikSenn {
        UrbanczikSenn {
            group: index(self.group),
            axons: index(self.axons),
            data_first: index(self.data_first),
            posts: index(self.posts),
            target_first: index(self.target_first),
            output_first: index(self.output_first),
            target_shift: self.target_shift,
            nudge_256: self.nudge_256.cast_signed(),
            table_shift: self.table_shift,
            rounding: Rounding { precision: self.precision, shift: self.shift },
            trace: PreTrace::new(self.decay_u, self.decay_v),
        }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        Layer::checked(image, index(self.group)).ok_or(Parameter("group"))?;
        let layer = Parts::checked(image, index(self.group), index(self.posts)).ok_or(Parameter("posts"))?;
        let tables = image.data(index(self.data_first), 2 * ENTRIES);
        let (phi, h) = tables.split_at_checked(ENTRIES).unwrap_or_default();
        let in_range = phi.len() == ENTRIES
            && h.len() == ENTRIES
            && phi.iter().all(|value| (0..=4096).contains(value))
            && h.iter().all(|value| (0..=256).contains(value));
        require(layer.axons() == index(self.axons), "axons")?;
        require(self.target_shift <= 8, "target_shift")?;
        require(self.nudge_256 <= 256, "nudge_256")?;
        require(self.table_shift <= 16, "table_shift")?;
        require(Rounding { precision: self.precision, shift: self.shift }.is_valid(), "shift")?;
        require(in_range, "data_first")?;
        require(fits(self.target_first, self.posts, image.target_words), "target_first")?;
        require(fits(self.output_first, self.posts, image.output_words), "output_first")
    }
}

/// The entry of a table at a voltage.
fn look_up(table: &[i32], v: i32, shift: u32) -> i32 {
    // A voltage has 23 bits and sign, the half 15.
    let place = shift_round_half_up(v, shift).clamp(-128, 128).wrapping_add(128);
    table.get(index(place.cast_unsigned())).copied().unwrap_or(0)
}

impl UrbanczikSenn {
    /// Shows φ(V) of every post and lists the factors `(S − φ(V))·h(V)` that are not 0, Q12; returns how many.
    fn factors(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, list: &mut [i32]) -> usize {
        let tables = cpu.image.data(self.data_first, 2 * ENTRIES);
        let (phi, h) = tables.split_at_checked(ENTRIES).unwrap_or_default();
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let outputs = core::mem::take(&mut cpu.output).get_mut(self.output_first..).unwrap_or_default();
        let drawn = Drawn { seed: cpu.image.seed };
        // Addresses from the end, so that they are none of a synapse.
        let first = u32::try_from(layer.first().synapse_first).unwrap_or(u32::MAX);
        let mut listed = 0_usize;
        let posts = layer.voltages(cpu.blocks()).zip(targets).zip(outputs).zip(0_u32..);
        for (((v, target), output), post) in posts {
            let rate = look_up(phi, v, self.table_shift);
            *output = rate;
            if !cpu.learning {
                continue;
            }
            // A voltage has 23 bits and sign, a target as many: 17 bits by 9 after the shift.
            let apart = i32::from(*target).wrapping_shl(self.target_shift).wrapping_sub(v) >> 8;
            let soma = v.wrapping_add(apart.wrapping_mul(self.nudge_256));
            let word = drawn.word(Purpose::Rule, cpu.t, !first.wrapping_add(post)) >> 20;
            let spike = word.cast_signed() < look_up(phi, soma, self.table_shift);
            let surprise = (i32::from(spike) << 12).wrapping_sub(rate);
            // The check holds φ to 12 bits and h to 8.
            let factor = surprise.wrapping_mul(look_up(h, v, self.table_shift)) >> 8;
            if factor != 0
                && let Some(slot) = list.get_mut(listed)
            {
                *slot = packed(post, factor);
                listed = listed.wrapping_add(1);
            }
        }
        listed
    }
}

/// An update of the layer's weights by a step.
struct Update<'b> {
    layer: &'b Parts<'b>,
    weights: &'b mut [i16],
    traces: &'b [i32],
    /// Posts and their factors, packed.
    posts: &'b [i32],
    shift: u32,
    tally: &'b mut UpdateCounts,
}

impl Rounded for Update<'_> {
    fn with(self, fraction: &impl Fraction) {
        let Self { layer, weights, traces, posts, shift, tally } = self;
        for part in layer.iter() {
            let (before, own) = part.listed(posts);
            for (axon, trace) in traces.iter().enumerate().filter(|(_, trace)| **trace != 0) {
                let psp = (trace.cast_unsigned() >> 16).cast_signed();
                let mut cells = Cells::of(part.row(weights, 0, axon));
                let first = layer.first().synapse_first.wrapping_add(axon.wrapping_mul(layer.posts));
                let first = u32::try_from(first.wrapping_add(before)).unwrap_or(u32::MAX);
                for (entry, element) in own.iter().zip(first..) {
                    // 16 bits by 12 and sign, and 28 of the fraction.
                    let change = psp.wrapping_mul(entry >> 16).wrapping_add(fraction.of(element)).wrapping_shr(shift);
                    cells.add_steps(*entry, change);
                }
                cells.report(own.len(), tally);
            }
        }
    }
}

impl Snip for UrbanczikSenn {
    /// Traces of the axons, factors of the posts.
    fn working_words(&self) -> usize {
        self.axons.saturating_add(self.posts)
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let Some(layer) = Parts::of(cpu.image, self.group, self.posts) else { return };
        let working = core::mem::take(&mut cpu.working);
        let Some((traces, list)) = working.split_at_mut_checked(self.axons) else { return };
        self.trace.advance(traces, layer.arrivals(cpu.plastic.arrived.as_slice()));
        let listed = self.factors(cpu, &layer, list);
        if !cpu.learning {
            return;
        }
        let rounding = self.rounding;
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(listed > 0));
        let mut tally = UpdateCounts::default();
        let update = Update {
            layer: &layer,
            weights: cpu.plastic.weights,
            traces,
            posts: list.get(..listed).unwrap_or_default(),
            shift: rounding.shift,
            tally: &mut tally,
        };
        rounding.apply(cpu.image.seed, cpu.t, update);
        cpu.ops.count_updates(tally.visited, tally.changed, tally.saturated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_at_the_nearest_entry_and_held_at_its_ends() {
        let table: [i32; ENTRIES] = core::array::from_fn(|at| i32::try_from(at).unwrap());
        for (v, expected) in
            [(0, 128), (2047, 128), (2048, 129), (-2048, 128), (-2049, 127), (1 << 22, 256), (-1 << 22, 0)]
        {
            assert_eq!(look_up(&table, v, 12), expected, "voltage {v}");
        }
    }
}
