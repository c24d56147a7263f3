//! What a program of the embedded CPU sees of the chip, and what it may change.

use crate::axon;
use crate::compartment::{Block, registers};
use crate::dendrite::Accumulators;
use crate::image::{Image, index};
use crate::meter::Meter;
use crate::num::{Drawn, Purpose, RandomSource as _};
use crate::ops::OpCounts;
use crate::plastic::Plastic;
use core::ops::Range;

/// What a program sees of the chip, and what it may change.
#[derive(Debug)]
pub struct Cpu<'c, 'm> {
    /// The network.
    pub image: &'c Image<'c>,
    /// Number of the step that is being computed, from 0.
    pub t: u32,
    /// Compartments that fired in this step, ascending; in [`Phase::Spk`](super::Phase::Spk) those of the step before.
    pub spikes: &'c [u32],
    /// Values for encoders.
    pub stimulus: &'c [i16],
    /// Values for learning rules.
    pub target: &'c [i16],
    /// Values from readouts.
    pub output: &'c mut [i32],
    /// Whether rules may learn.
    pub learning: bool,
    /// The power of two by which what this program learns is scaled; one of [`Snip::rates`](super::Snip::rates).
    pub rate: i32,
    /// The reward that the cores' learning reads as r1, −128..=127.
    pub reward: &'c mut i32,
    /// What this program has learned; part of the learned state that is saved and restored.
    pub learned: &'c mut [i32],
    /// What else this program remembers; set anew by a reset.
    pub working: &'c mut [i32],
    /// Exact counts.
    pub ops: &'c mut OpCounts,
    /// Weights, tags, delays and traces of the plastic synapses, and the axons that spikes have reached; see
    /// [`crate::tools::Layer`] for those of a group. What a program writes there must be in the register's range, as
    /// `Chip::write` says it: a state with other values is refused where it is restored.
    pub plastic: &'c mut Plastic<'m>,
    pub(crate) blocks: &'c mut [Block],
    pub(crate) accumulators: &'c mut Accumulators<'m>,
    pub(crate) meter: &'c mut Meter<'m>,
    /// Programs whose biases stand: a bit for each of the first 32, from the first on.
    pub(crate) settled: &'c mut u32,
    /// The bit of this program; 0 for those behind the first 32.
    pub(crate) own: u32,
}

/// Which of `count` compartments from `first` on are in a list of spikes, counted from the first one; both ascending.
#[inline]
pub(crate) fn fired(spikes: &[u32], first: usize, count: usize) -> impl Iterator<Item = usize> + use<'_> {
    let from = spikes.partition_point(|spike| index(*spike) < first);
    let rest = spikes.get(from..).unwrap_or_default();
    rest.iter().map(move |spike| index(*spike).wrapping_sub(first)).take_while(move |at| *at < count)
}

impl Cpu<'_, '_> {
    /// Writes the bias of a compartment, in units of the voltage. Magnitudes above 2^23 wrap. Nothing in an image without
    /// biases, whose compartments do not add any: a program that writes them requires `!image.bias.is_empty()` in its check.
    #[inline]
    pub fn set_bias(&mut self, compartment: usize, bias: i32) {
        if self.image.bias.is_empty() {
            return;
        }
        if let Some([_, _, register]) = registers(self.image, self.blocks, compartment) {
            let new = bias.wrapping_shl(8);
            if *register != new {
                *register = new;
                // Programs that relied on the old bias compute again.
                *self.settled = 0;
            }
            self.ops.bias_writes = self.ops.bias_writes.wrapping_add(1);
        }
    }

    /// Sets currents and voltages of compartments to 0, those of them that are there; before the cores compute, in
    /// [`Phase::Spk`](super::Phase::Spk), that counts in this step.
    pub fn clear(&mut self, compartments: Range<usize>) {
        let mut blocks = self.blocks.iter_mut();
        for core in self.image.cores() {
            let first = compartments.start.saturating_sub(core.compartment_first);
            let end = compartments.end.saturating_sub(core.compartment_first).min(core.compartments);
            let lanes = blocks
                .by_ref()
                .take(core.blocks())
                .flat_map(|[currents, voltages, _]| currents.iter_mut().zip(voltages));
            for (u, v) in lanes.take(end).skip(first) {
                (*u, *v) = (0, 0);
            }
        }
    }

    /// Says that this program would write the same biases again as long as its inputs are the same: no stimulus was put
    /// in, no bias was changed by anybody else, nothing was reset or restored. [`Cpu::is_settled`] tells until then.
    #[inline]
    pub fn settle(&mut self) {
        *self.settled |= self.own;
    }

    /// Whether nothing has changed since this program has called [`Cpu::settle`].
    #[inline]
    pub fn is_settled(&self) -> bool {
        *self.settled & self.own != 0
    }

    /// Currents, voltages and biases of all compartments, by place, for [`crate::tools::Layer`]; see [`Cpu::voltages`] for
    /// those of a few.
    #[inline]
    pub fn blocks(&self) -> &[Block] {
        self.blocks
    }

    /// Which of `count` compartments from `first` on are in [`Cpu::spikes`], counted from the first one, ascending.
    pub fn fired(&self, first: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
        fired(self.spikes, first, count)
    }

    /// Voltages of compartments; after [`Phase::Spk`](super::Phase::Spk) those of this step, 0 where a spike took them
    /// back.
    pub fn voltages(&self, compartments: Range<usize>) -> impl Iterator<Item = i32> + '_ {
        self.registers(compartments).map(|[_, v, _]| v)
    }

    /// Currents of compartments.
    pub fn currents(&self, compartments: Range<usize>) -> impl Iterator<Item = i32> + '_ {
        self.registers(compartments).map(|[u_256, ..]| u_256 >> 8)
    }

    /// Biases of compartments.
    pub fn biases(&self, compartments: Range<usize>) -> impl Iterator<Item = i32> + '_ {
        self.registers(compartments).map(|[.., bias_256]| bias_256 >> 8)
    }

    /// Current, voltage and bias as they are stored, of the compartments that are there.
    fn registers(&self, compartments: Range<usize>) -> impl Iterator<Item = [i32; 3]> + '_ {
        let mut block_first = 0_usize;
        self.image.cores().flat_map(move |core| {
            let first = core.compartment_first;
            let blocks = self.blocks.get(block_first..).unwrap_or_default();
            block_first = block_first.wrapping_add(core.blocks());
            let lanes = blocks.iter().flat_map(|[u, v, bias]| u.iter().zip(v).zip(bias));
            let own = lanes.map(|((u, v), bias)| [*u, *v, *bias]).take(core.compartments);
            let skipped = compartments.start.saturating_sub(first);
            let end = compartments.end.saturating_sub(first);
            own.take(end).skip(skipped)
        })
    }

    /// Writes y1, y2 or y3 (`trace` 0, 1, 2) of a post trace, counted over all plastic groups: the third factor of the
    /// cores' learning in this step's epoch. Held to −128..=127.
    #[inline]
    pub fn set_post_trace(&mut self, post: usize, trace: usize, value: i32) {
        let traces = self.plastic.post.get_mut(post);
        if let Some(y) = traces.and_then(|traces| traces.y.get_mut(trace)) {
            *y = i16::try_from(value.clamp(-128, 127)).unwrap_or(0);
        }
    }

    /// Chooses the profile of the rule for a post trace, 0..=7.
    #[inline]
    pub fn set_profile(&mut self, post: usize, profile: u8) {
        if let Some(traces) = self.plastic.post.get_mut(post) {
            traces.profile = i16::from(profile & 7);
        }
    }

    /// Sends a spike into an external input; it counts in this step.
    #[inline]
    pub fn inject(&mut self, input: usize) {
        let source = self.image.compartments().wrapping_add(input);
        if self.meter.on {
            self.meter.pause(self.image, source);
        }
        axon::deliver(self.image, self.accumulators, self.plastic, self.t, source, self.ops);
        if self.meter.on {
            self.meter.resume();
        }
        self.ops.input_spikes = self.ops.input_spikes.wrapping_add(1);
    }

    /// A uniform random word, the same on every device: of this step, and of an element that the program numbers as it
    /// likes. Rules that round weights take the number of the plastic synapse ([`Purpose::Rule`]).
    #[inline]
    pub fn draw(&self, element: u32) -> u32 {
        Drawn { seed: self.image.seed }.word(Purpose::Rule, self.t, element)
    }
}
