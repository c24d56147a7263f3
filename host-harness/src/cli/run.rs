//! `loihi run`: an experiment or a network on a device, shown, recorded and reported. `loihi list`.

use super::follow::{Show, follow};
use super::out;
use super::recorded::RecordArgs;
use super::recorded::{FolderArgs, Run, SCHEMA, Start, print_finished};
use super::{stop, tables, tested};
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::boards::Counts;
use host_harness::data::{DataOptions, Scale, open};
use host_harness::device::TRANSPORTS;
use host_harness::device::session::{Session, TICKS};
use host_harness::device::transport::Transport;
use host_harness::experiment::{EXPERIMENTS, Outcome, RunOptions, figure, image_of};
use host_harness::network::file::EVERY_KEY;
use host_harness::plant::{PlantType, plants};
use host_harness::probe::{Meaning, meaning, registers};
use host_harness::record::Learned;
use host_harness::task::settings::TaskForm;
use loihi_args::args::TaskArgs;
use loihi_args::choice::one_or_more;
use loihi_args::open::DeviceArgs;
use loihi_args::open::{check_options, open_with, with_arena};
use loihi_args::task::{self, Subject};
use loihi_args::what::find;
use loihi_files::plural::plural;
use loihi_snip::KINDS;
use loihi_terminal::table::{aligned, entry, print_aligned};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// An experiment (`loihi list` shows them), or a network file (`loihi list --network` prints one), which learns, or is
    /// tested on the samples of --data
    #[arg(value_name = "NAME|NET.toml")]
    what: String,
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Put the network into the flash of the board that QEMU emulates: it runs there, and RAM holds its state alone (on
    /// hardware, write the file of `loihi image` there)
    #[arg(long)]
    flash: bool,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    record: RecordArgs,
    /// Start from what another run has learned (its folder, or the file learned.bin)
    #[arg(long, value_name = "FILE")]
    learned: Option<PathBuf>,
    /// Samples of a network that is only tested, at a time, each on a chip of its own in this process: the same answers and
    /// digests for every number [default: one for each processor, 1 where a sample depends on the one before]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Print the answer to every sample that a network is tested on
    #[arg(long)]
    each: bool,
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    experiment: &'a str,
    device: &'a str,
    board: &'a str,
    seed: u32,
    steps: u64,
    metrics: BTreeMap<&'a str, f64>,
    /// The numbers of samples that became 0 and 255, if they were scaled.
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<[f64; 2]>,
    ops: loihi_core::ops::OpCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
    /// On hardware that counts these.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<u64>,
    /// On a device that counts something else, or nobody knows what.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticks: Option<u64>,
    digest: String,
    digests: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<&'a str, &'a [Vec<f64>]>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command, of which one is given")]
pub(super) struct ListArgs {
    /// Print the parameters of this experiment, to be copied into a file and changed
    experiment: Option<String>,
    /// Show the registers that --probe can sample
    #[arg(long, conflicts_with = "experiment")]
    registers: bool,
    /// Print a network file with every key, its meaning, range and default, to be copied and changed
    #[arg(long, conflicts_with_all = ["experiment", "registers"])]
    network: bool,
    /// Show the devices that --device takes
    #[arg(long, conflicts_with_all = ["experiment", "registers", "network"])]
    devices: bool,
    /// Print every kind of program that a `[[snip]]` table of a network file can name, with all its keys and defaults
    #[arg(long, conflicts_with_all = ["experiment", "registers", "network", "devices"])]
    snips: bool,
    /// Print the plants that experiments of control take, each as a table to be copied and changed
    #[arg(long, conflicts_with_all = ["experiment", "registers", "network", "devices", "snips"])]
    plants: bool,
}

pub(super) fn list(args: &ListArgs) -> anyhow::Result<()> {
    if args.registers {
        // The longest is last, where a narrow terminal breaks it in its place.
        let (mut lines, mut rows) = (vec![["register", "unit", "a word for every"]], Vec::new());
        for register in registers() {
            let Meaning { per, unit, .. } = meaning(register);
            lines.push([register.name(), unit, per]);
            rows.push(json!({ "register": register.name(), "per": per, "unit": unit }));
        }
        print_aligned(&aligned(&lines))?;
        return out::result("loihi-registers/1", &json!({ "registers": rows }));
    }
    if args.network {
        out::line(format_args!("{}", EVERY_KEY.trim_end()))?;
        return out::result("loihi-every-key/1", &json!({ "text": EVERY_KEY }));
    }
    if args.devices {
        let mut rows = Vec::new();
        for Transport { name, about, arguments, .. } in TRANSPORTS {
            rows.push(json!({ "device": name, "summary": about, "arguments": arguments }));
            entry(name, 7, about)?;
            if !arguments.is_empty() {
                entry("", 7, &format!("{name}:…: {arguments}"))?;
            }
        }
        return out::result("loihi-devices/1", &json!({ "devices": rows }));
    }
    if args.snips {
        return list_snips();
    }
    if args.plants {
        let mut rows = Vec::new();
        for PlantType { name, about, parameters, .. } in plants() {
            let between = if rows.is_empty() { "" } else { "\n" };
            let table = format!("[plant]\nplant = \"{name}\"\n{parameters}");
            out::line(format_args!("{between}# {about}\n{}", table.trim_end()))?;
            rows.push(json!({ "plant": name, "summary": about, "text": table }));
        }
        return out::result("loihi-plants/1", &json!({ "plants": rows }));
    }
    if let Some(name) = &args.experiment {
        let text = find(name)?.text;
        out::line(format_args!("{}", text.trim_end()))?;
        return out::result("loihi-parameters/1", &json!({ "experiment": name, "text": text }));
    }
    let mut rows = Vec::new();
    for experiment in EXPERIMENTS {
        let (name, summary) = (experiment.name, experiment.about);
        entry(name, 19, summary)?;
        rows.push(json!({ "experiment": name, "summary": summary }));
    }
    out::result("loihi-list/1", &json!({ "experiments": rows }))
}

/// Tables to be copied into a network file, each after what it does.
fn list_snips() -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for kind in KINDS {
        let (name, summary, text) = (kind.name, kind.about, kind.example());
        let gap = if rows.is_empty() { "" } else { "\n" };
        out::line(format_args!("{gap}# {name}: {summary}.\n{}", text.trim_end()))?;
        rows.push(json!({ "kind": name, "summary": summary, "text": text }));
    }
    out::result("loihi-snips/1", &json!({ "snips": rows }))
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<()> {
    if args.learned.is_none() {
        args.task.check_epochs()?;
    }
    let learned = args.learned.as_deref().map(Learned::read).transpose().context("--learned cannot be used")?;
    let task = TaskArgs { scale: learned.as_ref().and_then(|learned| learned.scale), ..args.task.clone() };
    let mut subject = task::only(&task, &args.what)?;
    match (&mut subject, args.jobs) {
        (Subject::Network(trained), jobs) => trained.jobs = jobs,
        (Subject::Learner(_), Some(_)) => {
            bail!("--jobs is for networks that are only tested: samples that are learned follow each other")
        }
        (Subject::Learner(_), None) => {}
    }
    if args.each && !matches!(subject, Subject::Network(_)) {
        bail!(
            "--each does not work with networks that learn, also where --epochs 0 only tests them: leave it out, the table of \
             confusion counts their answers"
        );
    }
    check_options(&args.device, args.flash)?;
    let recording = args.record.recording().with(subject.probes());
    let mut options = args.task.options();
    if let Subject::Learner(learner) = &subject
        && let TaskForm { data: None, stages, .. } = &learner.settings().task
        && stages.is_empty()
        && options.epochs == Some(0)
    {
        // Nothing is learned: the test set is all that is shown.
        options.data = options.data.or_else(|| args.task.learn.test.clone());
    }
    let (name, asked) = (subject.name(), subject.asked(&options));
    let run = Run { name, seed: options.seed, asked: &asked, learned: learned.as_ref() };
    let (recorded, resume) = match args.folder.start(&run, &recording.probes())? {
        Start::Unrecorded => (None, None),
        Start::Run(recorded, checkpoint) => (Some(recorded), checkpoint.map(|checkpoint| *checkpoint)),
        Start::Finished(manifest) => return print_finished(SCHEMA, &manifest, args.folder.path()),
    };
    let flash = args.flash.then(|| image_of(subject.task(), &options, stop::requested)).transpose()?;
    let mut session = open_with(&args.device, flash)?;
    let options = RunOptions { learned, resume, ..options };
    let (about, dt_us) = (subject.about(), subject.dt_us());
    let show = Show { name, about, asked: &asked, dt_us, recording: &recording, each: args.each };
    let start = Instant::now();
    let outcome = follow(subject.task(), &mut session, &options, show, recorded);
    let outcome = outcome.map_err(|error| with_arena(&args.device, error))?;
    match &subject {
        Subject::Network(trained) => {
            tested::print_result(trained, &outcome, session.device_name(), start.elapsed().as_secs_f64())
        }
        Subject::Learner(learner) => {
            let of_file = learner.settings().task.test.is_none() && args.task.learn.test.is_none();
            if of_file && let Some(said) = tested_part(&options, &outcome) {
                out::complain(&said);
            }
            print_summary(name, &session, options.seed, &outcome)
        }
    }
}

/// How much of the given data was tested, if nothing was learned from the rest and the data do not say themselves what
/// their test set is.
fn tested_part(options: &RunOptions, outcome: &Outcome) -> Option<String> {
    let only_tests = options.epochs == Some(0) && !options.validate && outcome.untested.is_none();
    let data = options.data.as_ref().filter(|_| only_tests)?;
    let is_whole = open(data, &DataOptions::default()).is_ok_and(|data| data.splits().is_empty());
    let (samples, shown) = (usize::try_from(outcome.samples?).ok()?, data.display());
    is_whole.then(|| {
        let tested = plural(samples, "sample");
        format!("tested {tested} of the fifth of {shown} that is kept for tests: give --test {shown}, without --train, to test all")
    })
}

fn report<'a>(name: &'a str, session: &'a Session, seed: u32, outcome: &'a Outcome) -> Report<'a> {
    let counted = |unit| outcome.instructions.filter(|_| session.counted_unit() == unit);
    Report {
        experiment: name,
        device: session.device_name(),
        board: &session.identity().board,
        seed,
        steps: outcome.steps,
        metrics: outcome.metrics.iter().collect(),
        scale: outcome.scale.map(Scale::ends),
        ops: outcome.ops,
        instructions: counted(Counts::Instructions.unit()),
        cycles: counted(Counts::Cycles.unit()),
        ticks: counted(TICKS),
        digest: format!("{:016x}", outcome.digest.total()),
        digests: outcome.digests.iter().map(|digest| format!("{:016x}", digest.total())).collect(),
        tables: outcome.tables.iter().map(|table| (table.name, table.rows.as_slice())).collect(),
    }
}

pub(super) fn print_summary(name: &str, session: &Session, seed: u32, outcome: &Outcome) -> anyhow::Result<()> {
    out::line(format_args!("{} on {} ({}), seed {seed}", name, session.device_name(), session.identity().board))?;
    for (name, value) in outcome.metrics.iter() {
        out::line(format_args!("  {name:<22} {}", figure(name, value)))?;
    }
    if let Some(untested) = outcome.untested {
        out::line(format_args!("  {untested:<22} none: there is nothing to test on, --test gives some"))?;
    }
    if let Some(scale) = outcome.scale {
        out::line(format_args!("  {:<22} {scale}", "scale of values"))?;
    }
    tables::print(&outcome.tables)?;
    out::line(format_args!("  {:<22} {}", "steps", outcome.steps))?;
    if let Some(instructions) = outcome.instructions {
        out::line(format_args!("  {:<22} {instructions}", session.counted_unit()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use host_harness::device::inproc::InProcess;
    use host_harness::device::session::RetryPolicy;
    use host_harness::experiment::{NoObserver, Task as _};
    use host_harness::learn::Learner;
    use loihi_core::wire::message::{Request, Response};
    use loihi_testkit::altered::Altered;
    use std::path::Path;

    #[test]
    fn what_an_unknown_board_counts_is_in_the_result() {
        // It counts, and the host does not know it.
        let alter = |_: &Request<'_>, response: &mut Response<'_>| {
            if let Response::Ran { instructions, .. } | Response::Streamed { instructions, .. } = response {
                *instructions = Some(7);
            }
        };
        let device = Altered { inner: InProcess::default(), alter };
        let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false).unwrap();
        let learner = Learner::parse(find("digits-pes").unwrap().text, Path::new("digits-pes.toml")).unwrap();
        let options = RunOptions { epochs: Some(1), samples: Some(2), ..RunOptions::default() };
        let outcome = learner.run(&mut session, &options, &mut NoObserver).unwrap();
        let report = serde_json::to_value(report("digits-pes", &session, 0, &outcome)).unwrap();
        assert!(report["ticks"].as_u64().is_some_and(|ticks| ticks >= 7), "{report}");
        assert_eq!((report.get("instructions"), report.get("cycles")), (None, None));
    }
}
