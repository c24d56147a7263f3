//! `loihi data`: data sets, formats, samples.

#[cfg(feature = "download")]
use super::fetch;
use super::out;
use super::progress::waiting;
use clap::{Args, Subcommand};
use host_harness::data::folder::data_folder;
use host_harness::data::package::Package;
use host_harness::data::{DATA_SETS, DataOptions, DataSet, FORMATS, Format, Origin, Scale, classes_missing, open};
use host_harness::fetch::cache::{self, State};
use host_harness::show::describe;
use loihi_args::args::DataFolderArgs;
use loihi_terminal::table::{entry, paragraph};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Show the data sets and which of them are here
    List(ListArgs),
    /// Show the formats of files that are read
    Formats,
    /// Fetch a data set
    #[cfg(feature = "download")]
    Get(fetch::GetArgs),
    /// Fetch a data set
    #[cfg(not(feature = "download"))]
    Get(super::off::OffArgs),
    /// Describe samples: their number, shapes and labels, with a preview of the first
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    place: DataFolderArgs,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Samples: the name of a data set, a file, an archive or a folder
    #[arg(value_name = "WHAT")]
    what: PathBuf,
    /// Split of the data set, the file-name prefix of IDX files [default: all]
    #[arg(long, value_name = "PREFIX")]
    split: Option<String>,
    /// Leave values as the real numbers of the file, instead of scaling them to 0 to 255
    #[arg(long)]
    reals: bool,
    /// Column of a CSV file, or array of an .npz file, that names the stage of each sample
    #[arg(long, value_name = "NAME")]
    stage_column: Option<String>,
}

pub(super) fn data(args: &DataArgs) -> anyhow::Result<()> {
    match &args.command {
        DataCommand::List(args) => list(args),
        DataCommand::Formats => formats(),
        #[cfg(feature = "download")]
        DataCommand::Get(args) => fetch::fetch(args),
        #[cfg(not(feature = "download"))]
        DataCommand::Get(args) => super::off::off("data get", "download", args),
        DataCommand::Show(args) => show(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let data = data_folder(args.place.data.as_deref())?;
    let mut sets = Vec::new();
    for DataSet { name, about, origin, .. } in &DATA_SETS {
        let (set, note) = match origin {
            Origin::Fetched(package) => fetched(package, &data.join(name)),
            _ => (json!({ "name": name, "summary": about, "state": "built in" }), "built in".to_owned()),
        };
        entry(name, 13, &format!("{about}; {note}"))?;
        sets.push(set);
    }
    out::result("loihi-data-list/1", &json!({ "data_sets": sets }))
}

/// A data set that is or can be fetched, and a note on it.
fn fetched(package: &Package, folder: &Path) -> (Value, String) {
    let Package { name, summary, .. } = package;
    let (state, note) = match cache::state(package, folder) {
        State::Absent => ("absent", format!("`loihi data get {name}` fetches it")),
        State::Whole => ("here", format!("in {}", folder.display())),
        State::Damaged(what) => {
            ("damaged", format!("damaged in {} ({what}), `loihi data get {name}` fetches it anew", folder.display()))
        }
        _ => ("unknown", "its state is not known".to_owned()),
    };
    (json!({ "name": name, "summary": summary, "state": state, "folder": folder }), note)
}

/// Shows what files are read: one line for each row of the table.
fn formats() -> anyhow::Result<()> {
    let mut formats = Vec::new();
    for Format { name, endings, about, labels, targets, feature, .. } in FORMATS {
        let dotted = endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" ");
        let from = targets.map_or_else(String::new, |targets| format!("; targets: {targets}"));
        entry(&format!("{name:<12} {dotted}"), 29, &format!("{about}; classes: {labels}{from}"))?;
        formats.push(json!({
            "name": name, "endings": endings, "summary": about, "classes": labels, "targets": targets,
            "feature": feature,
        }));
    }
    out::result("loihi-data-formats/1", &json!({ "formats": formats }))
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let mut options = DataOptions::default().reals(args.reals);
    options.stage_column.clone_from(&args.stage_column);
    let data = open(&args.what, &options)?;
    let splits = match &args.split {
        Some(split) => vec![data.split(Some(split), "")?.to_owned()],
        None if data.splits().is_empty() => vec![String::new()],
        None => data.splits().to_vec(),
    };
    let mut shown_splits = Vec::new();
    for split in splits {
        let (samples, legend) = waiting("reading samples", || data.samples_and_legend(&split, usize::MAX))?;
        if let Some(what) = classes_missing(&samples).filter(|_| split != "test") {
            out::complain_once(&format!("{}: {what}", data.path().display()));
        }
        let dash = if split.is_empty() { "" } else { ", " };
        out::line(format_args!("{}{dash}{split}", data.path().display()))?;
        let lines = describe(&samples, &legend);
        for line in &lines {
            paragraph(&format!("  {line}"), 12)?;
        }
        legend.misfit.iter().for_each(|what| out::complain(what));
        let scale = legend.scale.map(Scale::ends);
        let columns = legend.columns.map(|headings| headings.to_string());
        shown_splits.push(json!({
            "split": split, "samples": samples.len(), "columns": columns, "scale": scale, "lines": lines,
        }));
    }
    out::result("loihi-data-show/1", &json!({ "path": data.path(), "splits": shown_splits }))
}
