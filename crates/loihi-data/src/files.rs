//! The files of samples: of a folder, of an archive, or one alone; read whole, and unpacked.

use super::collection::CollectionError;
use flate2::read::GzDecoder;
use loihi_files::whole;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files with their bytes; of an archive, below its path.
pub(super) type Files = Vec<(PathBuf, Vec<u8>)>;

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The extension that says what a file is, without that of its packing.
pub(super) fn extension(path: &Path) -> String {
    let name = name_of(path);
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

pub(super) fn read_error(path: &Path) -> impl Fn(io::Error) -> CollectionError + '_ {
    |error| CollectionError::Read { path: path.to_owned(), error }
}

/// A file; unpacked, if it is packed.
///
/// # Errors
/// It cannot be read, or is longer than is read of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CollectionError> {
    let read = || -> io::Result<Vec<u8>> {
        let (file, limit) = whole::open(path, whole::DATA)?;
        let packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if packed { whole::all(GzDecoder::new(file), limit) } else { whole::all(file, limit) }
    };
    read().map_err(read_error(path))
}

/// The wanted files of a folder, and of the folders in it.
///
/// # Errors
/// One cannot be read.
pub(super) fn of_folder(folder: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Files, CollectionError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(read_error(&folder))? {
            let path = entry.map_err(read_error(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_wanted(&path) {
                let bytes = read(&path)?;
                files.push((path, bytes));
            }
        }
    }
    Ok(files)
}

/// The wanted files of a `.tar`, `.tar.gz` or `.tgz`.
///
/// # Errors
/// It cannot be read, or unpacks to more than is read of a file.
pub(super) fn of_archive(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Files, CollectionError> {
    let (file, limit) = whole::open(path, whole::DATA).map_err(read_error(path))?;
    let packed = !name_of(path).to_ascii_lowercase().ends_with(".tar");
    let source: Box<dyn Read> = if packed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = tar::Archive::new(whole::Limited::new(source, limit));
    let (mut files, mut left) = (Vec::new(), limit.bytes);
    for entry in archive.entries().map_err(read_error(path))? {
        let entry = entry.map_err(read_error(path))?;
        let name = entry.path().map_err(read_error(path))?.into_owned();
        if is_wanted(&name) {
            // What an entry leaves out for being 0 is not in the archive: its length is checked, too.
            let bytes = whole::all(entry, limit).map_err(read_error(path))?;
            let rest = left.checked_sub(bytes.len() as u64);
            left = rest.ok_or_else(|| limit.exceeded()).map_err(read_error(path))?;
            files.push((path.join(name), bytes));
        }
    }
    Ok(files)
}
