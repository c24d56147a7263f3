//! The result of a network that was tested on samples.

use super::out;
use host_harness::data::Scale;
use host_harness::experiment::Outcome;
use host_harness::infer::Trained;
use loihi_files::plural::plural;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Report<'a> {
    network: &'a str,
    device: &'a str,
    cores: usize,
    samples: usize,
    labelled: usize,
    right: usize,
    accuracy: Option<f64>,
    /// Whether learning was on, for networks with learning rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    learning: Option<bool>,
    /// The numbers of samples that became 0 and 255, if they were scaled.
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<[f64; 2]>,
    steps: u64,
    spikes: u64,
    synaptic_events: u64,
    seconds: f64,
    digest: String,
}

/// Shows what came of samples.
pub(super) fn print_result(trained: &Trained, outcome: &Outcome, device: &str, seconds: f64) -> anyhow::Result<()> {
    let Outcome { ops, digest, .. } = outcome;
    let metric = |name| outcome.metrics.get(name);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of samples")]
    let count = |name| metric(name).unwrap_or(0.0) as usize;
    let report = Report {
        network: &trained.network.name,
        device,
        cores: trained.placed.usage.len(),
        samples: trained.items.len(),
        labelled: count("labelled"),
        right: count("right"),
        accuracy: metric("accuracy"),
        learning: trained.has_rules().then_some(trained.learn),
        scale: trained.scale.map(Scale::ends),
        steps: ops.steps,
        spikes: ops.spikes,
        synaptic_events: ops.synaptic_events,
        seconds,
        digest: format!("{:016x}", digest.total()),
    };
    print(&report, trained.scale)
}

fn print(report: &Report<'_>, scale: Option<Scale>) -> anyhow::Result<()> {
    out::line(format_args!("{} on {}, {}", report.network, report.device, plural(report.cores, "core")))?;
    let (right, labelled) = (report.right, report.labelled);
    if let Some(accuracy) = report.accuracy {
        out::line(format_args!("  accuracy         {:.2} % ({right} of {labelled})", 100.0 * accuracy))?;
    } else if labelled > 0 {
        out::line(format_args!("  accuracy         none: no sample has an answer"))?;
    }
    if let Some(learning) = report.learning {
        let learning = if learning { "on" } else { "off, weights did not change (--learn lets them)" };
        out::line(format_args!("  learning         {learning}"))?;
    }
    if let Some(scale) = scale {
        out::line(format_args!("  scale of values  {scale}"))?;
    }
    out::line(format_args!("  samples          {}", report.samples))?;
    out::line(format_args!("  steps            {}", report.steps))?;
    out::line(format_args!("  spikes           {}", report.spikes))?;
    out::line(format_args!("  synaptic events  {}", report.synaptic_events))?;
    out::line(format_args!("  seconds          {:.2}", report.seconds))?;
    out::line(format_args!("  digest           {}", report.digest))?;
    out::result("loihi-infer/1", report)
}
