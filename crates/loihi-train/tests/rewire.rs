//! Sparse rewiring in a training: the same weights on any number of threads and after a stop, and as many synapses as at first.

#![allow(clippy::unwrap_used)]

mod common;

use common::{PIXELS, trained};
use loihi_train::{Subject, SubjectOptions, Trainer};
use std::num::NonZeroUsize;
use std::path::Path;

const TRAIN: &str = "
[train]
epochs = 3
batch = 48
rate = 8.0
v_th_rate = 0.1
connectivity = { out = 0.25 }
rewire_l1 = 0.05
rewire_noise = 0.2
";

fn weights(trainer: &Trainer<'_>) -> Vec<f32> {
    trainer.model().parameters.iter().flat_map(|own| own.values.clone()).collect()
}

#[test]
fn a_sparse_training_resumes_to_the_same_weights_on_any_number_of_threads() {
    let mut options = SubjectOptions::new("digits");
    options.samples = Some(150);
    let subject = Subject::open(&format!("{PIXELS}{TRAIN}"), Path::new("n.toml"), &options).unwrap();
    let begun = Trainer::new(&subject, NonZeroUsize::MIN).unwrap();
    assert_eq!(begun.trained(), [("weights", 64 * 10 / 4)]);
    let first = weights(&begun);
    let whole = weights(&trained(&subject, 1, &[]));
    assert_eq!(weights(&trained(&subject, 2, &[])), whole);
    assert_eq!(weights(&trained(&subject, 1, &[2, 7])), whole);
    for weights in [&first, &whole] {
        assert_eq!(weights.iter().filter(|weight| **weight != 0.0).count(), 64 * 10 / 4);
    }
    assert!(
        first.iter().zip(&whole).any(|(first, last)| *first == 0.0 && *last != 0.0),
        "no synapse is at a new place"
    );
}
