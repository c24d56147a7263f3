//! The program for a RISC-V board.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_common::program!(firmware_standalone::program::run::<firmware_riscv::Hardware>(&loihi_core::rules::ALL));
