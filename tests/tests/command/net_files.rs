//! `loihi import` of lava-dl's files: those of the field, and periodic resets.

use crate::process::{assert_one_sentence, command};
use host_harness::network::file::read;
use host_harness::network::{Endpoint, PeriodicReset};
use std::path::{Path, PathBuf};

fn field(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/field");
    folder.join(name).to_string_lossy().into_owned()
}

fn out(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("net.toml")
}

#[test]
fn layers_forget_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (field("lava-dl/no_input_layer.net"), out(&folder));
    let to = path.to_string_lossy();
    let given = ["import", &file, "--out", &to, "--reset-interval", "17", "--reset-offset", "16"];
    let imported = command(&given).output().unwrap();
    let said = String::from_utf8_lossy(&imported.stdout);
    assert!(imported.status.success() && said.contains("return to 0 every 17 steps"), "{said}");
    let resets: Vec<_> = read(&path).unwrap().populations.iter().map(|own| own.reset).collect();
    let reset = |offset_steps| Some(PeriodicReset { interval_steps: 17, offset_steps });
    assert_eq!(resets, [reset(16), reset(0)]);
    assert!(command(&["place", &to]).output().unwrap().status.success());
}

#[test]
fn a_reset_that_is_none_is_refused() {
    let file = field("lava-dl/no_input_layer.net");
    let late = command(&["import", &file, "--reset-interval", "17", "--reset-offset", "17"]).output().unwrap();
    assert_one_sentence(&late, &["--reset-offset 17", "an interval of 17"]);
    let nir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/mnist_fc128.nir");
    let nir = command(&["import", &nir.to_string_lossy(), "--reset-interval", "17"]).output().unwrap();
    assert_one_sentence(&nir, &["--reset-interval", "no meaning for a .nir file"]);
}

/// A recurrent layer is two connections, and is saved as such.
#[test]
fn a_recurrent_layer_feeds_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = out(&folder);
    let imported = command(&["import", &field("lava-dl/dense_rec.net"), "--out", &path.to_string_lossy()]).output();
    let said = String::from_utf8_lossy(&imported.unwrap().stdout).into_owned();
    assert!(said.contains("exact") && !said.contains("UNSUPPORTED"), "{said}");
    let ends: Vec<_> = read(&path).unwrap().connections.iter().map(|own| (own.from, own.to)).collect();
    assert_eq!(ends, [(Endpoint::Input(0), 0), (Endpoint::Population(0), 0)]);
}
