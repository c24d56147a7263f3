//! The firmware for a Cortex-M board with a rule of one's own in it.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_cortex_m::firmware!(firmware_cortex_m::Hardware, None, &own_rule::SNIPS);
