//! An open run folder: created, resumed, or removed again. `written` has the files that go into it.

use super::checkpoint::Checkpoint;
use super::contents::{CHECKPOINT, LOG, METRICS, README, has_records, is_free, is_of_run, manifest_in, names, remove};
use super::lines::Lines;
use super::{Manifest, RecordError, readme};
use loihi_device::recorder::RecordedFile;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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
    pub(super) metrics: Lines,
    pub(super) log: Lines,
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

#[cfg(test)]
mod tests {
    use super::super::contents::MANIFEST;
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
