//! A run folder that is written: opened for a run that starts or resumes, filled, given up again.

use super::checkpoint::Checkpoint;
use super::lines::Lines;
use super::{Manifest, RecordError, learned, readme, tensors, write_whole};
use loihi_core::image::Image;
use loihi_core::ops::OpCounts;
use loihi_device::recorder::RecordedFile;
use loihi_files::whole;
use loihi_image::image::ImageFile;
use loihi_image::limits::usage::usage;
use loihi_place::neuron_map::NeuronMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const README: &str = "README.txt";
const MANIFEST: &str = "manifest.toml";
const METRICS: &str = "metrics.csv";
const CHECKPOINT: &str = "checkpoint.bin";
const LOG: &str = "log.txt";

/// What a run writes, besides probes and tables of figures; a report is not of the run.
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

/// An open run folder. Until [`RunFolder::settle`] is called it is given up when it is dropped: what was put into it is
/// taken out again, and the folder too if it was not there before.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Whether this run has made it.
    made: bool,
    /// Whether there was nothing of a run in it.
    fresh: bool,
    settled: bool,
    metrics: Lines,
    log: Lines,
    /// `README.txt`, locked as long as this process writes into the folder.
    _lock: File,
}

/// A folder in which a run is to resume.
#[derive(Debug)]
pub enum Resumed {
    /// The folder is new or empty: the run begins.
    Begins(RunFolder),
    /// A run was killed before its first checkpoint: it begins again once [`RunFolder::clear`] has removed what it left. The
    /// manifest is missing if the run was killed before it was written.
    BeginsAgain(RunFolder, Option<Box<Manifest>>),
    /// The run resumes from a checkpoint; the manifest is the one that was written when it started.
    GoesOn(RunFolder, Box<Checkpoint>, Box<Manifest>),
    /// The run has already finished.
    Finished(Box<Manifest>),
}

impl RunFolder {
    /// Opens a folder for a run that starts. It may exist if it is empty, or if all it holds is the start of a run that
    /// was killed before it had recorded anything; its parent must exist.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        let folder = Self::claim(path)?;
        if folder.fresh {
            return Ok(folder);
        }
        if manifest_in(path)?.is_some_and(|manifest| manifest.finished) {
            return Err(RecordError::Finished(path.to_owned()));
        }
        if path.join(CHECKPOINT).exists() || has_records(path) {
            return Err(RecordError::Unfinished(path.to_owned()));
        }
        folder.clear()?;
        Ok(folder)
    }

    /// Opens a folder for a run that resumes from its checkpoint, or starts without one.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn resume(path: &Path) -> Result<Resumed, RecordError> {
        if path.exists() && !path.is_dir() {
            return Err(RecordError::NoFolder(path.to_owned()));
        }
        let mut folder = Self::claim(path)?;
        if folder.fresh {
            return Ok(Resumed::Begins(folder));
        }
        let manifest = manifest_in(path)?.map(Box::new);
        if let Some(manifest) = manifest.as_ref().filter(|manifest| manifest.finished) {
            return Ok(Resumed::Finished(manifest.clone()));
        }
        if !path.join(CHECKPOINT).exists() {
            return Ok(Resumed::BeginsAgain(folder, manifest));
        }
        let checkpoint = Checkpoint::read(&path.join(CHECKPOINT))?;
        folder.settled = true;
        Ok(Resumed::GoesOn(folder, Box::new(checkpoint), manifest.unwrap_or_default()))
    }

    /// Makes a folder or finds it, and locks it: a file in it that holds the lock says whose it is.
    fn claim(path: &Path) -> Result<Self, RecordError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent
            && !parent.is_dir()
        {
            return Err(RecordError::NoParent(parent.to_owned()));
        }
        let made = match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            made => made.map(|()| true).map_err(|error| RecordError::File { path: path.to_owned(), error })?,
        };
        if !made && !is_free(path) {
            return Err(RecordError::Occupied(path.to_owned()));
        }
        let readme = path.join(README);
        let error = |error| RecordError::File { path: readme.clone(), error };
        let options = File::options().read(true).write(true).create(true).truncate(false).open(&readme);
        let mut lock = options.map_err(error)?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(RecordError::Busy(path.to_owned())),
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // Who has waited for another process looks at what that has left.
        let fresh = lock.metadata().map_err(error)?.len() == 0;
        if fresh {
            lock.write_all(readme::README.as_bytes()).and_then(|()| lock.sync_all()).map_err(error)?;
        }
        let (metrics, log) = (Lines::new(path, METRICS), Lines::new(path, LOG));
        Ok(Self { path: path.to_owned(), made, fresh, settled: false, metrics, log, _lock: lock })
    }

    /// Whether a run has left more than its start in it: metrics, spikes, samples of probes.
    pub fn has_records(&self) -> bool {
        has_records(&self.path)
    }

    /// Removes what a run has left that begins again.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn clear(&self) -> Result<(), RecordError> {
        for name in names(&self.path).iter().filter(|name| is_of_run(name) && *name != README) {
            remove(&self.path.join(name))?;
        }
        Ok(())
    }

    /// Goes on with the lines that were written when they were `kept`.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn go_on(&mut self, kept: &[RecordedFile]) -> Result<(), RecordError> {
        self.metrics.go_on(kept)?;
        self.log.go_on(kept)
    }

    /// What is recorded stays from now on, whatever becomes of the run.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// Whether it stays.
    pub const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the description of what runs, unless it is empty.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn about(&self, about: &str) -> Result<(), RecordError> {
        if about.is_empty() { Ok(()) } else { write_whole(&self.path.join("network.txt"), about.as_bytes()) }
    }

    /// Writes what an image takes of each core.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn utilisation(&self, image: &Image<'_>) -> Result<(), RecordError> {
        let mut lines =
            vec!["core,compartments,input_axons,output_axons,synaptic_words,profiles,thresholds".to_owned()];
        for (core, usage) in usage(image).iter().enumerate() {
            let own = [usage.compartments, usage.input_axons, usage.output_axons, usage.synaptic_words];
            let own = own.iter().chain([&usage.profiles, &usage.thresholds]).map(usize::to_string);
            lines.push(format!("{core},{}", own.collect::<Vec<_>>().join(",")));
        }
        write_whole(&self.path.join("utilisation.csv"), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes exact counts.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn ops(&self, ops: &OpCounts) -> Result<(), RecordError> {
        let path = self.path.join("ops.csv");
        let counts = serde_json::to_value(ops)
            .map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        let mut lines = vec!["operation,count".to_owned()];
        for (name, count) in counts.as_object().into_iter().flatten() {
            lines.push(format!("{name},{count}"));
        }
        write_whole(&path, (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes a table of figures: a row after its number, empty cells for what is not a number.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn table(&self, name: &str, rows: &[Vec<f64>]) -> Result<(), RecordError> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell =
            |value: Option<&f64>| value.filter(|value| value.is_finite()).map_or_else(String::new, f64::to_string);
        let numbers = (0..columns).map(|column| column.to_string());
        let mut lines = vec![["row".to_owned()].into_iter().chain(numbers).collect::<Vec<_>>().join(",")];
        for (number, row) in rows.iter().enumerate() {
            let cells = (0..columns).map(|column| cell(row.get(column)));
            lines.push([number.to_string()].into_iter().chain(cells).collect::<Vec<_>>().join(","));
        }
        write_whole(&self.path.join(format!("table-{name}.csv")), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes the manifest, over the one that is there.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn manifest(&self, manifest: &Manifest) -> Result<(), RecordError> {
        let path = self.path.join(MANIFEST);
        let text = toml::to_string(manifest);
        let text = text.map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        write_whole(&path, text.as_bytes())
    }

    /// Adds a line to `metrics.csv`; the first one also writes the column names.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn metrics(&mut self, columns: &[(&str, String)]) -> Result<(), RecordError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        self.metrics.add(Some(&names.join(",")), &values.join(","))
    }

    /// Adds log lines of the device.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn log(&mut self, lines: &[String]) -> Result<(), RecordError> {
        lines.iter().try_for_each(|line| self.log.add(None, line))
    }

    /// Puts metrics and log lines on the disk; says how long their files are then.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn keep(&self) -> Result<Vec<RecordedFile>, RecordError> {
        let kept = [self.metrics.keep()?, self.log.keep()?];
        Ok(kept.into_iter().flatten().collect())
    }

    /// Writes where a run stands, over what is there.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), RecordError> {
        let path = self.path.join(CHECKPOINT);
        let bytes =
            checkpoint.to_bytes().map_err(|error| RecordError::File { path: path.clone(), error: error.into() })?;
        write_whole(&path, &bytes)
    }

    /// Writes learned state: for runs that continue with it, and by the names of its populations for other programs.
    ///
    /// # Errors
    /// [`RecordError::File`], or [`RecordError::Tensors`] if it is not that of the image.
    pub fn learned(&self, image: &ImageFile, map: &NeuronMap, learned: &[u8]) -> Result<(), RecordError> {
        let tensors = tensors::to_bytes(image, map, learned)?;
        write_whole(&self.path.join("learned.bin"), &learned::to_bytes(image.hash(), learned))?;
        write_whole(&self.path.join("learned.safetensors"), &tensors)
    }

    /// Writes that the run has finished; it needs no checkpoint any more.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn conclude(&self, manifest: &Manifest) -> Result<(), RecordError> {
        self.manifest(manifest)?;
        remove(&self.path.join(CHECKPOINT))
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.settled || !self.fresh {
            return;
        }
        // The reason for giving up is reported already; a second error would hide it.
        for name in names(&self.path).iter().filter(|name| is_of_run(name)) {
            let _removed = fs::remove_file(self.path.join(name));
        }
        if self.made {
            let _removed = fs::remove_dir(&self.path);
        }
    }
}

/// Names of the entries of a folder; none if it cannot be read.
fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a run writes files of this name.
fn is_of_run(name: &str) -> bool {
    let name = name.strip_suffix(".part").unwrap_or(name);
    FILES.contains(&name) || is_of_probe(name) || is_table(name)
}

/// Whether it is a table of figures.
fn is_table(name: &str) -> bool {
    name.strip_prefix("table-").and_then(|rest| rest.strip_suffix(".csv")).is_some()
}

/// Whether it is a file of samples, or what is said of them.
fn is_of_probe(name: &str) -> bool {
    name.strip_prefix("probe-").is_some_and(|rest| [".npy", ".json"].iter().any(|end| rest.ends_with(end)))
}

/// Whether a run may write into a folder that is there: it is empty, or a run has.
fn is_free(path: &Path) -> bool {
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
fn has_records(path: &Path) -> bool {
    let is_sampled = |name: &str| name == "spikes.npy" || is_of_probe(name);
    let grown = |name: &String| name == METRICS || is_sampled(name) && loihi_files::npy::has_rows(&path.join(name));
    names(path).iter().any(grown)
}

fn remove(path: &Path) -> Result<(), RecordError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RecordError::File { path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

fn manifest_in(path: &Path) -> Result<Option<Manifest>, RecordError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(run: &mut RunFolder) {
        run.metrics(&[("pass", "1".to_owned()), ("rmse", "0.5".to_owned())]).unwrap();
    }

    #[test]
    fn a_folder_is_not_written_over_and_its_parent_must_exist() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        let mut run = RunFolder::create(&folder).unwrap();
        fill(&mut run);
        run.metrics(&[("pass", "2".to_owned()), ("rmse", "0.25".to_owned())]).unwrap();
        assert_eq!(fs::read_to_string(folder.join("metrics.csv")).unwrap(), "pass,rmse\n1,0.5\n2,0.25\n");
        assert!(matches!(RunFolder::create(&folder), Err(RecordError::Busy(_))));
        assert!(matches!(RunFolder::resume(&folder), Err(RecordError::Busy(_))));
        drop(run);
        assert!(!folder.exists(), "a run that was given up leaves nothing");
        assert!(matches!(RunFolder::create(&temporary.path().join("a/b")), Err(RecordError::NoParent(_))));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        for taken in [RunFolder::create(&folder).map(|_| ()), RunFolder::resume(&folder).map(|_| ())] {
            assert!(matches!(taken, Err(RecordError::Occupied(_))));
        }
        assert!(matches!(RunFolder::resume(&folder.join("notes")), Err(RecordError::NoFolder(_))));
    }

    #[test]
    fn what_is_given_up_is_what_this_run_has_made() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        fs::create_dir(&folder).unwrap();
        let mut run = RunFolder::create(&folder).unwrap();
        fill(&mut run);
        fs::write(folder.join("notes"), "mine").unwrap();
        drop(run);
        assert_eq!(names(&folder), ["notes"]);
    }

    #[test]
    fn a_table_has_a_cell_for_every_column_and_goes_with_its_run() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        let run = RunFolder::create(&folder).unwrap();
        run.table("accuracy_matrix", &[vec![0.5], vec![f64::NAN, 1.0]]).unwrap();
        let text = fs::read_to_string(folder.join("table-accuracy_matrix.csv")).unwrap();
        assert_eq!(text, "row,0,1\n0,0.5,\n1,,1\n");
        drop(run);
        assert!(!folder.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_one() {
        let temporary = tempfile::tempdir().unwrap();
        let [folder, link] = ["run", "link"].map(|name| temporary.path().join(name));
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let mut run = RunFolder::create(&link).unwrap();
        fill(&mut run);
        assert!(folder.join("metrics.csv").exists());
        drop(run);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&folder).len(), 0);
    }

    #[test]
    fn a_folder_says_how_its_run_goes_on() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        let left = |finished: bool| {
            // A run that was killed does not settle anything and is not dropped.
            let mut run = match RunFolder::resume(&folder).unwrap() {
                Resumed::Begins(run) => run,
                Resumed::BeginsAgain(run, manifest) => {
                    assert_eq!(manifest.is_some(), folder.join(MANIFEST).exists(), "nothing is removed unasked");
                    assert_eq!(run.has_records(), folder.join(METRICS).exists());
                    run.clear().unwrap();
                    run
                }
                other => panic!("{other:?}"),
            };
            run.settle();
            run.manifest(&Manifest { finished, ..Manifest::default() }).unwrap();
            run
        };
        drop(left(false));
        drop(RunFolder::create(&folder).unwrap());
        assert!(folder.exists(), "what was there before stays");
        fill(&mut left(false));
        assert!(matches!(RunFolder::create(&folder), Err(RecordError::Unfinished(_))), "it has recorded something");
        let run = left(false);
        assert!(!folder.join("metrics.csv").exists(), "it begins again");
        let position = super::super::checkpoint::RunPosition::default();
        run.checkpoint(&Checkpoint { image_hash: 7, position, files: Vec::new(), state: Vec::new() }).unwrap();
        drop(run);
        assert!(matches!(RunFolder::create(&folder), Err(RecordError::Unfinished(_))));
        let Resumed::GoesOn(run, checkpoint, _) = RunFolder::resume(&folder).unwrap() else { panic!("it begins") };
        assert_eq!(checkpoint.image_hash, 7);
        run.conclude(&Manifest { finished: true, ..Manifest::default() }).unwrap();
        drop(run);
        assert!(matches!(RunFolder::resume(&folder).unwrap(), Resumed::Finished(_)));
        assert!(matches!(RunFolder::create(&folder), Err(RecordError::Finished(_))));
    }

    #[test]
    fn lines_that_were_added_later_are_forgotten() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        let mut run = RunFolder::create(&folder).unwrap();
        fill(&mut run);
        let kept = run.keep().unwrap();
        fill(&mut run);
        run.log(&["later".to_owned()]).unwrap();
        run.go_on(&kept).unwrap();
        fill(&mut run);
        assert_eq!(fs::read_to_string(folder.join("metrics.csv")).unwrap(), "pass,rmse\n1,0.5\n1,0.5\n");
        assert!(!folder.join("log.txt").exists());
        let longer = [RecordedFile { file: METRICS.to_owned(), bytes: 1000 }];
        assert!(run.go_on(&longer).unwrap_err().to_string().contains("start the run again"));
    }
}
