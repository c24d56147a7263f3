//! What crates.io asks of every crate: a package without big data, and the words by which it is found.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use tar::Archive;
use toml::{Table, Value};

use crate::command::run;
use crate::paths;

/// No package is larger, in bytes, compressed: data sets and recorded vectors stay in the repository.
const BYTES_MAX: u64 = 512 << 10;
/// What crates.io allows: keywords of a crate, characters of a keyword.
const KEYWORDS_MAX: usize = 5;
const KEYWORD_CHARS_MAX: usize = 20;

/// Packages every crate of the workspace as `cargo publish` would, without building it, and looks into the packages.
///
/// # Errors
///
/// A crate cannot be packaged, as one with a dependency that has a path and no version, or [`check_package`] finds something.
pub(crate) fn check() -> Result<()> {
    let folder = paths::target().join("packages");
    // Packages of earlier versions would be looked at, too.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut command = Command::new(paths::cargo());
    command.current_dir(paths::root()).args(["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"]);
    run(command.arg("--target-dir").arg(&folder))?;
    let folder = folder.join("package");
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "crate") {
            check_package(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// Size and manifest of a package.
///
/// # Errors
///
/// It is larger than [`BYTES_MAX`], or [`check_manifest`] finds something.
fn check_package(path: &Path) -> Result<()> {
    let bytes = fs::metadata(path)?.len();
    ensure!(bytes <= BYTES_MAX, "{bytes} bytes, of {BYTES_MAX}: name what is not meant in `exclude`");
    check_manifest(&manifest(path)?.parse()?)
}

/// The text of the manifest that cargo has put into a package, with what the workspace says of it.
fn manifest(path: &Path) -> Result<String> {
    let mut archive = Archive::new(GzDecoder::new(File::open(path)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.components().skip(1).eq(Path::new("Cargo.toml").components()) {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            return Ok(text);
        }
    }
    bail!("it has no Cargo.toml")
}

/// What crates.io shows of a crate and finds it by; a crate that is not published needs none of it.
///
/// # Errors
///
/// Something is missing, or longer than crates.io takes.
fn check_manifest(manifest: &Table) -> Result<()> {
    let package = manifest.get("package").and_then(Value::as_table).context("no [package]")?;
    if package.get("publish").is_some_and(|publish| publish.as_bool() == Some(false)) {
        return Ok(());
    }
    for key in ["description", "license", "readme", "repository"] {
        let value = package.get(key).and_then(Value::as_str);
        ensure!(value.is_some_and(|value| !value.is_empty()), "`{key}` is missing: give it, or `publish = false`");
    }
    let words = |key: &str| {
        let list = package.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
        let list = list.with_context(|| format!("`{key}` is missing: give some, or `publish = false`"))?;
        let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        words.with_context(|| format!("`{key}` are words"))
    };
    let keywords = words("keywords")?;
    ensure!(keywords.len() <= KEYWORDS_MAX, "{} keywords, of {KEYWORDS_MAX}", keywords.len());
    if let Some(long) = keywords.iter().find(|word| word.len() > KEYWORD_CHARS_MAX) {
        bail!("the keyword `{long}` is longer than {KEYWORD_CHARS_MAX} characters");
    }
    words("categories")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest that has everything.
    const WHOLE: &str = r#"[package]
description = "a crate"
license = "MIT"
readme = "README.md"
repository = "https://example.org"
keywords = ["loihi"]
categories = ["science"]
"#;

    fn said(text: &str) -> Option<String> {
        check_manifest(&text.parse().expect("TOML")).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(said(WHOLE), None);
        for key in ["description", "license", "readme", "repository", "keywords", "categories"] {
            let cut: String = WHOLE.split_inclusive('\n').filter(|line| !line.starts_with(key)).collect();
            let said = said(&cut).expect("something is missing");
            assert!(said.starts_with(&format!("`{key}` is missing")), "{said}");
        }
        assert_eq!(said("[package]\npublish = false\n"), None);
    }

    #[test]
    fn keywords_are_as_crates_io_takes_them() {
        let with = |keywords: &str| said(&WHOLE.replace(r#"["loihi"]"#, keywords));
        assert_eq!(with(r#"["a", "b", "c", "d", "e"]"#), None);
        assert!(with(r#"["a", "b", "c", "d", "e", "f"]"#).is_some_and(|said| said == "6 keywords, of 5"));
        assert!(with(r#"["a-keyword-of-21-chars"]"#).is_some_and(|said| said.contains("longer than 20")));
    }
}
