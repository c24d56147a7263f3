//! The table of data sets that have names: built in, drawn from a seed, or fetched.

use super::error::DataError;
use super::folder::data_folder;
use super::options::DataOptions;
use super::package::{PACKAGES, Package};
use super::sample::Sample;
use super::{digits, poisson};
use std::path::{Path, PathBuf};

/// A data set with a name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DataSet {
    /// Its name, which is given like a path.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The largest value of its samples; it stands for 255.
    pub full_scale: u8,
    /// Its classes; every label is less.
    pub classes: u32,
    /// Where its samples come from.
    pub origin: Origin,
}

/// Where the samples of a data set come from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Origin {
    /// This crate: a seed and the split give samples.
    BuiltIn(fn(u32, &str) -> Vec<Sample>),
    /// The folder into which its package is fetched.
    Fetched(&'static Package),
}

/// All data sets with names.
pub static DATA_SETS: [DataSet; 5] = [
    DataSet {
        name: digits::NAME,
        about: "handwritten digits, 8 × 8: 1,437 training samples, 360 test samples",
        full_scale: digits::FULL_SCALE,
        classes: digits::CLASSES,
        origin: Origin::BuiltIn(|_, split| digits::samples(split)),
    },
    DataSet {
        name: poisson::NAME,
        about: "ten patterns of 100 spike rates that follow from the seed: 700 training samples, 300 test samples",
        full_scale: poisson::FULL_SCALE,
        classes: poisson::CLASSES,
        origin: Origin::BuiltIn(poisson::samples),
    },
    DataSet::fetched(&PACKAGES[0]),
    DataSet::fetched(&PACKAGES[1]),
    DataSet::fetched(&PACKAGES[2]),
];

impl DataSet {
    const fn fetched(package: &'static Package) -> Self {
        let Package { name, summary, classes, .. } = *package;
        Self { name, about: summary, full_scale: u8::MAX, classes, origin: Origin::Fetched(package) }
    }

    /// The data set of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        DATA_SETS.iter().find(|set| set.name == name)
    }

    /// The folder that has the files of a package: the one of its name in the folder of data sets, or that itself.
    pub(crate) fn folder(package: &Package, options: &DataOptions) -> Result<PathBuf, DataError> {
        let folder = data_folder(options.folder.as_deref())?;
        let is_there = |folder: &PathBuf| package.files.iter().all(|name| has(folder, name));
        if let Some(own) = [folder.join(package.name), folder.clone()].into_iter().find(is_there) {
            return Ok(own);
        }
        let get = match &options.folder {
            Some(given) => format!("loihi data get {} --data {}", package.name, given.display()),
            None => format!("loihi data get {}", package.name),
        };
        Err(DataError::NotFetched { name: package.name, folder, get })
    }
}

/// Whether a folder has a file, packed or not.
fn has(folder: &Path, name: &str) -> bool {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    folder.join(plain).is_file() || folder.join(format!("{plain}.gz")).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_a_data_set() {
        for package in &PACKAGES {
            let set = DataSet::of(package.name).unwrap();
            assert!(matches!(set.origin, Origin::Fetched(own) if own == package), "{set:?}");
        }
        assert!(DataSet::of("mnits").is_none());
    }
}
