//! `loihi bench peers`: the networks by which other emulators are compared, timed here, and how those are set up.

use crate::cli::out;
use crate::cli::progress::shown;
use clap::Args;
use host_harness::bench::clock::BenchError;
use host_harness::bench::learn::{Learn, STDP};
use host_harness::bench::peers::{PEERS, SIZES, network};
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use host_harness::device::wide;
use loihi_args::choice::whole;
use loihi_terminal::table::{entry, print};
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct PeersArgs {
    /// Compartments of the largest network
    #[arg(long, default_value_t = 100_000, value_parser = whole::<u32>(100..=100_000))]
    largest: u32,
    /// Seed of networks and inputs
    #[arg(long, default_value_t = 0, value_parser = whole::<u32>(0..=u32::MAX))]
    seed: u32,
}

pub(super) fn peers(args: &PeersArgs) -> anyhow::Result<()> {
    let PeersArgs { largest, seed } = *args;
    let sizes: Vec<u32> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    let tables =
        shown("networks", |after| -> Result<[Table; 2], BenchError> { Ok([lif(&sizes, seed, after)?, learn(seed)?]) })?;
    print(&format!(
        "Only this emulator is timed; how to time the others is below.\n\
         One core of this host ({}), no probes; times are medians.\n\n{}\n\n\
         To time the others, install their packages, which this command does not do, and build the same networks:",
        wide::registers(),
        write(&tables, TableFormat::Markdown)?.trim_end()
    ))?;
    for peer in PEERS {
        out::line(format_args!("\n{}: pip install {}", peer.name, peer.packages))?;
        entry("", 1, peer.setup)?;
    }
    let setups: Vec<Value> =
        PEERS.iter().map(|peer| json!({ "name": peer.name, "packages": peer.packages, "setup": peer.setup })).collect();
    let result =
        json!({ "seed": seed, "registers": wide::registers(), "tables": format::json(&tables), "peers": setups });
    out::result("loihi-bench-peers/1", &result)
}

/// Recurrent networks of these sizes.
fn lif(sizes: &[u32], seed: u32, after: &mut dyn FnMut(u64, u64)) -> Result<Table, BenchError> {
    let measured = |name, unit| Column::figures(ColumnKind::Measured, name, unit);
    let columns = [
        Column::plain("compartments"),
        measured("step", "us"),
        measured("synapse", "B"),
        measured("start-up", "s"),
        Column::plain("spikes a step"),
    ];
    let mut table = Table::new("lif", "100 random synapses a compartment, 2 % of the inputs spike in a step", &columns);
    for (done, size) in (0..).zip(sizes) {
        after(done, sizes.len() as u64);
        let lif = network(*size, seed);
        let timing = lif.time(&lif.build()?, &mut |_, _| {})?;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let spikes = timing.counts.spikes as f64 / timing.counts.steps.max(1) as f64;
        let figures = [timing.us_per_step, timing.image_bytes_per_synapse(), timing.to_first_step_s, spikes];
        table.rows.push([Cell::Count(u64::from(*size))].into_iter().chain(figures.map(Cell::Number)).collect());
    }
    Ok(table)
}

/// Spike-timing-dependent plasticity of 300 inputs and 300 compartments.
fn learn(seed: u32) -> Result<Table, BenchError> {
    let columns = [Column::plain("share that fires"), Column::figures(ColumnKind::Measured, "step", "us")];
    let mut table = Table::new("learn", &format!("300 x 300 plastic synapses, dw = {STDP}"), &columns);
    for rate in [0.01, 0.05, 0.2] {
        let (pre, post, rule) = (300, 300, STDP.to_owned());
        let steps = Learn::default_steps(pre, post);
        let learn = Learn { pre, post, rule, rate, epoch_steps: 1, third_factor: false, steps, seed };
        let timing = learn.time(&mut |_, _| {})?;
        table.rows.push(vec![Cell::Share(rate), Cell::Number(timing.us_per_step)]);
    }
    Ok(table)
}
