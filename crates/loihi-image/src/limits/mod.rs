//! What a Loihi 1 has, and whether a network keeps to it.

pub mod registers;
pub mod usage;

pub use registers::{Element, Inexpressible};
pub use usage::{CoreUsage, Exceeded, PROFILES, Resource, THRESHOLDS, usage};

use loihi_core::image::Image;

/// Why a network does not run on the chip as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// A core has too little of something.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// A register cannot hold a value.
    #[error(transparent)]
    Inexpressible(#[from] Inexpressible),
}

/// The first thing in which a network does not keep to the chip.
///
/// # Errors
/// [`Unfit`] names it, and what to do.
pub fn check(image: &Image<'_>) -> Result<(), Unfit> {
    check_with(image, &usage(image))
}

/// The same with the usage of its cores already known.
///
/// # Errors
/// As [`check`].
pub fn check_with(image: &Image<'_>, usage: &[CoreUsage]) -> Result<(), Unfit> {
    registers::check(image)?;
    for (core, usage) in usage.iter().enumerate() {
        for (resource, needed, available) in usage.resources() {
            if needed > available {
                return Err(Exceeded { core, resource, needed, available }.into());
            }
        }
    }
    Ok(())
}
