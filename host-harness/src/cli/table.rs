//! `loihi table`: what every experiment costs, measured, modelled and published side by side.

use super::choice::choice;
use super::net::{ShowingArgs, trained};
use super::open::open;
use super::prices::{models, price_tables};
use super::progress::Progress;
use super::run::choose;
use super::{DeviceArgs, DeviceKind, SampleArgs, out};
use anyhow::{anyhow, bail};
use clap::Args;
use host_harness::Choice as _;
use host_harness::cost::check;
use host_harness::cost::floorplan::Floorplan;
use host_harness::cost::format::{TableFormat, write};
use host_harness::cost::prices::BUILT_IN;
use host_harness::cost::profile::{CostProfile, count, profile};
use host_harness::cost::published;
use host_harness::cost::table::{missing_row, tables};
use host_harness::data::DataError;
use host_harness::device::inproc::ARENA_BYTES_DEFAULT;
use host_harness::experiment::{Experiment, ExperimentError, RunOptions, Task};
use host_harness::inference::present::Coding;
use host_harness::place;
use host_harness::record::write_whole;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// Names of experiments, files of parameters, or networks with samples, NET.toml@PATH [default: all experiments]
    experiments: Vec<String>,
    /// How to write it
    #[arg(long, value_parser = choice::<TableFormat>(), default_value = TableFormat::Markdown.name())]
    format: TableFormat,
    /// Write it to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The experiment that the others are compared with [default: the first]
    #[arg(long, value_name = "NAME")]
    base: Option<String>,
    /// Another table of prices, of energies and times; can be given several times (--print-prices shows the form)
    #[arg(long, value_name = "FILE")]
    prices: Vec<PathBuf>,
    /// Print a table of prices that is built in
    #[arg(long, value_name = "NAME", conflicts_with_all = ["experiments", "published_check"])]
    print_prices: Option<String>,
    /// Compute published networks again from their sizes, and how far off the measured figures that is
    #[arg(long, conflicts_with = "experiments")]
    published_check: bool,
    /// How values become spikes, for networks that take spikes
    #[arg(long, value_parser = choice::<Coding>())]
    coding: Option<Coding>,
    /// Count instructions too: short runs on the firmware in QEMU
    #[arg(long)]
    instructions: bool,
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    #[command(flatten)]
    sample: SampleArgs,
}

/// Chips on which a network may be placed.
const MOST_CHIPS: usize = 16;

/// An experiment whose data are not there, and what to do about it.
type Missing = (String, String);

/// Samples of an experiment that would take minutes, if the user gives no number.
const LONG: [(Experiment, usize); 1] = [(Experiment::MnistDecolle, 500)];

pub(super) fn table(args: &TableArgs) -> anyhow::Result<()> {
    if let Some(name) = &args.print_prices {
        return print_prices(name);
    }
    let price_tables = price_tables(&args.prices)?;
    let models = models(&price_tables)?;
    let text = if args.published_check {
        write(&check::tables(&models)?, args.format)
    } else {
        let (profiles, missing) = profiles(args)?;
        if let Some(base) = &args.base
            && !profiles.iter().any(|profile| profile.name == *base)
        {
            bail!("--base {base} is not among the experiments of this table");
        }
        let mut all = tables(&profiles, &models, args.base.as_deref());
        if let Some(table) = all.first_mut() {
            let rows: Vec<Vec<String>> = missing.iter().map(|(name, why)| missing_row(table, name, why)).collect();
            table.rows.extend(rows);
        }
        all.push(published::table(&published::publication()?));
        write(&all, args.format)
    };
    match &args.out {
        Some(file) => Ok(write_whole(file, text.as_bytes())?),
        None => Ok(out::line(format_args!("{}", text.trim_end()))?),
    }
}

fn print_prices(name: &str) -> anyhow::Result<()> {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let found = BUILT_IN.iter().find(|(each, _)| *each == name);
    let (_, text) = found.ok_or_else(|| anyhow!("there is no price table `{name}`; there are {}", names.join(", ")))?;
    out::line(format_args!("{}", text.trim_end()))?;
    Ok(())
}

/// Runs the experiments; those whose data are not there are named, with what to do.
fn profiles(args: &TableArgs) -> anyhow::Result<(Vec<CostProfile>, Vec<Missing>)> {
    let all = || Experiment::ALL.iter().map(|experiment| experiment.name().to_owned()).collect();
    let names: Vec<String> = if args.experiments.is_empty() { all() } else { args.experiments.clone() };
    let progress = Progress::new();
    let (mut profiles, mut missing) = (Vec::new(), Vec::new());
    for (number, name) in names.iter().enumerate() {
        progress.show(number as u64, names.len() as u64, name);
        match profile_one(args, name) {
            Ok(profile) => profiles.push(profile),
            Err(error) if is_missing(&error) => missing.push((name.clone(), format!("{error:#}"))),
            Err(error) => return Err(error.context(name.clone())),
        }
    }
    progress.finish();
    if profiles.is_empty() {
        let why: Vec<String> = missing.into_iter().map(|(_, why)| why).collect();
        bail!("no experiment could be run: {}", why.join("; "));
    }
    Ok((profiles, missing))
}

fn profile_one(args: &TableArgs, name: &str) -> anyhow::Result<CostProfile> {
    let mut options: RunOptions = args.sample.options();
    let task: Box<dyn Task> = if let Some((network, samples)) = name.split_once('@') {
        let showing = ShowingArgs { coding: args.coding, seed: args.sample.seed, ..ShowingArgs::default() };
        let most = place::PlacementOptions::default().chips(MOST_CHIPS);
        Box::new(trained(Path::new(network), &[PathBuf::from(samples)], &showing, most)?)
    } else {
        let (experiment, task) = choose(name)?;
        let long = LONG.iter().find(|(long, _)| *long == experiment).filter(|_| options.samples.is_none());
        options.samples = options.samples.or(long.map(|(_, samples)| *samples));
        task
    };
    let name = name.split_once('@').map_or(name, |(network, _)| network);
    let plan = Floorplan::LOIHI_1;
    let device = |device| DeviceArgs {
        device,
        arena: ARENA_BYTES_DEFAULT,
        registers: super::RegistersKind::Widest,
        firmware: args.firmware.clone(),
    };
    let mut profile = profile(name, &*task, &options, &plan, || open(&device(DeviceKind::Host)))?;
    if args.instructions {
        profile.counted = count(&*task, &options, &plan, || open(&device(DeviceKind::Qemu)))?;
    }
    let shortened = [
        options.samples.map(|samples| format!("{samples} samples")),
        options.epochs.map(|epochs| format!("{epochs} epochs")),
    ];
    let shortened: Vec<String> = shortened.into_iter().flatten().collect();
    profile.shortened = (!shortened.is_empty()).then(|| shortened.join(", "));
    Ok(profile)
}

/// Whether a data set has not been fetched.
fn is_missing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ExperimentError::Data(DataError::Missing { .. } | DataError::Folder(_))))
}
