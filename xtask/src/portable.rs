//! Whether the command compiles for the systems on which it is not tested: `cargo check` for each of them, with all
//! features.

use std::process::Command;

use crate::command::run;
use crate::paths::{self, on_search_path};

/// Windows and macOS.
const TARGETS: [&str; 3] = ["x86_64-pc-windows-gnu", "x86_64-apple-darwin", "aarch64-apple-darwin"];

/// Checks the command for every target; `Err` with why that cannot be done here at all.
pub(crate) fn check() -> Result<anyhow::Result<()>, String> {
    let rustup = on_search_path("rustup").ok_or(
        "the standard libraries of other systems are had by rustup only, which is not installed: https://rustup.rs",
    )?;
    let mut install = Command::new(rustup);
    if run(install.args(["target", "add"]).args(TARGETS)).is_err() {
        return Err(format!("rustup cannot install the targets {}: see the message above", TARGETS.join(", ")));
    }
    Ok(TARGETS.iter().try_for_each(|target| check_for(target)))
}

/// Nothing is linked, so C code of dependencies (ring's, for downloads) needs no compiler for the target: what stands for
/// it does nothing.
fn check_for(target: &str) -> anyhow::Result<()> {
    let mut command = Command::new(paths::cargo());
    command.current_dir(paths::root()).args(["check", "--quiet", "--package", "host-harness", "--features", "full"]);
    command.args(["--target", target]);
    for tool in ["CC", "AR"] {
        command.env(format!("{tool}_{}", target.replace('-', "_")), "true");
    }
    // Else the build for macOS looks for Apple's own.
    run(command.env("SDKROOT", "/"))
}
