//! The firmware for a RISC-V board with a rule of one's own in it.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_riscv::firmware!(firmware_riscv::Hardware, None, &own_rule::SNIPS);
