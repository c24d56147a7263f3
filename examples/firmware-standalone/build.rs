//! Links the program as the board wants it; a host build needs nothing.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    for board in ["CORTEX_M_BOARD", "RISCV_BOARD"] {
        let arguments = env::var(format!("DEP_{board}_LINK_ARGUMENTS")).unwrap_or_default();
        for argument in arguments.split_whitespace() {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
