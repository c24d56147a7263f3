//! `loihi bench congestion`: what dense traffic does to a step, on one chip and on many, with and without relay cores.

use super::out;
use super::progress::shown;
use anyhow::Context as _;
use clap::Args;
use host_harness::cost::mesh::sweep::{Point, Setting, Sweep};
use host_harness::record::write_whole;
use host_harness::report::plot::{Mark, Plot, Scale};
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CongestionArgs {
    /// Cores of a layer; a layer and its relay cores share a chip of 128
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=112))]
    cores: u32,
    /// Compartments of a core
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    compartments: u32,
    /// Synapses of a message at the core that receives it
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    synapses: u32,
    /// Layers, a chip each
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=16))]
    layers: u32,
    /// Seed of who fires
    #[arg(long, default_value_t = 1)]
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
    out::line(format_args!(
        "| firing in a step | layers on | messages | between chips | step, us | slowdown | to idle | busiest |"
    ))?;
    out::line(format_args!("|---:|---|---:|---:|---:|---:|---:|---|"))?;
    for point in &points {
        let Point { rate, setting, messages, between_chips, slowdown, slowdown_to_idle, busiest, .. } = point;
        let step_us = us(point.step_ps);
        out::line(format_args!(
            "| {:.1} % | {setting} | {messages} | {between_chips} | {step_us:.2} | {slowdown:.2} | {slowdown_to_idle:.1} | {busiest} |",
            100.0 * rate
        ))?;
    }
    out::line(format_args!(
        "\nSlowdown: against the same spikes without relays on links that take no time. To idle: against a step without spikes."
    ))?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        write_whole(&folder.join("congestion.csv"), csv(&points).as_bytes())?;
        write_whole(&folder.join("congestion.svg"), plot(&points).svg().as_bytes())?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a step is far below 2^53 ps")]
fn us(ps: u64) -> f64 {
    ps as f64 / 1e6
}

fn csv(points: &[Point]) -> String {
    let mut text =
        String::from("rate,setting,messages,between_chips,step_us,slowdown,slowdown_to_idle,busiest,worst\n");
    for point in points {
        let _ = writeln!(
            text,
            "{},\"{}\",{},{},{},{},{},\"{}\",\"{}\"",
            point.rate,
            point.setting,
            point.messages,
            point.between_chips,
            us(point.step_ps),
            point.slowdown,
            point.slowdown_to_idle,
            point.busiest,
            point.worst
        );
    }
    text
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
