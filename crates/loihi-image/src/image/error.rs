//! Why an image cannot be built.

use crate::limits::Unfit;
use crate::rule::RuleError;
use loihi_core::image::{COMPARTMENTS_PER_CORE, ImageError};

/// What cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A core has more compartments than the chip's.
    #[error("core {core} would have {compartments} compartments, a core has {COMPARTMENTS_PER_CORE}: add another core")]
    CoreFull {
        /// The core.
        core: usize,
        /// Compartments that it would have.
        compartments: usize,
    },
    /// A sum was added to a core that was not there.
    #[error("core {core} does not exist (cores: {cores}): add the core before its auxiliary accumulators")]
    NoCore {
        /// The core.
        core: usize,
        /// Cores that there are.
        cores: usize,
    },
    /// A route enters an axon, or an atom of one, that was not added.
    #[error("a route enters atom {atom} of axon {axon}, which there is not: add the axon with as many atoms before")]
    NoAtom {
        /// The axon.
        axon: u32,
        /// The atom.
        atom: u16,
    },
    /// Something is longer than an image can say.
    #[error("{what} has {count} elements, more than an image can number")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its elements.
        count: usize,
    },
    /// The chip cannot hold it; [`super::ImageBuilder::beyond_the_chip`] allows it.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// A learning rule cannot be read.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The image that was built is refused; a connection points to something that is not there.
    #[error("invalid network: {0}")]
    InvalidImage(#[from] ImageError),
}
