//! ANNs trained on digits: any number of threads, and a training that resumes, end in the same bits.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_convert::onnx::bytes;
use loihi_convert::trainer::{AnnFollower, AnnRow, AnnSubject, AnnTrainer, share};
use loihi_run::record::RecordError;
use loihi_train::SubjectOptions;
use std::num::NonZeroUsize;
use std::path::Path;

/// Keeps the checkpoint of every epoch.
#[derive(Default)]
struct Keeping(Vec<Vec<u8>>);

impl AnnFollower for Keeping {
    fn progress(&mut self, _: u64, _: u64, _: &AnnRow) {}

    fn epoch(&mut self, _: &AnnRow, checkpoint: &dyn Fn() -> Vec<u8>) -> Result<(), RecordError> {
        self.0.push(checkpoint());
        Ok(())
    }

    fn stops(&self) -> bool {
        false
    }
}

#[test]
fn threads_and_checkpoints_change_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/train/digits-ann.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut options = SubjectOptions::new("digits");
    options.epochs = Some(3);
    let subject = AnnSubject::open(&text, &path, &options).unwrap();
    let of = |jobs| AnnTrainer::new(&subject, NonZeroUsize::new(jobs).unwrap()).unwrap();
    let (mut one, mut two, mut resumed, mut kept) = (of(1), of(3), of(1), Keeping::default());
    one.run(&mut kept).unwrap();
    two.run(&mut Keeping::default()).unwrap();
    resumed.restore(&kept.0[1]).unwrap();
    resumed.run(&mut Keeping::default()).unwrap();
    let net = bytes(&one.ann());
    assert!(net == bytes(&two.ann()) && net == bytes(&resumed.ann()));
    assert!(share(&one.answers(&|| false).unwrap()) > 0.8);
    for damaged in [&kept.0[0][..40], &[0xFF; 64], &[]] {
        assert!(resumed.restore(damaged).unwrap_err().to_string().contains("start the run again"));
    }
    assert!(net == bytes(&resumed.ann()), "nothing was changed");
}
