//! Firmware for 32-bit RISC-V boards: carries bytes between a UART and [`loihi_core::device::Device`].
//!
//! It holds no neuron code, and what all boards share is in `firmware_common`. A board is a file of data,
//! `crates/loihi-boards/boards/NAME.toml`, a file of source, `src/boards/NAME.rs`, and a feature of its name; a firmware is
//! built for one.
//!
//! | module | its one job |
//! |---|---|
//! | `data` | the board's data as constants |
//! | `uart` | drivers of UARTs |
//! | `boards` | the board |
//! | `clock` | counts instructions |
//! | `trap` | says what went wrong, then ends the machine |
//! | `machine` | all of it together: from reset to a device on the serial line |

#![cfg_attr(target_os = "none", no_std)]

#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod boards;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod clock;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
firmware_common::data!();
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod machine;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod trap;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
#[allow(dead_code, reason = "each board uses its own driver")]
mod uart;

pub use firmware_common::firmware;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub use machine::Hardware;
