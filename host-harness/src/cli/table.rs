//! `loihi table`: what every experiment costs, measured, modelled and published side by side.

use super::out;
use super::prices::{models, price_tables};
use super::progress::{Progress, Showing};
use anyhow::{anyhow, bail};
use clap::Args;
use host_harness::Choice as _;
use host_harness::boards::{self, Board};
use host_harness::cost::check;
use host_harness::cost::chips;
use host_harness::cost::floorplan::Floorplan;
use host_harness::cost::format::{self, Table, TableFormat, write};
use host_harness::cost::prices::BUILT_IN;
use host_harness::cost::profile::{CostProfile, count, profile};
use host_harness::cost::published;
use host_harness::cost::table::{missing_row, tables};
use host_harness::data::DataError;
use host_harness::experiment::{EXPERIMENTS, ExperimentError, RunOptions};
use host_harness::record::write_whole;
use loihi_args::args::TaskArgs;
use loihi_args::choice::choice;
use loihi_args::open::{open_named, open_on};
use loihi_args::what::{What, of_subject};
use loihi_files::names::unknown;
use loihi_terminal::table::print;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// Experiments or network files, with samples by --data or as NET.toml@SAMPLES [default: all
    /// experiments]
    #[arg(value_name = "NAME|FILE.toml|NET.toml")]
    what: Vec<String>,
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
    #[arg(long, value_name = "NAME", conflicts_with_all = ["what", "published_check"])]
    print_prices: Option<String>,
    /// Compute published networks again from their sizes, and how far off the measured figures that is
    #[arg(long, conflicts_with = "what")]
    published_check: bool,
    /// Count instructions too: short runs on the firmware in QEMU
    #[arg(long)]
    instructions: bool,
    /// Count them on this board, and add what chips with its processor would take [default: x86-mcu]
    #[arg(long, value_name = "NAME", value_parser = loihi_args::choice::board(), hide_possible_values = true)]
    board: Option<&'static Board>,
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    #[command(flatten)]
    task: TaskArgs,
}

/// The form of the result.
const SCHEMA: &str = "loihi-table/1";
/// Chips on which a network may be placed.
const CHIPS_MAX: usize = 16;

/// An experiment whose data are not there, and what to do about it.
type Missing = (String, String);

/// Samples of an experiment that would take minutes, if the user gives no number.
const LONG: [(&str, usize); 1] = [("mnist-decolle", 500)];

pub(super) fn table(args: &TableArgs) -> anyhow::Result<()> {
    if let Some(name) = &args.print_prices {
        return print_prices(name);
    }
    let price_tables = price_tables(&args.prices)?;
    let models = models(&price_tables)?;
    let all = if args.published_check {
        check::tables(&models)?
    } else {
        let (profiles, missing) = profiles(args)?;
        if let Some(base) = &args.base
            && !profiles.iter().any(|profile| profile.name == *base)
        {
            bail!("--base {base} is not among the experiments of this table");
        }
        let mut all = tables(&profiles, &models, args.base.as_deref());
        if let Some(table) = all.first_mut() {
            let rows: Vec<_> = missing.iter().map(|(name, why)| missing_row(table, name, why)).collect();
            table.rows.extend(rows);
        }
        all.extend(args.board.map(|board| chips(board, &profiles)).transpose()?.flatten());
        all.push(published::table(&published::publication()?));
        all
    };
    let text = write(&all, args.format)?;
    match &args.out {
        Some(file) => write_whole(file, text.as_bytes())?,
        None => print(&text)?,
    }
    out::result(SCHEMA, &json!({ "tables": format::json(&all), "out": args.out }))
}

/// What the experiments take on chips with the processor of a board, by instructions that were counted on it.
fn chips(board: &Board, profiles: &[CostProfile]) -> anyhow::Result<Option<Table>> {
    let counted = profiles.iter().filter_map(|profile| {
        let instructions = profile.counted?.per_step * profile.steps_per_sample();
        let per = if profile.outcome.samples.is_some() { "sample" } else { "step" };
        Some((profile.name.clone(), per.to_owned(), instructions))
    });
    Ok(chips::table(&board.processor, &counted.collect::<Vec<_>>())?)
}

fn print_prices(name: &str) -> anyhow::Result<()> {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let found = BUILT_IN.iter().find(|(each, _)| *each == name);
    let (_, text) = found.ok_or_else(|| anyhow!("unknown price table {}", unknown(name, &names, None)))?;
    out::line(format_args!("{}", text.trim_end()))?;
    out::result("loihi-prices/1", &json!({ "prices": name, "text": text }))
}

/// Runs the experiments; those whose data are not there are named, with what to do.
fn profiles(args: &TableArgs) -> anyhow::Result<(Vec<CostProfile>, Vec<Missing>)> {
    let all = || EXPERIMENTS.iter().map(|experiment| experiment.name.to_owned()).collect();
    let names: Vec<String> = if args.what.is_empty() { all() } else { args.what.clone() };
    let whats = names.iter().map(|what| What::of(what)).collect::<anyhow::Result<Vec<_>>>()?;
    args.task.check_epochs()?;
    args.task.check(&whats)?;
    let (mut profiles, mut missing) = (Vec::new(), Vec::new());
    for (name, what) in names.iter().zip(whats) {
        match profile_one(args, what) {
            Ok(profile) => profiles.push(profile),
            Err(error) if is_missing(&error) => missing.push((name.clone(), format!("{error:#}"))),
            Err(error) => return Err(of_subject(name, error)),
        }
    }
    if profiles.is_empty() {
        let why: Vec<String> = missing.into_iter().map(|(_, why)| why).collect();
        bail!("no experiment could be run: {}", why.join("; "));
    }
    Ok((profiles, missing))
}

fn profile_one(args: &TableArgs, what: What) -> anyhow::Result<CostProfile> {
    let name = what.name.clone();
    let subject = args.task.subject(what, CHIPS_MAX)?;
    let mut options: RunOptions = args.task.options();
    if let Some((_, samples)) = LONG.iter().find(|(long, _)| *long == subject.name()) {
        options.samples = options.samples.or(Some(*samples));
    }
    let plan = Floorplan::LOIHI_1;
    let (task, progress) = (subject.task(), Progress::new());
    let mut showing = Showing::new(&progress, &name);
    let profile = profile(&name, task, &options, &plan, &mut showing, || open_named("host", None));
    let counted = match &profile {
        Ok(_) if args.instructions || args.board.is_some() => {
            count(task, &options, &plan, &mut showing, || open_on("qemu", args.board, args.firmware.clone()))
        }
        _ => Ok(None),
    };
    progress.finish();
    let mut profile = profile?;
    profile.counted = counted?;
    // The embedded CPU of the chip is an x86.
    if let Some(counted) = profile.counted.as_mut()
        && args.board.is_some_and(|board| board.name != boards::DEFAULT)
    {
        counted.snips_per_step = None;
    }
    let shortened = [
        options.samples.map(|samples| format!("{samples} samples")),
        options.epochs.map(|epochs| format!("{epochs} epochs")),
    ];
    let shortened: Vec<String> = shortened.into_iter().flatten().collect();
    profile.shortened = (!shortened.is_empty()).then(|| shortened.join(", "));
    Ok(profile)
}

/// Whether a data set is yet to be fetched.
fn is_missing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ExperimentError::Data(DataError::NotFetched { .. } | DataError::NoFolder(_))))
}
