//! `loihi bench`: whole networks, timed on this host.

mod congestion;
mod learn;
mod lif;
mod peers;
mod scale;

use super::prices::{models, price_tables};
use anyhow::anyhow;
use clap::{Args, Subcommand};
use host_harness::bench::clock::Timing;
use host_harness::cost::activity::Activity;
use host_harness::cost::summary::Summary;
use host_harness::device::meter::MeteredRun;
use loihi_args::choice::whole;
use loihi_files::plural::plural;
use loihi_terminal::table::paragraph;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    network: BenchNetwork,
}

#[derive(Debug, Subcommand)]
enum BenchNetwork {
    /// A random recurrent network of leaky integrate-and-fire compartments, recording off
    Lif(lif::LifArgs),
    /// Plastic synapses from every input to every compartment
    Learn(learn::LearnArgs),
    /// What the time of a step depends on: cores, delays, synapses, activity
    Scale(scale::ScaleArgs),
    /// The networks by which other emulators are compared, timed here; how these are set up
    Peers(peers::PeersArgs),
    /// What dense traffic does to a step on the chip, modelled: one chip and many, with and without relay cores
    Congestion(congestion::CongestionArgs),
}

// How a network is timed. No doc comment: clap applies one of flattened arguments to the command itself.
#[derive(Debug, Args)]
struct Timed {
    /// Steps that are timed [default: about a tenth of a second]
    #[arg(long, value_parser = whole::<u32>(1..=10_000_000))]
    steps: Option<u32>,
    /// Seed of network and input
    #[arg(long, default_value_t = 0, value_parser = whole::<u32>(0..=u32::MAX))]
    seed: u32,
}

impl Timed {
    /// The steps that were asked for, or else as many as `default` says.
    fn steps(&self, default: impl FnOnce() -> usize) -> usize {
        self.steps.map_or_else(default, |steps| steps as usize)
    }
}

pub(super) fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    match &args.network {
        BenchNetwork::Lif(args) => lif::lif(args),
        BenchNetwork::Learn(args) => learn::learn(args),
        BenchNetwork::Scale(args) => scale::scale(args),
        BenchNetwork::Peers(args) => peers::peers(args),
        BenchNetwork::Congestion(args) => congestion::congestion(args),
    }
}

/// What the network would cost on a Loihi, by the default prices, with the name of the model.
fn modelled(run: &MeteredRun) -> anyhow::Result<(String, Summary)> {
    let price_tables = price_tables(&[])?;
    let models = models(&price_tables)?;
    let named = models.first().ok_or_else(|| anyhow!("there is no price table"))?;
    let activity = Activity::of(run, &named.model.plan)?;
    Ok((named.name.clone(), Summary::of(&activity, &named.model)))
}

/// The time of a step, and how far it can be trusted.
fn print_us_per_step(timing: &Timing) -> anyhow::Result<()> {
    let (low, high) = (timing.us_per_step_min, timing.us_per_step_max);
    let line = format!(
        "  us_per_step       {:>12.3}   median of {} ({low:.3} to {high:.3}, fastest to slowest); other programs slow it",
        timing.us_per_step,
        plural(timing.parts(), "part")
    );
    Ok(paragraph(&line, 35)?)
}

fn print_modelled((name, summary): &(String, Summary)) -> anyhow::Result<()> {
    paragraph(&format!("  modelled for Loihi 1 ({name}; from low to high prices):"), 4)?;
    for line in summary.lines() {
        paragraph(&format!("    {line}"), 6)?;
    }
    Ok(())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("a chance is between 0 and 1".to_owned()) }
}
