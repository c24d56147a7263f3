//! Drivers of UARTs, one a family of chips.

pub(crate) mod ns16550;
pub(crate) mod sifive;
