//! The firmware with the built-in programs of the embedded CPU.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_x86_mcu::firmware!(firmware_x86_mcu::Hardware, None, &loihi_core::rules::ALL);
