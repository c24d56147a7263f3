//! Shows and records what a run reports: a bar, lines, a run folder.

use super::out;
use super::progress::Progress;
use crate::device::recorder::Recorder;
use crate::device::session::Session;
use crate::experiment::{Answer, Options, Outcome, Row, Running, Task, Watch, figure};
use crate::image::ImageFile;
use crate::record::checkpoint::{Checkpoint, Standing};
use crate::record::{Manifest, RecordError, RunFolder, neurons};
use crate::roster::Roster;
use crate::samples::{Wanted, weights_after};
use anyhow::Context as _;
use loihi_core::image::VERSION as IMAGE_VERSION;
use loihi_core::wire::message::{SCHEMA, VERSION as PROTOCOL_VERSION};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Time between two checkpoints of a run that is recorded.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

/// Most scores of an answer in `metrics.csv`.
const SCORES_MAX: usize = 100;

/// How a run is shown and recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show<'a> {
    /// What it is called in its folder: the experiment or the network.
    pub(super) name: &'a str,
    /// What there is to know of it.
    pub(super) about: &'a str,
    /// Microseconds of a step, for labels.
    pub(super) dt_us: u64,
    /// Its folder, if it is recorded.
    pub(super) out: Option<&'a Path>,
    /// What is sampled into the folder.
    pub(super) wanted: &'a Wanted,
    /// No bar.
    pub(super) quiet: bool,
    /// A line for every answer.
    pub(super) each: bool,
}

/// Runs a task and follows it to its end.
pub(super) fn follow(
    task: &dyn Task,
    session: &mut Session,
    options: &Options,
    show: Show<'_>,
) -> anyhow::Result<Outcome> {
    let folder = show.out.map(RunFolder::create).transpose()?;
    let recorder = folder.as_ref().map(|folder| recorder(folder, show)).transpose();
    let (folder, recorder) = match (folder, recorder) {
        (Some(folder), Err(error)) => {
            folder.discard()?;
            return Err(error);
        }
        (folder, recorder) => (folder, recorder?),
    };
    session.set_recorder(recorder);
    let mut follower = Follower {
        progress: Progress::new(show.quiet),
        each: show.each,
        folder,
        manifest: manifest(show, session, options.seed),
        image_hash: 0,
        checkpoint_at: Instant::now(),
    };
    let outcome = task.run(session, options, &mut follower);
    follower.progress.finish();
    follower.take_logs(session)?;
    let recorder = session.take_recorder();
    let begun = recorder.as_ref().is_some_and(Recorder::has_begun);
    let recorded = recorder.map_or(Ok(()), Recorder::finish);
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let Some(folder) = follower.folder.take() else { return Err(error.into()) };
            if begun {
                let path = folder.path().display().to_string();
                return Err(error).with_context(|| {
                    format!("the run did not come to its end; what was recorded so far is in {path}")
                });
            }
            // Of a run that has not begun there is nothing to keep.
            folder.discard()?;
            return Err(error.into());
        }
    };
    recorded?;
    if let Some(folder) = &follower.folder {
        weights_after(folder.path(), &session.weights()?)?;
    }
    follower.conclude(&outcome)?;
    Ok(outcome)
}

/// What samples into a folder, after the files that are there from the begin.
fn recorder(folder: &RunFolder, show: Show<'_>) -> anyhow::Result<Recorder> {
    folder.about(show.about)?;
    Ok(show.wanted.recorder(folder.path(), show.dt_us)?)
}

#[expect(clippy::cast_precision_loss, reason = "a step is far shorter than 2^52 microseconds")]
fn manifest(show: Show<'_>, session: &Session, seed: u32) -> Manifest {
    Manifest {
        experiment: show.name.to_owned(),
        device: session.device_name().to_owned(),
        board: session.identity().board.clone(),
        seed,
        dt_ms: show.dt_us as f64 / 1000.0,
        command: std::env::args_os().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" "),
        probes: show.wanted.probes().iter().map(ToString::to_string).collect(),
        commit: commit(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol_version: PROTOCOL_VERSION,
        schema: format!("{SCHEMA:016x}"),
        image_version: IMAGE_VERSION,
        image_hash: String::new(),
        steps: 0,
        digest: String::new(),
        finished: false,
        result: BTreeMap::new(),
    }
}

/// A word of a command as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The commit of the repository around the working directory.
fn commit() -> Option<String> {
    let git = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    let text = String::from_utf8(git.stdout).ok().filter(|_| git.status.success())?;
    Some(text.trim().to_owned())
}

struct Follower {
    progress: Progress,
    each: bool,
    folder: Option<RunFolder>,
    manifest: Manifest,
    image_hash: u64,
    /// When it was last written down where the run stands.
    checkpoint_at: Instant,
}

impl Follower {
    fn take_logs(&mut self, session: &mut Session) -> Result<(), RecordError> {
        let lines = session.take_logs();
        match &mut self.folder {
            Some(folder) => folder.log(&lines),
            None => Ok(()),
        }
    }

    fn conclude(&mut self, outcome: &Outcome) -> Result<(), RecordError> {
        self.manifest.steps = outcome.steps;
        self.manifest.digest = format!("{:016x}", outcome.digest.total());
        self.manifest.finished = true;
        self.manifest.result = outcome.metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        match &self.folder {
            Some(folder) => folder.ops(&outcome.ops).and_then(|()| folder.manifest(&self.manifest)),
            None => Ok(()),
        }
    }
}

impl Watch for Follower {
    fn image(&mut self, image: &ImageFile, roster: &Roster) -> Result<(), RecordError> {
        self.image_hash = image.hash();
        self.manifest.image_hash = format!("{:016x}", image.hash());
        match &self.folder {
            Some(folder) => {
                if let Ok(image) = image.open() {
                    folder.utilisation(&image)?;
                }
                neurons::write(folder.path(), roster)?;
                folder.manifest(&self.manifest)
            }
            None => Ok(()),
        }
    }

    fn progress(&mut self, running: &Running<'_>) {
        self.progress.show(running.done, running.total, &running.to_string());
    }

    fn row(&mut self, row: &Row) -> Result<(), RecordError> {
        if row.metrics.iter().any(|(name, _)| name.starts_with("accuracy")) {
            let figures: Vec<String> =
                row.metrics.iter().map(|(name, v)| format!("{name} {}", figure(name, *v))).collect();
            match &row.stage {
                Some(stage) => self.progress.line(&format!("{stage}: {}", figures.join(", "))),
                None => self.progress.line(&format!("pass {}: {}", row.pass, figures.join(", "))),
            }
        }
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let mut columns = vec![("pass", row.pass.to_string())];
        columns.extend(row.stage.as_ref().map(|stage| ("stage", format!("\"{stage}\""))));
        columns.extend(row.metrics.iter().map(|(name, value)| (*name, value.to_string())));
        columns.push(("digest", format!("{:016x}", row.digest)));
        folder.metrics(&columns)
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Result<(), RecordError> {
        if self.each {
            // A reader that has gone is noticed at the end, when the result is printed.
            let _gone = self.progress.aside(|| out::line(format_args!("{answer}, scores {:?}", answer.scores)));
        }
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let text = |value: Option<u32>| value.map_or_else(String::new, |value| value.to_string());
        let accuracy = answer.accuracy().map_or_else(String::new, |share| share.to_string());
        let scores: Vec<String> = answer.scores.iter().take(SCORES_MAX).map(i64::to_string).collect();
        folder.metrics(&[
            ("sample", answer.number.to_string()),
            ("steps", answer.steps.to_string()),
            ("label", text(answer.label)),
            ("answer", text(answer.answer)),
            ("accuracy", accuracy),
            ("scores", scores.join(" ")),
        ])
    }

    fn learned(&mut self, image: &ImageFile, learned: &[u8]) -> Result<(), RecordError> {
        match &self.folder {
            Some(folder) if !learned.is_empty() => folder.learned(image.hash(), learned),
            _ => Ok(()),
        }
    }

    fn wants_checkpoint(&mut self) -> bool {
        self.folder.is_some() && self.checkpoint_at.elapsed() >= CHECKPOINT_EVERY
    }

    fn checkpoint(&mut self, standing: &Standing, state: &[u8]) -> Result<(), RecordError> {
        let checkpoint = Checkpoint { image_hash: self.image_hash, standing: standing.clone(), state: state.to_vec() };
        if let Some(folder) = &self.folder {
            folder.checkpoint(&checkpoint)?;
        }
        self.checkpoint_at = Instant::now();
        Ok(())
    }
}
