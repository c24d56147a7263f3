//! The firmware with the built-in programs of the embedded CPU.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_os = "none", not(board)))]
compile_error!("firmware-cortex-m is built for one board: give its name as `--features`");

#[cfg(any(board, not(target_os = "none")))]
firmware_cortex_m::firmware!(firmware_cortex_m::Hardware, None, &loihi_core::rules::ALL);
