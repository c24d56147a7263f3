//! The firmware for the bare x86 with a rule of one's own in it.

#![cfg_attr(target_os = "none", no_std, no_main)]

firmware_x86_mcu::firmware!(firmware_x86_mcu::Hardware, Some("x86-mcu with ReSuMe"), &own_rule::SNIPS);
