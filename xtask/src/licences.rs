//! Under what licences the program may be given away: its own, and those of the crates that are linked into it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{line, printed};
use crate::paths;

/// How files with licences begin.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Debian's `copyright`: the licences of the sources here.
///
/// # Errors
///
/// When a text is missing.
pub(crate) fn own() -> Result<String> {
    let mut text = String::from(
        "Open Loihi may be used under the MIT licence or the Apache licence, version 2.0, at your choice.\n\
         The latter is in /usr/share/common-licenses/Apache-2.0. The crates that are linked into the program have\n\
         licences of their own, in crates.txt.gz beside this file.\n\n",
    );
    for file in ["LICENSE-MIT", "crates/loihi-data/data/NOTICE.md"] {
        let path = paths::root().join(file);
        let part = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        writeln!(text, "{}\n", part.trim())?;
    }
    Ok(text)
}

/// The crates that are linked into the programs of a package, each with its licence, and the texts of these licences.
///
/// # Errors
///
/// When cargo cannot list them, or the sources of one are not there.
pub(crate) fn of_crates(package: &str) -> Result<String> {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["tree", "--package", package, "--all-features", "--edges", "normal,no-proc-macro"])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}|{r}"]);
    let listed = printed(&mut command).with_context(|| format!("`{}` fails", line(&command)))?;
    let mut crates: Vec<&str> = listed.lines().filter(|line| !line.contains(" (")).collect();
    crates.sort_unstable();
    crates.dedup();

    let mut list = String::new();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in crates {
        let mut fields = entry.split('|');
        let mut field = || fields.next().unwrap_or_default();
        let (title, licence, repository) = (field(), field(), field());
        writeln!(list, "{title}, {licence}, {repository}")?;
        for text in texts_of(&title.replacen(" v", "-", 1))? {
            texts.entry(text).or_default().push(title.to_owned());
        }
    }
    for (text, titles) in texts {
        write!(list, "\n---- {}\n\n{text}\n", titles.join(", "))?;
    }
    Ok(list)
}

/// The licences that lie with the sources of a crate, `name` and version as in `tar-0.4.46`.
fn texts_of(name: &str) -> Result<Vec<String>> {
    let registries = paths::cargo_home().context("cannot find the home of cargo")?.join("registry/src");
    let folders = fs::read_dir(&registries).with_context(|| format!("cannot read {}", registries.display()))?;
    let sources = folders.flatten().map(|folder| folder.path().join(name)).find(|folder| folder.is_dir());
    let sources = sources.with_context(|| format!("the sources of {name} are not in {}", registries.display()))?;
    let mut files: Vec<PathBuf> = fs::read_dir(&sources)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start))
    });
    files.sort();
    files.iter().map(|path| Ok(String::from_utf8_lossy(&fs::read(path)?).trim().to_owned())).collect()
}
