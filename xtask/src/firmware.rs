//! Builds the firmware images.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{printed, run};
use crate::paths;
use crate::setup::{self, Detail, Tools};

/// The package of the bare x86.
const PACKAGE: &str = "firmware-x86-mcu";
/// The target of all, described in a file of this name in the package.
const TARGET: &str = "i586-loihi-none";
/// The workspace profile for bare machines.
const PROFILE: &str = "firmware";
/// The firmware itself.
pub(crate) const FIRMWARE: &str = "firmware-x86-mcu";
/// The firmware of the example with a rule of its own.
pub(crate) const OWN_RULE_FIRMWARE: &str = "own-rule-x86-mcu";
/// Everything that is built, package and program: a rule of one's own is a row; one program has faults, for a test of
/// their reports.
const IMAGES: [[&str; 2]; 3] = [[PACKAGE, FIRMWARE], [PACKAGE, "fault-x86-mcu"], ["own-rule", OWN_RULE_FIRMWARE]];

/// Builds all images into `target/firmware`, setting the machine up first where needed.
///
/// # Errors
///
/// When the set-up or the build fails. No image of an earlier build is left then.
pub(crate) fn build() -> Result<()> {
    for [_, name] in IMAGES {
        let image = paths::image(name);
        match fs::remove_file(&image) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot replace {}", image.display()));
            }
            _ => {}
        }
    }
    let tools = setup::install_for_firmware(Detail::Changes)?;
    run(&mut compile(&tools)).context("the firmware does not build")?;
    for [_, name] in IMAGES {
        publish(name)?;
    }
    println!("firmware: {}", paths::image(FIRMWARE).display());
    Ok(())
}

/// Cargo keeps apart what this build makes: it may be of another compiler.
fn build_folder() -> std::path::PathBuf {
    paths::target().join("firmware-build")
}

/// The cargo command for all binaries.
fn compile(tools: &Tools) -> Command {
    let description = paths::root().join(PACKAGE).join(TARGET).with_extension("json");
    let mut flags = vec![format!("-Clinker={}", tools.linker.program.display())];
    flags.extend(tools.linker.flags.iter().map(|&flag| flag.to_owned()));

    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["build", "--quiet", "--profile", PROFILE])
        .args(IMAGES.iter().flat_map(|[package, name]| ["--package", package, "--bin", name]))
        .arg("--target")
        .arg(description)
        .arg("--target-dir")
        .arg(build_folder())
        .arg("-Zbuild-std=core")
        .env("RUSTC", &tools.compiler.program)
        // Building `core` is an unstable feature, which this allows a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // Meant for the host's compiler.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    if std::env::var_os("DEFMT_LOG").is_none() {
        command.env("DEFMT_LOG", "info");
    }
    if wants_permission_for_json() {
        command.arg("-Zjson-target-spec");
    }
    command
}

/// Newer cargos take a target description only with a flag that older ones do not know.
fn wants_permission_for_json() -> bool {
    let mut help = Command::new(paths::cargo());
    help.args(["-Z", "help"]).env("RUSTC_BOOTSTRAP", "1");
    printed(&mut help).is_some_and(|flags| flags.contains("json-target-spec"))
}

/// Puts a finished image where it is looked for: aside first, so that nobody sees half of it.
fn publish(name: &str) -> Result<()> {
    let built = build_folder().join(TARGET).join(PROFILE).join(name);
    let image = paths::image(name);
    let aside = image.with_extension("new");
    fs::create_dir_all(paths::images())
        .and_then(|()| fs::copy(&built, &aside))
        .and_then(|_| fs::rename(&aside, &image))
        .with_context(|| format!("cannot copy {} to {}", built.display(), image.display()))
}
