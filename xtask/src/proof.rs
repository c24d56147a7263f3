//! What is proved of the sources in `cargo xtask test --all`: cargo-deny on the crates that they use, typos on their
//! spelling, Miri on the core.
//!
//! The tools are installed here if they are missing, since nothing else needs them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::command::{announced, printed, run};
use crate::paths::{self, on_search_path};

/// Miri comes with this toolchain only.
const NIGHTLY: &str = "nightly";

/// Licences, sources and double versions of all crates; `deny.toml` says what may be.
///
/// # Errors
///
/// When cargo-deny is missing and cannot be installed, or finds something.
pub(crate) fn dependencies() -> anyhow::Result<()> {
    let is_there = || printed(Command::new(paths::cargo()).args(["deny", "--version"])).is_some();
    install("cargo-deny", "checks the crates that are used", is_there)?;
    let mut command = Command::new(paths::cargo());
    // Advisories change from day to day and need a network: they are no property of these sources.
    run(command.current_dir(paths::root()).args(["deny", "--workspace", "check", "licenses", "bans", "sources"]))
}

/// Spelling, British throughout; `typos.toml` lists the exceptions.
///
/// # Errors
///
/// When typos is missing and cannot be installed, or finds something.
pub(crate) fn spelling() -> anyhow::Result<()> {
    let is_there = || on_search_path("typos").is_some();
    install("typos-cli", "checks the spelling", is_there)?;
    run(Command::new("typos").current_dir(paths::root()))
}

/// Installs a tool from crates.io unless `is_there`; `what` says what it does.
fn install(tool: &str, what: &str, is_there: impl Fn() -> bool) -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    println!("{tool}, {what}: missing, will be installed");
    let installed = announced(Command::new(paths::cargo()).args(["install", "--locked", tool]));
    if installed.is_err() || !is_there() {
        bail!(
            "{tool} is missing and cannot be installed: see the message above; with a network, \
             `cargo install --locked {tool}` does"
        );
    }
    Ok(())
}

/// The unit tests of the core under Miri, but for those that say why not by an attribute; `Err` with why it cannot be run
/// here at all.
pub(crate) fn miri() -> Result<anyhow::Result<()>, String> {
    let rustup = install_miri()?;
    let mut command = Command::new(rustup);
    command.current_dir(paths::root()).args(["run", NIGHTLY, "cargo", "miri", "test", "--quiet"]);
    command.args(["--package", "loihi-core", "--lib"]);
    // The cargo that runs this names its own toolchain, which is another one.
    for variable in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"] {
        command.env_remove(variable);
    }
    // Tests draw their cases from the machine's random numbers.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "4");
    Ok(run(&mut command))
}

/// Installs Miri if it is missing, and returns the rustup that runs it; `Err` with why it cannot be.
fn install_miri() -> Result<PathBuf, String> {
    let rustup =
        on_search_path("rustup").ok_or("Miri is had by rustup only, which is not installed: https://rustup.rs")?;
    let runs = || printed(Command::new(&rustup).args(["run", NIGHTLY, "cargo", "miri", "--version"])).is_some();
    if runs() {
        return Ok(rustup);
    }
    println!("Miri, checks the core for undefined behaviour: missing, will be installed");
    let mut command = Command::new(&rustup);
    command.args([
        "toolchain",
        "install",
        "nightly",
        "--profile",
        "minimal",
        "--component",
        "miri",
        "--component",
        "rust-src",
    ]);
    match announced(&mut command) {
        Ok(()) if runs() => Ok(rustup),
        _ => {
            Err("Miri is missing and rustup cannot install it: see its message above, and check the network".to_owned())
        }
    }
}
