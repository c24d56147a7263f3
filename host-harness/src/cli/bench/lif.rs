//! `loihi bench lif`: a recurrent network of leaky integrate-and-fire compartments.

use super::{Timed, modelled, print_modelled, print_us_per_step, rate};
use crate::cli::out;
use crate::cli::progress::shown;
use clap::Args;
use host_harness::bench::clock::Timing;
use host_harness::bench::lif::{Drive, Lif};
use host_harness::cost::summary::Summary;
use host_harness::device::threads::on_processors;
use host_harness::device::wide;
use loihi_args::choice::{one_or_more, whole};
use loihi_files::plural::plural;
use loihi_terminal::table::paragraph;
use serde_json::{Value, json};
use std::num::NonZeroUsize;

/// Most compartments of networks whose costs on the chip are modelled: what every core did in every step is kept for it.
const MODELLED_MAX: u32 = 100_000;

#[derive(Debug, Args)]
pub(super) struct LifArgs {
    /// Compartments
    #[arg(long, default_value_t = 1000, value_parser = whole::<u32>(1..=4_194_304))]
    n: u32,
    /// Recurrent synapses per compartment
    #[arg(long, default_value_t = 100, value_parser = whole::<u32>(0..=10_000))]
    fan_in: u32,
    /// Chance that an input spikes in a step, 0 to 1; with --self-driven the share of compartments that fires
    #[arg(long, default_value_t = 0.02, value_parser = rate)]
    rate: f64,
    /// Compartments fire by a bias, not by inputs, and each has all its synapses behind one axon, in a core that is drawn
    #[arg(long)]
    self_driven: bool,
    /// Cores over which the compartments are spread evenly [default: as few as hold them]
    #[arg(long, value_parser = whole::<u32>(1..=u32::MAX))]
    cores: Option<u32>,
    /// Threads that compute it, to the same digest: as many as are given, or fewer if there are fewer processors or cores;
    /// slower than one where other programs keep the processors busy
    #[arg(long, default_value = "1", value_parser = one_or_more::<NonZeroUsize>)]
    threads: NonZeroUsize,
    #[command(flatten)]
    timed: Timed,
}

pub(super) fn lif(args: &LifArgs) -> anyhow::Result<()> {
    let LifArgs { n, fan_in, rate, self_driven, cores, threads, ref timed } = *args;
    let lif = Lif {
        compartments: n,
        cores: cores.unwrap_or(0),
        fan_in,
        rate,
        drive: if self_driven { Drive::Bias } else { Drive::Input },
        threads: on_processors(threads),
        steps: timed.steps(|| Lif::default_steps(n)),
        seed: timed.seed,
        ..Lif::DEFAULT
    };
    let network = lif.build()?;
    let timing = shown("steps", |after| lif.time(&network, after))?;
    let modelled = if n <= MODELLED_MAX { Some(modelled(&lif.meter(&network)?)?) } else { None };
    print_table(&lif, &timing, modelled.as_ref())?;
    out::result("loihi-bench-lif/1", &json(&lif, &timing, modelled.as_ref()))
}

fn json(lif: &Lif, timing: &Timing, modelled: Option<&(String, Summary)>) -> Value {
    let Timing { counts, .. } = timing;
    json!({
        "network": "lif",
        "n": lif.compartments,
        "fan_in": lif.fan_in,
        "rate": lif.rate,
        "self_driven": lif.drive == Drive::Bias,
        "seed": lif.seed,
        "steps": counts.steps,
        "cores": timing.cores,
        "threads": timing.threads,
        "registers": wide::registers(),
        "us_per_step": timing.us_per_step,
        "us_per_step_min": timing.us_per_step_min,
        "us_per_step_max": timing.us_per_step_max,
        "events_per_s": timing.events_per_s(),
        "updates_per_s": timing.updates_per_s(),
        "to_first_step_s": timing.to_first_step_s,
        "image_bytes": timing.image_bytes,
        "state_bytes": timing.state_bytes,
        "image_bytes_per_synapse": timing.image_bytes_per_synapse(),
        "state_bytes_per_compartment": timing.state_bytes_per_compartment(),
        "spikes": counts.spikes,
        "input_spikes": counts.input_spikes,
        "axon_events": counts.axon_events,
        "synaptic_events": counts.synaptic_events,
        "digest": format!("{:016x}", timing.digest),
        "beyond_the_chip": timing.beyond_the_chip.map(|unfit| unfit.to_string()),
        "prices": modelled.map(|(prices, _)| prices),
        "modelled": modelled.map(|(_, summary)| summary.json()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn print_table(lif: &Lif, timing: &Timing, modelled: Option<&(String, Summary)>) -> anyhow::Result<()> {
    let Timing { counts, .. } = timing;
    let per_step = |count: u64| count as f64 / counts.steps.max(1) as f64;
    let heading = format!(
        "lif: {} compartments on {}, {} recurrent synapses each, {} steps, this host ({}, {})",
        lif.compartments,
        plural(timing.cores, "core"),
        lif.fan_in,
        counts.steps,
        wide::registers(),
        plural(timing.threads, "thread")
    );
    paragraph(&heading, 5)?;
    print_us_per_step(timing)?;
    out::line(format_args!(
        "  events_per_s      {:>12.4e}   {:.1} a step",
        timing.events_per_s(),
        per_step(counts.synaptic_events)
    ))?;
    out::line(format_args!("  updates_per_s     {:>12.4e}", timing.updates_per_s()))?;
    out::line(format_args!("  spikes_per_step   {:>12.2}", per_step(counts.spikes)))?;
    out::line(format_args!("  to_first_step_s   {:>12.3}", timing.to_first_step_s))?;
    let bytes = [timing.image_bytes_per_synapse(), timing.state_bytes_per_compartment()];
    out::line(format_args!("  image             {:>12}   bytes, {:.2} a synapse", timing.image_bytes, bytes[0]))?;
    out::line(format_args!("  state             {:>12}   bytes, {:.2} a compartment", timing.state_bytes, bytes[1]))?;
    if let Some(unfit) = timing.beyond_the_chip {
        paragraph(&format!("  on a Loihi: {unfit}"), 4)?;
    }
    modelled.map_or(Ok(()), print_modelled)
}
