//! Reading registers, and the digest of all state.

use crate::chip::Chip;
use crate::compartment::{Block, LANES};
use crate::dendrite::{SLOT, slot_start};
use crate::image::CoreRecord;
use crate::meter::CoreCounts;
use crate::num::Fnv64;
use crate::plastic::{Plastic, Post, Pre};
use serde::{Deserialize, Serialize};

/// What can be read, one 32-bit word per element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub enum Register {
    /// Current per compartment.
    U,
    /// Voltage per compartment.
    V,
    /// Bias per compartment.
    Bias,
    /// Refractory steps left per compartment, the step of the spike included.
    Refractory,
    /// Threshold per compartment of an image with homeostasis, else nothing.
    Threshold,
    /// Trace of its own spikes per compartment of an image with homeostasis, else nothing.
    Activity,
    /// Dendritic accumulators in units of 64, core after core, from the slot of the next step on.
    Dendrite,
    /// Of every core that has sums kept apart: what waits to join its sum, then each of them, in the same order.
    Apart,
    /// Weights of the plastic synapses, mantissas, group after group.
    W,
    /// Tags of the plastic synapses.
    T,
    /// Delays of the plastic synapses.
    D,
    /// First trace per plastic axon.
    X1,
    /// Second trace per plastic axon.
    X2,
    /// First post trace, group after group.
    Y1,
    /// Second post trace.
    Y2,
    /// Third post trace.
    Y3,
    /// Times of the last spikes within the epoch: per plastic axon, then per post trace with what is late; then the plastic axons that spikes have reached.
    Epoch,
    /// Profile of the rule per post trace.
    Profile,
    /// The reward that is broadcast.
    Reward,
    /// Powers of two by which what is learned is scaled: that of the weight changes per plastic group, then one per
    /// snip. 0: as in the image.
    Rate,
    /// Compartments that fired in the last step.
    Spikes,
    /// Words of the output mailbox.
    Output,
    /// What the snips have learned.
    Learned,
    /// What else the snips remember.
    Working,
    /// Words of the two mailboxes toward the chip, stimulus first.
    Mailbox,
    /// Voltage per compartment as the chip shows it: while a compartment is refractory, `refractory << 7` instead.
    ///
    /// Known from recordings for the step of the spike (a period of 1 shows 128); for longer periods the count is
    /// taken to run down to 1. Follows from the others, so it is no part of the digest.
    VReadout,
    /// What every metered core has done, core after core: the words of a [`CoreCounts`], which
    /// wrap at 2^32. They measure the chip and are no state of its own, so no part of the digest.
    CoreCounts,
}

impl Register {
    /// Every register of the digest, in its order.
    pub const ALL: [Self; 25] = [
        Self::U,
        Self::V,
        Self::Bias,
        Self::Refractory,
        Self::Threshold,
        Self::Activity,
        Self::Dendrite,
        Self::Apart,
        Self::W,
        Self::T,
        Self::D,
        Self::X1,
        Self::X2,
        Self::Y1,
        Self::Y2,
        Self::Y3,
        Self::Epoch,
        Self::Profile,
        Self::Reward,
        Self::Rate,
        Self::Spikes,
        Self::Output,
        Self::Learned,
        Self::Working,
        Self::Mailbox,
    ];

    /// The name that users see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U => "u",
            Self::V => "v",
            Self::Bias => "bias",
            Self::Refractory => "refractory",
            Self::Threshold => "threshold",
            Self::Activity => "activity",
            Self::Dendrite => "dendrite",
            Self::Apart => "apart",
            Self::W => "w",
            Self::T => "t",
            Self::D => "d",
            Self::X1 => "x1",
            Self::X2 => "x2",
            Self::Y1 => "y1",
            Self::Y2 => "y2",
            Self::Y3 => "y3",
            Self::Epoch => "epoch",
            Self::Profile => "profile",
            Self::Reward => "reward",
            Self::Rate => "rate",
            Self::Spikes => "spikes",
            Self::Output => "output",
            Self::Learned => "learned",
            Self::Working => "working",
            Self::Mailbox => "mailbox",
            Self::VReadout => "v_readout",
            Self::CoreCounts => "core_counts",
        }
    }
}

/// Hashes of all state: one per register, so that two devices that differ name where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub struct StateDigest {
    /// Steps computed.
    pub t: u32,
    /// FNV-1a 64 of each of [`Register::ALL`], over its words as little-endian bytes.
    pub registers: [u64; 25],
}

impl StateDigest {
    /// One hash of everything.
    pub fn total(&self) -> u64 {
        let mut hash = Fnv64::new();
        hash.bytes(&self.t.to_le_bytes());
        for register in self.registers {
            hash.bytes(&register.to_le_bytes());
        }
        hash.finish()
    }

    /// The first register in which two digests differ; `None` if only the step number does, or nothing.
    pub fn first_difference(&self, other: &Self) -> Option<Register> {
        let pairs = self.registers.iter().zip(&other.registers);
        Register::ALL.into_iter().zip(pairs).find(|(_, (a, b))| a != b).map(|(register, _)| register)
    }
}

impl Chip<'_> {
    /// Hands every word of a register to `visit`, in order.
    pub fn visit(&self, register: Register, mut visit: impl FnMut(i32)) {
        let state = self.state();
        let plastic = &state.arrivals.plastic;
        match register {
            Register::U => self.visit_blocks(|[currents, _, _]| currents, |u_256| visit(u_256 >> 8)),
            Register::V => self.visit_blocks(|[_, voltages, _]| voltages, visit),
            Register::Bias => self.visit_blocks(|[_, _, biases]| biases, |bias_256| visit(bias_256 >> 8)),
            Register::Refractory => self.visit_refractory(|_, steps| visit(steps)),
            Register::Threshold => self.visit_places(state.adaptations, |adaptation| visit(adaptation.v_th)),
            Register::Activity => self.visit_places(state.adaptations, |adaptation| visit(adaptation.activity)),
            Register::VReadout => self.visit_refractory(|v, steps| visit(if steps == 0 { v } else { steps << 7 })),
            Register::Dendrite => self.visit_dendrites(visit),
            Register::Apart => self.visit_apart(visit),
            Register::W => plastic.weights.iter().for_each(|word| visit(i32::from(*word))),
            Register::T => plastic.tags.iter().for_each(|word| visit(i32::from(*word))),
            Register::D => plastic.delays.iter().for_each(|word| visit(i32::from(*word))),
            Register::X1 => plastic.pre.iter().for_each(|Pre { x: [x1, _], .. }| visit(i32::from(*x1))),
            Register::X2 => plastic.pre.iter().for_each(|Pre { x: [_, x2], .. }| visit(i32::from(*x2))),
            Register::Y1 => plastic.post.iter().for_each(|Post { y: [y1, _, _], .. }| visit(i32::from(*y1))),
            Register::Y2 => plastic.post.iter().for_each(|Post { y: [_, y2, _], .. }| visit(i32::from(*y2))),
            Register::Y3 => plastic.post.iter().for_each(|Post { y: [_, _, y3], .. }| visit(i32::from(*y3))),
            Register::Epoch => visit_epoch(plastic, visit),
            Register::Profile => plastic.post.iter().for_each(|post| visit(i32::from(post.profile))),
            Register::Reward => visit(self.reward()),
            Register::Rate => state.rates.iter().for_each(|rate| visit(*rate)),
            Register::Spikes => state.spikes.as_slice().iter().for_each(|spike| visit(spike.cast_signed())),
            Register::Output => state.output.iter().for_each(|word| visit(*word)),
            Register::Learned => state.learned.iter().for_each(|word| visit(*word)),
            Register::Working => state.working.iter().for_each(|word| visit(*word)),
            Register::CoreCounts => {
                let counts = state.arrivals.meter.cores.iter().flat_map(CoreCounts::words);
                counts.for_each(|count| visit(count.cast_signed()));
            }
            Register::Mailbox => {
                state.stimulus.iter().chain(state.target.iter()).for_each(|word| visit(i32::from(*word)));
            }
        }
    }

    /// One register of every compartment.
    fn visit_blocks(&self, lanes: impl Fn(&Block) -> &[i32; LANES], mut visit: impl FnMut(i32)) {
        let mut blocks = self.state().blocks.iter();
        for core in self.image().cores() {
            let registers = blocks.by_ref().take(core.blocks()).flat_map(&lanes);
            registers.take(core.compartments).for_each(|register| visit(*register));
        }
    }

    /// One of the registers that are kept by place; none if there are none.
    fn visit_places<T>(&self, registers: &[T], mut visit: impl FnMut(&T)) {
        let mut places = registers.chunks(LANES);
        for core in self.image().cores() {
            let of_core = places.by_ref().take(core.blocks()).flatten();
            of_core.take(core.compartments).for_each(&mut visit);
        }
    }

    /// The voltage and the refractory steps left of every compartment, the step of the spike included.
    fn visit_refractory(&self, mut visit: impl FnMut(i32, i32)) {
        let mut blocks = self.state().blocks.iter();
        let mut places = self.state().refractory.chunks(LANES);
        let mut spikes = self.state().spikes.as_slice().iter().peekable();
        let mut number = 0_u32;
        for core in self.image().cores() {
            let voltages = blocks.by_ref().take(core.blocks()).flat_map(|[_, voltages, _]| voltages);
            let refractory = places.by_ref().take(core.blocks()).flatten();
            for (v, steps) in voltages.zip(refractory).take(core.compartments) {
                // A period of 1 is seen in the list of spikes only.
                let fired = spikes.next_if_eq(&&number).is_some();
                visit(*v, i32::from(*steps).max(i32::from(fired)));
                number = number.wrapping_add(1);
            }
        }
    }

    /// Only the accumulators of compartments that exist, so that the digest does not depend on the ring's padding.
    fn visit_dendrites(&self, mut visit: impl FnMut(i32)) {
        for core in self.image().cores() {
            self.visit_ring(&core, core.slot_first, self.state().arrivals.accumulators.rings_64, |sum| {
                visit(i32::from(*sum));
            });
        }
    }

    fn visit_apart(&self, mut visit: impl FnMut(i32)) {
        let accumulators = &self.state().arrivals.accumulators;
        for core in self.image().cores().filter(|core| core.sums > 0) {
            self.visit_ring(&core, core.slot_first, accumulators.joining, |joining| visit(*joining));
            for sum in self.image().sums().skip(core.sum_first).take(core.sums) {
                self.visit_ring(&core, sum.slot_first, accumulators.apart, |sum| visit(*sum));
            }
        }
    }

    /// The accumulators of a core in a ring whose slots begin at `slot_first`, from the slot of the next step on.
    fn visit_ring<T>(&self, core: &CoreRecord, slot_first: usize, ring: &[T], mut visit: impl FnMut(&T)) {
        for ahead in (0_u32..).take(core.slots) {
            let start = slot_start(self.t().wrapping_add(ahead), core.slots);
            let first = slot_first.saturating_mul(SLOT).saturating_add(start);
            let sums = ring.get(first..first.saturating_add(core.compartments));
            sums.unwrap_or_default().iter().for_each(&mut visit);
        }
    }

    /// The hash of one register.
    pub fn register_digest(&self, register: Register) -> u64 {
        let mut hash = Fnv64::new();
        self.visit(register, |word| hash.word(word));
        hash.finish()
    }

    /// The hashes of all state.
    pub fn digest(&self) -> StateDigest {
        StateDigest { t: self.t(), registers: Register::ALL.map(|register| self.register_digest(register)) }
    }
}

/// When axons and compartments last spiked within the epoch, and what has arrived since the last step.
fn visit_epoch(plastic: &Plastic<'_>, mut visit: impl FnMut(i32)) {
    plastic.pre.iter().for_each(|pre| visit(i32::from(pre.time)));
    for post in plastic.post.iter() {
        visit(i32::from(post.time));
        visit(i32::from(post.late));
    }
    plastic.arrived.as_slice().iter().for_each(|axon| visit(axon.cast_signed()));
}
