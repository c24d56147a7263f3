//! `loihi boards --fit`: bytes that networks take, and the boards that hold them.

use super::stop;
use host_harness::boards::fit::Fit;
use host_harness::boards::{self, Board};
use host_harness::cost::format::{Cell, Column, ColumnKind, Table};
use host_harness::data::DataError;
use host_harness::device::needs::NetworkNeeds;
use host_harness::experiment::{EXPERIMENTS, ExperimentError, RunOptions, image_of};
use host_harness::image::ImageFile;
use host_harness::learn::Learner;
use host_harness::network::file::{FileOptions, parse_with};
use host_harness::place::{PlacementOptions, place};
use loihi_args::what::{What, of_subject};
use std::path::Path;

/// The table: networks by boards; all experiments if no network is named. Sizes that a network leaves to its samples are
/// those of `train`.
pub(super) fn table(networks: &[String], train: Option<&Path>) -> anyhow::Result<Table> {
    let bytes = |name| Column::figures(ColumnKind::Plain, name, "bytes");
    let mut columns = vec![Column::plain("network"), bytes("image"), bytes("state")];
    columns.extend(boards::all().iter().map(|board| Column::plain(&board.name)));
    let mut table = Table::new("fit", "Networks and the boards that hold them", &columns);
    let all: Vec<String> = EXPERIMENTS.iter().map(|experiment| experiment.name.to_owned()).collect();
    let (networks, are_named) = if networks.is_empty() { (&all[..], false) } else { (networks, true) };
    let mut missing = Vec::new();
    for name in networks {
        match needs(name, train) {
            Ok(needs) => table.rows.push(row(name, &needs)),
            // Experiments without their data are listed below the table.
            Err(error) if !are_named && lacks_data(&error) => missing.push(name.as_str()),
            Err(error) => return Err(error),
        }
    }
    table.notes = vec![
        "`fits`: image and state, in the arena. `in flash`: the state there, the image in flash (`--flash`). \
         `short`: bytes that the arena lacks, or the stack where cores learn."
            .to_owned(),
    ];
    if !missing.is_empty() {
        table.notes.push(format!(
            "Left out, because their data are missing: {}; `loihi data get` fetches them.",
            missing.join(", ")
        ));
    }
    Ok(table)
}

fn row(name: &str, needs: &NetworkNeeds) -> Vec<Cell> {
    let first =
        [Cell::Text(name.to_owned()), Cell::Count(needs.image_bytes as u64), Cell::Count(needs.state_bytes as u64)];
    first.into_iter().chain(boards::all().iter().map(|board| Cell::Text(said(board, needs)))).collect()
}

fn said(board: &Board, needs: &NetworkNeeds) -> String {
    match needs.fit(board) {
        Fit::Arena => "fits".to_owned(),
        Fit::Flash => "in flash".to_owned(),
        Fit::Short { bytes } => format!("short by {bytes}"),
        Fit::Stack { bytes } => format!("stack short by {bytes}"),
        Fit::LeftOut { feature } => format!("needs the feature {feature}"),
    }
}

/// What a network needs.
fn needs(name: &str, train: Option<&Path>) -> anyhow::Result<NetworkNeeds> {
    let image = image(name, train).map_err(|error| of_subject(name, error))?;
    Ok(NetworkNeeds::of(&image)?)
}

/// The image of an experiment or a network file.
fn image(name: &str, train: Option<&Path>) -> anyhow::Result<ImageFile> {
    let What { path, text, learns, .. } = What::of(name)?;
    if learns || train.is_some() {
        let options = RunOptions { data: train.map(Path::to_owned), ..RunOptions::default() };
        match image_of(&Learner::parse(&text, &path)?, &options, stop::requested) {
            // Its size is that of the file.
            Err(ExperimentError::NoTrainingData) => {}
            image => return Ok(image?),
        }
    }
    Ok(place(&parse_with(&text, &path, &FileOptions::default())?, PlacementOptions::default())?.image)
}

/// Whether an experiment lacks nothing but its data.
fn lacks_data(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<ExperimentError>(), Some(ExperimentError::Data(DataError::NotFetched { .. })))
}
