//! Files without an end are refused by a stated limit, whatever they are taken for.

#![cfg(target_os = "linux")]

use crate::process::{assert_one_sentence, command, loihi};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use tempfile::TempDir;

/// Every command that reads a file of the user, with the name under which it meets one.
const READERS: [(&str, &[&str]); 18] = [
    ("a.toml", &["place"]),
    ("a.toml", &["run"]),
    ("a.toml", &["table"]),
    ("a.toml", &["table", "--published-check", "--prices"]),
    ("a.nir", &["import"]),
    ("a.net", &["import"]),
    ("a.json", &["conform"]),
    ("a.bin", &["run", "stdp-pair", "--learned"]),
    ("a.csv", &["data", "show"]),
    ("a.npy", &["data", "show"]),
    ("a.npz", &["data", "show"]),
    ("a.h5", &["data", "show"]),
    ("a.wav", &["data", "show"]),
    ("a.bs2", &["data", "show"]),
    ("a.aedat", &["data", "show"]),
    ("a.raw", &["data", "show"]),
    ("a.dat", &["data", "show"]),
    ("a.tar", &["data", "show"]),
];

fn refused(path: &str, arguments: &[&str]) {
    let output = command(&[arguments, &[path]].concat()).output().unwrap();
    // A vector that cannot be read is a line of the result.
    if arguments == ["conform"] {
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("it is longer than 64 MiB, the most that is read of a text"), "{text}");
    } else {
        assert_one_sentence(&output, &["it is longer than", "MiB, the most that is read of"]);
    }
}

#[test]
fn a_device_without_end_is_refused() {
    let folder = TempDir::new().unwrap();
    for (name, arguments) in READERS {
        // To the archive's reader, zeros are the end.
        if name == "a.tar" {
            continue;
        }
        let path = folder.path().join(name);
        if !path.exists() {
            symlink("/dev/zero", &path).unwrap();
        }
        refused(path.to_str().unwrap(), arguments);
    }
}

#[test]
fn a_sparse_file_is_refused_by_its_length() {
    let folder = TempDir::new().unwrap();
    for (name, arguments) in READERS {
        let path = folder.path().join(name);
        File::create(&path).unwrap().set_len(1 << 42).unwrap();
        refused(path.to_str().unwrap(), arguments);
    }
}

#[test]
fn a_pipe_without_end_is_refused() {
    let endless = std::process::Command::new("yes").stdout(Stdio::piped()).spawn();
    let mut endless = endless.unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.csv");
    symlink("/dev/stdin", &path).unwrap();
    let show = std::process::Command::new(loihi())
        .args(["data", "show", path.to_str().unwrap()])
        .stdin(endless.stdout.take().unwrap())
        .output()
        .unwrap();
    assert_one_sentence(&show, &["a.csv: it is longer than 256 MiB, the most that is read of a pipe or device"]);
    endless.wait().unwrap();
}
