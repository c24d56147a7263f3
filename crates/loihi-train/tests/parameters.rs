//! Delays, decays and thresholds that are trained beside weights: they move, resume to the same bits, are the same on any number
//! of threads, and lose nothing in the emulator.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Stops, trained};
use loihi_net::network::{Each, Network};
use loihi_train::check::compare;
use loihi_train::{NoObserver, Subject, SubjectOptions, TrainError, Trainer};
use std::num::NonZeroUsize;
use std::path::Path;

const NETWORK: &str = r#"
name = "everything"
steps = 12
late_steps = 2

[[input]]
name = "image"
bias_of = "pixels"

[[population]]
name = "pixels"
shape = [8, 8]
v_th = 1

[[population]]
name = "hidden"
shape = [12]
decay_u = 2048
decay_v = 512
v_th = 200

[[population]]
name = "out"
decay_u = 3000
decay_v = 256
v_th = 200

[[connection]]
from = "pixels"
to = "hidden"
weights = { init = "normal", std = 24.0 }
delay = 2

[[connection]]
from = "hidden"
to = "hidden"
weights = { init = "normal", std = 16.0 }

[[connection]]
from = "hidden"
to = "out"
weights = { init = "normal", std = 24.0 }

[readout]
population = "out"

[train]
epochs = 3
batch = 16
rate = 1.0
delay = { rate = 0.3, max_steps = 5 }
decay_u = { rate = 8.0, of = ["hidden"] }
decay_v = { rate = 8.0 }
v_th = { rate = 4.0 }
v_th_rate = 0.1
"#;

fn subject() -> Subject {
    subject_of(NETWORK)
}

/// The means over the last 2 of 3 epochs.
fn averaged() -> Subject {
    subject_of(&NETWORK.replace("epochs = 3\n", "epochs = 3\naverage_epochs = 2\n"))
}

fn subject_of(text: &str) -> Subject {
    let mut options = SubjectOptions::new("digits");
    options.samples = Some(48);
    Subject::open(text, Path::new("n.toml"), &options).unwrap()
}

fn jobs(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn written(trainer: &Trainer<'_>, network: &Network) -> Network {
    let mut written = network.clone();
    trainer.model().write_to(&mut written);
    written
}

#[test]
fn all_kinds_move_and_lose_nothing_in_the_emulator() {
    let subject = subject();
    let mut trainer = Trainer::new(&subject, jobs(1)).unwrap();
    let trained = trainer.trained();
    assert_eq!(
        trained,
        [
            ("weights", 64 * 12 + 12 * 12 + 12 * 10),
            ("delay", 64 + 12 + 12),
            ("decay_u", 1),
            ("decay_v", 2),
            ("v_th", 2)
        ]
    );
    let begun = written(&trainer, &subject.network);
    trainer.run(&mut NoObserver).unwrap();
    let done = written(&trainer, &subject.network);

    let Each::Every(delays) = &done.connections[0].delay else { panic!("delays differ by source") };
    assert!(delays.iter().any(|delay| delay.get() != 2) && delays.iter().all(|delay| delay.get() <= 5), "{delays:?}");
    for place in [1, 2] {
        let [before, after] =
            [&begun, &done].map(|network| network.populations[place].compartments[0].values().to_vec());
        let [[before], [after]] = [&before[..], &after[..]] else { panic!("one profile stays one: {after:?}") };
        assert_ne!(before.v_th, after.v_th);
        assert_ne!(before.decay_v, after.decay_v);
        assert_eq!(before.decay_u == after.decay_u, place == 2, "only that of the hidden ones is trained");
    }
    let answers = trainer.answers().unwrap();
    let comparison = compare(&subject, &done, &answers.scores, jobs(1), &|_| false).unwrap();
    assert_eq!((comparison.compared, comparison.different), (480, 0), "{:?}", comparison.first);
}

#[test]
fn it_resumes_to_the_same_bits_on_any_number_of_threads() {
    for subject in [subject(), averaged()] {
        let (whole, second) = (trained(&subject, 1, &[]), trained(&subject, 2, &[5]));
        assert_eq!(second.model().parameters, whole.model().parameters);
        assert_eq!(written(&second, &subject.network), written(&whole, &subject.network));
    }
}

#[test]
fn means_over_the_last_epochs_lose_nothing_in_the_emulator() {
    let (subject, all) = (subject(), averaged());
    let (last, mean) = (trained(&subject, 1, &[]), trained(&all, 1, &[]));
    for (last, mean) in last.model().parameters.iter().zip(&mean.model().parameters) {
        assert_ne!(last.values, mean.values, "{:?}", last.place);
    }
    let done = written(&mean, &all.network);
    let comparison = compare(&all, &done, &mean.answers().unwrap().scores, jobs(1), &|_| false).unwrap();
    assert_eq!((comparison.compared, comparison.different), (480, 0), "{:?}", comparison.first);
}

#[test]
fn a_cut_checkpoint_is_refused() {
    let subject = subject();
    let mut stops = Stops::after(1);
    let mut trainer = Trainer::new(&subject, jobs(1)).unwrap();
    assert!(matches!(trainer.run(&mut stops), Err(TrainError::Stopped)));
    let cut = &stops.checkpoint[..stops.checkpoint.len() - 4];
    assert!(matches!(trainer.restore(cut), Err(TrainError::Checkpoint(_))));
}
