//! The firmware with the built-in programs of the embedded CPU.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_cortex_m::firmware!(firmware_cortex_m::Hardware, None, &loihi_core::rules::ALL);
