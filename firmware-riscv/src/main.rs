//! The firmware with the built-in programs of the embedded CPU.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
firmware_riscv::firmware!(None, &loihi_core::rules::ALL);

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this program runs on a board; build it with `cargo xtask firmware`");
    std::process::exit(2);
}
