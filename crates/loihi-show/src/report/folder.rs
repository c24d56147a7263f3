//! What a run folder says: its manifest, its figures, its rows of metrics.

use super::number::{figure, rounded};
use loihi_run::record::is_run;
use loihi_run::record::read::{CsvTable, refused, table, text};
use std::io;
use std::path::{Path, PathBuf};

/// A run that was recorded.
pub(super) struct Run {
    /// Where.
    pub(super) folder: PathBuf,
    /// `manifest.toml`; empty if the run was killed before it was written.
    pub(super) manifest: toml::Table,
    /// `metrics.csv`; without rows if the run ended before its first one.
    pub(super) metrics: CsvTable,
}

impl Run {
    /// Reads a folder.
    ///
    /// # Errors
    /// It is not a run folder, or a file of it cannot be read.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("manifest.toml");
        let text = if folder.is_dir() { text(&path)? } else { None };
        let manifest = match text {
            Some(text) => text,
            // Killed before it was written.
            None if is_run(folder) => String::new(),
            None => return Err(no_run(folder)),
        };
        let manifest: toml::Table =
            toml::from_str(&manifest).map_err(|error| refused(format!("{}: {error}", path.display())))?;
        let metrics = table(&folder.join("metrics.csv"))?.unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), manifest, metrics })
    }

    /// The experiment or the network.
    pub(super) fn experiment(&self) -> &str {
        self.manifest.get("experiment").and_then(toml::Value::as_str).unwrap_or("a run")
    }

    /// Whether it is a training, in which no device computes.
    pub(super) fn is_training(&self) -> bool {
        self.metrics.0.iter().any(|name| name == "accuracy_train")
    }

    /// Whether the run came to its end.
    pub(super) fn is_finished(&self) -> bool {
        self.manifest.get("finished").and_then(toml::Value::as_bool) == Some(true)
    }

    /// A value of the manifest as text; `None` if it says nothing.
    pub(super) fn setting(&self, key: &str) -> Option<String> {
        let text = match self.manifest.get(key)? {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(all) => all.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(", "),
            toml::Value::Float(value) => rounded(*value),
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Figures of the whole run, by name.
    pub(super) fn results(&self) -> impl Iterator<Item = (&str, f64)> {
        let result = self.manifest.get("result").and_then(toml::Value::as_table);
        result.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_float()?)))
    }

    /// One of them, as it is read.
    pub(super) fn result(&self, name: &str) -> Option<String> {
        self.results().find(|(own, _)| *own == name).map(|(name, value)| figure(name, value))
    }
}

/// Names of the files of a folder with this beginning and extension, sorted.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files(folder: &Path, begin: &str, end: &str) -> io::Result<Vec<String>> {
    let entries = folder.read_dir()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_own = |name: &String| name.starts_with(begin) && Path::new(name).extension().is_some_and(|own| own == end);
    let mut names: Vec<String> = entries.filter(is_own).collect();
    names.sort();
    Ok(names)
}

/// What a run folder is, and how there comes to be one.
fn no_run(folder: &Path) -> io::Error {
    let path = folder.display();
    let what = if folder.is_file() {
        "is a file"
    } else if !folder.exists() {
        "does not exist"
    } else if folder.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        "is empty"
    } else {
        "has no manifest.toml"
    };
    let why = format!(
        "{path} {what}: a report is drawn of a run folder, which holds what a run has recorded, and which \
         `loihi run NAME --out FOLDER` or `loihi train NET.toml --out FOLDER` makes"
    );
    io::Error::new(io::ErrorKind::NotFound, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_no_run_folder_is_told_what_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        let said = |path: &Path| Run::open(path).err().unwrap().to_string();
        for (path, what) in [
            (other.clone(), "other is empty"),
            (other.join("gone"), "gone does not exist"),
            (folder.path().to_owned(), "has no manifest.toml"),
        ] {
            let said = said(&path);
            assert!(said.contains(what) && said.contains("loihi run NAME --out"), "{said}");
        }
        fs::write(other.join("notes"), "mine").unwrap();
        assert!(said(&other.join("notes")).contains("is a file"));
        fs::write(other.join("manifest.toml"), "experiment = ").unwrap();
        assert!(said(&other).contains("manifest.toml: "), "damage is named");
    }

    #[test]
    fn settings_and_results_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "experiment = \"x\"\nseed = 3\nprobes = [\"v\", \"spikes\"]\nlearned = \"\"\n[result]\naccuracy = 0.5\n";
        fs::write(folder.path().join("manifest.toml"), text).unwrap();
        let run = Run::open(folder.path()).unwrap();
        assert_eq!(
            ["seed", "probes", "learned", "none"].map(|key| run.setting(key)),
            [Some("3".to_owned()), Some("v, spikes".to_owned()), None, None]
        );
        assert_eq!((run.result("accuracy").as_deref(), run.is_finished()), (Some("50.00 %"), false));
    }
}
