//! Networks that were trained offline answer on the firmware in QEMU with the trainer's scores.

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

/// A convolution and a dense layer, both with trained delays.
const CONVOLUTION: &str = r#"
name = "convolution"
steps = 10
late_steps = 9
input = [{ name = "pixels", shape = [1, 8, 8], coding = "rate" }]
population = [
    { name = "first", shape = [4, 6, 6], decay_u = 2048, decay_v = 512, v_th = 250 },
    { name = "out", decay_v = 256, v_th = 250 },
]
connection = [
    { from = "pixels", to = "first", kind = "conv2d", kernel = [3, 3], weights = { init = "normal", std = 40.0 } },
    { from = "first", to = "out", weights = { init = "normal", std = 30.0 } },
]
readout = { population = "out" }
train = { batch = 32, rate = 2.0, per_score = 0.5, delay = { rate = 0.5, max_steps = 6 } }
"#;

/// A few batches of digits, learned by a network.
fn subject(text: &str) -> Subject {
    let mut options = SubjectOptions::new("digits");
    options.epochs = Some(1);
    options.samples = Some(256);
    Subject::open(text, &root().join("examples/train/net.toml"), &options).unwrap()
}

/// The scores of these boards are those of the trainer.
fn compare(text: &str, boards: &[&str]) {
    let subject = subject(text);
    let mut trainer = Trainer::new(&subject, NonZeroUsize::MIN).unwrap();
    trainer.run(&mut NoObserver).unwrap();
    let expected = &trainer.answers().unwrap().scores[..SAMPLES];
    assert!(expected.iter().flatten().any(|score| *score != 0), "something arrives");
    let mut network = subject.network.clone();
    trainer.model().write_to(&mut network);
    for name in boards {
        let board = boards::named(name).unwrap();
        let device = Qemu::start(board, &image("firmware", board)).unwrap();
        let mut runner = Runner::new(network.clone(), Framed::new(device)).unwrap();
        for (number, (item, expected)) in (0..).zip(subject.samples.test.iter().zip(expected)) {
            let shown = subject.shown(item, number).unwrap();
            assert_eq!(&runner.scores(&shown).unwrap(), expected, "{} on {name}, sample {number}", network.name);
        }
    }
}

fn example(name: &str) -> String {
    fs::read_to_string(root().join("examples/train").join(name)).unwrap()
}

#[test]
fn boards_answer_with_the_scores_of_the_trainer() {
    compare(&example("digits.toml"), &["x86-mcu", "mps2-an386"]);
}

#[test]
fn a_convolution_and_delays_score_as_in_the_trainer() {
    compare(CONVOLUTION, &["x86-mcu", "virt"]);
}

/// Recurrent neurons of one compartment and of two, with delays and sparse rewiring; as in the example, but for 64 pixels.
#[test]
fn an_lsnn_scores_as_in_the_trainer() {
    let mut text = example("seqmnist.toml");
    for (of_mnist, own) in [
        ("late_steps = 56", "late_steps = 16"),
        ("v_th = 783", "v_th = 63"),
        ("shape = [140]", "shape = [24]"),
        ("shape = [100]", "shape = [16]"),
    ] {
        assert!(text.contains(of_mnist), "{of_mnist}");
        text = text.replace(of_mnist, own);
    }
    compare(&text, &["x86-mcu", "mps2-an386"]);
}
