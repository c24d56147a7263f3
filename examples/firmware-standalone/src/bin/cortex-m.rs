//! The program for a Cortex-M board.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_common::program!(firmware_standalone::program::run::<firmware_cortex_m::Hardware>(&loihi_core::rules::ALL));
