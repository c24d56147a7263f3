//! Passes the linker scripts to the bare-metal build; a host build needs none.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link.x");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // The second script is written by the build script of the defmt crate, which adds its folder to the search path.
    let arguments = [&format!("-T{folder}/link.x"), "-Tdefmt.x", "--gc-sections", "-zmax-page-size=4096"];
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    // For the build script of a firmware with programs of a user's.
    println!("cargo::metadata=LINK_ARGUMENTS={}", arguments.join(" "));
}
