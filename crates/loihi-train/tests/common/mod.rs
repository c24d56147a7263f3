//! What several test programs use: a small network, and a training that is stopped and resumed.

#![allow(dead_code, reason = "each program uses a part")]

use loihi_run::record::RecordError;
use loihi_train::{EpochRow, NoObserver, Observer, Subject, TrainError, Trainer};
use std::num::NonZeroUsize;

/// Pixels that spike in proportion to their values, and a trained layer behind them.
pub(crate) const PIXELS: &str = r#"
name = "pixels"
steps = 4
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

[[connection]]
from = "pixels"
to = "out"
weights = { init = "normal", std = 24.0 }

[readout]
population = "out"
"#;

/// Stops before the batch after these, and keeps the last checkpoint.
pub(crate) struct Stops {
    pub(crate) after: u64,
    pub(crate) checkpoint: Vec<u8>,
    done: u64,
}

impl Stops {
    pub(crate) const fn after(batches: u64) -> Self {
        Self { after: batches, checkpoint: Vec::new(), done: 0 }
    }
}

impl Observer for Stops {
    fn progress(&mut self, done: u64, _: u64, _: u32, _: Option<&EpochRow>) {
        self.done = done;
    }

    fn stops(&mut self) -> bool {
        self.done >= self.after
    }

    fn checkpoint(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.checkpoint = bytes.to_vec();
        Ok(())
    }
}

/// Trains to the end with this many threads, and is stopped and resumed after each of these numbers of batches, with one thread
/// more each time.
pub(crate) fn trained<'s>(subject: &'s Subject, jobs: usize, stops: &[u64]) -> Trainer<'s> {
    let mut all = jobs..;
    let mut begin = || Trainer::new(subject, NonZeroUsize::new(all.next().unwrap()).unwrap()).unwrap();
    let mut trainer = begin();
    for after in stops {
        let mut observer = Stops::after(*after);
        assert!(matches!(trainer.run(&mut observer), Err(TrainError::Stopped)));
        trainer = begin();
        trainer.restore(&observer.checkpoint).unwrap();
    }
    trainer.run(&mut NoObserver).unwrap();
    trainer
}
