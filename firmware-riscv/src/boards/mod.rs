//! The board that the firmware is built for. A board is a row here.
//!
//! A board's file has what its data cannot say: `start` sets up clocks and pins, `uart` and `strobe` make the drivers.

#[cfg(feature = "sifive_e")]
#[path = "sifive_e.rs"]
mod board;
#[cfg(feature = "virt")]
#[path = "virt.rs"]
mod board;

pub(crate) use board::{start, strobe, uart};
