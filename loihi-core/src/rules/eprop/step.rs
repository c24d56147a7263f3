//! A step of e-prop: traces, readouts, errors, factors, and at the end of a block the weights.

use super::eligibility::Eligibilities;
use super::memory::{Layers, Memory, halves};
use super::{Eprop, EpropParams, adaptation, block, eligibility};
use crate::image::index;
use crate::snip::Cpu;
use crate::tools::fraction::{Fraction, Rounded, Rounding};
use crate::tools::local_error::{LocalReadout, held};
use crate::tools::rank_one::{UpdateCounts, packed};

/// Largest magnitude of a learning signal.
const SIGNAL_MAX: i32 = 4095;
/// Largest magnitude of a readout's weight.
const READOUT_MAX: i32 = 127;

impl Eprop {
    /// What there is to do after the cores have computed.
    pub(super) fn after_cores(
        &self,
        cpu: &mut Cpu<'_, '_>,
        params: &EpropParams,
        layers: &Layers,
        memory: &mut Memory<'_>,
    ) {
        let step = memory.clock.cast_unsigned();
        *memory.clock = memory.clock.wrapping_add(1);
        let decay = params.decay.cast_signed();
        follow(memory.input_traces, decay, layers.input.arrivals(cpu.plastic.arrived.as_slice()));
        let place = index(step) % block::STEPS;
        if cpu.learning {
            // What arrives from the layer in this step has fired in the step before: its traces are still those.
            let traces = memory.input_traces.iter().chain(&*memory.traces);
            for (pre, trace) in memory.pre.iter_mut().zip(traces) {
                if let Some(pre) = pre.get_mut(place) {
                    *pre = i16::try_from(trace >> 4).unwrap_or(0);
                }
            }
        }
        follow(memory.traces, decay, layers.recurrent.fired(cpu.spikes));
        for post in layers.recurrent.fired(cpu.spikes) {
            if let Some(count) = memory.counts.get_mut(post) {
                *count = count.wrapping_add(1);
            }
        }
        let errors = self.read_out(cpu, params, memory);
        if cpu.learning {
            cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
            cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(errors > 0));
            self.find_factors(cpu, params, layers, memory, errors, place);
            self.sum_readouts(memory, errors);
            // A synapse with a memory of its own computes a change in every step.
            let synapses = memory.eligibilities.len();
            cpu.ops.count_updates(u32::try_from(synapses).unwrap_or(u32::MAX), 0, 0);
            if place == block::STEPS.wrapping_sub(1) {
                self.end_block(cpu, params, layers, memory);
            }
        }
        if step.wrapping_add(1).checked_rem(params.rate_steps) == Some(0) {
            let target = params.rate_target.cast_signed();
            for (rate, count) in cpu.learned.iter_mut().zip(memory.counts.iter_mut()) {
                *rate = if cpu.learning { count.wrapping_sub(target) } else { *rate };
                *count = 0;
            }
        }
    }

    /// Reads the layer out, and lists the errors that are learned from; returns how many.
    ///
    /// A sum is at most 127 · 4096 · 1024 posts: 29 bits.
    fn read_out(&self, cpu: &mut Cpu<'_, '_>, params: &EpropParams, memory: &mut Memory<'_>) -> usize {
        let weights = cpu.learned.get(self.posts..).unwrap_or_default().chunks_exact(self.posts.max(1));
        let outputs = cpu.output.get_mut(index(params.output_first)..).unwrap_or_default();
        let targets = cpu.target.get(index(params.target_first)..).unwrap_or_default();
        let limit = params.error_limit.cast_signed();
        let mut found = 0_usize;
        for (((weights, output), target), number) in weights.zip(outputs).zip(targets).zip(0_u32..) {
            let products = weights.iter().zip(&*memory.traces).map(|(weight, trace)| weight.wrapping_mul(*trace));
            *output = products.fold(0, i32::wrapping_add) >> params.readout_shift;
            let error = output.wrapping_sub(i32::from(*target)) >> params.error_shift;
            let error = held(error, limit);
            if error != 0
                && error.unsigned_abs() >= params.error_threshold
                && let Some(slot) = memory.errors.get_mut(found)
            {
                *slot = packed(number, error);
                found = found.wrapping_add(1);
            }
        }
        found
    }

    /// Finds ψ and L of every post.
    fn find_factors(
        &self,
        cpu: &Cpu<'_, '_>,
        params: &EpropParams,
        layers: &Layers,
        memory: &mut Memory<'_>,
        errors: usize,
        place: usize,
    ) {
        let layer = &layers.recurrent;
        let constants = cpu.image.data(index(params.data_first), LocalReadout::words(self.posts, self.outputs));
        let feedback = LocalReadout::of(constants, self.posts, self.outputs);
        let errors = memory.errors.get(..errors).unwrap_or_default();
        let width = 64_i32.wrapping_shl(params.slope_shift);
        let gain = params.rate_gain.cast_signed();
        layer.replace_voltages(cpu.blocks(), cpu.spikes, memory.voltages, memory.list);
        feedback.lead_back(errors, memory.list);
        let posts = memory.voltages.iter().zip(&*memory.list).zip(&*cpu.learned);
        let found = posts.map(|((v, error), rate)| {
            let psi = width.wrapping_sub(v.wrapping_sub(layer.v_th).wrapping_abs()).max(0) >> params.slope_shift;
            // With memory, a signal meets what ψ was before.
            if psi == 0 && !self.per_synapse {
                return (0, 0);
            }
            // A rate has 16 bits and sign, the gain 8.
            let signal = error.wrapping_shr(params.feedback_shift);
            let signal = signal.wrapping_add(rate.wrapping_mul(gain) >> 3);
            (psi, signal.clamp(SIGNAL_MAX.wrapping_neg(), SIGNAL_MAX))
        });
        let half = |value: i32| i16::try_from(value).unwrap_or(0);
        if self.per_synapse {
            let factors = halves(memory.factors).as_chunks_mut::<2>().0;
            for ((psi, signal), factor) in found.zip(factors) {
                *factor = [half(psi), half(signal)];
            }
            self.follow_synapses(memory, params, place);
        } else {
            let factors = halves(memory.factors).as_chunks_mut::<{ block::STEPS }>().0;
            for ((psi, signal), factor) in found.zip(factors) {
                if let Some(factor) = factor.get_mut(place) {
                    *factor = half(psi.wrapping_mul(signal).clamp(-32_767, 32_767));
                }
            }
        }
    }

    /// Adds the products of this step to those of the block, per synapse.
    fn follow_synapses(&self, memory: &mut Memory<'_>, params: &EpropParams, place: usize) {
        let factors = halves(memory.factors).as_chunks().0.get(..self.posts).unwrap_or_default();
        let mut synapses = Eligibilities { filtered: memory.eligibilities, sums: memory.sums };
        let pre = memory.pre.iter().map(|pre| pre.get(place).copied().unwrap_or(0));
        match params.adaptation {
            None => synapses.follow(self.posts, pre, factors, params.kappa_shift),
            Some(adaptation) => {
                let mut adapting = adaptation::Eligibilities { synapses, of_thresholds: memory.of_thresholds };
                adapting.follow(self.posts, pre, factors, params.kappa_shift, adaptation);
            }
        }
    }

    /// Adds the products of this step to those of the block, per readout and post: ten of 8 by 15 bits.
    fn sum_readouts(&self, memory: &mut Memory<'_>, errors: usize) {
        for entry in memory.errors.iter().take(errors) {
            let first = index(entry.cast_unsigned() & 0xFFFF).wrapping_mul(self.posts);
            let sums = memory.readout_sums.get_mut(first..).unwrap_or_default();
            for (sum, trace) in sums.iter_mut().zip(&*memory.traces) {
                *sum = sum.wrapping_add((trace >> 4).wrapping_mul(entry >> 16));
            }
        }
    }

    /// Rounds the sums of a block into the weights.
    fn end_block(&self, cpu: &mut Cpu<'_, '_>, params: &EpropParams, layers: &Layers, memory: &mut Memory<'_>) {
        let Layers { input, recurrent } = layers;
        let (seed, t) = (cpu.image.seed, cpu.t);
        let rounding = Rounding { precision: params.precision, shift: params.shift };
        let weights = &mut *cpu.plastic.weights;
        let mut tally = UpdateCounts::default();
        if self.per_synapse {
            let inputs = self.inputs.saturating_mul(self.posts);
            let Some((inputs, recurrents)) = memory.sums.split_at_mut_checked(inputs) else { return };
            for (layer, sums, autapses) in [(input, inputs, false), (recurrent, recurrents, true)] {
                let (shift, weights, tally) = (params.shift, &mut *weights, &mut tally);
                rounding.apply(seed, t, eligibility::Update { layer, weights, sums, autapses, shift, tally });
            }
        } else {
            let factors = halves(memory.factors).as_chunks_mut().0;
            let listed = block::compact(factors, memory.list);
            let posts = memory.list.get(..listed).unwrap_or_default();
            let Some((inputs, recurrents)) = memory.pre.split_at_checked(self.inputs) else { return };
            for (layer, pre, autapses) in [(input, inputs, false), (recurrent, recurrents, true)] {
                let (shift, weights, tally) = (params.shift, &mut *weights, &mut tally);
                let factors = factors.get_mut(..listed).unwrap_or_default();
                let update = block::Update { layer, weights, pre, factors, posts, autapses, shift, tally };
                rounding.apply(seed, t, update);
            }
            memory.factors.fill(0);
        }
        let rounding = Rounding { shift: params.readout_rate_shift, ..rounding };
        let weights = cpu.learned.get_mut(self.posts..).unwrap_or_default();
        let first = u32::try_from(input.synapse_first).unwrap_or(u32::MAX);
        let update = Readouts { weights, sums: memory.readout_sums, first, shift: rounding.shift, tally: &mut tally };
        rounding.apply(seed, t, update);
        cpu.ops.count_updates(tally.visited, tally.changed, tally.saturated);
    }
}

/// An update of the readouts' weights by a block.
struct Readouts<'b> {
    weights: &'b mut [i32],
    sums: &'b mut [i32],
    /// First plastic synapse of the layer.
    first: u32,
    shift: u32,
    tally: &'b mut UpdateCounts,
}

impl Rounded for Readouts<'_> {
    fn with(self, fraction: &impl Fraction) {
        let Self { weights, sums, first, shift, tally } = self;
        for ((weight, sum), number) in weights.iter_mut().zip(sums).zip(first..) {
            if *sum != 0 {
                // Addresses from the end, so that they are none of a synapse. 27 bits of the sum, 28 of the fraction.
                let change = fraction.of(!number).wrapping_sub(*sum).wrapping_shr(shift);
                let wanted = weight.wrapping_add(change);
                let new = wanted.clamp(READOUT_MAX.wrapping_neg(), READOUT_MAX);
                tally.visited = tally.visited.wrapping_add(1);
                tally.changed = tally.changed.wrapping_add(u32::from(change != 0));
                tally.saturated = tally.saturated.wrapping_add(u32::from(new != wanted));
                (*weight, *sum) = (new, 0);
            }
        }
    }
}

/// Lets traces decay by a step and adds the step's spikes. A trace is at most 4096, so products have 24 bits.
fn follow(traces: &mut [i32], decay: i32, spikes: impl Iterator<Item = usize>) {
    let keep = 4096_i32.wrapping_sub(decay);
    for trace in traces.iter_mut() {
        *trace = trace.wrapping_mul(keep) >> 12;
    }
    for spike in spikes {
        if let Some(trace) = traces.get_mut(spike) {
            *trace = trace.wrapping_add(decay);
        }
    }
}
