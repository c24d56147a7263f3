//! The Debian package in a Debian that has nothing else: it installs, runs, and leaves nothing when it is removed.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{printed, run};
use crate::paths::{self, on_search_path};
use crate::{apt, dist};

/// Makes a root of the same release, so that the C library is the one that the program is linked with.
const TOOL: &str = "mmdebstrap";
/// What is done in it.
const SCRIPT: &str = ".ci/check-package";
/// The experiment that runs there, whose digest is recorded.
const EXPERIMENT: &str = "digits-pes";

/// Makes the package and installs it in a clean root, without a network.
///
/// `Err` says why that cannot be tried here at all.
pub(crate) fn check() -> std::result::Result<Result<()>, String> {
    if !apt::is_here() {
        return Err("only Debian and its relatives have packages to put beside it".to_owned());
    }
    let release = release().ok_or("/etc/os-release does not name the release")?;
    Ok(check_in(&release))
}

fn check_in(release: &str) -> Result<()> {
    if on_search_path(TOOL).is_none() {
        println!("{TOOL}, makes a clean Debian: missing, will be installed");
        apt::install(&[TOOL.to_owned()])?;
    }
    let package = dist::make()?;
    let hook = format!(
        "'{script}' \"$1\" '{package}' {name} {EXPERIMENT} {digest}",
        script = paths::root().join(SCRIPT).display(),
        package = package.display(),
        name = dist::NAME,
        digest = digest()?,
    );
    // man-db shows that the manual is found; the root itself is thrown away.
    let mut command = Command::new(TOOL);
    command.args(["--quiet", "--variant=essential", "--include=man-db", "--format=null"]);
    run(command.arg(format!("--customize-hook={hook}")).args([release, "/dev/null"]))
}

/// The code name of the Debian that runs here.
fn release() -> Option<String> {
    let about = printed(Command::new("cat").arg("/etc/os-release"))?;
    about.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).map(|name| name.trim_matches('"').to_owned())
}

/// The recorded digest of the experiment.
fn digest() -> Result<String> {
    let path = paths::root().join("tests/golden/digests.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix(EXPERIMENT)?.trim_start().strip_prefix('='));
    let digest = line.with_context(|| format!("{} has no {EXPERIMENT}", path.display()))?;
    Ok(digest.trim().trim_matches('"').to_owned())
}
