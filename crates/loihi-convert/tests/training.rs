//! ANNs trained on digits: any number of threads, and a training that resumes, end in the same bits.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_convert::ann::Map;
use loihi_convert::onnx::bytes;
use loihi_convert::trainer::{AnnSubject, AnnTrainer, share};
use loihi_convert::{Ann, ConvertError};
use loihi_run::record::RecordError;
use loihi_train::{EpochRow, NoObserver, Observer, SubjectOptions};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Keeps all epochs, and the checkpoint of every batch; stops before the batch after these, if it is to.
#[derive(Default)]
struct Keeping {
    checkpoints: Vec<Vec<u8>>,
    rows: Vec<EpochRow>,
    shown: Vec<(u64, u32, Option<u32>)>,
    stops_at: Option<usize>,
}

impl Observer for Keeping {
    fn progress(&mut self, done: u64, _: u64, epoch: u32, row: Option<&EpochRow>) {
        self.shown.push((done, epoch, row.map(|row| row.epoch)));
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RecordError> {
        self.rows.push(row.clone());
        Ok(())
    }

    fn stops(&mut self) -> bool {
        self.stops_at == Some(self.shown.len())
    }

    fn wants_checkpoint(&mut self) -> bool {
        self.stops_at.is_none()
    }

    fn checkpoint(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.checkpoints.push(bytes.to_vec());
        Ok(())
    }
}

fn example() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/train/digits-ann.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn digits() -> AnnSubject {
    let (path, text) = example();
    let mut options = SubjectOptions::new("digits");
    options.epochs = Some(3);
    AnnSubject::open(&text, &path, &options).unwrap()
}

fn trainer(subject: &AnnSubject, jobs: usize) -> AnnTrainer<'_> {
    AnnTrainer::new(subject, NonZeroUsize::new(jobs).unwrap()).unwrap()
}

#[test]
fn threads_and_checkpoints_change_nothing() {
    let subject = digits();
    let (mut one, mut two, mut resumed, mut kept) =
        (trainer(&subject, 1), trainer(&subject, 3), trainer(&subject, 1), Keeping::default());
    one.run(&mut kept).unwrap();
    two.run(&mut NoObserver).unwrap();
    let net = bytes(&one.ann());
    assert!(net == bytes(&two.ann()));
    assert!(share(&one.answers(&|| false).unwrap()) > 0.8);
    let batches = kept.checkpoints.len() / 3;
    assert_eq!(batches, subject.samples.training.len().div_ceil(subject.form.batch));
    // In the middle of an epoch, at its end, and after the last batch of all: what an epoch came to is the same.
    for (at, rows) in [(batches + batches / 2, 1), (2 * batches - 1, 1), (3 * batches - 1, 2)] {
        let mut rest = Keeping::default();
        resumed.restore(&kept.checkpoints[at]).unwrap();
        resumed.run(&mut rest).unwrap();
        assert!(net == bytes(&resumed.ann()), "checkpoint {at}");
        assert_eq!(rest.rows, kept.rows[rows..], "checkpoint {at}");
    }
    for damaged in [&kept.checkpoints[0][..40], &[0xFF; 64], &[]] {
        assert!(resumed.restore(damaged).unwrap_err().to_string().contains("start the run again"));
    }
    assert!(net == bytes(&resumed.ann()), "nothing was changed");
}

#[test]
fn a_training_that_is_stopped_hands_on_a_checkpoint_and_resumes_in_its_epoch() {
    let subject = digits();
    let mut whole = trainer(&subject, 2);
    whole.run(&mut NoObserver).unwrap();
    let batches = subject.samples.training.len().div_ceil(subject.form.batch);
    let mut stopped = Keeping { stops_at: Some(batches + 5), ..Keeping::default() };
    assert!(matches!(trainer(&subject, 2).run(&mut stopped), Err(ConvertError::Stopped)));
    assert_eq!(stopped.checkpoints.len(), 1);
    let (mut resumed, mut rest) = (trainer(&subject, 2), Keeping::default());
    resumed.restore(&stopped.checkpoints[0]).unwrap();
    resumed.run(&mut rest).unwrap();
    assert_eq!(rest.shown[0], (batches as u64 + 6, 2, None));
    assert_eq!(rest.shown.last(), Some(&(3 * batches as u64, 3, Some(2))));
    assert!(bytes(&resumed.ann()) == bytes(&whole.ann()));
}

/// Weights of the last layer that make finite gradients, whose squares are not.
#[test]
fn a_gradient_whose_square_is_not_finite_has_diverged() {
    let mut subject = digits();
    let Ann { layers, .. } = &mut subject.ann;
    let Map::Dense(weights) = &mut layers[1].ways[0].map else { panic!("it is dense") };
    for weight in weights {
        *weight *= 1e24;
    }
    let said = trainer(&subject, 1).run(&mut NoObserver).unwrap_err().to_string();
    assert!(said.starts_with("the gradient is not finite in epoch 1, batch 1: train again in a new folder"), "{said}");
}

#[test]
fn samples_of_one_extent_are_shifted_along_it_and_not_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.csv");
    std::fs::write(&data, format!("a,b,c,d,label\n{}", "255,255,0,0,0\n0,0,255,255,1\n".repeat(8))).unwrap();
    let mut options = SubjectOptions::new(&data);
    options.validate = true;
    let (path, text) = example();
    let of = |keys: &str| {
        let text =
            text.replacen("shape = [10]", "shape = [2]", 1).replacen("ann = true", &format!("ann = true\n{keys}"), 1);
        AnnSubject::open(&text, &path, &options).map_err(|error| error.to_string())
    };
    for (keys, said) in [
        (
            "shift = [1, 1]",
            "`shift = [1, 1]`: samples of one row have no other rows to move to: give `shift = [0, COLUMNS]`",
        ),
        ("shift = [0, 0]", "`shift = [0, 0]`: `shift = [0, 0]` moves nothing: take it out"),
        ("flip = true", "`flip = true`: samples of one extent have no left and right: take it out"),
    ] {
        let found = of(keys).map(drop).unwrap_err();
        assert!(found.contains("digits-ann.toml, line") && found.ends_with(said), "{found}");
    }
    trainer(&of("shift = [0, 1]").unwrap(), 1).run(&mut NoObserver).unwrap();
}

#[test]
fn samples_of_one_class_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.csv");
    std::fs::write(&data, format!("a,b,c,d,label\n{}", "255,255,0,0,0\n".repeat(8))).unwrap();
    let (path, text) = example();
    let text = text.replacen("shape = [10]", "shape = [1]", 1);
    let said = AnnSubject::open(&text, &path, &SubjectOptions::new(&data)).unwrap_err().to_string();
    assert!(said.contains("a single class, and nothing to tell apart: give samples of two classes or more"), "{said}");
}

/// ONNX has no place for it.
#[test]
fn a_scale_is_refused() {
    let (path, text) = example();
    let text = format!("{text}\n[scale]\nnosuch = [3, 1]\n");
    let said = AnnSubject::open(&text, &path, &SubjectOptions::new("digits")).unwrap_err().to_string();
    assert!(said.contains("the ONNX file of an ANN has no place for a scale: leave the table out"), "{said}");
}

/// A checkpoint goes with the network, not with comments in its file.
#[test]
fn a_training_is_another_one_with_another_network_or_form() {
    let (path, text) = example();
    let hash = |text: &str| {
        let mut options = SubjectOptions::new("digits");
        options.samples = Some(20);
        AnnSubject::open(text, &path, &options).unwrap().hash
    };
    let own = hash(&text);
    assert_eq!(hash(&format!("# A comment.\n{text}")), own);
    for (from, to) in [("shape = [64]", "shape = [63]"), ("rate = 0.005", "rate = 0.004"), ("batch = 32", "batch = 16")]
    {
        assert!(text.contains(from), "{from}");
        assert_ne!(hash(&text.replacen(from, to, 1)), own, "{to}");
    }
}
