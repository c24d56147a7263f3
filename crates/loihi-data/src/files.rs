//! The files of samples: of a folder, of an archive, or one alone; read whole, and unpacked.

use super::error::DataError;
use flate2::read::{GzDecoder, MultiGzDecoder};
use loihi_files::whole;
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

/// A file; unpacked, if it is packed.
///
/// # Errors
/// It cannot be read, or is longer than is read of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let read = || -> io::Result<Vec<u8>> {
        let (file, limit) = whole::open(path, whole::DATA)?;
        let packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if packed { whole::all(MultiGzDecoder::new(file), limit) } else { whole::all(file, limit) }
    };
    read().map_err(DataError::read(path))
}

/// The wanted files of a `.tar`, `.tar.gz` or `.tgz`.
///
/// # Errors
/// It cannot be read, or unpacks to more than is read of a file.
pub(super) fn of_archive(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Files, DataError> {
    let (file, limit) = whole::open(path, whole::DATA).map_err(DataError::read(path))?;
    let packed = !name_of(path).to_ascii_lowercase().ends_with(".tar");
    let source: Box<dyn Read> = if packed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = tar::Archive::new(whole::Limited::new(source, limit));
    let (mut files, mut left) = (Vec::new(), limit.bytes);
    for entry in archive.entries().map_err(DataError::read(path))? {
        let entry = entry.map_err(DataError::read(path))?;
        let name = entry.path().map_err(DataError::read(path))?.into_owned();
        if is_wanted(&name) {
            // What an entry leaves out for being 0 is not in the archive: its length is checked, too.
            let bytes = whole::all(entry, limit).map_err(DataError::read(path))?;
            let rest = left.checked_sub(bytes.len() as u64);
            left = rest.ok_or_else(|| limit.exceeded()).map_err(DataError::read(path))?;
            files.push((path.join(name), bytes));
        }
    }
    Ok(files)
}
