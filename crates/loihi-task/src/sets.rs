//! Samples to learn from and to test on, as they are read and scaled: of one file or of two, of one input or of several.

use crate::task::ExperimentError;
use loihi_data::{Collection, DataOptions, DataSet, Origin, Sample, SampleData, Scale, Sets, open, rescale};
use std::path::{Path, PathBuf};

/// What of the data a network takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'w> {
    /// Numbers as they are, not values of 0 to 255.
    pub reals: bool,
    /// A column that divides samples into tasks.
    pub column: Option<&'w str>,
    /// Data to test on, if they are not part of the others.
    pub test: Option<&'w Path>,
    /// How numbers are scaled, if the network says that; else as what was learned before, or by what the training set is itself.
    pub scale: Option<Scale>,
    /// What further inputs are shown: samples of the same number, in the same order.
    pub beside: &'w [Beside],
    /// Whether the order is that of time.
    pub stream: bool,
    /// Full scale of the values; by default that of the task's own data.
    pub full_scale: Option<u8>,
}

/// Samples of a further input.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// To learn from.
    pub train: PathBuf,
    /// To test on, if they are not part of the others.
    pub test: Option<PathBuf>,
    /// As that of the first input.
    pub scale: Option<Scale>,
}

/// Reads samples, with values of 0 to `full_scale`; what is tested is scaled as what is learned.
pub(crate) fn read(
    data: &Collection,
    test: Option<&Path>,
    common: &DataOptions,
    full_scale: u8,
) -> Result<Sets, ExperimentError> {
    let mut sets = match test {
        None => data.sets()?,
        Some(other) => {
            let split = |data: &Collection, starts: &[&str]| {
                let own = data.splits().iter().find(|split| starts.iter().any(|start| split.starts_with(start)));
                own.or(data.splits().first()).cloned().unwrap_or_default()
            };
            let (training, mut legend) = data.as_they_are(&split(data, &["train"]), usize::MAX)?;
            let other = open(other, &common.clone().scale(legend.scale.and_then(Scale::kept)))?;
            let (test, of_test) = other.as_they_are(&split(&other, &["test", "t10k"]), usize::MAX)?;
            legend.misfit = legend.misfit.or(of_test.misfit);
            Sets::new(training, Some(test)).with_legend(legend)
        }
    };
    let from = data.full_scale();
    if from != full_scale {
        for sample in sets.training.iter_mut().chain(sets.test.iter_mut().flatten()) {
            if let SampleData::Values { values, .. } = &mut sample.data {
                rescale(values, from, full_scale);
            }
        }
    }
    Ok(sets)
}

/// Whether all samples have as many values as the first one, and those beside them as those beside it.
pub(crate) fn check_sizes(sets: [(&str, &[Sample]); 2]) -> Result<(), ExperimentError> {
    let sizes =
        |sample: &Sample| -> Vec<usize> { std::iter::once(sample).chain(&sample.beside).map(size_of).collect() };
    let Some(first) = sets.iter().find_map(|(_, samples)| samples.first()).map(sizes) else { return Ok(()) };
    for (data, samples) in sets {
        for sample in samples {
            let own = sizes(sample);
            if let Some((size, first)) = own.iter().zip(&first).find(|(own, first)| own != first) {
                let what = format!("sample {} has {size} values, and the first one to learn from {first}", sample.name);
                return Err(ExperimentError::Unfit { data: data.to_owned(), what });
            }
        }
    }
    Ok(())
}

/// Whether a folder that is given may hold the data set that is wanted.
pub(crate) fn is_folder_of_sets(set: Option<&DataSet>, given: &Path) -> bool {
    set.is_some_and(|set| matches!(set.origin, Origin::Fetched(_))) && given.is_dir()
}

/// Values of a sample; 0 for a recording, which may be of any length.
fn size_of(sample: &Sample) -> usize {
    match &sample.data {
        SampleData::Values { values, .. } => values.len(),
        SampleData::Reals { values, .. } => values.len(),
        _ => 0,
    }
}
