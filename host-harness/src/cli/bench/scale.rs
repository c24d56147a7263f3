//! `loihi bench scale`: what the time of a step depends on.

use super::Timed;
use crate::cli::out;
use crate::cli::progress::shown;
use clap::Args;
use host_harness::bench::lif::Lif;
use host_harness::bench::scale::{series, time};
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::device::wide;
use loihi_args::choice::whole;
use loihi_terminal::table::print;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ScaleArgs {
    /// Compartments of every network
    #[arg(long, default_value_t = 10_240, value_parser = whole::<u32>(1..=1_000_000))]
    n: u32,
    #[command(flatten)]
    timed: Timed,
}

pub(super) fn scale(args: &ScaleArgs) -> anyhow::Result<()> {
    let ScaleArgs { n, timed } = args;
    let steps = timed.steps(|| Lif::default_steps(*n));
    let series = series(*n, steps, timed.seed);
    let timings = shown("networks", |after| time(&series, after))?;
    let mut tables = Vec::new();
    for (number, (own, timings)) in series.iter().zip(&timings).enumerate() {
        let us = |name| Column::figures(ColumnKind::Measured, name, "us");
        let columns =
            [Column::plain(own.name), us("step"), us("fastest"), us("slowest"), Column::plain("spikes a step")];
        let mut table = Table::new(["cores", "delays", "synapses", "activity"][number], own.name, &columns);
        for ((value, _), timing) in own.networks.iter().zip(timings) {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            let spikes = timing.counts.spikes as f64 / timing.counts.steps.max(1) as f64;
            let times = [timing.us_per_step, timing.us_per_step_min, timing.us_per_step_max];
            let [step, fastest, slowest] = times.map(Cell::Number);
            table.rows.push(vec![Cell::Text(value.clone()), step, fastest, slowest, Cell::Number(spikes)]);
        }
        tables.push(table);
    }
    print(&format!(
        "{n} compartments that fire by a bias, 2 % a step, 100 synapses each behind one axon, if a table does not say otherwise; \
         {steps} steps, this host ({})\n\n{}",
        wide::registers(),
        write(&tables, TableFormat::Markdown)?
    ))?;
    let result = json!({ "n": n, "seed": timed.seed, "steps": steps, "registers": wide::registers(), "tables": format::json(&tables) });
    out::result("loihi-bench-scale/1", &result)
}
