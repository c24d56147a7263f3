//! `loihi bench`: whole networks, timed on this host.

use super::out;
use super::prices::{models, price_tables};
use super::progress::shown;
use anyhow::anyhow;
use clap::{Args, Subcommand};
use host_harness::bench::clock::Timing;
use host_harness::bench::learn::{Learn, STDP};
use host_harness::bench::lif::Lif;
use host_harness::cost::activity::Activity;
use host_harness::cost::summary::Summary;
use host_harness::device::meter::MeteredRun;
use host_harness::device::wide;
use loihi_files::plural::plural;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    network: BenchNetwork,
}

#[derive(Debug, Subcommand)]
enum BenchNetwork {
    /// A random recurrent network of leaky integrate-and-fire compartments, recording off
    Lif(LifArgs),
    /// Plastic synapses from every input to every compartment
    Learn(LearnArgs),
    /// What dense traffic does to a step on the chip, modelled: one chip and many, with and without relay cores
    Congestion(super::congestion::CongestionArgs),
}

#[derive(Debug, Args)]
struct LearnArgs {
    /// Inputs
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pre: u32,
    /// Compartments
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1024))]
    post: u32,
    /// Rule; y1 is a trace
    #[arg(long, default_value = STDP)]
    rule: String,
    /// Chance that an input, or a compartment, spikes in a step, 0 to 1
    #[arg(long, default_value_t = 0.05, value_parser = rate)]
    rate: f64,
    /// Steps per epoch
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    epoch: u32,
    /// y1 is not a trace: the embedded CPU writes it before each epoch
    #[arg(long)]
    third_factor: bool,
    #[command(flatten)]
    timed: Timed,
}

#[derive(Debug, Args)]
struct LifArgs {
    /// Compartments
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    n: u32,
    /// Recurrent synapses per compartment
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    fan_in: u32,
    /// Chance that an input spikes in a step, 0 to 1
    #[arg(long, default_value_t = 0.02, value_parser = rate)]
    rate: f64,
    #[command(flatten)]
    timed: Timed,
}

// How a network is timed. No doc comment: clap applies one of flattened arguments to the command itself.
#[derive(Debug, Args)]
struct Timed {
    /// Steps that are timed [default: about a tenth of a second]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    steps: Option<u32>,
    /// Seed of network and input
    #[arg(long, default_value_t = 0)]
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
        BenchNetwork::Lif(args) => lif(args),
        BenchNetwork::Learn(args) => learn(args),
        BenchNetwork::Congestion(args) => super::congestion::congestion(args),
    }
}

fn lif(args: &LifArgs) -> anyhow::Result<()> {
    let LifArgs { n, fan_in, rate, ref timed } = *args;
    let steps = timed.steps(|| Lif::default_steps(n));
    let lif = Lif { compartments: n, fan_in, rate, steps, seed: timed.seed };
    let timing = shown("steps", |after| lif.time(after))?;
    let modelled = modelled(&lif.meter()?)?;
    print_table(&lif, &timing, &modelled)?;
    out::result("loihi-bench-lif/1", &json(&lif, &timing, &modelled))
}

fn learn(args: &LearnArgs) -> anyhow::Result<()> {
    let timed = &args.timed;
    let learn = Learn {
        pre: args.pre,
        post: args.post,
        rule: args.rule.clone(),
        rate: args.rate,
        epoch_steps: args.epoch,
        third_factor: args.third_factor,
        steps: timed.steps(|| Learn::default_steps(args.pre, args.post)),
        seed: timed.seed,
    };
    let timing = shown("steps", |after| learn.time(after))?;
    let modelled = modelled(&learn.meter()?)?;
    print_learn(&learn, &timing, &modelled)?;
    out::result("loihi-bench-learn/1", &learn_json(&learn, &timing, &modelled))
}

/// What the network would cost on a Loihi, by the default prices, with the name of the model.
fn modelled(run: &MeteredRun) -> anyhow::Result<(String, Summary)> {
    let price_tables = price_tables(&[])?;
    let models = models(&price_tables)?;
    let named = models.first().ok_or_else(|| anyhow!("there is no price table"))?;
    let activity = Activity::of(run, &named.model.plan)?;
    Ok((named.name.clone(), Summary::of(&activity, &named.model)))
}

fn print_modelled((name, summary): &(String, Summary)) -> anyhow::Result<()> {
    out::line(format_args!("  modelled for Loihi 1 ({name}; from low to high prices):"))?;
    for line in summary.lines() {
        out::line(format_args!("    {line}"))?;
    }
    Ok(())
}

fn learn_json(learn: &Learn, timing: &Timing, (prices, modelled): &(String, Summary)) -> Value {
    let Timing { counts, .. } = timing;
    json!({
        "network": "learn",
        "pre": learn.pre,
        "post": learn.post,
        "rule": learn.rule,
        "rate": learn.rate,
        "epoch": learn.epoch_steps,
        "third_factor": learn.third_factor,
        "seed": learn.seed,
        "steps": counts.steps,
        "registers": wide::registers(),
        "us_per_step": timing.us_per_step,
        "us_per_step_min": timing.us_per_step_min,
        "us_per_step_max": timing.us_per_step_max,
        "synaptic_events": counts.synaptic_events,
        "trace_updates": counts.trace_updates,
        "learning_updates": counts.learning_updates,
        "learning_saturations": counts.learning_saturations,
        "prices": prices,
        "modelled": modelled.json(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn print_learn(learn: &Learn, timing: &Timing, modelled: &(String, Summary)) -> anyhow::Result<()> {
    let Timing { counts, .. } = timing;
    let per_step = |count: u64| count as f64 / counts.steps.max(1) as f64;
    let Learn { pre, post, rule, epoch_steps, .. } = learn;
    out::line(format_args!("learn: {pre} x {post} plastic synapses, dw = {rule}, epochs of {epoch_steps}"))?;
    out::line(format_args!("  {} steps, this host ({})", counts.steps, wide::registers()))?;
    let (low, high) = (timing.us_per_step_min, timing.us_per_step_max);
    out::line(format_args!("  us_per_step       {:>12.3}   ({low:.3} to {high:.3})", timing.us_per_step))?;
    out::line(format_args!("  learning_updates  {:>12.1}   a step", per_step(counts.learning_updates)))?;
    out::line(format_args!("  synaptic_events   {:>12.1}   a step", per_step(counts.synaptic_events)))?;
    print_modelled(modelled)
}

fn json(lif: &Lif, timing: &Timing, (prices, modelled): &(String, Summary)) -> Value {
    let Timing { counts, .. } = timing;
    json!({
        "network": "lif",
        "n": lif.compartments,
        "fan_in": lif.fan_in,
        "rate": lif.rate,
        "seed": lif.seed,
        "steps": counts.steps,
        "cores": timing.cores,
        "registers": wide::registers(),
        "us_per_step": timing.us_per_step,
        "us_per_step_min": timing.us_per_step_min,
        "us_per_step_max": timing.us_per_step_max,
        "events_per_s": timing.events_per_s(),
        "updates_per_s": timing.updates_per_s(),
        "spikes": counts.spikes,
        "input_spikes": counts.input_spikes,
        "axon_events": counts.axon_events,
        "synaptic_events": counts.synaptic_events,
        "beyond_the_chip": timing.beyond_the_chip.map(|unfit| unfit.to_string()),
        "prices": prices,
        "modelled": modelled.json(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn print_table(lif: &Lif, timing: &Timing, modelled: &(String, Summary)) -> anyhow::Result<()> {
    let Timing { counts, .. } = timing;
    let per_step = |count: u64| count as f64 / counts.steps.max(1) as f64;
    out::line(format_args!(
        "lif: {} compartments on {}, {} recurrent synapses each, {} steps, this host ({})",
        lif.compartments,
        plural(timing.cores, "core"),
        lif.fan_in,
        counts.steps,
        wide::registers()
    ))?;
    let (low, high) = (timing.us_per_step_min, timing.us_per_step_max);
    out::line(format_args!("  us_per_step       {:>12.3}   ({low:.3} to {high:.3})", timing.us_per_step))?;
    out::line(format_args!(
        "  events_per_s      {:>12.4e}   {:.1} a step",
        timing.events_per_s(),
        per_step(counts.synaptic_events)
    ))?;
    out::line(format_args!("  updates_per_s     {:>12.4e}", timing.updates_per_s()))?;
    out::line(format_args!("  spikes_per_step   {:>12.2}", per_step(counts.spikes)))?;
    if let Some(unfit) = timing.beyond_the_chip {
        out::line(format_args!("  on a Loihi: {unfit}"))?;
    }
    print_modelled(modelled)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("a chance is between 0 and 1".to_owned()) }
}
