//! The program for a RISC-V board.

#![cfg_attr(target_os = "none", no_std, no_main)]

// SAFETY: the start calls it by this name, which nothing else has.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
extern "C" fn firmware_main() {
    firmware_standalone::program::run::<firmware_riscv::Hardware>(&loihi_core::rules::ALL);
}

firmware_common::hosted!();
