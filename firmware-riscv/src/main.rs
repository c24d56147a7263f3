//! The firmware with the built-in programs of the embedded CPU.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_riscv::firmware!(firmware_riscv::Hardware, None, &loihi_core::rules::ALL);
