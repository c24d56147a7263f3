//! Parts of the chip that a build may be without: a Cargo feature each, of the same name.

use serde::{Deserialize, Serialize};

/// Whether parts of a chip can be computed apart, each by a thread of its own ([`crate::chip::Part`]); not on small processors,
/// whose instructions it would take.
pub const PARTS: bool = cfg!(target_pointer_width = "64");

/// A part of the chip that a network may need and a build may be without.
///
/// Programs of the embedded CPU are not in this list: a device names the ones it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub enum Feature {
    /// The cores' own learning: traces, and the sums of products at the end of an epoch.
    Learning,
    /// Recorded random numbers in place of the chip's own, as vectors of other emulators have them.
    RecordedDraws,
}

impl Feature {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Learning, Self::RecordedDraws];

    /// Whether this build has it.
    #[inline(always)]
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Learning => cfg!(feature = "learning"),
            Self::RecordedDraws => cfg!(feature = "recorded-draws"),
        }
    }

    /// The name of the Cargo feature.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learning => "learning",
            Self::RecordedDraws => "recorded-draws",
        }
    }

    /// What it is, in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Learning => "the learning engine of the cores",
            Self::RecordedDraws => "recorded random numbers",
        }
    }

    /// Its bit in a set of features.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The set of those that this build has.
    pub const fn built_in() -> u32 {
        let mut set = 0;
        let mut rest: &[Self] = &Self::ALL;
        while let [feature, after @ ..] = rest {
            if feature.is_built_in() {
                set |= feature.bit();
            }
            rest = after;
        }
        set
    }
}
