//! Shows and records what a run reports: a bar, lines, a run folder.

use super::progress::Progress;
use super::recorded::{self, Recorded, name_of, resuming};
use super::{out, stop};
use anyhow::Context as _;
use host_harness::data::Scale;
use host_harness::device::recorder::{RecordedFile, Recorder};
use host_harness::device::session::Session;
use host_harness::experiment::{Answer, ExperimentError, MetricsRow, Observer, Outcome, RunOptions, Running, Task};
use host_harness::image::ImageFile;
use host_harness::neuron_map::NeuronMap;
use host_harness::record::checkpoint::{Checkpoint, RunPosition};
use host_harness::record::{Manifest, RecordError, RunFolder, neurons};
use host_harness::samples::{RecordingOptions, weights_after};
use host_harness::task::observer::{COLUMN_MAX, column};
use std::time::{Duration, Instant};

/// How a run is shown and recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show<'a> {
    /// What it is called in its folder: the experiment or the network.
    pub(super) name: &'a str,
    /// What there is to know of it.
    pub(super) about: &'a str,
    /// [`Manifest::asked`].
    pub(super) asked: &'a str,
    /// Microseconds of a step, for labels.
    pub(super) dt_us: u64,
    /// What is sampled into the folder.
    pub(super) recording: &'a RecordingOptions,
    /// A line for every answer.
    pub(super) each: bool,
}

/// Runs a task and follows it to its end, into its folder if it has one.
pub(super) fn follow(
    task: &dyn Task,
    session: &mut Session,
    options: &RunOptions,
    show: Show<'_>,
    recorded: Option<Recorded>,
) -> anyhow::Result<Outcome> {
    let mut manifest = manifest(show, session, options);
    let checkpoint_every = recorded.as_ref().map(|recorded| recorded.checkpoint_every);
    let folder = recorded.map(|Recorded { mut folder, manifest: before, .. }| {
        let kept = options.resume.as_ref().map(|resume| resume.files.as_slice());
        if let Some(before) = before {
            manifest.command = before.command;
            manifest.image_hash = before.image_hash;
        }
        session.set_recorder(Some(recorder(&mut folder, show, kept)?));
        folder.manifest(&manifest)?;
        anyhow::Ok(folder)
    });
    let mut follower = Follower {
        progress: Progress::new(),
        each: show.each,
        folder: folder.transpose()?,
        manifest,
        scale: None,
        image_hash: 0,
        neuron_map: NeuronMap::default(),
        checkpoint_every,
        checkpoint_at: Instant::now(),
        is_resumable: options.resume.is_some(),
    };
    follower.tell_last_words();
    let outcome = task.run(session, options, &mut follower);
    follower.progress.finish();
    let outcome = follower.close(session, outcome)?;
    stop::last_words(None);
    Ok(outcome)
}

/// What samples into a folder, after the files that are there from the start.
fn recorder(folder: &mut RunFolder, show: Show<'_>, kept: Option<&[RecordedFile]>) -> anyhow::Result<Recorder> {
    folder.about(show.about)?;
    if let Some(kept) = kept {
        folder.go_on(kept)?;
    }
    Ok(show.recording.recorder(folder.path(), show.dt_us, kept)?)
}

#[expect(clippy::cast_precision_loss, reason = "a step is far shorter than 2^52 microseconds")]
fn manifest(show: Show<'_>, session: &Session, options: &RunOptions) -> Manifest {
    Manifest {
        experiment: show.name.to_owned(),
        device: session.device_name().to_owned(),
        board: session.identity().board.clone(),
        seed: options.seed,
        learned: name_of(options.learned.as_ref()),
        dt_ms: show.dt_us as f64 / 1000.0,
        probes: show.recording.probes().iter().map(ToString::to_string).collect(),
        asked: show.asked.to_owned(),
        ..recorded::manifest()
    }
}

struct Follower {
    progress: Progress,
    each: bool,
    folder: Option<RunFolder>,
    manifest: Manifest,
    /// How numbers of the samples become values, if they are scaled.
    scale: Option<Scale>,
    image_hash: u64,
    /// The populations of that image.
    neuron_map: NeuronMap,
    /// Time between two checkpoints, if the run is recorded.
    checkpoint_every: Option<Duration>,
    /// When it was last written down where the run stands.
    checkpoint_at: Instant,
    /// Whether there is a checkpoint to resume from.
    is_resumable: bool,
}

impl Follower {
    fn take_logs(&mut self, session: &mut Session) -> Result<(), RecordError> {
        let lines = session.take_logs();
        match &mut self.folder {
            Some(folder) => folder.log(&lines),
            None => Ok(()),
        }
    }

    /// Finishes the recording, whether or not the run completed.
    fn close(&mut self, session: &mut Session, outcome: Result<Outcome, ExperimentError>) -> anyhow::Result<Outcome> {
        let recorder = session.take_recorder();
        if recorder.as_ref().is_some_and(Recorder::has_begun) {
            self.settle();
        }
        let closed = self.take_logs(session).map_err(anyhow::Error::from);
        let closed = closed.and(recorder.map_or(Ok(()), Recorder::finish).map_err(anyhow::Error::from));
        let outcome = match (outcome, self.said_of_the_rest()) {
            (Ok(outcome), _) => outcome,
            (Err(error), None) if self.folder.is_some() && stop::requested() => {
                return Err(error).context(recorded::nothing_yet());
            }
            // A run that is yet to start has nothing to keep.
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(rest)) => {
                return Err(error).context(format!("the run did not finish; {rest}"));
            }
        };
        closed?;
        if let Some(folder) = &self.folder {
            weights_after(folder.path(), &session.weights()?)?;
        }
        self.conclude(&outcome)?;
        Ok(outcome)
    }

    /// From now on the folder stays, whatever becomes of the run.
    fn settle(&mut self) {
        if let Some(folder) = &mut self.folder {
            folder.settle();
        }
        self.tell_last_words();
    }

    /// What a run that ends now leaves, and how it is resumed; `None` if it leaves nothing.
    fn said_of_the_rest(&self) -> Option<String> {
        let folder = self.folder.as_ref().filter(|folder| folder.is_settled())?;
        let goes_on = if self.is_resumable { "resumes it" } else { "begins it again" };
        let path = folder.path().display();
        Some(format!("what was recorded so far is in {path}, and `{}` {goes_on}", resuming()))
    }

    /// What to print if this process has to end at once.
    fn tell_last_words(&self) {
        let nothing_yet = || self.folder.as_ref().map(|_| recorded::nothing_yet());
        stop::last_words(self.said_of_the_rest().or_else(nothing_yet));
    }

    fn conclude(&mut self, outcome: &Outcome) -> Result<(), RecordError> {
        self.manifest.steps = outcome.steps;
        self.manifest.digest = format!("{:016x}", outcome.digest.total());
        self.manifest.finished = true;
        self.manifest.result = outcome.metrics.iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let Some(folder) = &mut self.folder else { return Ok(()) };
        folder.settle();
        folder.keep()?;
        folder.ops(&outcome.ops)?;
        for table in &outcome.tables {
            folder.table(table.name, &table.rows)?;
        }
        folder.conclude(&self.manifest)
    }
}

impl Observer for Follower {
    fn image(&mut self, image: &ImageFile, neuron_map: &NeuronMap) -> Result<(), RecordError> {
        self.image_hash = image.hash();
        self.neuron_map = neuron_map.clone();
        self.manifest.image_hash = format!("{:016x}", image.hash());
        match &self.folder {
            Some(folder) => {
                if let Ok(image) = image.open() {
                    folder.utilisation(&image)?;
                }
                neurons::write(folder.path(), neuron_map)?;
                folder.manifest(&self.manifest)
            }
            None => Ok(()),
        }
    }

    fn scale(&mut self, scale: Scale) {
        self.scale = Some(scale);
    }

    fn warn(&mut self, what: &str) {
        self.progress.aside(|| out::complain_once(what));
    }

    fn progress(&mut self, running: &Running<'_>) {
        self.progress.show(running.done, running.total, &running.to_string());
    }

    fn row(&mut self, row: &MetricsRow) -> Result<(), RecordError> {
        if row.metrics.iter().any(|(name, _)| name.starts_with("accuracy")) {
            match &row.stage {
                Some(stage) => self.progress.line(&format!("{stage}: {}", row.metrics)),
                None => self.progress.line(&format!("pass {}: {}", row.pass, row.metrics)),
            }
        }
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let mut columns = vec![("pass", row.pass.to_string())];
        columns.extend(row.stage.as_ref().map(|stage| ("stage", format!("\"{stage}\""))));
        columns.extend(row.metrics.iter().map(|(name, value)| (name, value.to_string())));
        columns.push(("digest", format!("{:016x}", row.digest)));
        folder.metrics(&columns)?;
        self.settle();
        Ok(())
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Result<(), RecordError> {
        if self.each {
            // A reader that has gone is noticed at the end, when the result is printed.
            let _gone = self.progress.aside(|| out::detail(format_args!("{answer}, scores {:?}", answer.scores)));
        }
        let Some(folder) = &mut self.folder else { return Ok(()) };
        let accuracy = answer.accuracy().map_or_else(String::new, |share| share.to_string());
        let scores: Vec<String> = answer.scores.iter().take(COLUMN_MAX).map(i64::to_string).collect();
        folder.metrics(&[
            ("sample", answer.number.to_string()),
            ("steps", answer.steps.to_string()),
            ("label", column(answer.labels)),
            ("answer", column(answer.answers)),
            ("accuracy", accuracy),
            ("scores", scores.join(" ")),
        ])?;
        if answer.number == 0 {
            self.settle();
        }
        Ok(())
    }

    fn learned(&mut self, image: &ImageFile, learned: &[u8]) -> Result<(), RecordError> {
        match &self.folder {
            Some(folder) if !learned.is_empty() => folder.learned(image, &self.neuron_map, learned, self.scale),
            _ => Ok(()),
        }
    }

    fn wants_checkpoint(&mut self) -> bool {
        self.checkpoint_every.is_some_and(|every| self.checkpoint_at.elapsed() >= every)
    }

    fn checkpoint(
        &mut self,
        position: &RunPosition,
        state: &[u8],
        mut files: Vec<RecordedFile>,
    ) -> Result<(), RecordError> {
        let (image_hash, position, state) = (self.image_hash, position.clone(), state.to_vec());
        if let Some(folder) = &self.folder {
            files.extend(folder.keep()?);
            folder.checkpoint(&Checkpoint { image_hash, position, files, state })?;
        }
        self.is_resumable = true;
        self.settle();
        self.checkpoint_at = Instant::now();
        Ok(())
    }
}
