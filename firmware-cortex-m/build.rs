//! Makes memory map and constants of the board's data. A host build needs none, and boards with a package of their own take
//! only what all boards share.

use std::{env, io};

const PACKAGE: &str = "firmware-cortex-m";

fn main() -> io::Result<()> {
    println!("cargo::rustc-check-cfg=cfg(board, armv8m)");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m")) {
        println!("cargo::rustc-cfg=armv8m");
    }
    if !loihi_boards::build::is_chosen(PACKAGE) {
        println!("cargo::rerun-if-changed=build.rs");
        return Ok(());
    }
    println!("cargo::rustc-cfg=board");
    loihi_boards::build::run(PACKAGE, "arm")
}
