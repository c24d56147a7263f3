//! The book: the pages of `docs`, built by mdBook into `target/book`.
//!
//! mdBook of this version is used where it is installed; else it is installed beside what cargo has built, for this
//! workspace alone. Without optimisation and server it is built in a minute, and builds the book in under a second.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{announced, line, printed};
use crate::paths::{self, on_search_path};

/// What writes HTML as the book expects it.
const VERSION: &str = "0.5.4";

/// Finds mdBook, or installs it.
///
/// # Errors
///
/// When it is missing and cannot be installed.
pub(crate) fn install() -> Result<PathBuf> {
    let tools = paths::target().join("tools");
    let own = tools.join("bin").join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    if let Some(found) = on_search_path("mdbook").into_iter().chain([own.clone()]).find(|program| is_it(program)) {
        return Ok(found);
    }
    println!("mdBook {VERSION}, builds the book: missing, will be installed");
    let mut command = Command::new(paths::cargo());
    command.args(["install", "mdbook", "--version", VERSION, "--locked", "--quiet", "--debug", "--root"]).arg(&tools);
    announced(command.args(["--no-default-features", "--features", "search"]))?;
    ensure!(is_it(&own), "mdBook is still not at {}", own.display());
    Ok(own)
}

fn is_it(program: &Path) -> bool {
    let said = printed(Command::new(program).arg("--version")).unwrap_or_default();
    said.trim().strip_prefix("mdbook v") == Some(VERSION)
}

/// Builds the book.
///
/// # Errors
///
/// When mdBook fails, or warns.
pub(crate) fn build(mdbook: &Path) -> Result<()> {
    let mut command = Command::new(mdbook);
    command.current_dir(paths::root()).args(["build", "docs"]).env("RUST_LOG", "info");
    let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let is_clean = output.status.success() && !["WARN", "ERROR"].iter().any(|word| said.contains(word));
    ensure!(is_clean, "`{}` says:\n{said}", line(&command));
    Ok(())
}
