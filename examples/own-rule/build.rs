//! Links the firmware as the board wants it; a host build needs nothing.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    for argument in env::var("DEP_X86_MCU_LINK_ARGUMENTS").unwrap_or_default().split(' ') {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
