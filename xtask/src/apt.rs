//! Installs packages on Debian and its relatives.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{announced, printed};
use crate::paths::on_search_path;
use crate::toolchain::{OLDEST, Version, parse_version};

/// Whether this machine has apt.
pub(crate) fn is_here() -> bool {
    on_search_path("apt-get").is_some()
}

/// Installs `packages`, as root or through sudo, refreshing the package lists if that helps.
///
/// # Errors
///
/// When there is no apt, no way to become root, or a package cannot be had.
pub(crate) fn install(packages: &[String]) -> Result<()> {
    let wanted = packages.join(" ");
    if !is_here() {
        bail!("this machine has no apt; install {wanted} or what your system calls it, then try again");
    }
    let mut command = as_root(&wanted)?;
    command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    if packages.iter().any(|package| candidate(package).is_none()) {
        refresh()?;
    }
    if announced(&mut command).is_ok() {
        return Ok(());
    }
    // The lists may name versions that the mirror has replaced since.
    refresh()?;
    if announced(&mut command).is_err() {
        bail!(
            "apt cannot install {wanted}: see its message above; without a network nothing can be \
             installed"
        );
    }
    Ok(())
}

/// Fetches the package lists.
///
/// # Errors
///
/// When there is no way to become root, or the lists cannot be had.
pub(crate) fn refresh() -> Result<()> {
    let mut command = as_root("packages")?;
    command.arg("update");
    if announced(&mut command).is_err() {
        bail!("apt cannot fetch its package lists: see its message above, and check the network");
    }
    Ok(())
}

/// `apt-get` that asks no questions, with the right to install.
fn as_root(wanted: &str) -> Result<Command> {
    let user = printed(Command::new("id").arg("-u"));
    let mut command = if user.as_deref().map(str::trim) == Some("0") {
        Command::new("env")
    } else if on_search_path("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!("only root may install {wanted}, and there is no sudo: run `cargo xtask setup` as root");
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(command)
}

/// The packages of the newest compiler on offer and of its library sources, if it is new enough.
///
/// Distributions call them `rustc` and `rust-src`; Debian's stable releases carry a newer
/// `rustc-web`, and Ubuntu several `rustc-1.NN`.
pub(crate) fn compiler_packages() -> Option<[String; 2]> {
    let names = printed(Command::new("apt-cache").args(["--names-only", "search", "^rustc(-web|-1\\.[0-9]+)?$"]))?;
    names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter_map(|compiler| {
            let suffix = compiler.strip_prefix("rustc")?;
            let sources = format!("rust{suffix}-src");
            let version = candidate(compiler)?;
            (candidate(&sources)? == version).then(|| (version, [compiler.to_owned(), sources]))
        })
        .filter(|(version, _)| *version >= OLDEST)
        .max()
        .map(|(_, packages)| packages)
}

/// The version of `package` that apt would install.
fn candidate(package: &str) -> Option<Version> {
    let policy = printed(Command::new("apt-cache").args(["policy", package]))?;
    policy.lines().find_map(|line| parse_version(line.trim().strip_prefix("Candidate: ")?))
}
