//! Firmware for a bare 32-bit x86: carries bytes between a UART and
//! [`loihi_core::device::Device`].
//!
//! It holds no neuron code. The serve loop and all else that boards share is in `firmware_common`; the modules here exist on
//! the bare-metal target only and give the machine the least that the core needs: a stack, read-only code, a clock, a serial
//! line, and a report instead of a silent hang when something goes wrong.
//!
//! | module | its one job |
//! |---|---|
//! | `data` | the board's data as constants |
//! | [`memory`] | where the arena goes, on any machine |
//! | `port`, `uart`, `clock`, `screen` | the hardware |
//! | `segments`, `paging`, `traps`, `address` | the processor's tables |
//! | `float` | makes every floating point instruction fault |
//! | `arena` | the memory that was found, for one owner |
//! | `machine` | all of it together, for `firmware_common` |
//! | `report` | says what went wrong, then ends the machine |
//! | `multiboot` | what the loader tells |
//! | `boot` | from the loader to `firmware_main` |

#![cfg_attr(target_os = "none", no_std)]

#[cfg(all(target_arch = "x86", target_os = "none"))]
mod address;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod arena;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod boot;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod clock;
#[cfg(all(target_arch = "x86", target_os = "none"))]
firmware_common::data!();
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod float;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod machine;
pub mod memory;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod multiboot;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod paging;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod port;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod report;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod screen;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod segments;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod traps;
#[cfg(all(target_arch = "x86", target_os = "none"))]
mod uart;

pub use firmware_common::firmware;
#[cfg(all(target_arch = "x86", target_os = "none"))]
pub use machine::Hardware;
