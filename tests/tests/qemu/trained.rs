//! A network that was trained offline answers on the firmware in QEMU with the trainer's scores.

use crate::common::{image, root};
use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::qemu::Qemu;
use host_harness::runner::Runner;
use host_harness::train::{NoObserver, Subject, SubjectOptions, Trainer};
use std::fs;
use std::num::NonZeroUsize;

/// Samples of the test set that each board answers.
const SAMPLES: usize = 12;

/// The smallest example, a few batches of it.
fn subject() -> Subject {
    let path = root().join("examples/train/digits.toml");
    let text = fs::read_to_string(&path).unwrap();
    let mut options = SubjectOptions::new("digits");
    options.epochs = Some(1);
    options.samples = Some(256);
    Subject::open(&text, &path, &options).unwrap()
}

#[test]
fn boards_answer_with_the_scores_of_the_trainer() {
    let subject = subject();
    let mut trainer = Trainer::new(&subject, NonZeroUsize::MIN).unwrap();
    trainer.run(&mut NoObserver).unwrap();
    let expected = &trainer.answers().unwrap().scores[..SAMPLES];
    assert!(expected.iter().flatten().any(|score| *score > 0), "something spikes");
    let mut network = subject.network.clone();
    trainer.model().write_to(&mut network);
    for name in ["x86-mcu", "mps2-an386"] {
        let board = boards::named(name).unwrap();
        let device = Qemu::start(board, &image("firmware", board)).unwrap();
        let mut runner = Runner::new(network.clone(), Framed::new(device)).unwrap();
        for (number, (item, expected)) in (0..).zip(subject.samples.test.iter().zip(expected)) {
            let shown = subject.shown(item, number).unwrap();
            assert_eq!(&runner.scores(&shown).unwrap(), expected, "{name}, sample {number}");
        }
    }
}
