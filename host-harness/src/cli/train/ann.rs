//! `loihi train` of a network whose `[train]` has `ann = true`: rectified units, for `loihi convert`.

use super::TrainArgs;
use crate::cli::progress::{Progress, waiting};
use crate::cli::recorded::{Recorded, Run, Start, print_finished, quoted, resuming};
use crate::cli::what::What;
use crate::cli::{out, stop};
use anyhow::bail;
use host_harness::convert::form::AnnForm;
use host_harness::convert::trainer::{AnnFollower, AnnRow, AnnSubject, AnnTrainer, share};
use host_harness::convert::{ConvertError, onnx};
use host_harness::experiment::figure;
use host_harness::network::file::{FileOptions, parse_with};
use host_harness::record::checkpoint::{Checkpoint, RunPosition};
use host_harness::record::{Manifest, RecordError, RunFolder};
use loihi_files::plural::plural;
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The trained network in the run folder.
const NETWORK: &str = "net.onnx";

/// Whether a file asks for rectified units; what is wrong with it otherwise is said elsewhere.
pub(super) fn is_asked_for(what: &What) -> bool {
    let network = parse_with(&what.text, &what.path, &FileOptions::default().data(vec![1], 1));
    network.is_ok_and(|network| AnnForm::is_asked_for(&network))
}

pub(super) fn train(args: &TrainArgs, what: &What, folder: &Path) -> anyhow::Result<()> {
    if args.input.is_some() {
        bail!("--input has no meaning for an ANN, which has one input: take it out");
    }
    let subject = waiting("reading samples", || AnnSubject::open(&what.text, &what.path, &args.options()))?;
    let asked = format!("(training {:016x})", subject.hash);
    let run = Run { name: &subject.ann.name, seed: args.seed, asked: &asked, learned: None };
    let (recorded, checkpoint) = match args.folder.start(&run, &[])? {
        Start::Unrecorded => bail!("give --out DIR, or --resume DIR"),
        Start::Run(recorded, checkpoint) => (recorded, checkpoint),
        Start::Finished(manifest) => return print_finished(super::SCHEMA, &manifest, Some(folder)),
    };
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let mut trainer = AnnTrainer::new(&subject, jobs)?;
    let mut recording = Recording::new(recorded, &subject, &asked);
    if let Some(checkpoint) = checkpoint {
        recording.resume(&checkpoint)?;
        trainer.restore(&checkpoint.state)?;
    }
    recording.folder.manifest(&recording.manifest)?;
    let trained = trainer.run(&mut recording);
    recording.progress.finish();
    trained.map_err(|error| recording.unfinished(error))?;
    let right = waiting("answering the test set", || trainer.answers(&stop::requested))?;
    let path = recording.folder.path().join(NETWORK);
    onnx::save(&trainer.ann(), &path)?;
    let name = if subject.validates { "accuracy_validation" } else { "accuracy_test" };
    recording.conclude(name, share(&right))?;
    stop::last_words(None);
    recording.print(&subject, &path)
}

/// Shows and records a training.
struct Recording {
    progress: Progress,
    folder: RunFolder,
    manifest: Manifest,
    hash: u64,
    checkpoint_every: Duration,
    checkpoint_at: Option<Instant>,
    last: Option<AnnRow>,
}

impl Recording {
    fn new(recorded: Recorded, subject: &AnnSubject, asked: &str) -> Self {
        let manifest = Manifest {
            experiment: subject.ann.name.clone(),
            device: "host".to_owned(),
            board: "training of an ANN".to_owned(),
            seed: subject.seed,
            command: std::env::args_os().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" "),
            asked: asked.to_owned(),
            commit: option_env!("LOIHI_COMMIT").map(str::to_owned),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Manifest::default()
        };
        Self {
            progress: Progress::new(),
            folder: recorded.folder,
            manifest: recorded.manifest.map_or(manifest, |manifest| *manifest),
            hash: subject.hash,
            checkpoint_every: recorded.checkpoint_every,
            checkpoint_at: None,
            last: None,
        }
    }

    fn resume(&mut self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        if checkpoint.image_hash != self.hash {
            bail!("the checkpoint is of another training: start the run again");
        }
        self.folder.go_on(&checkpoint.files)?;
        self.checkpoint_at = Some(Instant::now());
        stop::last_words(self.rest());
        Ok(())
    }

    /// What a training that ends now leaves.
    fn rest(&self) -> Option<String> {
        let path = self.folder.path().display();
        self.checkpoint_at.map(|_| format!("the last checkpoint is in {path}, and `{}` resumes it", resuming()))
    }

    fn unfinished(&self, error: ConvertError) -> anyhow::Error {
        match self.rest() {
            None => error.into(),
            Some(rest) if matches!(error, ConvertError::Stopped) => anyhow::anyhow!("{rest}"),
            Some(rest) => anyhow::Error::from(error).context(format!("the training did not finish; {rest}")),
        }
    }

    fn conclude(&mut self, name: &str, accuracy: f64) -> Result<(), RecordError> {
        self.manifest.finished = true;
        self.manifest.result = BTreeMap::from([(name.to_owned(), accuracy)]);
        if let Some(row) = &self.last {
            let rows = [("accuracy_train".to_owned(), row.accuracy_train), ("loss".to_owned(), row.loss)];
            self.manifest.result.extend(rows);
        }
        self.folder.settle();
        self.folder.keep()?;
        self.folder.conclude(&self.manifest)
    }

    fn print(&self, subject: &AnnSubject, path: &Path) -> anyhow::Result<()> {
        let parameters = subject.ann.parameters();
        let samples = [subject.samples.training.len(), subject.samples.test.len()];
        out::line(format_args!("{}, seed {}", self.manifest.experiment, self.manifest.seed))?;
        for (name, value) in &self.manifest.result {
            out::line(format_args!("  {name:<22} {}", figure(name, *value)))?;
        }
        out::line(format_args!("  {:<22} {parameters}", "weights and biases"))?;
        out::line(format_args!("  {:<22} {}", "samples learned", plural(samples[0], "sample")))?;
        out::line(format_args!("the network is in {}; `loihi convert` makes a spiking one of it", path.display()))?;
        let mut body = json!({
            "experiment": self.manifest.experiment, "seed": self.manifest.seed, "network": path, "ann": true,
            "samples_train": samples[0], "samples_test": samples[1], "weights": parameters,
            "epochs": self.last.as_ref().map(|row| row.epoch),
        });
        for (name, value) in &self.manifest.result {
            body[name] = (*value).into();
        }
        out::result(super::SCHEMA, &body)
    }
}

impl AnnFollower for Recording {
    fn progress(&mut self, done: u64, total: u64, row: &AnnRow) {
        let text = match row.epoch {
            0 => "epoch 1".to_owned(),
            epoch => format!("epoch {}, loss {:.3}, {}", epoch + 1, row.loss, figure("accuracy", row.accuracy_train)),
        };
        self.progress.show(done, total, &text);
    }

    fn epoch(&mut self, row: &AnnRow, checkpoint: &dyn Fn() -> Vec<u8>) -> Result<(), RecordError> {
        let mut columns = vec![
            ("epoch", row.epoch.to_string()),
            ("loss", row.loss.to_string()),
            ("accuracy_train", row.accuracy_train.to_string()),
        ];
        columns.extend(row.accuracy_validation.map(|own| ("accuracy_validation", own.to_string())));
        self.folder.metrics(&columns)?;
        self.folder.settle();
        let validation = row
            .accuracy_validation
            .map_or_else(String::new, |own| format!(", {} of validation samples", figure("accuracy", own)));
        self.progress.line(&format!(
            "epoch {}: loss {:.4}, {} of training samples{validation}",
            row.epoch,
            row.loss,
            figure("accuracy", row.accuracy_train)
        ));
        self.last = Some(row.clone());
        if self.checkpoint_at.is_none_or(|at| at.elapsed() >= self.checkpoint_every) {
            let (image_hash, files) = (self.hash, self.folder.keep()?);
            let (position, state) = (RunPosition::default(), checkpoint());
            self.folder.checkpoint(&Checkpoint { image_hash, position, files, state })?;
            self.folder.settle();
            self.checkpoint_at = Some(Instant::now());
            stop::last_words(self.rest());
        }
        Ok(())
    }

    fn stops(&self) -> bool {
        stop::requested()
    }
}
