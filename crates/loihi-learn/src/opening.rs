//! The samples that a network file learns from and is tested on, opened.

use crate::options::LearnerOptions;
use loihi_data::DataSet;
use loihi_net::network::Network;
use loihi_run::inference::present::input_of;
use loihi_run::inference::scale;
use loihi_task::samples::Samples;
use loihi_task::sets::Wanted;
use loihi_task::settings::{Settings, StageRun, StagesBy};
use loihi_task::{ExperimentError, RunOptions};
use std::path::Path;

/// The samples of a network file, which lies in a folder.
///
/// # Errors
/// [`ExperimentError`]: they cannot be read, do not go together, or are fewer than what is asked for.
pub fn samples(
    settings: &Settings,
    network: &Network,
    folder: Option<&Path>,
    options: &LearnerOptions,
    run: &RunOptions,
) -> Result<Samples, ExperimentError> {
    let mut task = settings.task.clone();
    for name in [&mut task.data, &mut task.test].into_iter().flatten() {
        *name = beside(folder, name);
    }
    let mut runs = task.stages.iter().filter_map(|text| text.parse::<StageRun>().ok());
    let column = runs.find_map(|run| match run.by {
        StagesBy::Column(name) => Some(name),
        StagesBy::Class(_) => None,
    });
    let test = options.test.as_deref().or(task.test.as_deref().map(Path::new));
    let reals = loihi_snip::takes_reals(network);
    let input = input_of(network, options.input.as_deref());
    // Without an input the table is only checked.
    let scale = scale::of(network, input.unwrap_or(usize::MAX))?;
    if let Some(section) = network.run.scale.as_ref().filter(|_| reals) {
        return Err(section.error("scale", "", "its programs take numbers as they are: leave the table out").into());
    }
    let wanted = Wanted { reals, column: column.as_deref(), test, stream: task.stream, scale, ..Wanted::default() };
    Samples::open(&task, run, wanted)?.select(run, task.validation_samples, options.shots)
}

/// A file that the network file names: beside it, if it is there. Names of data sets stay.
fn beside(folder: Option<&Path>, name: &str) -> String {
    let folder = folder.filter(|_| DataSet::of(name).is_none());
    let beside = folder.map(|folder| folder.join(name)).filter(|path| path.exists());
    beside.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}
