//! `loihi train`: a network trained offline in the chip's integers, then answered by the emulator.

mod ann;
mod from;
mod outcome;

use super::progress::{Progress, told, waiting};
use super::recorded::{self, FolderArgs, Run, Start, print_finished, resuming};
use super::{out, stop};
use anyhow::bail;
use clap::Args;
use host_harness::experiment::figure;
use host_harness::network::file;
use host_harness::record::checkpoint::{Checkpoint, RunPosition};
use host_harness::record::{Manifest, RecordError, RunFolder};
use host_harness::task::samples::Samples;
use host_harness::train::check::compare;
use host_harness::train::{EpochRow, Observer, Subject, SubjectOptions, TrainError, Trainer};
use loihi_args::choice::{one_or_more, whole};
use loihi_args::jobs::threads;
use loihi_args::what::{NETWORK, What};
use loihi_files::plural::plural;
pub(super) use outcome::accuracy_name;
use outcome::{Trained, trained_network};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The form of the result.
const SCHEMA: &str = "loihi-train/1";
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// A network file, whose table [train] says how it is trained (`loihi list --network` prints all keys)
    #[arg(value_name = "NET.toml")]
    network: Option<String>,
    /// What to learn from: the name of a data set (`loihi data list`), a file, an archive or a folder; NAME=WHAT for each of
    /// several inputs
    #[arg(long, value_name = "[NAME=]WHAT", required = true)]
    train: Vec<PathBuf>,
    /// What to test on, in the same way [default: the test set of --train]
    #[arg(long, value_name = "[NAME=]WHAT")]
    test: Vec<PathBuf>,
    /// Epochs over the training set [default: those of the file, else 10; of an ANN 20]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=10_000))]
    epochs: Option<u32>,
    /// Seed for all random numbers, added to that of the network file [default: 0]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = whole::<u32>(0..=u32::MAX))]
    seed: u32,
    /// Threads; the weights are the same with any number [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Test on a part of the training set that is not learned, after every epoch: for choosing settings
    #[arg(long, conflicts_with = "test")]
    validate: bool,
    /// Use only the first N training and test samples
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    samples: Option<NonZeroUsize>,
    /// The input to which samples are shown; others stay silent [default: the only one]
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    #[command(flatten)]
    from: from::FromArgs,
    #[command(flatten)]
    folder: FolderArgs,
}

pub(super) fn train(args: &TrainArgs) -> anyhow::Result<()> {
    let Some(folder) = args.folder.path() else {
        bail!("the trained network needs a place: give --out DIR, or --resume DIR");
    };
    if let Some((begin, table)) = args.from.begin(args.network.as_deref())? {
        let mut options = args.options();
        options.table = table;
        let subject = match begin {
            from::Begin::File(What { path, text, .. }) => {
                waiting("reading samples", || Subject::open(&text, &path, &options))?
            }
            #[cfg(feature = "hdf5")]
            from::Begin::Imported(network) => {
                let subject = waiting("reading samples", || Subject::of(*network, &options))?;
                out::line(format_args!("{}", subject.network.about.trim_end()))?;
                subject
            }
        };
        return train_subject(args, &subject, folder);
    }
    let Some(what) = &args.network else {
        bail!("what is trained is missing: give a network file, or --from with a network that was trained before");
    };
    let what = What::of(what)?;
    if ann::is_asked_for(&what) {
        return ann::train(args, &what, folder);
    }
    let What { path, text, .. } = what;
    let subject = waiting("reading samples", || Subject::open(&text, &path, &args.options()))?;
    train_subject(args, &subject, folder)
}

fn train_subject(args: &TrainArgs, subject: &Subject, folder: &Path) -> anyhow::Result<()> {
    let Some((mut recording, checkpoint)) =
        Recording::start(args, folder, manifest(subject), (subject.form.epochs, subject.hash))?
    else {
        return Ok(());
    };
    let jobs = threads(args.jobs);
    let mut trainer = waiting("preparing", || Trainer::new(subject, jobs))?;
    if let Some(checkpoint) = checkpoint {
        recording.resume(&checkpoint)?;
        trainer.restore(&checkpoint.state)?;
    }
    subject.beyond.iter().filter(|beyond| beyond.any()).for_each(|beyond| recording.warn(&beyond.to_string()));
    subject.misfits().iter().for_each(|what| recording.warn(what));
    recording.warn_of_classes(args, &subject.samples);
    recording.folder.manifest(&recording.manifest)?;
    let trained = trainer.run(&mut recording);
    recording.progress.finish();
    let finished = trained.and_then(|()| recording.answer(&trainer, subject, jobs));
    let result = finished.map_err(|error| {
        let end = match error {
            TrainError::Stopped => End::Stopped,
            TrainError::Diverged { .. } => End::Diverged,
            _ => End::Failed,
        };
        recording.unfinished(error, end)
    })?;
    stop::last_words(None);
    result.print(&recording)
}

impl TrainArgs {
    fn options(&self) -> SubjectOptions {
        let mut options = SubjectOptions::default();
        options.train.clone_from(&self.train);
        options.test.clone_from(&self.test);
        options.seed = self.seed;
        options.epochs = self.epochs;
        options.samples = self.samples.map(NonZeroUsize::get);
        options.validate = self.validate;
        options.input.clone_from(&self.input);
        options
    }
}

fn manifest(subject: &Subject) -> Manifest {
    Manifest {
        experiment: subject.network.name.clone(),
        device: "host".to_owned(),
        board: "training in the chip's integers".to_owned(),
        seed: subject.seed,
        #[expect(clippy::cast_precision_loss, reason = "a step is far shorter than 2^52 microseconds")]
        dt_ms: subject.network.step_us() as f64 / 1000.0,
        ..recorded::manifest()
    }
}

/// How a training ended before its last epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Stopped,
    Diverged,
    Failed,
}

/// Shows and records a training.
struct Recording {
    progress: Progress,
    folder: RunFolder,
    manifest: Manifest,
    hash: u64,
    checkpoint_every: Duration,
    checkpoint_at: Instant,
    warnings: Vec<String>,
    last: Option<EpochRow>,
    is_resumable: bool,
}

impl Recording {
    /// Takes up the folder; nothing is left to do if the training was at its end before.
    fn start(
        args: &TrainArgs,
        folder: &Path,
        mut manifest: Manifest,
        (epochs, hash): (u32, u64),
    ) -> anyhow::Result<Option<(Self, Option<Box<Checkpoint>>)>> {
        manifest.asked = format!("(training, {}, {hash:016x})", plural(epochs as usize, "epoch"));
        let run = Run { name: &manifest.experiment, seed: args.seed, asked: &manifest.asked, learned: None };
        let (recorded, checkpoint) = match args.folder.start(&run, &[])? {
            Start::Unrecorded => bail!("give --out DIR, or --resume DIR"),
            Start::Run(recorded, checkpoint) => (recorded, checkpoint),
            Start::Finished(manifest) => return print_finished(SCHEMA, &manifest, Some(folder)).map(|()| None),
        };
        let recording = Self {
            progress: Progress::new(),
            folder: recorded.folder,
            manifest: recorded.manifest.map_or(manifest, |manifest| *manifest),
            hash,
            checkpoint_every: recorded.checkpoint_every,
            checkpoint_at: Instant::now(),
            warnings: Vec::new(),
            last: None,
            is_resumable: false,
        };
        recording.tell_last_words();
        Ok(Some((recording, checkpoint)))
    }

    fn resume(&mut self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        if checkpoint.image_hash != self.hash {
            bail!("the checkpoint is of another training: start the run again");
        }
        self.folder.go_on(&checkpoint.files)?;
        self.is_resumable = true;
        self.tell_last_words();
        Ok(())
    }

    /// Warns of classes that look wrong, of all samples.
    fn warn_of_classes(&mut self, args: &TrainArgs, samples: &Samples) {
        if let Some(what) = samples.odd_classes().filter(|_| args.samples.is_none()) {
            self.warn(&what);
        }
    }

    /// The last checkpoint, from which a training that ends now is resumed.
    fn rest(&self) -> Option<String> {
        let path = self.folder.path().display();
        self.is_resumable.then(|| format!("the last checkpoint is in {path}, and `{}` resumes it", resuming()))
    }

    /// What a training that is stopped now leaves.
    fn left(&self) -> String {
        self.rest().unwrap_or_else(|| format!("there is no checkpoint yet, and `{}` begins it again", resuming()))
    }

    fn tell_last_words(&self) {
        stop::last_words(Some(self.left()));
    }

    fn unfinished(&self, error: impl Into<anyhow::Error>, end: End) -> anyhow::Error {
        // What has diverged diverges again.
        match self.rest().filter(|_| end != End::Diverged) {
            _ if end == End::Stopped => anyhow::anyhow!("{}", self.left()),
            None => error.into(),
            Some(rest) => error.into().context(format!("the training did not finish; {rest}")),
        }
    }

    /// Answers the test set twice, writes the network, and concludes the folder.
    fn answer(&mut self, trainer: &Trainer<'_>, subject: &Subject, jobs: NonZeroUsize) -> Result<Trained, TrainError> {
        let answers = waiting("answering the test set", || trainer.answers())?;
        for what in trainer.silence(&answers.tally) {
            self.warn(&what);
        }
        let path = self.folder.path().join(NETWORK);
        trained_network(trainer, subject, &answers).save(&path)?;
        // What was written is what runs.
        let written = &file::read(&path)?;
        let scores = &answers.scores;
        let comparison =
            told("comparing with the emulator", scores.len(), |tell| compare(subject, written, scores, jobs, tell))?;
        let confusion = answers.classes.confusion();
        if !confusion.is_empty() {
            self.folder.table("confusion", &confusion)?;
        }
        let trained = Trained::of(trainer, subject, answers, comparison);
        self.conclude(trained.comparison.different == 0, trained.figures())?;
        Ok(trained)
    }

    fn conclude(&mut self, is_finished: bool, figures: BTreeMap<String, f64>) -> Result<(), RecordError> {
        self.manifest.finished = is_finished;
        self.manifest.result = figures;
        if let Some(row) = &self.last {
            let rows = [("accuracy_train", row.accuracy_train), ("loss", Some(row.loss))];
            self.manifest.result.extend(rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        self.folder.settle();
        self.folder.keep()?;
        if self.manifest.finished { self.folder.conclude(&self.manifest) } else { self.folder.manifest(&self.manifest) }
    }
}

/// A share of right answers, as it is shown.
fn right(share: Option<f64>) -> String {
    share.map_or_else(|| "no answer".to_owned(), |share| figure("accuracy", share))
}

impl Observer for Recording {
    fn progress(&mut self, done: u64, total: u64, epoch: u32, row: Option<&EpochRow>) {
        let text = row.map_or_else(
            || format!("epoch {epoch}"),
            |row| {
                let accuracy = if row.validates { row.accuracy_validation } else { row.accuracy_train };
                format!("epoch {epoch}, loss {:.3}, {}", row.loss, right(accuracy))
            },
        );
        self.progress.show(done, total, &text);
    }

    fn warn(&mut self, what: &str) {
        if !self.warnings.iter().any(|said| said == what) {
            self.progress.aside(|| out::complain(what));
            self.warnings.push(what.to_owned());
        }
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RecordError> {
        let written = |share: Option<f64>| share.map_or_else(String::new, |share| share.to_string());
        let mut columns = vec![
            ("epoch".to_owned(), row.epoch.to_string()),
            ("loss".to_owned(), row.loss.to_string()),
            ("accuracy_train".to_owned(), written(row.accuracy_train)),
        ];
        if row.validates {
            columns.push(("accuracy_validation".to_owned(), written(row.accuracy_validation)));
        }
        columns.push(("rate".to_owned(), row.rate.to_string()));
        let of_name = |(name, rate): &(String, f64)| {
            let name = name.replace(|letter: char| !letter.is_alphanumeric(), "_");
            (format!("spikes_per_step_{name}"), rate.to_string())
        };
        columns.extend(row.spike_rates.iter().map(of_name));
        let columns: Vec<(&str, String)> = columns.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        self.folder.metrics(&columns)?;
        self.folder.settle();
        let validation = if row.validates {
            format!(", {} of validation samples", right(row.accuracy_validation))
        } else {
            String::new()
        };
        self.progress.line(&format!(
            "epoch {}: loss {:.4}, {} of training samples{validation}",
            row.epoch,
            row.loss,
            right(row.accuracy_train)
        ));
        self.last = Some(row.clone());
        Ok(())
    }

    fn stops(&mut self) -> bool {
        stop::requested()
    }

    fn wants_checkpoint(&mut self) -> bool {
        self.checkpoint_at.elapsed() >= self.checkpoint_every
    }

    fn checkpoint(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let (image_hash, files) = (self.hash, self.folder.keep()?);
        let position = RunPosition::default();
        self.folder.checkpoint(&Checkpoint { image_hash, position, files, state: bytes.to_vec() })?;
        self.folder.settle();
        self.is_resumable = true;
        self.checkpoint_at = Instant::now();
        self.tell_last_words();
        Ok(())
    }
}
