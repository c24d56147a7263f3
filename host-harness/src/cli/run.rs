//! `loihi run`: an experiment on a device, shown, recorded and reported. `loihi list`.

use super::choice::RecordArgs;
use super::follow::{Show, follow};
use super::open::open;
use super::out;
use super::recorded::{FolderArgs, Start, print_finished};
use super::{DeviceArgs, SampleArgs};
use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use host_harness::device::session::Session;
use host_harness::experiment::{Experiment, Outcome, RunOptions, Task, figure, parameters};
use host_harness::network::file::{EVERY_KEY, describes_network};
use host_harness::probe::{Meaning, meaning, registers};
use host_harness::record::Learned;
use host_harness::whole;
use loihi_core::num::Fnv64;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Name of an experiment (`loihi list` shows them), or a file of parameters (`loihi list NAME` prints one)
    experiment: String,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    sample: SampleArgs,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Start from the learned state of another run (its folder, or the file learned.bin)
    #[arg(long, value_name = "FILE")]
    learned: Option<PathBuf>,
}

/// The form of [`Report`].
pub(super) const SCHEMA: &str = "loihi-run/1";

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    experiment: &'a str,
    device: &'a str,
    board: &'a str,
    seed: u32,
    steps: u64,
    metrics: BTreeMap<&'a str, f64>,
    ops: loihi_core::ops::OpCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
    digest: String,
    digests: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print the parameters of this experiment, to be copied into a file and changed
    experiment: Option<String>,
    /// Show the registers that --probe can sample
    #[arg(long, conflicts_with = "experiment")]
    registers: bool,
    /// Print a network file with every key, its meaning, range and default, to be copied and changed
    #[arg(long, conflicts_with_all = ["experiment", "registers"])]
    network: bool,
}

pub(super) fn list(args: &ListArgs) -> anyhow::Result<()> {
    if args.registers {
        out::line(format_args!("{:<11} {:<50} {}", "register", "a word for every", "unit"))?;
        let mut rows = Vec::new();
        for register in registers() {
            let Meaning { per, unit, .. } = meaning(register);
            out::line(format_args!("{:<11} {per:<50} {unit}", register.name()))?;
            rows.push(json!({ "register": register.name(), "per": per, "unit": unit }));
        }
        return out::result("loihi-registers/1", &json!({ "registers": rows }));
    }
    if args.network {
        out::line(format_args!("{}", EVERY_KEY.trim_end()))?;
        return out::result("loihi-every-key/1", &json!({ "text": EVERY_KEY }));
    }
    if let Some(name) = &args.experiment {
        let text = find(name)?.parameters();
        out::line(format_args!("{}", text.trim_end()))?;
        return out::result("loihi-parameters/1", &json!({ "experiment": name, "text": text }));
    }
    let mut rows = Vec::new();
    for experiment in Experiment::ALL {
        let (name, summary) = (experiment.name(), experiment.summary());
        out::line(format_args!("{name:<19} {summary}"))?;
        rows.push(json!({ "experiment": name, "summary": summary }));
    }
    out::result("loihi-list/1", &json!({ "experiments": rows }))
}

/// The experiment of a name, or of a file of parameters.
pub(super) fn choose(name: &str) -> anyhow::Result<(Experiment, Box<dyn Task>)> {
    let is_file = Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if !is_file {
        let experiment = find(name)?;
        return Ok((experiment, experiment.task(experiment.parameters())?));
    }
    let text = whole::text(Path::new(name)).with_context(|| format!("{name} cannot be read"))?;
    if describes_network(&text) {
        bail!(
            "{name} is a network: `loihi infer {name} --data SAMPLES` runs it, `loihi table {name}@SAMPLES` says what it costs"
        );
    }
    let invalid = || format!("{name} is not a file of parameters (`loihi list NAME` prints one)");
    let experiment = find(&parameters::experiment(&text).with_context(invalid)?)?;
    Ok((experiment, experiment.task(&text).with_context(invalid)?))
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<()> {
    let (experiment, task) = choose(&args.experiment)?;
    let learned = args.learned.as_deref().map(Learned::read).transpose().context("--learned cannot be used")?;
    let (name, recording) = (experiment.name(), args.record.recording());
    let probes = recording.probes();
    let sample = args.sample.options();
    let parameters = if Experiment::from_name(&args.experiment).is_some() {
        experiment.parameters().to_owned()
    } else {
        whole::text(Path::new(&args.experiment)).with_context(|| format!("{} cannot be read", args.experiment))?
    };
    let mut hash = Fnv64::new();
    hash.bytes(parameters.as_bytes());
    let count = |count: Option<String>| count.unwrap_or_else(|| "default".to_owned());
    let asked = format!(
        "(parameters {:016x}, epochs {}, samples {})",
        hash.finish(),
        count(sample.epochs.map(|epochs| epochs.to_string())),
        count(sample.samples.map(|samples| samples.to_string()))
    );
    let (recorded, resume) = match args.folder.start(name, args.sample.seed, &probes, &asked)? {
        Start::Unrecorded => (None, None),
        Start::Run(recorded, checkpoint) => (Some(recorded), checkpoint.map(|checkpoint| *checkpoint)),
        Start::Finished(manifest) => return print_finished(&manifest, args.folder.path()),
    };
    let mut session = open(&args.device)?;
    let options = RunOptions { learned, resume, ..sample };
    let show = Show { name, about: "", asked: &asked, dt_us: 1000, recording: &recording, each: false };
    let outcome = follow(&*task, &mut session, &options, show, recorded)?;
    print_summary(experiment.name(), &session, args.sample.seed, &outcome)
}

fn find(name: &str) -> anyhow::Result<Experiment> {
    Experiment::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Experiment::ALL.iter().map(|experiment| experiment.name()).collect();
        anyhow!("there is no experiment `{name}`; there are {}", names.join(", "))
    })
}

fn report<'a>(name: &'a str, session: &'a Session, seed: u32, outcome: &Outcome) -> Report<'a> {
    Report {
        experiment: name,
        device: session.device_name(),
        board: &session.identity().board,
        seed,
        steps: outcome.steps,
        metrics: outcome.metrics.iter().copied().collect(),
        ops: outcome.ops,
        instructions: outcome.instructions,
        digest: format!("{:016x}", outcome.digest.total()),
        digests: outcome.digests.iter().map(|digest| format!("{:016x}", digest.total())).collect(),
    }
}

pub(super) fn print_summary(name: &str, session: &Session, seed: u32, outcome: &Outcome) -> anyhow::Result<()> {
    out::line(format_args!("{} on {} ({}), seed {seed}", name, session.device_name(), session.identity().board))?;
    for (name, value) in &outcome.metrics {
        out::line(format_args!("  {name:<22} {}", figure(name, *value)))?;
    }
    out::line(format_args!("  {:<22} {}", "steps", outcome.steps))?;
    if let Some(instructions) = outcome.instructions {
        out::line(format_args!("  {:<22} {instructions}", "instructions"))?;
    }
    out::line(format_args!("  {:<22} {}", "spikes", outcome.ops.spikes))?;
    out::line(format_args!("  {:<22} {}", "synaptic events", outcome.ops.synaptic_events))?;
    for (name, count) in [
        ("decoder updates", outcome.ops.decoder_updates),
        ("weight updates", outcome.ops.rule_updates),
        ("weight updates, core", outcome.ops.learning_updates),
        ("third factors", outcome.ops.factor_writes),
    ] {
        if count > 0 {
            out::line(format_args!("  {name:<22} {count}"))?;
        }
    }
    if outcome.ops.decoder_saturations > 0 {
        out::line(format_args!(
            "  {:<22} {}: the learning rate is too high",
            "decoder saturations", outcome.ops.decoder_saturations
        ))?;
    }
    out::line(format_args!("  {:<22} {:016x}", "digest of all state", outcome.digest.total()))?;
    out::result(SCHEMA, &report(name, session, seed, outcome))
}
