//! A reader's place: a folder with what documents and examples refer to, and a shell in which their commands run.

use crate::common::root;
use crate::process::loihi;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Stands in for cargo: `cargo run` starts the program that was built, other commands are stages of the test command.
const CARGO: &str = r#"#!/bin/sh
case "$1" in
run) while [ "$1" != -- ]; do shift; done; shift; exec loihi "$@" ;;
xtask) case " VERBS " in *" $2 "*) exit 0 ;; esac ;;
install|doc|bench) exit 0 ;;
esac
echo "no cargo $*" >&2
exit 1
"#;

/// Names of the verbs of xtask, as its source has them.
fn verbs() -> String {
    let source = include_str!("../../../xtask/src/main.rs");
    let (_, verbs) = source.split_once("enum Verb {").unwrap();
    let (verbs, _) = verbs.split_once("\n}").unwrap();
    let names =
        verbs.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(char::is_uppercase));
    names.map(|line| line.trim_end_matches([' ', '{', ',']).to_lowercase() + " ").collect()
}

/// A folder with what a page refers to: examples, firmware, data sets, the program.
pub(crate) fn place() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["examples", "tests"] {
        symlink(root().join(name), at(name)).unwrap();
    }
    fs::create_dir_all(at("target")).unwrap();
    symlink(root().join("target/firmware"), at("target/firmware")).unwrap();
    fs::create_dir(at("bin")).unwrap();
    let cargo = at("bin/cargo");
    fs::write(&cargo, CARGO.replace("VERBS ", &verbs())).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(cargo).status().unwrap().success());
    for name in ["mnist", "fashion-mnist"] {
        images(&at("data").join(name));
    }
    folder
}

/// A small data set in the form of MNIST: a bright band for each class.
fn images(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (part, count) in [("train", 200_u8), ("t10k", 40)] {
        let value = |image: u8, at: usize| {
            let noise = (usize::from(image) * 7919 + at * 181) % 251;
            if at / 79 == usize::from(image % 10) { noise.to_le_bytes()[0] } else { 0 }
        };
        let values = (0..count).flat_map(|image| (0..784).map(move |at| value(image, at)));
        let images: Vec<u8> =
            [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28].into_iter().chain(values).collect();
        let labels: Vec<u8> =
            [0, 0, 8, 1, 0, 0, 0, count].into_iter().chain((0..count).map(|image| image % 10)).collect();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

/// What commands print; `source` is where they stand.
pub(crate) fn printed(commands: &str, source: &str, folder: &Path) -> String {
    let bin = folder.join("bin");
    let path = std::env::join_paths([&*bin, loihi().parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")]);
    let mut shell = Command::new("sh");
    shell.args(["-euc", commands]).current_dir(folder).stdin(Stdio::null());
    shell.env("PATH", path.unwrap()).env("LOIHI_DATA", folder.join("data")).env_remove("LOIHI_FIRMWARE");
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{source}: {commands}{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Asserts that the lines were printed, in this order.
pub(crate) fn assert_printed<'a>(lines: impl IntoIterator<Item = &'a str>, printed: &str, source: &str) {
    let mut rest = printed.lines();
    for line in lines {
        assert!(rest.any(|printed| printed == line), "{source}: {line:?} is not, or not here, in\n{printed}");
    }
}
