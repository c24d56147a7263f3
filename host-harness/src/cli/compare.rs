//! `loihi compare`: experiments and networks over several seeds, side by side: mean and standard error of what they measure, updates and
//! instructions per sample, bytes of state.

use super::progress::{Progress, Showing};
use super::{out, stop};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use host_harness::Choice as _;
use host_harness::cost::format::{Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::experiment::{Observer, Outcome, RunOptions};
use loihi_args::args::TaskArgs;
use loihi_args::choice::{choice, whole};
use loihi_args::jobs::{JobsArgs, run_on_host};
use loihi_args::open::open_named;
use loihi_args::task::Subject;
use loihi_args::what::What;
use loihi_terminal::table::print;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Experiments or network files, with samples by --data or as NET.toml@SAMPLES
    #[arg(required = true, value_name = "NAME|FILE.toml|NET.toml")]
    what: Vec<String>,
    /// Seeds of each, from --seed on
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole::<u32>(1..=1000))]
    seeds: u32,
    #[command(flatten)]
    task: TaskArgs,
    /// Count instructions too: a short run of each on the firmware in QEMU
    #[arg(long)]
    instructions: bool,
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_parser = choice::<TableFormat>(), default_value = TableFormat::Markdown.name())]
    format: TableFormat,
    #[command(flatten)]
    jobs: JobsArgs,
}

/// Samples of the short run that counts instructions.
const COUNTED_SAMPLES: usize = 24;

/// A row of the table.
#[derive(Debug, Serialize)]
struct ComparisonRow {
    experiment: String,
    seeds: u32,
    metric: String,
    mean: f64,
    standard_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates_per_sample: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions_per_step: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions_per_sample: Option<f64>,
    state_bytes: usize,
    learned_bytes: usize,
}

pub(super) fn compare(args: &CompareArgs) -> anyhow::Result<()> {
    let all = args.what.iter().map(|what| What::of(what)).collect::<anyhow::Result<Vec<_>>>()?;
    args.task.check_epochs()?;
    args.task.check(&all)?;
    let subjects = all.into_iter().map(|what| args.task.subject(what, 1)).collect::<anyhow::Result<Vec<_>>>()?;
    let outcomes = run_all(args, &subjects)?;
    let mut rows = Vec::new();
    for ((name, subject), outcomes) in args.what.iter().zip(&subjects).zip(&outcomes) {
        let mut row = summarise(name, outcomes)?;
        if args.instructions {
            count_instructions(args, subject, &mut row).with_context(|| format!("{name} on QEMU"))?;
        }
        rows.push(row);
    }
    print(&write(&[table(&rows)], args.format)?)?;
    out::result("loihi-compare/1", &json!({ "experiments": rows }))
}

/// Runs every subject with every seed, several at a time; the outcomes are in the order of subjects and seeds.
fn run_all(args: &CompareArgs, subjects: &[Subject]) -> anyhow::Result<Vec<Vec<Outcome>>> {
    let jobs: Vec<(usize, u32)> = (0..subjects.len())
        .flat_map(|subject| (0..args.seeds).map(move |seed| (subject, args.task.options().seed.wrapping_add(seed))))
        .collect();
    let mut done = Vec::new();
    let run = |number: usize, observer: &mut dyn Observer| {
        let (subject, seed) = jobs[number];
        run_on_host(&subjects[subject], &RunOptions { seed, ..args.task.options() }, observer)
    };
    args.jobs.run(jobs.len(), run, |ended| done.extend(ended));
    done.sort_by_key(|(number, _)| *number);
    let mut outcomes: Vec<Vec<Outcome>> = subjects.iter().map(|_| Vec::new()).collect();
    for (number, outcome) in done {
        let (subject, seed) = jobs[number];
        let name = &args.what[subject];
        outcomes[subject].push(outcome.with_context(|| format!("{name}, seed {seed}"))?);
    }
    if stop::requested() {
        bail!("not all runs have come to their end");
    }
    Ok(outcomes)
}

/// Mean and standard error of the first metric, which is what an experiment is about.
fn summarise(name: &str, outcomes: &[Outcome]) -> anyhow::Result<ComparisonRow> {
    let first = outcomes.first().ok_or_else(|| anyhow!("{name} did not run"))?;
    let (metric, _) = first.metrics.first().ok_or_else(|| anyhow!("{name} measures nothing"))?;
    let of = |name: &str| -> Vec<f64> { outcomes.iter().filter_map(|outcome| outcome.metrics.get(name)).collect() };
    let (mean, standard_error) = mean_and_error(&of(metric));
    let optional = |name| Some(of(name)).filter(|values| !values.is_empty()).map(|values| mean_and_error(&values).0);
    Ok(ComparisonRow {
        experiment: name.to_owned(),
        seeds: u32::try_from(outcomes.len()).unwrap_or(u32::MAX),
        metric: metric.to_owned(),
        mean,
        standard_error,
        updates_per_sample: optional("updates_per_sample"),
        trigger_rate: optional("trigger_rate"),
        instructions_per_step: None,
        instructions_per_sample: None,
        state_bytes: first.state_bytes,
        learned_bytes: first.learned_bytes,
    })
}

/// Of one value the error is not known; it is said to be 0.
#[expect(clippy::cast_precision_loss, reason = "at most a thousand seeds")]
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = if values.len() > 1 { (squares / (count - 1.0) / count).sqrt() } else { 0.0 };
    (mean, error)
}

/// Runs a few samples, or a pass, on the firmware.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count_instructions(args: &CompareArgs, subject: &Subject, row: &mut ComparisonRow) -> anyhow::Result<()> {
    let mut session = open_named("qemu", args.firmware.clone())?;
    let options = RunOptions { epochs: Some(1), samples: Some(COUNTED_SAMPLES), ..args.task.options() };
    let progress = Progress::new();
    let outcome = subject.task().run(&mut session, &options, &mut Showing::new(&progress, "counting instructions"));
    progress.finish();
    let outcome = outcome?;
    let Some(instructions) = outcome.instructions else { return Ok(()) };
    row.instructions_per_step = Some(instructions as f64 / outcome.steps.max(1) as f64);
    // Learned and tested samples alike.
    row.instructions_per_sample = outcome.samples.map(|samples| instructions as f64 / samples.max(1) as f64);
    Ok(())
}

/// Shares of 1, such as accuracy, are shown in per cent.
fn table(rows: &[ComparisonRow]) -> Table {
    let measured = |name| Column::figures(ColumnKind::Measured, name, "");
    let columns = [
        Column::plain("experiment"),
        Column::plain("seeds"),
        Column::plain("metric"),
        measured("mean"),
        measured("standard error"),
        measured("updates per sample"),
        measured("trigger rate"),
        measured("instructions per step"),
        measured("instructions per sample"),
        measured("state bytes"),
        measured("learned bytes"),
    ];
    let mut table = Table::new("comparison", "Experiments side by side", &columns);
    let cells = |row: &ComparisonRow| {
        let figure = |value| if row.metric.starts_with("accuracy") { Cell::Share(value) } else { Cell::Number(value) };
        vec![
            row.experiment.as_str().into(),
            Cell::Count(row.seeds.into()),
            row.metric.as_str().into(),
            figure(row.mean),
            figure(row.standard_error),
            row.updates_per_sample.into(),
            row.trigger_rate.map_or(Cell::Empty, Cell::Share),
            row.instructions_per_step.into(),
            row.instructions_per_sample.into(),
            Cell::Count(row.state_bytes as u64),
            Cell::Count(row.learned_bytes as u64),
        ]
    };
    table.rows = rows.iter().map(cells).collect();
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_standard_error_by_hand() {
        let (mean, error) = mean_and_error(&[1.0, 2.0, 6.0]);
        assert!((mean - 3.0).abs() < 1e-12);
        // Squares 4 + 1 + 9, by 2, by 3.
        assert!((error - (7.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(mean_and_error(&[5.0]).1.abs() < 1e-12);
    }
}
