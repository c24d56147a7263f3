//! Whether `loihi-core` builds without the parts that a board may be without: with each feature alone, none and all, without
//! a warning; and whether it says what was left out.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::run;
use crate::paths;

const PACKAGE: &str = "loihi-core";

/// Checks every set, and runs the tests of a build with nothing but the chip.
///
/// # Errors
///
/// With the command that fails.
pub(crate) fn check() -> Result<()> {
    let alone =
        names()?.into_iter().map(|name| vec!["--no-default-features".to_owned(), "--features".to_owned(), name]);
    let sets = [vec!["--no-default-features".to_owned()], vec!["--all-features".to_owned()]].into_iter().chain(alone);
    for set in sets {
        let mut command = cargo("clippy");
        run(command.args(set).args(["--", "--deny", "warnings"]))?;
    }
    run(cargo("test").args(["--no-default-features", "--lib", "left_out"]))
}

fn cargo(verb: &str) -> Command {
    let mut command = Command::new(paths::cargo());
    command.current_dir(paths::root()).args([verb, "--quiet", "--profile", "tests", "--package", PACKAGE]);
    command
}

/// The features, but for those that are sets of others.
fn names() -> Result<Vec<String>> {
    let path = paths::root().join(PACKAGE).join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: toml::Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let features = manifest.get("features").and_then(toml::Value::as_table);
    let features = features.with_context(|| format!("{} has no features", path.display()))?;
    let is_alone = |(_, of): &(&String, &toml::Value)| of.as_array().is_some_and(Vec::is_empty);
    Ok(features.iter().filter(is_alone).map(|(name, _)| name.clone()).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_parts_of_the_chip_are_among_them() {
        let names = super::names().expect("the manifest can be read");
        assert!(names.iter().any(|name| name == "learning") && names.iter().all(|name| name != "full"), "{names:?}");
    }
}
