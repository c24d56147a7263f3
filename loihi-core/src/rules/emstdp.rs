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
//! inputs a step later, when they arrive. If every target is [`NO_TARGET`], nothing is learned, and outputs count as with
//! learning off.
//!
//! The forward path is the chip's; the embedded CPU computes the errors and drives compartments by their biases.
//!
//! Source: Shrestha, Fang, Wu, Qiu 2019/2021.

mod params;
mod units;

pub use params::EmstdpParams;

use crate::image::Image;
use crate::snip::{Cpu, Phase, Snip};
use crate::tools::Layer;
use crate::tools::local_error::NO_TARGET;
use crate::tools::rank_one::{self, Draws, Precision, Update, UpdateCounts};
use core::ops::RangeInclusive;
use units::{DRIVEN, EARLY, LAST, Units, spike_of};

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
    precision: Precision,
    shift: u32,
    /// First constant of direct feedback; none for symmetric feedback.
    feedback: Option<usize>,
    recorded_seed: u32,
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

    /// Whether there is something to learn from.
    fn is_taught(&self, cpu: &Cpu<'_, '_>) -> bool {
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        cpu.learning && targets.iter().take(self.outputs).any(|target| *target != NO_TARGET)
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
            for axon in layers.hidden.arrivals(cpu.plastic.arrived.as_slice()) {
                if let Some(count) = memory.inputs.get_mut(axon) {
                    *count = count.wrapping_add(1);
                }
            }
        }
        let is_taught = self.is_taught(cpu);
        if is_taught && t > self.phase_steps {
            self.output_errors(cpu, memory);
            Self::drive(cpu, &layers.output, &mut memory.output, self.drive_output);
            self.hidden_errors(cpu, layers, memory);
        }
        for seen in memory.output.seen.iter_mut() {
            *seen &= !LAST;
        }
        if !is_taught || t < self.phase_steps {
            for post in layers.output.fired(cpu.spikes) {
                if let Some(output) = cpu.output.get_mut(self.output_first.wrapping_add(post)) {
                    *output = output.wrapping_add(1);
                }
            }
        }
        memory.hidden.count(layers.hidden.fired(cpu.spikes), t, self.phase_steps);
        memory.output.count(layers.output.fired(cpu.spikes), t, self.phase_steps);
        if is_taught && t == self.phase_steps.wrapping_mul(2).wrapping_add(1) {
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
            let step = match (*target, spiked) {
                (0, true) => -1,
                (0 | NO_TARGET, _) | (_, true) => 0,
                (_, false) => 1,
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
            let fixed = self.feedback.map(|first| {
                let words = self.hidden.saturating_mul(self.outputs);
                cpu.image.data(first, words)
            });
            for (post, error) in memory.hidden.errors.iter_mut().enumerate() {
                let change = if let Some(words) = fixed {
                    let row = words.get(post.wrapping_mul(self.outputs)..).unwrap_or_default();
                    led_back(row.iter().copied(), memory.output.sent)
                } else {
                    let row = layers.output.row(cpu.plastic.weights, post);
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
        let precision = self.precision;
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        let mut update_counts = UpdateCounts::default();
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
                    update.axon(cpu.plastic.weights, &mut [], axon, p, posts, &mut update_counts);
                }
            }
        }
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(update_counts.visited > 0));
        cpu.ops.count_updates(update_counts.visited, update_counts.changed, update_counts.saturated);
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
}
