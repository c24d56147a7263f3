//! The board that the firmware is built for. A board is a row here.
//!
//! A board's file has what its data cannot say: `start` sets up clocks and pins, `uart` and `strobe` make the drivers, and
//! `HAS_SYSTICK` says whether the processor has a clock.

#[cfg(feature = "microbit")]
#[path = "microbit.rs"]
mod board;
#[cfg(feature = "mps2-an386")]
#[path = "mps2-an386.rs"]
mod board;
#[cfg(any(feature = "netduinoplus2", feature = "stm32f401cc"))]
#[path = "netduinoplus2.rs"]
mod board;

pub(crate) use board::{HAS_SYSTICK, start, strobe, uart};
