//! Makes constants of the board's data and passes the linker scripts to the bare-metal build; a host build needs none.

use std::{env, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=link.x");
    let [system, processor] =
        ["OS", "ARCH"].map(|what| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default());
    if system != "none" || processor != "x86" {
        return Ok(());
    }
    loihi_boards::build::write_constants("firmware-x86-mcu")?;
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // The second script is written by the build script of the defmt crate, which adds its folder to the search path.
    let arguments = [&format!("-T{folder}/link.x"), "-Tdefmt.x", "--gc-sections", "-zmax-page-size=4096"];
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    // For the build script of a firmware with programs of a user's.
    println!("cargo::metadata=LINK_ARGUMENTS={}", arguments.join(" "));
    Ok(())
}
