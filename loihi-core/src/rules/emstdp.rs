//! EMSTDP, error-modulated spike-timing-dependent plasticity: layers that see a sample twice, first alone, then with
//! their errors as spikes; the difference of the counts is the post factor.
//!
//! Steps of a sample are numbered from 1, with a phase of `P` steps. In phase 2, `t > P`, every output k integrates
//! `+1` if it is the right one and did not spike in the step before, `−1` if it is a wrong one that did; at the error
//! threshold of its layer it sends an error spike, `±1`, and begins anew. A step later an error spike drives its own
//! compartment, and reaches the errors of hidden layers: those of the layer below by the weights from there (symmetric
//! feedback), or those of every hidden layer by fixed random ones, if an output sent it (direct feedback). Hidden
//! compartments integrate what reaches them and send error spikes in the same way, if they spiked in phase 1.
//!
//! With the last step, `t = 2P + 1`: `Δw_ij = pre_j·(phase 2_i − phase 1_i) / 2^shift`, first the outputs' weights, then
//! those of the layers below, one after the other. Phase 1 counts the steps 2 to P + 1, phase 2 the next P; pre counts are
//! those of phase 1, of inputs a step later, when they arrive. If every target is [`NO_TARGET`], nothing is learned, and
//! outputs count as with learning off.
//!
//! The forward path is the chip's; the embedded CPU computes the errors and drives compartments by their biases. A layer
//! may lie on several cores ([`crate::tools::Parts`]): what it learns is the same.
//!
//! Source: Shrestha, Fang, Wu, Qiu 2019/2021; direct feedback to several layers: Nøkland 2016.

mod errors;
mod params;
mod units;

pub use params::EmstdpParams;

use crate::image::Image;
use crate::snip::{Cpu, Phase, Snip};
use crate::tools::local_error::NO_TARGET;
use crate::tools::rank_one::{self, Draws, Precision, Update};
use crate::tools::{Parts, Stack};
use core::ops::RangeInclusive;
use units::Units;

/// Words of constants of a layer's errors: drive, threshold.
const ERROR_WORDS: usize = 2;

/// Layers one upon the other; the last are the outputs.
///
/// Its learned state is the number of updates, a layer each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emstdp {
    layers: usize,
    data_first: usize,
    inputs: usize,
    /// Posts of all layers.
    posts: usize,
    /// Posts of the largest layer.
    posts_max: usize,
    outputs: usize,
    target_first: usize,
    output_first: usize,
    phase_steps: i32,
    precision: Precision,
    shift: u32,
    /// First constant of direct feedback; none for symmetric feedback.
    feedback: Option<usize>,
    recorded_seed: u32,
}

/// The working memory, cut up.
struct Memory<'w> {
    step: &'w mut i32,
    /// Those of every layer, the lowest first, to be cut up by [`Units::carve`].
    units: &'w mut [i32],
    /// Spikes of the inputs in phase 1.
    inputs: &'w mut [i32],
    /// Room for a list of posts.
    list: &'w mut [i32],
}

impl Emstdp {
    fn stack<'i>(&self, image: &'i Image<'i>) -> Stack<'i> {
        Stack::of(image, self.data_first, self.layers)
    }

    fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (step, rest) = working.split_first_mut()?;
        let (units, rest) = rest.split_at_mut_checked(Units::words(self.posts))?;
        let (inputs, list) = rest.split_at_mut_checked(self.inputs)?;
        Some(Memory { step, units, inputs, list })
    }

    /// Whether there is something to learn from.
    fn is_taught(&self, cpu: &Cpu<'_, '_>) -> bool {
        let targets = cpu.target.get(self.target_first..).unwrap_or_default();
        cpu.learning && targets.iter().take(self.outputs).any(|target| *target != NO_TARGET)
    }

    /// No drive, whatever a sample that was not finished has left.
    fn clear_drives(cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>) {
        for part in stack.iter().flat_map(|layer| layer.iter()) {
            for post in 0..part.layer.posts {
                cpu.set_bias(part.layer.compartment_first.wrapping_add(post), 0);
            }
        }
    }

    fn after_cores(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>) {
        *memory.step = memory.step.wrapping_add(1);
        let t = *memory.step;
        let is_taught = self.is_taught(cpu);
        if is_taught && t > self.phase_steps {
            self.send_errors(cpu, stack, memory);
        }
        self.count(cpu, stack, memory, is_taught);
        if is_taught && t == self.phase_steps.wrapping_mul(2).wrapping_add(1) {
            self.teach(cpu, stack, memory);
        }
    }

    /// Counts the spikes of a step.
    fn count(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>, is_taught: bool) {
        let t = *memory.step;
        let mut rest = &mut *memory.units;
        let mut layers = stack.iter().enumerate().peekable();
        while let Some((number, layer)) = layers.next() {
            let Some((mut units, above)) = Units::carve(rest, layer.posts) else { return };
            rest = above;
            if number == 0 && (3..=self.phase_steps.wrapping_add(2)).contains(&t) {
                for axon in layer.arrivals(cpu.plastic.arrived.as_slice()) {
                    if let Some(count) = memory.inputs.get_mut(axon) {
                        *count = count.wrapping_add(1);
                    }
                }
            }
            if layers.peek().is_none() {
                units.forget_last();
                if !is_taught || t < self.phase_steps {
                    self.answer(cpu, &layer);
                }
            }
            units.count(layer.fired(cpu.spikes), t, self.phase_steps);
        }
    }

    /// Counts the spikes of outputs for the host.
    fn answer(&self, cpu: &mut Cpu<'_, '_>, outputs: &Parts<'_>) {
        for post in outputs.fired(cpu.spikes) {
            if let Some(output) = cpu.output.get_mut(self.output_first.wrapping_add(post)) {
                *output = output.wrapping_add(1);
            }
        }
    }

    /// Changes the weights of all layers, the outputs' first.
    fn teach(&self, cpu: &mut Cpu<'_, '_>, stack: &Stack<'_>, memory: &mut Memory<'_>) {
        cpu.ops.rule_opportunities = cpu.ops.rule_opportunities.wrapping_add(1);
        let mut rest = &mut *memory.units;
        let mut visited = 0_u32;
        let mut layers = stack.iter().rev().peekable();
        while let Some(layer) = layers.next() {
            let own_first = rest.len().saturating_sub(Units::words(layer.posts));
            let Some((below, own)) = rest.split_at_mut_checked(own_first) else { return };
            let Some((units, _)) = Units::carve(own, layer.posts) else { return };
            let listed = units.list_changes(memory.list);
            let posts = memory.list.get(..listed).unwrap_or_default();
            let counts = match layers.peek() {
                Some(next) => Units::last_seen(below, next.posts),
                None => &*memory.inputs,
            };
            visited = visited.wrapping_add(self.update(cpu, &layer, counts, posts));
            rest = below;
        }
        cpu.ops.rule_triggers = cpu.ops.rule_triggers.wrapping_add(u64::from(visited > 0));
    }

    /// Changes the weights of a layer by the counts of its axons in phase 1 and the listed differences of its posts;
    /// returns how many synapses it has visited.
    fn update(&self, cpu: &mut Cpu<'_, '_>, layer: &Parts<'_>, counts: &[i32], posts: &[i32]) -> u32 {
        let Some(updates) = cpu.learned.first_mut() else { return 0 };
        *updates = updates.wrapping_add(1);
        if posts.is_empty() {
            return 0;
        }
        let draws = match self.recorded_seed {
            0 => Draws::Shared { seed: cpu.image.seed, t: cpu.t },
            seed => Draws::Addressed { seed, update: updates.cast_unsigned(), axon_first: true },
        };
        let shift = self.shift.wrapping_sub(cpu.rate.cast_unsigned());
        let update = Update { layer: layer.first(), precision: self.precision, shift, draws };
        // Counts have 8 bits, their differences 8 and sign.
        let factors = counts.iter().map(|count| count & 0xFF).enumerate();
        let done = update.parts(layer, cpu.plastic.weights, &mut [], &factors, posts);
        cpu.ops.count_updates(done.visited, done.changed, done.saturated);
        done.visited
    }
}

impl Snip for Emstdp {
    fn learned_words(&self) -> usize {
        1
    }

    fn working_words(&self) -> usize {
        Units::words(self.posts).saturating_add(self.inputs).saturating_add(self.posts_max).saturating_add(1)
    }

    fn rates(&self) -> RangeInclusive<i32> {
        rank_one::rates(self.shift, 1..=16)
    }

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let begins = phase == Phase::Spk && cpu.working.first() == Some(&0);
        if !begins && phase != Phase::PreMgmt {
            return;
        }
        let stack = self.stack(cpu.image);
        if begins {
            return Self::clear_drives(cpu, &stack);
        }
        let Some(mut memory) = self.memory(core::mem::take(&mut cpu.working)) else { return };
        self.after_cores(cpu, &stack, &mut memory);
    }
}
