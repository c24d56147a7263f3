//! `loihi image`: what it writes, and what it refuses.

use crate::common::root;
use crate::process::{assert_one_sentence, command, object};
use loihi_core::image::sealed;
use std::fs;
use std::process::Command;

#[test]
fn the_image_of_an_experiment_has_its_hash_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let written =
        command(&["image", "digits-pes", "--out", "net.img", "--json"]).current_dir(&folder).output().unwrap();
    let said = object(&written);
    let file = fs::read(folder.path().join("net.img")).unwrap();
    let image = sealed(&file).unwrap();
    assert_eq!(said["image_bytes"], image.len());
    assert_eq!(said["hash"], format!("{:016x}", loihi_core::image::hash(image)));
    assert!(said["flash_boards"].as_array().unwrap().iter().any(|board| board == "netduinoplus2"), "{said}");
    // Another seed is another network.
    let other = object(&command(&["image", "digits-pes", "--seed", "1", "--json"]).output().unwrap());
    assert_ne!(other["hash"], said["hash"]);
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| command(words).current_dir(&folder).output().unwrap();
    fs::write(folder.path().join("net.img"), "mine").unwrap();
    let refused = run(&["image", "pes-channel", "--out", "net.img", "--rust", "net.rs"]);
    assert_one_sentence(&refused, &["net.img is there already", "--overwrite"]);
    assert!(!folder.path().join("net.rs").exists(), "nothing is written");
    assert_eq!(fs::read(folder.path().join("net.img")).unwrap(), b"mine");
    assert!(run(&["image", "pes-channel", "--out", "net.img", "--overwrite"]).status.success());
    assert!(sealed(&fs::read(folder.path().join("net.img")).unwrap()).is_ok());
    let same = run(&["image", "pes-channel", "--out", "a.img", "--rust", "a.img"]);
    assert_one_sentence(&same, &["the same file"]);
    let nowhere = run(&["image", "pes-channel", "--out", "nowhere/a.img"]);
    assert_one_sentence(&nowhere, &["nowhere/a.img"]);
    assert_one_sentence(&run(&["image", "nonsense"]), &["unknown experiment `nonsense`"]);
}

/// The module of Rust compiles without a warning, and its bytes are those of the other file, aligned.
#[test]
fn the_image_in_rust_compiles_and_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["image", "pes-channel", "--out", "net.img", "--rust", "net.rs"];
    assert!(command(&words).current_dir(&folder).output().unwrap().status.success());
    let main = r#"//! A test.
#![deny(warnings, missing_docs)]
mod net;
fn main() {
    let file = std::fs::read("net.img").expect("it is there");
    assert_eq!(net::IMAGE, &file[..file.len() - 8]);
    assert!(net::IMAGE.as_ptr().addr().is_multiple_of(8));
}
"#;
    fs::write(folder.path().join("main.rs"), main).unwrap();
    let built = Command::new("rustc").args(["--edition", "2024", "main.rs"]).current_dir(&folder).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(Command::new(folder.path().join("main")).current_dir(&folder).status().unwrap().success());
}

#[test]
fn flash_is_for_a_board_in_qemu_that_has_room() {
    let run =
        |words: &[&str]| command(&[&["run", "pes-channel", "--flash", "--quiet"], words].concat()).output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let refused = run(&["--out", out.to_str().unwrap()]);
    assert_one_sentence(&refused, &["has no use for --flash, which is for qemu"]);
    assert!(!out.exists(), "nothing is begun");
    let firmware = root().join("target/firmware/firmware-x86-mcu.elf").display().to_string();
    let without = run(&["--device", "qemu", "--firmware", &firmware]);
    assert_one_sentence(&without, &["x86-mcu has no flash for a network: leave out --flash"]);
}
