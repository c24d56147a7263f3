//! What is trained, on what: which trainings are the same one.

#![allow(clippy::unwrap_used)]

mod common;

use common::PIXELS;
use loihi_net::network::file::{FileOptions, parse_with};
use loihi_net::network::{ReadBy, Weights};
use loihi_train::{Subject, SubjectOptions};
use std::path::Path;

fn digits() -> SubjectOptions {
    let mut options = SubjectOptions::new("digits");
    options.samples = Some(20);
    options
}

fn open(text: &str, path: &Path) -> Subject {
    Subject::open(text, path, &digits()).unwrap()
}

/// A checkpoint goes with weights, wherever these are, and not with the place of the file.
#[test]
fn a_training_is_another_one_with_other_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.toml");
    let mut network = parse_with(PIXELS, &path, &FileOptions::default().data(vec![8, 8], 10)).unwrap();
    network.save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("n.npz"), "weights have a file of their own");
    let before = open(&text, &path).hash;
    assert_eq!(open(&text, &path).hash, before);

    let Weights::Dense(weights) = &mut network.connections[0].weights else { panic!() };
    weights[7] += 2;
    network.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_ne!(open(&text, &path).hash, before);

    let elsewhere = folder.path().join("folder/other.toml");
    let trained = format!("{PIXELS}[train]\nrate = 1.0\n");
    assert_eq!(open(&trained, &path).hash, open(&format!("# A comment.\n{trained}"), &elsewhere).hash);
    assert_ne!(open(&trained, &path).hash, open(PIXELS, &path).hash, "another rate");
}

#[test]
fn a_population_without_a_shape_has_a_neuron_for_each_class() {
    let subject = open(PIXELS, Path::new("n.toml"));
    assert_eq!(subject.network.populations[1].neurons(), 10);
    assert_eq!(subject.network.readout.unwrap().by, ReadBy::Spikes);
    assert!(!subject.beyond[0].any());
}

/// Rows after the last step are counted in the training set and in the test set.
#[test]
fn what_is_not_shown_is_known() {
    let frames = PIXELS
        .replace("bias_of = \"pixels\"", "shape = [8]\ncoding = \"frames\"")
        .replace("[[population]]\nname = \"pixels\"\nshape = [8, 8]\nv_th = 1\n", "")
        .replace("from = \"pixels\"", "from = \"image\"");
    let subject = open(&frames, Path::new("n.toml"));
    let rows = subject.beyond[0].rows;
    assert_eq!((rows.part, rows.all, rows.samples), (40 * 4, 40 * 8, 40));
}
