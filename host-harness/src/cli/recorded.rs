//! `--out` and `--resume`: the folder in which a run is recorded, and whether it starts there or resumes.

use super::out;
use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use host_harness::experiment::figure;
use host_harness::probe::Probe;
use host_harness::record::checkpoint::Checkpoint;
use host_harness::record::{Learned, Manifest, RecordError, Resumed, RunFolder};
use host_harness::samples::RecordingOptions;
use loihi_args::choice::whole;
use loihi_core::image::VERSION as IMAGE_VERSION;
use loihi_core::wire::message::{SCHEMA as PROTOCOL_SCHEMA, VERSION as PROTOCOL_VERSION};
use serde_json::json;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Form of the result of a run.
pub(super) const SCHEMA: &str = "loihi-run/1";

#[derive(Clone, Debug, Default, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("folder").multiple(true).args(["out", "resume"]))]
pub(super) struct FolderArgs {
    /// Record the run in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Record the run in this folder: start if it is new or empty, resume from the last checkpoint if the same run was
    /// interrupted there, and say so if it has finished
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Time from one checkpoint to the next in milliseconds
    #[arg(long, value_name = "N", default_value_t = 2000, requires = "folder", value_parser = whole::<u64>(0..=4_294_967_295))]
    checkpoint_ms: u64,
}

/// What is recorded besides metrics.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct RecordArgs {
    /// Sample a register: [POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N (`loihi list --registers`); needs --out or --resume
    #[arg(long = "probe", value_name = "PROBE", requires = "folder")]
    probes: Vec<Probe>,
    /// Record every spike, as --probe spikes does; needs --out or --resume
    #[arg(long, requires = "folder")]
    spikes: bool,
}

impl RecordArgs {
    /// The same, for a recorder.
    pub(super) fn recording(&self) -> RecordingOptions {
        RecordingOptions { probes: self.probes.clone(), spikes: self.spikes }
    }
}

/// A run folder that was taken up.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) folder: RunFolder,
    /// The manifest in the folder, if the run resumes.
    pub(super) manifest: Option<Box<Manifest>>,
    /// Time from one checkpoint to the next.
    pub(super) checkpoint_every: Duration,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Start {
    /// Run without a folder.
    Unrecorded,
    /// Run, from the checkpoint if there is one.
    Run(Recorded, Option<Box<Checkpoint>>),
    /// Nothing: the run was at its end before.
    Finished(Box<Manifest>),
}

/// What makes a run the same run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    /// The experiment or the network.
    pub(super) name: &'a str,
    /// Seed for all random numbers.
    pub(super) seed: u32,
    /// [`Manifest::asked`].
    pub(super) asked: &'a str,
    /// What it starts from, if another run has learned that.
    pub(super) learned: Option<&'a Learned>,
}

impl FolderArgs {
    /// Takes up the folder for a run that samples these probes.
    pub(super) fn start(&self, run: &Run<'_>, probes: &[Probe]) -> anyhow::Result<Start> {
        let checkpoint_every = Duration::from_millis(self.checkpoint_ms);
        let begins = |folder| Ok(Start::Run(Recorded { folder, manifest: None, checkpoint_every }, None));
        let path = match (&self.out, &self.resume) {
            (None, None) => return Ok(Start::Unrecorded),
            (Some(out), None) => return begins(RunFolder::create(out)?),
            (None, Some(resume)) => resume,
            (Some(out), Some(resume)) if is_same(out, resume) => resume,
            (Some(_), Some(resume)) => {
                bail!("a run resumes in its own folder: give --resume {} without --out", resume.display())
            }
        };
        match RunFolder::resume(path).context("--resume cannot be used")? {
            Resumed::Begins(folder) => begins(folder),
            Resumed::BeginsAgain(folder, manifest) => {
                // What another run has recorded is not removed.
                if let Some(manifest) = manifest.filter(|_| folder.has_records()) {
                    is_of(path, &manifest, run)?;
                    same(path, "settings", &manifest.asked, run.asked)?;
                }
                folder.clear()?;
                begins(folder)
            }
            Resumed::GoesOn(folder, checkpoint, manifest) => {
                let probes: Vec<String> = probes.iter().map(ToString::to_string).collect();
                is_of(path, &manifest, run)?;
                // Before anything is written: a run that is refused leaves the folder as it was.
                same(path, "settings", &manifest.asked, run.asked)?;
                same(path, "the probes", &listed(&manifest.probes), &listed(&probes))?;
                let recorded = Recorded { folder, manifest: Some(manifest), checkpoint_every };
                Ok(Start::Run(recorded, Some(checkpoint)))
            }
            Resumed::Finished(manifest) => {
                is_of(path, &manifest, run)?;
                same(path, "settings", &manifest.asked, run.asked)?;
                Ok(Start::Finished(manifest))
            }
        }
    }

    /// The folder, if the run is recorded.
    pub(super) fn path(&self) -> Option<&Path> {
        self.resume.as_deref().or(self.out.as_deref())
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// Whether a folder is of a run of this name and seed that started from the same learned state.
fn is_of(path: &Path, manifest: &Manifest, run: &Run<'_>) -> Result<(), RecordError> {
    same(path, "the name", &manifest.experiment, run.name)?;
    same(path, "seed", &manifest.seed.to_string(), &run.seed.to_string())?;
    let shown = |hash: &str| if hash.is_empty() { "none".to_owned() } else { hash.to_owned() };
    same(path, "--learned", &shown(&manifest.learned), &shown(&name_of(run.learned)))
}

/// Learned state as a manifest names it.
pub(super) fn name_of(learned: Option<&Learned>) -> String {
    learned.map_or_else(String::new, |learned| format!("{:016x}", learned.hash()))
}

fn listed(probes: &[String]) -> String {
    if probes.is_empty() { "none".to_owned() } else { probes.join(", ") }
}

/// Whether what a folder says of its run is what is asked for.
fn same(path: &Path, what: &'static str, found: &str, asked: &str) -> Result<(), RecordError> {
    if found == asked {
        return Ok(());
    }
    Err(RecordError::OtherRun { path: path.to_owned(), what, found: found.to_owned(), asked: asked.to_owned() })
}

/// Says what a run has come to that was at its end before, in a result of this form. A training has neither steps nor digest.
pub(super) fn print_finished(schema: &str, manifest: &Manifest, folder: Option<&Path>) -> anyhow::Result<()> {
    let Manifest { experiment, device, board, seed, steps, digest, result, .. } = manifest;
    let folder = folder.unwrap_or(Path::new(".")).display();
    out::line(format_args!("{experiment} in {folder} is finished: nothing was left to do"))?;
    for (name, value) in result {
        out::line(format_args!("  {name:<22} {}", figure(name, *value)))?;
    }
    let mut body = json!({
        "experiment": experiment, "device": device, "board": board, "seed": seed, "metrics": result,
        "finished_before": true,
    });
    if !digest.is_empty() {
        out::line(format_args!("  {:<22} {steps}", "steps"))?;
        out::line(format_args!("  {:<22} {digest}", "digest of all state"))?;
        body["steps"] = json!(steps);
        body["digest"] = json!(digest);
    }
    out::result(schema, &body)
}

/// What every manifest of this process says: the command, and versions.
pub(super) fn manifest() -> Manifest {
    Manifest {
        command: std::env::args_os().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" "),
        commit: option_env!("LOIHI_COMMIT").map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol_version: PROTOCOL_VERSION,
        schema: format!("{PROTOCOL_SCHEMA:016x}"),
        image_version: IMAGE_VERSION,
        ..Manifest::default()
    }
}

/// The command that resumes this process's run: `--resume` instead of `--out`.
pub(super) fn resuming() -> String {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    words_resuming(&words).iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// What a run leaves that is stopped before it has written anything down.
pub(super) fn nothing_yet() -> String {
    format!("nothing was recorded yet, and `{}` begins it again", resuming())
}

fn words_resuming(words: &[String]) -> Vec<String> {
    let resumes = words.iter().any(|word| word == "--resume" || word.starts_with("--resume="));
    let mut resuming = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--out") {
            Some("") if resumes => drop(words.next()),
            Some(folder) if resumes && folder.starts_with('=') => {}
            Some(rest) if rest.is_empty() || rest.starts_with('=') => resuming.push(format!("--resume{rest}")),
            _ => resuming.push(word.clone()),
        }
    }
    resuming
}

/// A word of a command as a POSIX shell takes it; one that no shell can take stays as it is.
pub(super) fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_goes_on_names_the_folder_once() {
        let of = |text: &str| words_resuming(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()).join(" ");
        assert_eq!(of("loihi run x --out a --seed 1"), "loihi run x --resume a --seed 1");
        assert_eq!(of("loihi run x --out=a"), "loihi run x --resume=a");
        assert_eq!(of("loihi run x --resume a --out a --json"), "loihi run x --resume a --json");
        assert_eq!(of("loihi run x --out=a --resume=a"), "loihi run x --resume=a");
        assert_eq!(quoted("v[0..3]@to=9"), "'v[0..3]@to=9'");
    }
}
