//! `loihi bench learn`: plastic synapses from every input to every compartment.

use super::{Timed, modelled, print_modelled, print_us_per_step, rate};
use crate::cli::out;
use crate::cli::progress::shown;
use clap::Args;
use host_harness::bench::clock::Timing;
use host_harness::bench::learn::{Learn, STDP};
use host_harness::cost::summary::Summary;
use host_harness::device::wide;
use loihi_args::choice::whole;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct LearnArgs {
    /// Inputs
    #[arg(long, default_value_t = 300, value_parser = whole::<u32>(1..=16_384))]
    pre: u32,
    /// Compartments
    #[arg(long, default_value_t = 300, value_parser = whole::<u32>(1..=1024))]
    post: u32,
    /// Rule; y1 is a trace
    #[arg(long, default_value = STDP)]
    rule: String,
    /// Chance that an input, or a compartment, spikes in a step, 0 to 1
    #[arg(long, default_value_t = 0.05, value_parser = rate)]
    rate: f64,
    /// Steps per epoch
    #[arg(long, default_value_t = 1, value_parser = whole::<u32>(1..=64))]
    epoch: u32,
    /// y1 is not a trace: the embedded CPU writes it before each epoch
    #[arg(long)]
    third_factor: bool,
    #[command(flatten)]
    timed: Timed,
}

pub(super) fn learn(args: &LearnArgs) -> anyhow::Result<()> {
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
    print_us_per_step(timing)?;
    out::line(format_args!("  learning_updates  {:>12.1}   a step", per_step(counts.learning_updates)))?;
    out::line(format_args!("  synaptic_events   {:>12.1}   a step", per_step(counts.synaptic_events)))?;
    print_modelled(modelled)
}
