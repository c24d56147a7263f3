//! Firmware for Arm Cortex-M boards: carries bytes between a UART and [`loihi_core::device::Device`].
//!
//! It holds no neuron code, and what all boards share is in `firmware_common`. A board that QEMU emulates is a file of data,
//! `crates/loihi-boards/boards/NAME.toml`, a file of source, `src/boards/NAME.rs`, and a feature of its name; a firmware is
//! built for one. Boards that people own have packages of their own, in `firmware-boards`, and take from here what stands
//! above the line.
//!
//! | module | its one job |
//! |---|---|
//! | `start` | from reset to the program, on a stack that faults when it overflows |
//! | `fault` | says what went wrong, then ends the machine |
//! | `cycles` | counts cycles |
//! | `hardware` | the whole firmware of a board that someone owns |
//! | `uart`, `pins` | drivers of UARTs and pins |
//! | | |
//! | `data` | the board's data as constants |
//! | `boards` | the board |
//! | `clock` | counts instructions in QEMU |
//! | `machine` | all of it together: from reset to a device on the serial line |

#![cfg_attr(target_os = "none", no_std)]

#[cfg(all(target_arch = "arm", target_os = "none", board))]
mod boards;
#[cfg(all(target_arch = "arm", target_os = "none", board))]
mod clock;
#[cfg(all(target_arch = "arm", target_os = "none", not(board)))]
pub mod cycles;
#[cfg(all(target_arch = "arm", target_os = "none", board))]
firmware_common::data!();
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod fault;
#[cfg(all(target_arch = "arm", target_os = "none", not(board)))]
pub mod hardware;
#[cfg(all(target_arch = "arm", target_os = "none", board))]
mod machine;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod pins;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod start;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod uart;

pub use firmware_common::firmware;
#[cfg(all(target_arch = "arm", target_os = "none", board))]
pub use machine::Hardware;
