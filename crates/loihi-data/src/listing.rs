//! The files of a folder or of an archive, and layouts: files that belong together.

use super::error::DataError;
use super::files::{self, name_of};
use super::sample::Sample;
use std::fs;
use std::path::{Path, PathBuf};

/// A layout of files that belong together, in a folder or an archive. Like a format it is a constant in the file of its
/// reader, and a row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The splits that are there; `None` if the files are of another layout.
    pub(crate) splits: fn(&Listing) -> Option<Vec<String>>,
    /// Reads at least the first `most` samples of a split; nothing if it is not there.
    pub(crate) read: fn(&Listing, &str, usize) -> Result<Vec<Sample>, DataError>,
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Layout")
    }
}

/// The files of a folder and of the folders in it, or of an archive; ascending by path.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// The folder, or the archive.
    pub(crate) root: PathBuf,
    /// Paths below it; of an archive with their bytes.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Listing {
    /// Lists a folder.
    pub(crate) fn of_folder(root: &Path) -> Result<Self, DataError> {
        let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(DataError::read(&folder))? {
                let path = entry.map_err(DataError::read(&folder))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path, None));
                }
            }
        }
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }

    /// Reads the wanted files of an archive.
    pub(crate) fn of_archive(root: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Self, DataError> {
        let files = files::of_archive(root, is_wanted)?;
        let mut files: Vec<_> = files.into_iter().map(|(path, bytes)| (path, Some(bytes))).collect();
        files.sort();
        Ok(Self { root: root.to_owned(), files })
    }

    /// All paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    /// The paths of files that lie in no folder of the folder.
    pub(crate) fn at_top(&self) -> impl Iterator<Item = &Path> {
        self.paths().filter(|path| path.parent() == Some(&self.root))
    }

    /// The bytes of one of its files, unpacked.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        let kept = self.files.iter().find(|(own, _)| own == path).and_then(|(_, bytes)| bytes.clone());
        kept.map_or_else(|| files::read(path), Ok)
    }

    /// The files below one of its folders; archives may have a folder around all that they hold.
    pub(crate) fn below(&self, folder: &str) -> Self {
        let around = self.around();
        let root = around.join(folder);
        let files = self.files.iter().filter(|(path, _)| path.starts_with(&root)).cloned().collect();
        Self { root, files }
    }

    /// The folder that holds everything: the folder itself, or the only one in it.
    fn around(&self) -> PathBuf {
        let below = |path: &Path| path.strip_prefix(&self.root).ok()?.iter().next().map(PathBuf::from);
        let mut first = self.paths().filter_map(below);
        let only = first.next().filter(|only| first.all(|other| other == *only));
        only.map(|only| self.root.join(only))
            .filter(|only| !self.paths().any(|path| path == only))
            .unwrap_or_else(|| self.root.clone())
    }
}

/// Splits that are folders of their own: `train` and `test`.
pub(crate) const FOLDERS: [&str; 2] = ["test", "train"];

/// Whether a listing has a folder of each split.
pub(crate) fn has_split_folders(listing: &Listing) -> bool {
    FOLDERS.iter().all(|split| listing.below(split).paths().any(|path| !name_of(path).starts_with('.')))
}
