//! Files of a run folder that grow line by line.

use super::RecordError;
use loihi_device::recorder::RecordedFile;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that grows by lines; it is there from the first one on.
#[derive(Debug)]
pub(super) struct Lines {
    name: &'static str,
    path: PathBuf,
    file: Option<File>,
}

impl Lines {
    /// No line yet.
    pub(super) fn new(folder: &Path, name: &'static str) -> Self {
        Self { name, path: folder.join(name), file: None }
    }

    /// Goes on where it was when it was `kept`, and forgets the lines that were added later.
    pub(super) fn go_on(&mut self, kept: &[RecordedFile]) -> Result<(), RecordError> {
        let Some(kept) = kept.iter().find(|kept| kept.file == self.name) else {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error(error)),
                _ => Ok(()),
            };
        };
        let file = File::options().append(true).open(&self.path).map_err(|error| self.error(error))?;
        let there = file.metadata().map_err(|error| self.error(error))?.len();
        if there < kept.bytes {
            let why = "it is shorter than it was when the checkpoint was written: start the run again";
            return Err(self.error(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        file.set_len(kept.bytes).map_err(|error| self.error(error))?;
        self.file = Some(file);
        Ok(())
    }

    /// Adds a line; `head` comes before the first one.
    pub(super) fn add(&mut self, head: Option<&str>, line: &str) -> Result<(), RecordError> {
        let added = match &mut self.file {
            // A line and its end are written at once, so that a kill separates neither.
            Some(file) => file.write_all(format!("{line}\n").as_bytes()),
            None => File::create(&self.path).and_then(|mut file| {
                let head = head.map_or_else(String::new, |head| format!("{head}\n"));
                file.write_all(format!("{head}{line}\n").as_bytes())?;
                self.file = Some(file);
                Ok(())
            }),
        };
        added.map_err(|error| self.error(error))
    }

    /// Puts all lines on the disk; says how long the file is then, if there is one.
    pub(super) fn keep(&self) -> Result<Option<RecordedFile>, RecordError> {
        let Some(file) = &self.file else { return Ok(None) };
        let bytes = file.sync_data().and_then(|()| file.metadata());
        let bytes = bytes.map_err(|error| self.error(error))?.len();
        Ok(Some(RecordedFile { file: self.name.to_owned(), bytes }))
    }

    fn error(&self, error: io::Error) -> RecordError {
        RecordError::File { path: self.path.clone(), error }
    }
}
