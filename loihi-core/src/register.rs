//! What can be read of a chip and written to it, by name; the hashes of all of it.

use crate::num::Fnv64;
use serde::{Deserialize, Serialize};

/// Registers of the digest.
const DIGESTED: usize = 25;

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
    /// Of every core that has auxiliary accumulators: what waits to join its sum, then each of them, in the same order.
    Auxiliary,
    /// Weights of the plastic synapses, mantissas, group after group.
    W,
    /// Tags of the plastic synapses: 0 if no rule of the image reads or changes tags.
    T,
    /// Delays of the plastic synapses: those of the image if no rule of it reads or changes delays.
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
    /// taken to run down to 1. Follows from the others, so it is not part of the digest.
    VReadout,
    /// What every metered core has done, core after core: the words of a [`CoreCounts`](crate::meter::CoreCounts), which
    /// wrap at 2^32. They measure the chip and are no state of its own, so no part of the digest.
    CoreCounts,
}

impl Register {
    /// Every register of the digest, in its order, then those that follow from others.
    pub const EVERY: [Self; 27] = [
        Self::U,
        Self::V,
        Self::Bias,
        Self::Refractory,
        Self::Threshold,
        Self::Activity,
        Self::Dendrite,
        Self::Auxiliary,
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
        Self::VReadout,
        Self::CoreCounts,
    ];

    /// The registers of the digest, in its order.
    pub const ALL: [Self; DIGESTED] = {
        let mut digested = [Self::U; DIGESTED];
        let (all, _) = Self::EVERY.split_at(DIGESTED);
        digested.copy_from_slice(all);
        digested
    };

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
            Self::Auxiliary => "apart",
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

    /// Its bit in a set of registers.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Hashes of all state: one per register, so that two devices that differ name where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub struct StateDigest {
    /// Steps computed.
    pub t: u32,
    /// FNV-1a 64 of each of [`Register::ALL`], over its words as little-endian bytes.
    pub registers: [u64; DIGESTED],
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
