//! The digits experiment as the host runs it, with its progress and what it learned.

use crate::student::session;
use loihi_experiments::{Experiment, ExperimentError, Observer, Outcome, RunOptions, Running};
use loihi_image::image::ImageFile;
use loihi_run::record::{Learned, RecordError};

/// The experiment whose network the page teaches.
pub const EXPERIMENT: &str = "digits-pes";

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Lessons {
    /// What the host's program prints, too.
    pub outcome: Outcome,
    /// What was learned.
    pub learned: Learned,
}

/// Tells how far a run is, and keeps what it learned.
struct Listener<'t> {
    tell: &'t mut dyn FnMut(&Running<'_>),
    learned: Option<Learned>,
}

impl Observer for Listener<'_> {
    fn progress(&mut self, running: &Running<'_>) {
        (self.tell)(running);
    }

    fn learned(&mut self, image: &ImageFile, learned: &[u8]) -> Result<(), RecordError> {
        self.learned = Some(Learned { image_hash: image.hash(), bytes: learned.to_vec(), scale: None, classes: None });
        Ok(())
    }
}

/// The experiment, as a network file.
///
/// # Errors
/// [`ExperimentError::Plan`] if there is none of this name.
pub fn experiment() -> Result<Experiment, ExperimentError> {
    Experiment::named(EXPERIMENT).ok_or_else(|| ExperimentError::Plan(format!("no experiment is called {EXPERIMENT}")))
}

/// Runs the experiment whole or, with `samples`, on the first of its training and test samples.
///
/// # Errors
/// [`ExperimentError`].
pub fn run(samples: Option<usize>, tell: &mut dyn FnMut(&Running<'_>)) -> Result<Lessons, ExperimentError> {
    let options = RunOptions { samples, ..RunOptions::default() };
    let mut listener = Listener { tell, learned: None };
    let outcome = experiment()?.run(&mut session()?, &options, &mut listener)?;
    let what = "the experiment ended without what it learned";
    let learned = listener.learned.ok_or_else(|| ExperimentError::Plan(what.to_owned()))?;
    Ok(Lessons { outcome, learned })
}
