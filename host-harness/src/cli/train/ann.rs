//! `loihi train` of a network whose `[train]` has `ann = true`: rectified units, for `loihi convert`.

use super::outcome::accuracy_name;
use super::{End, Recording, TrainArgs};
use crate::cli::progress::waiting;
use crate::cli::{out, recorded, stop};
use anyhow::bail;
use host_harness::convert::form::AnnForm;
use host_harness::convert::trainer::{AnnSubject, AnnTrainer, share};
use host_harness::convert::{ConvertError, onnx};
use host_harness::experiment::figure;
use host_harness::network::file::{FileOptions, parse_with};
use host_harness::record::Manifest;
use host_harness::train::Observer as _;
use loihi_args::jobs::threads;
use loihi_args::task::of_input;
use loihi_args::what::What;
use loihi_files::plural::plural;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The trained network in the run folder.
pub(super) const NETWORK: &str = "net.onnx";

/// Whether a file asks for rectified units; what is wrong with it otherwise is said elsewhere.
pub(super) fn is_asked_for(what: &What) -> bool {
    let network = parse_with(&what.text, &what.path, &FileOptions::default().data(vec![1], 1));
    network.is_ok_and(|network| AnnForm::is_asked_for(&network))
}

pub(super) fn train(args: &TrainArgs, what: &What, folder: &Path) -> anyhow::Result<()> {
    if args.input.is_some() {
        bail!("--input has no meaning for an ANN, which has one input: take it out");
    }
    if args.train.len().max(args.test.len()) > 1 {
        bail!("an ANN has one input: give --train and --test once");
    }
    if let Some((input, what)) = args.train.iter().chain(&args.test).find_map(|data| of_input(data)) {
        bail!("an ANN has one input: give its samples as {what}, without `{input}=`");
    }
    let subject = waiting("reading samples", || AnnSubject::open(&what.text, &what.path, &args.options()))?;
    let manifest = Manifest {
        experiment: subject.ann.name.clone(),
        device: "host".to_owned(),
        board: "training of an ANN".to_owned(),
        seed: subject.seed,
        ..recorded::manifest()
    };
    let Some((mut recording, checkpoint)) =
        Recording::start(args, folder, manifest, (subject.form.epochs, subject.hash))?
    else {
        return Ok(());
    };
    let mut trainer = AnnTrainer::new(&subject, threads(args.jobs))?;
    if let Some(checkpoint) = checkpoint {
        recording.resume(&checkpoint)?;
        trainer.restore(&checkpoint.state)?;
    }
    if let Some(what) = subject.samples.legends.iter().find_map(|legend| legend.misfit.as_ref()) {
        recording.warn(&format!("samples: {what}"));
    }
    recording.warn_of_classes(args, &subject.samples);
    recording.folder.manifest(&recording.manifest)?;
    let trained = trainer.run(&mut recording);
    recording.progress.finish();
    let path = recording.folder.path().join(NETWORK);
    let finished = trained.and_then(|()| {
        let right = waiting("answering the test set", || trainer.answers(&stop::requested))?;
        onnx::save(&trainer.ann(), &path)?;
        let figures = BTreeMap::from([(accuracy_name(subject.validates).to_owned(), share(&right))]);
        Ok(recording.conclude(true, figures)?)
    });
    finished.map_err(|error| {
        let end = match error {
            ConvertError::Stopped => End::Stopped,
            ConvertError::Diverged { .. } => End::Diverged,
            _ => End::Failed,
        };
        recording.unfinished(error, end)
    })?;
    stop::last_words(None);
    print(&recording, &subject, &path)
}

fn print(recording: &Recording, subject: &AnnSubject, path: &Path) -> anyhow::Result<()> {
    let Recording { manifest, last, .. } = recording;
    let parameters = subject.ann.parameters();
    let samples = [subject.samples.training.len(), subject.samples.test.len()];
    out::line(format_args!("{}, seed {}", manifest.experiment, manifest.seed))?;
    for (name, value) in &manifest.result {
        out::line(format_args!("  {name:<22} {}", figure(name, *value)))?;
    }
    out::line(format_args!("  {:<22} {parameters}", "weights and biases"))?;
    out::line(format_args!("  {:<22} {}", "samples learned", plural(samples[0], "sample")))?;
    out::line(format_args!("the network is in {}; `loihi convert` turns it into a spiking one", path.display()))?;
    let mut body = json!({
        "experiment": manifest.experiment, "seed": manifest.seed, "network": path, "ann": true,
        "samples_train": samples[0], "samples_test": samples[1], "weights": parameters,
        "epochs": last.as_ref().map(|row| row.epoch),
    });
    for (name, value) in &manifest.result {
        body[name] = (*value).into();
    }
    out::result(super::SCHEMA, &body)
}
