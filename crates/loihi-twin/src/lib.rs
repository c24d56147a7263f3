//! Float twins: what learning rules come to in double precision, on the spikes of a network in integers.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`synapses`] | the learned synapses of a connection, and where their weights are |
//! | [`rule`] | a rule of the cores, with its traces |
//! | [`pes`] | the decoders of PES |
//! | [`class_means`] | nearest class means |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod class_means;
pub mod pes;
pub mod rule;
pub mod synapses;

pub use class_means::ClassMeans;
pub use pes::FloatTwin;
pub use rule::RuleTwin;

use loihi_core::arena::TooSmall;
use loihi_core::image::ImageError;

/// Why there is no twin of a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TwinError {
    /// The image is invalid.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The same network in this process has no memory.
    #[error(transparent)]
    Memory(#[from] TooSmall),
    /// No program learns decoders.
    #[error("`float_twin` works only with `pes`, and the network has none: leave it out")]
    NoDecoders,
    /// A program's decoders stay as they are.
    #[error("`float_twin` needs decoders that learn, and `{name}` has `learn = false`: leave `float_twin` out")]
    Fixed {
        /// What users call the program.
        name: String,
    },
    /// A program learns from a trace of spikes, or from errors of earlier steps.
    #[error("`float_twin` works only with `pre_synapse = \"raw\"`: leave `float_twin` out")]
    Filtered,
}
