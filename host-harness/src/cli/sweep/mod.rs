//! `loihi sweep`: a grid over values of an experiment or network, times seeds, into one CSV file.

mod merge;
mod points;
mod table;

pub(super) use merge::{MergeArgs, join};

use super::{out, stop};
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::experiment::Observer;
use host_harness::sweep::{Grid, Results, Run, Seeds, Setting, Shard};
use loihi_args::args::TaskArgs;
use loihi_args::choice::whole;
use loihi_args::jobs::JobsArgs;
use loihi_args::what::What;
use points::Points;
use serde_json::json;
use std::path::PathBuf;
use table::Table;

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// What `loihi run` takes: an experiment or a network file, with samples by --data or as
    /// NET.toml@SAMPLES
    #[arg(value_name = "NAME|FILE.toml|NET.toml")]
    what: String,
    /// A value of the file, and the values it takes: a range of whole numbers, both ends included (9..12), or a list (0.1,0.2 or
    /// '"a","b"' or true,false); several --set make every combination, the last one fastest. KEY is a path such as
    /// `population.hidden.v_th`: in an array of tables a part names one by its name, its kind, or its place from 0; a single one
    /// needs no part
    #[arg(long = "set", value_name = "KEY=VALUES")]
    settings: Vec<Setting>,
    /// Seeds of each combination, from --seed on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<u32>(1..=1000))]
    seeds: u32,
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    jobs: JobsArgs,
    /// Where the table is written, a row a run, as CSV; of the same sweep's only missing runs are computed
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
    /// Only the K-th of N parts, for machines that share the work: the runs whose number modulo N is K - 1; each part has a
    /// file of its own, and `loihi merge` joins them
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
}

/// The form of the result.
const SCHEMA: &str = "loihi-sweep/1";

pub(super) fn sweep(args: &SweepArgs) -> anyhow::Result<()> {
    let what = What::of(&args.what)?;
    args.task.check_epochs()?;
    args.task.check(std::slice::from_ref(&what))?;
    let seeds = Seeds { first: args.task.options().seed, count: args.seeds };
    let grid = Grid::new(&what.text, args.settings.clone(), seeds).with_context(|| args.what.clone())?;
    let points = Points::new(&args.what, what, &grid, &args.task);
    points.check()?;
    // Arrays and samples that the file refers to are the same for all points: the first one says which.
    let (subject, options) = (points.subject(0)?, args.task.options());
    let contents = subject.samples_hash(&options)?.map_or_else(String::new, |hash| format!(", samples {hash:016x}"));
    let asked = format!("{}{contents}", subject.asked(&options));
    let empty = Results::new(grid.identity(&asked), grid.columns());
    let table = Table::open(&args.out, empty, args.shard)?;
    run_missing(args, &grid, &points, table)
}

/// Runs what is missing, and writes the table whenever runs have ended.
fn run_missing(args: &SweepArgs, grid: &Grid, points: &Points<'_>, mut table: Table<'_>) -> anyhow::Result<()> {
    let missing: Vec<Run> = table.missing().map(|number| grid.run(number)).collect();
    let mut failed: Vec<(u32, anyhow::Error)> = Vec::new();
    let mut written = Ok(());
    let run = |number: usize, observer: &mut dyn Observer| points.run(missing[number], observer);
    args.jobs.run(missing.len(), run, |ended| {
        for (number, outcome) in ended {
            match outcome {
                Ok(outcome) => table.insert(points.row(missing[number], &outcome)),
                Err(error) => failed.push((missing[number].number, error)),
            }
        }
        // A disk that is full now may have room for the next.
        written = table.write();
    });
    written?;
    if stop::requested() {
        bail!("{}", table.said_of_the_rest());
    }
    stop::last_words(None);
    let body = json!({
        "out": args.out, "sweep": table.identity().to_string(), "points": grid.points(), "runs": table.runs(),
        "shard": args.shard.map(|shard| shard.to_string()), "computed": missing.len() - failed.len(),
        "resumed": table.runs() - missing.len(), "failed": failed.len(),
    });
    if let Some((run, error)) = failed.iter().min_by_key(|(run, _)| *run) {
        let rest = table.said_of_the_rest();
        let sentence = format!("{} failed ({rest}): {error:#}", points.describe(grid.run(*run)));
        return Err(out::partial(SCHEMA, body, sentence));
    }
    if table.runs() == 0 {
        out::line(format_args!("{} of {}: nothing is written", table.in_words(), grid.runs()))?;
    } else {
        out::line(format_args!("{}: {}", args.out.display(), table.in_words()))?;
    }
    out::result(SCHEMA, &body)
}
