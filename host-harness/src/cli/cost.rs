//! `loihi cost`: instructions per elementary operation, per step and per learned sample, on a device that counts them.

use super::DeviceArgs;
use super::choice::choice;
use super::open::open;
use super::out;
use super::progress::{Progress, Showing, shown};
use super::what::find;
use anyhow::bail;
use clap::Args;
use host_harness::Choice as _;
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::cost::kernels::{KernelCost, measure};
use host_harness::cost::rules::{self, RuleCost};
use host_harness::device::session::Session;
use host_harness::experiment::{RunOptions, Task as _};
use host_harness::learn::Learner;
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
}

pub(super) fn cost(args: &CostArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let kernels = shown("operations", |after| measure(&mut session, after))?;
    if kernels.is_empty() {
        bail!("the device {} counts no instructions: give --device qemu", session.device_name());
    }
    let board = session.identity().board.clone();
    let unit = session.counted_unit();
    let mut operations = operations(&kernels, &board, unit);
    operations.rows.extend(digits_pes(&mut session)?);
    let rules = rule_kernels(&shown("rules", |after| rules::measure(&mut session, after))?, unit);
    let tables = [operations, rules];
    out::line(format_args!("{}", write(&tables, args.format)?.trim_end()))?;
    out::result("loihi-cost/1", &json!({ "board": board, "tables": format::json(&tables) }))
}

fn operations(kernels: &[KernelCost], board: &str, unit: &'static str) -> Table {
    let columns = [Column::plain("operation"), Column::plain("per"), measured(unit)];
    let mut table = Table::new("operations", &format!("{board}: {unit} of the parts of a step"), &columns);
    let row = |cost: &KernelCost| vec![cost.kernel.into(), cost.unit.into(), Cell::Number(cost.instructions)];
    table.rows = kernels.iter().map(row).collect();
    table
}

/// What a step and a sample of a whole experiment cost.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn digits_pes(session: &mut Session) -> anyhow::Result<[Vec<Cell>; 2]> {
    let learner = Learner::parse(&learning_alone("digits-pes", "pes")?, Path::new("digits-pes.toml"))?;
    let progress = Progress::new();
    let outcome = learner.run(session, &RunOptions::default(), &mut Showing::new(&progress, "digits-pes"));
    progress.finish();
    let outcome = outcome?;
    let instructions = outcome.instructions.unwrap_or(0) as f64;
    let per = |count: u64| Cell::Number(instructions / count.max(1) as f64);
    Ok([
        vec!["digits-pes: everything, while learning".into(), "step".into(), per(outcome.steps)],
        vec!["digits-pes: everything".into(), "predicted and learned sample".into(), per(outcome.samples.unwrap_or(0))],
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

fn rule_kernels(kernels: &[RuleCost], unit: &'static str) -> Table {
    let columns = [Column::plain("operation"), Column::plain("per"), measured(unit), measured("instructions in C")];
    let mut table = Table::new("rules", "Rules of the embedded CPU", &columns);
    let row = |RuleCost { kernel, unit, instructions, instructions_c }: &RuleCost| {
        vec![(*kernel).into(), (*unit).into(), Cell::Number(*instructions), Cell::Number(*instructions_c)]
    };
    table.rows = kernels.iter().map(row).collect();
    table.notes = vec!["C as GCC compiles it for an i586.".to_owned()];
    table
}

const fn measured(name: &'static str) -> Column {
    Column::decimals(ColumnKind::Measured, name, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::open::open_named;
    use host_harness::experiment::NoObserver;

    #[test]
    fn learning_alone_is_one_epoch_and_no_test() {
        let learner =
            Learner::parse(&learning_alone("digits-pes", "pes").unwrap(), Path::new("digits-pes.toml")).unwrap();
        let options = RunOptions { samples: Some(5), ..RunOptions::default() };
        let outcome = learner.run(&mut open_named("host", None).unwrap(), &options, &mut NoObserver).unwrap();
        assert_eq!((outcome.samples, outcome.steps), (Some(5), 5 * 24));
    }
}
