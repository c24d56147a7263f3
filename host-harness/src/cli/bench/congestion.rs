//! `loihi bench congestion`: what dense traffic does to a step, on one chip and on many, with and without relay cores.

use crate::cli::out;
use crate::cli::progress::shown;
use anyhow::Context as _;
use clap::Args;
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::cost::mesh::sweep::{Point, Setting, Sweep};
use host_harness::record::write_whole;
use host_harness::report::plot::{Mark, Plot, Scale};
use loihi_args::choice::whole;
use loihi_terminal::table::print;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CongestionArgs {
    /// Cores of a layer; a layer and its relay cores share a chip of 128
    #[arg(long, default_value_t = 64, value_parser = whole::<u32>(1..=112))]
    cores: u32,
    /// Compartments of a core
    #[arg(long, default_value_t = 64, value_parser = whole::<u32>(1..=1024))]
    compartments: u32,
    /// Synapses of a message at the core that receives it
    #[arg(long, default_value_t = 4, value_parser = whole::<u32>(1..=1024))]
    synapses: u32,
    /// Layers, a chip each
    #[arg(long, default_value_t = 4, value_parser = whole::<u32>(2..=16))]
    layers: u32,
    /// Seed of who fires
    #[arg(long, default_value_t = 1, value_parser = whole::<u32>(0..=u32::MAX))]
    seed: u32,
    /// Write congestion.csv and congestion.svg into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn congestion(args: &CongestionArgs) -> anyhow::Result<()> {
    let sweep = Sweep {
        cores: args.cores,
        compartments: args.compartments,
        synapses: args.synapses,
        layers: args.layers,
        seed: args.seed,
        ..Sweep::default()
    };
    let points = shown("points", |after| sweep.run(after));
    out::line(format_args!(
        "Layers of {} cores of {} compartments, every spike to every core of the next layer, {} synapses there.",
        args.cores, args.compartments, args.synapses
    ))?;
    out::line(format_args!(
        "Modelled, not measured: times of ports and hops as published or fitted to the chip, links and buffers assumed.\n"
    ))?;
    print(&write(&[table(&points)], TableFormat::Markdown)?)?;
    out::line(format_args!(
        "\nSlowdown: against the same spikes without relays on links that take no time. To idle: against a step without spikes."
    ))?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        write_whole(&folder.join("congestion.csv"), write(&[table(&points)], TableFormat::Csv)?.as_bytes())?;
        write_whole(&folder.join("congestion.svg"), plot(&points).svg().as_bytes())?;
    }
    out::result("loihi-bench-congestion/1", &json!({ "tables": format::json(&[table(&points)]), "out": args.out }))
}

#[expect(clippy::cast_precision_loss, reason = "a step is far below 2^53 ps")]
fn us(ps: u64) -> f64 {
    ps as f64 / 1e6
}

fn table(points: &[Point]) -> Table {
    let modelled = |name, unit| Column::figures(ColumnKind::Modelled, name, unit);
    let columns = [
        Column::plain("rate"),
        Column::plain("layers on"),
        Column::plain("messages"),
        Column::plain("between chips"),
        modelled("step", "us"),
        modelled("slowdown", ""),
        modelled("slowdown to idle", ""),
        Column::plain("busiest"),
        Column::plain("worst"),
    ];
    let mut table = Table::new("congestion", "Steps under dense traffic", &columns);
    let row = |point: &Point| {
        vec![
            Cell::Share(point.rate),
            Cell::Text(point.setting.to_string()),
            Cell::Count(point.messages),
            Cell::Count(point.between_chips),
            Cell::Number(us(point.step_ps)),
            Cell::Number(point.slowdown),
            Cell::Number(point.slowdown_to_idle),
            Cell::Text(point.busiest.clone()),
            Cell::Text(point.worst.clone()),
        ]
    };
    table.rows = points.iter().map(row).collect();
    table
}

fn plot(points: &[Point]) -> Plot {
    let mut plot = Plot::new("share of compartments that fire in a step", "slowdown by links");
    plot.scales = [Scale::Log; 2];
    for setting in Setting::ALL {
        let own = points.iter().filter(|point| point.setting == setting);
        plot = plot.with(setting.to_string(), Mark::Line, own.map(|point| (point.rate, point.slowdown)).collect());
    }
    plot
}
