//! A network on the emulator: whether it answers every sample with the scores that are expected of it.

use crate::error::TrainError;
use crate::subject::Subject;
use crate::threads::each;
use loihi_data::Sample;
use loihi_device::inproc::InProcess;
use loihi_net::network::Network;
use loihi_run::inference::Stimulus;
use loihi_run::runner::Runner;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Expected scores beside those of the emulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Scores that were compared: one for every class of every sample.
    pub compared: u64,
    /// Those that differ.
    pub different: u64,
    /// The first sample with one.
    pub first: Option<String>,
}

/// What is shown for a sample of this number.
pub type Shown<'s> = dyn Fn(&Sample, u32) -> Result<Stimulus, TrainError> + Sync + 's;

/// Compares the trainer's scores of the test set with those of a network on the emulator: [`compare_shown`].
///
/// # Errors
/// [`TrainError`].
pub fn compare(
    subject: &Subject,
    network: &Network,
    scores: &[Vec<i64>],
    jobs: NonZeroUsize,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Comparison, TrainError> {
    compare_shown(network, &subject.samples.test, scores, &|item, number| subject.shown(item, number), jobs, progress)
}

/// Runs a network on the emulator, sample by sample, and compares its scores with those expected of each; `progress` is told how many
/// samples are done, and says whether to stop.
///
/// # Errors
/// [`TrainError`].
pub fn compare_shown(
    network: &Network,
    samples: &[Sample],
    scores: &[Vec<i64>],
    shown: &Shown<'_>,
    jobs: NonZeroUsize,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Comparison, TrainError> {
    let numbered: Vec<(u32, &Sample, &Vec<i64>)> =
        (0..).zip(samples).zip(scores).map(|((number, item), scores)| (number, item, scores)).collect();
    let done = AtomicU64::new(0);
    let part = |part: &[(u32, &Sample, &Vec<i64>)]| -> Result<Comparison, TrainError> {
        let mut comparison = Comparison::default();
        let mut runner = Runner::new(network.clone(), InProcess::default())?;
        for (number, item, expected) in part {
            let found = runner.scores(&shown(item, *number)?)?;
            let pairs = (0..found.len().max(expected.len())).map(|class| (found.get(class), expected.get(class)));
            let different = pairs.filter(|(found, expected)| found != expected).count() as u64;
            comparison.add(Comparison {
                compared: expected.len() as u64,
                different,
                first: (different > 0).then(|| item.name.clone()),
            });
            if progress(done.fetch_add(1, Ordering::Relaxed) + 1) {
                return Err(TrainError::Stopped);
            }
        }
        Ok(comparison)
    };
    let mut parts: Vec<&[(u32, &Sample, &Vec<i64>)]> =
        numbered.chunks(numbered.len().div_ceil(jobs.get()).max(1)).collect();
    let mut all = Comparison::default();
    for own in each(&mut parts, jobs, |_, own| part(own)) {
        all.add(own?);
    }
    Ok(all)
}

impl Comparison {
    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.different += other.different;
        self.first = self.first.take().or(other.first);
    }
}
