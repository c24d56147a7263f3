//! Backpropagation by spike counts: three factors, any number of layers, every sample seen once.
//!
//! A sample has `steps` steps. With the last one the embedded CPU knows how often every input and every compartment
//! spiked, `c`, and reads out the last layer, `r`: its voltages, if its compartments only integrate, or its counts. The
//! readout is the answer; only then the sample is learned. With `y` from the target mailbox:
//!
//! * An output's error is `m_k = clip((y_k − r_k) >> error_shift, ±error_limit)`; a [`Loss`] may have none on one side, and
//!   without a target ([`NO_TARGET`]) there is none. If every `m_k` is 0, nothing is learned.
//! * Below, `m_i = σ'_i·clip(Σ_k w_ki·m_k >> feedback_shift, ±127)`, over the layer above with the weights that it had in
//!   this sample, in steps; or over the outputs with fixed random weights (direct feedback).
//! * `σ'_i` is 1 for a compartment that spiked 1 to `count_max` times, or not at all but ended with a voltage of at least
//!   `v_min`; else 0.
//! * In every layer, `Δw_ij = c_j·m_i / 2^shift` steps ([`crate::tools::rank_one`]).
//!
//! Both shifts of errors round to the nearest. A layer may lie on several cores ([`crate::tools::Parts`]): what it learns is the
//! same.
//!
//! Source: Rumelhart, Hinton, Williams 1986, with spike counts as activations and a box as their slope; direct feedback:
//! Nøkland 2016.

mod learn;
mod loss;
mod params;

pub use loss::{Loss, Readout};
pub use params::BackpropParams;

use crate::compartment::Block;
use crate::num::shift_round_half_up;
use crate::snip::{Cpu, Phase, Snip};
use crate::tools::local_error::{NO_TARGET, held};
use crate::tools::rank_one::{self, Precision};
use crate::tools::{Parts, Stack};
use core::ops::RangeInclusive;

/// A stack of layers that learn together.
///
/// Its learned state is the number of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backprop {
    layers: usize,
    data_first: usize,
    inputs: usize,
    /// Posts of all layers.
    posts: usize,
    outputs: usize,
    target_first: usize,
    output_first: usize,
    steps: i32,
    readout: Readout,
    readout_shift: u32,
    loss: Loss,
    error_shift: u32,
    error_limit: i32,
    /// First constant of direct feedback; none for the weights of the layer above.
    feedback: Option<usize>,
    feedback_shift: u32,
    count_max: i32,
    v_min: i32,
    precision: Precision,
    shift: u32,
    shift_output: u32,
}

/// The working memory, cut up.
struct Memory<'w> {
    /// Steps of the sample that are done.
    step: &'w mut i32,
    /// Spikes of the inputs.
    inputs: &'w mut [i32],
    /// Spikes of the posts, layer after layer.
    counts: &'w mut [i32],
    /// Errors of the posts, layer after layer: of each a list, packed, of those that are not 0.
    errors: &'w mut [i32],
}

impl Backprop {
    fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (step, rest) = working.split_first_mut()?;
        let (inputs, rest) = rest.split_at_mut_checked(self.inputs)?;
        let (counts, errors) = rest.split_at_mut_checked(self.posts)?;
        Some(Memory { step, inputs, counts, errors })
    }

    /// Counts the spikes of a step.
    fn count(cpu: &Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>) {
        let increment = |counts: &mut [i32], at: usize| {
            if let Some(count) = counts.get_mut(at) {
                *count = count.wrapping_add(1);
            }
        };
        let mut first = 0_usize;
        for (number, layer) in stack.iter().enumerate() {
            if number == 0 {
                layer.arrivals(cpu.plastic.arrived.as_slice()).for_each(|axon| increment(memory.inputs, axon));
            }
            let counts = memory.counts.get_mut(first..).unwrap_or_default();
            layer.fired(cpu.spikes).for_each(|post| increment(counts, post));
            first = first.wrapping_add(layer.posts);
        }
    }

    /// Answers, and learns.
    fn end_sample(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>) {
        let hidden = self.posts.saturating_sub(self.outputs);
        let Some(output) = stack.iter().next_back() else { return };
        let Some((_, errors)) = memory.errors.split_at_mut_checked(hidden) else { return };
        let counts = memory.counts.get(hidden..).unwrap_or_default();
        self.read_out(&output, cpu.blocks(), counts, errors);
        let outputs = cpu.output.get_mut(self.output_first..).unwrap_or_default();
        outputs.iter_mut().zip(&*errors).for_each(|(output, readout)| *output = *readout);
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        let targets = targets.get(..self.outputs).unwrap_or_default();
        if !cpu.learning || targets.iter().all(|target| *target == NO_TARGET) {
            return;
        }
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        let listed = self.output_errors(targets, errors);
        if listed == 0 {
            return;
        }
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(1);
        if let Some(updates) = cpu.learned.first_mut() {
            *updates = updates.wrapping_add(1);
        }
        self.learn(cpu, stack, memory, listed);
    }

    /// The readout of every output.
    fn read_out(&self, output: &Parts<'_>, blocks: &[Block], counts: &[i32], readouts: &mut [i32]) {
        match self.readout {
            Readout::Voltage => output.copy_voltages(blocks, readouts),
            Readout::Count => readouts.iter_mut().zip(counts).for_each(|(readout, count)| *readout = *count),
        }
        for readout in readouts {
            *readout = readout.wrapping_shr(self.readout_shift);
        }
    }

    /// Turns readouts into a list of their errors, those that are not 0; returns how many.
    fn output_errors(&self, targets: &[i16], readouts: &mut [i32]) -> usize {
        for (readout, target) in readouts.iter_mut().zip(targets) {
            let error = shift_round_half_up(self.loss.error(*readout, *target), self.error_shift);
            *readout = held(error, self.error_limit);
        }
        learn::list(readouts)
    }
}

impl Snip for Backprop {
    fn learned_words(&self) -> usize {
        1
    }

    fn working_words(&self) -> usize {
        self.posts.saturating_mul(2).saturating_add(self.inputs).saturating_add(1)
    }

    fn rates(&self) -> RangeInclusive<i32> {
        let (hidden, output) = (rank_one::rates(self.shift, 1..=16), rank_one::rates(self.shift_output, 1..=16));
        *hidden.start().max(output.start())..=*hidden.end().min(output.end())
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let stack = Stack::of(cpu.image, self.data_first, self.layers);
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        Self::count(cpu, &stack, &mut memory);
        *memory.step = memory.step.wrapping_add(1);
        if *memory.step == self.steps {
            self.end_sample(cpu, &stack, &mut memory);
        }
    }
}
