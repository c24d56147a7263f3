//! Reading registers, and the digest of all state.

use crate::chip::Chip;
use crate::compartment::{Block, LANES};
use crate::num::Fnv64;
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
    /// Refractory steps left per compartment.
    Refractory,
    /// Dendritic accumulators in units of 64, core after core, from the slot of the next step on.
    Dendrite,
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
}

impl Register {
    /// Every register, in the order of the digest.
    pub const ALL: [Self; 10] = [
        Self::U,
        Self::V,
        Self::Bias,
        Self::Refractory,
        Self::Dendrite,
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
            Self::Dendrite => "dendrite",
            Self::Spikes => "spikes",
            Self::Output => "output",
            Self::Learned => "learned",
            Self::Working => "working",
            Self::Mailbox => "mailbox",
        }
    }
}

/// Hashes of all state: one per register, so that two devices that differ name where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub struct StateDigest {
    /// Steps computed.
    pub t: u32,
    /// FNV-1a 64 of each of [`Register::ALL`], over its words as little-endian bytes.
    pub registers: [u64; 10],
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
        match register {
            Register::U => self.visit_blocks(|[currents, _, _]| currents, |u_256| visit(u_256 >> 8)),
            Register::V => self.visit_blocks(|[_, voltages, _]| voltages, visit),
            Register::Bias => self.visit_blocks(|[_, _, biases]| biases, |bias_256| visit(bias_256 >> 8)),
            Register::Refractory => self.visit_refractory(visit),
            Register::Dendrite => self.visit_dendrites(visit),
            Register::Spikes => state.spikes.as_slice().iter().for_each(|spike| visit(spike.cast_signed())),
            Register::Output => state.output.iter().for_each(|word| visit(*word)),
            Register::Learned => state.learned.iter().for_each(|word| visit(*word)),
            Register::Working => state.working.iter().for_each(|word| visit(*word)),
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

    fn visit_refractory(&self, mut visit: impl FnMut(i32)) {
        let mut places = self.state().refractory.chunks(LANES);
        for core in self.image().cores() {
            let of_core = places.by_ref().take(core.blocks()).flatten();
            of_core.take(core.compartments).for_each(|steps| visit(i32::from(*steps)));
        }
    }

    /// Only the accumulators of compartments that exist, so that the digest does not depend on the ring's padding.
    fn visit_dendrites(&self, mut visit: impl FnMut(i32)) {
        use crate::dendrite::{SLOT, slot_start};
        for core in self.image().cores() {
            for ahead in (0_u32..).take(core.slots) {
                let start = slot_start(self.t().wrapping_add(ahead), core.slots);
                let first = core.slot_first.saturating_mul(SLOT).saturating_add(start);
                let sums = self.state().rings.get(first..first.saturating_add(core.compartments));
                sums.unwrap_or_default().iter().for_each(|sum| visit(i32::from(*sum)));
            }
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
