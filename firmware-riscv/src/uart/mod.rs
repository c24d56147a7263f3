//! Drivers of UARTs, one a family of chips.

pub(crate) mod mapped;
pub(crate) mod sifive;
