//! The image that a task loads, without a run.

use super::{ExperimentError, Observer, RunOptions, Task};
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session, new_number};
use loihi_image::image::ImageFile;
use loihi_place::neuron_map::NeuronMap;
use loihi_run::record::RecordError;
use std::io;
use std::path::PathBuf;

/// The image that a task loads first when it runs with these options: for a board that carries it in flash.
///
/// ```
/// use loihi_experiments::{Experiment, RunOptions, image_of};
///
/// let learner = Experiment::named("digits-pes").ok_or("no such experiment")?.learner()?;
/// let image = image_of(&learner, &RunOptions::default(), || false)?;
/// assert_eq!(image.open()?.output_words, 10, "a word for each class");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is wrong with the task or its data.
pub fn image_of(task: &dyn Task, options: &RunOptions, stop: fn() -> bool) -> Result<ImageFile, ExperimentError> {
    // Nothing is loaded, so the device needs no memory.
    let mut session = Session::open(Box::new(InProcess::new(0)), RetryPolicy::default(), new_number(), stop)?;
    let options = RunOptions { learned: None, resume: None, ..options.clone() };
    let mut taken = Taken::default();
    let run = task.run(&mut session, &options, &mut taken);
    let none = || ExperimentError::Plan("the task loads no network".to_owned());
    taken.0.ok_or_else(|| run.err().unwrap_or_else(none))
}

/// Takes the image of a run, and ends the run before anything is loaded.
#[derive(Debug, Default)]
struct Taken(Option<ImageFile>);

impl Observer for Taken {
    fn image(&mut self, image: &ImageFile, _neuron_map: &NeuronMap) -> Result<(), RecordError> {
        self.0 = Some(image.clone());
        Err(RecordError::File { path: PathBuf::new(), error: io::ErrorKind::Interrupted.into() })
    }
}
