//! One process at a time writes a table.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held by the process that writes a file, as long as this value lives: a file of the same name with `.lock` at its end.
///
/// The table itself cannot hold the lock, since it is replaced whenever it is written.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

/// Why a file cannot be written by this process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process does.
    #[error("another process is writing {}: wait for its end, or give another file (each shard has its own)", .0.display())]
    Busy(PathBuf),
    /// The folder cannot be written, for example.
    #[error("{} cannot be written: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Lock {
    /// The lock of a file, which need not be there.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn of(path: &Path) -> Result<Self, LockError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let own = PathBuf::from(name);
        let file = File::options().write(true).create(true).truncate(false).open(&own);
        let file = file.map_err(|error| LockError::File { path: path.to_owned(), error })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(LockError::Busy(path.to_owned())),
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path: own, _file: file }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays locks nothing.
        let _removed = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let first = Lock::of(&path).unwrap();
        let said = Lock::of(&path).unwrap_err().to_string();
        assert!(said.starts_with("another process is writing"), "{said}");
        drop(first);
        drop(Lock::of(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
