//! Samples as activations, and what an ANN answers to them.

use crate::ann::{Ann, Ready};
use crate::error::ConvertError;
use loihi_data::{Sample, SampleData};
use loihi_task::samples::Samples;
use loihi_train::SubjectOptions;
use loihi_train::threads::each;
use std::num::NonZeroUsize;
use std::path::Path;

/// Samples that are computed together.
pub const BATCH: usize = 64;
/// Samples that are held back to validate on, as training does by default.
const VALIDATION_SAMPLES: usize = 5000;

/// Samples to calibrate with (`training`, in an order that follows from the seed) and to test on, values of 0 to 255; with
/// `validate` those are held back that a training with this seed holds back.
///
/// # Errors
/// [`ConvertError::Samples`].
pub fn open(calibrate: &Path, test: Option<&Path>, seed: u32, validate: bool) -> Result<Samples, ConvertError> {
    let mut options = SubjectOptions::new(calibrate);
    (options.test, options.seed, options.validate) = (test.map(Path::to_owned).into_iter().collect(), seed, validate);
    Ok(options.read_samples(VALIDATION_SAMPLES)?)
}

/// The activations of an input of this many elements: values of 0 to 255 become 0 to 1.
///
/// # Errors
/// [`ConvertError::Unfit`].
pub fn activations(elements: usize, sample: &Sample) -> Result<Vec<f32>, ConvertError> {
    let unfit = |what: String| ConvertError::Unfit { data: format!("sample {}", sample.name), what };
    match &sample.data {
        SampleData::Values { values, .. } if values.len() == elements => {
            Ok(values.iter().map(|value| f32::from(*value) / 255.0).collect())
        }
        SampleData::Values { values, .. } => {
            Err(unfit(format!("it has {} values, and the network takes {elements}", values.len())))
        }
        _ => Err(unfit("it is not of values: give images, or an array of numbers".to_owned())),
    }
}

/// Activations of all layers for some samples, `[samples, neurons]` each.
///
/// # Errors
/// [`ConvertError::Unfit`].
pub fn forward(ready: &Ready, samples: &[Sample]) -> Result<Vec<Vec<f32>>, ConvertError> {
    let mut inputs = Vec::with_capacity(samples.len() * ready.inputs);
    for sample in samples {
        inputs.extend(activations(ready.inputs, sample)?);
    }
    Ok(ready.forward(&inputs))
}

/// The place of the largest score, the first of equal ones.
pub fn winner(scores: &[f32]) -> Option<usize> {
    let mut best = None;
    for (class, score) in scores.iter().enumerate() {
        if best.is_none_or(|(_, most)| *score > most) {
            best = Some((class, *score));
        }
    }
    best.map(|(class, _)| class)
}

/// Which samples the ANN answers right.
///
/// # Errors
/// [`ConvertError::Unfit`]; `Stopped` if `stops` says so.
pub fn answers(
    ready: &Ready,
    samples: &[Sample],
    jobs: NonZeroUsize,
    stops: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<bool>, ConvertError> {
    let classes = ready.layers.last().map_or(0, crate::ann::ReadyLayer::neurons);
    let mut parts: Vec<&[Sample]> = samples.chunks(BATCH).collect();
    let right = each(&mut parts, jobs, |_, part| {
        if stops() {
            return Err(ConvertError::Stopped);
        }
        let layers = forward(ready, part)?;
        let scores = layers.last().map_or(&[][..], Vec::as_slice).chunks(classes.max(1));
        let is_right = |(scores, sample): (&[f32], &Sample)| {
            winner(scores) == sample.label.and_then(|own| usize::try_from(own).ok())
        };
        Ok(scores.zip(&**part).map(is_right).collect())
    });
    let right: Vec<Vec<bool>> = right.into_iter().collect::<Result<_, _>>()?;
    Ok(right.concat())
}

/// Checks that every sample has a class that the ANN can answer.
///
/// # Errors
/// [`ConvertError::Unfit`] names the first sample without one.
pub fn check_labels(ann: &Ann, samples: &[Sample]) -> Result<(), ConvertError> {
    let classes = ann.layers.last().map_or(0, crate::ann::Layer::neurons);
    for sample in samples {
        let unfit = |what: String| ConvertError::Unfit { data: format!("sample {}", sample.name), what };
        match sample.label {
            None if !sample.targets.is_empty() => {
                let shape = &sample.target_shape;
                return Err(unfit(format!(
                    "it has no class, but targets of shape {shape:?} as for a regression: give classes, `y`, as whole numbers of shape [samples]"
                )));
            }
            None => return Err(unfit("it has no class: every sample to test on needs one".to_owned())),
            Some(label) if usize::try_from(label).is_ok_and(|label| label < classes) => {}
            Some(label) => return Err(unfit(format!("its class is {label}, and the network has {classes}"))),
        }
    }
    Ok(())
}
