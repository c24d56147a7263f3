//! `loihi place` and `loihi infer`: networks that others have built or trained.

use super::DeviceArgs;
use super::choice::RecordArgs;
use super::choice::choice;
use super::follow::{Show, follow};
use super::open::open;
use super::out;
use super::progress::shown;
use super::recorded::{FolderArgs, Start, print_finished};
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::Choice as _;
use host_harness::data::collection;
use host_harness::experiment::trained::Trained;
use host_harness::experiment::{Outcome, RunOptions};
use host_harness::inference::present::{Coding, Presentation, Time, check_labels, input_of};
use host_harness::inference::span::Beyond;
use host_harness::network::{Network, file};
use host_harness::place::{self, place_shown};
use host_harness::record::Learned;
use loihi_files::plural::plural;
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// File-name prefix of the test set in IDX files.
const TEST: &str = "test";
/// Threshold of [`Coding::Delta`], out of 255.
const DELTA_THRESHOLD: u8 = 8;

/// How a network is spread over cores.
#[derive(Clone, Debug, Args)]
pub(super) struct PlaceOptions {
    /// Chips of 128 cores
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    chips: u16,
    /// Let several populations share a core: the fewest cores
    #[arg(long)]
    pack: bool,
    /// Most compartments of a core, 1 to 1024
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..=1024))]
    per_core: u16,
}

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// A network: a TOML file
    network: PathBuf,
    #[command(flatten)]
    options: PlaceOptions,
}

/// Which samples a network is shown, and how.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowingArgs {
    /// File-name prefix of the IDX split to use
    #[arg(long, value_name = "PREFIX", default_value = TEST)]
    pub(super) split: String,
    /// The input to which samples are shown [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(super) input: Option<String>,
    /// How values become spikes
    #[arg(long, value_parser = choice::<Coding>())]
    pub(super) coding: Option<Coding>,
    /// Threshold of delta coding
    #[arg(long, value_name = "N", default_value_t = DELTA_THRESHOLD)]
    pub(super) threshold: u8,
    /// Steps of a sample [default: the network's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) steps: Option<u32>,
    /// Duration of a step in microseconds, for events [default: the network's own, else 1000]
    #[arg(long, value_name = "US", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) step_us: Option<u64>,
    /// Where the time of recordings begins
    #[arg(long, value_parser = choice::<Time>(), default_value = Time::default().name())]
    pub(super) time: Time,
    /// Use only the first N samples
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<NonZeroUsize>,
    /// Seed of --coding rate
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u32,
}

#[derive(Debug, Args)]
pub(super) struct InferArgs {
    /// A network: a TOML file
    network: PathBuf,
    /// Samples: a folder, a .tar.gz, a file, or the name of a data set; of several inputs NAME=PATH for each
    #[arg(long, value_name = "[NAME=]PATH", required = true)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    showing: ShowingArgs,
    /// Start from the learned state of another run (its folder, or the file learned.bin)
    #[arg(long, value_name = "FILE")]
    learned: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    options: PlaceOptions,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Print the answer to every sample
    #[arg(long)]
    each: bool,
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
    fn options(&self) -> place::PlacementOptions {
        place::PlacementOptions::default()
            .chips(self.chips.into())
            .pack(self.pack)
            .compartments_per_core(self.per_core.into())
    }
}

/// The network of a file.
fn read(path: &Path) -> anyhow::Result<Network> {
    Ok(file::read(path)?)
}

impl Default for ShowingArgs {
    fn default() -> Self {
        Self {
            split: TEST.to_owned(),
            input: None,
            coding: None,
            threshold: DELTA_THRESHOLD,
            steps: None,
            step_us: None,
            time: Time::default(),
            samples: None,
            seed: 0,
        }
    }
}

pub(super) fn place_network(args: &PlaceArgs) -> anyhow::Result<()> {
    let network = read(&args.network)?;
    let placed = shown("placing", |after| place_shown(&network, args.options.options(), after))
        .with_context(|| format!("{} cannot be placed", args.network.display()))?;
    out::line(format_args!("{}", place::table(&network, &placed).trim_end()))?;
    let (neurons, compartments) = (network.neurons(), network.compartments());
    let bytes = placed.image.bytes().len();
    out::line(format_args!(
        "{neurons} neurons, {compartments} compartments on {}; an image of {bytes} bytes",
        plural(placed.usage.len(), "core")
    ))?;
    Ok(())
}

/// The samples of each input, by its place: of the only one, of the one that was named, or `NAME=PATH` for all.
fn fed(network: &Network, data: &[PathBuf], named: Option<&str>) -> anyhow::Result<Vec<(usize, PathBuf)>> {
    let split = |path: &PathBuf| {
        let (name, path) = path.to_str()?.split_once('=')?;
        Some((network.inputs.iter().position(|input| input.name == name)?, PathBuf::from(path)))
    };
    let mut fed = match data {
        [only] if split(only).is_none() => vec![(input_of(network, named)?, only.clone())],
        _ => {
            let each: Option<Vec<_>> = data.iter().map(split).collect();
            each.filter(|_| named.is_none()).context("give --data NAME=PATH for each input, without --input")?
        }
    };
    fed.sort_by_key(|(input, _)| *input);
    for (at, input) in network.inputs.iter().enumerate() {
        match fed.iter().filter(|(own, _)| *own == at).count() {
            0 => bail!("the input `{}` has no samples: give each input its own, --data NAME=PATH", input.name),
            1 => {}
            _ => bail!("the input `{}` has samples twice: give each input its own, --data NAME=PATH", input.name),
        }
    }
    Ok(fed)
}

/// A network of a file, placed, with samples.
pub(super) fn trained(
    network: &Path,
    data: &[PathBuf],
    showing: &ShowingArgs,
    options: place::PlacementOptions,
) -> anyhow::Result<Trained> {
    let read = read(network)?;
    let fed = fed(&read, data, showing.input.as_deref()).with_context(|| network.display().to_string())?;
    let most = showing.samples.map_or(usize::MAX, NonZeroUsize::get);
    let step_us = showing.step_us.or(Some(read.dt_us).filter(|dt_us| *dt_us > 0)).unwrap_or(1000);
    let ShowingArgs { coding, steps, time, threshold, seed, .. } = *showing;
    let mut all = Vec::new();
    for (input, data) in fed {
        let mut items = collection::open(&data, &showing.split, most)?;
        items.truncate(most);
        let unfit = || format!("{} does not fit {}", data.display(), network.display());
        check_labels(&read, &items).with_context(unfit)?;
        let presentation = Presentation { input, coding, steps, step_us, time, threshold, seed };
        let beyond = Beyond::of(&read, &items, &presentation).with_context(unfit)?;
        if beyond.any() {
            out::complain(&beyond.to_string());
        }
        all.push((presentation, items));
    }
    // Classes are those of the first input whose samples have any.
    let labelled = all.iter().position(|(_, items)| items.iter().any(|item| item.label.is_some())).unwrap_or(0);
    let (presentation, items) = all.remove(labelled);
    if let Some((other, there)) = all.iter().find(|(_, there)| there.len() != items.len()) {
        let [one, two] = [&presentation, other].map(|shown| &read.inputs[shown.input].name);
        bail!("`{one}` has {} and `{two}` {}: give both the same number", plural(items.len(), "sample"), there.len());
    }
    let placed = shown("placing", |after| place_shown(&read, options, after))
        .with_context(|| format!("{} cannot be placed", network.display()))?;
    Ok(Trained { network: read, placed, items, presentation, also: all })
}

pub(super) fn infer(args: &InferArgs) -> anyhow::Result<()> {
    let task = trained(&args.network, &args.data, &args.showing, args.options.options())?;
    let learned = args.learned.as_deref().map(Learned::read).transpose().context("--learned cannot be used")?;
    let recording = args.record.recording().with(&task.network.probes);
    let (name, dt_us) = (task.network.name.as_str(), task.presentation.step_us);
    let asked = task.asked();
    let (recorded, resume) = match args.folder.start(name, args.showing.seed, &recording.probes(), &asked)? {
        Start::Unrecorded => (None, None),
        Start::Run(recorded, checkpoint) => (Some(recorded), checkpoint.map(|checkpoint| *checkpoint)),
        Start::Finished(manifest) => return print_finished(&manifest, args.folder.path()),
    };
    let mut session = open(&args.device)?;
    let device = session.device_name().to_owned();
    let options = RunOptions { seed: args.showing.seed, learned, resume, ..RunOptions::default() };
    let about = task.network.about.as_str();
    let show = Show { name, about, asked: &asked, dt_us, recording: &recording, each: args.each };
    let start = Instant::now();
    let outcome = follow(&task, &mut session, &options, show, recorded)?;
    let seconds = start.elapsed().as_secs_f64();
    let Outcome { ops, digest, .. } = outcome;
    let metric = |name| outcome.metrics.iter().find(|(metric, _)| *metric == name).map(|(_, value)| *value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of samples")]
    let count = |name| metric(name).unwrap_or(0.0) as usize;
    let report = Report {
        network: &task.network.name,
        device: &device,
        cores: task.placed.usage.len(),
        samples: task.items.len(),
        labelled: count("labelled"),
        right: count("right"),
        accuracy: metric("accuracy"),
        steps: ops.steps,
        spikes: ops.spikes,
        synaptic_events: ops.synaptic_events,
        seconds,
        digest: format!("{:016x}", digest.total()),
    };
    print(&report)
}

fn print(report: &Report<'_>) -> anyhow::Result<()> {
    out::line(format_args!("{} on {}, {}", report.network, report.device, plural(report.cores, "core")))?;
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
    out::result("loihi-infer/1", report)
}
