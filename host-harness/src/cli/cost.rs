//! `loihi cost`: instructions per elementary operation, per step and per learned sample, on a device that counts them, and
//! what they take on real chips.

use super::out;
use super::progress::{Progress, Showing, shown};
use super::real_time::{self, counts_nothing};
use anyhow::bail;
use clap::Args;
use host_harness::Choice as _;
use host_harness::boards::{self, Board, Counts};
use host_harness::cost::chips;
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::cost::kernels::{KernelCost, measure};
use host_harness::cost::rules::{self, RuleCost};
use host_harness::device::session::Session;
use host_harness::experiment::{RunOptions, Task as _};
use host_harness::learn::Learner;
use loihi_args::choice::choice;
use loihi_args::open::DeviceArgs;
use loihi_args::open::open;
use loihi_args::what::find;
use loihi_terminal::table::print;
use serde_json::json;
use std::path::Path;

#[derive(Debug, Args)]
#[command(mut_arg("device", |device| device.default_value("qemu")))]
pub(super) struct CostArgs {
    #[command(flatten)]
    device: DeviceArgs,
    /// How to write it
    #[arg(long, value_parser = choice::<TableFormat>(), default_value = TableFormat::Markdown.name())]
    format: TableFormat,
    /// The largest networks that chips of the board's processor compute in real time, in steps of 1 ms, instead
    #[arg(long)]
    real_time: bool,
}

pub(super) fn cost(args: &CostArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let board = session.identity().board.clone();
    let known = session.identity().known_board();
    let unit = session.counted_unit();
    if args.real_time && unit != Counts::Instructions.unit() {
        bail!(counts_nothing(&session));
    }
    let tables = if args.real_time {
        vec![real_time::table(&mut session, &board)?]
    } else {
        let kernels = shown("operations", |after| measure(&mut session, after))?;
        if kernels.is_empty() {
            bail!(counts_nothing(&session));
        }
        let mut operations = operations(&kernels, &board, unit);
        let whole = digits_pes(&mut session)?;
        operations.rows.extend(whole.iter().map(|(what, per, instructions)| {
            vec![what.as_str().into(), per.as_str().into(), Cell::Number(*instructions)]
        }));
        let rules = shown("rules", |after| rules::measure(&mut session, after))?;
        // What a board at a serial port counts may be cycles.
        let counted = known.filter(|_| unit == Counts::Instructions.unit());
        let chips = counted.map(|board| chips::table(&board.processor, &whole)).transpose()?;
        [operations, rule_kernels(&rules, known, unit)].into_iter().chain(chips.flatten()).collect()
    };
    print(&write(&tables, args.format)?)?;
    out::result("loihi-cost/1", &json!({ "board": board, "tables": format::json(&tables) }))
}

fn operations(kernels: &[KernelCost], board: &str, unit: &'static str) -> Table {
    let columns = [Column::plain("operation"), Column::plain("per"), measured(unit)];
    let mut table = Table::new("operations", &format!("{board}: {unit} of the parts of a step"), &columns);
    let row = |cost: &KernelCost| vec![cost.kernel.into(), cost.unit.into(), Cell::Number(cost.instructions)];
    table.rows = kernels.iter().map(row).collect();
    table
}

/// What a step and a sample of a whole experiment cost: what, per what, instructions.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn digits_pes(session: &mut Session) -> anyhow::Result<[(String, String, f64); 2]> {
    let learner = Learner::parse(&learning_alone("digits-pes", "pes")?, Path::new("digits-pes.toml"))?;
    let progress = Progress::new();
    let outcome = learner.run(session, &RunOptions::default(), &mut Showing::new(&progress, "digits-pes"));
    progress.finish();
    let outcome = outcome?;
    let instructions = outcome.instructions.unwrap_or(0) as f64;
    let per = |count: u64| instructions / count.max(1) as f64;
    let row = |what: &str, unit: &str, count| (what.to_owned(), unit.to_owned(), per(count));
    Ok([
        row("digits-pes: everything, while learning", "step", outcome.steps),
        row("digits-pes: everything", "predicted and learned sample", outcome.samples.unwrap_or(0)),
    ])
}

/// An experiment with one epoch in which a program learns, and nothing else: a stage in place of the task's epochs, after which
/// it would be tested.
fn learning_alone(name: &str, program: &str) -> anyhow::Result<String> {
    let mut file: toml::Table = find(name)?.text.parse()?;
    if let Some(toml::Value::Table(task)) = file.get_mut("task") {
        task.remove("epochs");
    }
    let stage = toml::Table::from_iter([("learn".to_owned(), vec![program].into())]);
    file.insert("stage".to_owned(), vec![stage].into());
    Ok(file.to_string())
}

/// Beside what C takes on the processor for which it was compiled and counted, that of the bare PC.
fn rule_kernels(kernels: &[RuleCost], board: Option<&Board>, unit: &'static str) -> Table {
    let is_i586 = board.is_some_and(|board| board.name == boards::DEFAULT);
    let mut columns = vec![Column::plain("operation"), Column::plain("per"), measured(unit)];
    columns.extend(is_i586.then(|| measured("instructions in C")));
    let mut table = Table::new("rules", "Rules of the embedded CPU", &columns);
    let row = |RuleCost { kernel, unit, instructions, instructions_c }: &RuleCost| {
        let mut row = vec![(*kernel).into(), (*unit).into(), Cell::Number(*instructions)];
        row.extend(is_i586.then_some(Cell::Number(*instructions_c)));
        row
    };
    table.rows = kernels.iter().map(row).collect();
    table.notes.extend(is_i586.then(|| "C as GCC compiles it for an i586.".to_owned()));
    table
}

const fn measured(name: &'static str) -> Column {
    Column::decimals(ColumnKind::Measured, name, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_harness::experiment::NoObserver;
    use loihi_args::open::open_named;

    #[test]
    fn learning_alone_is_one_epoch_and_no_test() {
        let learner =
            Learner::parse(&learning_alone("digits-pes", "pes").unwrap(), Path::new("digits-pes.toml")).unwrap();
        let options = RunOptions { samples: Some(5), ..RunOptions::default() };
        let outcome = learner.run(&mut open_named("host", None).unwrap(), &options, &mut NoObserver).unwrap();
        assert_eq!((outcome.samples, outcome.steps), (Some(5), 5 * 24));
    }
}
