//! The sections of an image: their order in the table, and how long their elements are.

use super::{
    AccumulatorRecord, AxonRecord, CoreRecord, DrawsRecord, GroupRecord, LearningRecord, ProductRecord, Profile,
    SnipRecord, TraceRecord, index,
};
use serde::{Deserialize, Serialize};

/// The sections in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub enum Section {
    /// [`CoreRecord`]s.
    Cores,
    /// [`Profile`]s.
    Profiles,
    /// [`GroupRecord`]s: runs of compartments.
    Groups,
    /// Initial bias per compartment, or nothing if no compartment has one.
    Bias,
    /// Initial current per compartment, or nothing if all begin at 0.
    CurrentStart,
    /// Initial voltage per compartment, or nothing if all begin at 0.
    VoltageStart,
    /// [`AxonRecord`]s.
    Axons,
    /// Start of each source's routes, and the end of the last.
    Fanout,
    /// [`Route`](super::Route)s.
    Routes,
    /// Sparse synapses, list after list in the order of the axons: weight in the high half, `delay << 10 | compartment`
    /// in the low half.
    Sparse,
    /// Dense weights, two to a word.
    Dense,
    /// [`AccumulatorRecord`]s: synaptic auxiliary accumulators.
    Sums,
    /// [`LearningRecord`]s.
    Learning,
    /// [`TraceRecord`]s.
    Traces,
    /// [`ProductRecord`]s.
    Products,
    /// Tables of decay, in pairs of words.
    Tables,
    /// [`DrawsRecord`]s.
    RecordedDraws,
    /// Recorded random words.
    Draws,
    /// [`SnipRecord`]s.
    Snips,
    /// Constants of the snips.
    Data,
}

impl Section {
    /// Every section, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Cores,
        Self::Profiles,
        Self::Groups,
        Self::Bias,
        Self::CurrentStart,
        Self::VoltageStart,
        Self::Axons,
        Self::Fanout,
        Self::Routes,
        Self::Sparse,
        Self::Dense,
        Self::Sums,
        Self::Learning,
        Self::Traces,
        Self::Products,
        Self::Tables,
        Self::RecordedDraws,
        Self::Draws,
        Self::Snips,
        Self::Data,
    ];

    /// Words that `count` elements of this section take; `None` if that is more than a `u32` holds.
    pub const fn words(self, count: u32) -> Option<u32> {
        match self {
            Self::Dense => Some(count.div_ceil(2)),
            _ => count.checked_mul(self.element_words()),
        }
    }

    /// Elements in `words` words; `None` if the last one is incomplete.
    pub const fn elements(self, words: usize) -> Option<u32> {
        let element_words = index(self.element_words());
        if words > index(u32::MAX >> 1) || !words.is_multiple_of(element_words) {
            return None;
        }
        let Some(count) = words.checked_div(element_words) else { return None };
        #[expect(clippy::cast_possible_truncation, reason = "compared above")]
        let count = count as u32;
        match self {
            Self::Dense => count.checked_mul(2),
            _ => Some(count),
        }
    }

    /// Words of an element, at least 1.
    const fn element_words(self) -> u32 {
        match self {
            Self::Cores => CoreRecord::WORDS,
            Self::Profiles => Profile::WORDS,
            Self::Groups => GroupRecord::WORDS,
            Self::Axons => AxonRecord::WORDS,
            Self::Sums => AccumulatorRecord::WORDS,
            Self::Learning => LearningRecord::WORDS,
            Self::Traces => TraceRecord::WORDS,
            Self::Products => ProductRecord::WORDS,
            Self::Tables => 2,
            Self::RecordedDraws => DrawsRecord::WORDS,
            Self::Snips => SnipRecord::WORDS,
            Self::Dense
            | Self::Bias
            | Self::CurrentStart
            | Self::VoltageStart
            | Self::Fanout
            | Self::Routes
            | Self::Sparse
            | Self::Draws
            | Self::Data => 1,
        }
    }
}
