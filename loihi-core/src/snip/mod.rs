//! The programs of the embedded CPU ("snips"): encoders and learning rules, one file each.
//!
//! A step has five phases, named as on the chip: [`Phase::Spk`], in which the cores compute, then
//! [`Phase::PreMgmt`], [`Phase::Lrn`], [`Phase::PostMgmt`] and [`Phase::Host`]. Every snip is offered every phase and
//! does its work in those that it needs. It sees the chip through [`Cpu`].
//!
//! Three mailboxes join the snips to the outside: the *stimulus* (16-bit words, for encoders), the *target* (16-bit
//! words, for learning rules) and the *output* (32-bit words, from readouts).

mod bernoulli_encoder;
mod bias_encoder;
mod decolle;
mod emstdp;
mod eprop;
mod fraction;
mod layer;
mod local_error;
mod pes;
mod pre_trace;
mod rank_one;
mod rate_encoder;
mod replay_buffer;
mod soel;
mod third_factor;
mod urbanczik_senn;

pub use bernoulli_encoder::BernoulliEncoder;
pub use bias_encoder::BiasEncoder;
pub use decolle::{Decolle, DecolleParams};
pub use emstdp::{Emstdp, EmstdpParams};
pub use eprop::{Adaptation, Eprop, EpropParams};
pub use local_error::{NO_TARGET, Slope};
pub use pes::{Decoder, Pes, PreSynapse, Readout, Target};
pub use rank_one::Precision;
pub use rate_encoder::RateEncoder;
pub use replay_buffer::ReplayBuffer;
pub use soel::{Soel, SoelParams};
pub use third_factor::ThirdFactor;
pub use urbanczik_senn::{UrbanczikSenn, UrbanczikSennParams};

use crate::axon::{self, Arrivals};
use crate::chip::registers;
use crate::compartment::Block;
use crate::image::{Image, SnipRecord};
use crate::ops::OpCounts;
use core::ops::RangeInclusive;

/// Most snips of an image.
pub const SNIPS_MAX: usize = 8;

/// The phases of a step, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before the cores compute: spikes injected and biases written here count in this step.
    Spk,
    /// After the cores have computed, before they learn.
    PreMgmt,
    /// The cores' own learning.
    Lrn,
    /// After learning; snips may write weights.
    PostMgmt,
    /// Results are handed to the host.
    Host,
}

/// What a snip sees of the chip, and what it may change.
#[derive(Debug)]
pub struct Cpu<'c, 'm> {
    /// The network.
    pub image: &'c Image<'c>,
    /// Number of the step that is being computed, from 0.
    pub t: u32,
    /// Compartments that fired in this step, ascending; in [`Phase::Spk`] those of the step before.
    pub spikes: &'c [u32],
    /// Values for encoders.
    pub stimulus: &'c [i16],
    /// Values for learning rules.
    pub target: &'c [i16],
    /// Values from readouts.
    pub output: &'c mut [i32],
    /// Whether rules may learn.
    pub learning: bool,
    /// The power of two by which what this snip learns is scaled; one of [`Snip::rates`].
    pub rate: i32,
    /// The reward that the cores' learning reads as r1.
    pub reward: &'c mut i32,
    /// What this snip has learned; part of the learned state that is saved and restored.
    pub learned: &'c mut [i32],
    /// What else this snip remembers; set anew by a reset.
    pub working: &'c mut [i32],
    /// Exact counts.
    pub ops: &'c mut OpCounts,
    pub(crate) blocks: &'c mut [Block],
    pub(crate) arrivals: &'c mut Arrivals<'m>,
}

impl Cpu<'_, '_> {
    /// Writes the bias of a compartment, in units of the voltage. Magnitudes above 2^23 wrap.
    #[inline]
    pub fn set_bias(&mut self, compartment: usize, bias: i32) {
        if let Some([_, _, register]) = registers(self.image, self.blocks, compartment) {
            *register = bias.wrapping_shl(8);
            self.ops.bias_writes = self.ops.bias_writes.wrapping_add(1);
        }
    }

    /// Writes y1, y2 or y3 (`trace` 0, 1, 2) of a post trace, counted over all plastic groups: the third factor of the
    /// cores' learning in this step's epoch. Held to −128..=127.
    #[inline]
    pub fn set_post_trace(&mut self, post: usize, trace: usize, value: i32) {
        let traces = self.arrivals.plastic.post.get_mut(post);
        if let Some(y) = traces.and_then(|traces| traces.y.get_mut(trace)) {
            *y = i16::try_from(value.clamp(-128, 127)).unwrap_or(0);
        }
    }

    /// Chooses the profile of the rule for a post trace, 0..=7.
    #[inline]
    pub fn set_profile(&mut self, post: usize, profile: u8) {
        if let Some(traces) = self.arrivals.plastic.post.get_mut(post) {
            traces.profile = i16::from(profile & 7);
        }
    }

    /// Sends a spike into an external input; it counts in this step.
    #[inline]
    pub fn inject(&mut self, input: usize) {
        let source = self.image.compartments().wrapping_add(input);
        if self.arrivals.meter.on {
            self.arrivals.meter.pause(self.image, source);
        }
        axon::deliver(self.image, self.arrivals, self.t, source, self.ops);
        if self.arrivals.meter.on {
            self.arrivals.meter.resume();
        }
        self.ops.input_spikes = self.ops.input_spikes.wrapping_add(1);
    }
}

/// A program of the embedded CPU. It holds its parameters; all it remembers lies in the chip's memory.
pub trait Snip {
    /// 32-bit words of learned state that it needs.
    fn learned_words(&self) -> usize;

    /// 32-bit words of other memory that it needs.
    fn working_words(&self) -> usize;

    /// Powers of two by which its learning can be scaled while it runs, 0 among them; only 0 if it cannot.
    fn rates(&self) -> RangeInclusive<i32> {
        0..=0
    }

    /// Sets its working memory to its initial state; what was learned stays.
    fn reset(&self, working: &mut [i32]);

    /// Does what it has to do in this phase.
    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>);

    /// Whether everything that its parameters name is in the image.
    fn is_sound(&self, image: &Image<'_>) -> bool;
}

/// The snips that are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnipKind {
    /// Kind 1: values to evenly spaced spikes.
    RateEncoder(RateEncoder),
    /// Kind 2: values to biases.
    BiasEncoder(BiasEncoder),
    /// Kind 3: decoders that learn from an error.
    Pes(Pes),
    /// Kind 4: errors to the cores' learning.
    ThirdFactor(ThirdFactor),
    /// Kind 5: values to random spikes.
    BernoulliEncoder(BernoulliEncoder),
    /// Kind 6: a layer that learns from its own readout.
    Decolle(Decolle),
    /// Kind 7: two layers that learn from spikes of their errors.
    Emstdp(Emstdp),
    /// Kind 8: a head that the core teaches where it errs.
    Soel(Soel),
    /// Kind 11: samples that are kept to be shown again.
    ReplayBuffer(ReplayBuffer),
    /// Kind 9: a recurrent layer that learns by e-prop.
    Eprop(Eprop),
    /// Kind 10: dendrites that learn to predict their somata.
    UrbanczikSenn(UrbanczikSenn),
}

impl SnipKind {
    /// The snip that a record describes; `None` if its kind is unknown.
    #[inline]
    pub fn from_record(record: &SnipRecord) -> Option<Self> {
        match record.kind {
            RateEncoder::KIND => Some(Self::RateEncoder(RateEncoder::from_params(&record.params))),
            BiasEncoder::KIND => Some(Self::BiasEncoder(BiasEncoder::from_params(&record.params))),
            Pes::KIND => Some(Self::Pes(Pes::from_params(&record.params))),
            ThirdFactor::KIND => Some(Self::ThirdFactor(ThirdFactor::from_params(&record.params))),
            BernoulliEncoder::KIND => Some(Self::BernoulliEncoder(BernoulliEncoder::from_params(&record.params))),
            Decolle::KIND => Some(Self::Decolle(Decolle::from_params(&record.params))),
            Emstdp::KIND => Some(Self::Emstdp(Emstdp::from_params(&record.params))),
            Soel::KIND => Some(Self::Soel(Soel::from_params(&record.params))),
            ReplayBuffer::KIND => Some(Self::ReplayBuffer(ReplayBuffer::from_params(&record.params))),
            Eprop::KIND => Some(Self::Eprop(Eprop::from_params(&record.params))),
            UrbanczikSenn::KIND => Some(Self::UrbanczikSenn(UrbanczikSenn::from_params(&record.params))),
            _ => None,
        }
    }

    fn snip(&self) -> &dyn Snip {
        match self {
            Self::RateEncoder(snip) => snip,
            Self::BiasEncoder(snip) => snip,
            Self::Pes(snip) => snip,
            Self::ThirdFactor(snip) => snip,
            Self::BernoulliEncoder(snip) => snip,
            Self::Decolle(snip) => snip,
            Self::Emstdp(snip) => snip,
            Self::Soel(snip) => snip,
            Self::ReplayBuffer(snip) => snip,
            Self::Eprop(snip) => snip,
            Self::UrbanczikSenn(snip) => snip,
        }
    }
}

impl Snip for SnipKind {
    fn learned_words(&self) -> usize {
        self.snip().learned_words()
    }

    fn working_words(&self) -> usize {
        self.snip().working_words()
    }

    fn rates(&self) -> RangeInclusive<i32> {
        self.snip().rates()
    }

    fn reset(&self, working: &mut [i32]) {
        self.snip().reset(working);
    }

    #[inline]
    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        match self {
            Self::RateEncoder(snip) => snip.run(phase, cpu),
            Self::BiasEncoder(snip) => snip.run(phase, cpu),
            Self::Pes(snip) => snip.run(phase, cpu),
            Self::ThirdFactor(snip) => snip.run(phase, cpu),
            Self::BernoulliEncoder(snip) => snip.run(phase, cpu),
            Self::Decolle(snip) => snip.run(phase, cpu),
            Self::Emstdp(snip) => snip.run(phase, cpu),
            Self::Soel(snip) => snip.run(phase, cpu),
            Self::ReplayBuffer(snip) => snip.run(phase, cpu),
            Self::Eprop(snip) => snip.run(phase, cpu),
            Self::UrbanczikSenn(snip) => snip.run(phase, cpu),
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        self.snip().is_sound(image)
    }
}

/// Whether a record is of a known kind and everything that it names is in the image.
pub fn is_sound(record: &SnipRecord, image: &Image<'_>) -> bool {
    SnipKind::from_record(record).is_some_and(|snip| snip.is_sound(image))
}

/// Whether `first .. first + count` lies within `0 .. available`.
fn fits(first: usize, count: usize, available: usize) -> bool {
    first.checked_add(count).is_some_and(|end| end <= available)
}
