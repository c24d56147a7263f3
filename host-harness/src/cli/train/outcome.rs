//! The outcome of a training: its figures, the trained network.

use super::{NETWORK, Recording, SCHEMA};
use crate::cli::out;
use host_harness::experiment::figure;
use host_harness::inference::answers::ClassTally;
use host_harness::inference::scale;
use host_harness::network::Network;
use host_harness::train::answers::Answers;
use host_harness::train::check::Comparison;
use host_harness::train::{Subject, Trainer};
use loihi_files::plural::plural;
use serde_json::json;
use std::collections::BTreeMap;

/// What came out.
pub(super) struct Trained {
    /// None if no sample has an answer.
    accuracy: Option<f64>,
    /// Of pixels, how right each class is.
    classes: Option<ClassTally>,
    /// Labelled samples, windows or pixels without an answer.
    silent: u64,
    is_single: bool,
    samples: [usize; 2],
    /// What was trained, and how many values of it.
    parameters: Vec<(&'static str, usize)>,
    pub(super) comparison: Comparison,
    validates: bool,
}

impl Trained {
    /// Of a training that has ended, with its answers to the test set.
    pub(super) fn of(trainer: &Trainer<'_>, subject: &Subject, answers: Answers, comparison: Comparison) -> Self {
        let is_single = trainer.model().readout.readout.is_single();
        Self {
            accuracy: answers.accuracy(),
            silent: answers.classes.silent(),
            is_single,
            classes: trainer.model().readout.readout.per_pixel.then_some(answers.classes),
            samples: [subject.samples.training.len(), subject.samples.test.len()],
            parameters: trainer.trained(),
            comparison,
            validates: subject.validates,
        }
    }

    /// What the manifest holds of it.
    #[expect(clippy::cast_precision_loss, reason = "counts are exact")]
    pub(super) fn figures(&self) -> BTreeMap<String, f64> {
        let of_classes = |of: fn(&ClassTally, usize) -> Option<f64>| self.classes.as_ref().and_then(|own| own.mean(of));
        let rows = [
            (accuracy_name(self.validates), self.accuracy),
            ("f1_mean", of_classes(ClassTally::f1)),
            ("iou_mean", of_classes(ClassTally::iou)),
            ("scores_compared", Some(self.comparison.compared as f64)),
            ("scores_different", Some(self.comparison.different as f64)),
        ];
        rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    pub(super) fn print(&self, recording: &Recording) -> anyhow::Result<()> {
        let folder = recording.folder.path();
        let network = folder.join(NETWORK);
        let Comparison { compared, different, first, .. } = &self.comparison;
        let mut body = json!({
            "experiment": recording.manifest.experiment, "seed": recording.manifest.seed, "network": network,
            "samples_train": self.samples[0], "samples_test": self.samples[1],
            "scores_compared": compared, "scores_different": different,
            "warnings": recording.warnings,
        });
        let silent = if self.is_single { "samples_without_answer" } else { "places_without_answer" };
        body[silent] = self.silent.into();
        for (key, count) in &self.parameters {
            body[*key] = (*count).into();
        }
        body[accuracy_name(self.validates)] = self.accuracy.into();
        for (key, of) in [("f1", ClassTally::f1 as fn(&ClassTally, usize) -> Option<f64>), ("iou", ClassTally::iou)] {
            if let Some(own) = &self.classes {
                body[key] = (0..own.classes()).map(|class| of(own, class)).collect();
                body[format!("{key}_mean")] = own.mean(of).into();
            }
        }
        if let Some(row) = &recording.last {
            body["epochs"] = row.epoch.into();
            body["accuracy_train"] = row.accuracy_train.into();
            body["loss"] = row.loss.into();
        }
        if *different > 0 {
            let sample = first.as_deref().unwrap_or_default();
            let sentence = format!(
                "{different} of {compared} scores differ between trainer and emulator, first those of sample {sample}: this is a \
                 fault of the trainer"
            );
            return Err(out::partial(SCHEMA, body, sentence));
        }
        out::line(format_args!("{}, seed {}", recording.manifest.experiment, recording.manifest.seed))?;
        if self.accuracy.is_none() {
            out::line(format_args!("  {:<22} none: no sample has an answer", accuracy_name(self.validates)))?;
        }
        for (name, value) in recording.manifest.result.iter().filter(|(name, _)| !name.starts_with("scores")) {
            out::line(format_args!("  {name:<22} {}", figure(name, *value)))?;
        }
        for (key, count) in &self.parameters {
            out::line(format_args!("  {key:<22} {count}"))?;
        }
        out::line(format_args!("  {:<22} all {compared} the same in the emulator", "scores"))?;
        if self.silent > 0 {
            out::line(format_args!("  {:<22} {}", silent.replace('_', " "), self.silent))?;
        }
        out::line(format_args!(
            "the network is in {}; `loihi report {}` draws the training",
            network.display(),
            folder.display()
        ))?;
        out::result(SCHEMA, &body)
    }
}

/// What the share of right answers is called.
pub(in crate::cli) const fn accuracy_name(validates: bool) -> &'static str {
    if validates { "accuracy_validation" } else { "accuracy_test" }
}

/// The network as it was trained, ready to run.
pub(super) fn trained_network(trainer: &Trainer<'_>, subject: &Subject, answers: &Answers) -> Network {
    let mut network = subject.network.clone();
    trainer.model().write_to(&mut network);
    network.run.train = None;
    for (presentation, legend) in subject.presentations.iter().zip(&subject.samples.legends) {
        legend.scale.into_iter().for_each(|scale| scale::keep(&mut network, presentation.input, scale));
    }
    let about = Some(network.about.trim_end()).filter(|about| !about.is_empty());
    let about = about.map_or_else(String::new, |about| format!("{about}\n"));
    let tally = &answers.tally;
    let of = if network.readout.is_some_and(|readout| readout.is_single()) { "sample" } else { "label" };
    let of = if subject.validates { format!("validation {of}") } else { format!("test {of}") };
    let labelled = plural(usize::try_from(tally.labelled).unwrap_or(usize::MAX), &of);
    network.about =
        format!("{about}Trained in the chip's integers: {} of {labelled} classified correctly.", tally.right);
    network
}
