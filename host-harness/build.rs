//! Tells the program from which commit it is built, if it is built in a repository of its own.

use std::path::Path;
use std::process::Command;

/// What the program is made of, from its package.
const SOURCES: [&str; 5] = [".", "../crates", "../loihi-core", "../Cargo.toml", "../Cargo.lock"];

fn main() {
    for path in SOURCES {
        println!("cargo:rerun-if-changed={path}");
    }
    if let Some(commit) = commit() {
        println!("cargo:rustc-env=LOIHI_COMMIT={commit}");
    }
}

/// The commit, with `-modified` if the sources are not those of the commit.
fn commit() -> Option<String> {
    // Sources that were unpacked within another repository are not of its commits.
    let root = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&root).canonicalize().ok()? != Path::new("..").canonicalize().ok()? {
        return None;
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    let changes = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat())?;
    Some(if changes.is_empty() { commit } else { format!("{commit}-modified") })
}

/// What `git` says; nothing if it is missing or knows no answer.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned())
}
