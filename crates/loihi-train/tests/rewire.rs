//! Sparse rewiring in a training: the same weights on any number of threads and after a stop, and as many synapses as at first.

#![allow(clippy::unwrap_used)]

use loihi_run::record::RecordError;
use loihi_train::{Observer, Subject, SubjectOptions, Trainer};
use std::num::NonZeroUsize;
use std::path::Path;

const SPARSE: &str = r#"
name = "sparse"
steps = 6
late_steps = 1

[[input]]
name = "image"
bias_of = "pixels"

[[population]]
name = "pixels"
shape = [8, 8]
v_th = 1

[[population]]
name = "out"
v_th = 300

[[connection]]
from = "pixels"
to = "out"
weights = { init = "normal", std = 24.0 }

[readout]
population = "out"

[train]
epochs = 3
batch = 48
rate = 8.0
connectivity = { out = 0.25 }
rewire_l1 = 0.05
rewire_noise = 0.2
"#;

/// Keeps the last checkpoint, and stops after some batches.
struct Stops {
    after: u64,
    done: u64,
    bytes: Vec<u8>,
}

impl Observer for Stops {
    fn progress(&mut self, done: u64, _: u64, _: u32, _: Option<&loihi_train::EpochRow>) {
        self.done = done;
    }

    fn stops(&mut self) -> bool {
        self.done >= self.after
    }

    fn checkpoint(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.bytes = bytes.to_vec();
        Ok(())
    }
}

/// Weights after a training on so many threads that is stopped after each of these numbers of batches.
fn weights(subject: &Subject, jobs: usize, stops: &[u64]) -> Vec<f32> {
    let jobs = NonZeroUsize::new(jobs).unwrap();
    let mut trainer = Trainer::new(subject, jobs).unwrap();
    for after in stops {
        let mut observer = Stops { after: *after, done: 0, bytes: Vec::new() };
        trainer.run(&mut observer).unwrap_err();
        trainer = Trainer::new(subject, jobs).unwrap();
        trainer.restore(&observer.bytes).unwrap();
    }
    trainer.run(&mut loihi_train::NoObserver).unwrap();
    trainer.model().parameters.iter().flat_map(|own| own.values.clone()).collect()
}

#[test]
fn a_sparse_training_resumes_to_the_same_weights_on_any_number_of_threads() {
    let mut options = SubjectOptions::new("digits");
    options.samples = Some(150);
    let subject = Subject::open(SPARSE, Path::new("n.toml"), &options).unwrap();
    let first: Vec<f32> = {
        let trainer = Trainer::new(&subject, NonZeroUsize::MIN).unwrap();
        trainer.model().parameters.iter().flat_map(|own| own.values.clone()).collect()
    };
    let whole = weights(&subject, 1, &[]);
    assert_eq!(weights(&subject, 2, &[]), whole);
    assert_eq!(weights(&subject, 1, &[2, 7]), whole);
    for weights in [&first, &whole] {
        assert_eq!(weights.iter().filter(|weight| **weight != 0.0).count(), 64 * 10 / 4);
    }
    assert!(
        first.iter().zip(&whole).any(|(first, last)| *first == 0.0 && *last != 0.0),
        "no synapse is at a new place"
    );
}
