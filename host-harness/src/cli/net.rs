//! `loihi place` and `loihi infer`: networks that others have built or trained.

use super::open::open;
use super::out;
use super::progress::Progress;
use super::run::manifest;
use super::{DeviceArgs, stop};
use crate::data::collection::{self, Item};
use crate::device::recorder::Recorder;
use crate::inference::present::{Coding, Presentation, present};
use crate::inference::{Inference, winner};
use crate::network::{Network, file};
use crate::place::{self, Placed, place};
use crate::record::RunFolder;
use crate::samples::Wanted;
use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How a network is spread over cores.
#[derive(Clone, Debug, Args)]
pub(super) struct PlaceOptions {
    /// Chips of 128 cores
    #[arg(long, value_name = "N", default_value_t = 1)]
    chips: usize,
    /// Let several populations share a core: the fewest cores
    #[arg(long)]
    pack: bool,
    /// Most compartments of a core, 1 to 1024
    #[arg(long, value_name = "N", default_value_t = 1024)]
    per_core: usize,
}

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// A network: a TOML file
    network: PathBuf,
    #[command(flatten)]
    options: PlaceOptions,
}

#[derive(Debug, Args)]
pub(super) struct InferArgs {
    /// A network: a TOML file
    network: PathBuf,
    /// Samples: a folder, a .tar.gz, or a file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// Of IDX files, those whose names begin so
    #[arg(long, value_name = "PREFIX", default_value = "test")]
    split: String,
    /// How values become spikes
    #[arg(long, value_enum)]
    coding: Option<Coding>,
    /// Smallest change that --coding delta tells
    #[arg(long, value_name = "N", default_value_t = 8)]
    threshold: u8,
    /// Steps of a sample [default: the network's own]
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Duration of a step in microseconds, for events
    #[arg(long, value_name = "US", default_value_t = 1000)]
    step_us: u64,
    /// Only the first samples, so many
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// Seed of --coding rate
    #[arg(long, default_value_t = 0)]
    seed: u32,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    options: PlaceOptions,
    /// Record the run in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
    /// Print the answer to every sample
    #[arg(long)]
    each: bool,
    /// Print the result as one JSON object, on the last line
    #[arg(long)]
    json: bool,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    network: &'a str,
    device: &'a str,
    cores: usize,
    samples: usize,
    labelled: usize,
    right: usize,
    accuracy: Option<f64>,
    steps: u64,
    spikes: u64,
    synaptic_events: u64,
    seconds: f64,
    digest: String,
}

impl PlaceOptions {
    fn options(&self) -> place::Options {
        place::Options { chips: self.chips, pack: self.pack, compartments_per_core: self.per_core }
    }
}

/// The network of a file.
fn read(path: &Path) -> anyhow::Result<Network> {
    Ok(file::read(path)?)
}

pub(super) fn place_network(args: &PlaceArgs) -> anyhow::Result<()> {
    let network = read(&args.network)?;
    let placed = place(&network, args.options.options())
        .with_context(|| format!("{} cannot be placed", args.network.display()))?;
    out::line(format_args!("{}", place::table(&network, &placed).trim_end()))?;
    let (neurons, compartments) = (network.neurons(), network.compartments());
    let bytes = placed.image.bytes().len();
    out::line(format_args!(
        "{neurons} neurons, {compartments} compartments on {} cores; an image of {bytes} bytes",
        placed.usage.len()
    ))?;
    Ok(())
}

pub(super) fn infer(args: &InferArgs) -> anyhow::Result<()> {
    let network = read(&args.network)?;
    let mut items = collection::open(&args.data, &args.split)?;
    items.truncate(args.samples.unwrap_or(usize::MAX));
    if network.readout.is_none() {
        bail!("{} says not where the answer is: add `[readout]` with a population", args.network.display());
    }
    let placed = place(&network, args.options.options())
        .with_context(|| format!("{} cannot be placed", args.network.display()))?;
    run(args, &network, &placed, &items)
}

fn run(args: &InferArgs, network: &Network, placed: &Placed, items: &[Item]) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let device = session.device_name().to_owned();
    let mut folder = args.out.as_deref().map(RunFolder::create).transpose()?;
    let mut manifest = manifest(&network.name, &session, args.seed);
    if let Some(folder) = &folder {
        manifest.image_hash = format!("{:016x}", placed.image.hash());
        folder.manifest(&manifest)?;
        folder.utilisation(&placed.image.open()?)?;
        session.set_recorder(Some(args.wanted.recorder(folder.path())?));
    }
    let mut inference = Inference::new(&mut session, network, placed)?;
    let presentation = Presentation {
        coding: args.coding,
        steps: args.steps,
        step_us: args.step_us,
        threshold: args.threshold,
        seed: args.seed,
    };
    let progress = Progress::new(args.quiet);
    let begin = Instant::now();
    let (mut labelled, mut right) = (0, 0);
    for (number, item) in (0_u32..).zip(items) {
        if stop::requested() {
            bail!("{number} of {} samples were computed", items.len());
        }
        let stimulus = present(network, item, number, &presentation)?;
        let scores = inference.score(&stimulus)?;
        let answer = winner(&scores).and_then(|class| u32::try_from(class).ok());
        labelled += usize::from(item.label.is_some());
        right += usize::from(item.label.is_some() && item.label == answer);
        if args.each {
            let label = item.label.map_or_else(|| "?".to_owned(), |label| label.to_string());
            let answer = answer.map_or_else(|| "?".to_owned(), |answer| answer.to_string());
            out::line(format_args!("{}: class {label}, answer {answer}, scores {scores:?}", item.name))?;
        }
        if let Some(folder) = &mut folder {
            let text = |value: Option<u32>| value.map_or_else(String::new, |value| value.to_string());
            let mut columns =
                vec![("sample", number.to_string()), ("label", text(item.label)), ("answer", text(answer))];
            columns.push(("accuracy", share(right, labelled).map_or_else(String::new, |share| share.to_string())));
            folder.metrics(&columns)?;
        }
        progress.show(u64::from(number) + 1, items.len() as u64, "");
    }
    progress.finish();
    let seconds = begin.elapsed().as_secs_f64();
    let (ops, digest) = (inference.session().ops()?, inference.session().digest()?);
    if let Some(folder) = &folder {
        inference.session().take_recorder().map_or(Ok(()), Recorder::finish)?;
        folder.ops(&ops)?;
        (manifest.steps, manifest.digest) = (ops.steps, format!("{:016x}", digest.total()));
        manifest.finished = true;
        folder.manifest(&manifest)?;
    }
    let accuracy = share(right, labelled);
    let report = Report {
        network: &network.name,
        device: &device,
        cores: placed.usage.len(),
        samples: items.len(),
        labelled,
        right,
        accuracy,
        steps: ops.steps,
        spikes: ops.spikes,
        synaptic_events: ops.synaptic_events,
        seconds,
        digest: format!("{:016x}", digest.total()),
    };
    print(&report, args.json)
}

/// How many of the labelled samples were right.
fn share(right: usize, labelled: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    (labelled > 0).then(|| right as f64 / labelled as f64)
}

fn print(report: &Report<'_>, json: bool) -> anyhow::Result<()> {
    if json {
        out::line(format_args!("{}", serde_json::to_string(report).context("the result cannot be written as JSON")?))?;
        return Ok(());
    }
    out::line(format_args!("{} on {}, {} cores", report.network, report.device, report.cores))?;
    if let Some(accuracy) = report.accuracy {
        let (right, labelled) = (report.right, report.labelled);
        out::line(format_args!("  accuracy         {:.2} % ({right} of {labelled})", 100.0 * accuracy))?;
    }
    out::line(format_args!("  samples          {}", report.samples))?;
    out::line(format_args!("  steps            {}", report.steps))?;
    out::line(format_args!("  spikes           {}", report.spikes))?;
    out::line(format_args!("  synaptic events  {}", report.synaptic_events))?;
    out::line(format_args!("  seconds          {:.2}", report.seconds))?;
    out::line(format_args!("  digest           {}", report.digest))?;
    Ok(())
}
