//! Which files a run writes, and what a folder holds of them.

use super::{Manifest, RecordError, readme};
use loihi_files::whole;
use std::fs;
use std::io;
use std::path::Path;

pub(super) const README: &str = "README.txt";
pub(super) const MANIFEST: &str = "manifest.toml";
pub(super) const METRICS: &str = "metrics.csv";
pub(super) const CHECKPOINT: &str = "checkpoint.bin";
pub(super) const LOG: &str = "log.txt";

/// Files that a run writes, besides probes and tables. A report is not one of them.
const FILES: [&str; 17] = [
    README,
    MANIFEST,
    "network.txt",
    "network.toml",
    "network.npz",
    METRICS,
    "populations.csv",
    "neurons.npy",
    "utilisation.csv",
    "ops.csv",
    "spikes.npy",
    "weights-before.npy",
    "weights-after.npy",
    "learned.bin",
    "learned.safetensors",
    CHECKPOINT,
    LOG,
];

/// Names of the entries of a folder; none if it cannot be read.
pub(super) fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a run writes files of this name.
pub(super) fn is_of_run(name: &str) -> bool {
    let name = name.strip_suffix(".part").unwrap_or(name);
    FILES.contains(&name) || is_of_probe(name) || is_table(name)
}

/// Whether it is a table of figures.
fn is_table(name: &str) -> bool {
    name.strip_prefix("table-").and_then(|rest| rest.strip_suffix(".csv")).is_some()
}

/// Whether it is a probe's file of samples, or its description.
fn is_of_probe(name: &str) -> bool {
    name.strip_prefix("probe-").is_some_and(|rest| [".npy", ".json"].iter().any(|end| rest.ends_with(end)))
}

/// Whether a run may write into a folder that is there: it is empty, or a run has.
pub(super) fn is_free(path: &Path) -> bool {
    if !fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
        return fs::read_dir(path).is_ok();
    }
    // A run that was killed at once has left an empty one, and nothing else.
    let is_empty = || fs::metadata(path.join(README)).is_ok_and(|file| file.len() == 0);
    is_run(path) || names(path).len() == 1 && is_empty()
}

/// Whether a folder is one in which a run was recorded, or was to be.
pub fn is_run(path: &Path) -> bool {
    whole::text(&path.join(README)).is_ok_and(|text| readme::is_ours(&text))
}

/// Whether a run has left more than its start: metrics, spikes, samples of probes.
pub(super) fn has_records(path: &Path) -> bool {
    let is_sampled = |name: &str| name == "spikes.npy" || is_of_probe(name);
    let grown = |name: &String| name == METRICS || is_sampled(name) && loihi_files::npy::has_rows(&path.join(name));
    names(path).iter().any(grown)
}

pub(super) fn remove(path: &Path) -> Result<(), RecordError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RecordError::File { path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

pub(super) fn manifest_in(path: &Path) -> Result<Option<Manifest>, RecordError> {
    let path = path.join(MANIFEST);
    let failed = |error| Err(RecordError::File { path: path.clone(), error });
    match whole::text(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => failed(error),
        Ok(text) => match toml::from_str(&text) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) => failed(io::Error::new(io::ErrorKind::InvalidData, error.message().to_owned())),
        },
    }
}
