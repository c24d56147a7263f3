//! DECOLLE, deep continuous local learning: every layer has a fixed random readout of its own, and learns from that
//! readout's error at once.
//!
//! Once an epoch of `epoch_steps`, after `burn_in_steps` of a sample: the readout and its error as in
//! [`crate::tools::local_error`]; if it triggers, `Δw_ij = −m_i·p_j`, with the trace `p_j` of [`crate::tools::pre_trace`]. To `m_i`
//! is added `homeostasis` wherever a compartment fired more than `count_max` times in the epoch. The readouts are
//! added up in the output mailbox, from which the class can be read; the target mailbox says what they should be.
//!
//! Two back ends: the embedded CPU writes the weights ([`crate::tools::rank_one`]); or it writes |m| into y1 and the sign into
//! the profile (0 for a falling weight, 1 for a rising one), and the core's own rule multiplies by its trace x1.
//!
//! A layer may lie on several cores ([`crate::tools::Parts`]). The embedded CPU then teaches it the same weights; the core does
//! too, where nothing is random: it draws by the place of an axon and of a synapse.
//!
//! Source: Kaiser, Mostafa, Neftci 2020 in integers; the error trigger is Payvand et al. 2020.

mod params;

pub use params::DecolleParams;

use crate::image::index;
use crate::snip::{Cpu, Phase, Snip};
use crate::tools::local_error::{LocalReadout, NO_TARGET, Slope, Trigger};
use crate::tools::pre_trace::{self, PreTrace};
use crate::tools::rank_one::{self, Draws, Precision, Update, packed};
use crate::tools::{self, Parts};
use core::ops::RangeInclusive;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Most classes of a readout.
const CLASSES_MAX: u32 = 64;

/// A layer that learns from its own readout.
///
/// Its learned state is the number of updates, the threshold of a controlled trigger, and with
/// [`Precision::Shadow`] a number of 16 bits for every weight. The image's constants hold the readout's weights, 8 bits, those of
/// a compartment side by side, four to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decolle {
    group: usize,
    axons: usize,
    posts: usize,
    data_first: usize,
    classes: usize,
    target_first: usize,
    output_first: usize,
    burn_in_steps: i32,
    epoch_steps: i32,
    readout_shift: u32,
    feedback_shift: u32,
    trigger: Trigger,
    slope: Slope,
    homeostasis: i32,
    count_max: i32,
    back_end: BackEnd,
    trace: PreTrace,
}

/// Who changes the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BackEnd {
    /// The embedded CPU.
    Cpu {
        precision: Precision,
        shift: u32,
        /// Seed of recorded draws; 0 for draws from the chip's seed.
        recorded_seed: u32,
    },
    /// The core's learning engine.
    Core,
}

/// The working memory, cut up.
struct Memory<'w> {
    /// Steps of the sample that are done; posts in the list of an update under way.
    clock: &'w mut [i32; 2],
    sums: &'w mut [i32],
    errors: &'w mut [i32],
    /// Voltages before the epoch's last step.
    voltages: &'w mut [i32],
    counts: &'w mut [i32],
    factors: &'w mut [i32],
    traces: &'w mut [i32],
}

impl Decolle {
    fn is_shadow(&self) -> bool {
        matches!(self.back_end, BackEnd::Cpu { precision: Precision::Shadow, .. })
    }

    /// Whether an epoch ends with the step of this number within the sample, from 0.
    fn ends_epoch(&self, step: i32) -> bool {
        tools::ends_epoch(step, self.burn_in_steps, self.epoch_steps)
    }

    fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (clock, rest) = working.split_first_chunk_mut::<2>()?;
        let (sums, rest) = rest.split_at_mut_checked(self.classes)?;
        let (errors, rest) = rest.split_at_mut_checked(self.classes)?;
        let (voltages, rest) = rest.split_at_mut_checked(self.posts)?;
        let (counts, rest) = rest.split_at_mut_checked(self.posts)?;
        let (factors, traces) = rest.split_at_mut_checked(self.posts)?;
        Some(Memory { clock, sums, errors, voltages, counts, factors, traces })
    }

    /// Remembers the voltages before the last step of an epoch.
    fn before_cores(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &mut Memory<'_>) {
        let [step, _] = *memory.clock;
        if step == 0
            && self.is_shadow()
            && let [_, _, fine @ ..] = &mut *cpu.learned
        {
            let fine = <[i16]>::mut_from_bytes(fine.as_mut_bytes()).unwrap_or_default();
            rank_one::begin_at_weights(layer.first(), cpu.plastic.weights, fine);
        }
        if self.ends_epoch(step) {
            layer.copy_voltages(cpu.blocks(), memory.voltages);
        }
    }

    /// Follows traces and counts, and learns at the end of an epoch.
    fn after_cores(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &mut Memory<'_>) {
        if matches!(self.back_end, BackEnd::Cpu { .. }) {
            let arrivals = layer.arrivals(cpu.plastic.arrived.as_slice());
            self.trace.advance(memory.traces, arrivals);
            cpu.ops.rule_traces = cpu.ops.rule_traces.wrapping_add(layer.axons() as u64);
        }
        for post in layer.fired(cpu.spikes) {
            if let Some(count) = memory.counts.get_mut(post) {
                *count = count.wrapping_add(1);
            }
        }
        let [step, _] = *memory.clock;
        let mut listed = 0;
        if self.ends_epoch(step) {
            listed = self.end_epoch(cpu, layer, memory);
            memory.counts.fill(0);
        }
        *memory.clock = [step.wrapping_add(1), listed];
    }

    /// Reads the layer out and, if the error is large enough, teaches it; returns the number of posts with a factor.
    fn end_epoch(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &mut Memory<'_>) -> i32 {
        let constants = cpu.image.data(self.data_first, LocalReadout::words(layer.posts, self.classes));
        let readout = LocalReadout::of(constants, layer.posts, self.classes);
        readout.sum(memory.counts, memory.sums);
        for sum in memory.sums.iter_mut() {
            *sum = sum.wrapping_shr(self.readout_shift);
        }
        for (output, sum) in cpu.output.get_mut(self.output_first..).unwrap_or_default().iter_mut().zip(&*memory.sums) {
            *output = output.wrapping_add(*sum);
        }
        if !cpu.learning {
            return 0;
        }
        let [updates, threshold, fine @ ..] = core::mem::take(&mut cpu.learned) else { return 0 };
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let targets = targets.get(..self.classes).unwrap_or_default();
        if targets.iter().all(|target| *target == NO_TARGET) {
            return 0;
        }
        let found = self.trigger.errors(memory.sums, targets, threshold, memory.errors);
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        if found == 0 {
            return 0;
        }
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(1);
        *updates = updates.wrapping_add(1);
        layer.replace_voltages(cpu.blocks(), cpu.spikes, memory.voltages, memory.factors);
        readout.lead_back(memory.errors.get(..found).unwrap_or_default(), memory.factors);
        let listed = self.list_factors(layer.first().v_th, memory);
        let posts = memory.factors.get(..index(listed.cast_unsigned())).unwrap_or_default();
        match self.back_end {
            BackEnd::Cpu { precision, shift, recorded_seed } => {
                let draws = match recorded_seed {
                    0 => Draws::Shared { seed: cpu.image.seed, t: cpu.t },
                    seed => Draws::Addressed { seed, update: updates.cast_unsigned(), axon_first: false },
                };
                let shift = shift.wrapping_sub(cpu.rate.cast_unsigned());
                let update = Update { layer: layer.first(), precision, shift, draws };
                let fine = <[i16]>::mut_from_bytes(fine.as_mut_bytes()).unwrap_or_default();
                let factors = memory.traces.iter().map(|trace| pre_trace::factor(*trace)).enumerate();
                let update_counts = update.parts(layer, cpu.plastic.weights, fine, &factors, posts);
                cpu.ops.count_updates(update_counts.visited, update_counts.changed, update_counts.saturated);
            }
            BackEnd::Core => write_factors(cpu, layer, posts),
        }
        listed
    }

    /// Turns what the errors amount to at every post into a list of the posts whose factor is not 0, with −m, in the same
    /// place; returns how many.
    fn list_factors(&self, v_th: i32, memory: &mut Memory<'_>) -> i32 {
        match self.slope {
            Slope::Box { half_width } => {
                let width = half_width.cast_unsigned().wrapping_mul(2).wrapping_sub(1);
                let edge = v_th.wrapping_sub(half_width).wrapping_add(1);
                // Inside, the voltage is less than the width above the lower edge.
                self.list(memory, |v| v.wrapping_sub(edge).cast_unsigned() < width, |error, _| error)
            }
            slope @ Slope::Triangle { .. } => {
                let distance = |v: i32| v.wrapping_sub(v_th);
                self.list(memory, |v| slope.reaches(distance(v)), |error, v| slope.scale(error, distance(v)))
            }
            Slope::Flat => self.list(memory, |_| true, |error, _| error),
        }
    }

    #[inline(always)]
    fn list(&self, memory: &mut Memory<'_>, reaches: impl Fn(i32) -> bool, scale: impl Fn(i32, i32) -> i32) -> i32 {
        let mut listed = 0_i32;
        let seen = memory.voltages.iter().zip(&*memory.counts);
        let factors = core::cell::Cell::from_mut(&mut *memory.factors).as_slice_of_cells();
        let mut free = factors.iter();
        for (((v, count), sum), number) in seen.zip(factors).zip(0_u32..) {
            let mut factor = if *count > self.count_max { self.homeostasis } else { 0 };
            if reaches(*v) {
                factor = factor.wrapping_add(scale(sum.get().wrapping_shr(self.feedback_shift).clamp(-127, 127), *v));
            }
            if factor != 0
                && let Some(slot) = free.next()
            {
                slot.set(packed(number, factor.wrapping_neg()));
                listed = listed.wrapping_add(1);
            }
        }
        listed
    }

    /// Takes the factors back that the core's learning engine has used.
    fn after_learning(cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, memory: &mut Memory<'_>) {
        let [_, listed] = *memory.clock;
        for entry in memory.factors.iter().take(index(listed.cast_unsigned())) {
            let post = index(entry.cast_unsigned() & 0xFFFF);
            cpu.set_post_trace(layer.first().post_trace_first.wrapping_add(post), 0, 0);
        }
        let [step, _] = *memory.clock;
        *memory.clock = [step, 0];
    }
}

/// Hands the factors to the core's learning engine: |m| in y1, the sign in the profile.
fn write_factors(cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, posts: &[i32]) {
    for entry in posts {
        let (post, rising) = (index(entry.cast_unsigned() & 0xFFFF), entry >> 16);
        let trace = layer.first().post_trace_first.wrapping_add(post);
        cpu.set_post_trace(trace, 0, rising.wrapping_abs());
        cpu.set_profile(trace, u8::from(rising > 0));
    }
    cpu.ops.factor_writes = cpu.ops.factor_writes.wrapping_add(posts.len() as u64);
}

impl Snip for Decolle {
    fn learned_words(&self) -> usize {
        let synapses = self.axons.saturating_mul(self.posts);
        let fine = if self.is_shadow() { synapses.div_ceil(2) } else { 0 };
        fine.saturating_add(2)
    }

    fn working_words(&self) -> usize {
        let traces = if self.back_end == BackEnd::Core { 0 } else { self.axons };
        let of_posts = self.posts.saturating_mul(3);
        of_posts.saturating_add(self.classes.saturating_mul(2)).saturating_add(traces).saturating_add(2)
    }

    fn rates(&self) -> RangeInclusive<i32> {
        match self.back_end {
            BackEnd::Cpu { precision: Precision::Shadow, shift, .. } => rank_one::rates(shift, 0..=15),
            BackEnd::Cpu { shift, .. } => rank_one::rates(shift, 1..=16),
            // The rate is that of the group.
            BackEnd::Core => 0..=0,
        }
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let step = cpu.working.first().copied().unwrap_or(0);
        let needed = match phase {
            Phase::Spk => cpu.learning && (self.ends_epoch(step) || (step == 0 && self.is_shadow())),
            Phase::PreMgmt => true,
            Phase::PostMgmt => self.back_end == BackEnd::Core,
            Phase::Lrn | Phase::Host => false,
        };
        if !needed {
            return;
        }
        let Some(layer) = Parts::of(cpu.image, self.group, self.posts) else { return };
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        match phase {
            Phase::Spk => self.before_cores(cpu, &layer, &mut memory),
            Phase::PreMgmt => self.after_cores(cpu, &layer, &mut memory),
            _ => Self::after_learning(cpu, &layer, &mut memory),
        }
    }
}
