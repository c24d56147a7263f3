//! The firmware for a RISC-V board with a rule of one's own in it.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
firmware_riscv::firmware!(None, &own_rule::SNIPS);

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this program runs on a board; build it with `cargo xtask firmware`");
    std::process::exit(2);
}
