//! The programs of the embedded CPU ("snips"): what one is, what it sees of the chip, how a device finds it.
//!
//! A step has five phases, named as on the chip: [`Phase::Spk`], in which the cores compute, then
//! [`Phase::PreMgmt`], [`Phase::Lrn`], [`Phase::PostMgmt`] and [`Phase::Host`]. A program does its work in those that it
//! asks for ([`SnipParams::PHASES`]). It sees the chip through [`Cpu`].
//!
//! Three mailboxes join the programs to the outside: the *stimulus* (16-bit words, for encoders), the *target* (16-bit
//! words, for learning rules) and the *output* (32-bit words, from readouts).
//!
//! The built-in programs are in [`crate::rules`]; they use nothing that is not public. [`crate::tools`] has what makes a
//! rule short.
//!
//! # A rule of one's own
//! A type for its parameters, what it does with them, and its place in the list that a device is given
//! ([`crate::device::Board::snips`]):
//!
//! ```
//! use loihi_core::image::{Image, Parameter, index};
//! use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams, SnipType, fits, require};
//! use serde::{Deserialize, Serialize};
//!
//! /// Counts the spikes of a run of compartments, and lowers the reward by one for each.
//! #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
//! #[serde(default)]
//! pub struct CalmParams {
//!     /// First compartment.
//!     pub compartment_first: u32,
//!     /// Number of compartments.
//!     pub count: u32,
//! }
//!
//! impl Snip for CalmParams {
//!     fn learned_words(&self) -> usize {
//!         1
//!     }
//!
//!     fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
//!         let spikes = cpu.fired(index(self.compartment_first), index(self.count)).count();
//!         let spikes = i32::try_from(spikes).unwrap_or(i32::MAX);
//!         if let [all] = cpu.learned {
//!             *all = all.wrapping_add(spikes);
//!         }
//!         *cpu.reward = spikes.saturating_neg().max(-128);
//!     }
//! }
//!
//! impl SnipParams for CalmParams {
//!     const KIND: u32 = 0x8001;
//!     const NAME: &'static str = "calm";
//!     const PHASES: Phases = Phases::only(Phase::PreMgmt);
//!     type Snip = Self;
//!
//!     loihi_core::snip_words!(compartment_first, count);
//!
//!     fn snip(&self) -> Self {
//!         *self
//!     }
//!
//!     fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
//!         require(fits(self.compartment_first, self.count, image.compartments()), "count")
//!     }
//! }
//!
//! static SNIPS: [SnipType; 1] = [SnipType::of::<CalmParams>()];
//! assert_eq!(SNIPS[0].name, "calm");
//! let params = CalmParams { compartment_first: 3, count: 9 };
//! assert_eq!(CalmParams::from_words(&params.words()), Ok(params));
//! ```

mod cpu;
mod params;
mod types;

pub use cpu::Cpu;
pub(crate) use cpu::fired;
pub use params::{Field, SnipParams, WordReader, WordWriter, Words, fits, require};
pub(crate) use types::Instance;
pub use types::{SnipType, Snips, same_kind};

use core::ops::RangeInclusive;

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

/// A set of phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases(u8);

impl Phases {
    /// No phase.
    pub const NONE: Self = Self(0);

    /// One phase.
    pub const fn only(phase: Phase) -> Self {
        Self(1 << phase as u8)
    }

    /// And another one.
    #[must_use]
    pub const fn and(self, phase: Phase) -> Self {
        Self(self.0 | 1 << phase as u8)
    }

    /// Those of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a phase is among them.
    #[inline]
    pub const fn has(self, phase: Phase) -> bool {
        self.0 & 1 << phase as u8 != 0
    }
}

/// What a program does. It holds its parameters; all it remembers lies in the chip's memory.
pub trait Snip {
    /// 32-bit words of learned state that it needs.
    fn learned_words(&self) -> usize {
        0
    }

    /// 32-bit words of other memory that it needs.
    fn working_words(&self) -> usize {
        0
    }

    /// Powers of two by which its learning can be scaled while it runs, 0 among them; only 0 if it cannot.
    fn rates(&self) -> RangeInclusive<i32> {
        0..=0
    }

    /// Sets its working memory to its initial state, zeros unless it says otherwise; what was learned stays.
    fn reset(&self, working: &mut [i32]) {
        working.fill(0);
    }

    /// Does what it has to do in this phase.
    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>);

    /// Keeps the sample in the mailboxes in one of its slots; false if it keeps no samples.
    fn keep_sample(&self, learned: &mut [i32], slot: usize, sample: &Mailboxes<'_>) -> bool {
        let _ = (learned, slot, sample);
        false
    }

    /// Puts the sample of one of its slots back into the mailboxes; false if it keeps no samples. `key` names the sample
    /// for encoders that draw.
    fn recall_sample(&self, learned: &mut [i32], slot: usize, sample: &mut Mailboxes<'_>, key: u32) -> bool {
        let _ = (learned, slot, sample, key);
        false
    }
}

/// The mailboxes toward the chip.
#[derive(Debug)]
pub struct Mailboxes<'m> {
    /// Values for encoders.
    pub stimulus: &'m mut [i16],
    /// Values for learning rules.
    pub target: &'m mut [i16],
}
