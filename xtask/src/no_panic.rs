//! Proves that no panic can be reached, and that the proof would see one.
//!
//! `tests/src/bin/no_panic.rs` says what is proven, and how.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, SectionKind};

use crate::command::{line, run};
use crate::paths;

/// The program that links only without a panic.
const PROGRAM: &str = "no_panic";
/// The workspace profile whose optimiser sees the whole program.
const PROFILE: &str = "linkcheck";
/// The feature of the program as it is.
const PLAIN: &str = "link-check";
/// The features that plant a panic where only a pointer leads.
const PLANTED: [&str; 2] = ["panic-in-step", "panic-in-program"];
/// What a linker misses if a panic is left.
const MISSING: &str = "a_panic_can_be_reached";
/// What makes it link all the same, with all addresses final.
const LINK_ANYWAY: [&str; 2] = ["-Crelocation-model=static", "-Clink-arg=-Wl,--unresolved-symbols=ignore-all"];

/// Links the program, and fails to link it with each of the planted panics.
///
/// # Errors
///
/// When a panic can be reached, with the places in the sources; when a planted one is not seen; when the program
/// cannot be built.
pub(crate) fn check() -> Result<()> {
    if !links(PLAIN)? {
        bail!("a panic can be reached, remove it: {}", places()?.join(", "));
    }
    for feature in PLANTED {
        ensure!(!links(feature)?, "the check is blind: {PROGRAM} links although `{feature}` plants a panic in it");
    }
    Ok(())
}

/// Whether the program links with this feature; if not, then because of a panic.
fn links(feature: &str) -> Result<bool> {
    let mut command = build(feature);
    let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
    if output.status.success() {
        return Ok(true);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(said.contains(MISSING), "`{}` failed:\n{said}", line(&command));
    Ok(false)
}

/// The cargo command for the program with this feature.
fn build(feature: &str) -> Command {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["rustc", "--quiet", "--package", "conformance", "--bin", PROGRAM, "--profile", PROFILE])
        .args(["--no-default-features", "--features", feature]);
    command
}

/// Where the panics are that can be reached, as `file:line`.
fn places() -> Result<Vec<String>> {
    run(build(PLAIN).arg("--").args(LINK_ANYWAY))?;
    let path = paths::target().join(PROFILE).join(PROGRAM);
    let program = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    locations(&program).with_context(|| format!("{} is not a program", path.display()))
}

/// The [`std::panic::Location`]s in a program, which keeps only those of panics that can be reached.
///
/// Each is four words of constants: address and length of the file's name, line and column, the last two halves.
fn locations(program: &[u8]) -> Result<Vec<String>> {
    let file = object::File::parse(program)?;
    let constants: Vec<_> = file.sections().filter(|part| part.kind() != SectionKind::Text).collect();
    let name = |address: u64, length: u64| {
        let bytes = constants.iter().find_map(|part| part.data_range(address, length).ok()?)?;
        str::from_utf8(bytes).ok().filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "rs"))
    };
    let mut found = BTreeSet::new();
    for part in &constants {
        let (words, _) = part.data()?.as_chunks::<8>();
        for place in words.windows(3) {
            let [address, length, at] = [place[0], place[1], place[2]].map(u64::from_le_bytes);
            if let Some(name) = name(address, length) {
                found.insert(format!("{name}:{}", at & u64::from(u32::MAX)));
            }
        }
    }
    Ok(found.into_iter().collect())
}
