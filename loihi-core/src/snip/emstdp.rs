//! EMSTDP, error-modulated spike-timing-dependent plasticity: two layers that see a sample twice, first alone, then with
//! their errors as spikes; the difference of the counts is the post factor.
//!
//! Steps of a sample are numbered from 1, with a phase of `P` steps. In phase 2, `t > P`, every output k integrates
//! `+1` if it is the right one and did not spike in the step before, `−1` if it is a wrong one that did; at
//! `±error_threshold_output` it sends an error spike and begins anew. A step later an error spike reaches the output
//! compartment as a drive of `drive_output`, and the hidden compartments by the weights from them to the outputs
//! (symmetric feedback) or by fixed random ones (direct feedback); they integrate it, and at
//! `±error_threshold_hidden` send error spikes of their own, if they spiked in phase 1, which drive them in the same way.
//! With the last step, `t = 2P + 1`: `Δw_ij = pre_j·(phase 2_i − phase 1_i) / 2^shift`, first the outputs' weights, then
//! the hidden layer's. Phase 1 counts the steps 2 to P + 1, phase 2 the next P; pre counts are those of phase 1, of
//! inputs a step later, when they arrive.
//!
//! The forward path is the chip's; the embedded CPU computes the errors and drives compartments by their biases.
//!
//! Source: Shrestha, Fang, Wu, Qiu 2019/2021.

use super::layer::Layer;
use super::rank_one::{self, Draws, Precision, Taught, Update, packed};
use super::{Cpu, Phase, Snip, fits};
use crate::image::{Image, SnipRecord, index};
use core::ops::RangeInclusive;

/// A hidden layer and an output layer.
///
/// Its learned state is the number of updates. With direct feedback the image's constants hold a word per hidden
/// compartment and output, those of a compartment side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emstdp {
    group_hidden: usize,
    group_output: usize,
    inputs: usize,
    hidden: usize,
    outputs: usize,
    target_first: usize,
    output_first: usize,
    phase_steps: i32,
    drive_hidden: i32,
    drive_output: i32,
    error_threshold_hidden: i32,
    error_threshold_output: i32,
    precision: Option<Precision>,
    shift: u32,
    /// First constant of direct feedback, plus 1; 0 for symmetric feedback.
    feedback: usize,
    recorded_seed: u32,
}

/// Parameters of an [`Emstdp`], in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmstdpParams {
    /// The plastic group from the inputs to the hidden layer.
    pub group_hidden: u32,
    /// The plastic group from the hidden layer to the outputs; its axons are the hidden compartments, in their order.
    pub group_output: u32,
    /// Axons of the first group.
    pub inputs: u32,
    /// Hidden compartments.
    pub hidden: u32,
    /// Outputs.
    pub outputs: u32,
    /// First target word: other than 0 for the right output.
    pub target_first: u32,
    /// First output word: counts of spikes, while learning those of phase 1.
    pub output_first: u32,
    /// Steps per phase, 1..=255.
    pub phase_steps: u32,
    /// Drive of a hidden compartment by an error spike, in steps of the weights, 1..=4095.
    pub drive_hidden: u32,
    /// Drive of an output by an error spike, in steps of the weights, 1..=4095.
    pub drive_output: u32,
    /// Where a hidden error spikes, in steps of the feedback's weights, at least 1.
    pub error_threshold_hidden: u32,
    /// Where an output error spikes, at least 1.
    pub error_threshold_output: u32,
    /// How weights are written; not [`Precision::Shadow`].
    pub precision: Precision,
    /// Bits of a change below the smallest step of a weight, 1..=16.
    pub shift: u32,
    /// First constant of direct feedback, if that is what there is.
    pub direct_feedback: Option<u32>,
    /// Seed of a word per synapse, as recorded runs draw them; 0 for the chip's own draws.
    pub recorded_seed: u32,
}

impl EmstdpParams {
    /// The words of a record.
    pub fn words(&self) -> [u32; 16] {
        [
            self.group_hidden,
            self.group_output,
            self.inputs,
            self.hidden,
            self.outputs,
            self.target_first,
            self.output_first,
            self.phase_steps,
            self.drive_hidden,
            self.drive_output,
            self.error_threshold_hidden,
            self.error_threshold_output,
            self.precision as u32,
            self.shift,
            self.direct_feedback.map_or(0, |first| first.saturating_add(1)),
            self.recorded_seed,
        ]
    }
}

/// What is remembered of a hidden compartment or an output.
#[derive(Debug)]
struct Units<'w> {
    /// Errors that are integrated.
    errors: &'w mut [i32],
    /// Error spikes of the last step, −1, 0 or 1.
    sent: &'w mut [i32],
    /// Spikes of phase 1 in the low 8 bits, of phase 2 in the next 8; then whether it spiked early in phase 1, whether
    /// in the last step, whether it is driven.
    seen: &'w mut [i32],
}

const COUNT_2: i32 = 1 << 8;
const EARLY: i32 = 1 << 16;
const LAST: i32 = 1 << 17;
const DRIVEN: i32 = 1 << 18;

impl<'w> Units<'w> {
    fn carve(memory: &'w mut [i32], count: usize) -> Option<(Self, &'w mut [i32])> {
        let (errors, rest) = memory.split_at_mut_checked(count)?;
        let (sent, rest) = rest.split_at_mut_checked(count)?;
        let (seen, rest) = rest.split_at_mut_checked(count)?;
        Some((Self { errors, sent, seen }, rest))
    }

    /// Counts the spikes of a step.
    fn count(&mut self, fired: impl Iterator<Item = usize>, t: i32, phase_steps: i32) {
        let first_ends = phase_steps.wrapping_add(1);
        for post in fired {
            let Some(seen) = self.seen.get_mut(post) else { continue };
            let counted = if t < 2 {
                0
            } else if t <= first_ends {
                1
            } else {
                COUNT_2
            };
            *seen = seen.wrapping_add(counted) | LAST;
            if t < phase_steps {
                *seen |= EARLY;
            }
        }
    }

    /// Lists the compartments whose counts differ, with phase 2 less phase 1; returns how many.
    fn list_changes(&self, list: &mut [i32]) -> usize {
        let mut listed = 0_usize;
        for (seen, number) in self.seen.iter().zip(0_u32..) {
            let difference = (seen >> 8 & 0xFF).wrapping_sub(seen & 0xFF);
            if difference != 0
                && let Some(slot) = list.get_mut(listed)
            {
                *slot = packed(number, difference);
                listed = listed.wrapping_add(1);
            }
        }
        listed
    }
}

/// An error that is integrated becomes a spike at its threshold.
#[inline(always)]
const fn spike_of(error: &mut i32, threshold: i32) -> i32 {
    if *error >= threshold {
        *error = 0;
        1
    } else if *error <= threshold.wrapping_neg() {
        *error = 0;
        -1
    } else {
        0
    }
}

/// The working memory, cut up.
struct Memory<'w> {
    step: &'w mut i32,
    hidden: Units<'w>,
    output: Units<'w>,
    /// Spikes of the inputs in phase 1.
    inputs: &'w mut [i32],
    list: &'w mut [i32],
}

/// The two layers.
struct Layers {
    hidden: Layer,
    output: Layer,
}

impl Emstdp {
    /// The kind in a [`SnipRecord`].
    pub const KIND: u32 = 7;

    pub(super) fn from_params(params: &[u32; SnipRecord::PARAMS]) -> Self {
        let &[group_hidden, group_output, inputs, hidden, outputs, target_first, output_first, rest @ ..] = params;
        let [phase_steps, drive_hidden, drive_output, threshold_hidden, threshold_output, rest @ ..] = rest;
        let [precision, shift, feedback, recorded_seed, ..] = rest;
        Self {
            group_hidden: index(group_hidden),
            group_output: index(group_output),
            inputs: index(inputs),
            hidden: index(hidden),
            outputs: index(outputs),
            target_first: index(target_first),
            output_first: index(output_first),
            phase_steps: phase_steps.cast_signed(),
            drive_hidden: drive_hidden.cast_signed(),
            drive_output: drive_output.cast_signed(),
            error_threshold_hidden: threshold_hidden.cast_signed(),
            error_threshold_output: threshold_output.cast_signed(),
            precision: Precision::from_code(precision),
            shift,
            feedback: index(feedback),
            recorded_seed,
        }
    }

    fn layers(&self, image: &Image<'_>) -> Option<Layers> {
        Some(Layers { hidden: Layer::of(image, self.group_hidden)?, output: Layer::of(image, self.group_output)? })
    }

    fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (step, rest) = working.split_first_mut()?;
        let (hidden, rest) = Units::carve(rest, self.hidden)?;
        let (output, rest) = Units::carve(rest, self.outputs)?;
        let (inputs, list) = rest.split_at_mut_checked(self.inputs)?;
        Some(Memory { step, hidden, output, inputs, list })
    }

    /// No drive, whatever a sample that was not finished has left.
    fn clear_drives(cpu: &mut Cpu<'_, '_>, layers: &Layers) {
        for layer in [&layers.hidden, &layers.output] {
            for post in 0..layer.posts {
                cpu.set_bias(layer.compartment_first.wrapping_add(post), 0);
            }
        }
    }

    fn after_cores(&self, cpu: &mut Cpu<'_, '_>, layers: &Layers, memory: &mut Memory<'_>) {
        *memory.step = memory.step.wrapping_add(1);
        let t = *memory.step;
        if (3..=self.phase_steps.wrapping_add(2)).contains(&t) {
            for axon in layers.hidden.arrivals(cpu.arrivals.plastic.arrived.as_slice()) {
                if let Some(count) = memory.inputs.get_mut(axon) {
                    *count = count.wrapping_add(1);
                }
            }
        }
        if cpu.learning && t > self.phase_steps {
            self.output_errors(cpu, memory);
            Self::drive(cpu, &layers.output, &mut memory.output, self.drive_output);
            self.hidden_errors(cpu, layers, memory);
        }
        for seen in memory.output.seen.iter_mut() {
            *seen &= !LAST;
        }
        if !cpu.learning || t < self.phase_steps {
            for post in layers.output.fired(cpu.spikes) {
                if let Some(output) = cpu.output.get_mut(self.output_first.wrapping_add(post)) {
                    *output = output.wrapping_add(1);
                }
            }
        }
        memory.hidden.count(layers.hidden.fired(cpu.spikes), t, self.phase_steps);
        memory.output.count(layers.output.fired(cpu.spikes), t, self.phase_steps);
        if cpu.learning && t == self.phase_steps.wrapping_mul(2).wrapping_add(1) {
            self.teach(cpu, layers, memory);
        }
    }

    /// Integrates the outputs' errors by their spikes of the step before; the error spikes of that step stay in `sent`
    /// until they have been used, and the new ones wait in the list.
    fn output_errors(&self, cpu: &Cpu<'_, '_>, memory: &mut Memory<'_>) {
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let units = memory.output.errors.iter_mut().zip(&*memory.output.seen).zip(targets);
        for (((error, seen), target), new) in units.zip(memory.list.iter_mut()) {
            let spiked = seen & LAST != 0;
            let step = match (*target != 0, spiked) {
                (true, false) => 1,
                (false, true) => -1,
                _ => 0,
            };
            *error = error.wrapping_add(step);
            *new = spike_of(error, self.error_threshold_output);
        }
    }

    /// Drives the compartments whose errors spiked in the step before, and no others.
    fn drive(cpu: &mut Cpu<'_, '_>, layer: &Layer, units: &mut Units<'_>, drive: i32) {
        // A step of the weights is 2 mantissas of 64 each.
        let drive = drive.wrapping_shl(7);
        for ((post, sent), seen) in units.sent.iter().enumerate().zip(units.seen.iter_mut()) {
            if *sent != 0 || *seen & DRIVEN != 0 {
                cpu.set_bias(layer.compartment_first.wrapping_add(post), drive.wrapping_mul(*sent));
                *seen = if *sent == 0 { *seen & !DRIVEN } else { *seen | DRIVEN };
            }
        }
    }

    /// Drives the hidden compartments, and integrates their errors from the outputs' error spikes of the step before.
    fn hidden_errors(&self, cpu: &mut Cpu<'_, '_>, layers: &Layers, memory: &mut Memory<'_>) {
        Self::drive(cpu, &layers.hidden, &mut memory.hidden, self.drive_hidden);
        if memory.output.sent.iter().any(|sent| *sent != 0) {
            let fixed = self.feedback.checked_sub(1).map(|first| {
                let words = self.hidden.saturating_mul(self.outputs);
                cpu.image.data(first, words)
            });
            for (post, error) in memory.hidden.errors.iter_mut().enumerate() {
                let change = if let Some(words) = fixed {
                    let row = words.get(post.wrapping_mul(self.outputs)..).unwrap_or_default();
                    led_back(row.iter().copied(), memory.output.sent)
                } else {
                    let row = layers.output.row(cpu.arrivals.plastic.weights, post);
                    let steps = row.iter().map(|weight| i32::from(*weight) >> 1);
                    led_back(steps, memory.output.sent)
                };
                *error = error.wrapping_add(change);
            }
        }
        let units = memory.hidden.errors.iter_mut().zip(memory.hidden.sent.iter_mut()).zip(&*memory.hidden.seen);
        for ((error, sent), seen) in units {
            let spike = spike_of(error, self.error_threshold_hidden);
            *sent = if seen & EARLY != 0 { spike } else { 0 };
        }
        for (sent, new) in memory.output.sent.iter_mut().zip(&*memory.list) {
            *sent = *new;
        }
    }

    /// Changes the weights of both layers, the outputs' first.
    fn teach(&self, cpu: &mut Cpu<'_, '_>, layers: &Layers, memory: &mut Memory<'_>) {
        let precision = self.precision.unwrap_or(Precision::Stochastic);
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        let mut taught = Taught::default();
        for (layer, of_output) in [(&layers.output, true), (&layers.hidden, false)] {
            let Some(updates) = cpu.learned.first_mut() else { return };
            *updates = updates.wrapping_add(1);
            let draws = match self.recorded_seed {
                0 => Draws::Shared { seed: cpu.image.seed, t: cpu.t },
                seed => Draws::Addressed { seed, update: updates.cast_unsigned(), axon_first: true },
            };
            let shift = self.shift.wrapping_sub(cpu.rate.cast_unsigned());
            let update = Update { layer, precision, shift, draws };
            let units = if of_output { &memory.output } else { &memory.hidden };
            let listed = units.list_changes(memory.list);
            let posts = memory.list.get(..listed).unwrap_or_default();
            let counts = if of_output { &*memory.hidden.seen } else { &*memory.inputs };
            for (axon, count) in counts.iter().enumerate() {
                let p = count & 0xFF;
                if p != 0 && listed > 0 {
                    update.axon(cpu.arrivals.plastic.weights, &mut [], axon, p, posts, &mut taught);
                }
            }
        }
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(taught.visited > 0));
        cpu.ops.count_taught(taught.visited, taught.changed, taught.saturated);
    }
}

/// Sum of the weights from those that sent an error spike, with its sign. At most 2^16 outputs of 9 bits.
#[inline(always)]
fn led_back(weights: impl Iterator<Item = i32>, sent: &[i32]) -> i32 {
    weights.zip(sent).fold(0, |sum, (weight, sent)| sum.wrapping_add(weight.wrapping_mul(*sent)))
}

impl Snip for Emstdp {
    fn learned_words(&self) -> usize {
        1
    }

    fn working_words(&self) -> usize {
        let units = self.hidden.saturating_add(self.outputs);
        let list = self.hidden.max(self.outputs);
        units.saturating_mul(3).saturating_add(self.inputs).saturating_add(list).saturating_add(1)
    }

    fn rates(&self) -> RangeInclusive<i32> {
        rank_one::rates(self.shift, 1..=16)
    }

    fn reset(&self, working: &mut [i32]) {
        working.fill(0);
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let begins = phase == Phase::Spk && cpu.working.first() == Some(&0);
        if !begins && phase != Phase::PreMgmt {
            return;
        }
        let Some(layers) = self.layers(cpu.image) else { return };
        if begins {
            return Self::clear_drives(cpu, &layers);
        }
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        self.after_cores(cpu, &layers, &mut memory);
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        let Some(Layers { hidden, output }) = self.layers(image) else { return false };
        let drives = [self.drive_hidden, self.drive_output];
        let constants = self.hidden.saturating_mul(self.outputs);
        Layer::is_sound(image, self.group_hidden)
            && Layer::is_sound(image, self.group_output)
            && (hidden.axons, hidden.posts) == (self.inputs, self.hidden)
            && (output.axons, output.posts) == (self.hidden, self.outputs)
            && (1..=255).contains(&self.phase_steps)
            && drives.iter().all(|drive| (1..=4095).contains(drive))
            && self.error_threshold_hidden > 0
            && self.error_threshold_output > 0
            && matches!(self.precision, Some(Precision::Stochastic | Precision::Nearest | Precision::Truncate))
            && (1..=16).contains(&self.shift)
            && self.feedback.checked_sub(1).is_none_or(|first| fits(first, constants, image.data.len()))
            && fits(self.target_first, self.outputs, image.target_words)
            && fits(self.output_first, self.outputs, image.output_words)
            && !image.bias.is_empty()
    }
}
